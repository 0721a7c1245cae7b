"""The contract of a version of the API: paths, bodies, and objects in answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from airconn.airflow.rest_api import RestDialect
from airconn.errors import AirconnError
from airconn.model import DEFAULT_POOL, AirflowObject, Kind, Origin, Step
from airconn.stores.airflow_api.address import path_of
from airconn.stores.airflow_api.sent_fields import sent_along
from airconn.stores.http.messages import Request

ID_NAMES: Final = {Kind.CONNECTIONS: "connection_id", Kind.VARIABLES: "key", Kind.POOLS: "name"}
"""The names of the ids in bodies and answers."""


class NotWritten(AirconnError):
    """A change that this API can't make without losing something."""


class Api(ABC):
    """One version of the API: its paths, and the form of objects. It builds requests, but doesn't send them."""

    prefix: ClassVar[str]
    searches: ClassVar[bool]
    """Whether its lists have a filter over ids."""
    most_in_bulk: ClassVar[int] = 500
    """The most objects in one request."""
    singles_in_bulk: ClassVar[bool] = False
    """Whether a single object is also written by the request of many, which has its id in the body."""

    def __init__(self, dialect: RestDialect, origin: Origin) -> None:
        self.dialect = dialect
        self.origin = origin

    def path(self, kind: Kind, id_: str | None = None) -> str:
        """The path of all objects of a kind, or of one."""
        return f"{self.prefix}/{kind.value}" + ("" if id_ is None else path_of(id_))

    def has_path(self, kind: Kind, id_: str) -> bool:
        """Whether a request to the path of one object can be sent. A carrier of requests may limit paths."""
        return True

    @abstractmethod
    def lists_in_full(self, kind: Kind) -> bool:
        """Whether the list of a kind has all fields of its objects."""

    @abstractmethod
    def parse(self, kind: Kind, item: Mapping[str, Any]) -> AirflowObject:
        """The object in an answer. Raises `TargetError` that quotes no value if the answer isn't one."""

    def sent(self, step: Step) -> frozenset[str]:
        """The fields that an update sends: those that it writes, and those that are sent along."""
        return step.written | sent_along(step, self.dialect)

    @abstractmethod
    def create(self, obj: AirflowObject) -> Sequence[Request]:
        """The requests, in their order, that create an object. Raises `NotWritten`."""

    @abstractmethod
    def update(self, step: Step) -> Sequence[Request]:
        """The requests that write the fields `sent` of an object, and no others. Raises `NotWritten`."""

    def entity(self, step: Step) -> dict[str, Any]:
        """The part of a bulk request for a created or updated object. Raises `NotWritten`."""
        raise NotWritten("this API has no request of many")

    def delete(self, kind: Kind, id_: str) -> Request:
        if kind is Kind.POOLS and id_ == DEFAULT_POOL:
            raise NotWritten(f"Airflow doesn't allow to delete {DEFAULT_POOL}")
        return Request("DELETE", self.path(kind, id_))
