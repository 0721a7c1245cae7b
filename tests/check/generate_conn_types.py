"""Writes airconn/check/conn_types.py anew from what Airflow publishes about its providers. Nothing is downloaded.

    python tests/check/generate_conn_types.py [--page connections.html] [SITE_PACKAGES...]

`--page` is a saved https://airflow.apache.org/docs/apache-airflow-providers/core-extensions/connections.html, which
Airflow makes from the `provider.yaml` of all its providers. SITE_PACKAGES are directories with an installed
Airflow or installed providers, such as those of `pip install 'apache-airflow[all]'`; their `get_provider_info.py` and
`airflow/providers_manager.py` are read and not run. What the list has stays in it: people keep connections of
providers that were given up.
"""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

MODULE = Path(__file__).parents[2] / "airconn/check/conn_types.py"
_LIST = re.compile(r'(?<=    """\n).*?(?=    """\.split\(\))', re.DOTALL)


def of_page(html: str) -> set[str]:
    """The types of the summary: each stands in a <cite> before the link to its hook."""
    return set(re.findall(r"<li><p><cite>([^<\s]+)</cite>:", html))


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
    parser.add_argument("--page", type=Path)
    parser.add_argument("site_packages", nargs="*", type=Path)
    given = parser.parse_args()
    types = of_page(given.page.read_text()) if given.page else set()
    for directory in given.site_packages:
        types |= of_site_packages(directory)
    old = MODULE.read_text()
    MODULE.write_text(rewritten(old, types))
    print("new:", *sorted(types - set(_LIST.findall(old)[0].split())))


if __name__ == "__main__":
    main()
