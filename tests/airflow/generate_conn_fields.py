"""Writes airconn/airflow/conn_fields.json anew from what published providers say of their connections.

    pip download --no-deps --only-binary :all: -d WHEELS apache-airflow-providers-amazon ...
    python tests/airflow/generate_conn_fields.py WHEELS/*.whl

The `get_provider_info.py` of each wheel is read and not run: `connection-types` with `ui-field-behaviour` and
`conn-fields`, which providers have since 2026. Types of wheels that aren't given keep their entries.
"""

from __future__ import annotations

import argparse
import ast
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DATA = Path(__file__).parents[2] / "airconn/airflow/conn_fields.json"
_SECRET = "password"
_LONGEST = 60


def info_of(source: str) -> dict[str, Any]:
    """The dictionary that a `get_provider_info.py` returns."""
    returns = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Return)]
    found = ast.literal_eval(returns[0].value) if returns and returns[0].value else {}
    assert isinstance(found, dict)
    return found


def types_of(info: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The types of connections of a provider, each with its entry."""
    for told in info.get("connection-types", ()):
        looks = told.get("ui-field-behaviour") or {}
        entry = {
            "name": told.get("hook-name", ""),
            "package": info["package-name"],
            "hidden": sorted(looks.get("hidden-fields") or ()),
            "labels": looks.get("relabeling") or {},
            "placeholders": {
                name: shown
                for name, text in (looks.get("placeholders") or {}).items()
                if "__" not in name and (shown := _short(text))
            },
            "extra": {name: _extra(one) for name, one in (told.get("conn-fields") or {}).items()},
        }
        yield told["connection-type"], {name: value for name, value in entry.items() if value}


def _extra(told: dict[str, Any]) -> dict[str, Any]:
    schema = told.get("schema", {})
    types = schema.get("type", "string")
    types = [types] if isinstance(types, str) else types
    found: dict[str, Any] = {"label": told.get("label", ""), "type": next(one for one in types if one != "null")}
    if schema.get("format") == _SECRET:
        found["secret"] = True
    if schema.get("default") not in (None, ""):
        found["default"] = schema["default"]
    if "enum" in schema:
        found["choices"] = [one for one in schema["enum"] if one is not None]
    return found


def _short(text: Any) -> str:
    """A placeholder in one line. Empty for one that is too long to help."""
    line = " ".join(str(text).split())
    return line if len(line) <= _LONGEST else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", nargs="+", type=Path)
    known: dict[str, Any] = json.loads(DATA.read_text()) if DATA.exists() else {}
    for path in parser.parse_args().wheels:
        with zipfile.ZipFile(path) as wheel:
            for name in wheel.namelist():
                if name.endswith("/get_provider_info.py"):
                    known.update(types_of(info_of(wheel.read(name).decode())))
    DATA.write_text(json.dumps(dict(sorted(known.items())), indent=1, ensure_ascii=False) + "\n")
    print(len(known), "types")


if __name__ == "__main__":
    main()
