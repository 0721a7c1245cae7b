"""`airconn set`, at the command line."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest

from airconn.cli import run
from airconn.cli.app import App
from tests.cli.test_edit import TypedInput
from tests.conftest import Terminal
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

SECRET = "canary-1"
ENV = """\
# ours
AIRFLOW_CONN_DB='{"conn_type": "postgres", "host": "old", "password": "canary-1", "extra": {"a": 1}}'
AIRFLOW_VAR_REGION=eu # kept
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / ".env"
    path.write_text(ENV)
    return path


def test_a_field_and_a_part_of_extra_are_set_and_all_else_stays(airconn, place: Path) -> None:
    result = airconn("set", "connections/db.host=new", "connections/db.extra.a=2", "--to", place)
    assert (result.code, result.err) == (0, "")
    assert f"~ connections/db  postgres  {place}:2  host, extra\n" in result.out
    assert result.out.endswith("0 created, 1 updated, 0 unchanged\n")
    lines = place.read_text().splitlines()
    assert (lines[0], lines[2]) == ("# ours", "AIRFLOW_VAR_REGION=eu # kept")
    changed = json.loads(lines[1].partition("=")[2].strip("'"))
    assert changed == {"conn_type": "postgres", "host": "new", "password": SECRET, "extra": {"a": 2}}


def test_what_is_so_already_is_unchanged(airconn, place: Path) -> None:
    result = airconn("set", "variables/region.value=eu", "--to", place)
    assert (result.code, place.read_text()) == (0, ENV)
    assert "0 created, 0 updated, 1 unchanged" in result.out


def test_new_objects_are_created_with_what_they_need(airconn, place: Path) -> None:
    connection = ["connections/api.conn_type=http", "connections/api.host=h", "connections/api.password=-"]
    result = airconn("set", *connection, "variables/a.b.value=c=d", "--to", place, stdin=f"{SECRET}\n")
    assert (result.code, SECRET in result.out + result.err) == (0, False)
    back = json.loads(airconn("convert", place).out)
    given = {name: value for name, value in back["connections"]["api"].items() if value is not None}
    assert given == {"conn_type": "http", "host": "h", "password": SECRET}
    assert back["variables"]["a.b"] == "c=d"
    pool = airconn("set", "pools/etl.slots=3", "--to", place.with_name("new.yaml"))
    assert pool.code == 0
    assert airconn("get", "pools/etl.slots", "--from", place.with_name("new.yaml")).out == "3"


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["connections/db.hots=x"], 2, "did you mean 'host'?"),
        (["connections/db.password=x"], 2, "use env:NAME, file:PATH or prompt:, or - ("),
        (["db.host=x"], 2, "this must begin with a kind\nhint:  KIND/ID.FIELD"),
        (["connections/db.host"], 2, "'=' is missing\nhint:  KIND/ID.FIELD=VALUE"),
        (["connections/dbx.host=x"], 3, "connections/dbx doesn't exist\nhint:  did you mean connections/db? a new"),
        (["connections/dbx.host=x"], 3, "needs its conn_type: airconn set connections/dbx.conn_type=…"),
        (["variables/x.description=x"], 3, "needs its value: airconn set variables/x.value=…"),
        (["pools/etl.slots=3"], 3, "it can't hold pools"),
        (["connections/db.password=-", "connections/db.login=-"], 2, "standard input (-) is named more than once"),
        (["connections/db.host=x", "--exit-code"], 2, "add --dry-run"),
    ],
)
def test_what_can_not_be_set_is_told_with_a_hint(airconn, place: Path, args: list[str], code: int, said: str) -> None:
    result = airconn("set", *args, "--to", place)
    assert (result.code, said in result.err, place.read_text()) == (code, True, ENV), result.err
    assert result.err.endswith("nothing was written\n")
    assert SECRET not in result.err


def test_a_dry_run_writes_nothing_and_can_tell_a_difference(airconn, place: Path) -> None:
    result = airconn("set", "connections/db.host=x", "--to", place, "--dry-run", "--exit-code")
    assert (result.code, place.read_text()) == (6, ENV)
    assert "~ connections/db" in result.out


class HeldConnection:
    """An Airflow with one connection, whose changes it remembers. It shows no secret."""

    def __init__(self, version: str, **extra: Any) -> None:
        self.version = version
        self.shown = {"connection_id": "db", "conn_type": "http", "host": "old", "extra": json.dumps(extra)}
        self.sent: list[Any] = []
        if version.startswith("3"):
            self.shown["password"] = "***"

    def __call__(self, received: Received) -> Answer | None:
        if received.method == "PATCH":
            self.sent.append(received.body)
            changed = json.loads(json.dumps(received.body).replace(SECRET, "***"))
            self.shown |= {name: value for name, value in changed.items() if name != "password"}
            return Answer(body=self.shown)
        if received.path.endswith("/connections"):
            return Answer(body={"connections": [self.shown], "total_entries": 1})
        return Answer(body=self.shown) if received.path.endswith("/connections/db") else None


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
def test_only_what_changes_is_sent_to_an_airflow_and_its_secrets_stay(airconn, version: str) -> None:
    held = HeldConnection(version)
    with Site(airflow(version, held)) as site:
        env = {"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "a-token"}
        result = airconn("set", "connections/db.host=new", env=env)
    assert (result.code, "1 updated" in result.out) == (0, True), result
    (body,) = held.sent
    assert body["host"] == "new"
    assert "***" not in json.dumps(body)


def test_what_an_airflow_hides_beside_the_set_part_blocks_until_it_is_filled(airconn, tmp_path: Path) -> None:
    held = HeldConnection("2.11.2", a=1, token="***")
    real = tmp_path / "real.json"
    real.write_text(json.dumps({"connections": {"db": {"conn_type": "http", "extra": {"a": 1, "token": SECRET}}}}))
    with Site(airflow("2.11.2", held)) as site:
        env = {"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "a-token"}
        blocked = airconn("set", "connections/db.extra.a=2", env=env)
        assert (blocked.code, held.sent) == (4, [])
        filled = airconn("set", "connections/db.extra.a=2", "--fill", real, env=env)
    assert (filled.code, SECRET in blocked.err + filled.out + filled.err) == (0, False)
    assert json.loads(held.sent[0]["extra"]) == {"a": 2, "token": SECRET}


def test_at_a_terminal_standard_input_is_asked_for_without_an_echo(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or SECRET)
    environ = {"AIRCONN_CONFIG": str(tmp_path / "user.toml"), "AIRCONN_STATE_DIR": str(tmp_path / "state")}
    (tmp_path / "user.toml").touch()
    out = io.StringIO()
    app = App(TypedInput(b"shown\n"), out, Terminal(), environ, tmp_path)
    assert run(["set", "variables/region.value=-", "--to", str(place)], app) == 0
    assert asked == ["standard input (-): "]
    assert f"AIRFLOW_VAR_REGION={SECRET}" in place.read_text()
    assert SECRET not in out.getvalue()


def test_a_value_that_looks_like_a_placeholder_is_set_when_it_is_called_the_value(airconn, place: Path) -> None:
    args = ["set", "connections/db.password=env:PW", "--to", place]
    blocked = airconn(*args, env={"PW": "op://vault/db/pw"})
    assert (blocked.code, place.read_text()) == (4, ENV)
    assert "--literal connections/db.password" in blocked.out
    done = airconn(*args, "--literal", "connections/db.password", env={"PW": "op://vault/db/pw"})
    assert (done.code, "op://vault/db/pw" in place.read_text()) == (0, True)
