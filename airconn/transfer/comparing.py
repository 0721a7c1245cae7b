"""What a comparison of two places does: reads both as one Airflow would, and compares what they have room for."""

from __future__ import annotations

from dataclasses import dataclass

from airconn.diff import Diff, compare
from airconn.errors import InputError, InputErrors, UsageError
from airconn.formats.base import Note
from airconn.model import ALL_KINDS, AirflowVersion, Bundle, Kind, Selection
from airconn.stores.base import Store
from airconn.stores.file import FileStore
from airconn.transfer.loading import Loaded, load, load_for


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two places in words, what differs between them, and what else there is to say."""

    a: str
    b: str
    diff: Diff
    notes: tuple[Note, ...] = ()
    ignored: tuple[tuple[str, int], ...] = ()
    seen: frozenset[tuple[Kind, str]] = frozenset()
    """The ids that were read in either place."""
    strangers: bool = False
    """Whether objects were left out because the other place has no place for their kind."""


def compare_places(a: Store, b: Store, selection: Selection, airflow: AirflowVersion | None = None) -> Comparison:
    """Reads two places and compares them. Writes nothing.

    Either is read as the Airflow of the other would read it, or as `airflow` does. Where no kinds were chosen, those
    that one of the two has no place for are left out, and said to be.

    Raises `InputErrors` with the faults of both, and `UsageError` where there is nothing that both could hold.
    """
    faults: list[InputError] = []
    sides = ((a, b), (b, a))
    # A fault of a file is told whether a server runs or not.
    files = {store: _load_file(store, other, selection, airflow, faults) for store, other in sides if _is_file(store)}
    if faults:
        raise InputErrors(tuple(faults))
    described = a.describe(), b.describe()
    loaded = [
        files.get(store) or _load(store, selection, airflow or other.airflow(), faults) for store, other in sides
    ]
    if faults:
        raise InputErrors(tuple(faults))
    notes = [note for side in loaded for note in side.notes]
    strangers: list[Note] = []
    bundles = [side.bundle for side in loaded]
    if selection.kinds == ALL_KINDS:
        shared = a.kinds & b.kinds
        if not shared:
            raise UsageError(
                f"{a.address} holds {_names(a.kinds)}, and {b.address} {_names(b.kinds)}: nothing can be compared"
            )
        strangers = [*_left_out(a, bundles[1]), *_left_out(b, bundles[0])]
        bundles = [Selection(kinds=shared).of(bundle) for bundle in bundles]
    diff = compare(bundles[0], bundles[1], a.stored_form, b.stored_form)
    ignored = tuple(entry for side in loaded for entry in side.ignored)
    seen = frozenset(key for side in loaded for key in side.seen)
    return Comparison(*described, diff, (*notes, *strangers), ignored, seen, bool(strangers))


def _is_file(store: Store) -> bool:
    return isinstance(store, FileStore)


def _load_file(
    store: Store, other: Store, selection: Selection, airflow: AirflowVersion | None, faults: list[InputError]
) -> Loaded:
    try:
        return load_for([store], selection, other, airflow)
    except InputErrors as error:
        faults += error.errors
        return Loaded(Bundle())


def _load(store: Store, selection: Selection, airflow: AirflowVersion, faults: list[InputError]) -> Loaded:
    try:
        return load([store], selection, airflow)
    except InputErrors as error:
        faults += error.errors
        return Loaded(Bundle())


def _left_out(store: Store, other: Bundle) -> list[Note]:
    """What to say of the kinds that a place has no room for, where the other place has some of them."""
    kinds = frozenset(kind for kind in Kind if kind not in store.kinds and other.of_kind(kind))
    if not kinds:
        return []
    options = " ".join(f"--{kind.value}" for kind in Kind if kind in kinds)
    return [Note(store.address, f"{_names(kinds)} have no place here, and aren't compared (with {options} they are)")]


def _names(kinds: frozenset[Kind]) -> str:
    return " and ".join(kind.value for kind in Kind if kind in kinds)
