"""What came of a run, and what a place holds: lines, counts and the JSON form of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from airconn import quoting, symbols
from airconn.model import (
    WRITES,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Outcome,
    Pool,
    Step,
    Text,
    hidden_fields,
    is_hidden_whole,
)
from airconn.model.change import FieldAction, FieldChange
from airconn.quoting import clean, to_json
from airconn.report.rows import RowLayout

if TYPE_CHECKING:
    from airconn.plan import Plan
    from airconn.transfer.events import ImportResult

SCHEMA_VERSION = 1
"""Of the JSON reports. It changes when a key goes or changes its meaning, not when one is added."""

SYMBOLS = {
    Action.CREATE: symbols.CREATE,
    Action.UPDATE: symbols.UPDATE,
    Action.REPLACE: symbols.REPLACE,
    Action.DELETE: symbols.DELETE,
    Action.UNCHANGED: symbols.EQUAL,
    Action.SKIPPED: symbols.SKIPPED,
    Action.BLOCKED: symbols.BLOCKED,
}
DONE = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.DELETE: "deleted",
    Action.UNCHANGED: "unchanged",
    Action.SKIPPED: "skipped",
    Action.BLOCKED: "blocked",
}
_OF_HIDDEN = {
    FieldAction.WRITTEN_AGAIN: "written again",
    FieldAction.KEPT: "kept",
    FieldAction.ASSUMED: "treated as unchanged",
}
_TO_THE_TENTH = 10
"""The seconds below which tenths are told."""
_ALWAYS_COUNTED = ("created", "updated", "unchanged")
_SHOWN_NAMES = 8

Style = Callable[[str, str | None], str]
"""Colours a text, or doesn't."""


class Lines:
    """The lines of a plan or its result, in columns."""

    def __init__(self, steps: Sequence[Step], style: Style, columns: int | None = None) -> None:
        """`columns` is the width of the terminal, if there is one."""
        self._style = style
        self._layout = RowLayout(map(_cells, steps), columns)

    def line(self, step: Step, error: str | None = None) -> str:
        """`  ~ connections/billing_api   http   .env:7   host, password (hidden by the target: written again)`."""
        symbol = symbols.FAILED if error else SYMBOLS[step.action]
        lead = f"  {self._style(symbol.mark, symbol.colour)}"
        return self._layout.row(lead, _cells(step), clean(error or remark(step)))


def remark(step: Step) -> str:
    """What stands behind a step: why it is blocked or skipped, else the fields that change."""
    return "; ".join(step.reasons) or _changes(step)


def _cells(step: Step) -> tuple[str, str, str]:
    return _name(step), _type(step.source or step.target), _origin(step)


def _name(step: Step) -> str:
    return clean(f"{step.kind.value}/{step.id}")


def _type(obj: AirflowObject | None) -> str:
    return clean(obj.conn_type) if isinstance(obj, Connection) else ""


def _origin(step: Step) -> str:
    return clean(str(step.source.origin)) if step.source else ""


def _changes(step: Step) -> str:
    if step.changes and (is_hidden_whole(step.source) or is_hidden_whole(step.target)):
        return f"all of it ({_HOW[step.changes[0].how]})"
    return ", ".join(_change(change) for change in step.changes)


def _change(change: FieldChange) -> str:
    names = ", ".join(change.names)
    return names if change.how is FieldAction.CHANGED else f"{names} ({_HOW[change.how]})"


_HOW = {
    FieldAction.CLEARED: "cleared",
    FieldAction.WRITTEN_AGAIN: "hidden by the target: written again",
    FieldAction.KEPT: "hidden by the target: kept",
    FieldAction.ASSUMED: "hidden by the target: treated as unchanged",
}


def summary(
    plan: Plan,
    outcomes: Iterable[Outcome] | None,
    target: str,
    *,
    wrong: int = 0,
    is_verified: bool = False,
    seconds: float | None = None,
) -> str:
    """The closing line: `airflow 3.3.2 at http://localhost:8080: 1 created, 1 updated, 1 unchanged`.

    Without outcomes, it says what would be. `wrong` objects were read back and aren't what was written, or all are
    (`is_verified`). `seconds` is how long the run took, if that is to be told.
    """
    numbers = counts(plan, outcomes)
    shown = [f"{number} {word}" for word, number in numbers.items() if number or word in _ALWAYS_COUNTED]
    shown += [f"{wrong} not as written"] if wrong else []
    shown += ["verified"] if is_verified else []
    would = "would be " if outcomes is None else ""
    took = "" if seconds is None else f" ({_duration(seconds)})"
    return f"{clean(target)}: {would}{', '.join(shown)}{took}"


def _duration(seconds: float) -> str:
    """`0.4s`, `12s`, `2m05s`."""
    if seconds < _TO_THE_TENTH:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest:02}s" if minutes else f"{rest}s"


def hidden_summary(steps: Iterable[Step]) -> str:
    """What happens to hidden values: `values hidden by the target: written again in 2 objects, kept in 1`.

    Empty if nothing is hidden.
    """
    numbers = Counter(how for step in steps for how in {change.how for change in step.changes} if how in _OF_HIDDEN)
    parts = [f"{words} in {number:,}" for how, words in _OF_HIDDEN.items() if (number := numbers[how])]
    if not parts:
        return ""
    first = next(numbers[how] for how in _OF_HIDDEN if numbers[how])
    parts[0] += " object" if first == 1 else " objects"
    return f"values hidden by the target: {', '.join(parts)}"


def counts(plan: Plan, outcomes: Iterable[Outcome] | None) -> dict[str, int]:
    """How many objects were created, updated, unchanged, and so on. Those that a run didn't get to are `not done`."""
    planned = Counter(step.action for step in plan.steps)
    numbers = {word: planned[action] for action, word in DONE.items()}
    numbers["failed"] = numbers["not done"] = 0
    if outcomes is None:
        return numbers
    for step in plan.writes:
        numbers[DONE[step.action]] -= 1
    numbers["not done"] = len(plan.writes)
    for outcome in outcomes:
        numbers["failed" if outcome.error else DONE[outcome.step.action]] += 1
        numbers["not done"] -= 1
    return numbers


def import_json(plan: Plan, result: ImportResult, name: str = "") -> str:
    """An import as JSON: what was planned for each object, what became of it, and the counts.

    `name` is the `@name` of the target, if it was given by one.
    """
    outcomes, wrong, restarts = result.done, result.wrong, result.prepared.restarts
    dry_run = outcomes is None
    results = {} if outcomes is None else {(o.step.kind, o.step.id): o for o in (*outcomes, *wrong)}

    def status(step: Step) -> str:
        outcome = results.get((step.kind, step.id))
        if outcome is not None:
            return "failed" if outcome.error else "done"
        return "planned" if dry_run else "not done"

    objects = []
    for step in plan.steps:
        entry = step_json(step)
        if step.action in WRITES:
            outcome = results.get((step.kind, step.id))
            entry |= {"status": status(step), "error": outcome.error if outcome else None}
        objects.append(entry)
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "target": result.prepared.target,
            **({"target_name": name} if name else {}),
            "dry_run": dry_run,
            **({"verified": True} if result.is_verified else {}),
            **({"restarts": restarts} if restarts else {}),
            "objects": objects,
            "summary": {**counts(plan, outcomes), **({"not as written": len(wrong)} if wrong else {})},
        }
    )


def step_json(step: Step) -> dict[str, Any]:
    """What is planned for one object, without its values."""
    return {
        "kind": step.kind.value,
        "id": step.id,
        "action": step.action.value,
        "origin": str(step.source.origin) if step.source else None,
        "fields": [{"name": c.name, "how": c.how.value, "leaves": list(c.leaves)} for c in step.changes],
        "reasons": list(step.reasons),
    }


def amounts(bundle: Bundle, kinds: frozenset[Kind]) -> str:
    """How many objects of the chosen kinds there are: `2 connections, 1 variable, 0 pools`."""
    numbers = [(len(bundle.of_kind(kind)), kind) for kind in Kind if kind in kinds]
    return ", ".join(f"{number} {kind.singular if number == 1 else kind.value}" for number, kind in numbers)


def list_rows(bundle: Bundle) -> list[tuple[str, str, str, str]]:
    """Kind, id, what it is and what is hidden, for each object; no values."""
    return [
        (obj.kind.value, clean(obj.id), clean(_describe(obj)), clean(", ".join(hidden_fields(obj)))) for obj in bundle
    ]


def _describe(obj: AirflowObject) -> str:
    if isinstance(obj, Connection):
        return "hidden" if is_hidden_whole(obj) else obj.conn_type
    if isinstance(obj, Pool):
        slots = "without limit" if obj.slots == -1 else _number(obj.slots, "slot")
        return slots + (", deferred included" if obj.include_deferred else "")
    return _number(len(obj.value.text), "character") if isinstance(obj.value, Text) else "hidden"


def _number(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def list_json(bundle: Bundle, source: str) -> str:
    """The ids and types of a bundle as JSON; no values."""
    return to_json({"schema_version": SCHEMA_VERSION, "source": source, "objects": list_entries(bundle)})


def list_entries(bundle: Bundle) -> list[dict[str, Any]]:
    """The ids and types of a bundle, an entry for each object."""
    objects: list[dict[str, Any]] = []
    for obj in bundle:
        entry: dict[str, Any] = {"kind": obj.kind.value, "id": obj.id, "origin": str(obj.origin)}
        if isinstance(obj, Connection):
            entry["conn_type"] = obj.conn_type
        if isinstance(obj, Pool):
            entry |= {"slots": obj.slots, "include_deferred": obj.include_deferred}
        objects.append(entry | {"hidden": list(hidden_fields(obj))})
    return objects


def some(names: Sequence[str]) -> str:
    """The first of some names, and how many others there are: `a, b and 3 more`."""
    return clean(quoting.some(names, _SHOWN_NAMES))
