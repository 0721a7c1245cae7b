"""Random sequences of imports, prunes and edits by others, under random readings of Astro's API."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airconn.model import Action, AirflowObject, Bundle, Connection, Kind, Selection, Step, Text, Variable
from airconn.plan import make_plan, with_deletions
from airconn.stores.base import Context
from tests.stores.astro.deployment.test_store import store_of
from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.astro.switches import Switches, any_switches
from tests.stores.contract import rules_of

KINDS = [("STANDARD", "CELERY"), ("STANDARD", "ASTRO"), ("DEDICATED", "KUBERNETES"), ("HYBRID", "CELERY")]
TEXTS = st.sampled_from(["", "a", "eu-west-1", "Bearer abcdef0123456789", '{"password": "x"}', "two\nlines"])
IDS = st.sampled_from(["a", "b", "api_key", "db"])
OBJECTS: st.SearchStrategy[AirflowObject] = st.one_of(
    st.builds(lambda id_, text: Variable(key=id_, value=Text(text)), IDS, TEXTS),
    st.builds(
        lambda id_, text: Connection(conn_id=id_, conn_type="http", host=text, password=text or None), IDS, TEXTS
    ),
)
RUNS = st.tuples(
    st.lists(OBJECTS, max_size=4, unique_by=lambda obj: (obj.kind, obj.id)),
    st.booleans(),
    st.sampled_from(["", "?secret=all", "?secret=none"]),
)
EDITS = st.tuples(
    st.sampled_from(["AIRFLOW_VAR_A", "AIRFLOW_CONN_DB", "DBT_TOKEN", "AIRFLOW__CORE__PARALLELISM"]),
    TEXTS,
    st.booleans(),
)
QUICK = {"throttled": "never", "rate_limits": False, "future_fields": False}


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    switches=any_switches(**QUICK),
    kind=st.sampled_from(KINDS),
    moves=st.lists(st.one_of(RUNS, EDITS), min_size=1, max_size=5),
)
def test_nothing_that_is_not_named_is_ever_changed(
    switches: Switches, kind: tuple[str, str], moves: list[tuple[object, object, object]]
) -> None:
    with running(switches) as astro:
        astro.deployment = astro.add_deployment("other", kind=kind[0], executor=kind[1])
        held = astro.deployments[astro.deployment]
        held.put("DBT_TOKEN", "theirs", secret=True)
        astro.put("CONNECTION", "warehouse", {"type": "postgres"}, links={astro.deployment: {"host": "own"}})
        for first, second, third in moves:
            if isinstance(first, str):
                assert isinstance(second, str)
                held.put(first, second, secret=bool(third))
            else:
                _import(astro, first, str(third), prunes=bool(second))  # type: ignore[arg-type]
            assert held.changed_fields() == {}


def _import(astro: FakeAstro, objects: list[AirflowObject], query: str, *, prunes: bool) -> None:
    held = astro.deployments[astro.deployment]
    before = {key: replace(one) for key, one in held.variables.items()}
    links, restarts = astro.state(), held.restarts
    store = store_of(astro, query, address=f"astro-vars:///{astro.deployment}")
    wanted = frozenset((obj.kind, obj.id) for obj in objects)
    context = Context(writes=frozenset(Kind), wanted=wanted)
    reading = store.read(Selection(), context)
    context = replace(context, before=reading)
    plan = make_plan(Bundle.of(objects), reading.bundle, rules_of(store, context))
    if prunes:
        plan = with_deletions(plan, Bundle.of(objects), reading.bundle, frozenset(kind for kind, _ in wanted))
    outcomes = list(store.apply(plan.writes, context))
    assert [outcome.error for outcome in outcomes] == [None] * len(plan.writes)
    names = {_name(step) for step in plan.writes}
    gone = {_name(step) for step in plan.of(Action.DELETE)}
    after = held.variables
    assert {key: one for key, one in after.items() if key not in names} == {
        key: one for key, one in before.items() if key not in names
    }
    assert names - gone <= after.keys()
    assert not gone & after.keys()
    assert all(after[key].is_secret for key, one in before.items() if one.is_secret and key not in gone)
    assert held.restarts == restarts + bool(names)
    for step in plan.writes:
        if isinstance(step.source, Variable) and step.action is not Action.DELETE:
            assert after[_name(step)].value == str(step.source.value.text)  # type: ignore[union-attr]
    if astro.state() != links:
        assert any(note.failed for outcome in outcomes for note in outcome.notes)


def _name(step: Step) -> str:
    return ("AIRFLOW_CONN_" if step.kind is Kind.CONNECTIONS else "AIRFLOW_VAR_") + step.id.upper()
