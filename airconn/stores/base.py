"""The contract of a store: it declares what it can hold, reads a bundle, and applies the steps of a plan."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar, runtime_checkable

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
    """The circumstances of a call of a store: all that an answer depends on besides the place itself."""

    airflow: AirflowVersion = NEWEST
    """The Airflow that the objects are for."""
    knows_release: bool = False
    """Whether the user or the target has chosen it, and it isn't only the newest one."""
    deadline: float | None = None
    """The time at which a read has to end, on the clock of `time.monotonic`. None without a deadline."""
    watch: Watch = unwatched
    writes: frozenset[Kind] | None = None
    """For the target of a write: the kinds that were chosen to be written. It may not exist yet, and then holds
    nothing. None for a place that is only read."""
    before: Reading | None = None
    """What was read of the target before the write that is planned or applied."""
    wanted: frozenset[Key] = frozenset()
    """The ids of all objects of a write, for places where two ids may have the same name."""
    whole: bool = False
    """Whether an object must not be created in two steps, because no later run would complete it."""

    def progress(self, what: str, done: int, where: str) -> None:
        """Reports the progress of a read. Raises `TargetError` if the run has no time left for the rest."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise TargetError("the deadline has passed", where=where, hint=DEADLINE)
        self.watch(what, done, None)


DEFAULT_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that a place can hold."""

    words: str = "any"
    """The characters in words, for messages and the guide."""
    pattern: re.Pattern[str] | None = None
    """The pattern of a whole id."""
    longest: int | None = None
    """The most characters of an id, without prefixes of the place."""

    def refusal(self, id_: str) -> str:
        """Why the place can't have an id. Empty if it can."""
        if self.pattern is not None and not self.pattern.fullmatch(id_):
            return f"the id has characters that aren't allowed: only {self.words}"
        if self.longest is not None and len(id_) > self.longest:
            return f"the id is longer than the {self.longest} characters that are allowed"
        return ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The fixed properties of a place. Plans, refusals and the tables of the guide are made from them."""

    kinds: frozenset[Kind] = ALL_KINDS
    writable: bool = True
    read_only_hint: tuple[str, str] = ("", "")
    """Why a place that isn't `writable` can't be written to, and what to do instead."""
    is_airflow: bool = False
    """It is an Airflow, whose version decides how a format is read for it."""
    hides: bool = False
    """It has secrets that it doesn't give back."""
    real_values: str = ""
    """Where else these can be read, for a hint. Empty if only the user may know."""
    at_once: bool = False
    """It is written as a whole: after the first outcome, everything is written."""
    ids: Ids = Ids()
    largest: int | None = None
    """The bytes of the largest value that it can hold."""
    versions: bool = False
    """It keeps old values, so that each write adds one."""
    conditional: bool = False
    """It refuses a write if another writer has written since the read."""
    keeps_ids: bool = True
    """The name of an object tells its id, without a tag or the like."""
    folds_case: bool = False
    """Ids that differ only in capitals are the same here."""
    restarts: str = ""
    """What a write interrupts, such as `restarts the components of the Deployment`, so that the user is asked before.
    Empty if nothing is."""
    reads_as_core: bool = False
    """A worker of Airflow 3 reads connections from here as the core does."""
    unprunable: Mapping[Kind, str] = field(default_factory=dict)
    """The kinds of which nothing is pruned, because what is found may not be Airflow's, and why."""


@dataclass(frozen=True, slots=True)
class Description:
    """The description of a place, as it gives it itself."""

    text: str
    """In words, such as `airflow 3.3.2 at http://localhost:8080`."""
    airflow: AirflowVersion = NEWEST
    """The Airflow that reads this place."""
    kinds: frozenset[Kind] = ALL_KINDS
    """The kinds that it can hold."""
    hides_no_password: bool = False
    """It shows a connection without a password like one with a hidden password (Airflow 2)."""
    is_at_astro: bool = False
    """It is an Airflow of Astro, where the Environment Manager comes before the metadata database."""


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
        """The location of the objects of a kind: equal for two addresses of the same place. Sends no request."""
        return self.address

    @abstractmethod
    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        """The selected objects. What the place hides is `REDACTED`.

        Raises `InputErrors` for the faults of a text, and `TargetError`; never gives a part as if it were the whole.
        """

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        """The object that this place gives back after `obj` was written, if it hid nothing."""
        return obj

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        """The reasons why this place would refuse `obj` or fail on it. Sends no request, and quotes only the id."""
        return ()

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        """Why a step can't be carried out, by `context.before`. Empty if it can. Sends no request.

        An update that is refused may still be carried out as a replacement.
        """
        return ""

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        """Carries out the steps that write (`create`, `update`, `replace`, `delete`), and gives the outcome of each.

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
    """A store in which listing all ids may take long, so that only ids that are quickly found are suggested."""

    def quick_ids(self, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
        """The ids of these kinds from which one is suggested: all of them, or none if listing them takes long.

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
class TellsLosses(Protocol):
    """A store that can tell before the first write which fields it can't hold."""

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        """The notes on these fields, as `apply` gives them for these steps. Writes nothing."""


@runtime_checkable
class TellsShadowed(Protocol):
    """A store of an Airflow that looks into another place first, which may have objects of the same ids."""

    def shadowed(self, keys: frozenset[Key], context: Context) -> Sequence[Note]:
        """The notes on those of these objects that Airflow finds elsewhere first. A place that can't be asked is a
        detail."""


@runtime_checkable
class TellsEffects(Protocol):
    """A store whose writes do more than what their steps say."""

    def effects(self, steps: Sequence[Step], context: Context) -> Sequence[str]:
        """What a write of these steps does besides, in sentences for its plan. Writes nothing. Raises as `read`."""


@runtime_checkable
class KeepsMore(Protocol):
    """A store whose objects have more than Airflow's fields, such as links, which a cut off replacement loses."""

    def remainder(self, steps: Sequence[Step], context: Context) -> Sequence[Mapping[str, Any]]:
        """The requests that create the objects of these steps with all that they have, as the place takes them.

        They hold secrets, and are for a private file. Sends no request.
        """


@runtime_checkable
class FindsMixed(Protocol):
    """A store that can't write an object in one go, so that two writers at the same time may mix."""

    def mixed(self, done: Sequence[Step], context: Context) -> tuple[frozenset[Key], tuple[Note, ...]]:
        """The objects just written that another writer may have written at the same time. Raises as `Store.read`."""


@runtime_checkable
class Settles(Protocol):
    """A store whose server puts off work of a run's writes (`PutOff`) until the next read."""

    def settle(self, context: Context) -> None:
        """Has the server do that work, and waits for it. Raises as `Store.read`."""


@runtime_checkable
class Rests(Protocol):
    """A store that can close the connections that it doesn't use, and open them again."""

    def rest(self) -> None:
        """Closes them until the next call."""


def read_only(store: Store) -> UsageError:
    """The error for a write to a place that isn't `writable`."""
    why, hint = store.capabilities.read_only_hint
    return UsageError(f"{store.address} can't be written to" + (f": {why}" if why else ""), hint=hint or None)
