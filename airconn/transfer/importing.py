"""What an import does, from its sources to its report: reads, plans, refuses, writes, looks again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from airconn.errors import BlockedError, InputError, InputErrors
from airconn.formats.base import Note
from airconn.model import ALL_KINDS, NEWEST, Action, AirflowVersion, Bundle, How, Kind, Outcome, Selection, Step
from airconn.plan import Plan, Policy, make_plan, with_deletions
from airconn.stores.base import Store
from airconn.transfer import Change, Loaded, load_for
from airconn.transfer.recovery import Recovery
from airconn.transfer.showing import find


@dataclass(frozen=True, slots=True)
class Import:
    """An import that is ready to be carried out."""

    target: str
    """The place in words."""
    plan: Plan
    loaded: Loaded
    present: Bundle
    """What the target holds of it."""
    policy: Policy
    selection: Selection
    unpruned: tuple[Kind, ...] = ()
    """The kinds of which nothing is deleted, because the sources have none of them."""


def prepare(
    sources: Sequence[Store],
    target: Store,
    selection: Selection,
    *,
    policy: Policy,
    airflow: AirflowVersion | None = None,
    prune: bool = False,
    fills: Sequence[Store] = (),
    change: Change | None = None,
) -> Import:
    """Reads, validates and plans. Writes nothing.

    Raises `InputErrors` for objects that the target would refuse, each with its origin, and `BlockedError` where
    `prune` would delete what the sources may only seem to lack.
    """
    if not target.capabilities.writable or target.address == "<stdin>":
        raise target.not_writable()
    loaded = load_for(sources, selection, target, airflow, fills=fills, change=change)
    target.reads_for = airflow or target.airflow()
    described = target.describe()
    if selection.kinds == ALL_KINDS:
        loaded = _without_strangers(loaded, target)
    faults = [
        InputError(f"{obj.kind.value}/{obj.id}: {problem}", where=str(obj.origin))
        for obj in loaded.bundle
        for problem in target.problems(obj)
    ]
    if faults:
        raise InputErrors(tuple(faults))
    ids = frozenset((obj.kind, obj.id) for obj in loaded.bundle)
    kinds = frozenset(kind for kind, _ in ids)
    if prune:
        _refuse_doubtful(loaded)
        _refuse_shared(target, kinds & selection.kinds)
        # What the sources rename or add may be outside of the globs, and is looked for by its id.
        inside = target.present(replace(selection, kinds=kinds & selection.kinds))
        outside = frozenset(key for key in ids if inside.get(*key) is None)
        present = Bundle.of([*inside, *(target.present(Selection(kinds=kinds, ids=outside)) if outside else ())])
    else:
        present = target.present(Selection(kinds=kinds, ids=ids)) if ids else Bundle()
    plan = make_plan(loaded.bundle, present, target, policy)
    if prune:
        plan = with_deletions(plan, loaded.bundle, present, kinds & selection.kinds)
    unpruned = tuple(kind for kind in Kind if prune and kind in selection.kinds and kind not in kinds)
    return Import(described, plan, loaded, present, policy, selection, unpruned)


def _without_strangers(loaded: Loaded, target: Store) -> Loaded:
    """What was loaded without the kinds that the target has no place for. Nobody chose these, and they are told."""
    others = [kind for kind in Kind if kind not in target.kinds and loaded.bundle.of_kind(kind)]
    if not others:
        return loaded
    left_out = " and ".join(f"{len(loaded.bundle.of_kind(kind))} {kind.value}" for kind in others)
    options = " ".join(f"--{kind.value}" for kind in others)
    note = Note(target.address, f"{left_out} left out, which have no place here ({options} makes that an error)")
    return replace(loaded, bundle=Selection(kinds=target.kinds).of(loaded.bundle), notes=(*loaded.notes, note))


def prepare_deletion(target: Store, names: Sequence[str], kinds: frozenset[Kind]) -> Import:
    """A plan that deletes the objects that `names` mean. Raises as `showing.find` does."""
    if not target.capabilities.writable or target.address == "<stdin>":
        raise target.not_writable()
    described = target.describe()
    steps = []
    for obj in find(target, names, kinds):
        step = Step(obj.kind, obj.id, Action.DELETE, target=obj)
        refusal = target.replace_refusal(step)
        steps.append(replace(step, action=Action.BLOCKED, reasons=(refusal,)) if refusal else step)
    present = Bundle.of(step.target for step in steps if step.target)
    return Import(described, Plan(tuple(steps)), Loaded(Bundle()), present, Policy(), Selection())


def _refuse_doubtful(loaded: Loaded) -> None:
    """Raises `BlockedError` where what the sources lack may be there and have been overlooked."""
    if not len(loaded.bundle):
        raise BlockedError(
            "the sources hold nothing that is selected, and --prune would delete all there is",
            hint="is it the right file, and the right selection?",
        )
    left_out = [note for note in loaded.notes if note.left_out]
    if left_out:
        raise BlockedError(
            f"{left_out[0].message}, and --prune would delete it",
            where=left_out[0].where,
            hint="mend the source first, or leave out --prune",
        )


def _refuse_shared(target: Store, kinds: frozenset[Kind]) -> None:
    """Raises `BlockedError` where the target may hold what only looks like objects of these kinds."""
    for kind in (kind for kind in Kind if kind in kinds):
        if reason := target.prune_refusal(kind):
            raise BlockedError(
                f"{reason}, and --prune would delete it",
                where=target.address,
                hint="give each kind a prefix of its own, or delete by name: airconn delete KIND/ID",
            )


def refuse_deletions(plan: Plan, most: int) -> None:
    """Raises `BlockedError` if a plan deletes more than `most` objects."""
    number = len(plan.of(Action.DELETE))
    if number > most:
        raise BlockedError(
            f"{number} object{'s' * (number > 1)} would be deleted, and --max-delete allows {most}",
            hint=f"look at the plan with --dry-run, and then allow it with --max-delete {number}",
        )


def refuse_blocked(plan: Plan) -> None:
    """Raises `BlockedError` if anything in a plan is blocked."""
    if plan.blocked:
        objects = "1 object is" if len(plan.blocked) == 1 else f"{len(plan.blocked)} objects are"
        fill = " (--fill ADDRESS takes what is hidden from elsewhere)" if any(s.source for s in plan.blocked) else ""
        raise BlockedError(
            f"{objects} blocked, and so is the run", hint=f"mend what is listed with '!'{fill}, or leave it out"
        )


def carry_out(
    plan: Plan,
    target: Store,
    on_outcome: Callable[[Outcome], None],
    *,
    recovery: Recovery,
    fail_fast: bool = False,
    stop: Callable[[], bool] = lambda: False,
    on_begin: Callable[[Step], None] = lambda step: None,
) -> None:
    """Writes what a plan says. Raises `BlockedError` before the first write if anything is blocked.

    `stop` is asked before an object is begun, and so no request is cut off by it. Objects that are to be deleted and
    created anew are in a file of `recovery` until that has been done.
    """
    refuse_blocked(plan)
    replaced = [step.source for step in plan.of(Action.REPLACE) if step.source]
    airflow = target.airflow() if replaced else NEWEST
    recovery.keep(replaced, airflow)
    undone = {(obj.kind, obj.id): obj for obj in replaced}
    failed = False

    def due() -> Iterator[Step]:
        # A place takes a step from here when it begins it, and a file takes all of them. What has begun is finished
        # and told of, also where several are written at a time.
        for step in plan.writes:
            if stop() or (failed and fail_fast):
                return
            on_begin(step)
            yield step

    with closing(_outcomes(target, due())) as outcomes:
        for outcome in outcomes:
            failed = failed or outcome.error is not None
            if outcome.error is None and undone.pop((outcome.step.kind, outcome.step.id), None) is not None:
                recovery.keep(list(undone.values()), airflow)
            on_outcome(outcome)


def _outcomes(target: Store, steps: Iterable[Step]) -> Generator[Outcome, None, None]:
    yield from target.apply(steps)


def verify(prepared: Import, target: Store, done: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Reads back what was written, and gives an outcome with an error for each object that isn't as it should be.

    What the target hides can't be compared.
    """
    written = [outcome.step for outcome in done if outcome.error is None]
    ids = frozenset((step.kind, step.id) for step in written)
    if not ids:
        return ()
    present = target.present(Selection(kinds=frozenset(kind for kind, _ in ids), ids=ids))
    wanted = Bundle.of(step.result() for step in written if step.action is not Action.DELETE)
    policy = Policy(lacking=prepared.policy.lacking, hidden_is_equal=True)
    again = make_plan(wanted, present, target, policy)
    wrong = [
        Outcome(
            step, "it is not there" if step.action is Action.CREATE else f"not as it was written: {_fields(step)}"
        )
        for step in again.steps
        if step.action not in (Action.UNCHANGED, Action.SKIPPED) and not _unknowable(step)
    ]
    wrong += [
        Outcome(step, "it is still there")
        for step in written
        if step.action is Action.DELETE and present.get(step.kind, step.id) is not None
    ]
    return tuple(wrong)


def _unknowable(step: Step) -> bool:
    """Whether the only difference is a cleared password of which Airflow 2 never says whether there is one."""
    written = [change for change in step.changes if change.is_written]
    return bool(written) and all(change.name == "password" and change.how is How.CLEARED for change in written)


def _fields(step: Step) -> str:
    written = ", ".join(name for change in step.changes if change.is_written for name in change.names)
    return "; ".join(step.reasons) or written
