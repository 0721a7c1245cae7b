"""No command shows a key of AWS, a web login token, a session or a password, whatever goes wrong at MWAA."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.stores.http.transport import Transport
from tests.stores.managed.memory_airflow import MemoryAirflow
from tests.stores.managed.mwaa_door import ADDRESS, KEYS, MwaaDoor, MwaaSwitches, impatient, refusal
from tests.stores.site import Answer

PASSWORD = "c4n4ry-p4ssw0rd-of-a-connection"
SESSION = "c4n4ry-s3ss10n-of-airflow"
ECHO = json.dumps({"message": f"{KEYS['AWS_SESSION_TOKEN']} {PASSWORD}", "RestApiResponse": {"detail": PASSWORD}})


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, no_other_aws: None) -> None:
    monkeypatch.setattr(Transport, "backoff", impatient())
    monkeypatch.setattr("airconn.stores.managed.mwaa.invoking._A_SECOND", 1e6)


def echo(code: str, status: int) -> Answer:
    return Answer(status, ECHO, {"x-amzn-errortype": code, "Content-Type": "application/json"})


@pytest.mark.parametrize("way", ["", "?through=api"])
@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"denied": {"GetEnvironment", "CreateWebLoginToken"}},
        {"broken": {"CreateWebLoginToken": echo("ValidationException", 400), "InvokeRestApi": echo("X", 400)}},
        {"broken": {"InvokeRestApi": echo("RestApiClientException", 400)}, "login_refused": 403},
        {"broken": {"InvokeRestApi": echo("RestApiServerException", 400)}, "login_status": 302},
        {"broken": {"GetEnvironment": echo("InternalServerException", 500)}},
        {"broken": {"GetEnvironment": refusal("AccessDeniedException", 403)}, "session_lasts": 0},
        {"host": "127.0.0.1:1", "status": "UPDATING"},
    ],
    ids=lambda wrong: "-".join(sorted(wrong)) or "nothing",
)
def test_nothing_secret_is_shown_whatever_goes_wrong(
    wrong: dict[str, Any], way: str, airconn: Callable[..., Any], tmp_path: Path
) -> None:
    airflow = MemoryAirflow("3.3.2")
    source = tmp_path / "source.json"
    source.write_text(json.dumps({"connections": {"c": {"conn_type": "http", "password": PASSWORD}}}))
    with MwaaDoor(airflow, lambda: SESSION, MwaaSwitches(a_second=10**6, **wrong)) as door:
        known = {**door.environ(), "AIRCONN_CA_BUNDLE": str(door.bundle(tmp_path)), "AIRCONN_RETRIES": "0"}
        for command in (
            ("import", source, "--to", f"{ADDRESS}{way}", "-v"),
            ("list", "--from", f"{ADDRESS}{way}", "--output", "json"),
        ):
            done = airconn(*command, env=known)
            shown = done.out + done.err
            for secret in (KEYS["AWS_SECRET_ACCESS_KEY"], KEYS["AWS_SESSION_TOKEN"], PASSWORD, SESSION, "web-token-"):
                assert secret not in shown
            assert "Traceback" not in shown
            assert done.code in (0, 1, 5), shown
            assert done.code == 0 or "error: " in done.err or "fails" in shown, shown
