"""`airconn undo`: what a run has overwritten, deleted and created is as it was, and nothing else is touched."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from airconn.cli import run
from airconn.cli.app import App
from airconn.config import Config, Settings
from airconn.errors import AirconnError
from airconn.stores import open_store
from airconn.transfer.backing_up import lasting_address, opened_target, place_digest
from airconn.transfer.backup_file import RunHeader
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network
from tests.conftest import Result, Terminal
from tests.integration.test_canary import Canaries
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

Airconn = Callable[..., Result]
ENV = """\
# the warehouse
AIRFLOW_CONN_DB='postgres://u:oldpw@h/db'   # of Ann
OTHER=${HOME}/x

AIRFLOW_VAR_X=1
# to go
AIRFLOW_VAR_GONE="bye"
"""
NEW = {
    "connections": {
        "db": {"conn_type": "postgres", "host": "h2", "login": "u", "password": "newpw", "schema": "db"},
        "fresh": {"conn_type": "http", "host": "q", "password": "freshpw"},
    },
    "variables": {"x": "2"},
}


_EMPTY: dict[str, dict[str, Any]] = {
    "connections": dict.fromkeys(("description", "host", "login", "schema", "port", "extra", "password")),
    "variables": {"description": None},
}


@pytest.fixture(autouse=True)
def _direct(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


class HidingAirflow:
    """An Airflow 2 with connections and variables, of which it hides passwords and tokens."""

    def __init__(self, connections: dict[str, dict[str, Any]], variables: dict[str, str]) -> None:
        none = _EMPTY["connections"]
        self.held: dict[str, dict[str, dict[str, Any]]] = {
            "connections": {id_: {"connection_id": id_, **none, **fields} for id_, fields in connections.items()},
            "variables": {key: {"key": key, "value": value, "description": None} for key, value in variables.items()},
        }
        self.refused: set[str] = set()
        """The ids that can't be written."""
        self.on_write: Callable[[str], None] = lambda id_: None
        self.lock = threading.Lock()

    def __call__(self, received: Received) -> Answer | None:
        parts = received.path.removeprefix("/api/v1/").split("/")
        if parts[0] not in self.held:
            return None
        kind, id_ = parts[0], unquote(parts[1]) if len(parts) > 1 else ""
        if received.method == "GET":
            return self._read(kind, id_)
        name = "connection_id" if kind == "connections" else "key"
        id_ = id_ or received.body[name]
        self.on_write(id_)
        with self.lock:
            objects = self.held[kind]
            if id_ in self.refused:
                return Answer(403, {"detail": "Forbidden"})
            if received.method == "DELETE":
                del objects[id_]
                return Answer(204, "")
            objects[id_] = {**objects.get(id_, _EMPTY[kind]), **received.body}
            return Answer(body=self._shown(objects[id_]))

    def _read(self, kind: str, id_: str) -> Answer:
        objects = self.held[kind]
        if not id_:
            shown = [self._shown(fields) for fields in objects.values()]
            return Answer(body={kind: shown, "total_entries": len(shown)})
        if id_ not in objects:
            return Answer(404, {"title": "not found", "detail": f"The {kind} `{id_}` was not found"})
        return Answer(body=self._shown(objects[id_]))

    @staticmethod
    def _shown(fields: dict[str, Any]) -> dict[str, Any]:
        if "value" in fields:
            return fields
        return {key: value for key, value in fields.items() if key != "password"}

    def values(self) -> dict[str, Any]:
        return json.loads(json.dumps(self.held))  # type: ignore[no-any-return]


@pytest.fixture
def server() -> Iterator[tuple[HidingAirflow, dict[str, str]]]:
    place = HidingAirflow(
        {
            "db": {"conn_type": "postgres", "host": "h", "login": "u", "password": "oldpw", "schema": "db"},
            "gone": {"conn_type": "http", "host": "x", "password": "gonepw"},
        },
        {"x": "1", "gone": "bye"},
    )
    with Site(airflow("2.11.2", place)) as site:
        yield place, {"AIRCONN_URL": site.url, "AIRCONN_USERNAME": "ann", "AIRCONN_PASSWORD": "p"}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.json").write_text(json.dumps(NEW))
    (tmp_path / ".env").write_text(ENV)
    return tmp_path


def imported(airconn: Airconn, *options: object, env: dict[str, str] | None = None, code: int = 0) -> Result:
    ran = airconn("import", "new.json", *options, env=env)
    assert ran.code == code, ran.err
    return ran


def test_a_file_is_as_it_was_to_the_last_character(airconn: Airconn, files: Path) -> None:
    imported(airconn, "--to", ".env", "--prune", "--yes")
    changed = (files / ".env").read_text()
    assert "oldpw" not in changed
    assert "GONE" not in changed
    dry = airconn("undo", "--dry-run")
    assert (dry.code, "would be 1 created, 2 updated, 1 deleted" in dry.out) == (0, True), dry
    assert (files / ".env").read_text() == changed
    undone = airconn("undo", "--yes")
    assert (undone.code, "1 created, 2 updated, 1 deleted" in undone.out) == (0, True), undone
    assert (files / ".env").read_text() == ENV
    (last, *_) = airconn("undo", "--list").out.splitlines()
    again = airconn("undo", last.split()[0], "--yes")
    assert (again.code, (files / ".env").read_text()) == (0, changed), again


def test_a_file_that_a_run_has_made_is_removed(airconn: Airconn, files: Path) -> None:
    imported(airconn, "--to", "made.yaml")
    assert airconn("undo", "--yes").code == 0
    assert not (files / "made.yaml").exists()


def test_in_a_file_that_was_changed_since_only_the_objects_are_given_back(airconn: Airconn, files: Path) -> None:
    imported(airconn, "--to", ".env")
    with (files / ".env").open("a") as file:
        file.write("# a later remark\n")
    assert airconn("undo", "--yes").code == 0
    assert (files / ".env").read_text() == f"{ENV}# a later remark\n"


def test_an_undo_outside_of_a_terminal_needs_yes(airconn: Airconn, files: Path) -> None:
    imported(airconn, "--to", ".env")
    before = (files / ".env").read_text()
    ran = airconn("undo")
    assert (ran.code, (files / ".env").read_text()) == (4, before)
    assert "hint:  add --yes" in ran.err
    assert ran.err.endswith("nothing was written\n")


def test_a_server_gets_back_what_it_had_shown(airconn: Airconn, files: Path, server) -> None:
    place, env = server
    before = place.values()
    ran = imported(airconn, "--prune", "--yes", env=env)
    assert "1 hidden value is deleted, and airconn undo can't bring it back: connections/gone.password" in ran.err
    assert place.held["connections"].keys() == {"db", "fresh"}
    undone = airconn("undo", "--yes", env=env)
    assert undone.code == 0, undone.err
    expected = {**before["connections"]}
    expected["db"] = {**expected["db"], "password": "newpw"}
    expected["gone"] = {**expected["gone"], "password": None}
    after = place.values()
    assert after["variables"] == before["variables"]
    assert {id_: without_empty(fields) for id_, fields in after["connections"].items()} == {
        id_: without_empty(fields) for id_, fields in expected.items()
    }
    assert "1 hidden value can't be brought back, and will stay as now: connections/db.password" in undone.err
    assert "1 hidden value can't be brought back, and will be missing: connections/gone.password" in undone.err
    assert undone.err.count("--fill ADDRESS") == 1


def without_empty(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in fields.items() if value not in (None, "")}


def test_hidden_values_come_from_elsewhere(airconn: Airconn, files: Path, server) -> None:
    place, env = server
    before = place.values()
    (files / "old.json").write_text(
        json.dumps(
            {
                "connections": {
                    "db": {"conn_type": "postgres", "password": "oldpw"},
                    "gone": {"conn_type": "http", "password": "gonepw"},
                }
            }
        )
    )
    imported(airconn, "--prune", "--yes", env=env)
    undone = airconn("undo", "--yes", "--fill", "old.json", env=env)
    assert (undone.code, "brought back, and will" in undone.err) == (0, False), undone.err
    shown = {id_: without_empty(fields) for id_, fields in place.values()["connections"].items()}
    assert shown == {id_: without_empty(fields) for id_, fields in before["connections"].items()}


def test_what_has_changed_since_is_named_and_nothing_is_written(airconn: Airconn, files: Path, server) -> None:
    place, env = server
    imported(airconn, env=env)
    place.held["connections"]["db"]["host"] = "theirs"
    place.held["connections"]["db"]["login"] = "also theirs, but not of the run"
    del place.held["connections"]["fresh"]
    before = place.values()
    dry = airconn("undo", "--dry-run", env=env)
    assert (dry.code, dry.out.count("would be"), dry.out.count("created")) == (4, 1, 1)
    ran = airconn("undo", "--yes", env=env)
    assert (ran.code, place.values()) == (4, before)
    assert "changed since that run: host\n" in ran.out
    assert "1 object changed after that run" in ran.err
    assert "--exclude GLOB leaves objects out; --force undoes these, too" in ran.err
    without = airconn("undo", "--yes", "--exclude", "connections/db", env=env)
    assert (without.code, place.held["variables"]["x"]["value"]) == (0, "1"), without.err
    forced = airconn("undo", "--yes", "--force", env=env)
    assert (forced.code, place.held["connections"]["db"]["host"]) == (0, "h"), forced.err
    assert place.held["connections"]["db"]["login"] == "also theirs, but not of the run"
    assert "there is nothing to undo" in airconn("undo", "--yes", env=env).err


def test_only_what_was_written_is_undone(airconn: Airconn, files: Path, server) -> None:
    place, env = server
    place.refused = {"db"}
    imported(airconn, env=env, code=1)
    place.refused = set()
    undone = airconn("undo", "--yes", env=env)
    assert (undone.code, "connections/db" in undone.out and "~ connections/db" in undone.out) == (0, False)
    assert place.held["connections"].keys() == {"db", "gone"}
    assert place.held["variables"]["x"]["value"] == "1"


def test_set_and_delete_can_be_undone(airconn: Airconn, files: Path, server) -> None:
    place, env = server
    before = place.values()
    assert airconn("set", "variables/x.value=5", env=env).code == 0
    assert airconn("delete", "variables/gone", "--yes", env=env).code == 0
    assert airconn("undo", "--yes", env=env).code == 0
    assert place.held["variables"]["gone"]["value"] == "bye"
    assert airconn("undo", "--yes", env=env).code == 0
    assert place.values()["variables"] == before["variables"]


def test_an_undo_goes_only_to_where_the_run_has_written(airconn: Airconn, files: Path, server) -> None:
    place, env = server
    imported(airconn, env=env)
    with Site(airflow("2.11.2", HidingAirflow({}, {}))) as other:
        ran = airconn("undo", "--yes", "--to", other.url, env=env)
        assert other.log == []
    assert (ran.code, "is not the target of that run, which was" in ran.err) == (4, True), ran.err
    same = f"{env['AIRCONN_URL']}/"
    without = {key: value for key, value in env.items() if key != "AIRCONN_URL"}
    assert airconn("undo", "--yes", "--to", same, env=without).code == 0
    assert place.held["connections"].keys() == {"db", "gone"}


def test_an_address_that_only_a_project_has_named_gets_no_credentials_without_being_asked_for() -> None:
    url = "https://airflow.example.com"
    environ = {"AIRCONN_TOKEN": "t", "AIRCONN_TRUST": "other.example.com"}
    header = RunHeader("import", url, url, place_digest(open_store(url, Settings())), url)
    with Places(Config(environ), Network(), lambda place: "") as places:
        assert opened_target(places, header, None).address == url
        named = replace(header, named_in="airconn.toml")
        with pytest.raises(AirconnError, match=r"airconn\.toml"):
            opened_target(places, named, None)
    with Places(Config(environ), Network(), lambda place: "") as places:
        assert opened_target(places, named, url).address == url


def test_an_undo_names_the_target_of_the_run_and_not_that_of_the_configuration(
    airconn: Airconn, files: Path, server
) -> None:
    _, env = server
    url = env["AIRCONN_URL"]
    plain = {key: value for key, value in env.items() if key != "AIRCONN_URL"}
    config = f'url = "@dev"\n[addresses]\ndev = "http://dev.invalid"\nprod = "{url}"\n'
    (files / "airconn.toml").write_text(config)
    for to, wanted in (("@prod", f"@prod, airflow 2.11.2 at {url}: "), (url, f"airflow 2.11.2 at {url}: ")):
        assert airconn("set", "variables/x.value=5", "--to", to, env=plain).code == 0
        undone = airconn("undo", "--yes", env=plain)
        assert undone.code == 0, undone.err
        assert undone.out.splitlines()[-1].startswith(wanted)


@pytest.mark.parametrize("how", ["--no-backup", "backup = false"])
def test_a_run_without_a_backup_is_not_in_the_list(how: str, airconn: Airconn, files: Path) -> None:
    if how == "--no-backup":
        imported(airconn, "--to", ".env", how)
    else:
        (files.parent / f"{files.name}-user.toml").write_text(f"{how}\n")
        imported(airconn, "--to", ".env")
    ran = airconn("undo", "--list")
    assert (ran.code, ran.out, "no run can be undone" in ran.err) == (0, "", True)
    assert not (files.parent / f"{files.name}-state/undo").exists()


def test_the_file_of_a_project_does_not_switch_it_off(airconn: Airconn, files: Path) -> None:
    (files / "airconn.toml").write_text("backup = false\n")
    ran = airconn("import", "new.json", "--to", ".env")
    assert (ran.code, (files / ".env").read_text()) == (2, ENV)
    assert "a project's file may not do that" in ran.err


def test_a_run_whose_backup_cannot_be_written_writes_nothing(airconn: Airconn, files: Path) -> None:
    (files / "state").touch()
    env = {"AIRCONN_STATE_DIR": str(files / "state")}
    ran = airconn("import", "new.json", "--to", ".env", env=env)
    assert (ran.code, (files / ".env").read_text()) == (4, ENV)
    assert "the backup for airconn undo can't be written" in ran.err
    assert "hint:  --no-backup writes without a way back" in ran.err
    assert ran.err.endswith("nothing was written\n")
    assert airconn("import", "new.json", "--to", ".env", "--no-backup", env=env).code == 0


def test_a_run_without_room_for_its_backup_writes_nothing(files: Path) -> None:
    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    environ = {**os.environ, "AIRCONN_CONFIG": os.devnull, "AIRCONN_STATE_DIR": str(files / "state")}
    environ["PYTHONDONTWRITEBYTECODE"] = "1"  # Python would leave compiled modules that are cut off
    command = [sys.executable, "-m", "airconn", "import", "new.json", "--to", ".env"]
    ran = subprocess.run(
        command, cwd=files, env=environ, preexec_fn=fill_disk, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, (files / ".env").read_text()) == (4, ENV), ran.stderr
    assert "the backup for airconn undo can't be written: File too large" in ran.stderr
    assert "--no-backup" in ran.stderr
    assert [path.name for path in (files / "state/undo").iterdir()] == []


def test_a_glob_that_matches_nothing_of_the_run_is_an_error(airconn: Airconn, files: Path) -> None:
    imported(airconn, "--to", ".env")
    changed = (files / ".env").read_text()
    ran = airconn("undo", "--yes", "--include", "nothing*")
    assert (ran.code, "--include 'nothing*' matches nothing of that run" in ran.err) == (3, True), ran.err
    assert (files / ".env").read_text() == changed
    assert airconn("undo", "--yes", "--include", "variables/*").code == 0
    assert "AIRFLOW_VAR_X=1\n" in (files / ".env").read_text()
    assert "newpw" in (files / ".env").read_text()


@pytest.mark.parametrize("options", [[], ["-v"]], ids=["plain", "verbose"])
def test_a_run_that_only_creates_does_not_need_the_state_directory_and_says_that_it_cannot_be_undone(
    airconn: Airconn, files: Path, options: list[str]
) -> None:
    (files / "state").touch()
    env = {"AIRCONN_STATE_DIR": str(files / "state")}
    ran = airconn("import", "new.json", "--to", "made.json", *options, env=env)
    assert (ran.code, (files / "made.json").exists()) == (0, True), ran.err
    assert ran.err.count("this run can't be undone") == 1
    assert ran.err.startswith(f"warning: {files / 'state/undo'}: the backup for airconn undo can't be written: ")


def test_the_list_says_when_what_where_and_how_many(airconn: Airconn, files: Path) -> None:
    imported(airconn, "--to", ".env", "--prune", "--yes")
    (line,) = airconn("undo", "--list").out.splitlines()
    assert line.split("  ")[2:] == ["import new.json", str(files / ".env"), "1 created, 2 updated, 1 deleted"]
    (entry,) = json.loads(airconn("undo", "--list", "--output", "json").out)["runs"]
    assert (entry["command"], entry["written"]) == ("import new.json", {"updated": 2, "created": 1, "deleted": 1})
    assert airconn("undo", "--clear").err == "1 backup removed\n"
    assert airconn("undo", "--list").out == ""
    ran = airconn("undo", "--yes")
    assert (ran.code, "there is nothing to undo" in ran.err) == (2, True)


def test_the_list_names_the_objects_of_set_and_delete_and_no_value(airconn: Airconn, files: Path, server) -> None:
    _, env = server
    assert airconn("set", "variables/x.value=canary=1", env=env).code == 0
    assert airconn("delete", "variables/gone", "--yes", env=env).code == 0
    listed = airconn("undo", "--list").out.splitlines()
    assert [line.split("  ")[2].strip() for line in listed] == ["delete variables/gone", "set variables/x.value"]
    assert "canary" not in airconn("undo", "--dry-run", env=env).err + "".join(listed)


def test_the_shell_completes_the_names_of_runs(
    airconn: Airconn, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from click.shell_completion import ShellComplete

    from airconn.cli.main import group

    imported(airconn, "--to", ".env")
    monkeypatch.setenv("AIRCONN_STATE_DIR", str(files.parent / f"{files.name}-state"))
    (line,) = airconn("undo", "--list").out.splitlines()
    shell = ShellComplete(group, {}, "airconn", "_AIRCONN_COMPLETE")
    found = [(item.value, item.help) for item in shell.get_completions(["undo"], "2")]
    assert found == [(line.split()[0], "import new.json")]


def on_terminal(directory: Path, *args: str, answer: str = "") -> tuple[int, str, str]:
    class Typed(io.BytesIO):
        def isatty(self) -> bool:
            return True

    state = str(directory.parent / f"{directory.name}-state")
    environ = {"AIRCONN_CONFIG": os.devnull, "AIRCONN_STATE_DIR": state, "TERM": "dumb"}
    out, err = io.StringIO(), Terminal()
    app = App(Typed(answer.encode()), out, err, environ, directory, clock=lambda: 0.0)
    code = run(list(args), app)
    return code, out.getvalue(), err.getvalue()


def test_a_terminal_hears_of_the_way_back_and_is_asked(airconn: Airconn, files: Path) -> None:
    file = str(files / ".env")
    code, _, err = on_terminal(files, "import", str(files / "new.json"), "--to", file)
    assert (code, err.splitlines()[-1]) == (0, "to undo: airconn undo")
    changed = (files / ".env").read_text()
    code, out, err = on_terminal(files, "undo", answer="n\n")
    assert (code, (files / ".env").read_text()) == (4, changed)
    assert "~ variables/x" in out
    assert "[y/N]" in err
    code, _, err = on_terminal(files, "undo", answer="y\n")
    assert (code, (files / ".env").read_text()) == (0, ENV)
    assert "to undo: airconn undo 2" in err.splitlines()[-1]
    assert "to undo" not in imported(airconn, "--to", ".env").err


def test_a_run_that_is_killed_can_be_undone(files: Path, server) -> None:
    place, env = server
    before = place.values()
    source = {f"v{number:03}": "new" for number in range(200)}
    place.held["variables"] |= {
        key: {"key": key, "value": "old", "description": None} for number, key in enumerate(source) if number % 2
    }
    wanted = place.values()
    (files / "many.json").write_text(json.dumps({"variables": source}))
    environ = {**os.environ, **env, "AIRCONN_CONFIG": os.devnull, "AIRCONN_STATE_DIR": str(files / "state")}
    killed = threading.Event()

    def on_write(id_: str) -> None:
        if id_ == "v050":
            process.send_signal(signal.SIGKILL)
            killed.set()

    place.on_write = on_write
    command = [sys.executable, "-m", "airconn"]
    with subprocess.Popen(
        [*command, "import", "many.json"], cwd=files, env=environ, stdout=subprocess.DEVNULL
    ) as process:
        assert killed.wait(60)
    assert process.wait() == -signal.SIGKILL
    place.on_write = lambda id_: None
    assert place.values() != wanted
    ran = subprocess.run(
        [*command, "undo", "--yes"], cwd=files, env=environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert place.values() == wanted
    assert before["connections"] == wanted["connections"]


def test_no_secret_is_told(airconn: Airconn, files: Path) -> None:
    canaries = Canaries()
    old, new = canaries.plant("old", sharp=True), canaries.plant("new", sharp=True)
    for name, secret in (("old.json", old), ("new.json", new)):
        connection = {"conn_type": "http", "password": secret, "extra": {"token": secret}}
        (files / name).write_text(json.dumps({"connections": {"c": connection}, "variables": {"api_key": secret}}))
    airconn("import", "old.json", "--to", "target.json")
    for command in (
        ("import", "new.json", "--to", "target.json", "-v"),
        ("undo", "--list", "-v"),
        ("undo", "--list", "--output", "json"),
        ("undo", "--dry-run", "-v", "--show-values"),
        ("undo", "--yes", "-v", "--output", "json"),
        ("undo", "--list", "-v"),
    ):
        ran = airconn(*command)
        assert ran.code == 0, ran.err
        assert canaries.seen_in(ran.out + ran.err) == [], command
    state = files.parent / f"{files.name}-state"
    kept = "".join(path.read_text() for path in state.rglob("*.jsonl"))
    assert canaries.seen_in(kept) != []
    airconn("undo", "--clear")
    assert [path for path in state.rglob("*") if path.is_file()] == []


def test_an_address_with_a_password_is_not_kept() -> None:
    config = Config({})
    assert lasting_address(config, "metadb:postgresql://ann:s3cret@db/airflow") == (None, "")
    assert lasting_address(config, "https://t0ken@airflow.example.com") == (None, "")
    assert lasting_address(config, "@prod") == ("@prod", "")
    assert lasting_address(Config({}, project={"url": "http://a"}), None) == ("http://a", "airconn.toml")
    assert lasting_address(Config({"AIRCONN_URL": "http://b"}, project={"url": "http://a"}), None) == ("http://b", "")


def two_runs(airconn: Airconn, files: Path) -> tuple[str, str]:
    """The texts of `.env` after the first and the second of two runs that change it."""
    texts = []
    for value in ("5", "6"):
        assert airconn("set", f"variables/x.value={value}", "--to", ".env").code == 0
        texts.append((files / ".env").read_text())
    return texts[0], texts[1]


def test_a_run_with_nothing_left_to_undo_is_undone_and_the_next_undo_takes_the_run_before(
    airconn: Airconn, files: Path
) -> None:
    first, _ = two_runs(airconn, files)
    (files / ".env").write_text(first)
    for options in (["--dry-run"], ["--yes", "--include", "variables/x"], ["--yes"]):
        ran = airconn("undo", *options)
        assert (ran.code, "0 created, 0 updated, 1 unchanged" in ran.out) == (0, True), ran
        assert (files / ".env").read_text() == first
    last, before = json.loads(airconn("undo", "--list", "--output", "json").out)["runs"]
    assert (last["undone"], last["undone_by"], before["undone"]) == (True, None, False)
    assert airconn("undo", "--list").out.splitlines()[0].endswith("1 updated, undone")
    assert airconn("undo", "--yes").code == 0
    assert (files / ".env").read_text() == ENV
    again = airconn("undo", "--yes")
    assert (again.code, "there is nothing to undo: all runs are undone already" in again.err) == (2, True)


@pytest.mark.parametrize("how", ["--no-backup", "backup = false"])
def test_undos_without_a_backup_undo_one_run_after_the_other(how: str, airconn: Airconn, files: Path) -> None:
    first, second = two_runs(airconn, files)
    options = ["--no-backup"] if how == "--no-backup" else []
    if not options:
        (files.parent / f"{files.name}-user.toml").write_text(f"{how}\n")
    assert airconn("undo", *options).code == 4
    assert (files / ".env").read_text() == second
    for text in (first, ENV):
        assert airconn("undo", "--yes", *options).code == 0
        assert (files / ".env").read_text() == text
    assert "all runs are undone already" in airconn("undo", "--yes", *options).err


def test_an_undo_that_is_undone_without_a_backup_gives_the_run_back_to_the_next_undo(
    airconn: Airconn, files: Path
) -> None:
    first, second = two_runs(airconn, files)
    assert airconn("undo", "--yes").code == 0
    (undo, *_) = airconn("undo", "--list").out.split()
    assert airconn("undo", undo, "--yes", "--no-backup").code == 0
    assert (files / ".env").read_text() == second
    assert airconn("undo", "--yes").code == 0
    assert (files / ".env").read_text() == first


def test_a_run_is_not_undone_as_long_as_an_object_cannot_be_created_again(
    airconn: Airconn, files: Path, server
) -> None:
    place, env = server
    place.held["variables"]["api_key"] = {"key": "api_key", "value": "***", "description": None}
    assert airconn("delete", "variables/api_key", "variables/gone", "--yes", env=env).code == 0
    (files / "old.json").write_text('{"variables": {"api_key": "canary"}}')
    for _ in range(2):
        ran = airconn("undo", "--yes", env=env)
        assert (ran.code, "1 object can't be created again, since the value was hidden" in ran.err) == (1, True), ran
        assert place.held["variables"].keys() == {"x", "gone"}
    assert airconn("undo", "--yes", "--fill", "old.json", env=env).code == 0
    assert place.held["variables"]["api_key"]["value"] == "canary"
    assert "all runs are undone already" in airconn("undo", "--yes", env=env).err


def test_an_undo_that_cannot_be_noted_says_so(airconn: Airconn, files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    two_runs(airconn, files)

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("airconn.transfer.backups.note_undone", full)
        ran = airconn("undo", "--yes", "--no-backup")
    assert ran.code == 0
    assert "is undone: No space left on device; the next airconn undo takes it again" in ran.err
    assert "0 updated, 1 unchanged" in airconn("undo", "--yes").out
    assert airconn("undo", "--yes").code == 0
    assert (files / ".env").read_text() == ENV
