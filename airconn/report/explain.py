"""Where an Airflow finds objects, as text for people and as JSON for scripts. No values are in either."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from airconn.diff import Status
from airconn.quoting import clean, to_json
from airconn.report.results import SCHEMA_VERSION, Style
from airconn.transfer.lookup import Explanation, LookupFinding, LookupState

_COLOURS = {
    LookupState.WINS: "green",
    LookupState.SHADOWED: "yellow",
    LookupState.PASSED_OVER: "red",
    LookupState.UNKNOWN: "cyan",
}


def explain_lines(explanations: Sequence[Explanation], style: Style) -> Iterator[str]:
    """For each object its chains, and in each chain a line for each place, in the order of looking."""
    for (kind, id_), of_object in groupby(explanations, key=lambda one: (one.kind, one.id)):
        yield clean(f"{kind.value}/{id_}")
        for explanation in of_object:
            yield f"  what {clean(explanation.chain.title)} gets:"
            titles = max(len(found.place.title) for found in explanation.findings)
            states = max(len(found.state.value) for found in explanation.findings)
            for number, found in enumerate(explanation.findings, 1):
                state = style(found.state.value, _COLOURS.get(found.state)) + " " * (states - len(found.state.value))
                line = f"    {number}  {clean(found.place.title).ljust(titles)}  {state}  {clean(_remark(found))}"
                yield line.rstrip()
            if explanation.doubtful:
                yield "       a backend or server above couldn't be read: if it has this object, that one is used"


def _remark(found: LookupFinding) -> str:
    if found.state is LookupState.SHADOWED:
        return f"{found.where}  ({_agreement(found)})"
    return found.where or found.reason


def _agreement(found: LookupFinding) -> str:
    parts = [
        f"{word}{', '.join(diff.name for diff in found.differs if diff.status is status)}"
        for status, word in ((Status.DIFFERENT, "differs in "), (Status.UNKNOWN, "can't be known: "))
        if any(diff.status is status for diff in found.differs)
    ]
    return "; ".join(parts) or "the same"


def summary(explanations: Sequence[Explanation]) -> str:
    """The closing line: how many objects are in more than one place, and how many of them with different values."""
    shadowed = {(one.kind, one.id) for one in explanations if one.shadowed}
    different = {(one.kind, one.id) for one in explanations if any(found.is_different for found in one.shadowed)}
    objects = "1 object is" if len(shadowed) == 1 else f"{len(shadowed)} objects are"
    return f"{objects} in more than one place, {len(different)} of them with different values"


def explain_json(explanations: Sequence[Explanation], airflow: str) -> str:
    """The explanations as JSON."""
    objects = [
        {
            "kind": kind.value,
            "id": id_,
            "chains": [
                {
                    "chain": one.chain.title,
                    "doubtful": one.doubtful,
                    "places": [_place(found) for found in one.findings],
                }
                for one in of_object
            ],
        }
        for (kind, id_), of_object in groupby(explanations, key=lambda one: (one.kind, one.id))
    ]
    report = {"schema_version": SCHEMA_VERSION, "airflow": airflow, "objects": objects}
    return to_json(report)


def _place(found: LookupFinding) -> dict[str, object]:
    entry: dict[str, object] = {"place": found.place.title, "state": found.state.value}
    if found.place.store is not None:
        entry["address"] = found.place.store.address
    if found.where:
        entry["origin"] = found.where
    if found.reason:
        entry["reason"] = found.reason
    if found.state is LookupState.SHADOWED:
        entry["differs"] = [diff.name for diff in found.differs if diff.status is Status.DIFFERENT]
        entry["unknown"] = [diff.name for diff in found.differs if diff.status is Status.UNKNOWN]
    return entry
