"""`/api/v1` of Airflow 2: JSON objects, partial bodies, and calls that overwrite existing objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from airconn.model import (
    REDACTED,
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
from airconn.stores.airflow_api.stored_forms import fields_set, plain
from airconn.stores.http.fields import FieldReader
from airconn.stores.http.messages import Request

_NOT_HERE = {"team_name"}


class ApiV1(Api):
    """The API that airflow/api_connexion of 2.7 to 2.11 serves."""

    prefix: ClassVar[str] = "/api/v1"
    searches: ClassVar[bool] = False

    def lists_in_full(self, kind: Kind) -> bool:
        """The list of connections lacks `extra` (schemas/connection_schema.py `ConnectionCollectionItemSchema`)."""
        return kind is not Kind.CONNECTIONS

    def parse(self, kind: Kind, item: Mapping[str, Any]) -> AirflowObject:
        read = FieldReader(kind, item, self.origin.source)
        if kind is Kind.CONNECTIONS:
            text = read.text("extra")
            extra = None if text is None else Text.of(text, masked=True)
            if not read.has("extra"):
                extra = REDACTED  # an item of the list
            return Connection(
                conn_id=read.needed(str, "connection_id"),
                conn_type=read.text("conn_type") or "",
                description=hidden_or(read.text("description")),
                host=hidden_or(read.text("host")),
                schema=hidden_or(read.text("schema")),
                login=hidden_or(read.text("login")),
                password=REDACTED,  # never given back, not even whether there is one
                port=read.whole("port"),
                extra=extra,
                origin=self.origin,
            )
        if kind is Kind.VARIABLES:
            value = read.text("value")
            # Variables come in clear (schemas/variable_schema.py). None is one that the server can't decrypt.
            held: Text | Redacted = REDACTED if value is None else Text.of(value)
            return Variable(
                key=read.needed(str, "key"),
                value=held,
                description=hidden_or(read.text("description")),
                origin=self.origin,
            )
        return Pool(
            name=read.needed(str, "name"),
            slots=read.whole("slots") or 0,
            description=hidden_or(read.text("description")),
            include_deferred=read.needed(bool, "include_deferred"),
            origin=self.origin,
        )

    def create(self, obj: AirflowObject) -> Sequence[Request]:
        names = [name for name in value_fields(obj.kind) if name not in _NOT_HERE]
        body = {ID_NAMES[obj.kind]: obj.id, **fields_set(obj, names)}
        if not body.get("password"):
            body.pop("password", None)
        post = Request("POST", self.path(obj.kind), body=body)
        if isinstance(obj, Variable) and obj.description is not None and not self.dialect.describes_on_create:
            return (post, self._describe(obj.key, obj.description))
        return (post,)

    def update(self, step: Step) -> Sequence[Request]:
        source, written = step.source, sorted(self.sent(step) - _NOT_HERE)
        if isinstance(source, Variable):
            return self._update_variable(source, step.target, written)
        path = self.path(step.kind, step.id)
        if isinstance(source, Pool):
            body = {"name": step.id, **{name: plain(getattr(source, name)) for name in written}}
            if "include_deferred" in written:
                body["include_deferred"] = bool(source.include_deferred)
            # Without a mask, `PATCH` sets include_deferred to False (schemas/pool_schema.py `load_default`).
            return (Request("PATCH", path, (("update_mask", ",".join(written)),), body),)
        body = {name: plain(getattr(source, name)) for name in written}
        if "password" in body and not body["password"]:
            raise NotWritten("a password can't be removed by an update: delete the connection first")
        return (Request("PATCH", path, body=body),)

    def _update_variable(
        self, source: Variable, target: AirflowObject | None, written: list[str]
    ) -> Sequence[Request]:
        """The requests for a variable: `PATCH` needs the value each time, which its mask doesn't know."""
        path = self.path(Kind.VARIABLES, source.key)
        if "description" in written and source.description is None:
            # null is refused, and '' would be stored. Only overwriting the whole variable clears its description.
            value = source.value if "value" in written else getattr(target, "value", REDACTED)
            if not isinstance(value, Text) or value.hidden:
                raise NotWritten("its description can't be cleared without sending its value, which is hidden")
            return (Request("POST", self.path(Kind.VARIABLES), body={"key": source.key, "value": plain(value)}),)
        if "value" not in written:
            return (self._describe(source.key, plain(source.description)),)
        body = {"key": source.key, **{name: plain(getattr(source, name)) for name in written}}
        return (Request("PATCH", path, body=body),)

    def _describe(self, key: str, description: Any) -> Request:
        """The request that writes only a description. The value has to be in the body, and is ignored."""
        body = {"key": key, "value": "", "description": plain(description)}
        return Request("PATCH", self.path(Kind.VARIABLES, key), (("update_mask", "description"),), body)
