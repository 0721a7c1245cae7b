"""`airconn doctor` at real Airflows: what several users may do, without a change of any object."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from typing import Any

import jwt
import urllib3

from airconn.model import AirflowVersion
from airconn.sandbox import Sandbox

ALL = "you may read, create, update and delete"


def is_airflow_2(box: Sandbox) -> bool:
    return AirflowVersion.parse(box.version).is_airflow_2


def ask(box: Sandbox, path: str, **body: Any) -> Any:
    """The answer of the API to an administrator."""
    api = "/api/v1" if is_airflow_2(box) else "/api/v2"
    if is_airflow_2(box):
        headers = urllib3.make_headers(basic_auth=f"{box.username}:{box.password}")
    else:
        headers = {"Authorization": f"Bearer {admin_token(box)}"}
    given = {"json": body} if body else {}
    return urllib3.request("POST" if body else "GET", f"{box.url}{api}{path}", headers=headers, **given).json()


def admin_token(box: Sandbox) -> str:
    answer = urllib3.request(
        "POST", f"{box.url}/auth/token", json={"username": box.username, "password": box.password}
    )
    return str(answer.json()["access_token"])


def login_of(box: Sandbox, role: str) -> dict[str, str | None]:
    """The variables of a user who has only this role."""
    if is_airflow_2(box):
        name = f"doctor-{role.lower()}"
        known = {"username": name, "password": name, "email": f"{name}@example.com"}
        ask(box, "/users", **known, first_name="A", last_name="B", roles=[{"name": role}])
        return {"AIRCONN_USERNAME": name, "AIRCONN_PASSWORD": name}
    config = configparser.ConfigParser(interpolation=None)
    config.read(box.home / "airflow.cfg")
    token = admin_token(box)
    claims = jwt.decode(token, options={"verify_signature": False}) | {"sub": role, "role": role.upper()}
    secret = config["api_auth"]["jwt_secret"].replace("%%", "%")
    # Not `jwt.encode`, which refuses the list of issuers of Airflow 3.0.
    signed = jwt.api_jws.encode(json.dumps(claims).encode(), secret, jwt.get_unverified_header(token)["alg"])
    return {"AIRCONN_TOKEN": signed, "AIRCONN_USERNAME": None, "AIRCONN_PASSWORD": None}


def doctor(box: Sandbox, *options: str, env: dict[str, str | None]) -> tuple[int, dict[str, tuple[str, str]]]:
    """The exit code, and the result and the text of each check by its name."""
    environ = {name: value for name, value in {**box.environ(), **env}.items() if value is not None}
    command = [sys.executable, "-m", "airconn", "doctor", "--output", "json", *options]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120, cwd=os.sep)
    assert done.stderr == ""
    report = json.loads(done.stdout)
    for secret in (box.password, env.get("AIRCONN_TOKEN"), env.get("AIRCONN_USERNAME")):
        assert secret is None or secret not in done.stdout
    assert report["exit_code"] == done.returncode
    return done.returncode, {check["name"]: (check["result"], check["text"]) for check in report["checks"]}


def test_the_doctor_tells_what_each_user_may_do_and_changes_nothing(every_sandbox: Sandbox) -> None:
    box = every_sandbox
    viewer, op = login_of(box, "Viewer"), login_of(box, "Op")
    kinds = ("connections", "variables", "pools")
    before = [ask(box, f"/{kind}") for kind in kinds]
    logged = ask(box, "/eventLogs?limit=1")["total_entries"]

    code, of_admin = doctor(box, env={})
    assert code == 0
    assert of_admin["version"] == (
        "ok",
        f"Airflow {box.version}, whose REST API is /api/v{1 if is_airflow_2(box) else 2}",
    )
    assert of_admin["clock"] == ("ok", "the clocks agree")
    assert of_admin["login"] == ("ok", "accepted: AIRCONN_USERNAME and AIRCONN_PASSWORD")
    code, of_viewer = doctor(box, env=viewer)
    reads_nothing = box.version.startswith("2.7.")  # a viewer there
    if reads_nothing:
        text = "it refuses the credentials, or they may not read connections, variables or pools"
        assert (code, of_viewer["login"]) == (5, ("failed", text))
    else:
        assert code == 0
        assert of_viewer["connections"][0] == of_viewer["variables"][0] == "warning"
        assert "you may not read" in of_viewer["connections"][1]
    # None of these leaves a line in the audit log, not even for what is allowed.
    assert ask(box, "/eventLogs?limit=1")["total_entries"] == logged

    for env in ({}, op):
        _, found = doctor(box, "--ask-writes", env=env)
        assert [ALL in found[kind][1] for kind in kinds] == [True, True, True], found
    if not reads_nothing:
        _, found = doctor(box, "--ask-writes", env=viewer)
        assert found["connections"] == ("warning", "you may not read, create, update or delete")
        assert found["variables"] == ("warning", "you may not read, create, update or delete")
        assert "you may read; you may not create, update or delete" in found["pools"][1]
    assert [ask(box, f"/{kind}") for kind in kinds] == before

    code, wrong = doctor(box, env={"AIRCONN_PASSWORD": "not-the-passw0rd"})
    assert (code, wrong["login"][0]) == (5, "failed")
