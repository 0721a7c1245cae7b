"""What the places where Airflow looks have of an object: the first that has it wins, and the others are shadowed."""

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
from airconn.transfer import watching
from airconn.transfer.lookup_order import ChainedPlace, LookupChain


class LookupState(str, Enum):
    """What a place in the order means for one object."""

    WINS = "wins"
    SHADOWED = "shadowed"
    ABSENT = "absent"
    PASSED_OVER = "passed over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class LookupFinding:
    """What one place has of an object. No value is held."""

    place: ChainedPlace
    state: LookupState
    where: str = ""
    """The place of the object there."""
    reason: str = ""
    differs: tuple[FieldDiff, ...] = ()
    """What isn't the same as what wins, or can't be known to be."""

    @property
    def is_different(self) -> bool:
        return any(diff.status is Status.DIFFERENT for diff in self.differs)


@dataclass(frozen=True, slots=True)
class Explanation:
    """What a chain has of one object."""

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
        """Whether a place before the one that wins couldn't be looked into."""
        before = [found.state for found in self.findings]
        end = before.index(LookupState.WINS) if LookupState.WINS in before else len(before)
        return LookupState.UNKNOWN in before[:end]

    @property
    def is_known(self) -> bool:
        """Whether any place has it, or something in its stead."""
        return any(found.state in (LookupState.WINS, LookupState.PASSED_OVER) for found in self.findings)


@dataclass(frozen=True, slots=True)
class _PlaceAnswer:
    """What one place has of the objects that are explained."""

    bundle: Bundle | None = None
    """None where nothing at all can be told."""
    passed_over: Mapping[Key, str] = field(default_factory=dict)
    """Why what is there is passed over."""
    unreadable: Mapping[Key, str] = field(default_factory=dict)
    """Why what is there couldn't be read."""
    fault: str = ""
    """Why nothing at all can be told."""
    notes: tuple[Note, ...] = ()


def _answer(store: Store, ids: frozenset[Key], context: Context) -> _PlaceAnswer:
    """What a store has of these ids: asked for in one go, or one by one where something is wrong with any."""
    try:
        readings, broken = [_read(store, ids, context)], dict[Key, str]()
    except InputError:
        alone = {key: _read_one(store, key, context) for key in sorted(ids)}
        readings = [found for found in alone.values() if isinstance(found, Reading)]
        broken = {key: why for key, why in alone.items() if isinstance(why, str)}
    except AirconnError as error:
        return _PlaceAnswer(fault=str(error))
    return _PlaceAnswer(
        Bundle.of(obj for reading in readings for obj in reading.bundle),
        {key: why for reading in readings for key, why in reading.passed_over.items()} | broken,
        {key: why for reading in readings for key, why in reading.unreadable.items()},
        notes=tuple(note for reading in readings for note in reading.notes),
    )


def _read_one(store: Store, key: Key, context: Context) -> Reading | str:
    """What a store has of one id, or what is wrong with it."""
    try:
        return _read(store, frozenset({key}), context)
    except InputError as error:
        return str(error)


def _read(store: Store, ids: frozenset[Key], context: Context) -> Reading:
    kinds = frozenset(kind for kind, _ in ids) & store.capabilities.kinds
    return watching.read(store, Selection(kinds=kinds, ids=ids), context)


def several_have(
    stores: Sequence[Store], kinds: frozenset[Kind], context: Context
) -> tuple[list[Key], tuple[Note, ...]]:
    """The ids of these kinds that more than one of these places has, in order, and notes on what could not be read.

    The environment has no small letters, and so has whatever another place has by the same name in capitals.
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
    with watching.ended(context):
        if isinstance(store, ListsIds):
            return store.ids(kinds, context), ()
        reading = store.read(Selection(kinds=kinds), context)
    return frozenset((obj.kind, obj.id) for obj in reading.bundle), reading.notes


def _folded(key: Key) -> Key:
    return key[0], key[1].upper()


def look_up(
    chains: Sequence[LookupChain], ids: Iterable[Key], context: Context = DEFAULT_CONTEXT
) -> tuple[list[Explanation], tuple[Note, ...]]:
    """What the places of each chain have of each object, and notes on what could not be read.

    Every place is asked once for all of it.
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
            continue  # the same place once more, which has nothing new to say
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
