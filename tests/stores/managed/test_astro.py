"""The Airflow of a Deployment, by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import AirconnError, UsageError
from airconn.stores import open_store
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.site import Answer, Received, Site

CANARY = "canary-of-astro"
WS, DEP = "c" + "w" * 24, "c" + "d" * 24


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))


@pytest.fixture
def site() -> Iterator[Callable[[Callable[[Received], Answer]], Site]]:
    with ExitStack() as stack:
        yield lambda answer: stack.enter_context(Site(answer))


def api_of(deployment: dict[str, Any]) -> Callable[[Received], Answer]:
    return lambda received: Answer(200, {"id": DEP, "workspaceId": WS, "status": "HEALTHY", **deployment})


def settings(api: Site, **environ: str) -> Settings:
    given = {"AIRCONN_ASTRO_API": f"{api.url}/v1", "ASTRO_API_TOKEN": CANARY, "HOME": "/nowhere", **environ}
    return Settings(environ=given, retries=0)


def airflow(received: Received) -> Answer:
    return Answer(200, {"version": "3.1.0+astro.1"}) if received.path.endswith("/version") else Answer(404)


@pytest.mark.parametrize("field", ["apiUrl", "webServerAirflowApiUrl"])
@pytest.mark.parametrize("end", ["/dabc/api/v1", "/dabc/api/v2", "/dabc", "/dabc/api/v1?orgId=org_x"])
def test_the_airflow_is_where_the_astro_api_says(site: Any, field: str, end: str) -> None:
    door = site(airflow)
    url = door.url + end
    store = open_store(f"astro-airflow:///{DEP}?organization=org1", settings(site(api_of({field: url}))))
    described = store.describe()
    assert described.text == f"airflow 3.1.0+astro.1 at {door.url}/dabc"
    assert store.address == f"astro-airflow:///{DEP}"
    assert door.log[0].path == "/dabc/api/v2/version"


def test_nothing_is_asked_before_an_answer_is_needed(site: Any) -> None:
    api = site(api_of({}))
    store = open_store("astro-airflow://main/prod", settings(api))
    store.close()
    assert api.log == []


@pytest.mark.parametrize(
    ("deployment", "message"),
    [
        ({"status": "HIBERNATING"}, "hibernates"),
        ({"status": "CREATING"}, "is being created"),
        ({}, "returned no https:// address"),
        ({"apiUrl": "http://airflow.example.com/dabc"}, "returned no https:// address"),
        ({"apiUrl": "ftp://airflow.example.com"}, "returned no https:// address"),
        ({"webServerAirflowApiUrl": "?canary"}, "returned no https:// address"),
    ],
)
def test_a_deployment_whose_airflow_cant_be_reached_is_told(site: Any, deployment: Any, message: str) -> None:
    store = open_store(f"astro-airflow:///{DEP}?organization=org1", settings(site(api_of(deployment))))
    with pytest.raises(AirconnError, match=message) as caught:
        store.describe()
    assert caught.value.where == f"astro-airflow:///{DEP}"
    assert "canary" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("address", ["astro-airflow://main", "astro-airflow://", "astro-airflow://a/b?x=y"])
def test_an_address_that_names_no_deployment_is_refused(address: str) -> None:
    with pytest.raises(UsageError):
        open_store(address, Settings())


def test_the_token_goes_to_the_airflow_and_airconn_token_doesnt(site: Any) -> None:
    from airconn.credentials import Credentials
    from airconn.model import Selection

    seen: list[str | None] = []

    def guarded(received: Received) -> Answer:
        seen.append(received.headers["Authorization"])
        if received.path.endswith("/version"):
            return airflow(received)
        return Answer(200, {"variables": [], "connections": [], "pools": [], "total_entries": 0})

    door = site(guarded)
    general = Credentials(token="canary-of-airflow", source="AIRCONN_TOKEN")
    api = site(api_of({"apiUrl": door.url}))
    store = open_store(
        f"astro-airflow:///{DEP}?organization=org1",
        Settings(
            environ={"AIRCONN_ASTRO_API": f"{api.url}/v1", "ASTRO_API_TOKEN": CANARY}, retries=0, credentials=general
        ),
    )
    store.read(Selection())
    assert set(seen) == {None, f"Bearer {CANARY}"}
    store.close()
