"""Google Secret Manager: the contract of stores, and real Airflow as the judge, both with a fake of the service."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from airconn.config import Settings
from airconn.model import AirflowObject, Connection, Kind, Selection, Text, Variable
from airconn.stores import open_store
from airconn.stores.base import Store
from airconn.stores.secrets.gcp import service
from tests.integration.backends import judge
from tests.integration.backends.agreement import BackendAgreement, Place, write
from tests.stores.contract import FULL, SECRET, StoreContract, Truth
from tests.stores.secrets import fake_secret_manager as fake
from tests.stores.secrets.by_hand import object_of

PREFIXES = {Kind.CONNECTIONS: "airflow-connections-", Kind.VARIABLES: "airflow-variables-"}


@pytest.fixture(scope="module")
def google(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fake.Fake]:
    with fake.running(tmp_path_factory.mktemp("google")) as running:
        yield running


@pytest.fixture
def empty(google: fake.Fake) -> fake.Fake:
    google.service.secrets.clear()
    return google


def opened(google: fake.Fake, key_file: Path, endpoint: str = "", **options: str) -> Store:
    options = {"api_endpoint": endpoint or google.endpoint, "gcp_key_path": str(key_file), **options}
    query = "&".join(f"{name}={value}" for name, value in options.items())
    return open_store(f"gcp-secretmanager://{fake.PROJECT}?{query}", Settings(ca_bundle=google.bundle))


class InTheProject:
    """Looks into the fake itself."""

    def __init__(self, google: fake.Fake) -> None:
        self._service = google.service

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        secret = self._service.secrets.get(f"{PREFIXES[kind]}{id_}")
        return secret and object_of(kind, id_, secret.versions[-1].data.decode())

    def clear(self) -> None:
        self._service.secrets.clear()

    def put_variables(self, values: dict[str, str]) -> None:
        for key, text in values.items():
            self._service.put(f"airflow-variables-{key}", text.encode())


class TestTheContract(StoreContract):
    full: ClassVar = replace(FULL, conn_id="full_1-a-b")
    many: ClassVar = 1100  # three pages, of a tenth of their size
    # Three ids with other characters than names have, one that is too long, and a value that is empty.
    impossible: ClassVar = 6

    @pytest.fixture
    def store(self, empty: fake.Fake, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
        monkeypatch.setattr(service, "_PAGE", 500)
        store = opened(empty, empty.key_file)
        yield store
        store.close()

    @pytest.fixture
    def truth(self, empty: fake.Fake) -> Truth:
        return InTheProject(empty)

    @pytest.fixture
    def unreachable(self, empty: fake.Fake) -> Callable[[], Store]:
        return lambda: opened(empty, empty.key_file, "127.0.0.1:1")

    @pytest.fixture
    def locked_out(self, empty: fake.Fake, tmp_path: Path) -> Callable[[], Store]:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return lambda: opened(empty, fake.write_key(tmp_path / "other.json", other, key_id=SECRET))


class TestWhatAirflowFinds(BackendAgreement):
    # Beside ids with other characters there are more than a hundred empty values.
    exceptions: ClassVar = 250

    @pytest.fixture
    def place(self, empty: fake.Fake, tmp_path: Path) -> Place:
        # Airflow has no option for the host, and gRPC is told in its own way whom to trust.
        prelude = tmp_path / "to_the_fake.py"
        prelude.write_text(
            "from google.cloud.secretmanager_v1 import SecretManagerServiceClient as Client\n"
            "made = Client.__init__\n"
            "def to_the_fake(self, *args, **options):\n"
            f"    made(self, *args, client_options={{'api_endpoint': {empty.endpoint!r}}}, **options)\n"
            "Client.__init__ = to_the_fake\n"
        )
        return Place(
            opened(empty, empty.key_file),
            judge.GCP_SECRET_MANAGER,
            {"project_id": fake.PROJECT},
            {
                "GOOGLE_APPLICATION_CREDENTIALS": str(empty.key_file),
                "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(empty.bundle),
            },
            prelude,
        )

    @judge.on_worker_of("3.3.2")
    @pytest.mark.parametrize(
        "options", [{"connections_prefix": "", "variables_prefix": "v-"}, {"variables_prefix": "v", "sep": "__"}]
    )
    def test_airflow_finds_it_under_other_prefixes(
        self, empty: fake.Fake, place: Place, options: dict[str, str]
    ) -> None:
        store = opened(empty, empty.key_file, **options)
        connection = Connection(conn_id="my_Conn-1", conn_type="http", password="s3cr3t")
        write(store, [connection, Variable(key="my_Key-1", value=Text("1.50"))])
        store.close()
        answer = judge.ask(
            "3.3.2",
            place.backend,
            {**place.kwargs, **options},
            connections=["my_Conn-1"],
            variables=["my_Key-1"],
            environ=place.environ,
            prelude=place.prelude,
        )
        assert (answer.connections["my_Conn-1"] or {}).get("password") == "s3cr3t"
        assert answer.variables == {"my_Key-1": "1.50"}

    @judge.on_worker_of("3.3.2")
    def test_airflow_makes_nothing_of_what_is_left_alone(self, empty: fake.Fake, place: Place) -> None:
        put = empty.service.put
        put("airflow-variables-disabled", b"1").versions[-1].state = fake.DISABLED
        put("airflow-variables-destroyed", b"1").versions[-1].state = fake.DESTROYED
        put("airflow-variables-binary", b"\xff")
        put("airflow-variables-empty")
        put("airflow-connections-broken", b"{")
        assert list(place.store.read(Selection()).bundle) == []
        answer = judge.ask(
            "3.3.2",
            place.backend,
            place.kwargs,
            connections=["broken"],
            variables=["disabled", "destroyed", "binary", "empty"],
            environ=place.environ,
            prelude=place.prelude,
        )
        for found in (*answer.connections.values(), *answer.variables.values()):
            assert found is None or found.keys() == {"error"}
