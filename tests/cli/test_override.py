"""`--set`, `--set-file`, `--rename`, `--overlay` and `--literal`."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from airconn.cli.app import App
from airconn.config import Settings
from airconn.model import Selection
from airconn.stores.file import FileStore
from airconn.transfer.overriding import make_change
from airconn.transfer.request_parts import Network, ObjectChanges
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Site

SECRET = "hunter2"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "dev.json"
    extra = '{"sslmode": "prefer", "n": 1.50, "token": "***"}'
    objects = {
        "connections": {"db.main": {"conn_type": "postgres", "host": "dev", "password": "***", "extra": extra}},
        "variables": {"region": "eu"},
        "pools": {"etl": {"slots": 4}},
    }
    path.write_text(json.dumps(objects))
    return path


def test_objects_are_changed_on_the_way(airconn, source: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("BEGIN\nEND\n")
    (tmp_path / "prod.yaml").write_text(
        "connections: {db.main: {host: prod, password: env:PW, extra: {sslmode: null, token: file:KEY}}}\n"
        "pools: {etl: {slots: 32}}\n".replace("KEY", str(tmp_path / "key"))
    )
    result = airconn(
        "convert",
        source,
        "--overlay",
        tmp_path / "prod.yaml",
        "--set",
        "connections/db.main.port=6432",
        "--set",
        "variables/region.value=env:REGION",
        "--set-file",
        f"connections/db.main.extra.key={tmp_path / 'key'}",
        "--rename",
        "connections/db.main=db_prod",
        env={"PW": SECRET, "REGION": "us"},
    )
    assert (result.code, result.err) == (0, "")
    found = json.loads(result.out)
    connection = found["connections"]["db_prod"]
    assert (connection["host"], connection["port"], connection["password"]) == ("prod", 6432, SECRET)
    assert connection["extra"] == '{"n": 1.50, "token": "BEGIN\\nEND\\n", "key": "BEGIN\\nEND\\n"}'
    assert (found["variables"], found["pools"]["etl"]["slots"]) == ({"region": "us"}, 32)


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--set", f"connections/db.main.password={SECRET}"], 2, "env:NAME, file:PATH or prompt:"),
        (["--set", f"connections/db.main.extra.token={SECRET}"], 2, "env:NAME, file:PATH or prompt:"),
        (["--set", f"connections/db.main.port={SECRET}"], 2, "port must be a whole number"),
        (["--set", f"connections/dbmain.host={SECRET}"], 2, "did you mean connections/db.main?"),
        (["--set", f"connections/db.main.hots={SECRET}"], 2, "did you mean 'host'?"),
        (["--set", f"connections/db.main.{SECRET}"], 2, "'=' is missing"),
        (["--set", "connections/db.main.host=env:NOPE"], 2, "NOPE is not set"),
        (["--set", "connections/db.main.host=file:nope"], 2, "error: nope: no such file"),
        (["--set", "connections/db.main.host=prompt:"], 2, "no terminal"),
        (["--set-file", "connections/db.main.host=nope"], 2, "error: nope: no such file"),
        (["--rename", "connections/db.main="], 2, "the new id of connections/db.main is missing"),
        (["--literal-mask", "connections/db.main.host"], 2, "nothing is hidden"),
        (["--overlay", "nope.yaml"], 3, "error: nope.yaml: no such file"),
    ],
)
@pytest.mark.parametrize("command", ["convert", "import", "export"])
def test_what_is_wrong_is_told_without_values(
    airconn, source: Path, tmp_path: Path, command: str, args: list[str], code: int, said: str
) -> None:
    # For an import, nobody listens there: what is wrong with the options is told before anybody is asked.
    place = ["--from", source] if command == "export" else [source]
    rest = ["--to", "http://127.0.0.1:1"] if command == "import" else ["-o", tmp_path / "out.json"]
    result = airconn(command, *place, *rest, *args)
    assert (result.code, said in result.err, SECRET in result.err) == (code, True, False), result.err
    assert result.err.endswith("nothing was written\n")
    assert not (tmp_path / "out.json").exists()


def test_a_faulty_overlay_is_told_with_its_line(airconn, source: Path, tmp_path: Path) -> None:
    (tmp_path / "prod.yaml").write_text(f"connections:\n  db.mian:\n    host: {SECRET}\n")
    result = airconn("convert", source, "--overlay", tmp_path / "prod.yaml")
    assert result.code == 2
    assert f"error: {tmp_path}/prod.yaml:2:3: the sources hold no connections/db.mian" in result.err
    assert "hint:  did you mean connections/db.main?" in result.err
    assert SECRET not in result.err


def test_what_is_not_selected_may_stand_in_an_overlay(airconn, source: Path, tmp_path: Path) -> None:
    (tmp_path / "prod.json").write_text('{"pools": {"none": {"slots": 1}}, "variables": {"region": {"value": "us"}}}')
    result = airconn("convert", source, "--variables", "--overlay", tmp_path / "prod.json")
    assert (result.code, json.loads(result.out)) == (0, {"region": "us"})


def test_an_overlay_comes_from_standard_input(airconn, source: Path) -> None:
    result = airconn("convert", source, "--overlay", "-", "--variables", stdin="variables: {region: us}")
    assert (result.code, json.loads(result.out)) == (0, {"region": "us"})


def test_a_mask_can_be_the_value(airconn, source: Path) -> None:
    args = ["--literal-mask", "connections/db.main.password", "--literal-mask", "connections/db.main.extra.token"]
    result = airconn("convert", source, *args, "--redacted", "fail")
    assert (result.code, result.err) == (0, "")
    assert json.loads(result.out)["connections"]["db.main"]["password"] == "***"


def test_a_value_is_asked_for_once(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    asked: list[str] = []
    monkeypatch.setattr("getpass.getpass", lambda prompt: asked.append(prompt) or SECRET)
    app = App(io.BytesIO(), io.StringIO(), Terminal(), {}, tmp_path)
    changes = ObjectChanges(sets=("connections/db.main.password=prompt:",))
    change = make_change(changes, Selection(), app.places(Network()))
    bundle = FileStore(str(source), Settings()).read(Selection()).bundle
    for _ in range(2):  # sources may be read again for another version of Airflow
        assert change is not None
        assert change(bundle).connections["db.main"].password == SECRET
    assert asked == ["connections/db.main.password: "]


def test_what_is_typed_at_the_prompt_is_not_shown(source: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "airconn", "convert", str(source), "-o", str(tmp_path / "out.json")]
    command += ["--set", "connections/db.main.password=prompt:"]
    leader, follower = pty.openpty()
    try:
        # A session of its own has no other terminal than its standard input.
        process = subprocess.Popen(
            command,
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
            cwd=tmp_path,
            env={**os.environ, "CI": ""},
        )
        os.close(follower)
        shown = b""
        while b"password: " not in shown:
            shown += os.read(leader, 1000)
        os.write(leader, f"{SECRET}\n".encode())
        assert process.wait(60) == 0
        with contextlib.suppress(OSError):  # a terminal whose other end has gone
            while more := os.read(leader, 1000):
                shown += more
    finally:
        os.close(leader)
    assert json.loads((tmp_path / "out.json").read_text())["connections"]["db.main"]["password"] == SECRET
    assert SECRET.encode() not in shown


def test_a_file_in_place_keeps_what_is_not_overridden(airconn, source: Path, tmp_path: Path) -> None:
    out = tmp_path / "prod.env"
    out.write_text("# ours\nAIRFLOW_VAR_REGION=us # kept\nAIRFLOW_VAR_OTHER=1\n")
    result = airconn("convert", source, "--variables", "-o", out, "--set", "variables/region.value=ap")
    assert result.code == 0
    assert out.read_text() == "# ours\nAIRFLOW_VAR_REGION=ap # kept\nAIRFLOW_VAR_OTHER=1\n"


def test_an_extra_that_is_no_object_is_a_usage_error_whatever_the_command(airconn, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"connections": {"c": {"conn_type": "x", "extra": {"a": "b"}}}}')
    option = ["--set", "connections/c.extra=foo"]
    for command in (["convert"], ["import", "--to", tmp_path / "to.json"]):
        result = airconn(*command, tmp_path / "c.json", *option)
        assert (result.code, result.out) == (2, "")
        assert result.err.startswith(
            "error: --set connections/c.extra: this extra is not a JSON object, and Airflow 3.3.2 accepts nothing"
        )
    result = airconn("convert", tmp_path / "c.json", *option, "--airflow", "2.11")
    assert (result.code, '"extra": "foo"' in result.out) == (0, True)


def test_other_faults_of_an_option_are_told_without_asking_a_server(airconn, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"connections": {"c": {"conn_type": "x"}}}')
    with Site(airflow("2.11.2")) as site:
        env = {"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "a-token"}
        result = airconn("import", tmp_path / "c.json", "--set", "connections/c.port=x", "--dry-run", env=env)
    assert (result.code, [request.path for request in site.log]) == (2, [])


def test_an_extra_that_is_no_object_is_set_in_an_airflow_2(airconn, tmp_path: Path) -> None:
    (tmp_path / "c.json").write_text('{"connections": {"c": {"conn_type": "x", "extra": {"a": "b"}}}}')
    with Site(airflow("2.11.2")) as site:
        env = {"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "a-token"}
        result = airconn("import", tmp_path / "c.json", "--set", "connections/c.extra=foo", "--dry-run", env=env)
    assert (result.code, result.err) == (0, "")


@pytest.mark.parametrize(
    "text",
    [
        '{"db": {"conn_type": "http", "password": "op://prod/db/pw"}}',
        '{"db": "http://u:%5BREDACTED%5D@h"}',
        '{"db": {"conn_type": "http", "password": "${DB_PW}"}}',
        '{"db": {"conn_type": "http", "password": "ENC[AES256_GCM,data:x]"}}',
    ],
)
def test_what_stands_for_a_secret_blocks_an_import_until_it_is_called_the_value(
    airconn, tmp_path: Path, text: str
) -> None:
    source, target = tmp_path / "connections.json", tmp_path / "out.json"
    source.write_text(text)
    held = {"db": {"conn_type": "http", "host": "h", "password": SECRET}}
    target.write_text(json.dumps({"connections": held}))
    before = target.read_text()
    result = airconn("import", source, "--to", target)
    assert (result.code, target.read_text()) == (4, before)
    said = result.out + result.err
    assert "--literal connections/db.password" in said
    assert not any(value in said for value in (SECRET, "op://", "${DB_PW}", "ENC[", "REDACTED"))
    done = airconn("import", source, "--to", target, "--literal", "connections/db.password")
    assert (done.code, SECRET in target.read_text()) == (0, False)
    unheld = airconn("import", source, "--to", tmp_path / "new.json")
    assert (unheld.code, (tmp_path / "new.json").exists()) == (4, False)
