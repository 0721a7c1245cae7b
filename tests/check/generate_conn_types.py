"""Writes airconn/airflow/conn_types.py anew from what published providers say of themselves. Nothing is downloaded.

    pip download --no-deps --only-binary :all: -d WHEELS apache-airflow-providers-amazon ...
    python tests/check/generate_conn_types.py [SITE_PACKAGES...] [WHEELS/*.whl...]

The providers are the extras of `apache-airflow`. Their `get_provider_info.py`, in the wheels or in directories
with installed packages, is read and not run, and so is the `airflow/providers_manager.py` of an installed Airflow.
What the list has stays in it: people keep connections of providers that were given up.
"""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
import zipfile
from collections.abc import Iterator
from pathlib import Path

MODULE = Path(__file__).parents[2] / "airconn/airflow/conn_types.py"
_LIST = re.compile(r'(?<=    """\n).*?(?=    """\.split\(\))', re.DOTALL)


def of_provider_info(source: str) -> Iterator[str]:
    """The types in the source of a `get_provider_info.py`."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if (
                    isinstance(key, ast.Constant)
                    and key.value == "connection-type"
                    and isinstance(value, ast.Constant)
                ):
                    yield str(value.value)


def of_providers_manager(source: str) -> Iterator[str]:
    """The types that Airflow itself has built in (`ProvidersManager._init_airflow_core_hooks`)."""
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    own = [function for function in functions if function.name == "_init_airflow_core_hooks"]
    for node in (node for function in own for node in ast.walk(function)):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            yield from (str(key.value) for key in node.value.keys if isinstance(key, ast.Constant))
        if isinstance(node, ast.For) and isinstance(node.iter, ast.Tuple):
            for pair in node.iter.elts:
                if isinstance(pair, ast.Tuple) and isinstance(pair.elts[0], ast.Constant):
                    yield str(pair.elts[0].value)


def of_site_packages(directory: Path) -> set[str]:
    types: set[str] = set()
    for path in directory.glob("airflow/providers/**/get_provider_info.py"):
        types.update(of_provider_info(path.read_text()))
    manager = directory / "airflow/providers_manager.py"
    if manager.exists():
        types.update(of_providers_manager(manager.read_text()))
    return types


def of_wheel(path: Path) -> set[str]:
    with zipfile.ZipFile(path) as wheel:
        infos = [name for name in wheel.namelist() if name.endswith("/get_provider_info.py")]
        return {found for name in infos for found in of_provider_info(wheel.read(name).decode())}


def rewritten(module: str, types: set[str]) -> str:
    """The module with `types` added to its list."""
    match = _LIST.search(module)
    assert match, "conn_types.py isn't as this script left it"
    names = sorted({*match[0].split(), *types})
    lines = textwrap.wrap(
        " ".join(names), 110, break_on_hyphens=False, initial_indent="    ", subsequent_indent="    "
    )
    return module[: match.start()] + "\n".join(lines) + "\n" + module[match.end() :]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", type=Path)
    types: set[str] = set()
    for path in parser.parse_args().paths:
        types |= of_wheel(path) if path.suffix == ".whl" else of_site_packages(path)
    old = MODULE.read_text()
    MODULE.write_text(rewritten(old, types))
    print("new:", *sorted(types - set(_LIST.findall(old)[0].split())))


if __name__ == "__main__":
    main()
