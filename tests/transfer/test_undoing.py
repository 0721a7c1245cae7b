"""Any import can be undone: after its end, after a kill at any moment, and beside the changes of others."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from airconn.model import (
    Action,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Pool,
    Selection,
    Step,
    Text,
    Variable,
)
from airconn.model.reading import Reading
from airconn.plan import Plan, Policy, TargetRules, make_plan, with_deletions
from airconn.stores.base import Context
from airconn.transfer.backing_up import begin_backup
from airconn.transfer.backups import Backups
from airconn.transfer.importing import Import
from airconn.transfer.undoing import Undo, UndoRequest, prepare_undo
from tests.memory import Memory

IDS = st.sampled_from(["a", "b", "c", "d"])
TEXTS = st.sampled_from(["", "x", "y", "***", "{{ ds }}", "op://vault/item/field", "a***b"])
EXTRAS = st.none() | st.sampled_from(
    ["{}", '{"a": 1, "token": "t"}', '{"a":1,"token":"t"}', '{"a": {"b": [1, 2]}}', "no JSON"]
)
OBJECTS: st.SearchStrategy[AirflowObject] = st.one_of(
    st.builds(
        Connection,
        conn_id=IDS,
        conn_type=st.sampled_from(["http", "postgres"]),
        host=st.none() | TEXTS,
        password=st.none() | TEXTS,
        port=st.none() | st.integers(0, 2),
        extra=EXTRAS.map(lambda text: None if text is None else Text(text)),
    ),
    st.builds(Variable, key=IDS, value=TEXTS.map(Text), description=st.none() | TEXTS),
    st.builds(Pool, name=IDS, slots=st.integers(0, 2), include_deferred=st.booleans()),
)
BUNDLES = st.lists(OBJECTS, max_size=8).map(
    lambda objects: Bundle.of({(obj.kind, obj.id): obj for obj in objects}.values())
)


def plan_of(source: Bundle, target: Bundle, policy: Policy) -> Plan:
    """The plan of an import with --prune, as if the user had called all that looks like a placeholder genuine."""
    plan = make_plan(source, target, TargetRules(), policy)
    plan = Plan(tuple(step if step.action is not Action.BLOCKED else _taken(step) for step in plan.steps))
    return with_deletions(plan, source, target, frozenset(Kind))


def _taken(step: Step) -> Step:
    action = Action.CREATE if step.target is None else Action.REPLACE
    return replace(step, action=action, reasons=())


def write(
    store: Memory, prepared: Import, directory: Path, *, most: int | None = None, says_last: bool = True
) -> str:
    """Carries out a plan with a backup, and gives the name of the run.

    With `most`, the run is killed after so many writes, and then maybe before it notes the last one.
    """
    backup = begin_backup(prepared, store, directory, "import", lasting=(store.address, ""))
    assert backup is not None
    steps = prepared.plan.writes[:most]
    for number, outcome in enumerate(store.apply(steps, prepared.context), 1):
        if most is None or says_last or number < len(steps):
            backup.record(outcome)
    if most is None:
        assert backup.end()
    backup.close()
    return backup.run


def undo_of(store: Memory, run: str, directory: Path, *, force: bool = False) -> Undo:
    return prepare_undo(Backups(directory).find(run), UndoRequest(force=force), store, (), Context())


def held(store: Memory) -> Bundle:
    return store.read(Selection()).bundle


def imported(before: Bundle, source: Bundle, policy: Policy) -> tuple[Memory, Import]:
    store = Memory(*before)
    return store, Import(store.describe(), plan_of(source, before, policy), Context(before=Reading(before)))


POLICIES = st.sampled_from([Policy(), Policy(lacking="exact")])


@given(BUNDLES, BUNDLES, POLICIES)
def test_all_is_as_it_was_and_the_undo_can_be_undone(before: Bundle, source: Bundle, policy: Policy) -> None:
    store, prepared = imported(before, source, policy)
    if not prepared.plan.writes:
        return
    with tempfile.TemporaryDirectory() as name:
        run = write(store, prepared, Path(name))
        after = held(store)
        undo = undo_of(store, run, Path(name))
        assert (undo.changed, undo.missing, undo.prepared.plan.blocked) == ((), (), ())
        back = write(store, undo.prepared, Path(name))
        assert held(store) == before
        again = undo_of(store, back, Path(name))
        assert again.prepared.plan.blocked == ()
        write(store, again.prepared, Path(name))
        assert held(store) == after


@given(BUNDLES, BUNDLES, st.integers(0, 8), st.booleans())
def test_a_run_that_was_killed_is_undone_as_far_as_it_came(
    before: Bundle, source: Bundle, most: int, says_last: bool
) -> None:
    store, prepared = imported(before, source, Policy())
    if not prepared.plan.writes:
        return
    with tempfile.TemporaryDirectory() as name:
        run = write(store, prepared, Path(name), most=most, says_last=says_last)
        undo = undo_of(store, run, Path(name))
        assert (undo.changed, undo.missing, undo.prepared.plan.blocked) == ((), (), ())
        list(store.apply(undo.prepared.plan.writes, undo.prepared.context))
        assert held(store) == before


@given(BUNDLES, BUNDLES, BUNDLES, st.booleans())
def test_the_changes_of_others_are_named_and_kept_unless_they_are_to_be_lost(
    before: Bundle, source: Bundle, others: Bundle, force: bool
) -> None:
    store, prepared = imported(before, source, Policy())
    if not prepared.plan.writes:
        return
    with tempfile.TemporaryDirectory() as name:
        run = write(store, prepared, Path(name))
        after = held(store)
        for obj in others:
            store.held[obj.kind, obj.id] = obj
        undo = undo_of(store, run, Path(name), force=force)
    written = {(step.kind, step.id): step for step in prepared.plan.writes}
    there = held(store)
    list(store.apply(undo.prepared.plan.writes, undo.prepared.context))
    now = held(store)
    for kind in Kind:
        for id_ in {*there.of_kind(kind), *before.of_kind(kind), *after.of_kind(kind)}:
            was, seen, left = before.get(kind, id_), there.get(kind, id_), now.get(kind, id_)
            if (kind, id_) not in written:
                assert left == seen
            elif f"{kind.value}/{id_}" in undo.changed:
                assert not force
                assert left == seen
            elif seen == after.get(kind, id_) or (force and written[kind, id_].action is not Action.UPDATE):
                assert left == was
            elif left is not None and was is not None:
                # Only the fields that the run has written are as they were.
                for field in written[kind, id_].written:
                    assert getattr(left, field) == getattr(was, field)
