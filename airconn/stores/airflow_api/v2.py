"""`/api/v2` of Airflow 3, with the models of apache-airflow-client for bodies and answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

from airconn.errors import TargetError
from airconn.model import (
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
from airconn.stores.airflow_api.api import DEFAULT_POOL, ID_NAMES, Api, Refused
from airconn.stores.airflow_api.forms import fields_set, plain, unmasked
from airconn.stores.airflow_api.transport import Request

M = TypeVar("M")


class ApiV2(Api):
    """The API that airflow/api_fastapi/core_api of 3.0 to 3.3 serves."""

    prefix: ClassVar[str] = "/api/v2"
    searches: ClassVar[bool] = True

    def lists_in_full(self, kind: Kind) -> bool:
        return True

    def parse(self, kind: Kind, item: Mapping[str, Any]) -> AirflowObject:
        if kind is Kind.CONNECTIONS:
            return self._connection(item)
        return self._variable(item) if kind is Kind.VARIABLES else self._pool(item)

    def _connection(self, item: Mapping[str, Any]) -> Connection:
        from airflow_client.client.models.connection_response import ConnectionResponse

        shown = self._read(ConnectionResponse.from_dict, item, Kind.CONNECTIONS)
        return Connection(
            conn_id=shown.connection_id,
            conn_type=shown.conn_type,
            description=hidden_or(shown.description),
            host=hidden_or(shown.host),
            schema=hidden_or(shown.var_schema),
            login=hidden_or(shown.login),
            password=unmasked(shown.password or None),
            port=shown.port,
            extra=None if shown.extra is None else Text.of(shown.extra, masked=True),
            team_name=shown.team_name,
            origin=self.origin,
        )

    def _variable(self, item: Mapping[str, Any]) -> Variable:
        from airflow_client.client.models.variable_response import VariableResponse

        shown = self._read(VariableResponse.from_dict, item, Kind.VARIABLES)
        # None is a value that the server can't decrypt.
        value: Text | Redacted = REDACTED if shown.value is None else Text.of(shown.value, masked=True)
        return Variable(
            key=shown.key,
            value=value,
            description=hidden_or(shown.description),
            team_name=shown.team_name,
            origin=self.origin,
        )

    def _pool(self, item: Mapping[str, Any]) -> Pool:
        from airflow_client.client.models.pool_response import PoolResponse

        shown = self._read(PoolResponse.from_dict, item, Kind.POOLS)
        return Pool(
            name=shown.name,
            slots=shown.slots,
            description=hidden_or(shown.description),
            include_deferred=shown.include_deferred,
            team_name=shown.team_name,
            origin=self.origin,
        )

    def _read(self, read: Callable[[dict[str, Any]], M | None], item: Mapping[str, Any], kind: Kind) -> M:
        from pydantic import ValidationError

        try:
            shown = read(dict(item))
        except ValidationError as error:
            names = ", ".join(sorted(_names(error)))
            raise TargetError(
                f"the API shows one of its {kind.value} with a {names} of no use", where=self.origin.source
            ) from None
        if shown is None:
            raise TargetError(f"the API shows nothing for one of its {kind.value}", where=self.origin.source)
        return shown

    def create(self, obj: AirflowObject) -> Sequence[Request]:
        return (Request("POST", self.path(obj.kind), body=self._body(obj, self._to_create(obj))),)

    def update(self, step: Step) -> Sequence[Request]:
        """A `PATCH` with a mask: what the body must have beyond the fields to write is not looked at.

        Each version honours the mask for single objects (3.0 and 3.1 routes/public/*.py, 3.2 and 3.3
        services/public/*.py `update_orm_from_pydantic`).
        """
        source, written = step.source, self._written(step)
        if source is None:
            raise Refused("there is nothing to write")
        if not written:
            return ()
        mask = tuple(("update_mask", name) for name in written)
        body = self._body(source, self._to_update(step, source), patch=True)
        return (Request("PATCH", self.path(step.kind, step.id), mask, body),)

    def entity(self, step: Step) -> dict[str, Any]:
        """What stands for a created or updated object in a request of many. The server says which it doesn't take."""
        source = step.source
        if source is None:
            raise Refused("there is nothing to write")
        values = self._to_create(source) if step.action is Action.CREATE else self._to_update(step, source)
        return {ID_NAMES[step.kind]: step.id, **values}

    def _to_create(self, obj: AirflowObject) -> dict[str, Any]:
        values = fields_set(obj, self._names(obj.kind))
        if not values.get("password"):
            values.pop("password", None)  # '' is no password for Airflow (models/connection.py `set_password`)
        return values

    def _written(self, step: Step) -> list[str]:
        return sorted(step.written & set(self._names(step.kind)))

    def _to_update(self, step: Step, source: AirflowObject) -> dict[str, Any]:
        """The fields to write, and what a body must have beside them, as it is."""
        target = step.target
        written = self._written(step)
        values = {name: plain(getattr(source, name)) for name in written}
        if "password" in values and not values["password"]:
            raise Refused("a password can't be removed by an update: delete the connection first")
        if isinstance(source, Pool):
            if step.id == DEFAULT_POOL and not set(written) <= {"slots", "include_deferred"}:
                raise Refused("the API changes only slots and include_deferred of default_pool")
            values = {**_required(target if isinstance(target, Pool) else source), **values}
            values["include_deferred"] = bool(values["include_deferred"])
        elif isinstance(source, Variable):
            values = {"value": "", **values}
        else:
            values = {"conn_type": target.conn_type if isinstance(target, Connection) else source.conn_type, **values}
        return values

    def _names(self, kind: Kind) -> tuple[str, ...]:
        """The fields that this version knows. One that it doesn't is refused (`extra="forbid"`)."""
        return tuple(name for name in value_fields(kind) if name != "team_name" or self.dialect.rules.team_names)

    def _body(self, obj: AirflowObject, values: dict[str, Any], *, patch: bool = False) -> dict[str, Any]:
        """The body as the client's model makes it. Its `to_dict` drops None, which is what clears a field."""
        from airflow_client.client.models.connection_body import ConnectionBody
        from airflow_client.client.models.pool_body import PoolBody
        from airflow_client.client.models.pool_patch_body import PoolPatchBody
        from airflow_client.client.models.variable_body import VariableBody
        from pydantic import ValidationError

        model: Any = {
            Kind.CONNECTIONS: ConnectionBody,
            Kind.VARIABLES: VariableBody,
            Kind.POOLS: PoolPatchBody if patch else PoolBody,
        }[obj.kind]
        name = "pool" if model is PoolPatchBody else ID_NAMES[obj.kind]
        try:
            made = model.model_validate({name: obj.id, **values}).to_dict()
        except ValidationError as error:
            raise Refused(f"Airflow's API doesn't take its {', '.join(sorted(_names(error)))}") from None
        cleared = {key: None for key, value in values.items() if value is None}
        return {key: value for key, value in made.items() if key == name or key in values} | cleared


def _required(held: Pool) -> dict[str, Any]:
    """What a pool's body must have, with the values that are there, so that a mask that isn't heeded does no harm."""
    description = None if held.description is REDACTED else held.description
    return {"slots": held.slots, "description": description, "include_deferred": held.include_deferred}


def _names(error: Any) -> set[str]:
    """The fields that pydantic complains about. Its own text quotes their values."""
    return {
        str(found["loc"][0]) for found in error.errors(include_input=False, include_context=False) if found["loc"]
    }
