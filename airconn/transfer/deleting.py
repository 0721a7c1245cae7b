"""Prepares the deletion of single objects."""

from __future__ import annotations

from dataclasses import replace

from airconn.model import DEFAULT_POOL, Action, AirflowObject, Bundle, Kind, Step
from airconn.model.reading import Note
from airconn.plan import Plan
from airconn.stores.base import Context, Store
from airconn.transfer import reported_reads
from airconn.transfer.globs import find_named, has_globs, is_glob
from airconn.transfer.importing import Import, effects_of, refuse_read_only, refuse_shared
from airconn.transfer.loading import Loaded
from airconn.transfer.requests import DeleteRequest
from airconn.transfer.showing import Found, parse_name


def prepare_deletion(request: DeleteRequest, target: Store, context: Context) -> Import:
    """A plan that deletes the objects that the request names.

    Raises as `globs.find_named` does, and `BlockedError` where a glob may match what isn't Airflow's.
    """
    refuse_read_only(target)
    context = replace(context, airflow=request.airflow or reported_reads.airflow_of(target, context))
    described = target.describe(context)
    found = find_named(target, request.names, request.selection, context, allow_empty=request.allow_empty)
    notes: list[Note] = []
    if has_globs(request.names, request.selection):
        refuse_shared(target, frozenset(obj.kind for obj in found.objects), "a glob")
        found, notes = _without_default_pool(found, request, target)
    context = replace(context, before=found.reading)

    def step(obj: AirflowObject) -> Step:
        step = Step(obj.kind, obj.id, Action.DELETE, target=obj)
        refusal = target.refusal(step, context)
        return replace(step, action=Action.BLOCKED, reasons=(refusal,)) if refusal else step

    plan = Plan(tuple(map(step, found.objects)))
    return Import(
        described,
        plan,
        context,
        Loaded(Bundle(), tuple(notes)),
        selection=request.selection,
        unread=tuple(note for note in found.reading.notes if note.failed),
        restarts=target.capabilities.restarts if plan.writes else "",
        effects=effects_of(plan, target, context),
    )


def limit_of(request: DeleteRequest) -> int:
    """The most objects that a request may delete: as many as it names by their ids, else `max_delete`."""
    return request.max_delete if has_globs(request.names, request.selection) else len(request.names)


def _without_default_pool(found: Found, request: DeleteRequest, target: Store) -> tuple[Found, list[Note]]:
    """What was found without `default_pool`, which an Airflow can't be without, unless it is named by its id."""
    names = [parse_name(name, request.selection.kinds) for name in request.names if not is_glob(name)]
    if any(id_ == DEFAULT_POOL and Kind.POOLS in kinds for kinds, id_ in names):
        return found, []
    rest = tuple(obj for obj in found.objects if not (obj.kind is Kind.POOLS and obj.id == DEFAULT_POOL))
    kept = [Note(target.address, f"pools/{DEFAULT_POOL} is kept, because no Airflow can be without it")]
    return Found(rest, found.reading), kept if len(rest) < len(found.objects) else []
