"""Compares more than two places: reads them side by side, each for the Airflow of the others."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from airconn.diff_many import DiffOfMany, Side, compare_many
from airconn.errors import AirconnError, InputError, InputErrors
from airconn.model import ALL_KINDS, NEWEST, OWN_POOL, AirflowVersion, Bundle, Kind, Selection, number_of, rules_for
from airconn.model.reading import Key, Note
from airconn.stores.base import Context, Store, unwatched
from airconn.targets import Target
from airconn.transfer.empty_runs import ALLOW, refuse_nothing, refuse_unmatched
from airconn.transfer.loading import Change, Loaded, collecting, load
from airconn.transfer.losses import refuse_notes
from airconn.transfer.many.members import Failure, Member, in_turn, is_text, open_members
from airconn.transfer.many.target_threads import Reads
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.request_parts import ObjectChanges
from airconn.transfer.results import ReadRequest
from airconn.transfer.standard_input import refuse_second_use


@dataclass(frozen=True, slots=True)
class DiffOfManyRequest(ReadRequest):
    """Which objects of several places to compare."""

    strict: bool = False
    """Whether a warning about what is read is an error."""
    resolve: tuple[str, ...] = ()
    """Which references are replaced by their values, in the words of `--resolve`."""


@dataclass(frozen=True, slots=True)
class ComparedPlace:
    """A place that was compared."""

    label: str
    text: str
    """The place in words."""
    bundle: Bundle


@dataclass(frozen=True, slots=True)
class ComparisonOfMany:
    """The result of a comparison of several places."""

    places: Sequence[ComparedPlace]
    """The places that could be read, by their numbers in the diff."""
    diff: DiffOfMany
    failures: Sequence[Failure]
    skipped: Sequence[str]
    """The names of those that weren't begun after a failure."""
    notes: Sequence[tuple[str, Note]] = ()
    """Notes, each with the name of its place."""
    ignored: Sequence[tuple[str, int]] = ()
    nothing: str = ""
    """Why nothing was compared. Empty if something was."""
    error: AirconnError | None = None


@dataclass(frozen=True, slots=True)
class _PlaceRead:
    """What was read of a place."""

    text: str
    airflow: AirflowVersion
    """The Airflow that it was read for."""
    loaded: Loaded


def compare_targets(
    request: DiffOfManyRequest, targets: Sequence[Target], places: Places, reads: Reads
) -> ComparisonOfMany:
    """Reads the places and compares them. A place that fails doesn't stop the others. Writes nothing.

    Files and backends are read for the Airflow of the request, or of the first place that is an Airflow. Raises
    `InputErrors` with the faults of all files, and where there is nothing to compare without `allow_empty`; with
    `strict` also for notes on what was read.
    """
    refuse_second_use([target.address for target in targets])
    members, unopened = open_members(targets, places, request.source_format)
    change = in_turn(make_change(ObjectChanges(resolve=request.resolve), request.selection, places))
    reading = _PlaceReads(request, members, reads, change, replace(places.context(), watch=unwatched))
    found = reading.run()
    compared = [member for member in members if member.label in found]
    failures = [*unopened, *reading.failures]
    skipped = [member.label for member in members if member.label not in found and member.label not in reading.failed]
    loaded = [found[member.label].loaded for member in compared]
    notes = [(member.label, note) for member, side in zip(compared, loaded, strict=True) for note in side.notes]
    strangers = list(_left_out(compared, loaded)) if request.selection.kinds == ALL_KINDS else []
    if not failures and not skipped and not request.allow_empty:
        _refuse_nothing(request, compared, loaded, reading.context)
    if request.strict:
        refuse_notes([note for _, note in (*notes, *strangers)])
    sides = [_side(member, found[member.label], request, reading.context) for member in compared]
    diff = compare_many(sides)
    nothing, error = "", None
    if not diff.objects and not failures:
        nothing = "none of them holds anything" + (" that others can hold" if strangers else "")
        error = InputError(nothing, hint=ALLOW) if strangers and not request.allow_empty else None
    return ComparisonOfMany(
        [
            ComparedPlace(member.label, found[member.label].text, side.bundle)
            for member, side in zip(compared, sides, strict=True)
        ],
        diff,
        failures,
        skipped,
        [*notes, *reading.notes, *strangers],
        [entry for side in loaded for entry in side.ignored],
        nothing,
        error,
    )


class _PlaceReads:
    """The reads of all places.

    Files come first, whose faults are told whether servers run or not, and Airflows before what is read for them.
    """

    def __init__(
        self,
        request: DiffOfManyRequest,
        members: Sequence[Member],
        reads: Reads,
        change: Change | None,
        context: Context,
    ) -> None:
        self.context = context
        self.failures: list[Failure] = []
        self.failed: set[str] = set()
        self.notes: list[tuple[str, Note]] = []
        self._request = request
        self._members = members
        self._reads = reads
        self._change = change
        self._found: dict[str, _PlaceRead] = {}

    def run(self) -> dict[str, _PlaceRead]:
        """What was read of each place, by its name. Raises `InputErrors` with the faults of the files."""
        files = [member for member in self._members if is_text(member.store)]
        others = [member for member in self._members if member not in files]
        airflows = [member for member in others if member.store.capabilities.is_airflow]
        rest = [member for member in others if member not in airflows]
        chosen = self._request.airflow
        faults = self._read_files(files, chosen or NEWEST)
        if faults and (chosen or not airflows):
            raise InputErrors(tuple(faults))
        self._read(airflows, chosen)
        versions = [self._found[one.label].airflow for one in airflows if one.label in self._found]
        common = chosen or next(iter(versions), NEWEST)
        if faults or rules_for(common) != rules_for(NEWEST):
            faults = self._read_files(files, common)
        if faults:
            raise InputErrors(tuple(faults))
        self._note_other_rules(files, common, versions)
        # A place that doesn't tell capitals is read last, and gives the ids as the others have them.
        self._read([one for one in rest if not one.store.capabilities.folds_case], common)
        wanted = frozenset(key for read in self._found.values() for key in read.loaded.seen)
        self.context = replace(self.context, wanted=wanted)
        self._read([one for one in rest if one.store.capabilities.folds_case], common)
        return self._found

    def _read_files(self, files: Sequence[Member], airflow: AirflowVersion) -> list[InputError]:
        """The faults of the files as an Airflow reads them."""
        faults: list[InputError] = []
        for member in files:
            with collecting(faults):
                self._found[member.label] = self._read_one(member, member.target.airflow or airflow)
        return faults

    def _read(self, members: Sequence[Member], airflow: AirflowVersion | None) -> None:
        """Reads places, for their own Airflow without another one."""
        if not members:
            return
        for one in self._reads.run(lambda member: self._read_one(member, airflow), members):
            if one.result is not None:
                self._found[one.member.label] = one.result
            elif one.failure is not None:
                self.failures.append(one.failure)
                self.failed.add(one.member.label)

    def _read_one(self, member: Member, airflow: AirflowVersion | None) -> _PlaceRead:
        described = member.store.describe(self.context)
        version = airflow or member.target.airflow or described.airflow
        knows = self._request.airflow is not None or member.store.capabilities.is_airflow
        context = replace(self.context, airflow=version, knows_release=knows)
        return _PlaceRead(
            described.text,
            version,
            load([member.store], member.selection(self._request.selection), context, change=self._change),
        )

    def _note_other_rules(
        self, files: Sequence[Member], common: AirflowVersion, versions: Iterable[AirflowVersion]
    ) -> None:
        """Notes on files whose objects one of the Airflows reads differently from the one that they are read for."""
        for version in dict.fromkeys(versions):
            if rules_for(version) == rules_for(common):
                continue
            for member in files:
                read = self._found[member.label]
                other = self._read_one(member, version).loaded.bundle
                ours = read.loaded.bundle
                keys = {(obj.kind, obj.id) for bundle in (ours, other) for obj in bundle}
                if number := sum(ours.get(*key) != other.get(*key) for key in keys):
                    text = f"Airflow {version} reads {number_of(number)} differently; compared as {common} reads them"
                    self.notes.append((member.label, Note(member.store.address, text)))


def _refuse_nothing(
    request: DiffOfManyRequest, members: Sequence[Member], loaded: Sequence[Loaded], context: Context
) -> None:
    """Raises `InputErrors` for globs that match nothing, and `InputError` where no place has what is selected."""
    seen: frozenset[Key] = frozenset[Key]().union(*(side.seen for side in loaded))
    stores = [member.store for member in members]
    notes = [note for side in loaded for note in side.notes]
    refuse_unmatched(request.selection, seen, stores, notes, context)
    if not seen:
        refuse_nothing(request.selection, stores, notes, context, unless_empty=True)


def _side(member: Member, read: _PlaceRead, request: DiffOfManyRequest, context: Context) -> Side:
    own = replace(context, airflow=read.airflow)
    kinds = request.selection.kinds
    kinds = read.loaded.kinds if kinds == ALL_KINDS else kinds
    return Side(
        read.loaded.bundle,
        partial(member.store.stored_form, context=own),
        _form_key(member.store, read),
        kinds,
        member.selection(Selection()),
    )


def _form_key(store: Store, read: _PlaceRead) -> Hashable:
    """Equal for two places that surely give objects the same form: files as they are, and Airflows of one release."""
    if is_text(store):
        return "as it is"
    return (type(store), read.text.partition(" at ")[0]) if store.capabilities.is_airflow else id(store)


def _left_out(members: Sequence[Member], loaded: Sequence[Loaded]) -> Iterable[tuple[str, Note]]:
    """Notes on the kinds that a place can't hold and of which others have objects."""
    held = {obj.kind for side in loaded for obj in side.bundle if obj != OWN_POOL}
    for member, side in zip(members, loaded, strict=True):
        if kinds := [kind for kind in Kind if kind in held and kind not in side.kinds]:
            names, options = " and ".join(kind.value for kind in kinds), " ".join(f"--{kind.value}" for kind in kinds)
            text = f"can't hold {names}, which aren't compared there ({options} compares them)"
            yield member.label, Note(member.store.address, text)
