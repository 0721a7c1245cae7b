"""The options that say how patient a run is."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Address, Config, Settings
from airconn.stores.airflow_api import store as airflow_api
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from airconn.stores.secrets import vault
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network
from tests.memory import Memory
from tests.stores.site import Answer, Received, Site


@pytest.fixture
def unwell(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An Airflow that tells its version, and is too busy for anything else."""
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))

    def answer(received: Received) -> Answer:
        return Answer(body={"version": "3.3.2"}) if received.path == "/api/v2/version" else Answer(503)

    with Site(answer) as site:
        yield site


@pytest.mark.parametrize(
    ("how", "environ", "times"),
    [
        ((), {}, 5),
        (("--retries", "0"), {}, 1),
        ((), {"AIRCONN_RETRIES": "1"}, 2),
        (("--retries", "2"), {"AIRCONN_RETRIES": "9"}, 3),
    ],
)
def test_retries_say_how_often_a_request_is_repeated(
    how: tuple[str, ...], environ: dict[str, str], times: int, airconn: Callable[..., Any], unwell: Site
) -> None:
    done = airconn("list", "--variables", "--from", unwell.url, *how, env=environ)
    assert (done.code, done.out) == (5, "")
    assert len(unwell.sent("GET", "/variables")) == times


@pytest.mark.parametrize(
    ("how", "environ", "settings"),
    [
        (("--deadline", "0.3"), {"AIRCONN_DEADLINE": "600"}, ""),
        ((), {"AIRCONN_DEADLINE": "0.3"}, "deadline = 600"),
        ((), {}, "deadline = 0.3"),
    ],
)
def test_a_deadline_ends_a_run_that_would_wait(
    how: tuple[str, ...], environ: dict[str, str], settings: str, airconn: Callable[..., Any], tmp_path: Path
) -> None:
    (tmp_path / "airconn.toml").write_text(settings)
    with Site(lambda _: Answer(fate="stall")) as site:
        done = airconn("list", "--from", site.url, *how, env=environ)
        assert len(site.log) == 1
    assert (done.code, done.out) == (5, "")
    assert "no answer before the deadline" in done.err
    assert "--deadline SECONDS, else AIRCONN_DEADLINE" in done.err


def test_a_deadline_before_the_first_write_writes_nothing(
    airconn: Callable[..., Any], unwell: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=600, longest=600))
    (tmp_path / "o.json").write_text('{"variables": {"a": "b"}}')
    done = airconn("import", tmp_path / "o.json", "--to", unwell.url, "--deadline", "60")
    assert (done.code, done.out) == (5, "")
    assert "status 503, and the deadline leaves no time for another try" in done.err
    assert "nothing was written" in done.err


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (("--deadline", "nan"), "'--deadline': 'nan' is not a valid number of seconds"),
        (("--timeout", "abc"), "'--timeout': 'abc' is not a valid number of seconds"),
        (("--deadline", "0"), "'--deadline'"),
        (("--retries", "-1"), "'--retries'"),
        (("--retries", "101"), "'--retries'"),
    ],
)
def test_what_is_no_number_of_them_is_told(how: tuple[str, str], message: str, airconn: Callable[..., Any]) -> None:
    done = airconn("list", *how)
    assert done.code == 2
    assert message in done.err


def test_a_place_that_knows_no_deadline_has_it_as_its_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Settings] = []

    def opens(address: str, settings: Settings) -> Memory:
        opened.append(settings)
        return Memory()

    for module in (vault, airflow_api):
        monkeypatch.setattr(module, "open_store", opens)
    now = time.monotonic()
    for left, given in (
        (7, Network()),
        (99, Network(timeout=8.0)),
        (-5, Network()),
        (500, Network(deadline=now + 9)),
    ):
        monkeypatch.setattr(
            Config, "resolve", lambda _, text, left=left: Address(text, Settings(deadline=now + left))
        )
        for address in ("vault://x/y", "https://x"):
            Places(Config({}), given, lambda place: "").open(address)
    # The REST API heeds it by itself, and lets a write that was begun take the time that --timeout gives it.
    assert [round(settings.timeout, 1) for settings in opened] == [7.0, 60.0, 8.0, 8.0, 0.1, 60.0, 9.0, 60.0]


def test_a_plan_keeps_neither(airconn: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "o.json").write_text('{"variables": {"a": "b"}}')
    how = ("--dry-run", "--plan-out", tmp_path / "plan", "--retries", "3", "--deadline", "60")
    assert airconn("import", tmp_path / "o.json", "--to", tmp_path / "to.json", *how).code == 0
    kept = json.dumps(json.loads((tmp_path / "plan").read_text()))
    assert "retries" not in kept
    assert "deadline" not in kept
    assert airconn("apply", tmp_path / "plan", "--retries", "0", "--deadline", "60").code == 0
