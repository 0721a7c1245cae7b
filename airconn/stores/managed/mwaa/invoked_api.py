"""The APIs of Airflow as far as `InvokeRestApi` carries them: what it may change on the way is not sent.

AWS doesn't document what becomes of a repeated parameter, of null in a body, and of a percent sign in a path.
Requests mean the same whichever way it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

from airconn.model import AirflowObject, Kind, Step, Variable
from airconn.stores.airflow_api.address import path_of
from airconn.stores.airflow_api.api import Api, NotWritten
from airconn.stores.airflow_api.v1 import ApiV1
from airconn.stores.airflow_api.v2 import ApiV2
from airconn.stores.http.messages import Request
from airconn.stores.managed.mwaa.invoking import LONGEST_PATH

MOST = 50
"""The most objects in a request: AWS ends each after 10 s, and an Airflow takes a moment for each new password."""


def has_short_path(kind: Kind, id_: str) -> bool:
    """Whether the path of an object is short enough, and the same whether or not it is percent-decoded on the way."""
    path = f"/{kind.value}{path_of(id_)}"
    return "%" not in path and len(path) <= LONGEST_PATH


def emptied(step: Step, api: Api) -> tuple[str, ...]:
    """The fields of an update that would be null in its body, which may be dropped on the way."""
    source = step.source
    if isinstance(source, Variable) and not api.dialect.nulls_description:
        return ()  # the description is taken away by a request without it
    return tuple(sorted(name for name in step.written if getattr(source, name) is None))


class InvokedV1(ApiV1):
    """`/api/v1` through `InvokeRestApi`."""

    def has_path(self, kind: Kind, id_: str) -> bool:
        return has_short_path(kind, id_)

    def sent(self, step: Step) -> frozenset[str]:
        return super().sent(step) - _unset(step)

    def update(self, step: Step) -> Sequence[Request]:
        _check(step, self)
        return tuple(_without_nulls(request) for request in super().update(step))


class InvokedV2(ApiV2):
    """`/api/v2` through `InvokeRestApi`. Ids are in bodies wherever that is possible."""

    most_in_bulk: ClassVar[int] = MOST
    singles_in_bulk: ClassVar[bool] = True

    def has_path(self, kind: Kind, id_: str) -> bool:
        return has_short_path(kind, id_)

    def sent(self, step: Step) -> frozenset[str]:
        return super().sent(step) - _unset(step)

    def update(self, step: Step) -> Sequence[Request]:
        """The requests for the fields, with one name in each mask: a mask of several is a repeated parameter."""
        _check(step, self)
        return tuple(
            replace(_without_nulls(request), query=(part,))
            for request in super().update(step)
            for part in request.query
        )

    def entity(self, step: Step) -> dict[str, Any]:
        _check(step, self)
        return {name: value for name, value in super().entity(step).items() if value is not None}


def _unset(step: Step) -> frozenset[str]:
    """The fields without a value that an update sends only along, and may as well leave."""
    source: AirflowObject | None = step.source
    names = (name for name in _fields_of(source) if name not in step.written and getattr(source, name) is None)
    return frozenset(names)


def _fields_of(source: AirflowObject | None) -> tuple[str, ...]:
    """The names of an object's fields."""
    return () if source is None else tuple(source.__dataclass_fields__)


def _check(step: Step, api: Api) -> None:
    if names := emptied(step, api):
        raise NotWritten(refusal_of(names))


def refusal_of(names: Sequence[str]) -> str:
    """Why fields can't be emptied."""
    return f"InvokeRestApi may drop a null, so {' and '.join(names)} would stay: leave ?through=api out"


def _without_nulls(request: Request) -> Request:
    if request.body is None:
        return request
    return replace(request, body={name: value for name, value in request.body.items() if value is not None})
