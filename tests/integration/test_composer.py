"""An Airflow on Google Cloud Composer: the contract of stores, and real Airflows behind the door of a fake Google."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from airconn.config import Settings
from airconn.sandbox import Sandbox
from airconn.stores import open_store
from airconn.stores.base import Store
from tests.integration.conftest import on_worker_of
from tests.integration.managed_rounds import check_rounds
from tests.integration.target import Target
from tests.integration.test_airflow_api import Database
from tests.stores.contract import StoreContract
from tests.stores.managed import fake_composer
from tests.stores.managed.fake_composer import ADDRESS, CANARY, FakeGoogle

VERSIONS = [pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")]


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture(scope="module", params=VERSIONS)
def box(request: pytest.FixtureRequest, shared_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    return shared_sandbox(request.param)


@pytest.fixture(scope="module")
def running(box: Sandbox, key: rsa.RSAPrivateKey) -> Iterator[FakeGoogle]:
    credentials = box.username, box.password
    is_new = box.version.startswith("3.")
    header = fake_composer.jwt_of(box.url, *credentials) if is_new else fake_composer.basic(*credentials)
    with fake_composer.running(key, box.url, header) as fake:
        yield fake


@pytest.fixture
def google_(running: FakeGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeGoogle:
    running.reset()
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(running.write_key(tmp_path / "key.json")))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    return running


def opened(google_: FakeGoogle, address: str = ADDRESS) -> Store:
    return open_store(address, Settings(environ=google_.environ))


class TestComposer(StoreContract):
    @pytest.fixture
    def truth(self, box: Sandbox) -> Iterator[Database]:
        database = Database(Path(box.home))
        database.clear()
        yield database
        database.clear()

    @pytest.fixture
    def store(self, google_: FakeGoogle, truth: Database) -> Iterator[Store]:
        store = opened(google_)
        store.describe()
        yield store
        store.close()

    @pytest.fixture
    def unreachable(self, google_: FakeGoogle) -> Callable[[], Store]:
        environ = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPOSER": "http://127.0.0.1:1"}
        return lambda: open_store(ADDRESS, Settings(environ=environ))

    @pytest.fixture
    def locked_out(self, google_: FakeGoogle, tmp_path: Path) -> Callable[[], Store]:
        other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        path = google_.write_key(tmp_path / "other.json", key=other)
        return lambda: opened(google_, f"{ADDRESS}?gcp_key_path={path}")


def test_objects_of_all_sorts_come_to_the_airflow_and_back_while_tokens_end(
    box: Sandbox, google_: FakeGoogle, airconn: Callable[..., Any], tmp_path: Path
) -> None:
    # Airflow 3 takes many objects in one request, and up to 8 requests at a time share a token.
    google_.uses, google_.expired_answer = (3, 302) if box.version.startswith("3.") else (40, 401)
    target = Target(box, airconn, tmp_path)
    said: list[str] = []
    commands: list[object] = []

    def run(*args: object) -> Any:
        commands.append(args[0])
        ran = airconn(*args, env=google_.environ)
        said.extend((ran.out, ran.err))
        return ran

    check_rounds(target, run, ADDRESS)
    assert len(google_.sent("tokens")) > len(commands) + 3
    assert CANARY not in "".join(said)
    assert google_.sent("elsewhere") == google_.sent("external front") == []
    # The Airflow's own credentials are the door's, and Google's token goes no further than it.
    sent = {seen.headers.get("Authorization", CANARY)[: len(f"Bearer {CANARY}")] for seen in google_.sent("front")}
    assert sent <= {CANARY, f"Bearer {CANARY}"}
    target.wipe()
