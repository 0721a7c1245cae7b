"""A secrets backend is one module and one entry in the registry: every command takes its addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.addresses import REGISTRY
from tests.conftest import Result
from tests.stores.secrets.made_up import ENTRY, HELD

Run = Callable[..., Result]
CONFIGURED = {
    "AIRFLOW__SECRETS__BACKEND": "example.MadeUpBackend",
    "AIRFLOW__SECRETS__BACKEND_KWARGS": '{"vault": "v", "token": "t"}',
}


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "made-up", ENTRY)
    HELD.clear()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "a.env"
    path.write_text("AIRFLOW_CONN_W=http://u:p@h/s\nAIRFLOW_VAR_R=1\n")
    return path


def test_it_is_written_to_and_read(airconn: Run, source: Path) -> None:
    done = airconn("import", source, "--to", "made-up://v")
    assert (done.code, "the vault v: 2 created" in done.err + done.out) == (0, True)
    assert set(HELD["v"]) == {"connections/w", "variables/r"}
    assert airconn("diff", source, "made-up://v").code == 0
    assert airconn("delete", "w", "--from", "made-up://v", "--yes").code == 0
    assert set(HELD["v"]) == {"variables/r"}


def test_it_is_found_by_the_configuration_of_airflow(airconn: Run, source: Path) -> None:
    airconn("import", source, "--to", "made-up://v")
    assert "made-up://v/connections/w" in airconn("explain", "w", env=CONFIGURED).out
    assert "connections  w" in airconn("list", "--from", "airflow-config:", env=CONFIGURED).out


def test_its_options_and_its_scheme_are_told(airconn: Run, source: Path) -> None:
    unknown = airconn("list", "--from", "made-up://v?vaultt=x")
    assert (unknown.code, "'vaultt' is not an option of this address" in unknown.err) == (2, True)
    assert "is a credential" in airconn("list", "--from", "made-up://v?token=x").err
    assert "did you mean made-up://?" in airconn("list", "--from", "madeup://v").err


def test_a_plan_may_name_it_as_far_as_its_entry_says(airconn: Run, source: Path, tmp_path: Path) -> None:
    plan = tmp_path / "plan.json"
    assert airconn("import", source, "--to", "made-up://v", "--plan-out", plan, "--dry-run").code == 0
    assert airconn("apply", plan).code == 0
    plan.write_text(plan.read_text().replace('"to": "made-up://v"', '"to": "made-up://example.com"'))
    assert airconn("apply", plan).code == 2
