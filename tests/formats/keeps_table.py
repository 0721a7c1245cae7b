"""The table of the guide that says which format keeps what, found out by writing and reading.

python -m tests.formats.keeps_table
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airconn.errors import InputError
from airconn.formats import get_format, writable_names
from airconn.formats.base import ReadOptions
from airconn.model import REDACTED, AirflowObject, Bundle, Connection, Pool, Text, Variable
from tests.formats.options import writing

COLUMNS: list[tuple[str, str, dict[str, Any]]] = [
    ("`env`", "env", {}),
    ("`env`, URIs", "env", {"connection_format": "uri"}),
    ("`uri`", "uri", {}),
    ("`json`", "json", {}),
    ("`yaml`", "yaml", {}),
    ("`settings`", "settings", {}),
    ("`k8s`", "k8s", {}),
    ("`k8s`, one Secret", "k8s", {"k8s_layout": "env"}),
]
A_CONNECTION = Connection(
    conn_id="db", conn_type="postgres", host="h.example", schema="s", login="l", password="p w", port=5432
)
A_VARIABLE = Variable(key="region", value=Text.of("x"))
A_POOL = Pool(name="etl", slots=3)
EVERY_TEXT = ' it\'s "$5" \\ #1\n漢\t'


def connection(**fields: Any) -> Connection:
    return replace(A_CONNECTION, **fields)


ROWS: list[tuple[str, list[AirflowObject]]] = [
    ("host, schema, login, password, port", [A_CONNECTION, connection(password=EVERY_TEXT, login=EVERY_TEXT)]),
    ("extra, nested", [connection(extra=Text.of('{"a": {"b": [1.5, true]}, "c": "x"}'))]),
    ("extra, to the last blank and digit", [connection(extra=Text.of('{"a":  1.50}'))]),
    ("an empty host or login, and none at all", [connection(host="", login=None), connection(host=None, login="")]),
    ("a host in capitals", [connection(host="DB.Example")]),
    ("description of a connection", [connection(description=EVERY_TEXT)]),
    ("any conn_id, such as `My-Db.1`", [connection(conn_id="My-Db.1")]),
    ("an id with blanks or letters beyond a to z", [connection(conn_id="größe 1")]),
    ("any conn_type, such as `My type`", [connection(conn_type="My type")]),
    ("what is hidden, as `***`", [connection(password=REDACTED, extra=Text.of('{"token": "***"}'))]),
    (
        "variables, with blanks, quotes, line breaks and all",
        [replace(A_VARIABLE, value=Text.of(EVERY_TEXT + "1.50\r\n"))],
    ),
    ("a variable with quotes next to a backtick or `$(`", [replace(A_VARIABLE, value=Text.of("it's `x`"))]),
    ("description of a variable", [replace(A_VARIABLE, description="d")]),
    ("pools, with description", [replace(A_POOL, description="d")]),
    ("whether a pool counts deferred tasks", [A_POOL, replace(A_POOL, include_deferred=True)]),
    ("`team_name`", [connection(team_name="t"), replace(A_VARIABLE, team_name="t"), replace(A_POOL, team_name="t")]),
]


def is_kept(obj: AirflowObject, name: str, options: dict[str, Any]) -> bool:
    """Whether an object comes back as it was. That it doesn't has to be told."""
    try:
        rendered = get_format(name).render(Bundle.of([obj]), writing(**options))
        again = get_format(name).parse(rendered.text, "file", ReadOptions()).bundle.get(obj.kind, obj.id)
    except InputError:
        return False
    assert (again == obj) != bool(rendered.losses), (name, obj)
    return again == obj


def cell(objects: list[AirflowObject], name: str, options: dict[str, Any]) -> str:
    kept = [is_kept(obj, name, options) for obj in objects]
    return "yes" if all(kept) else "in part" if any(kept) else "no"


def table() -> str:
    """The table in Markdown."""
    assert {name for _, name, _ in COLUMNS} == set(writable_names())
    lines = [
        "| | " + " | ".join(heading for heading, _, _ in COLUMNS) + " |",
        "| --- |" + " --- |" * len(COLUMNS),
        *(
            f"| {what} | " + " | ".join(cell(objects, name, options) for _, name, options in COLUMNS) + " |"
            for what, objects in ROWS
        ),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(table(), end="")
