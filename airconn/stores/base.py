"""The contract of a store: it declares what it can hold, reads a bundle, and applies the steps of a plan."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

from airconn.errors import TargetError, UsageError
from airconn.model import ALL_KINDS, NEWEST, AirflowObject, AirflowVersion, Kind, Outcome, Selection, Step
from airconn.model.reading import Key, Note, Reading

T = TypeVar("T", bound=AirflowObject)

DEADLINE = "--deadline SECONDS, else AIRCONN_DEADLINE, else `deadline` in airconn.toml says how long a run may take"
"""The hint of a run that has no time left."""

Watch = Callable[[str, int, int | None], None]
"""Called with the progress of a read: what is read (`reading connections`), how many objects are done, and of how
many if that is known. Any thread may call it."""


def unwatched(what: str, done: int, total: int | None) -> None:
    """A watch that does nothing."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a call of a store is for. It has all that an answer depends on besides the place itself."""

    airflow: AirflowVersion = NEWEST
    """The Airflow that the objects are for."""
    deadline: float | None = None
    """When a read has to be over, on the clock of `time.monotonic`, if ever."""
    watch: Watch = unwatched
    writes: frozenset[Kind] | None = None
    """For the target of a write: the kinds that were chosen to be written. It may not exist yet, and then holds
    nothing. None for a place that is only read."""
    before: Reading | None = None
    """What was read of the target before the write that is planned or applied."""
    wanted: frozenset[Key] = frozenset()
    """The ids of all objects that a write brings, for places where two ids may have one name."""
    whole: bool = False
    """Whether an object must not come into being in two steps, because no later run would complete it."""

    def progress(self, what: str, done: int, where: str) -> None:
        """Reports how far a read is. Raises `TargetError` where the run has no time left for the rest."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise TargetError("the deadline has passed", where=where, hint=DEADLINE)
        self.watch(what, done, None)


DEFAULT_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Ids:
    """Which ids a place has a name for."""

    words: str = "any"
    """The characters in words, for messages and the README."""
    pattern: re.Pattern[str] | None = None
    """What an id has to match as a whole."""
    longest: int | None = None
    """The number of characters of the longest one, prefixes of the place apart."""

    def refusal(self, id_: str) -> str:
        """Why the place can't have an id. Empty where it can."""
        if self.pattern is not None and not self.pattern.fullmatch(id_):
            return f"the id has other characters than {self.words}"
        if self.longest is not None and len(id_) > self.longest:
            return f"the id is longer than the {self.longest} characters that there is room for"
        return ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """All that is fixed about a place. Plans, refusals and the README's table are made from it."""

    kinds: frozenset[Kind] = ALL_KINDS
    writable: bool = True
    read_only_hint: tuple[str, str] = ("", "")
    """Why a place that isn't `writable` can't be written to, and what to do instead."""
    is_airflow: bool = False
    """It is an Airflow of its own, whose version decides how a format is read for it."""
    hides: bool = False
    """It has secrets that it doesn't give back."""
    at_once: bool = False
    """It is written as a whole: once the first outcome is there, so is everything."""
    ids: Ids = Ids()
    largest: int | None = None
    """The bytes of the largest value that there is room for."""
    versions: bool = False
    """It keeps the values that were there before, so that each write adds one."""
    conditional: bool = False
    """It refuses a write where another writer wrote since it was read."""
    keeps_ids: bool = True
    """An id can be told from its name there, without something beside it that says it."""
    folds_case: bool = False
    """Ids that are the same in capitals are the same here."""
    reads_as_core: bool = False
    """A worker of Airflow 3, too, gets connections from here as the core reads them."""
    unprunable: Mapping[Kind, str] = field(default_factory=dict)
    """The kinds of which nothing is pruned, because what is found may not be Airflow's, and why."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a place is, as it says itself."""

    text: str
    """In words, such as `airflow 3.3.2 at http://localhost:8080`."""
    airflow: AirflowVersion = NEWEST
    """The Airflow that reads this place."""
    kinds: frozenset[Kind] = ALL_KINDS
    """The kinds that it has room for."""
    hides_no_password: bool = False
    """It shows a connection without a password as it shows one with a hidden password (Airflow 2)."""


class Store(ABC):
    """A place that holds objects. It decides nothing: the steps of a plan say what to write.

    It remembers nothing between two calls but an open connection and what it has read of itself: no answer depends on
    an earlier call.
    """

    def __init__(self, address: str, capabilities: Capabilities) -> None:
        """`address` names the place in messages and origins. It holds no credentials."""
        self._address = address
        self._capabilities = capabilities

    @property
    def address(self) -> str:
        return self._address

    @property
    def capabilities(self) -> Capabilities:
        return self._capabilities

    @abstractmethod
    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        """The place in words, and its Airflow. May ask the place, once.

        Raises `TargetError` where it can't be reached or refuses the credentials.
        """

    def location(self, kind: Kind) -> object:
        """Where the objects of a kind are: equal for two addresses of the same place. Sends no request."""
        return self.address

    @abstractmethod
    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        """The selected objects. What the place hides is `REDACTED`.

        Raises `InputErrors` for the faults of a text, and `TargetError`; never gives a part as if it were the whole.
        """

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        """What this place would give back for `obj` after holding it, if it hid nothing."""
        return obj

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        """Why this place would refuse `obj` or fail on it. Sends no request; quotes no value but the id."""
        return ()

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        """Why a step can't be done as it stands, going by `context.before`. Empty where it can. Sends no request.

        An update that is refused may still be done as a replacement.
        """
        return ""

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        """Carries out the steps that write (`create`, `update`, `replace`, `delete`), and says what became of each.

        A step that fails gives an outcome with an error and doesn't stop the others. Raises `TargetError` only
        before the first write.
        """
        raise read_only(self)

    def close(self) -> None:  # noqa: B027 - most places hold nothing open
        """Closes what the place holds open."""


@runtime_checkable
class ListsIds(Protocol):
    """A store that can list ids without reading the objects."""

    def ids(self, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
        """The ids of all objects of these kinds. Raises as `Store.read`."""


@runtime_checkable
class SuggestsIds(Protocol):
    """A store in which listing all ids may take long, so that only what is quickly there is suggested."""

    def quick_ids(self, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
        """Ids of these kinds to suggest one of: all of them, or none where that takes long.

        Raises as `Store.read`.
        """


@runtime_checkable
class Rehearses(Protocol):
    """A store that can tell before the first write which steps will fail."""

    def rehearse(self, steps: Sequence[Step], context: Context) -> Sequence[Outcome]:
        """The outcomes with an error that `apply` would give for these steps. Writes nothing.

        Raises as `apply` does before the first write.
        """


@runtime_checkable
class FindsMixed(Protocol):
    """A store that can't write an object in one go, so that two writers at the same time may mix."""

    def mixed(self, done: Sequence[Step], context: Context) -> tuple[frozenset[Key], tuple[Note, ...]]:
        """Which of the objects just written another writer may have had a hand in. Raises as `Store.read`."""


def read_only(store: Store) -> UsageError:
    """The error of a write to a place that isn't `writable`."""
    why, hint = store.capabilities.read_only_hint
    return UsageError(f"{store.address} can't be written to" + (f": {why}" if why else ""), hint=hint or None)
