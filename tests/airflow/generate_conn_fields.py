"""Writes airconn/airflow/conn_fields_table.py anew from what published providers say of their connections.

    pip download --no-deps --only-binary :all: -d WHEELS apache-airflow-providers-amazon ...
    python tests/airflow/generate_conn_fields.py WHEELS/*.whl

The `get_provider_info.py` of each wheel is read and not run: `connection-types` with `ui-field-behaviour` and
`conn-fields`, which providers have since 2026. Types of wheels that aren't given keep their entries. The notation of
an entry is in airconn/airflow/conn_fields.py.
"""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

MODULE = Path(__file__).parents[2] / "airconn/airflow/conn_fields_table.py"
_TABLE = re.compile(r'(?<=^TABLE = r"""\n).*?(?=^""")', re.DOTALL | re.MULTILINE)
_STANDARD = frozenset({"description", "host", "schema", "login", "password", "port", "extra"})
_KEY = re.compile(r"[^\s|:!=]+")
_LONGEST = 60


def info_of(source: str) -> dict[str, Any]:
    """The dictionary that a `get_provider_info.py` returns."""
    returns = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Return)]
    found = ast.literal_eval(returns[0].value) if returns and returns[0].value else {}
    assert isinstance(found, dict)
    return found


def entries_of(info: Mapping[str, Any]) -> Iterator[str]:
    """The entry of each type of connection of a provider."""
    for told in info.get("connection-types", ()):
        looks = told.get("ui-field-behaviour") or {}
        parts = [told["connection-type"], _line(told.get("hook-name", "")), info["package-name"]]
        if hidden := sorted(_STANDARD & set(looks.get("hidden-fields") or ())):
            parts.append(f"-{' '.join(hidden)}")
        parts += _texts("@", looks.get("relabeling") or {})
        parts += _texts("~", looks.get("placeholders") or {})
        parts += [_extra(key, one) for key, one in (told.get("conn-fields") or {}).items() if _KEY.fullmatch(key)]
        yield "|".join(parts)


def _texts(mark: str, told: Mapping[str, Any]) -> list[str]:
    """The texts about standard fields. One that is too long doesn't help in a comment."""
    lines = {name: _line(text) for name, text in told.items() if name in _STANDARD}
    return [f"{mark}{name} {line}" for name, line in lines.items() if line and len(line) <= _LONGEST]


def _extra(key: str, told: Mapping[str, Any]) -> str:
    schema = told.get("schema", {})
    types = schema.get("type", "string")
    type_ = next(one for one in ([types] if isinstance(types, str) else types) if one != "null")
    flags = "!" if schema.get("format") == "password" else "" if type_ == "string" else f":{type_}"
    default = schema.get("default")
    if default not in (None, "") and _KEY.fullmatch(str(default)):
        flags += f"={str(default).lower() if isinstance(default, bool) else default}"
    label = _line(told.get("label", ""))
    if choices := [str(one) for one in schema.get("enum", ()) if one is not None]:
        label = f"{label} ({' or '.join(choices)})"
    return f"+{key}{flags} {label}"


def _line(text: object) -> str:
    return " ".join(str(text).replace("|", "/").split())


def rewritten(module: str, entries: Mapping[str, str]) -> str:
    """The module with these entries, by their types, in the place of older ones."""
    match = _TABLE.search(module)
    assert match, "conn_fields_table.py isn't as this script left it"
    known = {entry.partition("|")[0]: entry for entry in re.split(r"\n(?! )", match[0].strip("\n")) if entry}
    lines = []
    for _, entry in sorted({**known, **entries}.items()):
        text = " ".join(entry.split())
        lines += textwrap.wrap(text, 117, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)
    return module[: match.start()] + "\n".join(lines) + "\n" + module[match.end() :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", nargs="+", type=Path)
    entries: dict[str, str] = {}
    for path in parser.parse_args().wheels:
        with zipfile.ZipFile(path) as wheel:
            for name in wheel.namelist():
                if name.endswith("/get_provider_info.py"):
                    found = entries_of(info_of(wheel.read(name).decode()))
                    entries |= {entry.partition("|")[0]: entry for entry in found}
    MODULE.write_text(rewritten(MODULE.read_text(), entries))
    print(len(entries), "types")


if __name__ == "__main__":
    main()
