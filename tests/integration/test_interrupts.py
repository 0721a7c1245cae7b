"""Whenever a run is stopped: the report is true, files are whole, and no secret is lost or left about."""

from __future__ import annotations

import contextlib
import json
import random
import resource
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import on_worker_of
from tests.integration.program import Program, WatchedProxy
from tests.integration.target import Target

pytestmark = on_worker_of("3.3.2")
IDS = [f"v{number:02}" for number in range(100)]
AT = 2
"""The number of the request that is on its way when it happens."""
UNCOMPILED = {"PYTHONDONTWRITEBYTECODE": "1"}
"""For a run whose files can't grow: Python would leave compiled modules that are cut off, for all other runs."""
BEFORE, AFTER = 25, 75
"""How many objects are written before that request, and after it."""


@pytest.fixture
def target(shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path) -> Target:
    target = Target(shared_sandbox("3.3.2"), airconn, tmp_path)
    target.wipe()
    return target


@pytest.fixture
def program(target: Target) -> Program:
    program = Program(target.directory / "work", target.environ)
    (program.directory / "many.json").write_text(json.dumps({"variables": dict.fromkeys(IDS, "x")}))
    return program


class Stopped:
    """A run of airconn that something happens to while its request number `AT` is on its way."""

    def __init__(
        self, program: Program, url: str, *args: str, strike: Callable[[Stopped], str], at: int = AT
    ) -> None:
        self.err_path = program.directory / "stopped.err"

        def on_write(number: int, _: str) -> str:
            return strike(self) if number == at else ""

        with WatchedProxy(url, on_write) as proxy, self.err_path.open("w") as err:
            environ = {"AIRCONN_URL": proxy.url}
            with program.start(*args, env=environ, stdout=subprocess.PIPE, stderr=err) as self.process:
                self.out, _ = self.process.communicate(timeout=60)
            self.requests = list(proxy.written)
        self.code = self.process.returncode
        self.err = self.err_path.read_text()

    def send(self, number: int, *, until: str = "") -> None:
        """Sends a signal, and waits until `until` is on standard error, or with no text, until the process ends."""
        self.process.send_signal(number)
        self.wait(lambda: until in self.err_path.read_text() if until else has_ended(self.process.pid))

    def wait(self, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 60
        while not happened():
            assert time.monotonic() < deadline
            time.sleep(0.005)


def has_ended(pid: int) -> bool:
    """Whether a child has ended. It is not waited for, which is for others to do."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):  # it is gone, maybe between opening the file and reading it
        return True
    return status.rpartition(")")[2].split()[0] in "ZX"


def ctrl_c(run: Stopped) -> str:
    run.send(signal.SIGINT, until="Ctrl-C again")
    return ""


def ctrl_c_twice(run: Stopped) -> str:
    """The request is passed on nevertheless, as one is that has left our machine."""
    run.send(signal.SIGINT, until="Ctrl-C again")
    run.send(signal.SIGINT)
    return ""


def sigterm(run: Stopped) -> str:
    run.send(signal.SIGTERM)
    return "reset"


def sigkill(run: Stopped) -> str:
    run.send(signal.SIGKILL)
    return "reset"


def told(out: str) -> dict[str, list[str]]:
    """The ids of the lines of a report, by the sign in front."""
    found: dict[str, list[str]] = {}
    for line in out.splitlines():
        sign, _, rest = line.strip().partition(" ")
        if line.startswith("  ") and "/" in rest:
            found.setdefault(sign, []).append(rest.split()[0].partition("/")[2])
    return found


def test_ctrl_c_finishes_the_object_and_reports_what_is_true(target: Target, program: Program) -> None:
    run = Stopped(program, target.box.url, "import", "many.json", strike=ctrl_c)
    assert run.code == 130
    assert told(run.out) == {"+": IDS[:AFTER]}
    assert run.out.splitlines()[-1].endswith(
        f": {AFTER} created, 0 updated, 0 unchanged, {len(IDS) - AFTER} not done"
    )
    assert run.err.endswith("interrupted\nhint:  the same command finishes the job\n")
    assert "nothing was written" not in run.err
    assert sorted(target.database()["variables"]) == IDS[:AFTER]
    assert len(run.requests) == AT
    assert program.leftovers() == []


def test_ctrl_c_reports_as_json_what_is_true(target: Target, program: Program) -> None:
    run = Stopped(program, target.box.url, "import", "many.json", "--output", "json", strike=ctrl_c)
    report = json.loads(run.out)
    assert run.code == 130
    assert [entry["id"] for entry in report["objects"] if entry["status"] == "done"] == IDS[:AFTER]
    assert {entry["status"] for entry in report["objects"]} == {"done", "not done"}
    assert report["summary"]["not done"] == len(IDS) - AFTER
    assert sorted(target.database()["variables"]) == IDS[:AFTER]


@pytest.mark.parametrize(("strike", "code"), [(ctrl_c_twice, 130), (sigterm, 143)], ids=["ctrl-c-twice", "sigterm"])
def test_a_stop_at_once_tells_which_object_is_doubtful(
    target: Target, program: Program, strike: Callable[[Stopped], str], code: int
) -> None:
    begun = time.monotonic()
    run = Stopped(program, target.box.url, "import", "many.json", strike=strike)
    assert time.monotonic() - begun < 20
    assert run.code == code, run.err
    assert told(run.out) == {"+": IDS[:BEFORE], "x": IDS[BEFORE:AFTER]}
    assert "it is written, in part or not at all" in run.out
    assert f"{BEFORE} created" in run.out
    assert f"{AFTER - BEFORE} failed, {len(IDS) - AFTER} not done" in run.out
    assert {*IDS[:BEFORE]} <= target.database()["variables"].keys() <= {*IDS[:AFTER]}
    assert len(run.requests) == AT
    assert program.leftovers() == []


def test_a_second_run_finishes_what_a_stopped_one_began(target: Target, program: Program) -> None:
    Stopped(program, target.box.url, "import", "many.json", strike=ctrl_c_twice)
    ran = program.run("import", "many.json", "-q")
    assert ran.code == 0, ran.err
    assert sorted(target.database()["variables"]) == IDS


@pytest.mark.parametrize(
    ("strike", "code"),
    [(sigkill, -signal.SIGKILL), (sigterm, 143), (ctrl_c_twice, 130)],
    ids=["sigkill", "sigterm", "ctrl-c-twice"],
)
def test_connections_that_lack_their_passwords_get_them_from_the_same_command(
    target: Target, program: Program, strike: Callable[[Stopped], str], code: int
) -> None:
    """It ends between the request that creates them and the one with the passwords."""

    def lost(run: Stopped) -> str:
        strike(run)
        return "reset"

    passwords = {f"c{number:02}": f"pw-{number:05}" for number in range(40)}
    source = {id_: {"conn_type": "http", "password": password} for id_, password in passwords.items()}
    (program.directory / "connections.json").write_text(json.dumps(source))
    run = Stopped(program, target.box.url, "import", "connections.json", strike=lost, at=3)
    assert run.code == code
    assert {fields["password"] for fields in target.database()["connections"].values()} == {None}
    assert len(target.database()["connections"]) == BEFORE
    assert strike is sigkill or told(run.out) == {"x": sorted(passwords)[:BEFORE]}
    assert "pw-" not in run.out + run.err
    again = program.run("import", "connections.json", "-q", "--assume-unchanged", "hidden")
    assert again.code == 0, again.err
    held = target.database()["connections"]
    assert {id_: fields["password"] for id_, fields in held.items()} == passwords


def replaceable(program: Program) -> dict[str, Any]:
    """Writes the source of an import that takes the passwords of two connections away, and gives what is there."""
    fields = {"conn_type": "http", "description": "d", "login": "l", "port": 1, "schema": "s"}
    connections = {
        id_: {**fields, "host": f"{id_}.example.com", "extra": json.dumps({"token": f"tk-{id_}-1"})}
        for id_ in ("c1", "c2")
    }
    source = {
        "connections": {id_: {**fields, "extra": json.loads(fields["extra"])} for id_, fields in connections.items()}
    }
    (program.directory / "bare.json").write_text(json.dumps(source))
    return {
        "connections": {id_: {**fields, "password": f"pw-{id_}"} for id_, fields in connections.items()},
        "variables": {},
        "pools": {},
    }


@pytest.mark.parametrize(
    ("strike", "code"),
    [(sigkill, -signal.SIGKILL), (sigterm, 143), (ctrl_c_twice, 130)],
    ids=["sigkill", "sigterm", "ctrl-c-twice"],
)
def test_what_was_deleted_and_not_created_again_is_in_a_recovery_file(
    target: Target, program: Program, strike: Callable[[Stopped], str], code: int
) -> None:
    def lost(run: Stopped) -> str:
        strike(run)
        return "reset"

    held = replaceable(program)
    target.seed(held)
    run = Stopped(program, target.box.url, "import", "bare.json", "--exact", strike=lost, at=2)
    assert run.code == code
    assert [request.split()[0] for request in run.requests] == ["DELETE", "POST"]
    there = target.database()["connections"]
    assert there.keys() == {"c2"}
    assert there["c2"]["password"] == "pw-c2"

    (file,) = program.state.glob("recovery-*")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert strike is sigkill or f"airconn import {file}" in run.err
    ran = program.run("import", file)
    assert ran.code == 0, ran.err
    there = target.database()["connections"]
    expected = {**held["connections"]["c1"], "password": None}
    assert there["c1"] == expected  # the source took the password away, and the rest is what it was
    assert there["c2"] == held["connections"]["c2"]


def test_a_run_to_its_end_leaves_no_recovery_file(target: Target, program: Program) -> None:
    target.seed(replaceable(program))
    assert program.run("import", "bare.json", "--exact").code == 0
    assert {fields["password"] for fields in target.database()["connections"].values()} == {None}
    assert list(program.state.glob("recovery-*")) == []


_DROPPED = """
import signal, sys, time, weakref
import airconn.__main__, airconn.cli

def run():
    class Thing:
        pass

    thing = Thing()
    watch = weakref.ref(thing, lambda _: signal.raise_signal(signal.{name}))
    del thing
    time.sleep(20)
    print("it went on")

airconn.cli.run = run
airconn.__main__.main()
"""


@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_no_signal_is_lost_where_python_drops_exceptions(exporting: Program, name: str, code: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _DROPPED.format(name=name)],
        env=exporting.environ,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (code, "", "")


OLD = {"variables": {"old": "the old content"}}


@pytest.fixture
def exporting(tmp_path: Path) -> Program:
    """A program with a file of many secrets to export from, and an older one to export to."""
    program = Program(tmp_path / "export", {})
    many = {"variables": {f"token_{n}": f"sec-{n}-" + "x" * 400 for n in range(5000)}}
    (program.directory / "from.json").write_text(json.dumps(many))
    (program.directory / "out.json").write_text(json.dumps(OLD))
    return program


EXPORT = ["export", "--from", "from.json", "-o", "out.json", "--replace"]


def test_sigkill_in_an_export_leaves_the_old_file_or_the_new_one(exporting: Program) -> None:
    out = exporting.directory / "out.json"
    old = out.read_bytes()
    begun = time.monotonic()
    assert exporting.run(*EXPORT).code == 0
    duration = time.monotonic() - begun
    new = out.read_bytes()
    assert len(new) > 1_500_000
    chance = random.Random(6)
    seen = {"old": 0, "new": 0}
    for turn in range(6):
        out.write_bytes(old)
        with exporting.start(*EXPORT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            deadline = time.monotonic() + 120
            if turn % 2:
                time.sleep(chance.uniform(0.3, 1) * duration)
            else:  # just when it writes
                while not is_writing(process, exporting.directory) and process.poll() is None:
                    assert time.monotonic() < deadline
                    time.sleep(0.0005)
                time.sleep(chance.uniform(0, 0.006))
            process.kill()
        assert out.read_bytes() in (old, new)
        seen["old" if out.read_bytes() == old else "new"] += 1
        for left in exporting.leftovers():
            assert stat.S_IMODE(left.stat().st_mode) == 0o600
    assert seen["old"]
    assert exporting.run(*EXPORT).code == 0
    assert exporting.leftovers() == []


def is_writing(process: subprocess.Popen[str], directory: Path) -> bool:
    """Whether a process has a temporary file of the directory open, with a name or without one."""
    with contextlib.suppress(OSError):
        for number in Path(f"/proc/{process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(number.readlink()).startswith((f"{directory}/#", f"{directory}/.airconn-")):
                    return True
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_an_export_that_is_told_to_end_leaves_nothing_behind(exporting: Program, number: int) -> None:
    out = exporting.directory / "out.json"
    old = out.read_bytes()
    with exporting.start(*EXPORT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as process:
        while not is_writing(process, exporting.directory) and process.poll() is None:
            time.sleep(0.0005)
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        _, err = process.communicate(timeout=120)
    assert exporting.leftovers() == []
    assert "Traceback" not in err
    assert process.returncode in (128 + number, 0)
    assert process.returncode == 0 or out.read_bytes() == old


@pytest.mark.parametrize(
    "args",
    [EXPORT, ["import", "from.json", "--to", "out.json"], ["convert", "from.json", "-o", "out.yaml"]],
    ids=["export", "import", "convert"],
)
def test_a_full_disk_leaves_the_old_file(exporting: Program, args: list[str]) -> None:
    out = exporting.directory / "out.json"
    old = out.read_bytes()

    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))

    with exporting.start(
        *args, env=UNCOMPILED, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=fill_disk
    ) as process:
        shown, err = process.communicate(timeout=120)
    assert process.returncode == 5, err
    first = next(line for line in err.splitlines() if not line.startswith("warning: "))
    assert first.startswith("error: out.")
    assert err.endswith("nothing was written\n")
    assert "sec-" not in shown + err
    assert out.read_bytes() == old
    assert not (exporting.directory / "out.yaml").exists()
    assert exporting.leftovers() == []


def test_a_recovery_file_that_finds_no_room_stops_the_run_before_it_deletes(target: Target, program: Program) -> None:
    held = replaceable(program)
    target.seed(held)

    def fill_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (10, 10))

    with program.start(
        *("import", "bare.json", "--exact", "--no-backup"),
        env=UNCOMPILED,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=fill_disk,
    ) as process:
        _, err = process.communicate(timeout=120)
    assert process.returncode == 5, err
    assert "a copy of it can't be saved before" in err
    assert err.endswith("nothing was written\n")
    assert target.database()["connections"] == held["connections"]
    assert program.leftovers() == []
    assert list(program.state.glob("recovery-*")) == []


@pytest.mark.parametrize("command", ["export --from from.json", "convert from.json"])
def test_a_full_standard_output_is_told(exporting: Program, command: str) -> None:
    with (
        Path("/dev/full").open("w") as full,
        exporting.start(*command.split(), stdout=full, stderr=subprocess.PIPE) as process,
    ):
        _, err = process.communicate(timeout=120)
    assert process.returncode == 5
    assert err.startswith("error: standard output can't be written to: ")
    assert "sec-" not in err
