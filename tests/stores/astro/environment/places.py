"""A store of the fake's Environment Manager, and what its objects are to Airflow."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from airconn.config import Settings
from airconn.model import AirflowObject, Connection, Kind, Text, Variable
from airconn.stores.astro.environment.store import EnvironmentManagerStore, open_store
from tests.stores.astro.fake_astro import FakeAstro

TYPES = {Kind.CONNECTIONS: "CONNECTION", Kind.VARIABLES: "AIRFLOW_VARIABLE"}
PREFIXES = {Kind.CONNECTIONS: "AIRFLOW_CONN_", Kind.VARIABLES: "AIRFLOW_VAR_"}


def opened(astro: FakeAstro, address: str = "", token: str = "") -> EnvironmentManagerStore:
    """The store of an address, by default of the Workspace."""
    settings = Settings(environ=astro.environ(token), timeout=5, retries=2)
    return open_store(address or f"astro-env://{astro.workspace}", settings)


class Truth:
    """Looks into the state of the fake as Airflow finds it in its secrets."""

    def __init__(self, astro: FakeAstro, *, deployment: str = "", as_env: bool = False) -> None:
        self._astro = astro
        self._entity = deployment or astro.workspace
        self._deployment = deployment
        self._as_env = as_env

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        if kind not in TYPES:
            return None
        try:
            if self._as_env:
                held = self._astro.find(PREFIXES[kind] + id_.upper(), "ENVIRONMENT_VARIABLE", self._entity)
            else:
                held = self._astro.find(id_, TYPES[kind], self._entity)
        except KeyError:
            return None
        content: dict[str, Any] = dict(held.content)
        if self._as_env:
            return of_environment(kind, id_, content["value"])
        if kind is Kind.VARIABLES:
            return Variable(key=id_, value=Text(content["value"]), description=held.description or None)
        extra = content.pop("extra", None)
        content.pop("authTypeId", None)
        return Connection(
            conn_id=id_,
            conn_type=content.pop("type"),
            description=held.description or None,
            extra=Text(json.dumps(as_go(extra))) if extra else None,
            **content,
        )

    def clear(self) -> None:
        self._astro.objects.clear()

    def put_variables(self, values: dict[str, str]) -> None:
        for key, value in values.items():
            if self._as_env:
                self._astro.put(
                    "ENVIRONMENT_VARIABLE", PREFIXES[Kind.VARIABLES] + key.upper(), {"value": value},
                    deployment=self._deployment,
                )  # fmt: skip
            else:
                self._astro.put("AIRFLOW_VARIABLE", key, {"value": value}, deployment=self._deployment)


def of_environment(kind: Kind, id_: str, value: str) -> AirflowObject:
    if kind is Kind.VARIABLES:
        return Variable(key=id_, value=Text(value))
    fields: dict[str, Any] = json.loads(value)
    fields["password"] = fields.get("password") or None
    extra = fields.pop("extra", None)
    if isinstance(extra, dict):
        extra = json.dumps(extra)
    if fields.get("port"):
        fields["port"] = int(fields["port"])
    return Connection(conn_id=id_, extra=None if extra is None else Text(extra), **{"conn_type": "", **fields})


def as_go(value: Any) -> Any:
    """A value with its keys sorted, and its numbers as Go's floats print them."""
    if isinstance(value, dict):
        return {name: as_go(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [as_go(one) for one in value]
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = Decimal(repr(float(value)))
        return int(number) if number == number.to_integral_value() else float(number)
    return value
