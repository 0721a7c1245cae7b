"""Every exit code of the guide, as a shell sees it, and what the database then holds."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import on_worker_of
from tests.integration.program import Program, WatchedProxy
from tests.integration.target import Target

pytestmark = on_worker_of("3.3.2")

HELD = {
    "connections": {"held": {"conn_type": "http", "host": "old.example.com", "password": "pw-held-1"}},
    "variables": {"held": {"value": "old", "description": None}},
    "pools": {},
}
FILES = {
    "new.json": {"variables": {"one": "1", "two": "2"}},
    "other.json": {"variables": {"held": "new"}},
    "same.json": {"variables": {"held": "old"}},
    "hidden.json": {"connections": {"fresh": {"conn_type": "http", "password": "***"}}, "variables": {"one": "1"}},
    "refused.json": {"connections": {"two words": {"conn_type": "http"}}, "variables": {"one": "1"}},
    "unique.json": {"variables": {"one": "1", "held": "changed"}},
    "no_plan.json": {"a": 1},
}


@pytest.fixture
def target(shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path) -> Target:
    target = Target(shared_sandbox("3.3.2"), airconn, tmp_path)
    target.seed(HELD)
    return target


@pytest.fixture
def shell(target: Target, tmp_path: Path) -> Iterator[Callable[..., tuple[int, str, str]]]:
    """Runs a command line in a shell and gives `$?`, standard output and standard error."""
    program = Program(tmp_path / "work", target.environ)
    for name, objects in FILES.items():
        (program.directory / name).write_text(json.dumps(objects))
    (program.directory / "broken.env").write_text("AIRFLOW_VAR_ONE=1\nAIRFLOW_CONN_DB=postgres://u:p/w@h:1/d\n")
    (program.directory / "lossy.json").write_text(json.dumps({"pools": {"p": {"slots": 1, "description": "d"}}}))

    def run(command: str, **env: str | None) -> tuple[int, str, str]:
        environ = {name: value for name, value in {**program.environ, **env}.items() if value is not None}
        done = subprocess.run(
            f'{command}\necho " $?"',
            shell=True,
            cwd=program.directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        out, _, code = done.stdout.rpartition(" ")
        return int(code), out, done.stderr

    yield run
    assert program.leftovers() == []


def test_0_is_done_and_nothing_to_do(target: Target, shell: Callable[..., Any]) -> None:
    code, out, _ = shell("airconn import new.json")
    assert (code, out.splitlines()[-1].endswith(": 2 created, 0 updated, 0 unchanged")) == (0, True)
    assert {key: fields["value"] for key, fields in target.database()["variables"].items()} == {
        "held": "old",
        "one": "1",
        "two": "2",
    }
    before = target.database()
    code, out, _ = shell("airconn import new.json")
    assert (code, out.splitlines()[-1].endswith(": 0 created, 0 updated, 2 unchanged")) == (0, True)
    for command in (
        "airconn import new.json --dry-run --exit-code",
        "airconn import other.json --plan-out plan.json",
        "airconn diff new.json new.json --exit-code",
        "airconn check new.json && airconn list && airconn import --help",
    ):
        assert shell(command)[0] == 0, command
    assert target.database() == before
    assert shell("airconn apply plan.json")[0] == 0
    assert shell("airconn delete variables/one --yes")[0] == 0
    assert target.database()["variables"].keys() == {"held", "two"}


def test_1_is_some_failed_and_the_others_written(target: Target, shell: Callable[..., Any]) -> None:
    """Airflow 3 gets the objects of a kind in one request, so that they fail together."""
    ids = ["connections/1", "connections/2", "variables/1", "pools/1", "pools/2"]
    source = target.directory / "work/five.json"
    pools = {str(number): {"slots": number, "description": "", "include_deferred": False} for number in (1, 2)}
    connections = {"1": {"conn_type": "http"}, "2": {"conn_type": "http"}}
    source.write_text(json.dumps({"connections": connections, "variables": {"1": "x"}, "pools": pools}))
    failing = {"variables/1"}
    with WatchedProxy(target.box.url, lambda _, request: "502" if "/variables" in request else "") as proxy:
        code, out, err = shell("airconn import five.json", AIRCONN_URL=proxy.url)
        assert code == 1, out + err
        lines = out.splitlines()
        marks = {line.split()[1]: line.split()[0] for line in lines[:-1]}
        assert marks == {id_: "x" if id_ in failing else "+" for id_ in ids}
        assert all("(status 502)" in line for line in lines if line.startswith("  x"))
        assert lines[-1].endswith(": 4 created, 0 updated, 0 unchanged, 1 failed")
        assert "nothing was written" not in err
        held = target.database()
        assert [held[kind].keys() - {"held", "default_pool"} for kind in ("connections", "variables", "pools")] == [
            {"1", "2"},
            set(),
            {"1", "2"},
        ]

        target.seed(HELD)
        code, out, err = shell("airconn import five.json --output json", AIRCONN_URL=proxy.url)
        report = json.loads(out)
        assert code == 1
        assert {f"{entry['kind']}/{entry['id']}": entry["status"] for entry in report["objects"]} == {
            id_: "failed" if id_ in failing else "done" for id_ in ids
        }
        assert (report["summary"]["created"], report["summary"]["failed"]) == (4, 1)

        proxy.written.clear()
        target.seed(HELD)
        code, out, err = shell("airconn import five.json --fail-fast", AIRCONN_URL=proxy.url)
        assert code == 1, out + err
        done = [line.split()[0] for line in out.splitlines()[:-1]]
        assert done == ["+", "+", "x"]
        assert out.splitlines()[-1].endswith(": 2 created, 0 updated, 0 unchanged, 1 failed, 2 not done")
        assert target.database()["variables"].keys() == {"held"}


WRONG: list[tuple[int, str, dict[str, str | None]]] = [
    (2, "airconn imprt new.json", {}),
    (2, "airconn import new.json --no-such-option", {}),
    (2, "airconn import new.json --to @nowhere", {}),
    (2, "airconn import new.json --set connections/held.password=x", {}),
    (2, "airconn import new.json", {"AIRCONN_URL": "http://user:pw@127.0.0.1:1"}),
    (2, "airconn import new.json", {"AIRCONN_PASSWORD": None}),
    (2, "airconn import new.json", {"AIRCONN_TIMEOUT": "soon"}),
    (2, "airconn convert new.json -o out.xyz", {}),
    (3, "airconn import new.json broken.env", {}),
    (3, "airconn import refused.json", {}),
    (3, "airconn import new.json unique.json other.json", {}),
    (3, "airconn apply no_plan.json", {}),
    (3, "airconn check broken.env", {}),
    (3, "airconn convert lossy.json -o out.env --strict", {}),
    (4, "airconn import hidden.json", {}),
    (4, "airconn import unique.json --on-existing fail", {}),
    (4, "airconn import new.json --prune --yes --max-delete 0", {}),
    (4, "airconn delete variables/held", {}),
    (4, "airconn export --redacted fail -o out.json", {}),
    (5, "airconn import new.json", {"AIRCONN_URL": "http://127.0.0.1:1"}),
    (5, "airconn import new.json", {"AIRCONN_PASSWORD": "wrong"}),
    (5, "airconn import new.json", {"AIRCONN_TOKEN": "wrong"}),
    (5, "airconn import new.json", {"AIRCONN_USERNAME": None, "AIRCONN_PASSWORD": None}),
    (5, "airconn export -o no/such/directory/out.json", {}),
    (6, "airconn import other.json --dry-run --exit-code", {}),
    (6, "airconn diff new.json other.json --exit-code", {}),
]


def test_2_to_6_are_told_apart_and_nothing_was_written(target: Target, shell: Callable[..., Any]) -> None:
    before = target.database()
    found = []
    for code, command, env in WRONG:
        seen, out, err = shell(command, **env)
        if seen != code or (code != 6 and "error: " not in err and "1 error, " not in err):
            found.append((command, env, seen, code, out, err))
        writes = command.startswith(("airconn import", "airconn apply", "airconn delete"))
        if code in (3, 4, 5) and writes and "nothing was written" not in err:
            found.append((command, env, "it doesn't say that nothing was written", err))
        if target.database() != before:
            found.append((command, env, "the database has changed"))
            target.seed(HELD)
    assert found == []
    assert not (target.directory / "work/out.json").exists()


def test_4_is_a_plan_that_is_no_longer_true(target: Target, shell: Callable[..., Any]) -> None:
    assert shell("airconn import new.json --plan-out plan.json")[0] == 0
    changed = {**HELD, "variables": {"one": {"value": "from elsewhere", "description": None}}}
    target.seed(changed)
    before = target.database()
    code, _, err = shell("airconn apply plan.json")
    assert (code, "what the target holds has changed" in err, "nothing was written" in err) == (4, True, True)
    assert target.database() == before


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)], ids=["130-ctrl-c", "143-sigterm"]
)
def test_a_signal_is_told_apart(
    target: Target, tmp_path: Path, shell: Callable[..., Any], number: int, code: int
) -> None:
    """The signal goes to all that runs in the terminal, as a Ctrl-C does. The shell itself ignores it."""
    program = Program(tmp_path / "work", target.environ)
    objects = {"variables": {f"v{index}": "x" for index in range(100)}}
    (program.directory / "many.json").write_text(json.dumps(objects))
    group: list[int] = []

    def strike(written: int, _: str) -> str:
        if written == 2:
            os.killpg(group[0], number)
        return ""

    with WatchedProxy(target.box.url, strike) as proxy:
        command = f"airconn import many.json --to {shlex.quote(proxy.url)}"
        with subprocess.Popen(
            f'trap : INT TERM\n{command}\necho " $?"',
            shell=True,
            cwd=program.directory,
            env=program.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        ) as process:
            group.append(process.pid)
            out, err = process.communicate(timeout=60)
    assert out.rpartition(" ")[2].strip() == str(code), out + err
    told = {line.split("/")[1].split()[0] for line in out.splitlines() if line.startswith("  + ")}
    there = target.database()["variables"].keys() - {"held"}
    if number == signal.SIGINT:
        assert told == there
        assert 25 < len(told) < 100
        assert f"{len(told)} created" in out
        assert f"{100 - len(told)} not done" in out
    else:
        assert 0 < len(told) < 100
        assert told <= there  # the second request was on its way
        assert len(there) < 100


def test_an_import_is_finished_though_nobody_reads_what_it_says(
    shell: Callable[..., tuple[int, str, str]], target: Target, tmp_path: Path
) -> None:
    many = {"variables": {f"v{number}": str(number) for number in range(30)}}
    (tmp_path / "work" / "many.json").write_text(json.dumps(many))
    shell("airconn import many.json 2>&1 | head -1")
    found = {key: fields["value"] for key, fields in target.database()["variables"].items() if key != "held"}
    assert found == many["variables"]
