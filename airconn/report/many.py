"""What several targets hold, and what their tests say, as text and as JSON with a section a target. No values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from airconn.errors import AirconnError
from airconn.quoting import clean, to_json, without_passwords
from airconn.report.connection_tests import lines, test_entries
from airconn.report.results import SCHEMA_VERSION, Style, list_entries

if TYPE_CHECKING:
    from airconn.transfer.many.listing import ListedTargets
    from airconn.transfer.many.members import Failure
    from airconn.transfer.many.testing import TestedTargets


def heading(label: str, place: str) -> str:
    """`@eu: airflow 3.3.2 at http://localhost:8080`, or the place alone where that has the name in it."""
    return clean(place if label in place else f"{label}: {place}")


def list_json(found: ListedTargets) -> str:
    """The ids and types of the objects of each target; no values."""
    sections = [
        {
            "name": one.member.label,
            "exit_code": int(one.listed.exit_code),
            "source": one.listed.place,
            "objects": list_entries(one.listed.bundle),
        }
        for one in found.targets
    ]
    return _document(sections, found.failures, found.skipped)


def test_lines(found: TestedTargets, style: Style) -> Iterator[str]:
    """A line for each connection of each target, below the name of the target."""
    for one in found.targets:
        yield heading(one.member.label, one.tests.airflow)
        yield from lines(one.tests, style)


def tests_json(found: TestedTargets) -> str:
    """The results of each target."""
    sections = [
        {
            "name": one.member.label,
            "exit_code": int(one.tests.exit_code),
            "airflow": one.tests.airflow,
            "connections": test_entries(one.tests),
        }
        for one in found.targets
    ]
    return _document(sections, found.failures, found.skipped)


def error_entries(error: AirconnError) -> dict[str, str | None]:
    """What a section says of the error of its target."""
    return {
        "error": without_passwords(str(error)),
        "hint": without_passwords(error.hint) if error.hint else None,
    }


def failed_sections(failures: Sequence[Failure], skipped: Sequence[str]) -> list[dict[str, Any]]:
    """The sections of targets that could not be read."""
    failed = [
        {"name": one.label, "exit_code": int(one.error.exit_code), **error_entries(one.error)} for one in failures
    ]
    return [*failed, *({"name": label, "held_back": "not begun, because of --fail-fast"} for label in skipped)]


def _document(sections: list[dict[str, Any]], failures: Sequence[Failure], skipped: Sequence[str]) -> str:
    targets = [*sections, *failed_sections(failures, skipped)]
    return to_json({"schema_version": SCHEMA_VERSION, "targets": targets})
