"""Carries out a comparison of two places: reads both for the same Airflow, and compares what both can hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial

from airconn.diff import Diff, compare
from airconn.errors import InputError, InputErrors, UsageError
from airconn.model import ALL_KINDS, NEWEST, OWN_POOL, AirflowVersion, Bundle, Kind, Selection
from airconn.model.reading import Key, Note
from airconn.stores.base import Context, Store
from airconn.stores.directory import DirectoryStore
from airconn.stores.file import FileStore
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import ALLOW, refuse_nothing, refuse_unmatched
from airconn.transfer.loading import Change, Loaded, load, load_for
from airconn.transfer.losses import refuse_notes
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.request_parts import ObjectChanges
from airconn.transfer.results import ReadRequest, Result
from airconn.transfer.standard_input import refuse_second_use


@dataclass(frozen=True, slots=True)
class DiffRequest(ReadRequest):
    """Which two places to compare, and which objects. By default each is read for the Airflow of the other."""

    a: str
    b: str
    """The addresses of both."""
    fails_on_difference: bool = False
    """Whether a difference has an exit code of its own."""
    strict: bool = False
    """Whether a warning about what is read is an error."""
    resolve: tuple[str, ...] = ()
    """Which references are replaced by their values, in the words of `--resolve`."""
    limits: tuple[Selection, ...] = ()
    """Which objects each target is limited to: only those are compared that are in all of these."""


@dataclass(frozen=True, slots=True)
class Comparison(Result):
    """The result of a comparison: both places in words, the differences, and notes."""

    a: str
    b: str
    diff: Diff
    ignored: tuple[tuple[str, int], ...] = ()
    nothing: str = ""
    """Why nothing was compared. Empty if something was."""
    fails_on_difference: bool = False

    @property
    def is_different(self) -> bool:
        return self.fails_on_difference and self.diff.is_different


def compare_places(request: DiffRequest, places: Places) -> Comparison:
    """Reads two places and compares them. Writes nothing.

    Each is read as the Airflow of the other reads it, or as that of the request does. If no kinds were chosen, those
    that one of the two can't hold are skipped, with a note.

    Raises `InputErrors` with the faults of both, and where there is nothing to compare without `allow_empty`, and
    `UsageError` where there is nothing that both could hold. With `strict` also `InputErrors` for notes on
    what was read.
    """
    refuse_second_use((request.a, request.b))
    a, b = (places.open(address, request.source_format) for address in (request.a, request.b))
    selection = request.selection
    change = make_change(ObjectChanges(resolve=request.resolve), selection, places)
    described, loaded, contexts = _load_both(a, b, request, places.context(), change)
    notes = [note for side in loaded for note in side.notes]
    strangers: list[Note] = []
    bundles = [side.bundle for side in loaded]
    if selection.kinds == ALL_KINDS:
        shared = loaded[0].kinds & loaded[1].kinds
        if not shared:
            held, other = (_names(side.kinds) for side in loaded)
            raise UsageError(f"{a.address} holds {held}, and {b.address} {other}: nothing can be compared")
        strangers = [*_left_out(a, loaded[0], bundles[1]), *_left_out(b, loaded[1], bundles[0])]
        bundles = [Selection(kinds=shared).of(bundle) for bundle in bundles]
    for limit in request.limits:
        bundles = [limit.of(bundle) for bundle in bundles]
    seen = loaded[0].seen | loaded[1].seen
    if not request.allow_empty:
        refuse_unmatched(selection, seen, [a, b], notes, contexts[0])
        if not seen:
            refuse_nothing(selection, [a, b], notes, contexts[0], unless_empty=True)
    if request.strict:
        refuse_notes((*notes, *strangers))
    forms = [partial(store.stored_form, context=context) for store, context in zip((a, b), contexts, strict=True)]
    diff = compare(bundles[0], bundles[1], forms[0], forms[1])
    nothing, error = "", None
    if not diff.objects:
        nothing = "neither side holds anything" + (" that the other can hold" if strangers else "")
        error = InputError(nothing, hint=ALLOW) if strangers and not request.allow_empty else None
    ignored = tuple(entry for side in loaded for entry in side.ignored)
    said = (*notes, *strangers)
    return Comparison(*described, diff, ignored, nothing, request.fails_on_difference, notes=said, error=error)


def _load_both(
    a: Store, b: Store, request: DiffRequest, context: Context, change: Change | None
) -> tuple[tuple[str, str], Sequence[Loaded], Sequence[Context]]:
    """Both places in words, their objects, and the contexts of the reads. Raises `InputErrors` with all faults."""
    faults: list[InputError] = []
    sides = ((a, b), (b, a))
    # A fault of a file is reported even if no server runs.
    files = {
        id(store): _load_file(store, other, request, context, faults, change)
        for store, other in sides
        if isinstance(store, FileStore | DirectoryStore)
    }
    if faults:
        raise InputErrors(tuple(faults))
    described = a.describe(context).text, b.describe(context).text
    found = dict(files)
    # A place that doesn't tell capitals is read last, and gives the ids as the other one has them.
    for store, other in sorted(sides, key=lambda side: side[0].capabilities.folds_case):
        if id(store) not in found:
            wanted = found[id(other)][0].seen if id(other) in found else frozenset[Key]()
            found[id(store)] = _load(store, other, request, replace(context, wanted=wanted), faults, change)
    if faults:
        raise InputErrors(tuple(faults))
    both = [found[id(store)] for store in (a, b)]
    return described, [loaded for loaded, _ in both], [replace(context, airflow=airflow) for _, airflow in both]


def _load_file(
    store: Store,
    other: Store,
    request: DiffRequest,
    context: Context,
    faults: list[InputError],
    change: Change | None,
) -> tuple[Loaded, AirflowVersion]:
    try:
        return load_for([store], request.selection, other, request.airflow, context, change=change)
    except InputErrors as error:
        faults += error.errors
        return Loaded(Bundle()), NEWEST


def _load(
    store: Store,
    other: Store,
    request: DiffRequest,
    context: Context,
    faults: list[InputError],
    change: Change | None,
) -> tuple[Loaded, AirflowVersion]:
    airflow = request.airflow or reported_reads.airflow_of(other, context)
    try:
        knows = request.airflow is not None or other.capabilities.is_airflow
        context = replace(context, airflow=airflow, knows_release=knows)
        return load([store], request.selection, context, change=change), airflow
    except InputErrors as error:
        faults += error.errors
        return Loaded(Bundle()), airflow


def _left_out(store: Store, loaded: Loaded, other: Bundle) -> list[Note]:
    """Notes on the kinds that a place can't hold and of which the other one has objects."""
    held = {obj.kind for obj in other if obj != OWN_POOL}
    kinds = frozenset(kind for kind in Kind if kind not in loaded.kinds and kind in held)
    if not kinds:
        return []
    options = " ".join(f"--{kind.value}" for kind in Kind if kind in kinds)
    return [Note(store.address, f"can't hold {_names(kinds)}, which aren't compared ({options} compares them)")]


def _names(kinds: frozenset[Kind]) -> str:
    return " and ".join(kind.value for kind in Kind if kind in kinds)
