"""`airconn explain --astro`: the places of a Deployment in the order in which Astro looks into them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.stores import open_store
from airconn.transfer import places

CANARY = "s3cr3t-canary"
ID = "c" + "0" * 24


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The places of a Deployment, each a file: what is written under an address is what that place holds."""
    found: dict[str, Any] = {"opened": []}

    def opened(address: str, settings: Settings) -> Any:
        if not address.startswith("astro-"):
            return open_store(address, settings)
        found["opened"].append(address)
        held = found.get(address, {})
        if isinstance(held, Exception):
            raise held
        path = tmp_path / f"{len(found['opened'])}.json"
        path.write_text(json.dumps({"connections": held, "variables": {}}))
        return open_store(str(path), settings)

    monkeypatch.setattr(places, "open_store", opened)
    return found


@pytest.fixture
def explain(airconn: Any, tmp_path: Path, deployment: dict[str, Any]) -> Callable[..., Any]:
    def call(*args: str, **env: str) -> Any:
        result = airconn("explain", *args, env={"AIRFLOW_HOME": str(tmp_path / "nothing"), **env})
        assert CANARY not in result.out + result.err
        return result

    return call


def states(out: str) -> list[tuple[str, str]]:
    found = []
    for line in out.splitlines():
        if line.startswith("    ") and line.strip()[0].isdigit():
            title, state = [part.strip() for part in line.strip()[1:].split("  ") if part.strip()][:2]
            found.append((title, state))
    return found


def test_the_order_is_that_of_astro(explain, deployment: dict[str, Any]) -> None:
    deployment["astro-env://ws/dep?linked=true"] = {"warehouse": f"http://u:{CANARY}@manager"}
    deployment["astro-vars://ws/dep"] = {"warehouse": "http://variables"}
    deployment["astro-airflow://ws/dep"] = {"warehouse": "http://database"}
    result = explain("warehouse", "--astro=ws/dep", "--no-backend", "--airflow", "2.11")
    assert result.code == 0
    assert states(result.out) == [
        ("Astro Environment Manager", "wins"),
        ("environment (Deployment)", "shadowed"),
        ("environment (Environment Manager)", "absent"),
        ("metadata database", "shadowed"),
    ]
    assert "differs in host, login, password" in result.out


def test_airconns_own_environment_is_not_that_of_the_deployment(explain, deployment: dict[str, Any]) -> None:
    deployment["astro-vars://ws/dep"] = {"warehouse": "http://variables"}
    result = explain("warehouse", "--astro=ws/dep", "--no-backend", AIRFLOW_CONN_WAREHOUSE="http://of-this-shell")
    assert "env:" not in result.out
    assert [state for title, state in states(result.out) if title == "environment (Deployment)"] == ["wins"] * 2


@pytest.mark.parametrize(
    ("said", "opened"),
    [
        ("My Team/prod", "My Team/prod"),
        ("My%20Team/prod%2F1", "My%20Team/prod%2F1"),
        (ID, f"/{ID}"),
        (f"astro-env:///{ID}", f"/{ID}"),
        ("astro-env://ws/dep?as=env&linked=true", "ws/dep"),
        ("Astro-Airflow://ws/dep/", "ws/dep"),
        ("astro-vars://ws/dep?organization=o1", "ws/dep?organization=o1"),
    ],
)
def test_a_deployment_is_named_as_in_an_address(explain, deployment: dict[str, Any], said: str, opened: str) -> None:
    explain("x", f"--astro={said}", "--no-backend")
    more = "&" if "?" in opened else "?"
    assert set(deployment["opened"]) == {
        f"astro-env://{opened}{more}linked=true",
        f"astro-env://{opened}{more}linked=true&as=env",
        f"astro-vars://{opened}",
        f"astro-airflow://{opened}",
    }


def test_a_name_of_the_configuration_is_a_deployment(
    explain, deployment: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text('[addresses]\nprod = "astro-airflow://ws/dep"\ndb = "metadb:"\n')
    config = str(tmp_path / "config.toml")
    explain("x", "--astro=@prod", "--no-backend", AIRCONN_CONFIG=config)
    assert "astro-vars://ws/dep" in deployment["opened"]
    result = explain("x", "--astro=@db", AIRCONN_CONFIG=config)
    assert (result.code, result.err.splitlines()[0]) == (2, "error: --astro: @db names no Deployment")


@pytest.mark.parametrize("said", ["ws", "astro-env://ws", "https://u:s3cr3t-canary@h/x", "mwaa://eu-west-1/x", "/"])
def test_what_names_no_deployment_is_an_error(explain, said: str) -> None:
    result = explain("x", f"--astro={said}")
    assert result.code == 2
    assert "names no Deployment\nhint:  --astro=WORKSPACE/DEPLOYMENT, by their names or ids" in result.err


def test_the_word_behind_a_bare_astro_is_an_id(explain, deployment: dict[str, Any]) -> None:
    result = explain("--astro", "warehouse", AIRFLOW_CONN_WAREHOUSE="http://h")
    assert deployment["opened"] == []
    assert "add --astro=WORKSPACE/DEPLOYMENT" in result.out
    assert "if it has this object, that one is used" in result.out
    result = explain("warehouse", "--astro", "astro-env://ws/dep")
    assert (result.code, "hint:  --astro=astro-env://ws/dep" in result.err) == (2, True)
    result = explain("warehouse", "--astro", "my workspace/prod")
    assert result.code == 2
    assert result.err == (
        "error: is my workspace/prod the Deployment, or an ID?\n"
        "hint:  the Deployment is written after a '=': --astro='my workspace/prod'; an ID comes before --astro\n"
    )
    assert explain("--astro", "connections/x", AIRFLOW_CONN_X="http://h").code == 0


def test_a_place_that_can_not_be_reached_is_told_and_the_rest_is_explained(
    explain, deployment: dict[str, Any]
) -> None:
    refused = TargetError(
        "Astro refuses the token", where="astro-env://ws/dep", hint="a Workspace Member may read it"
    )
    deployment["astro-env://ws/dep?linked=true"] = refused
    deployment["astro-vars://ws/dep"] = {"warehouse": "http://variables"}
    result = explain("warehouse", "--astro=ws/dep", "--no-backend", "--airflow", "2.11")
    assert result.code == 0
    assert "unknown  astro-env://ws/dep: Astro refuses the token (a Workspace Member may read it)" in result.out
    assert ("environment (Deployment)", "wins") in states(result.out)
    assert "a backend or server above couldn't be read: if it has this object, that one is used" in result.out


def test_reasons_that_are_the_same_are_told_once(explain, deployment: dict[str, Any]) -> None:
    refused = TargetError("Astro needs a token, and none is set")
    for address in ("astro-env://ws/dep?linked=true", "astro-env://ws/dep?linked=true&as=env", "astro-vars://ws/dep"):
        deployment[address] = refused
    deployment["astro-airflow://ws/dep"] = refused
    result = explain("warehouse", "--astro=ws/dep", "--no-backend")
    assert (result.code, result.err.count("Astro needs a token")) == (3, 1)
    assert "can't be found: no source that Airflow uses can be read" in result.err


def test_whether_a_deployment_has_a_secrets_backend_is_asked_for(explain, deployment: dict[str, Any]) -> None:
    deployment["astro-airflow://ws/dep"] = {"warehouse": "http://database"}
    result = explain("warehouse", "--astro=ws/dep", "--airflow", "2.11")
    assert states(result.out)[0] == ("secrets backend", "unknown")
    assert "add --backend ADDRESS or --no-backend" in result.out
    result = explain("--all", "--astro=ws/dep")
    assert result.code == 1


def test_another_database_can_be_named(explain, deployment: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "database.json").write_text('{"connections": {"db": "http://db"}, "variables": {}}')
    result = explain("db", "--astro=ws/dep", "--no-backend", "--database", str(tmp_path / "database.json"))
    assert "astro-airflow://ws/dep" not in deployment["opened"]
    assert ("metadata database", "wins") in states(result.out)
