"""Reads the sources of a request together, fills hidden values, and applies changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import starmap
from typing import Protocol, runtime_checkable

from airconn.errors import AirconnError, InputError, InputErrors, UnfitError
from airconn.model import ALL_KINDS, NEWEST, AirflowVersion, Bundle, Kind, Selection, fill, hidden_fields, rules_for
from airconn.model.placeholder_warnings import warnings
from airconn.model.reading import Key, Note
from airconn.stores.base import Context, Store
from airconn.transfer import reported_reads

Change = Callable[[Bundle, AirflowVersion], Bundle]
"""Changes the objects of the sources, for the Airflow that they are read for."""


class Load(Protocol):
    """Reads sources as `load` does."""

    def __call__(
        self,
        sources: Sequence[Store],
        selection: Selection,
        context: Context,
        *,
        fills: Sequence[Store] = (),
        change: Change | None = None,
        is_planned: bool = False,
    ) -> Loaded: ...


@runtime_checkable
class TellsUnused(Protocol):
    """A change that knows which parts of it the sources have no object for."""

    def unused(self, bundle: Bundle) -> Iterable[Note]:
        """Notes on these. `bundle` is what the sources hold before the change."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """The objects of all sources together."""

    bundle: Bundle
    notes: tuple[Note, ...] = ()
    ignored: tuple[tuple[str, int], ...] = ()
    """The number of entries that aren't for Airflow, for each source with any."""
    seen: frozenset[Key] = frozenset()
    """The ids that were read, and those after changes."""
    strangers: int = 0
    """The number of objects that were skipped because the target can't hold their kind."""
    kinds: frozenset[Kind] = ALL_KINDS
    """The kinds that the sources can hold."""


def load(
    sources: Sequence[Store],
    selection: Selection,
    context: Context,
    *,
    fills: Sequence[Store] = (),
    change: Change | None = None,
    is_planned: bool = False,
) -> Loaded:
    """The selected objects of all sources, read for the Airflow of the context.

    Hidden values are filled from `fills`, one after the other, and then `change` is applied. With `is_planned`, a
    plan follows, which says itself which placeholders block it; otherwise a note does.
    Raises `InputErrors` with the faults of all of them, and where an id comes twice with different values.
    """
    return changed(gather(sources, selection, context, fills), change, context.airflow, is_planned=is_planned)


def gather(sources: Sequence[Store], selection: Selection, context: Context, fills: Sequence[Store] = ()) -> Loaded:
    """What `load` gives before the change of the objects, and without warnings about these."""
    bundles: list[Bundle] = []
    notes: list[Note] = []
    ignored: list[tuple[str, int]] = []
    faults: list[InputError] = []
    kinds: frozenset[Kind] = frozenset()
    for store in sources:
        with collecting(faults):
            reading = reported_reads.read(store, selection, context)
            bundles.append(reading.bundle)
            notes += reading.notes
            kinds |= reading.kinds & store.capabilities.kinds
            if reading.ignored:
                ignored.append((store.address, reading.ignored))
                if len(sources) > 1 and not len(reading.bundle) and selection == Selection():
                    notes.append(Note(store.address, "no AIRFLOW_CONN_* or AIRFLOW_VAR_* in it: nothing is read"))
    if faults:
        raise InputErrors(tuple(faults))
    bundle = bundles[0] if len(bundles) == 1 else Bundle.of(obj for bundle in bundles for obj in bundle)
    for store in fills:
        bundle, said = _filled(bundle, store, context)
        notes += said
    return Loaded(bundle, tuple(notes), tuple(ignored), kinds=kinds)


def changed(gathered: Loaded, change: Change | None, airflow: AirflowVersion, *, is_planned: bool) -> Loaded:
    """What was gathered with `change` applied to it, and with warnings about what it is then."""
    before = gathered.bundle
    bundle = change(before, airflow) if change else before
    seen = frozenset((obj.kind, obj.id) for some in (before, bundle) for obj in some)
    unused = change.unused(before) if isinstance(change, TellsUnused) else ()
    notes = (*gathered.notes, *unused, *starmap(Note, warnings(bundle, is_planned=is_planned)))
    return replace(gathered, bundle=bundle, notes=notes, seen=seen)


@contextmanager
def collecting(faults: list[InputError]) -> Iterator[None]:
    """Within this block a raised fault of the input ends the block, and is added to `faults`."""
    try:
        yield
    except InputErrors as error:
        faults += error.errors
    except InputError as error:
        faults.append(error)


def _filled(bundle: Bundle, store: Store, context: Context) -> tuple[Bundle, Sequence[Note]]:
    """`bundle` with the hidden values that `store` shows, and notes on those that can't be filled."""
    lacking = frozenset((obj.kind, obj.id) for obj in bundle if hidden_fields(obj))
    if not lacking:
        return bundle, ()
    other = reported_reads.read(store, Selection(kinds=frozenset(kind for kind, _ in lacking), ids=lacking), context)
    # An Airflow 2 hides also the password that a connection doesn't have and, where its id has a slash, the extra.
    # Files may lack what is in the Airflow.
    is_whole = store.capabilities.is_airflow and not store.capabilities.hides
    return bundle.map(lambda obj: fill(obj, other.bundle.get(obj.kind, obj.id), is_whole=is_whole)), other.notes


def load_for(
    sources: Sequence[Store],
    selection: Selection,
    target: Store,
    airflow: AirflowVersion | None,
    context: Context,
    *,
    fills: Sequence[Store] = (),
    change: Change | None = None,
    is_planned: bool = False,
    on_loaded: Callable[[Loaded, Context], None] = lambda loaded, context: None,
    load: Load = load,
) -> tuple[Loaded, AirflowVersion]:
    """The sources as `airflow` or else the Airflow of `target` reads them, and that Airflow.

    They are read before the target is asked anything, so that faults of the input are reported without a server.
    `on_loaded` checks what was read, and raises for faults. `load` reads them.
    """
    first: AirconnError | None = None
    loaded = None
    knows = airflow is not None or target.capabilities.is_airflow
    try:
        reads = replace(context, airflow=airflow or NEWEST, knows_release=knows)
        loaded = load(sources, selection, reads, fills=fills, change=change, is_planned=is_planned)
        on_loaded(loaded, reads)
    except (InputError, UnfitError) as error:
        first, loaded = error, None
    if first and airflow:
        raise first
    try:
        version = airflow or reported_reads.airflow_of(target, context)
    except AirconnError:
        if first:
            raise first from None
        raise
    if loaded is None or (rules_for(version) != rules_for(NEWEST) and airflow is None):
        reads = replace(context, airflow=version, knows_release=knows)
        loaded = load(sources, selection, reads, fills=fills, change=change, is_planned=is_planned)
        on_loaded(loaded, reads)
    return loaded, version
