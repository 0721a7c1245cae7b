"""What an import does, from its sources to its report: reads, plans, refuses, writes, looks again."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from airconn.errors import BlockedError, InputError, InputErrors, TargetError, UsageError
from airconn.formats.base import Note, quoted
from airconn.model import (
    ALL_KINDS,
    NEWEST,
    Action,
    AirflowVersion,
    Bundle,
    Kind,
    Outcome,
    Selection,
    Step,
    hidden_fields,
    is_untyped,
    with_type_of,
)
from airconn.plan import Plan, Policy, make_plan, with_deletions
from airconn.stores.base import Store
from airconn.stores.meanwhile import CHANGED
from airconn.transfer import Change, Loaded, load_for, watching
from airconn.transfer.nothing import ALLOW, refuse_nothing, refuse_unmatched
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
    unread: tuple[Note, ...] = ()
    """What there is to say of objects of the target that it failed to give."""


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
    allow_empty: bool = True,
) -> Import:
    """Reads, validates and plans. Writes nothing.

    Raises `UsageError` where the target is a source and nothing changes on the way, `InputErrors` for objects that
    the target would refuse, each with its origin, `BlockedError` where `prune` would delete what the sources may only
    seem to lack, and what `Store.rehearse` raises. Without `allow_empty` also `InputErrors` for a glob that matches
    nothing, and where the sources hold nothing that the target has a place for.
    """
    if not target.capabilities.writable or target.address == "<stdin>":
        raise target.not_writable()
    if change is None and not fills:
        _refuse_itself(sources, target, selection)

    def check(loaded: Loaded) -> None:
        if not (allow_empty or prune):
            _refuse_empty(loaded, selection, sources)

    loaded = load_for(sources, selection, target, airflow, fills=fills, change=change, on_loaded=check)
    target.reads_for = airflow or target.airflow()
    # What another run finds and doesn't look into, or doesn't touch, it doesn't complete.
    target.whole = policy.on_existing != "overwrite" or policy.hidden_is_equal
    described = target.describe()
    watching.expect(target, selection.kinds)
    if selection.kinds == ALL_KINDS:
        loaded = _without_strangers(loaded, target)
        if loaded.strangers and not len(loaded.bundle) and not (allow_empty or prune):
            raise InputError(f"{loaded.notes[-1].message}: nothing is left", where=target.address, hint=ALLOW)
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
        inside = watching.present(target, replace(selection, kinds=kinds & selection.kinds))
        unread = _failed(target)
        outside = frozenset(key for key in ids if inside.get(*key) is None)
        others = watching.present(target, Selection(kinds=kinds, ids=outside)) if outside else Bundle()
        present = Bundle.of([*inside, *others])
        if not allow_empty:
            refuse_unmatched(selection, (*loaded.seen, *((obj.kind, obj.id) for obj in inside)), [*sources, target])
    else:
        unread = ()
        present = watching.present(target, Selection(kinds=kinds, ids=ids)) if ids else Bundle()
    unread = tuple(dict.fromkeys((*unread, *_failed(target)))) if ids else ()
    loaded = replace(loaded, bundle=_typed(loaded.bundle, present))
    plan = make_plan(loaded.bundle, present, target, policy)
    if prune:
        plan = with_deletions(plan, loaded.bundle, present, kinds & selection.kinds)
    if not plan.blocked:
        _refuse_impossible(watching.rehearse(target, plan.writes))
    unpruned = tuple(kind for kind in Kind if prune and kind in selection.kinds and kind not in kinds)
    return Import(described, plan, loaded, present, policy, selection, unpruned, unread)


def _typed(bundle: Bundle, present: Bundle) -> Bundle:
    """`bundle` with the conn_types of the target where the sources don't say them.

    Raises `InputErrors` for connections that neither side has a conn_type of.
    """
    if not any(map(is_untyped, bundle)):
        return bundle
    faults = [
        InputError(
            f"connections/{quoted(obj.id)} has no conn_type, and the target has no such connection to take it from",
            where=str(obj.origin),
            hint="add the conn_type, such as postgres, or give it with --set connections/ID.conn_type=TYPE",
        )
        for obj in bundle
        if is_untyped(obj) and present.get(obj.kind, obj.id) is None
    ]
    if faults:
        raise InputErrors(tuple(faults))
    return bundle.map(lambda obj: with_type_of(obj, present.get(obj.kind, obj.id)))


def _refuse_itself(sources: Sequence[Store], target: Store, selection: Selection) -> None:
    """Raises `UsageError` where all that is asked for from a source is written back to where it comes from."""
    for source in sources:
        kinds = selection.kinds & source.kinds & target.kinds
        if kinds and all(source.location(kind) == target.location(kind) for kind in kinds):
            raise UsageError(
                f"{target.address} is both the source and the target",
                hint="--to ADDRESS names another target; --set, --rename and --overlay change objects in place",
            )


def _refuse_empty(loaded: Loaded, selection: Selection, sources: Sequence[Store]) -> None:
    refuse_unmatched(selection, loaded.seen, sources)
    if not len(loaded.bundle):
        refuse_nothing(selection, sources, unless_empty=False)


def _refuse_impossible(outcomes: Sequence[Outcome]) -> None:
    """Raises `InputErrors` for steps that are refused, before any is carried out."""
    faults = [
        InputError(
            f"{outcome.step.kind.value}/{outcome.step.id}: {outcome.error}",
            where=str(outcome.step.source.origin) if outcome.step.source else None,
        )
        for outcome in outcomes
    ]
    if faults:
        raise InputErrors(tuple(faults))


def _failed(target: Store) -> tuple[Note, ...]:
    return tuple(note for note in target.notes if note.failed)


def _without_strangers(loaded: Loaded, target: Store) -> Loaded:
    """What was loaded without the kinds that the target has no place for. Nobody chose these, and they are told."""
    others = [kind for kind in Kind if kind not in target.kinds and loaded.bundle.of_kind(kind)]
    if not others:
        return loaded
    left_out = " and ".join(f"{len(loaded.bundle.of_kind(kind))} {kind.value}" for kind in others)
    options = " ".join(f"--{kind.value}" for kind in others)
    note = Note(target.address, f"{left_out} left out, which have no place here ({options} makes that an error)")
    rest = Selection(kinds=target.kinds).of(loaded.bundle)
    strangers = len(loaded.bundle) - len(rest)
    return replace(loaded, bundle=rest, notes=(*loaded.notes, note), strangers=strangers)


def prepare_deletion(
    target: Store, names: Sequence[str], kinds: frozenset[Kind], airflow: AirflowVersion | None = None
) -> Import:
    """A plan that deletes the objects that `names` mean. Raises as `showing.find` does."""
    if not target.capabilities.writable or target.address == "<stdin>":
        raise target.not_writable()
    target.reads_for = airflow or target.airflow()
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
    left_out = [note for note in loaded.notes if note.left_out or note.failed]
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
        hides = any(hidden_fields(step.source) for step in plan.blocked if step.source)
        fill = " (--fill ADDRESS takes what is hidden from elsewhere)" if hides else ""
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
) -> tuple[Note, ...]:
    """Writes what a plan says, and gives what the place has to tell of that.

    Raises `BlockedError` before the first write if anything is blocked, and `TargetError` as `Store.apply` does.

    `stop` is asked before an object is begun, and so no request is cut off by it. With `fail_fast`, none is begun
    before it is known what became of the one before. Objects that are to be deleted and created anew are in a file of
    `recovery` until that has been done.
    """
    refuse_blocked(plan)
    replaced = [step.source for step in plan.of(Action.REPLACE) if step.source]
    recovery.keep(replaced, target.airflow() if replaced else NEWEST)
    notes: list[Note] = []
    begun: set[tuple[Kind, str]] = set()
    failed = False

    def due() -> Iterator[Step]:
        # A place takes a step from here when it begins it, and a file takes all of them. What has begun is finished
        # and told of, also where several are written at a time.
        for step in plan.writes:
            if stop() or (failed and fail_fast):
                return
            begun.add((step.kind, step.id))
            on_begin(step)
            yield step

    singly = fail_fast and not target.capabilities.at_once
    try:
        with closing((_singly if singly else _together)(target, due(), notes)) as outcomes:
            for outcome in outcomes:
                failed = failed or outcome.error is not None
                if outcome.error is None or outcome.untried or outcome.untouched:
                    recovery.is_safe(outcome.step.kind, outcome.step.id)
                on_outcome(outcome)
    finally:
        for obj in replaced:
            if (obj.kind, obj.id) not in begun:
                recovery.is_safe(obj.kind, obj.id)
        recovery.settle()
    return tuple(notes)


def _together(target: Store, steps: Iterable[Step], notes: list[Note]) -> Generator[Outcome, None, None]:
    """What becomes of steps that the place takes as it likes, several at a time if it can."""
    yield from target.apply(steps)
    notes += target.notes


def _singly(target: Store, steps: Iterable[Step], notes: list[Note]) -> Generator[Outcome, None, None]:
    """What becomes of steps of which none is begun before the one before has ended."""
    for number, step in enumerate(steps):
        try:
            yield from target.apply([step])
        except TargetError as error:
            if not number:
                raise
            yield Outcome(step, str(error))
        notes += target.notes


def verify(prepared: Import, target: Store, done: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Reads back what was written, and gives an outcome with an error for each object that isn't as it should be.

    What the target hides can't be compared.
    """
    written = [outcome.step for outcome in done if outcome.error is None]
    ids = frozenset((step.kind, step.id) for step in written)
    if not ids:
        return ()
    present = watching.present(target, Selection(kinds=frozenset(kind for kind, _ in ids), ids=ids))
    wanted = Bundle.of(step.result() for step in written if step.action is not Action.DELETE)
    # What a merge leaves is all said: a key that came meanwhile is no part of it.
    lacking = "clear" if prepared.policy.lacking == "keep" else prepared.policy.lacking
    policy = Policy(lacking=lacking, hidden_is_equal=True)
    again = make_plan(wanted, present, target, policy)
    wrong = [
        Outcome(
            step, "it is not there" if step.action is Action.CREATE else f"not as it was written: {_fields(step)}"
        )
        for step in again.steps
        if step.action not in (Action.UNCHANGED, Action.SKIPPED)
    ]
    wrong += [
        Outcome(step, "it is still there")
        for step in written
        if step.action is Action.DELETE and present.get(step.kind, step.id) is not None
    ]
    return tuple(wrong)


def mixed(target: Store, done: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """An outcome with an error for each object that another writer had a hand in while it was written.

    What the place has to tell of that is in its notes. Raises as `Store.read`.
    """
    written = [outcome.step for outcome in done if outcome.error is None]
    target.notes = []
    found = target.mixed(written)
    return tuple(Outcome(step, CHANGED) for step in written if (step.kind, step.id) in found)


def _fields(step: Step) -> str:
    written = ", ".join(name for change in step.changes if change.is_written for name in change.names)
    return "; ".join(step.reasons) or written
