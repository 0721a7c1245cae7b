"""The contract of stores, with each kind of address of the Environment Manager, in front of the fake Astro."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

import pytest

from airconn.config import Settings
from airconn.model import REDACTED, AirflowObject, Bundle, Connection, Text, Variable
from airconn.stores.astro.environment.store import EnvironmentManagerStore, open_store
from airconn.stores.base import Capabilities, Store
from tests.stores.astro.environment.places import Truth, opened
from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.astro.switches import DEFAULT, NASTIEST, Switches
from tests.stores.contract import FULL, OBJECTS, ReadContract, StoreContract, create, update

GRANTED = replace(NASTIEST, show_secrets="granted")
WHOLE = replace(FULL, extra=Text(FULL.extra.text.replace("567890}", "567000}")))  # type: ignore[union-attr]
"""Without a number that loses digits: whether Astro keeps them is a switch, which other tests turn."""


class Shown(EnvironmentManagerStore):
    """The store of an organization that shows secrets: there it hides nothing."""

    @property
    def capabilities(self) -> Capabilities:
        return replace(super().capabilities, hides=False)


class EnvironmentManager(StoreContract):
    switches: ClassVar[Switches] = DEFAULT
    query: ClassVar[str] = ""
    of_deployment: ClassVar[bool] = False
    as_env: ClassVar[bool] = False
    full: ClassVar[Connection] = WHOLE

    @pytest.fixture
    def astro(self) -> Iterator[FakeAstro]:
        with running(self.switches) as astro:
            yield astro

    def _store(self, astro: FakeAstro, token: str = "") -> Store:
        found = opened(astro, self._address(astro), token)
        return Shown(found._parts, found._options, Settings(environ=astro.environ(token), timeout=5, retries=2))

    def _address(self, astro: FakeAstro) -> str:
        rest = f"/{astro.deployment}" if self.of_deployment else ""
        return f"astro-env://{astro.workspace}{rest}{self.query}"

    @pytest.fixture
    def store(self, astro: FakeAstro) -> Iterator[Store]:
        store = self._store(astro)
        yield store
        store.close()

    @pytest.fixture
    def truth(self, astro: FakeAstro) -> Truth:
        return Truth(astro, deployment=astro.deployment if self.of_deployment else "", as_env=self.as_env)

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        environ = {"ASTRO_API_TOKEN": "made-up", "AIRCONN_ASTRO_API": "http://127.0.0.1:9/v1"}
        address = f"astro-env://{'c' + 'w' * 24}{self.query}"
        return lambda: open_store(
            f"{address}{'&' if self.query else '?'}organization=o", Settings(environ=environ, retries=0)
        )

    @pytest.fixture
    def locked_out(self, astro: FakeAstro) -> Callable[[], Store]:
        token = astro.add_token()
        del astro.tokens[token]
        return lambda: self._store(astro, token)

    def test_an_update_tells_empty_from_nothing(self, store: Store, truth: Truth) -> None:
        """Astro has no empty texts, and no connection without a type."""
        before = Connection(conn_id="c", conn_type="t")
        create(store, before)
        after = replace(before, host="", schema="", login="", description="")
        assert update(store, after, "host", "schema", "login", "description") == [None]
        assert truth.get(before.kind, before.id) == store.stored_form(after)


class TestWorkspace(EnvironmentManager):
    query = "?auto_link=true"


class TestWorkspaceAtItsNastiest(EnvironmentManager):
    switches = GRANTED
    query = "?auto_link=true"


class TestWorkspaceWithSecretsOnly(EnvironmentManager):
    query = "?auto_link=true&secret=all"


class TestDeployment(EnvironmentManager):
    of_deployment = True


class TestDeploymentAtItsNastiest(EnvironmentManager):
    switches = GRANTED
    of_deployment = True


class TestEnvironmentVariables(EnvironmentManager):
    query = "?as=env&secret=none&auto_link=true"
    as_env = True
    full = FULL

    @pytest.fixture
    def objects(self, store: Store) -> list[AirflowObject]:
        """Without those in capitals, which are read in lower case where they aren't asked for by their ids."""
        every = (self.full, *OBJECTS[1:])
        return [obj for obj in every if not store.problems(obj) and obj.id == obj.id.lower()]


class TestEnvironmentVariablesOfADeployment(TestEnvironmentVariables):
    switches = GRANTED
    query = "?as=env"
    of_deployment = True


class TestLinked(ReadContract):
    """What reaches a Deployment, with the overrides of its links."""

    switches: ClassVar[Switches] = DEFAULT

    @pytest.fixture
    def astro(self) -> Iterator[FakeAstro]:
        with running(self.switches) as astro:
            yield astro

    @pytest.fixture
    def store(self, astro: FakeAstro) -> Iterator[Store]:
        store = opened(astro, f"astro-env:///{astro.deployment}?linked=true")
        yield store
        store.close()

    @pytest.fixture
    def held(self, astro: FakeAstro) -> Bundle:
        content = {
            "type": "postgres",
            "host": "h",
            "login": "",
            "password": "p",
            "port": 0,
            "extra": {"b": 1, "a": 1.5},
        }
        astro.put("CONNECTION", "auto", content, auto_link=True, description="d")
        astro.put("CONNECTION", "linked", content, links={astro.deployment: {"host": "here", "extra": {"b": 2}}})
        astro.put("CONNECTION", "unlinked", content)
        astro.put("AIRFLOW_VARIABLE", "own", {"value": "v", "isSecret": True}, deployment=astro.deployment)
        astro.put("AIRFLOW_VARIABLE", "excluded", {"value": "v"}, auto_link=True, exclude_links=(astro.deployment,))
        auto = Connection(
            conn_id="auto", conn_type="postgres", host="h", password="p", port=0, description="d",
            extra=Text('{"a": 1.5, "b": 1}'),
        )  # fmt: skip
        linked = replace(auto, conn_id="linked", host="here", description=None, extra=Text('{"a": 1.5, "b": 2}'))
        return Bundle.of([auto, linked, Variable(key="own", value=Text("v"))])

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        environ = {"ASTRO_API_TOKEN": "made-up", "AIRCONN_ASTRO_API": "http://127.0.0.1:9/v1"}
        address = f"astro-env:///{'c' + 'd' * 24}?linked=true&organization=o"
        return lambda: open_store(address, Settings(environ=environ, retries=0))


class TestLinkedAndHidden(TestLinked):
    """The same where the organization doesn't show secrets."""

    switches = NASTIEST

    @pytest.fixture
    def held(self, astro: FakeAstro) -> Bundle:
        secrets = {"region_name": "eu", "aws_secret": "s", "token": "t"}
        content = {"type": "aws", "login": "l", "password": "p", "extra": secrets}
        astro.put("CONNECTION", "auto", {**content, "authTypeId": "aws-access-key"}, auto_link=True)
        astro.put("AIRFLOW_VARIABLE", "own", {"value": "v", "isSecret": True}, deployment=astro.deployment)
        astro.put("AIRFLOW_VARIABLE", "plain", {"value": ""}, deployment=astro.deployment)
        extra = Text.of('{"aws_secret": "***", "region_name": "eu", "token": "***"}')
        return Bundle.of(
            [
                Connection(conn_id="auto", conn_type="aws", login="l", password=REDACTED, extra=extra),
                Variable(key="own", value=REDACTED),
                Variable(key="plain", value=Text("")),
            ]
        )
