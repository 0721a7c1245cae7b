"""Where an Airflow finds an object, place by place in its order: the first hit wins.

The order is that of `ensure_secrets_loaded` of airflow 2.11 and 3.3 configuration.py, and for the workers of 3.x that
of sdk/execution_time/context.py and the Execution API behind it. Both were compared with what they resolve.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum

from airconn.diff import FieldDiff, Status, compare
from airconn.errors import AirconnError, InputError
from airconn.model import NEWEST, AirflowObject, AirflowVersion, Bundle, Kind, Selection
from airconn.stores.base import Store
from airconn.transfer import watching

Key = tuple[Kind, str]


class State(str, Enum):
    """What a place in the order means for one object."""

    WINS = "wins"
    SHADOWED = "shadowed"
    ABSENT = "absent"
    PASSED_OVER = "passed over"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Place:
    """A place where Airflow looks. Without a store it can't be looked into, for a reason."""

    title: str
    store: Store | None = None
    reason: str = ""
    reads_for: AirflowVersion = NEWEST
    """As which Airflow it is read."""


@dataclass(frozen=True, slots=True)
class Chain:
    """The places where one kind of process looks, in its order."""

    title: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one place has of an object. No value is held."""

    place: Place
    state: State
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
    chain: Chain
    findings: tuple[Finding, ...]

    @property
    def winner(self) -> Finding | None:
        return next((found for found in self.findings if found.state is State.WINS), None)

    @property
    def shadowed(self) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.state is State.SHADOWED)

    @property
    def doubtful(self) -> bool:
        """Whether a place before the one that wins couldn't be looked into."""
        before = [found.state for found in self.findings]
        end = before.index(State.WINS) if State.WINS in before else len(before)
        return State.UNKNOWN in before[:end]

    @property
    def is_known(self) -> bool:
        """Whether any place has it, or something in its stead."""
        return any(found.state in (State.WINS, State.PASSED_OVER) for found in self.findings)


@dataclass(slots=True)
class Looked:
    """What one place has, asked once for everything and kept."""

    store: Store
    ids: frozenset[Key]
    bundle: Bundle | None = None
    reasons: dict[Key, str] = field(default_factory=dict)
    """Why what is there is passed over."""
    withheld: dict[Key, str] = field(default_factory=dict)
    """Why what is there couldn't be read."""
    fault: str = ""
    """Why nothing at all can be told."""

    @classmethod
    def into(cls, store: Store, ids: Iterable[Key], airflow: AirflowVersion) -> Looked:
        """Looks for these ids, in one go and where something is wrong with any of them, one by one."""
        wanted = frozenset(ids)
        looked = cls(store, wanted)
        store.reads_for = airflow
        try:
            looked.bundle = _read(store, wanted)
        except InputError:
            looked.bundle = Bundle.of(obj for key in sorted(wanted) if (obj := looked._alone(key)) is not None)
        except AirconnError as error:
            looked.fault = str(error)
            return looked
        for key in (key for key in wanted if looked.bundle.get(*key) is None):
            if why := store.withheld(*key):
                looked.withheld[key] = why
            elif key not in looked.reasons and (said := store.passed_over(*key)):
                looked.reasons[key] = said
        return looked

    def _alone(self, key: Key) -> AirflowObject | None:
        try:
            return _read(self.store, frozenset({key})).get(*key)
        except InputError as error:
            self.reasons[key] = str(error)
            return None


_AllLooked = dict[tuple[int, AirflowVersion], Looked]
"""What was found, by the store and by the Airflow that it was read as."""


def _read(store: Store, ids: frozenset[Key]) -> Bundle:
    return watching.read(store, Selection(kinds=frozenset(kind for kind, _ in ids) & store.kinds, ids=ids))


def several_have(stores: Sequence[Store], kinds: frozenset[Kind]) -> list[Key]:
    """The ids of these kinds that more than one of these places has, in order.

    The environment has no small letters, and so has whatever another place has by the same name in capitals.
    Raises as `Store.read`.
    """
    listed = [(_listed(store, kinds), store.folds_case) for store in stores]
    true_ids = frozenset(key for keys, folds in listed if not folds for key in keys)
    known = frozenset(map(_folded, true_ids))
    candidates = true_ids | {key for keys, folds in listed if folds for key in keys if _folded(key) not in known}
    folded = [frozenset(map(_folded, keys)) if folds else keys for keys, folds in listed]

    def number(key: Key) -> int:
        return sum((_folded(key) if folds else key) in keys for keys, (_, folds) in zip(folded, listed, strict=True))

    return sorted((key for key in candidates if number(key) > 1), key=lambda key: (list(Kind).index(key[0]), key[1]))


def _listed(store: Store, kinds: frozenset[Kind]) -> frozenset[Key]:
    with watching.ended(store):
        return store.listed(kinds)


def _folded(key: Key) -> Key:
    return key[0], key[1].upper()


def explain(chains: Sequence[Chain], ids: Sequence[Key]) -> list[Explanation]:
    """What the places of each chain have of each object. Every place is asked once for all of it."""
    looked: _AllLooked = {}
    for place in (place for chain in chains for place in chain.places):
        if place.store is not None and (key := (id(place.store), place.reads_for)) not in looked:
            looked[key] = Looked.into(place.store, ids, place.reads_for)
    return [_explained(chain, key, looked) for key in ids for chain in chains]


def _explained(chain: Chain, key: Key, looked: _AllLooked) -> Explanation:
    findings: list[Finding] = []
    winner: tuple[AirflowObject, Store] | None = None
    told: dict[int, AirflowObject | None] = {}
    for place in chain.places:
        if place.store is None:
            findings.append(Finding(place, State.UNKNOWN, reason=place.reason))
            continue
        seen = looked[id(place.store), place.reads_for]
        obj = seen.bundle.get(*key) if seen.bundle is not None else None
        if id(place.store) in told and told[id(place.store)] == obj:
            continue  # the same place once more, which has nothing new to say
        told[id(place.store)] = obj
        if seen.bundle is None:
            findings.append(Finding(place, State.UNKNOWN, reason=seen.fault))
        elif obj is None and key in seen.withheld:
            findings.append(Finding(place, State.UNKNOWN, reason=seen.withheld[key]))
        elif obj is None:
            reason = seen.reasons.get(key, "")
            findings.append(Finding(place, State.PASSED_OVER if reason else State.ABSENT, reason=reason))
        elif winner is None:
            winner = obj, place.store
            findings.append(Finding(place, State.WINS, str(obj.origin)))
        else:
            findings.append(
                Finding(place, State.SHADOWED, str(obj.origin), differs=_differs(winner, obj, place.store))
            )
    return Explanation(*key, chain, tuple(findings))


def _differs(winner: tuple[AirflowObject, Store], obj: AirflowObject, store: Store) -> tuple[FieldDiff, ...]:
    first, its_store = winner
    (diff,) = compare(Bundle.of([first]), Bundle.of([obj]), its_store.stored_form, store.stored_form).objects
    return diff.fields
