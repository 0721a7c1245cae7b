"""`/api/v2` of Airflow 3: JSON objects, bodies with a mask of the fields that count, and requests of many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airconn.model import (
    DEFAULT_POOL,
    REDACTED,
    Action,
    AirflowObject,
    Connection,
    Kind,
    Pool,
    Redacted,
    Step,
    Text,
    Variable,
    hidden_or,
    value_fields,
)
from airconn.stores.airflow_api.api import ID_NAMES, Api, NotWritten
from airconn.stores.airflow_api.stored_forms import fields_set, plain, unmasked
from airconn.stores.http.fields import FieldReader
from airconn.stores.http.messages import Request


class ApiV2(Api):
    """The API that airflow/api_fastapi/core_api of 3.0 to 3.3 serves."""

    prefix: ClassVar[str] = "/api/v2"
    searches: ClassVar[bool] = True

    def lists_in_full(self, kind: Kind) -> bool:
        return True

    def parse(self, kind: Kind, item: Mapping[str, Any]) -> AirflowObject:
        read = FieldReader(kind, item, self.origin.source)
        if kind is Kind.CONNECTIONS:
            extra = read.text("extra")
            return Connection(
                conn_id=read.needed(str, "connection_id"),
                conn_type=read.needed(str, "conn_type"),
                description=hidden_or(read.text("description")),
                host=hidden_or(read.text("host")),
                schema=hidden_or(read.text("schema")),
                login=hidden_or(read.text("login")),
                password=unmasked(read.text("password") or None),
                port=read.whole("port"),
                extra=None if extra is None else Text.of(extra, masked=True),
                team_name=read.text("team_name"),
                origin=self.origin,
            )
        if kind is Kind.VARIABLES:
            value = read.text("value")
            # None is a value that the server can't decrypt.
            held: Text | Redacted = REDACTED if value is None else Text.of(value, masked=True)
            return Variable(
                key=read.needed(str, "key"),
                value=held,
                description=hidden_or(read.text("description")),
                team_name=read.text("team_name"),
                origin=self.origin,
            )
        return Pool(
            name=read.needed(str, "name"),
            slots=read.needed(int, "slots"),
            description=hidden_or(read.text("description")),
            include_deferred=read.needed(bool, "include_deferred"),
            team_name=read.text("team_name"),
            origin=self.origin,
        )

    def create(self, obj: AirflowObject) -> Sequence[Request]:
        body = {ID_NAMES[obj.kind]: obj.id, **self._to_create(obj)}
        return (Request("POST", self.path(obj.kind), body=body),)

    def update(self, step: Step) -> Sequence[Request]:
        """A `PATCH` with a mask: the server ignores what the body must have besides the fields to write.

        Each version honours the mask for single objects (3.0 and 3.1 routes/public/*.py, 3.2 and 3.3
        services/public/*.py `update_orm_from_pydantic`).
        """
        source, written = step.source, self._written(step)
        if source is None:
            raise NotWritten("there is nothing to write")
        if not written:
            return ()
        mask = tuple(("update_mask", name) for name in written)
        name = "pool" if step.kind is Kind.POOLS else ID_NAMES[step.kind]
        body = {name: step.id, **self._to_update(step, source)}
        return (Request("PATCH", self.path(step.kind, step.id), mask, body),)

    def entity(self, step: Step) -> dict[str, Any]:
        """The part of a bulk request for a created or updated object. The server names those that it refuses."""
        source = step.source
        if source is None:
            raise NotWritten("there is nothing to write")
        values = self._to_create(source) if step.action is Action.CREATE else self._to_update(step, source)
        return {ID_NAMES[step.kind]: step.id, **values}

    def _to_create(self, obj: AirflowObject) -> dict[str, Any]:
        values = fields_set(obj, self._names(obj.kind))
        if not values.get("password"):
            values.pop("password", None)  # Airflow ignores '' (models/connection.py `set_password`)
        return values

    def _written(self, step: Step) -> list[str]:
        return sorted(self.sent(step) & set(self._names(step.kind)))

    def _to_update(self, step: Step, source: AirflowObject) -> dict[str, Any]:
        """The fields to write, and the present values of others that a body must have."""
        target = step.target
        written = self._written(step)
        values = {name: plain(getattr(source, name)) for name in written}
        if "password" in values and not values["password"]:
            raise NotWritten("a password can't be removed by an update: delete the connection first")
        if isinstance(source, Pool):
            if step.id == DEFAULT_POOL and not set(written) <= {"slots", "include_deferred"}:
                raise NotWritten(f"the API changes only slots and include_deferred of {DEFAULT_POOL}")
            values = {**_required(target if isinstance(target, Pool) else source), **values}
            values["include_deferred"] = bool(values["include_deferred"])
        elif isinstance(source, Variable):
            values = {"value": "", **values}
        else:
            values = {"conn_type": target.conn_type if isinstance(target, Connection) else source.conn_type, **values}
        return values

    def _names(self, kind: Kind) -> tuple[str, ...]:
        """The fields that this version knows. It refuses others (`extra="forbid"`)."""
        return tuple(name for name in value_fields(kind) if name != "team_name" or self.dialect.rules.team_names)


def _required(held: Pool) -> dict[str, Any]:
    """The required fields of a pool with their present values, so that a mask that is ignored does no harm."""
    description = None if held.description is REDACTED else held.description
    return {"slots": held.slots, "description": description, "include_deferred": held.include_deferred}
