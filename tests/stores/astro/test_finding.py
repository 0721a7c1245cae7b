"""Workspaces and Deployments are found by their names, however the real API filters, pages and throttles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from airconn.config import Settings
from airconn.errors import AirconnError, UsageError
from airconn.stores.astro.client import AstroApi
from airconn.stores.astro.finding import find_deployment, find_workspace
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.astro.fake_astro import DEPLOYMENT, WORKSPACE, FakeAstro, running
from tests.stores.astro.switches import Switches, name_of, single_settings

SETTINGS = single_settings("names_filter", "page_cap", "throttled", "rate_limits", "future_fields", "errors_quote")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))


@contextmanager
def client(astro: FakeAstro, token: str = "") -> Iterator[AstroApi]:
    api = AstroApi(Settings(environ=astro.environ(token)))
    try:
        yield api
    finally:
        api.close()


@pytest.mark.parametrize("switches", SETTINGS, ids=name_of)
def test_a_deployment_is_found_among_many(switches: Switches) -> None:
    with running(switches) as astro:
        for number in range(50):
            astro.add_workspace(f"Data Platform {number}")
            astro.add_deployment(f"production-{number}")
        other = astro.add_workspace("Other")
        away = astro.add_deployment("production", other)
        with client(astro) as api:
            assert find_workspace(api, "Data Platform", "x").id == astro.workspace
            assert find_deployment(api, "Data Platform", "production", "x")["id"] == astro.deployment
            assert find_deployment(api, "Other", "production", "x")["id"] == away
            assert find_deployment(api, "", away, "x")["id"] == away
            twin = astro.add_deployment("production-7")
            with pytest.raises(UsageError, match=r"2 Deployments are named 'production-7'") as caught:
                find_deployment(api, "Data Platform", "production-7", "x")
            assert twin in str(caught.value.hint)
            with pytest.raises(UsageError, match="unknown Deployment 'Production'"):
                find_deployment(api, "Data Platform", "Production", "x")


@pytest.mark.parametrize("kind", [WORKSPACE, DEPLOYMENT])
@pytest.mark.parametrize("lists", ["refused", "own"])
def test_a_token_finds_its_own_by_id(kind: str, lists: str) -> None:
    with running(Switches(deployment_token_lists=lists)) as astro, client(astro, astro.add_token(kind)) as api:
        assert find_workspace(api, "", "x").id == astro.workspace
        assert find_deployment(api, "", astro.deployment, "x")["name"] == "production"


@pytest.mark.parametrize(
    "call",
    [
        lambda api: find_workspace(api, "Data Platform", "x"),
        lambda api: find_deployment(api, "", "production", "x"),
    ],
    ids=["workspace", "deployment"],
)
def test_a_token_that_may_not_list_needs_an_id(astro: FakeAstro, call: Callable[[AstroApi], object]) -> None:
    with client(astro, astro.add_token(DEPLOYMENT)) as api, pytest.raises(AirconnError) as caught:
        call(api)
    assert "id" in str(caught.value.hint)
