"""What is read, refused and planned before the first write of an import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from airconn.errors import InputErrors
from airconn.model import AirflowVersion, Connection, Origin, Outcome, Step, Text, Variable
from airconn.plan import Policy
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context
from airconn.transfer.importing import Import, OpenedImport, prepare
from airconn.transfer.requests import ImportRequest
from tests.memory import Memory

IDS = ["a", "b", "c", "d"]


def prepared(source: Memory, target: Memory, policy: Policy = Policy(), **options: object) -> Import:  # noqa: B008
    request = ImportRequest(("source",), policy=policy, allow_empty=True, **options)  # type: ignore[arg-type]
    return prepare(request, OpenedImport(target, [source]), DEFAULT_CONTEXT)


class Rehearsing(Memory):
    """Knows which steps it refuses."""

    asked: tuple[str, ...] = ()

    def rehearse(self, steps: Sequence[Step], context: Context) -> list[Outcome]:
        self.asked += tuple(step.id for step in steps)
        return [Outcome(step, "no place") for step in steps if step.id in "bc"]


def test_what_a_place_knows_that_it_refuses_is_an_error_of_the_input() -> None:
    place = Rehearsing(Variable(key="c", value=Text("old")))
    objects = [Variable(key=id_, value=Text("new"), origin=Origin("s.env", n)) for n, id_ in enumerate(IDS)]
    with pytest.raises(InputErrors) as caught:
        prepared(Memory(*objects), place)
    assert [str(error) for error in caught.value.errors] == [
        "s.env:1: variables/b: no place",
        "s.env:2: variables/c: no place",
    ]
    assert (list(place.asked), place.calls) == (IDS, [])
    assert len(prepared(Memory(*objects), place, Policy(on_existing="fail")).plan.blocked) == 1
    assert list(place.asked) == IDS  # a plan that isn't carried out isn't rehearsed


@pytest.mark.parametrize(
    ("policy", "hides", "whole"),
    [
        (Policy(), True, False),
        (Policy(on_existing="skip"), True, True),
        (Policy(on_existing="fail"), True, True),
        (Policy(hidden_is_equal=True), True, True),
        (Policy(hidden_is_equal=True), False, False),  # all of an object is compared there
        (Policy(on_existing="skip"), False, True),
    ],
)
def test_no_object_comes_into_being_in_two_steps_where_no_later_run_would_complete_it(
    policy: Policy, hides: bool, whole: bool
) -> None:
    target = Memory(capabilities=Capabilities(hides=hides))
    found = prepared(Memory(Connection(conn_id="a", conn_type="http")), target, policy)
    assert found.context.whole is whole


def test_a_plan_goes_by_what_was_read_of_the_target_for_its_airflow() -> None:
    """What a write needs of the read comes with the plan, and not from the store."""
    held = Variable(key="a", value=Text("old"))
    found = prepared(Memory(replace(held, value=Text("new"))), Memory(held), airflow=AirflowVersion(2, 9, 0))
    assert found.context.before is not None
    assert (list(found.present), list(found.context.before.bundle)) == ([held], [held])
    assert (found.context.airflow, found.context.writes) == (
        AirflowVersion(2, 9, 0),
        frozenset(found.selection.kinds),
    )
