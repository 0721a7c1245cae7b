"""What a place is: it says what it can hold, gives a bundle, and carries out the steps of a plan."""

from __future__ import annotations

import re
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeVar
from urllib.parse import urlsplit

from airconn.errors import TargetError, UsageError
from airconn.formats.base import Note
from airconn.model import ALL_KINDS, NEWEST, AirflowObject, AirflowVersion, Bundle, Kind, Outcome, Selection, Step

T = TypeVar("T", bound=AirflowObject)

DEADLINE = "--deadline SECONDS, else AIRCONN_DEADLINE, else `deadline` in airconn.toml says how long a run may take"
"""The hint of whoever has no time left."""

Watch = Callable[[str, int, int | None], None]
"""Is told how far something is: what it is (`reading connections`), how many are done, and of how many if that is
known. Any thread may call it."""


def unwatched(what: str, done: int, total: int | None) -> None:
    """The watch that looks away."""


@dataclass(frozen=True, slots=True)
class Ids:
    """Which ids a place has a name for."""

    words: str = "any"
    """The characters in words, for messages and the README."""
    pattern: re.Pattern[str] | None = None
    """What an id has to match as a whole."""
    longest: int | None = None
    """How many characters the longest one has, prefixes of the place apart."""

    def refusal(self, id_: str) -> str:
        """Why there is no name for an id, if there is none."""
        if self.pattern is not None and not self.pattern.fullmatch(id_):
            return f"the id has other characters than {self.words}"
        if self.longest is not None and len(id_) > self.longest:
            return f"the id is longer than the {self.longest} characters that there is room for"
        return ""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a place can do. Plans, refusals and the README's table are made from it."""

    kinds: frozenset[Kind] = ALL_KINDS
    writable: bool = True
    hides: bool = False
    """It has secrets that it doesn't give back."""
    at_once: bool = False
    """It is written as a whole: once the first outcome is there, so is everything."""
    ids: Ids = Ids()
    largest: int | None = None
    """How many bytes the largest value has that there is room for."""
    versions: bool = False
    """It keeps the values that were there before, so that each write adds one."""
    conditional: bool = False
    """It refuses a write where somebody else wrote since it was read."""
    keeps_ids: bool = True
    """An id can be told from its name there, without something beside it that says it."""


def normal_url(url: str) -> str:
    """A URL as it is the same for all ways to write it: host in small letters, no usual port, no `/` at the end."""
    parts = urlsplit(url)
    is_usual = (parts.scheme, parts.port) in (("http", 80), ("https", 443))
    netloc = parts.netloc.rpartition(":")[0] if is_usual else parts.netloc
    return parts._replace(netloc=netloc.lower(), path=parts.path.rstrip("/")).geturl()


class Store(ABC):
    """A place that holds objects. It decides nothing: what to write is said by the steps of a plan."""

    capabilities: ClassVar[Capabilities]

    def __init__(self, address: str) -> None:
        """`address` is how the place is named in messages and origins. It holds no credentials."""
        self.address = address
        self.reads_for = NEWEST
        """The Airflow that the objects are for, where what is read here depends on it."""
        self.notes: list[Note] = []
        """What the last read or write has to tell that isn't an error."""
        self.ignored = 0
        """How many entries of the last read are none of airconn's business."""
        self.kinds = self.capabilities.kinds
        """The kinds that there is room for, which for a file the last read and for others their options have told."""
        self.watch: Watch = unwatched
        """Who wants to know how far a read is."""
        self.deadline: float | None = None
        """When a read has to be over, on the clock of `time.monotonic`, if ever. `progress` minds it."""
        self.whole = False
        """Whether an object must not come into being in two steps, since no later run would complete it."""

    @abstractmethod
    def describe(self) -> str:
        """The place in words, such as `airflow 3.3.2 at http://localhost:8080`. May ask the place, once.

        Raises `TargetError` where it can't be reached or refuses the credentials.
        """

    def airflow(self) -> AirflowVersion:
        """The Airflow that reads this place, which decides how a format is read for it."""
        return NEWEST

    @abstractmethod
    def read(self, selection: Selection) -> Bundle:
        """The selected objects. What the place hides is `REDACTED`.

        Raises `TargetError`; never gives a part as if it were the whole.
        """

    def progress(self, what: str, done: int) -> None:
        """Tells who watches how far a read is. Raises `TargetError` where the run has no time left for the rest."""
        if self.deadline is not None and time.monotonic() >= self.deadline:
            raise TargetError("the deadline has passed", where=self.address, hint=DEADLINE)
        self.watch(what, done, None)

    def location(self, kind: Kind) -> object:
        """Where the objects of a kind are: equal for two addresses of the same place. Sends no request."""
        return self.address

    folds_case: ClassVar[bool] = False
    """Whether ids that are the same in capitals are the same here."""

    reads_as_core: ClassVar[bool] = False
    """Whether a worker of Airflow 3, too, gets connections from here as the core reads them."""

    def listed(self, kinds: frozenset[Kind] = ALL_KINDS) -> frozenset[tuple[Kind, str]]:
        """The ids of all that is here of these kinds. Raises as `read`."""
        return frozenset((obj.kind, obj.id) for obj in self.read(Selection(kinds=kinds)))

    def at_hand(self, kinds: frozenset[Kind]) -> frozenset[tuple[Kind, str]]:
        """Ids of these kinds that are here, to suggest one of them: all of them, or none where that takes long.

        Raises as `read`.
        """
        return self.listed(kinds)

    def withheld(self, kind: Kind, id_: str) -> str:
        """Why an object that is here was not in the last read. Empty where that isn't known of it."""
        return ""

    def passed_over(self, kind: Kind, id_: str) -> str:
        """Why Airflow passes over what is here under the name of an object, or nearly so. Asks nobody.

        Empty where there is no such thing, going by the last read.
        """
        return ""

    def expect(self, kinds: frozenset[Kind]) -> None:  # noqa: B027 - most places are as they are
        """Says that objects are going to be written here, and of which kinds, as far as somebody chose some.

        From then on, `kinds`, `problems` and `stored_form` are those of what such a write makes. Raises as `read`.
        """

    def rehearse(self, steps: Sequence[Step]) -> Sequence[Outcome]:
        """The outcomes that `apply` would give of those of these steps that it is known to refuse. Writes nothing.

        Raises as `apply` does before the first write.
        """
        return ()

    def present(self, selection: Selection) -> Bundle:
        """What is there of the selection before a write. The same as a read, unless the place may not exist yet."""
        return self.read(selection)

    def stored_form(self, obj: T) -> T:
        """What this place would give back for `obj` after holding it, if it hid nothing."""
        return obj

    @property
    def hides_no_password(self) -> bool:
        """Whether it shows a connection without a password as it shows one with a hidden password (Airflow 2)."""
        return False

    def prune_refusal(self, kind: Kind) -> str:
        """Why what is found of a kind may be somebody else's, so that nothing of it is pruned. Empty if not."""
        return ""

    def create_refusal(self, obj: AirflowObject) -> str:
        """Why an object that isn't there can't be created, going by the last read. Empty where it can."""
        return ""

    def update_refusal(self, step: Step) -> str:
        """Why an update can't make the changes of `step`, so that the object has to be deleted and created anew.

        Empty where it can.
        """
        return ""

    def replace_refusal(self, step: Step) -> str:
        """Why this object can't be deleted and created anew. Empty where it can."""
        return ""

    def problems(self, obj: AirflowObject) -> Sequence[str]:
        """Why this place would refuse `obj` or break on it. Asks nobody; quotes no value but the id."""
        return ()

    def not_writable(self) -> UsageError:
        """The error of whoever wants to write to a place that isn't `writable`, with the way out if there is one."""
        return UsageError(f"{self.address} can't be written to")

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """Carries out the steps that write (`create`, `update`, `replace`, `delete`), and says what became of each.

        A step that fails gives an outcome with an error and doesn't stop the others. Raises `TargetError` only
        before the first write.
        """
        raise self.not_writable()

    def mixed(self, done: Sequence[Step]) -> frozenset[tuple[Kind, str]]:
        """Those of the objects that were just written which another writer at the same time may have had a hand in.

        Only a place that can't write an object in one go has some. Raises as `read`.
        """
        return frozenset()

    def close(self) -> None:  # noqa: B027 - most places hold nothing open
        """Lets go of what the place holds open, which for most is nothing."""
