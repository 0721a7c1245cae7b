"""Carries out `list` and `show`: reads the objects of a place."""

from __future__ import annotations

from dataclasses import dataclass, field

from airconn.errors import InputError
from airconn.model import ALL_KINDS, NEWEST, AirflowObject, AirflowVersion, Bundle, Kind, Selection
from airconn.stores.base import Context, Store
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import refuse_nothing, refuse_unmatched
from airconn.transfer.globs import find_named
from airconn.transfer.overriding import resolved
from airconn.transfer.places import Places
from airconn.transfer.request_parts import AS_THEY_TELL, SourceFormat
from airconn.transfer.results import ReadRequest, Result


@dataclass(frozen=True, slots=True)
class ListRequest(ReadRequest):
    """Which objects of which place to list."""

    source: str | None = None
    """The address of the place, if it isn't the one of the configuration."""


@dataclass(frozen=True, slots=True)
class ListedObjects(Result):
    """The selected objects of a place."""

    place: str
    """The place in words."""
    bundle: Bundle
    kinds: frozenset[Kind] = ALL_KINDS
    """The selected kinds that it can hold."""


def list_objects(request: ListRequest, places: Places) -> ListedObjects:
    """The objects of a place. Raises as `Store.read` does."""
    store = places.open_target(request.source, request.source_format)
    return list_store(request, store, places.context(request.airflow or NEWEST))


def list_store(request: ListRequest, store: Store, context: Context) -> ListedObjects:
    """The objects of a place that is open. Raises as `Store.read` does."""
    selection = request.selection
    described = store.describe(context)
    reading = reported_reads.read(store, selection, context)
    error = None
    if not request.allow_empty:
        found = [(obj.kind, obj.id) for obj in reading.bundle]
        try:
            refuse_unmatched(selection, found, [store], reading.notes, context)
            if not found:
                refuse_nothing(selection, [store], reading.notes, context, unless_empty=True)
        except InputError as refusal:
            error = refusal
    kinds = selection.kinds & described.kinds & reading.kinds
    return ListedObjects(described.text, reading.bundle, kinds, notes=reading.notes, error=error)


@dataclass(frozen=True, slots=True)
class ShowRequest:
    """Which single objects of which place to show."""

    names: tuple[str, ...]
    """The objects, each `KIND/ID`, an id that one kind has, or a glob over either. None: all that is selected."""
    source: str | None = None
    """The address of the place, if it isn't the one of the configuration."""
    source_format: SourceFormat = AS_THEY_TELL
    selection: Selection = field(default_factory=Selection)
    airflow: AirflowVersion | None = None
    allow_empty: bool = False
    """Whether a glob may match nothing."""
    resolve: tuple[str, ...] = ()
    """Which references are replaced by their values, in the words of `--resolve`."""


@dataclass(frozen=True, slots=True)
class Shown(Result):
    """The objects that were named."""

    place: str
    """The place in words."""
    objects: tuple[AirflowObject, ...]


def show_objects(request: ShowRequest, places: Places) -> Shown:
    """The objects that the request names. Raises as `globs.find_named` does."""
    store = places.open_target(request.source, request.source_format)
    context = places.context(request.airflow or NEWEST)
    described = store.describe(context)
    found = find_named(store, request.names, request.selection, context, allow_empty=request.allow_empty)
    objects = resolved(found.objects, request.resolve, places, context.airflow)
    return Shown(described.text, objects, notes=found.reading.notes)
