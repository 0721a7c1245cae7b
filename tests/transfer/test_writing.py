"""What carrying out a plan does when something fails on the way, or when it is to stop."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airconn.errors import TargetError
from airconn.model import AirflowObject, Bundle, Step, Text, Variable
from airconn.plan import make_plan
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities
from airconn.transfer.importing import target_rules
from airconn.transfer.recovery import Recovery
from airconn.transfer.writing import carry_out
from tests.memory import Memory

IDS = ["a", "b", "c", "d"]


def variables(text: str = "new") -> list[AirflowObject]:
    return [Variable(key=id_, value=Text(text)) for id_ in IDS]


def carried_out(place: Memory, directory: Path, **options: object) -> tuple[list[tuple[str, str | None]], list[str]]:
    """The id and error of each outcome, and what the place had to tell."""
    rules = target_rules(place, DEFAULT_CONTEXT, place.describe())
    plan = make_plan(Bundle.of(variables()), Bundle.of(place.held.values()), rules)
    recovery = Recovery(directory)
    outcomes = list(carry_out(plan, place, DEFAULT_CONTEXT, recovery=recovery, **options))  # type: ignore[arg-type]
    notes = [note.where for outcome in outcomes for note in outcome.notes]
    return [(outcome.step.id, outcome.error) for outcome in outcomes], notes


def test_a_place_takes_the_steps_as_it_likes(tmp_path: Path) -> None:
    place = Memory()
    place.failing = {"b"}
    outcomes, notes = carried_out(place, tmp_path)
    assert (outcomes, place.calls) == ([("a", None), ("b", "refused"), ("c", None), ("d", None)], [IDS])
    assert notes == ["variables/a", "variables/c", "variables/d"]


def test_to_fail_fast_is_to_begin_nothing_before_the_last_has_ended(tmp_path: Path) -> None:
    place = Memory()
    place.failing = {"c"}
    outcomes, notes = carried_out(place, tmp_path, fail_fast=True)
    assert (outcomes, place.calls) == ([("a", None), ("b", None), ("c", "refused")], [["a"], ["b"], ["c"]])
    assert notes == ["variables/a", "variables/b"]


def test_to_fail_fast_is_no_matter_to_what_is_written_as_a_whole(tmp_path: Path) -> None:
    place = Memory(capabilities=Capabilities(at_once=True))
    carried_out(place, tmp_path, fail_fast=True)
    assert place.calls == [IDS]


def test_a_place_that_does_not_answer_any_more_has_failed_with_that_step(tmp_path: Path) -> None:
    place = Memory()
    place.deaf = {"b"}
    outcomes, _ = carried_out(place, tmp_path, fail_fast=True)
    assert outcomes == [("a", None), ("b", "http://memory: nobody answers")]


def test_a_place_that_does_not_answer_at_all_is_an_error(tmp_path: Path) -> None:
    place = Memory()
    place.deaf = {"a"}
    with pytest.raises(TargetError, match="nobody answers"):
        carried_out(place, tmp_path, fail_fast=True)


def test_nothing_is_begun_after_a_stop(tmp_path: Path) -> None:
    begun: list[Step] = []
    outcomes, _ = carried_out(Memory(), tmp_path, stop=lambda: len(begun) == 2, on_begin=begun.append)
    assert [id_ for id_, _ in outcomes] == ["a", "b"]


def kept(directory: Path) -> list[str]:
    return sorted(id_ for file in directory.iterdir() for id_ in json.loads(file.read_text())["variables"])


def test_what_is_replaced_is_kept_until_it_is_safe(tmp_path: Path) -> None:
    place = Memory(*variables("old"))
    place.replaces = True
    place.failing = {"c"}
    seen: dict[str, list[str]] = {}
    place.before_write = lambda step: seen.update({step.id: kept(tmp_path)})
    carried_out(place, tmp_path)
    assert all(id_ in held for id_, held in seen.items())
    assert kept(tmp_path) == ["c"]


def test_what_was_never_begun_is_not_among_what_may_be_lost(tmp_path: Path) -> None:
    place = Memory(*variables("old"))
    place.replaces = True
    place.failing, place.untried = {"b"}, {"c"}
    begun: list[Step] = []
    carried_out(place, tmp_path, stop=lambda: len(begun) == 3, on_begin=begun.append)
    assert kept(tmp_path) == ["b"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_what_is_replaced_is_kept_however_the_run_ends(tmp_path: Path, error: type[BaseException]) -> None:
    place = Memory(*variables("old"))
    place.replaces = True

    def end(step: Step) -> None:
        if step.id == "d":
            raise error

    place.before_write = end
    with pytest.raises(error):
        carried_out(place, tmp_path)
    assert kept(tmp_path) == ["d"]
