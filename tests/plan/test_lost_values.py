"""Which hidden values a plan destroys."""

from __future__ import annotations

from airconn.model import REDACTED, AirflowObject, Bundle, Kind, Text
from airconn.plan import Plan, Policy, deleted_hidden, make_plan, overwritten_hidden, with_deletions
from tests.plan.planning import RULES, conn, extra, var

HIDDEN_EXTRA = Text('{"host": "h", "token": "***"}', (("token",),))


def plan_of(source: list[AirflowObject], target: list[AirflowObject], policy: Policy) -> Plan:
    return make_plan(Bundle.of(source), Bundle.of(target), RULES, policy)


def test_those_of_deleted_objects_are_named() -> None:
    kept = conn(password=REDACTED)
    gone = [
        conn(conn_id="old", password=REDACTED, extra=HIDDEN_EXTRA),
        conn(conn_id="open", password="p"),
        var(REDACTED),
    ]
    source, target = Bundle.of([kept]), Bundle.of([kept, *gone])
    plan = with_deletions(make_plan(source, target, RULES), source, target, frozenset(Kind))
    assert deleted_hidden(plan) == ["connections/old.password", "connections/old.extra.token", "variables/v.value"]
    assert overwritten_hidden(plan) == []


def test_those_that_an_update_writes_over_or_clears_are_named_and_those_that_it_keeps_are_not() -> None:
    held = conn(host="old", password=REDACTED, extra=HIDDEN_EXTRA)
    clear = Policy()
    assert overwritten_hidden(
        plan_of([conn(host="new", extra=extra('{"host": "h", "token": "t"}'))], [held], clear)
    ) == ["connections/c.extra.token"]
    assert overwritten_hidden(plan_of([conn(host="new", password="p", extra=HIDDEN_EXTRA)], [held], clear)) == [
        "connections/c.password"
    ]
    cleared = plan_of([conn(host="new")], [conn(host="old", extra=HIDDEN_EXTRA)], Policy(lacking="exact"))
    assert overwritten_hidden(cleared) == ["connections/c.extra.token"]
    assert overwritten_hidden(plan_of([conn(host="new", password="p")], [conn(password="q")], clear)) == []
    assert deleted_hidden(cleared) == []


def test_all_of_a_replaced_object_are_named() -> None:
    source = conn(extra=extra('{"host": "h", "token": "t"}'))
    for is_equal in (False, True):
        policy = Policy(lacking="exact", hidden_is_equal=is_equal)
        plan = plan_of([source], [conn(password=REDACTED, extra=HIDDEN_EXTRA)], policy)
        assert overwritten_hidden(plan) == ["connections/c.password", "connections/c.extra.token"]


def test_a_leaf_in_a_list_or_below_a_key_is_lost_with_the_field() -> None:
    hidden = Text('["***"]', ((0,),))
    plan = plan_of([var("new")], [var(hidden)], Policy(lacking="exact"))
    assert overwritten_hidden(plan) == ["variables/v.value[0]"]
    deep = Text('{"a": {"b": "***"}}', (("a", "b"),))
    plan = plan_of([conn()], [conn(extra=deep)], Policy(lacking="exact"))
    assert overwritten_hidden(plan) == ["connections/c.extra.a.b"]
    source = conn(host="new", extra=extra('{"host": "h", "token": "t"}'))
    plan = plan_of([source], [conn(host="old", password=REDACTED, extra=HIDDEN_EXTRA)], Policy())
    assert [step.action.value for step in plan.steps] == ["update"]
    assert overwritten_hidden(plan) == ["connections/c.extra.token"]
