"""Real Airflows behind a door that needs headers and a cookie: in every request, from wherever they are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airconn.sandbox import Sandbox
from tests.integration.conftest import on_worker_of
from tests.integration.login_door import LoginDoor
from tests.integration.program import Program, Ran

KEY, COOKIE = "canary-key-of-the-door", "canary-cookie-of-the-door"
ENVIRON = {
    "AIRCONN_HEADER_CF_ACCESS_CLIENT_SECRET": KEY,
    "AIRCONN_HEADER_COOKIE": f"theme=dark; _oauth2_proxy={COOKIE}",
}
OBJECTS = (
    'AIRFLOW_VAR_FRONT_ONE="1.50"\nAIRFLOW_CONN_FRONT=\'{"conn_type": "http", "password": "canary-of-front"}\'\n'
)


@pytest.fixture(params=[pytest.param(version, marks=on_worker_of(version)) for version in ("2.11.2", "3.3.2")])
def box(request: pytest.FixtureRequest, shared_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    return shared_sandbox(request.param)


@pytest.fixture
def door(box: Sandbox) -> Iterator[LoginDoor]:
    with LoginDoor(box, headers={"CF-Access-Client-Secret": KEY}, cookie=f"_oauth2_proxy={COOKIE}") as door:
        yield door


@pytest.fixture
def program(tmp_path: Path) -> Program:
    (tmp_path / "front.env").write_text(OBJECTS)
    return Program(tmp_path, {})


def run(program: Program, *args: str, **environ: str) -> Ran:
    ran = program.run(*args, env=environ)
    assert not any(secret in ran.out + ran.err for secret in (KEY, COOKIE))
    return ran


def test_every_request_passes_the_door_and_objects_arrive_as_they_are(
    box: Sandbox, door: LoginDoor, program: Program
) -> None:
    login = {"AIRCONN_URL": f"{door.url}/home", "AIRCONN_USERNAME": box.username, "AIRCONN_PASSWORD": box.password}
    chosen = ("--include", "front*")
    try:
        assert run(program, "import", "front.env", **login, **ENVIRON).code == 0
        assert run(program, "diff", "front.env", door.url, "--exit-code", *chosen, **login, **ENVIRON).code == 0
        again = run(program, "import", "front.env", *chosen, **login, **ENVIRON)
        assert again.code == 0
        assert (door.refused, len(door.passed) > 6) == ([], True)
        if box.version.startswith("2"):
            assert door.sessions > 0  # the session's cookie and that of the door are one header

        passed = len(door.passed)
        shut = run(program, "list", **login)
        assert shut.code == 5
        assert "login page at https://team.cloudflareaccess.com" in shut.err
        assert "AIRCONN_HEADER_<NAME>" in shut.err
        assert len(door.passed) == passed
    finally:
        run(program, "delete", *chosen, "--yes", **login, **ENVIRON)


def test_an_address_takes_each_credential_from_where_the_user_says(
    box: Sandbox, door: LoginDoor, program: Program
) -> None:
    secret = program.directory / "password"
    secret.write_text(f"{box.password}\n")
    secret.chmod(0o640)
    key = program.directory / "key"
    key.write_text(KEY)
    key.chmod(0o600)
    (program.directory / "config.toml").write_text(
        f"""[addresses.prod]
url = "{door.url}/connections/list/"
username = "{box.username}"
password_file = "{secret}"

[addresses.prod.headers]
Cf-Access-Client-Secret = {{ command = ["cat", "{key}"] }}
Cookie = {{ env = "MY_COOKIE" }}
"""
    )
    ran = run(program, "list", "--from", "@prod", "--pools", MY_COOKIE=f"_oauth2_proxy={COOKIE}", AIRCONN_TOKEN="x")
    assert ran.code == 0, ran.err
    assert "default_pool" in ran.out
    assert ran.err.count("chmod 600") == 1
    assert door.refused == []
    missing = run(program, "list", "--from", "@prod")
    assert (missing.code, "MY_COOKIE, which isn't set" in missing.err) == (2, True)


def test_a_client_id_is_told_apart_from_the_logins_that_this_airflow_has(box: Sandbox, program: Program) -> None:
    client = {"AIRCONN_URL": box.url, "AIRCONN_CLIENT_ID": "airflow", "AIRCONN_CLIENT_SECRET": KEY}
    ran = run(program, "list", **client)
    assert ran.code == 5
    is_2 = box.version.startswith("2")
    assert (
        "this is Airflow 2, which" if is_2 else "its auth manager takes no client id (POST /auth/token"
    ) in ran.err
    assert "AIRCONN_USERNAME and AIRCONN_PASSWORD" in ran.err


def test_the_session_of_a_browser_is_a_login(box: Sandbox, program: Program) -> None:
    """Its cookie in Airflow 2, and the token in its cookie in Airflow 3."""
    with LoginDoor(box) as door:
        if box.version.startswith("2"):
            cookie = door.browser_cookie()
            ran = run(program, "list", "--pools", AIRCONN_URL=f"{box.url}/home", AIRCONN_HEADER_COOKIE=cookie)
        else:
            ran = run(program, "list", "--pools", AIRCONN_URL=f"{box.url}/dags", AIRCONN_TOKEN=door.token())
    assert ran.code == 0, ran.err
    assert "default_pool" in ran.out
