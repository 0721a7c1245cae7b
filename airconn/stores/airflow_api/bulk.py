"""Builds and reads a `PATCH` on a collection of `/api/v2`: many objects in one request, all with one action."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from airconn.errors import AirconnError
from airconn.model import (
    DEFAULT_POOL,
    Action,
    Kind,
    Step,
    Variable,
    hidden_fields,
    value_fields,
)
from airconn.stores.airflow_api.api import Api
from airconn.stores.hidden_values import hidden_refusal
from airconn.stores.http.messages import Reply, Request

_ON: Final = {
    Action.CREATE: {"action_on_existence": "fail"},
    Action.UPDATE: {"action_on_non_existence": "fail"},
    Action.DELETE: {"action_on_non_existence": "skip"},
}

Entity = Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class BulkKey:
    """The properties that all entries of one request share."""

    kind: Kind
    action: Action
    mask: tuple[str, ...] = ()
    """The fields that an update writes, if the server honours that."""


class BulkContent(Enum):
    """Which part of its object an entry has (`late_passwords`)."""

    WHOLE = "all that its step writes"
    BARE = "all but the password, which comes later"
    PASSWORD = "the password that came later"  # noqa: S105 - a description


@dataclass(frozen=True, slots=True)
class BulkEntry:
    """A step as a part of a request. Without a key, it has to be sent in a request of its own."""

    step: Step
    key: BulkKey | None = None
    entity: Entity = ""
    content: BulkContent = BulkContent.WHOLE

    @property
    def weight(self) -> int:
        """Its approximate number of characters."""
        values = self.entity.values() if isinstance(self.entity, Mapping) else (self.entity,)
        return sum(len(value) if isinstance(value, str) else 8 for value in values) + 100


def entry(api: Api, step: Step) -> BulkEntry:
    """The entry of a step. A step that the API refuses gets no key, so that it is refused by itself."""
    try:
        key = _key(api, step)
        return BulkEntry(step, key, _entity(api, key, step)) if key else BulkEntry(step)
    except (AirconnError, ValueError):
        return BulkEntry(step)


def _key(api: Api, step: Step) -> BulkKey | None:
    source, dialect = step.source, api.dialect
    if step.action is Action.DELETE:
        # Airflow refuses to delete default_pool, but not in this call.
        return None if step.kind is Kind.POOLS and step.id == DEFAULT_POOL else BulkKey(step.kind, step.action)
    if source is None or hidden_refusal(source, _names(api, step)):
        return None
    if step.action is Action.CREATE:
        # `handle_bulk_create` of services/public/variables.py drops the team (3.2.2, 3.3.2).
        return None if isinstance(source, Variable) and source.team_name else BulkKey(step.kind, step.action)
    if step.action is not Action.UPDATE or not step.written:
        return None
    if step.kind is Kind.CONNECTIONS:
        # All fields of the body are written, and no others, mask or no mask.
        return BulkKey(step.kind, step.action) if dialect.bulk_keeps_unnamed else None
    if dialect.masks_in_bulk:
        return None if step.id == DEFAULT_POOL else BulkKey(step.kind, step.action, tuple(sorted(api.sent(step))))
    # Before 3.2, all fields of a variable are written, and a pool's description can't be cleared.
    whole = step.kind is Kind.VARIABLES and not hidden_fields(step.result())
    return BulkKey(step.kind, step.action) if whole else None


def _names(api: Api, step: Step) -> Sequence[str]:
    return sorted(api.sent(step)) if step.action is Action.UPDATE else value_fields(step.kind)


def _entity(api: Api, key: BulkKey, step: Step) -> Entity:
    if step.action is Action.DELETE:
        return step.id
    if step.kind is Kind.VARIABLES and step.action is Action.UPDATE and not key.mask:
        return api.entity(replace(step, action=Action.CREATE, source=step.result()))
    return api.entity(step)


def request(api: Api, key: BulkKey, entities: Iterable[Entity]) -> Request:
    """The request that carries out entries of one key. A create isn't repeatable: it would find its own objects."""
    action = {"action": key.action.value, "entities": list(entities), **_ON[key.action]}
    if key.mask:
        action["update_mask"] = list(key.mask)
    repeatable = key.action is not Action.CREATE
    body = {"actions": [action]}
    return Request("PATCH", api.path(key.kind), body=body, repeatable=repeatable, patient=False, divisible=True)


def done(reply: Reply, key: BulkKey, entries: Sequence[BulkEntry]) -> frozenset[str] | None:
    """The ids that were carried out, by the answer to `request`. None if the answer doesn't say.

    The status is 200 even if nothing was done. A deletion of an object that is gone already counts as done.
    """
    if not is_result(reply, key.action):
        return None
    result = reply.json()[key.action.value]
    success = result["success"]
    if key.action is Action.DELETE and not result.get("errors"):
        return frozenset(item.step.id for item in entries)
    return frozenset(str(id_) for id_ in success)


def is_result(reply: Reply, action: Action) -> bool:
    """Whether an answer is one to a request of this action."""
    answer = reply.json()
    result = answer.get(action.value) if isinstance(answer, dict) else None
    return isinstance(result, dict) and isinstance(result.get("success"), list)
