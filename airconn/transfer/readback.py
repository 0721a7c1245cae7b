"""Reads written objects back, and finds those that aren't as they should be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from airconn.model import Action, Bundle, Outcome, Selection, Step
from airconn.model.reading import Note
from airconn.plan import Policy, make_plan
from airconn.stores.base import FindsMixed, Store
from airconn.stores.concurrent_changes import CHANGED
from airconn.transfer import reported_reads
from airconn.transfer.importing import Import, target_rules


def verify(prepared: Import, target: Store, done: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Reads written objects back, and gives an outcome with an error for each that isn't as it should be.

    What the target hides can't be compared.
    """
    written = [outcome.step for outcome in done if outcome.error is None]
    ids = frozenset((step.kind, step.id) for step in written)
    if not ids:
        return ()
    selection = Selection(kinds=frozenset(kind for kind, _ in ids), ids=ids)
    reading = reported_reads.read(target, selection, replace(prepared.context, before=None))
    rules = target_rules(target, replace(prepared.context, before=reading), prepared.description)
    wanted = Bundle.of(step.result() for step in written if step.action is not Action.DELETE)
    # The result of a merge is complete: a key that was added in the meantime doesn't belong to it.
    lacking = "clear" if prepared.policy.lacking == "keep" else prepared.policy.lacking
    policy = Policy(lacking=lacking, hidden_is_equal=True)
    again = make_plan(wanted, reading.bundle, rules, policy)
    wrong = [
        Outcome(
            step, "it doesn't exist" if step.action is Action.CREATE else f"not as it was written: {_fields(step)}"
        )
        for step in again.steps
        if step.action not in (Action.UNCHANGED, Action.SKIPPED)
    ]
    wrong += [
        Outcome(step, "it still exists")
        for step in written
        if step.action is Action.DELETE and reading.bundle.get(step.kind, step.id) is not None
    ]
    return tuple(wrong)


def mixed(prepared: Import, target: Store, done: Sequence[Outcome]) -> tuple[tuple[Outcome, ...], tuple[Note, ...]]:
    """An outcome with an error for each object that another writer wrote at the same time, and notes.

    Raises as `Store.read`.
    """
    if not isinstance(target, FindsMixed):
        return (), ()
    written = [outcome.step for outcome in done if outcome.error is None]
    found, notes = target.mixed(written, prepared.context)
    return tuple(Outcome(step, CHANGED) for step in written if (step.kind, step.id) in found), notes


def _fields(step: Step) -> str:
    written = ", ".join(name for change in step.changes if change.is_written for name in change.names)
    return "; ".join(step.reasons) or written
