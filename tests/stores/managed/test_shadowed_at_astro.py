"""An import into the Airflow of a Deployment says what the Environment Manager has under the same ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.astro.switches import Switches
from tests.stores.site import Answer, Received, Site

pytestmark = pytest.mark.usefixtures("impatient")

EMPTY = {"connections": [], "variables": [], "pools": [], "total_entries": 0}


def empty(received: Received) -> Answer:
    """An Airflow at Astro that holds nothing."""
    if received.path.endswith("/version"):
        return Answer(200, {"version": "3.1.0+astro.1"})
    if received.method == "GET" and received.path.endswith(("/connections", "/variables", "/pools")):
        return Answer(200, EMPTY)
    return Answer(404, {"detail": "not found"}) if received.method == "GET" else Answer(200, {})


@pytest.fixture(params=["granted", "refused"])
def astro(request: pytest.FixtureRequest) -> Iterator[FakeAstro]:
    with running(Switches(show_secrets=request.param)) as fake:
        yield fake


@pytest.fixture
def door(astro: FakeAstro) -> Iterator[Site]:
    with Site(empty) as site:
        astro.deployments[astro.deployment].record["apiUrl"] = f"{site.url}/api/v1"
        yield site


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.env").write_text("AIRFLOW_CONN_WAREHOUSE=http://h\nAIRFLOW_CONN_OTHER=http://h\nAIRFLOW_VAR_A=1\n")
    return "s.env"


@pytest.fixture
def address(astro: FakeAstro, door: Site) -> str:
    return f"astro-airflow:///{astro.deployment}"


def test_what_the_environment_manager_has_too_is_told_before_the_write(
    airconn: Callable[..., Any], astro: FakeAstro, address: str, source: str
) -> None:
    astro.put("CONNECTION", "warehouse", {"type": "http", "password": "s3cr3t-canary"}, auto_link=True)
    astro.put("CONNECTION", "other", {"type": "http"})  # isn't linked
    astro.put("AIRFLOW_VARIABLE", "a", {"value": "s3cr3t-canary"}, deployment=astro.deployment)
    astro.put("ENVIRONMENT_VARIABLE", "AIRFLOW_CONN_OTHER", {"value": "http://x"}, auto_link=True)
    result = airconn("import", source, "--to", address, "--dry-run", env=astro.environ())
    assert result.code == 0
    assert (
        f"warning: {address}: the Environment Manager has connections/warehouse, variables/a too, and comes first: "
        "tasks don't get the values written here\n"
    ) in result.err
    assert "s3cr3t-canary" not in result.out + result.err


def test_an_environment_manager_without_the_ids_is_not_mentioned(
    airconn: Callable[..., Any], astro: FakeAstro, address: str, source: str
) -> None:
    result = airconn("import", source, "--to", address, "--dry-run", "-v", env=astro.environ())
    assert (result.code, "Environment Manager" in result.out + result.err) == (0, False)


def test_a_token_that_may_not_look_there_stops_no_import(
    airconn: Callable[..., Any], astro: FakeAstro, address: str, source: str
) -> None:
    from tests.stores.astro.fake_astro import Refusal

    def refuse(call: Any, received: Received) -> None:
        if call.operation == "ListEnvironmentObjects":
            raise Refusal(403, "no")

    astro.before = refuse
    result = airconn("import", source, "--to", address, "--dry-run", env=astro.environ())
    assert (result.code, "Environment Manager" in result.err) == (0, False)
    result = airconn("import", source, "--to", address, "--dry-run", "-v", env=astro.environ())
    assert "unknown whether the Environment Manager has objects with the same ids: " in result.err


def test_an_airflow_of_astro_that_is_named_by_its_url_has_the_hint_with_v(
    airconn: Callable[..., Any], door: Site, source: str
) -> None:
    hint = "an object of the Environment Manager with the same id comes first (airconn explain --astro shows it)"
    environ = {"AIRCONN_TOKEN": "t"}
    assert hint not in airconn("import", source, "--to", door.url, "--dry-run", env=environ).err
    assert hint in airconn("import", source, "--to", door.url, "--dry-run", "-v", env=environ).err


def test_explain_hints_at_astro_where_the_airflow_is_one_of_astro(
    airconn: Callable[..., Any], astro: FakeAstro, door: Site, address: str, tmp_path: Path
) -> None:
    environ = {"AIRCONN_TOKEN": "t", "AIRFLOW_HOME": str(tmp_path), "AIRFLOW_CONN_A": "http://h", **astro.environ()}
    result = airconn("explain", "a", "--database", door.url, env=environ)
    assert result.code == 0
    assert result.err == (
        "hint:  this Airflow runs at Astro, whose Environment Manager comes before the database: "
        "--astro=WORKSPACE/DEPLOYMENT looks into it\n"
    )
    assert "hint:" not in airconn("explain", "a", "--database", door.url, "--astro", env=environ).err
    assert "hint:" not in airconn("explain", "a", "--database", str(tmp_path / "x.env"), env=environ).err


def test_a_deployment_that_is_not_there_ends_the_explanation(
    airconn: Callable[..., Any], astro: FakeAstro, door: Site, tmp_path: Path
) -> None:
    environ = {"AIRFLOW_HOME": str(tmp_path), "HOME": str(tmp_path), **astro.environ()}
    result = airconn("explain", "a", "--astro=Data Platform/prodction", "--no-backend", env=environ)
    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "error: astro-vars://Data Platform/prodction: unknown Deployment 'prodction'\n"
        "hint:  did you mean 'production'?\n"
    )
    result = airconn("explain", "a", "--astro=x/y", "--no-backend", env={**environ, "ASTRO_API_TOKEN": ""})
    assert (result.code, result.err.count("Astro needs a token, and none is set")) == (3, 1)


@pytest.mark.parametrize("token", ["x.y.z", ""])
def test_a_token_that_astro_refuses_is_told_once(
    airconn: Callable[..., Any], astro: FakeAstro, door: Site, tmp_path: Path, token: str
) -> None:
    token = token or astro.add_token(expires=1.0)
    environ = {"AIRFLOW_HOME": str(tmp_path), **astro.environ(token)}
    result = airconn("explain", "a", f"--astro={astro.deployment}", "--no-backend", env=environ)
    assert (result.code, result.err.count("\n")) == (3, 2)
    assert token not in result.err


def test_the_real_places_of_a_deployment_are_explained_in_their_order(
    airconn: Callable[..., Any], astro: FakeAstro, door: Site, tmp_path: Path
) -> None:
    astro.put("CONNECTION", "warehouse", {"type": "http", "password": "s3cr3t-canary"}, auto_link=True)
    astro.put("ENVIRONMENT_VARIABLE", "AIRFLOW_CONN_WAREHOUSE", {"value": "http://x"}, auto_link=True)
    environ = {"AIRFLOW_HOME": str(tmp_path), "AIRFLOW_CONN_WAREHOUSE": "http://of-this-shell", **astro.environ()}
    result = airconn("explain", "warehouse", f"--astro={astro.deployment}", "--no-backend", env=environ)
    assert result.code == 0
    told = [" ".join(line.split()[1:]) for line in result.out.splitlines() if line.startswith("    ")]
    assert [line.partition(" astro-")[0] for line in told[:4]] == [
        "Astro Environment Manager wins",
        "environment (Deployment) absent",
        "environment (Environment Manager) shadowed",
        "metadata database absent",
    ]
    assert "s3cr3t-canary" not in result.out + result.err
    report = airconn(
        "explain", "--all", f"--astro={astro.deployment}", "--no-backend", "--output", "json", env=environ
    )
    assert (report.code, "s3cr3t-canary" in report.out, '"id": "warehouse"' in report.out) == (0, False, True)
