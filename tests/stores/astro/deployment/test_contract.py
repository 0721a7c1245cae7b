"""The contract of stores, with the environment variables of a Deployment of the fake Astro."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from airconn.config import Settings
from airconn.model import AirflowObject, Connection, Kind, Text, Variable
from airconn.stores.astro.deployment import DeploymentVariablesStore, open_store
from airconn.stores.base import Store
from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.astro.switches import DEFAULT, NASTIEST, Switches
from tests.stores.contract import FULL, OBJECTS, StoreContract, create, read_one

PREFIXES = {Kind.CONNECTIONS: "AIRFLOW_CONN_", Kind.VARIABLES: "AIRFLOW_VAR_"}


class Held:
    """Looks into the state of the fake as Airflow would into its environment."""

    def __init__(self, astro: FakeAstro) -> None:
        self.deployment = astro.deployments[astro.deployment]

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        if kind not in PREFIXES:
            return None
        held = self.deployment.variables.get(PREFIXES[kind] + id_.upper())
        if held is None:
            return None
        if kind is Kind.VARIABLES:
            return Variable(key=id_, value=Text(held.value))
        assert "\n" not in held.value
        fields: dict[str, Any] = json.loads(held.value)
        extra = fields.pop("extra", None)
        if isinstance(extra, dict):
            extra = json.dumps(extra)
        if fields.get("port"):
            fields["port"] = int(fields["port"])
        return Connection(conn_id=id_, extra=None if extra is None else Text(extra), **{"conn_type": "", **fields})

    def clear(self) -> None:
        self.deployment.variables.clear()

    def put_variables(self, values: dict[str, str]) -> None:
        for key, value in values.items():
            self.deployment.put("AIRFLOW_VAR_" + key.upper(), value)


def store_of(astro: FakeAstro, query: str = "", token: str = "") -> DeploymentVariablesStore:
    address = f"astro-vars://Data Platform/production{query}"
    return open_store(address, Settings(environ=astro.environ(token), timeout=5, retries=0))


class DeploymentVariables(StoreContract):
    switches: Switches
    full = replace(FULL, conn_type="google_cloud_platform")

    @pytest.fixture
    def astro(self) -> Iterator[FakeAstro]:
        with running(self.switches) as astro:
            yield astro

    @pytest.fixture
    def objects(self, store: Store) -> list[AirflowObject]:
        """Without one in capitals, which is read in lower case where it isn't asked for by its id."""
        every = (self.full, *OBJECTS[1:])
        return [obj for obj in every if not store.problems(obj) and obj.id == obj.id.lower()]

    @pytest.fixture
    def store(self, astro: FakeAstro) -> Iterator[Store]:
        store = store_of(astro, "?secret=none")
        yield store
        store.close()

    @pytest.fixture
    def truth(self, astro: FakeAstro) -> Held:
        return Held(astro)

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        environ = {"ASTRO_API_TOKEN": "t", "AIRCONN_ASTRO_API": "http://127.0.0.1:1/v1"}
        settings = Settings(environ=environ, timeout=5, retries=0)
        return lambda: open_store("astro-vars://w/d?organization=o", settings)

    @pytest.fixture
    def locked_out(self, astro: FakeAstro) -> Callable[[], Store]:
        token = astro.add_token()
        del astro.tokens[token]
        return lambda: store_of(astro, token=token)

    def test_a_hidden_value_is_redacted_and_nothing_else_is(self, store: Store) -> None:
        create(store, self.full)
        assert read_one(store, self.full) == store.stored_form(self.full)


class TestDefault(DeploymentVariables):
    switches = DEFAULT


class TestNastiest(DeploymentVariables):
    switches = replace(NASTIEST, deployment_update="keeps links", throttled="never")
