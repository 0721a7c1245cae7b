"""Azure Key Vault: the contract of stores, and real Airflow as the judge, both with a fake of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import ClassVar

import pytest

from airconn.config import Settings
from airconn.model import AirflowObject, Connection, Kind, Selection, Text, Variable
from airconn.stores import open_store
from airconn.stores.base import Store
from tests.integration.backends import judge
from tests.integration.backends.agreement import BackendAgreement, Place, write
from tests.stores.contract import FULL, SECRET, StoreContract, Truth
from tests.stores.secrets import fake_key_vault as fake
from tests.stores.secrets.by_hand import object_of

PREFIXES = {Kind.CONNECTIONS: "airflow-connections-", Kind.VARIABLES: "airflow-variables-"}


@pytest.fixture(scope="module")
def azure(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fake.Fake]:
    with fake.running(tmp_path_factory.mktemp("azure")) as running:
        yield running


@pytest.fixture
def empty(azure: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> fake.Fake:
    """The fake without secrets, and the environment that Microsoft's library logs in with."""
    azure.vault.secrets.clear()
    for name, value in azure.environ.items():
        monkeypatch.setenv(name, value)
    return azure


class InTheVault:
    """Looks into the fake itself."""

    def __init__(self, azure: fake.Fake) -> None:
        self._vault = azure.vault

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        secret = self._vault.secrets.get(f"{PREFIXES[kind]}{id_.replace('_', '-')}".lower())
        if secret is None or secret.gone_at is not None:
            return None
        return object_of(kind, id_, secret.versions[-1].value)

    def clear(self) -> None:
        self._vault.secrets.clear()

    def put_variables(self, values: dict[str, str]) -> None:
        for key, text in values.items():
            self._vault.put(f"airflow-variables-{key}", text)


class TestTheContract(StoreContract):
    full: ClassVar = replace(FULL, conn_id="full_1-a-b")
    many: ClassVar = 1000  # 40 pages of 25
    # Four ids with other characters than names have, and one that is too long.
    impossible: ClassVar = 5

    @pytest.fixture
    def store(self, empty: fake.Fake) -> Iterator[Store]:
        store = open_store(empty.address, Settings())
        yield store
        store.close()

    @pytest.fixture
    def truth(self, empty: fake.Fake) -> Truth:
        return InTheVault(empty)

    @pytest.fixture
    def unreachable(self, empty: fake.Fake) -> Callable[[], Store]:
        return lambda: open_store("azure-keyvault://127.0.0.1:1", Settings())

    @pytest.fixture
    def locked_out(self, empty: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Store]:
        monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET.strip())
        return lambda: open_store(empty.address, Settings())


class TestWhatAirflowFinds(BackendAgreement):
    exceptions: ClassVar = 150

    @pytest.fixture
    def place(self, empty: fake.Fake) -> Place:
        store = open_store(empty.address, Settings())
        return Place(store, judge.AZURE_KEY_VAULT, {"vault_url": empty.site.url}, empty.environ)

    @judge.on_worker_of("3.3.2")
    @pytest.mark.parametrize(
        "options",
        [{"connections_prefix": "", "variables_prefix": "v--"}, {"variables_prefix": "my_vars", "sep": "xx"}],
    )
    def test_airflow_finds_it_under_other_prefixes(
        self, empty: fake.Fake, place: Place, options: dict[str, str]
    ) -> None:
        query = "&".join(f"{name}={value}" for name, value in options.items())
        connection = Connection(conn_id="my_Conn-1", conn_type="http", password="s3cr3t")
        write(
            open_store(f"{empty.address}?{query}", Settings()), [connection, Variable(key="my_K-1", value=Text("1"))]
        )
        kwargs = {**place.kwargs, **options}
        ids = {"connections": ["my_Conn-1"], "variables": ["my_K-1"]}
        answer = judge.ask("3.3.2", place.backend, kwargs, **ids, environ=place.environ)
        assert (answer.connections["my_Conn-1"] or {}).get("password") == "s3cr3t"
        assert answer.variables == {"my_K-1": "1"}

    @judge.on_worker_of("3.3.2")
    def test_airflow_finds_a_secret_by_each_of_its_ids_and_none_that_is_left_alone(
        self, empty: fake.Fake, place: Place
    ) -> None:
        write(place.store, [Variable(key="my_Key", value=Text("1"))])
        empty.vault.put("airflow-variables-disabled", "1", attributes={"enabled": False})
        empty.vault.put("airflow-variables-expired", "2", attributes={"enabled": True, "exp": 1})
        empty.vault.put("airflow-connections-broken", "{")
        assert list(place.store.read(Selection()).bundle.variables) == ["expired", "my_Key"]
        keys = ["my_Key", "my-key", "MY_KEY", "disabled", "expired"]
        answer = judge.ask(
            "3.3.2", place.backend, place.kwargs, connections=["broken"], variables=keys, environ=place.environ
        )
        disabled, broken = answer.variables.pop("disabled"), answer.connections["broken"]
        assert answer.variables == {"my_Key": "1", "my-key": "1", "MY_KEY": "1", "expired": "2"}
        assert "SecretDisabled" in disabled["error"]
        assert broken is not None
        assert broken.keys() == {"error"}
