"""What a `PATCH` on a whole collection of `/api/v2` takes: many objects in one request, all of one action."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from airconn.errors import AirconnError
from airconn.model import (
    DEFAULT_POOL,
    Action,
    Connection,
    FieldChange,
    How,
    Kind,
    Step,
    Variable,
    hidden_fields,
    value_fields,
)
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.transport import Reply, Request
from airconn.stores.masks import holds_mask

_ON: Final = {
    Action.CREATE: {"action_on_existence": "fail"},
    Action.UPDATE: {"action_on_non_existence": "fail"},
    Action.DELETE: {"action_on_non_existence": "skip"},
}

_PASSWORD: Final = FieldChange("password", How.CHANGED)

Entity = Mapping[str, Any] | str


@dataclass(frozen=True, slots=True)
class Key:
    """What the entries of one request have in common."""

    kind: Kind
    action: Action
    mask: tuple[str, ...] = ()
    """The fields that an update writes, where the server heeds that."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A step, and what stands for it in a request. A key of None is one that has to be carried out by itself."""

    step: Step
    key: Key | None = None
    entity: Entity = ""

    @property
    def weight(self) -> int:
        """About how many characters it takes."""
        values = self.entity.values() if isinstance(self.entity, Mapping) else (self.entity,)
        return sum(len(value) if isinstance(value, str) else 8 for value in values) + 100


def entry(api: Api, step: Step) -> Entry:
    """How a step goes into a request with others, if it does. What is refused, is so by itself."""
    try:
        key = _key(api, step)
        return Entry(step, key, _entity(api, key, step)) if key else Entry(step)
    except (AirconnError, ValueError):
        return Entry(step)


def _key(api: Api, step: Step) -> Key | None:
    source, dialect = step.source, api.dialect
    if step.action is Action.DELETE:
        # Airflow lets nobody delete default_pool, but for this call.
        return None if step.kind is Kind.POOLS and step.id == DEFAULT_POOL else Key(step.kind, step.action)
    if source is None or holds_mask(source, _names(api, step)):
        return None
    if step.action is Action.CREATE:
        # `handle_bulk_create` of services/public/variables.py drops the team (3.2.2, 3.3.2).
        return None if isinstance(source, Variable) and source.team_name else Key(step.kind, step.action)
    if step.action is not Action.UPDATE or not step.written:
        return None
    if step.kind is Kind.CONNECTIONS:
        # All fields of the body are written, and no others, mask or no mask.
        return Key(step.kind, step.action) if dialect.bulk_keeps_unnamed else None
    if dialect.masks_in_bulk:
        return None if step.id == DEFAULT_POOL else Key(step.kind, step.action, tuple(sorted(api.sent(step))))
    # Before 3.2, all fields of a variable are written, and a pool's description can't be cleared.
    whole = step.kind is Kind.VARIABLES and not hidden_fields(step.result())
    return Key(step.kind, step.action) if whole else None


def _names(api: Api, step: Step) -> Sequence[str]:
    return sorted(api.sent(step)) if step.action is Action.UPDATE else value_fields(step.kind)


def _entity(api: Api, key: Key, step: Step) -> Entity:
    if step.action is Action.DELETE:
        return step.id
    if step.kind is Kind.VARIABLES and step.action is Action.UPDATE and not key.mask:
        return api.entity(replace(step, action=Action.CREATE, source=step.result()))
    return api.entity(step)


def request(api: Api, key: Key, entities: Iterable[Entity]) -> Request:
    """The request that carries out entries of one key. A repeated create would meet what the first one made."""
    action = {"action": key.action.value, "entities": list(entities), **_ON[key.action]}
    if key.mask:
        action["update_mask"] = list(key.mask)
    repeatable = key.action is not Action.CREATE
    body = {"actions": [action]}
    return Request("PATCH", api.path(key.kind), body=body, repeatable=repeatable, patient=False, divisible=True)


def done(reply: Reply, key: Key, entries: Sequence[Entry]) -> frozenset[str] | None:
    """The ids that were dealt with, by the answer to `request`; None where the answer is none.

    The status is 200 even where nothing was done. What was to be deleted and is gone already counts as done.
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


def password(item: Entry) -> Any:
    """The password that goes into a request with an entry, if one does."""
    return item.entity.get("password") if isinstance(item.entity, Mapping) else None


def without_password(item: Entry) -> Entry:
    """The same without a password in it, if `password_of` can give it one later."""
    if not is_put_off(item.step):
        return item
    assert isinstance(item.entity, Mapping)  # noqa: S101 - a connection that is created
    return replace(item, entity={name: value for name, value in item.entity.items() if name != "password"})


def password_of(api: Api, item: Entry) -> Entry:
    """The update that gives a connection the password that it was created without, with all that it belongs to."""
    step = replace(item.step, action=Action.UPDATE, target=item.step.source, changes=(_PASSWORD,))
    return Entry(step, Key(step.kind, step.action), api.entity(step))


def is_put_off(step: Step) -> bool:
    """Whether the password of a connection can come later. An update takes `***` for what is there.

    Where it belongs to a team, whoever may create it may not be who may change it.
    """
    source = step.source
    plain = isinstance(source, Connection) and not source.team_name and "password" not in source.literal
    return plain and bool(getattr(source, "password", None))


def may_update(api: Api) -> Request:
    """A request that changes nothing, and is refused to who may create connections and not change them."""
    nobody = {"connection_id": f"airconn-{secrets.token_hex(16)}", "conn_type": "generic"}
    action = {"action": "update", "entities": [nobody], "action_on_non_existence": "skip"}
    return Request("PATCH", api.path(Kind.CONNECTIONS), body={"actions": [action]}, repeatable=True)
