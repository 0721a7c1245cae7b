"""The tables of the guide that are made from the code.

`python -m tests.guide_tables` prints them. With `--write`, each takes the place of the one with the same head on its
page.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Iterator

from airconn import formats, symbols
from airconn.check import ALL
from tests.formats import keeps_table
from tests.help_pages import HELP
from tests.stores import stores_table

FORMATS = {
    "env": "`AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` in a [.env file](dotenv.md)",
    "uri": "one `conn_id=URI` a line, as `airflow connections export --file-format env` writes",
    "json": "what `airflow connections`, `variables` or `pools export` writes, or all kinds in one file",
    "yaml": "the same in YAML",
    "settings": "`airflow_settings.yaml` of the Astro CLI",
    "environment": "`AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` in files of Docker Compose, Kubernetes, Helm and others",
    "k8s": "Kubernetes Secrets, for Airflow's Kubernetes backend or for `envFrom`",
    "output": "what `airflow connections list -o json` and other commands print",
}
"""The formats, in the order of the page, and what each of them is."""


def formats_table() -> str:
    return _table(
        ("format", "what it is", "detected by"),
        ((f"`{name}`", f"{words}{_only_read(name)}", _detected(name)) for name, words in FORMATS.items()),
    )


def _only_read(name: str) -> str:
    return "" if name in formats.writable_names() else " (only read)"


def _detected(name: str) -> str:
    return ", ".join(f"`{pattern}`" for pattern in formats.FORMATS[name].patterns) or "its content"


def options_table() -> str:
    return _table(("option", "format", "what it does"), _options())


def _options() -> Iterator[tuple[str, str, str]]:
    for option in formats.options():
        owners = ", ".join(f"`{name}`" for name in formats.names() if option in formats.FORMATS[name].options)
        written = bool(option.help or option.said)
        text = option.help or option.help_of_sources
        yield f"`{option.flag if written else option.flag_of_sources}`", owners, text.rstrip(".")


def rules_table() -> str:
    return _table(
        ("code", "severity", "what it finds"),
        ((rule.code, rule.severity.value, _as_markdown(rule.what) + " ¹" * rule.is_fixable) for rule in ALL),
    )


def _as_markdown(text: str) -> str:
    return re.sub(r"__extra__|\*\*\*", lambda match: f"`{match[0]}`", text)


def symbols_of_plans() -> str:
    return _table(
        ("symbol", "in front of an object in a plan"), ((f"`{mark}`", text) for mark, text in symbols.plan_legend())
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


TABLES: list[tuple[str, Callable[[], str]]] = [
    ("formats.md", formats_table),
    ("formats.md", options_table),
    ("formats.md", keeps_table.table),
    ("check.md", rules_table),
    ("plans.md", symbols_of_plans),
    ("addresses.md", stores_table.places),
    ("addresses.md", stores_table.abilities),
    ("addresses.md", stores_table.limits),
]
"""The pages, and what makes a table of each."""


def _write(page: str, table: str) -> None:
    text = (HELP / page).read_text()
    head = re.escape(table.partition("\n")[0])
    found = re.search(rf"^{head}\n(?:\|.*\n)+", text, re.MULTILINE)
    assert found, f"{page}: no table begins with {table.splitlines()[0]}"
    (HELP / page).write_text(text[: found.start()] + table + text[found.end() :])


if __name__ == "__main__":
    for name, made in TABLES:
        if "--write" in sys.argv[1:]:
            _write(name, made())
        else:
            print(made())
