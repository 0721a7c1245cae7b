"""The results of `airconn test`, for people and for scripts. They hold nothing of what was sent."""

from __future__ import annotations

from collections.abc import Iterator

from airconn.quoting import clean, to_json
from airconn.report.results import SCHEMA_VERSION, Style
from airconn.stores.connection_tests import Verdict
from airconn.transfer.testing import ConnectionTests, TestedConnection

_COLOURS = {Verdict.WORKS: "green", Verdict.FAILS: "red"}


def lines(tests: ConnectionTests, style: Style) -> Iterator[str]:
    """A line for each connection: its id and type, and what came of its test."""
    width = max((len(clean(each.conn_id)) for each in tests.tested), default=0)
    types = max((len(clean(each.conn_type)) for each in tests.tested), default=0)
    for each in tests.tested:
        name = f"connections/{clean(each.conn_id)}".ljust(width + len("connections/"))
        verdict = style(each.test.verdict.value, _COLOURS.get(each.test.verdict, "yellow"))
        said = f": {clean(each.test.message)}" if each.test.message else ""
        yield f"  {name}  {clean(each.conn_type).ljust(types)}  {verdict}{said}"


def hints(tests: ConnectionTests) -> list[str]:
    """What to do about the results, each once."""
    return list(dict.fromkeys(clean(each.test.hint) for each in tests.tested if each.test.hint))


def tests_json(tests: ConnectionTests) -> str:
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "airflow": tests.airflow,
            "connections": test_entries(tests),
        }
    )


def test_entries(tests: ConnectionTests) -> list[dict[str, str | None]]:
    """The results, an entry for each connection."""
    return [_entry(each) for each in tests.tested]


def _entry(tested: TestedConnection) -> dict[str, str | None]:
    return {
        "id": tested.conn_id,
        "conn_type": tested.conn_type,
        "result": tested.test.verdict.name.lower(),
        "message": tested.test.message or None,
        "hint": tested.test.hint or None,
    }
