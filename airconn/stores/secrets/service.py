"""The contract of a service that keeps secrets. Each backend has one, and `SecretStore` does the rest."""

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
    """The service refuses a request for one secret, but may not refuse it for others."""


class Denied(SecretRefused):
    """The credentials are good, but aren't allowed to do this."""


class Declined(SecretRefused):
    """An error that the service answered for one secret. `code` is the service's own name for it (`NOT_FOUND`)."""

    def __init__(self, message: str, *, hint: str | None = None, code: str = "", status: int = 0) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.status = status


class Taken(SecretRefused):
    """A secret of this name exists already, or it isn't the one any more that was read."""


class Unavailable(TargetError):
    """The service doesn't answer, or refuses the credentials, which concerns all secrets."""


class Unsure(Unavailable):
    """The answer to a request was lost: a write may have been carried out, and has to be looked for."""


class Foreign(AirconnError):
    """A secret has the name of an object, but isn't one: it isn't touched."""

    def __init__(self, message: str, id_: str, name: str = "") -> None:
        """`name`: see `Held`."""
        super().__init__(message)
        self.id = id_
        self.name = name


@dataclass(frozen=True, slots=True)
class Held:
    """A secret as the service gives it."""

    id: str
    payload: Payload = field(repr=False)
    version: Any = None
    """The version, which is equal as long as no writer has changed the secret. Conditional writes refer to it."""
    name: str = ""
    """The name of the secret, if its kind and id don't tell it."""
    properties: Any = field(default=None, compare=False, repr=False)
    """Further properties that an update has to keep."""


class Service(ABC):
    """One account, vault or namespace, with the names of Airflow's backend for objects.

    Each call raises `Unavailable` if the service can't be reached or refuses the credentials, and `SecretRefused` for
    an error about one secret. Their texts quote no value. Calls come from several threads at a time.
    """

    parallel: ClassVar[int] = 8
    """The number of requests that are sent at a time."""

    @abstractmethod
    def describe(self) -> str:
        """The place in words, such as `vault at http://127.0.0.1:8200, mount secret`. Sends no request."""

    @abstractmethod
    def name(self, kind: Kind, id_: str) -> str:
        """The name that Airflow's backend looks for, or that a new secret gets."""

    def shared_name(self, kind: Kind, id_: str) -> str:
        """A text that is the same for all objects with the same secret."""
        return self.name(kind, id_)

    def beginnings(self, kind: Kind) -> tuple[str, ...]:
        """The texts before the ids of a kind, one for each path that the backend looks at."""
        return (self.name(kind, "x").removesuffix("x"),)

    def account(self) -> object:
        """The identity of this place, if that isn't just the address. Sends no request."""
        return None

    @abstractmethod
    def ids(self, kind: Kind) -> Iterable[str]:
        """The ids of all secrets below the prefix of a kind, independently of their content."""

    @abstractmethod
    def get(self, kind: Kind, id_: str) -> Held | None:
        """The current value of a secret. None if Airflow finds none. Raises `Foreign`."""

    @abstractmethod
    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        """Creates a secret. Raises `Taken` if it exists."""

    @abstractmethod
    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        """Changes the value of a secret.

        A service with conditional writes raises `Taken` if the secret isn't the one any more that was read. For
        others, `held` was read right before.
        """

    @abstractmethod
    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        """Deletes a secret, under the same condition as `update`. One that is gone already counts as deleted."""

    def knock(self, kind: Kind) -> None:
        """Checks with a cheap request for a kind that the service answers and accepts the credentials."""
        next(iter(self.ids(kind)), None)

    def fetch(self, kind: Kind, wanted: Callable[[str], bool]) -> Iterator[Held | Foreign]:
        """All secrets of a kind for whose ids `wanted` is true. Those that aren't objects are given as `Foreign`.

        Services that list values along with names override this.
        """
        ids = (id_ for id_ in self.ids(kind) if wanted(id_))
        for found in in_order(partial(self.attempt, kind), ids, self.parallel):
            if found is not None:
                yield found

    def attempt(self, kind: Kind, id_: str) -> Held | Foreign | None:
        """The result of `get`, with a raised `Foreign` as a result."""
        try:
            return self.get(kind, id_)
        except Foreign as error:
            return error

    def close(self) -> None:  # noqa: B027 - most drivers hold nothing open
        """Closes its connections."""


def owned_by(kind: Kind, id_: str) -> str:
    """The reason for not touching a secret that belongs to another object."""
    return f"the secret is that of the {kind.singular} {id_}"
