"""Finds out what the user may do at an Airflow, with requests that change nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote

from airconn.airflow.connection_tests import is_switched_off
from airconn.airflow.permission_questions import (
    ACTIONS,
    RESOURCES,
    PermissionQuestion,
    Right,
    question,
    roles_path,
)
from airconn.model import Kind
from airconn.stores.airflow_api.address import path_of
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.session import Session
from airconn.stores.http import bodies, gateways
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply, Request

_MOST_ROLES = 20


@dataclass(frozen=True, slots=True)
class KindRights:
    """What a user may do with the objects of a kind."""

    allowed: tuple[str, ...]
    refused: tuple[str, ...]
    unasked: tuple[str, ...]
    """What only a request would tell that is logged."""
    unclear: tuple[str, ...]
    """What was asked without an answer that tells it."""


class Permissions:
    """Asks for what one user may do."""

    def __init__(self, session: Session, api: Api, missing_id: str) -> None:
        """`missing_id` is an id that no object has."""
        self._session = session
        self._api = api
        self._missing = path_of(missing_id)

    def of_kind(self, kind: Kind, *, may_read: bool, asks_writes: bool) -> KindRights:
        """The rights for a kind. Raises `TargetError` if no answer comes."""
        found: dict[Right, bool | str] = {Right.READ: may_read}
        for right in (Right.CREATE, Right.UPDATE, Right.DELETE):
            found[right] = self._answer(kind, right, asks_writes=asks_writes)

        def those(answer: bool | str) -> tuple[str, ...]:
            return tuple(right.value for right, given in found.items() if given == answer)

        return KindRights(those(True), those(False), those("not asked"), those("unclear"))

    def _answer(self, kind: Kind, right: Right, *, asks_writes: bool) -> bool | str:
        if self._roles is not None:
            return (ACTIONS[right], RESOURCES[kind.value]) in self._roles
        asked = question(self._api.dialect.version, kind.value, right)
        if asked.is_logged and not asks_writes:
            return "not asked"
        reply = self._ask(kind, asked)
        if is_switched_off(reply.status, reply.body.decode("utf-8", "replace")):
            return True  # the right is judged before the setting
        if reply.status in asked.yes and not gateways.fault(reply):
            return True
        # A gateway that lets no DELETE through answers with a page of its own.
        return False if reply.status == 403 and not gateways.is_page(reply) else "unclear"

    def _ask(self, kind: Kind, asked: PermissionQuestion) -> Reply:
        path = self._api.path(kind) + asked.below.replace("/{id}", self._missing)
        body = None if asked.body is None else dict(asked.body)
        return self._session.send(Request(asked.method, path, body=body, once=True, lacks_body=asked.without_body))

    @cached_property
    def _roles(self) -> frozenset[tuple[str, str]] | None:
        """The actions and resources of the user's roles. None where they can't be read, which takes an administrator.

        Only the name of a login with a password is known here.
        """
        name = self._session.credentials.username
        user = self._read(f"/users/{quote(name, safe='')}") if name else None
        named = user.get("roles") if user else None
        if not isinstance(named, list) or len(named) > _MOST_ROLES:
            return None
        found: set[tuple[str, str]] = set()
        for entry in named:
            role = self._read(f"/roles/{quote(str(entry.get('name')), safe='')}")
            if role is None or not isinstance(role.get("actions"), list):
                return None
            found |= {(_name(each, "action"), _name(each, "resource")) for each in role["actions"]}
        return frozenset(found)

    def _read(self, path: str) -> dict[str, Any] | None:
        prefix = roles_path(self._api.dialect.version)
        try:
            reply = self._session.send(Request("GET", prefix + path, once=True, largest=bodies.LIST))
        except NoAnswer:
            return None
        answer = reply.json() if reply.status == 200 else None
        return answer if isinstance(answer, dict) else None


def _name(entry: Any, what: str) -> str:
    part = entry.get(what) if isinstance(entry, Mapping) else None
    return str(part.get("name")) if isinstance(part, Mapping) else ""
