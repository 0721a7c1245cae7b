"""Prepares an import: reads the sources and the target, refuses what can't be done, and makes the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from airconn.errors import BlockedError, InputError, InputErrors, UsageError
from airconn.formats.base import quoted
from airconn.model import (
    ALL_KINDS,
    AirflowObject,
    Bundle,
    Kind,
    Outcome,
    Selection,
    Step,
    is_untyped,
    with_type_of,
)
from airconn.model.reading import Note, Reading
from airconn.plan import Plan, Policy, TargetRules, make_plan, with_deletions
from airconn.stores.base import DEFAULT_CONTEXT, Context, Description, Store, read_only
from airconn.transfer import watching
from airconn.transfer.loading import Change, Loaded, load_for
from airconn.transfer.nothing import ALLOW, refuse_empty, refuse_unmatched
from airconn.transfer.requests import ImportRequest


@dataclass(frozen=True, slots=True)
class Import:
    """An import, or a deletion, that is ready to be carried out."""

    description: Description
    """What the target is."""
    plan: Plan
    context: Context = DEFAULT_CONTEXT
    """What the plan is carried out for, with what was read of the target."""
    loaded: Loaded = field(default_factory=lambda: Loaded(Bundle()))
    policy: Policy = field(default_factory=Policy)
    selection: Selection = field(default_factory=Selection)
    unpruned: tuple[Kind, ...] = ()
    """The kinds of which nothing is deleted, because the sources have none of them."""
    unread: tuple[Note, ...] = ()
    """The notes on objects of the target that it failed to give."""

    @property
    def target(self) -> str:
        """The target in words."""
        return self.description.text

    @property
    def present(self) -> Bundle:
        """What the target holds of it."""
        return self.context.before.bundle if self.context.before else Bundle()


@dataclass(frozen=True, slots=True)
class OpenedImport:
    """The places of an import, and what is done to the objects on the way."""

    target: Store
    sources: Sequence[Store]
    fills: Sequence[Store] = ()
    change: Change | None = None

    @property
    def changes_nothing(self) -> bool:
        return self.change is None and not self.fills


def refuse_read_only(target: Store) -> None:
    """Raises `UsageError` where a place can't be written to."""
    if not target.capabilities.writable:
        raise read_only(target)


def target_rules(target: Store, context: Context, description: Description) -> TargetRules:
    """How a store takes objects, for a plan."""

    def stored_form(obj: AirflowObject) -> AirflowObject:
        return target.stored_form(obj, context)

    def refusal(step: Step) -> str:
        return target.refusal(step, context)

    return TargetRules(stored_form, refusal, description.hides_no_password)


def prepare(request: ImportRequest, opened: OpenedImport, context: Context) -> Import:
    """Reads, validates and plans. Writes nothing.

    Raises `UsageError` where the target is a source and nothing changes on the way, `InputErrors` for objects that
    the target would refuse, each with its origin, `BlockedError` where the deletions of `prune` could be of what the
    sources only seem to lack, and what `Rehearses.rehearse` raises. Without `allow_empty` also `InputErrors` for a
    glob that matches nothing, and where the sources hold nothing that the target has a place for.
    """
    target, sources, selection = opened.target, opened.sources, request.selection
    refuses_empty = not (request.allow_empty or request.prune)
    refuse_read_only(target)
    if opened.changes_nothing:
        _refuse_itself(sources, target, selection)

    def check(loaded: Loaded, context: Context) -> None:
        if refuses_empty:
            refuse_empty(selection, loaded, sources, context, unless_empty=False)

    loaded, airflow = load_for(
        sources,
        selection,
        target,
        request.airflow,
        context,
        fills=opened.fills,
        change=opened.change,
        on_loaded=check,
    )
    # Another run finds an object and doesn't look into it, or doesn't touch it, and so doesn't complete it.
    is_assumed = request.policy.hidden_is_equal and target.capabilities.hides
    whole = request.policy.on_existing != "overwrite" or is_assumed
    context = replace(context, airflow=airflow, writes=selection.kinds, whole=whole)
    described = watching.describe(target, context)
    if selection.kinds == ALL_KINDS:
        loaded = _without_strangers(loaded, target, described)
        if loaded.strangers and not len(loaded.bundle) and refuses_empty:
            raise InputError(f"{loaded.notes[-1].message}: nothing is left", where=target.address, hint=ALLOW)
    context = replace(context, wanted=frozenset((obj.kind, obj.id) for obj in loaded.bundle))
    _refuse_unholdable(loaded.bundle, target, context)
    kinds = frozenset(kind for kind, _ in context.wanted)
    if request.prune:
        _refuse_doubtful(loaded)
        _refuse_shared(target, kinds & selection.kinds)
    reading = _read_target(request, opened, loaded, kinds, context)
    context = replace(context, before=reading)
    bundle = _typed(loaded.bundle, reading.bundle)
    plan = make_plan(bundle, reading.bundle, target_rules(target, context, described), request.policy)
    if request.prune:
        plan = with_deletions(plan, bundle, reading.bundle, kinds & selection.kinds)
    if not plan.blocked:
        _refuse_impossible(watching.rehearse(target, plan.writes, context))
    return Import(
        described,
        plan,
        context,
        replace(loaded, bundle=bundle),
        request.policy,
        selection,
        unpruned=tuple(kind for kind in Kind if request.prune and kind in selection.kinds and kind not in kinds),
        unread=tuple(note for note in reading.notes if note.failed),
    )


def _read_target(
    request: ImportRequest, opened: OpenedImport, loaded: Loaded, kinds: frozenset[Kind], context: Context
) -> Reading:
    """What the target holds of the objects that were loaded and, with `prune`, of all that is selected."""
    target, selection, ids = opened.target, request.selection, context.wanted
    if not ids:
        return Reading()
    if not request.prune:
        return watching.read(target, Selection(kinds=kinds, ids=ids), context)
    # What the sources rename or add may be outside of the globs, and is looked for by its id.
    reading = watching.read(target, replace(selection, kinds=kinds & selection.kinds), context)
    found = frozenset((obj.kind, obj.id) for obj in reading.bundle)
    if outside := ids - found:
        others = watching.read(target, Selection(kinds=kinds, ids=outside), replace(context, before=reading))
        reading = _joined(reading, others)
    if not request.allow_empty:
        places, notes = [*opened.sources, target], (*loaded.notes, *reading.notes)
        refuse_unmatched(selection, loaded.seen | found, places, notes, replace(context, writes=None))
    return reading


def _joined(first: Reading, second: Reading) -> Reading:
    """Two readings of a place, one soon after the other, as one. The version is the one of the first."""
    return replace(
        first,
        bundle=Bundle.of([*first.bundle, *second.bundle]),
        notes=tuple(dict.fromkeys((*first.notes, *second.notes))),
        unreadable={**first.unreadable, **second.unreadable},
        passed_over={**first.passed_over, **second.passed_over},
        versions={**first.versions, **second.versions},
    )


def _refuse_unholdable(bundle: Bundle, target: Store, context: Context) -> None:
    """Raises `InputErrors` for objects that the target would refuse."""
    faults = [
        InputError(f"{obj.kind.value}/{obj.id}: {problem}", where=str(obj.origin))
        for obj in bundle
        for problem in target.problems(obj, context)
    ]
    if faults:
        raise InputErrors(tuple(faults))


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
        kinds = selection.kinds & source.capabilities.kinds & target.capabilities.kinds
        if kinds and all(source.location(kind) == target.location(kind) for kind in kinds):
            raise UsageError(
                f"{target.address} is both the source and the target",
                hint="--to ADDRESS names another target; --set, --rename and --overlay change objects in place",
            )


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


def _without_strangers(loaded: Loaded, target: Store, described: Description) -> Loaded:
    """What was loaded without the kinds that the target can't hold, which weren't chosen, and a note of these."""
    others = [kind for kind in Kind if kind not in described.kinds and loaded.bundle.of_kind(kind)]
    if not others:
        return loaded
    left_out = " and ".join(f"{len(loaded.bundle.of_kind(kind))} {kind.value}" for kind in others)
    options = " ".join(f"--{kind.value}" for kind in others)
    note = Note(target.address, f"{left_out} left out, which have no place here ({options} makes that an error)")
    rest = Selection(kinds=described.kinds).of(loaded.bundle)
    strangers = len(loaded.bundle) - len(rest)
    return replace(loaded, bundle=rest, notes=(*loaded.notes, note), strangers=strangers)


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
        if reason := target.capabilities.unprunable.get(kind):
            raise BlockedError(
                f"{reason}, and --prune would delete it",
                where=target.address,
                hint="give each kind a prefix of its own, or delete by name: airconn delete KIND/ID",
            )
