"""Prepares an import: reads the sources and the target, refuses impossible requests, and makes the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from airconn.errors import BlockedError, InputError, InputErrors, UsageError
from airconn.formats.base import quoted
from airconn.model import (
    ALL_KINDS,
    OWN_POOL,
    AirflowObject,
    Bundle,
    Kind,
    Outcome,
    Selection,
    Step,
    is_hidden_whole,
    is_untyped,
    with_type_of,
)
from airconn.model.placeholders import is_whole
from airconn.model.reading import Note, Reading
from airconn.plan import Plan, Policy, TargetRules, make_plan, with_deletions
from airconn.stores.base import (
    DEFAULT_CONTEXT,
    Context,
    Description,
    Store,
    TellsEffects,
    TellsLosses,
    TellsShadowed,
    read_only,
)
from airconn.stores.directory import refuse_as_target
from airconn.stores.file import FileStore
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import ALLOW, refuse_empty, refuse_unmatched
from airconn.transfer.loading import Change, Load, Loaded, load, load_for
from airconn.transfer.losses import refuse_notes
from airconn.transfer.requests import ImportRequest


@dataclass(frozen=True, slots=True)
class Import:
    """An import, or a deletion, that is ready to be carried out."""

    description: Description
    """The description of the target."""
    plan: Plan
    context: Context = DEFAULT_CONTEXT
    """The context for carrying out the plan, with what was read of the target."""
    loaded: Loaded = field(default_factory=lambda: Loaded(Bundle()))
    policy: Policy = field(default_factory=Policy)
    selection: Selection = field(default_factory=Selection)
    unpruned: tuple[Kind, ...] = ()
    """The kinds of which nothing is deleted, because the sources have none of them."""
    unread: tuple[Note, ...] = ()
    """The notes on objects of the target that it failed to give."""
    shadowed: tuple[Note, ...] = ()
    """The notes on objects that Airflow finds in another place before the target."""
    restarts: str = ""
    """What the writes of the plan interrupt. Empty if nothing is."""
    effects: tuple[str, ...] = ()
    """What the writes of the plan do besides."""

    @property
    def target(self) -> str:
        """The target in words."""
        return self.description.text

    @property
    def present(self) -> Bundle:
        """The objects of the target that the plan is about."""
        return self.context.before.bundle if self.context.before else Bundle()


@dataclass(frozen=True, slots=True)
class OpenedImport:
    """The opened places of an import, and the change of the objects on the way."""

    target: Store
    sources: Sequence[Store]
    fills: Sequence[Store] = ()
    change: Change | None = None
    load: Load = load
    """Reads the sources and the fills, and applies the change."""
    only_resolves: bool = False
    """Whether the change, if there is one, only follows references: in its own source it would write the secrets."""

    @property
    def changes_nothing(self) -> bool:
        return (self.change is None or self.only_resolves) and not self.fills


def refuse_read_only(target: Store) -> None:
    """Raises `UsageError` for a place that can't be written to."""
    if not target.capabilities.writable:
        raise read_only(target)


def target_rules(target: Store, context: Context, description: Description) -> TargetRules:
    """The rules of a store for a plan."""

    def stored_form(obj: AirflowObject) -> AirflowObject:
        return target.stored_form(obj, context)

    def refusal(step: Step) -> str:
        return target.refusal(step, context)

    return TargetRules(stored_form, refusal, description.hides_no_password)


def prepare(request: ImportRequest, opened: OpenedImport, context: Context) -> Import:
    """Reads and validates the objects, and makes the plan. Writes nothing.

    Raises `UsageError` where the target is a source and nothing changes on the way, `InputErrors` for objects that
    the target would refuse, each with its origin, `BlockedError` where the deletions of `prune` could be of what the
    sources only seem to lack, and what `Rehearses.rehearse` raises. Without `allow_empty` also `InputErrors` for a
    glob that matches nothing, and where the sources hold nothing that the target has a place for. With `strict` also
    `InputErrors` for losses and for notes on what was read.
    """
    target, sources, selection = opened.target, opened.sources, request.selection
    refuses_empty = not (request.allow_empty or request.prune)
    refuse_read_only(target)
    refuse_as_target(sources, target.path if isinstance(target, FileStore) else None)
    if opened.changes_nothing:
        _refuse_itself(sources, target, selection)

    def check(loaded: Loaded, context: Context) -> None:
        if request.strict:
            refuse_notes(loaded.notes)
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
        is_planned=True,
        on_loaded=check,
        load=opened.load,
    )
    # Another run wouldn't complete an object if it doesn't compare it, or doesn't update it.
    is_assumed = request.policy.hidden_is_equal and target.capabilities.hides
    whole = request.policy.on_existing != "overwrite" or is_assumed
    context = replace(context, airflow=airflow, writes=selection.kinds, whole=whole)
    described = reported_reads.describe(target, context)
    if selection.kinds == ALL_KINDS:
        loaded = _without_strangers(loaded, target, described)
        if loaded.strangers and not len(loaded.bundle) and refuses_empty:
            raise InputError(f"{loaded.notes[-1].message}: nothing is left", where=target.address, hint=ALLOW)
        if request.strict:
            refuse_notes(loaded.notes)
    context = replace(context, wanted=frozenset((obj.kind, obj.id) for obj in loaded.bundle))
    _refuse_unholdable(loaded.bundle, target, context)
    kinds = frozenset(kind for kind, _ in context.wanted)
    if request.prune:
        _refuse_doubtful(loaded)
        refuse_shared(target, kinds & selection.kinds)
    reading = _read_target(request, opened, loaded, kinds, context)
    context = replace(context, before=reading)
    bundle = _typed(loaded.bundle, reading.bundle)
    plan = make_plan(bundle, reading.bundle, target_rules(target, context, described), request.policy)
    if request.prune:
        plan = with_deletions(plan, bundle, reading.bundle, kinds & selection.kinds)
    if not plan.blocked:
        _refuse_impossible(reported_reads.rehearse(target, plan.writes, context))
        if request.strict and isinstance(target, TellsLosses):
            refuse_notes(target.losses(plan.writes, context))
    return Import(
        described,
        plan,
        context,
        replace(loaded, bundle=bundle),
        request.policy,
        selection,
        unpruned=tuple(kind for kind in Kind if request.prune and kind in selection.kinds and kind not in kinds),
        unread=tuple(note for note in reading.notes if note.failed),
        shadowed=_shadowed(target, described, plan, context),
        restarts=target.capabilities.restarts if plan.writes else "",
        effects=effects_of(plan, target, context),
    )


def _shadowed(target: Store, described: Description, plan: Plan, context: Context) -> tuple[Note, ...]:
    """The notes on the objects of a plan that Airflow wouldn't find in the target."""
    keys = frozenset((step.kind, step.id) for step in plan.steps if step.source is not None)
    if keys and isinstance(target, TellsShadowed):
        return tuple(target.shadowed(keys, context))
    message = (
        "at Astro, an object of the Environment Manager with the same id comes first "
        "(airconn explain --astro shows it)"
    )
    return (Note(target.address, message, is_detail=True),) if keys and described.is_at_astro else ()


def effects_of(plan: Plan, target: Store, context: Context) -> tuple[str, ...]:
    """What the writes of a plan do besides what its steps say. Nothing for a plan that is blocked."""
    if plan.blocked or not plan.writes or not isinstance(target, TellsEffects):
        return ()
    return tuple(target.effects(plan.writes, context))


def _read_target(
    request: ImportRequest, opened: OpenedImport, loaded: Loaded, kinds: frozenset[Kind], context: Context
) -> Reading:
    """The objects of the target with the loaded ids and, with `prune`, all selected ones."""
    target, selection, ids = opened.target, request.selection, context.wanted
    if not ids:
        return Reading()
    if not request.prune:
        return reported_reads.read(target, Selection(kinds=kinds, ids=ids), context)
    # Renamed objects may be outside of the globs, and are looked for by their ids.
    reading = reported_reads.read(target, replace(selection, kinds=kinds & selection.kinds), context)
    found = frozenset((obj.kind, obj.id) for obj in reading.bundle)
    if outside := ids - found:
        others = reported_reads.read(target, Selection(kinds=kinds, ids=outside), replace(context, before=reading))
        reading = reported_reads.joined(reading, others)
    if not request.allow_empty:
        places, notes = [*opened.sources, target], (*loaded.notes, *reading.notes)
        refuse_unmatched(selection, loaded.seen | found, places, notes, replace(context, writes=None))
    return reading


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
    """`bundle` with the conn_types of the target, if the sources don't have them.

    Raises `InputErrors` for connections without a conn_type on both sides.
    """
    if not any(map(is_untyped, bundle)):
        return bundle
    faults = [
        InputError(
            f"connections/{quoted(obj.id)} has no conn_type, and the target has no such connection",
            where=str(obj.origin),
            hint="add the conn_type, such as postgres, or give it with --set connections/ID.conn_type=TYPE",
        )
        for obj in bundle
        if is_untyped(obj)
        and present.get(obj.kind, obj.id) is None
        # A plan is blocked by these.
        and not (is_whole(obj) or is_hidden_whole(obj))
    ]
    if faults:
        raise InputErrors(tuple(faults))
    return bundle.map(lambda obj: with_type_of(obj, present.get(obj.kind, obj.id)))


def _refuse_itself(sources: Sequence[Store], target: Store, selection: Selection) -> None:
    """Raises `UsageError` if all selected objects of a source would be written back to where they come from."""
    for source in sources:
        kinds = selection.kinds & source.capabilities.kinds & target.capabilities.kinds
        if kinds and all(source.location(kind) == target.location(kind) for kind in kinds):
            raise UsageError(
                f"{target.address} is both the source and the target",
                hint="--to ADDRESS sets another target; --set, --rename and --overlay change objects in place",
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
    """`loaded` without objects of kinds that the target can't hold and that weren't chosen, with a note on these."""
    others = [kind for kind in Kind if kind not in described.kinds and loaded.bundle.of_kind(kind)]
    if not others:
        return loaded
    left_out = " and ".join(f"{len(loaded.bundle.of_kind(kind))} {kind.value}" for kind in others)
    options = " ".join(f"--{kind.value}" for kind in others)
    is_usual = all(obj == OWN_POOL for kind in others for obj in loaded.bundle.of_kind(kind).values())
    message = f"{left_out} skipped, because this target can't hold them ({options} makes that an error)"
    note = Note(target.address, message, is_minor=is_usual)
    rest = Selection(kinds=described.kinds).of(loaded.bundle)
    strangers = len(loaded.bundle) - len(rest)
    return replace(loaded, bundle=rest, notes=(*loaded.notes, note), strangers=strangers)


def _refuse_doubtful(loaded: Loaded) -> None:
    """Raises `BlockedError` if the sources may have objects that were overlooked, which `prune` would delete."""
    if not len(loaded.bundle):
        raise BlockedError(
            "the sources hold nothing that is selected, and --prune would delete all there is",
            hint="check the file and the selection",
        )
    left_out = [note for note in loaded.notes if note.left_out or note.failed]
    if left_out:
        raise BlockedError(
            f"{left_out[0].message}, and --prune would delete it",
            where=left_out[0].where,
            hint="correct the source first, or leave out --prune",
        )


def refuse_shared(target: Store, kinds: frozenset[Kind], by: str = "--prune") -> None:
    """Raises `BlockedError` if the target may hold entries that only look like objects of these kinds.

    `by` says what would delete them.
    """
    for kind in (kind for kind in Kind if kind in kinds):
        if reason := target.capabilities.unprunable.get(kind):
            raise BlockedError(
                f"{reason}, and {by} would delete it",
                where=target.address,
                hint="give each kind a prefix of its own, or delete by name: airconn delete KIND/ID",
            )
