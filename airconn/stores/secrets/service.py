"""What a service that keeps secrets has to be able to do. Each backend brings one, and the store does the rest."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from airconn.errors import AirconnError, TargetError
from airconn.model import Kind
from airconn.stores.in_parallel import in_order
from airconn.stores.secrets.codec import Payload


class SecretRefused(AirconnError):
    """The service doesn't do this with this one secret, and may well do it with others."""


class Denied(SecretRefused):
    """The credentials are good, and may not do this."""


class Declined(SecretRefused):
    """An answer that is about the one secret. `code` is the service's own name for it (`NOT_FOUND`)."""

    def __init__(self, message: str, *, hint: str | None = None, code: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status


class Taken(SecretRefused):
    """There is a secret of this name already, or another one than was read."""


class Unavailable(TargetError):
    """The service doesn't answer, or not to us: what is true of one secret is true of all."""


class Unsure(Unavailable):
    """The answer to a request was lost: a write may have been carried out, and is looked for."""


class Foreign(AirconnError):
    """A secret that is there under the name of an object, and isn't one: it is left alone."""

    def __init__(self, message: str, id_: str, name: str = "") -> None:
        """`name` is as that of `Held`."""
        super().__init__(message)
        self.id = id_
        self.name = name


@dataclass(frozen=True, slots=True)
class Held:
    """A secret as the service gives it."""

    id: str
    payload: Payload = field(repr=False)
    version: Any = None
    """Equal as long as no writer has changed the secret. What a conditional write refers to, if there are such."""
    name: str = ""
    """What the secret is called, where its kind and id don't tell."""
    properties: Any = field(default=None, compare=False, repr=False)
    """What else an update has to keep."""


class Service(ABC):
    """One account, vault or namespace, with the names that Airflow's backend has for objects in it.

    Each call raises `Unavailable` where the service can't be reached or refuses the credentials, and `SecretRefused`
    where it is about the one secret. No text of either quotes a value. Calls come from several threads at a time.
    """

    parallel: ClassVar[int] = 8
    """How many requests at a time the service takes well."""

    @abstractmethod
    def describe(self) -> str:
        """The place in words, such as `vault at http://127.0.0.1:8200, mount secret`. Sends no request."""

    @abstractmethod
    def name(self, kind: Kind, id_: str) -> str:
        """The name that Airflow's backend looks for, or that a new secret gets."""

    def shared_name(self, kind: Kind, id_: str) -> str:
        """What is the same for all objects that have the same secret."""
        return self.name(kind, id_)

    def beginnings(self, kind: Kind) -> tuple[str, ...]:
        """The texts before the ids of a kind, one for each path that the backend looks at."""
        return (self.name(kind, "x").removesuffix("x"),)

    def account(self) -> object:
        """What tells this place from another one, where that isn't just the address, without a request."""
        return None

    @abstractmethod
    def ids(self, kind: Kind) -> Iterable[str]:
        """The ids of all secrets below the prefix of a kind, whatever is in them."""

    @abstractmethod
    def get(self, kind: Kind, id_: str) -> Held | None:
        """The current value of a secret, or None where Airflow would find none. Raises `Foreign`."""

    @abstractmethod
    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        """Makes a secret. Raises `Taken` where there is one."""

    @abstractmethod
    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        """Gives a secret another value.

        A service with conditional writes does so if it is still the secret that was read, and raises `Taken` where
        it isn't. For the others `held` was read right before.
        """

    @abstractmethod
    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        """Deletes a secret, as `update` changes one. That it is gone already is as good."""

    def knock(self, kind: Kind) -> None:
        """Makes sure that the service answers, and to us, with the cheapest request there is for a kind."""
        next(iter(self.ids(kind)), None)

    def fetch(self, kind: Kind, wanted: Callable[[str], bool]) -> Iterator[Held | Foreign]:
        """All secrets of a kind whose ids are wanted. What isn't an object is given as the `Foreign` that says so.

        For services that list values along with names, this is the method to do it in.
        """
        ids = (id_ for id_ in self.ids(kind) if wanted(id_))
        for found in in_order(partial(self.attempt, kind), ids, self.parallel):
            if found is not None:
                yield found

    def attempt(self, kind: Kind, id_: str) -> Held | Foreign | None:
        """`get`, with what isn't an object as its result."""
        try:
            return self.get(kind, id_)
        except Foreign as error:
            return error

    def close(self) -> None:  # noqa: B027 - most drivers hold nothing open
        """Closes its connections."""


def owned_by(kind: Kind, id_: str) -> str:
    """Why a secret is left alone that belongs to another object."""
    return f"the secret is that of the {kind.singular} {id_}"
