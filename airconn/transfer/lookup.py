"""Looks objects up in the places where Airflow looks: the first place that has one wins, and shadows the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial

from airconn.diff import FieldDiff, Status, compare
from airconn.errors import AirconnError, InputError
from airconn.model import AirflowObject, AirflowVersion, Bundle, Kind, Selection
from airconn.model.reading import Key, Note, Reading
from airconn.stores.base import DEFAULT_CONTEXT, Context, ListsIds, Store
from airconn.transfer import reported_reads
from airconn.transfer.lookup_order import ChainedPlace, LookupChain, with_hint


class LookupState(str, Enum):
    """The state of a place in the order, for one object."""

    WINS = "wins"
    SHADOWED = "shadowed"
    ABSENT = "absent"
    PASSED_OVER = "passed over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LookupFinding:
    """The finding of one place for an object. It holds no value."""

    place: ChainedPlace
    state: LookupState
    where: str = ""
    """The place of the object within the place, such as a line."""
    reason: str = ""
    differs: tuple[FieldDiff, ...] = ()
    """The fields that differ from those of the winner, or can't be compared."""

    @property
    def is_different(self) -> bool:
        return any(diff.status is Status.DIFFERENT for diff in self.differs)


@dataclass(frozen=True, slots=True)
class Explanation:
    """The findings of a chain for one object."""

    kind: Kind
    id: str
    chain: LookupChain
    findings: tuple[LookupFinding, ...]

    @property
    def winner(self) -> LookupFinding | None:
        return next((found for found in self.findings if found.state is LookupState.WINS), None)

    @property
    def shadowed(self) -> tuple[LookupFinding, ...]:
        return tuple(found for found in self.findings if found.state is LookupState.SHADOWED)

    @property
    def doubtful(self) -> bool:
        """Whether a place before the winner couldn't be looked into."""
        before = [found.state for found in self.findings]
        end = before.index(LookupState.WINS) if LookupState.WINS in before else len(before)
        return LookupState.UNKNOWN in before[:end]

    @property
    def is_known(self) -> bool:
        """Whether any place has it, or an entry that Airflow passes over."""
        return any(found.state in (LookupState.WINS, LookupState.PASSED_OVER) for found in self.findings)


@dataclass(frozen=True, slots=True)
class _PlaceAnswer:
    """The answer of one place about the objects that are explained."""

    bundle: Bundle | None = None
    """The objects. None if the place can't be read."""
    passed_over: Mapping[Key, str] = field(default_factory=dict)
    """Why Airflow passes over entries."""
    unreadable: Mapping[Key, str] = field(default_factory=dict)
    """Why objects could not be read."""
    fault: str = ""
    """Why the place can't be read. Empty if it can."""
    notes: tuple[Note, ...] = ()


def _answer(store: Store, ids: frozenset[Key], context: Context) -> _PlaceAnswer:
    """The answer of a store about these ids: read together, or one by one if that fails."""
    try:
        readings, broken = [_read(store, ids, context)], dict[Key, str]()
    except InputError:
        alone = {key: _read_one(store, key, context) for key in sorted(ids)}
        readings = [found for found in alone.values() if isinstance(found, Reading)]
        broken = {key: why for key, why in alone.items() if isinstance(why, str)}
    except AirconnError as error:
        return _PlaceAnswer(fault=with_hint(error))
    return _PlaceAnswer(
        Bundle.of(obj for reading in readings for obj in reading.bundle),
        {key: why for reading in readings for key, why in reading.passed_over.items()} | broken,
        {key: why for reading in readings for key, why in reading.unreadable.items()},
        notes=tuple(note for reading in readings for note in reading.notes),
    )


def _read_one(store: Store, key: Key, context: Context) -> Reading | str:
    """The reading of one id, or the fault as a text."""
    try:
        return _read(store, frozenset({key}), context)
    except InputError as error:
        return str(error)


def _read(store: Store, ids: frozenset[Key], context: Context) -> Reading:
    kinds = frozenset(kind for kind, _ in ids) & store.capabilities.kinds
    return reported_reads.read(store, Selection(kinds=kinds, ids=ids), context)


def several_have(
    stores: Sequence[Store], kinds: frozenset[Kind], context: Context
) -> tuple[list[Key], tuple[Note, ...]]:
    """The ids of these kinds that more than one of these places has, in order, and notes on what could not be read.

    The environment has ids only in capitals, so it shares an id with other places if the capitals are the same.
    Raises as `Store.read`.
    """
    found = [_listed(store, kinds, context) for store in stores]
    listed = [(keys, store.capabilities.folds_case) for store, (keys, _) in zip(stores, found, strict=True)]
    failed = tuple(dict.fromkeys(note for _, notes in found for note in notes if note.failed))
    true_ids = frozenset(key for keys, folds in listed if not folds for key in keys)
    known = frozenset(map(_folded, true_ids))
    candidates = true_ids | {key for keys, folds in listed if folds for key in keys if _folded(key) not in known}
    folded = [frozenset(map(_folded, keys)) if folds else keys for keys, folds in listed]

    def number(key: Key) -> int:
        return sum((_folded(key) if folds else key) in keys for keys, (_, folds) in zip(folded, listed, strict=True))

    several = (key for key in candidates if number(key) > 1)
    return sorted(several, key=lambda key: (list(Kind).index(key[0]), key[1])), failed


def _listed(store: Store, kinds: frozenset[Kind], context: Context) -> tuple[frozenset[Key], tuple[Note, ...]]:
    with reported_reads.ended(context):
        if isinstance(store, ListsIds):
            return store.ids(kinds, context), ()
        reading = store.read(Selection(kinds=kinds), context)
    return frozenset((obj.kind, obj.id) for obj in reading.bundle), reading.notes


def _folded(key: Key) -> Key:
    return key[0], key[1].upper()


def look_up(
    chains: Sequence[LookupChain], ids: Iterable[Key], context: Context = DEFAULT_CONTEXT
) -> tuple[list[Explanation], tuple[Note, ...]]:
    """The explanation of each object in each chain, and notes on what could not be read.

    Every place is read once for all objects.
    """
    wanted = list(ids)
    answers: dict[tuple[int, AirflowVersion], _PlaceAnswer] = {}
    for place in (place for chain in chains for place in chain.places):
        if place.store is not None and (key := (id(place.store), place.reads_for)) not in answers:
            answers[key] = _answer(place.store, frozenset(wanted), replace(context, airflow=place.reads_for))
    failed = dict.fromkeys(note for answer in answers.values() for note in answer.notes if note.failed)
    return [_explained(chain, key, answers, context) for key in wanted for chain in chains], tuple(failed)


def _explained(
    chain: LookupChain, key: Key, answers: Mapping[tuple[int, AirflowVersion], _PlaceAnswer], context: Context
) -> Explanation:
    findings: list[LookupFinding] = []
    winner: tuple[AirflowObject, ChainedPlace] | None = None
    told: dict[int, AirflowObject | None] = {}
    for place in chain.places:
        if place.store is None:
            findings.append(LookupFinding(place, LookupState.UNKNOWN, reason=place.reason))
            continue
        answer = answers[id(place.store), place.reads_for]
        obj = answer.bundle.get(*key) if answer.bundle is not None else None
        if id(place.store) in told and told[id(place.store)] == obj:
            continue  # the same place again
        told[id(place.store)] = obj
        if answer.bundle is None:
            findings.append(LookupFinding(place, LookupState.UNKNOWN, reason=answer.fault))
        elif obj is None and key in answer.unreadable:
            findings.append(LookupFinding(place, LookupState.UNKNOWN, reason=answer.unreadable[key]))
        elif obj is None:
            reason = answer.passed_over.get(key, "")
            state = LookupState.PASSED_OVER if reason else LookupState.ABSENT
            findings.append(LookupFinding(place, state, reason=reason))
        elif winner is None:
            winner = obj, place
            findings.append(LookupFinding(place, LookupState.WINS, str(obj.origin)))
        else:
            differs = _differs(winner, (obj, place), context)
            findings.append(LookupFinding(place, LookupState.SHADOWED, str(obj.origin), differs=differs))
    return Explanation(*key, chain, tuple(findings))


def _differs(
    winner: tuple[AirflowObject, ChainedPlace], other: tuple[AirflowObject, ChainedPlace], context: Context
) -> tuple[FieldDiff, ...]:
    forms = [_stored_form(place, context) for _, place in (winner, other)]
    (diff,) = compare(Bundle.of([winner[0]]), Bundle.of([other[0]]), *forms).objects
    return diff.fields


def _stored_form(place: ChainedPlace, context: Context) -> Callable[[AirflowObject], AirflowObject]:
    assert place.store is not None  # noqa: S101 - it has given an object
    return partial(place.store.stored_form, context=replace(context, airflow=place.reads_for))
