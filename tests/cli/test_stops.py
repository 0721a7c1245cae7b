"""An import that is to end before it is done: a deadline, Ctrl-C, and the first failure."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.model import Selection, Step
from airconn.model.reading import Reading
from airconn.stores import open_store
from airconn.stores.base import Context, Store
from tests.memory import Memory

Airconn = Callable[..., Any]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()

    def opened(address: str, settings: Settings) -> Store:
        return memory if address == memory.address else open_store(address, settings)

    monkeypatch.setattr("airconn.transfer.places.open_store", opened)
    return memory


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.json"
    path.write_text(json.dumps({"variables": dict.fromkeys("abcd", "x")}))
    return path


@pytest.mark.parametrize(
    ("options", "env"),
    [(["--deadline", "60"], {}), ([], {"AIRCONN_DEADLINE": "60"}), (["--deadline", "60"], {"AIRCONN_DEADLINE": "9"})],
)
def test_nothing_is_begun_after_the_deadline(
    airconn: Airconn,
    memory: Memory,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    env: dict[str, str],
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)

    def go_on(step: Step) -> None:
        if step.id == "b":
            monkeypatch.setattr("time.monotonic", lambda: now + 61)

    memory.before_write = go_on
    result = airconn("import", source, "--to", memory.address, "--verify", *options, env=env)
    assert (result.code, memory.calls) == (1, [["a", "b"]])
    assert result.out.splitlines()[2:] == ["http://memory: 2 created, 0 updated, 0 unchanged, 2 not done"]
    assert result.err.endswith(
        "error: the deadline has passed, and 2 objects are not done\n"
        "hint:  the same command with more time finishes the job\n"
    )


def test_a_deadline_that_passes_before_the_first_write_says_so(
    airconn: Airconn, memory: Memory, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    turns = iter(range(0, 10**9, 61))
    monkeypatch.setattr("time.monotonic", lambda: now + next(turns))
    result = airconn("import", source, "--to", memory.address, "--deadline", "60", "--output", "json")
    assert (result.code, json.loads(result.out)["summary"]["not done"], memory.held) == (5, 4, {})
    assert result.err.endswith("nothing was written\n")


def test_nothing_is_read_back_after_the_deadline(
    airconn: Airconn, memory: Memory, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)

    def go_on(step: Step) -> None:
        if step.id == "d":
            monkeypatch.setattr("time.monotonic", lambda: now + 61)

    memory.before_write = go_on
    for code, options in ((1, ["--verify"]), (0, [])):
        memory.held.clear()
        monkeypatch.setattr("time.monotonic", lambda: now)
        result = airconn("import", source, "--to", memory.address, "--deadline", "60", *options)
        assert (result.code, "4 created" in result.out) == (code, True)
        assert ("the deadline has passed: what was written is not read back" in result.err) is bool(options)


def test_a_run_that_ends_in_time_is_as_any_other(airconn: Airconn, memory: Memory, source: Path) -> None:
    result = airconn("import", source, "--to", memory.address, "--deadline", "3600")
    assert (result.code, result.err.count("deadline")) == (0, 0)


def test_ctrl_c_lets_what_is_being_written_be_finished(airconn: Airconn, memory: Memory, source: Path) -> None:
    memory.before_write = lambda step: signal.raise_signal(signal.SIGINT) if step.id == "b" else None
    result = airconn("import", source, "--to", memory.address)
    assert (result.code, memory.calls) == (130, [["a", "b"]])
    assert result.out.splitlines()[-1].endswith("2 created, 0 updated, 0 unchanged, 2 not done")
    assert "finishing what is being written; Ctrl-C again stops at once\n" in result.err


def test_ctrl_c_is_what_counts_if_the_deadline_passes_as_well(
    airconn: Airconn, memory: Memory, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)

    def stop(step: Step) -> None:
        signal.raise_signal(signal.SIGINT)
        monkeypatch.setattr("time.monotonic", lambda: now + 61)

    memory.before_write = stop
    result = airconn("import", source, "--to", memory.address, "--deadline", "60")
    assert (result.code, memory.calls, "deadline" in result.err) == (130, [["a"]], False)


def test_to_fail_fast_leaves_the_rest_not_done(airconn: Airconn, memory: Memory, source: Path) -> None:
    memory.failing = {"b"}
    result = airconn("import", source, "--to", memory.address, "--fail-fast")
    assert (result.code, memory.calls) == (1, [["a"], ["b"]])
    assert result.out.splitlines()[-1].endswith("1 created, 0 updated, 0 unchanged, 1 failed, 2 not done")


def test_what_was_taken_in_time_and_not_begun_is_told_as_what_was_not_taken(
    airconn: Airconn, memory: Memory, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    for number, late, code in ((3, "d", 1), (0, "a", 5)):
        memory.held.clear()
        memory.untried = {*"abcd"[number:]}
        monkeypatch.setattr("time.monotonic", lambda: now)

        def go_on(step: Step, late: str = late) -> None:
            if step.id == late:
                monkeypatch.setattr("time.monotonic", lambda: now + 61)

        memory.before_write = go_on
        result = airconn("import", source, "--to", memory.address, "--deadline", "60")
        told = f"{number} created, 0 updated, 0 unchanged, {4 - number} not done"
        assert (result.code, told in result.out, " x " in result.out) == (code, True, False)
        assert ("nothing was written" in result.err) is (code == 5)


def test_the_way_back_names_the_place(airconn: Airconn, memory: Memory, source: Path) -> None:
    airconn("import", source, "--to", memory.address)
    memory.replaces, memory.failing = True, {"b"}
    source.write_text(json.dumps({"variables": dict.fromkeys("abcd", "other")}))
    result = airconn("import", source, "--to", memory.address)
    assert result.code == 1
    (line,) = [line for line in result.err.splitlines() if line.startswith("  airconn import ")]
    assert line.endswith(f".json --exact --to {memory.address}")


@pytest.mark.parametrize(("options", "code"), [([], 4), (["--replace"], 0)])
def test_what_is_written_to_a_file_while_a_place_is_read_is_not_lost(
    airconn: Airconn, memory: Memory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str], code: int
) -> None:
    out = tmp_path / "out.env"
    out.write_text("A=1\n")
    airconn("import", "-", "--from-format", "json", "--to", memory.address, stdin='{"variables": {"a": "x"}}')
    read = Memory.read

    def meanwhile(store: Memory, selection: Selection, context: Context) -> Reading:
        with out.open("a") as file:
            file.write("AIRFLOW_VAR_EDITED=precious\n")
        return read(store, selection, context)

    text = out.read_text()
    monkeypatch.setattr(Memory, "read", meanwhile)
    # What the file held is read before the place is asked: here, to tell its format.
    result = airconn("export", "--from", memory.address, "-o", out, "--variables", *options)
    assert result.code == code
    assert ("precious" in out.read_text()) is not bool(options)
    assert ("another program has changed this file" in result.err) is not bool(options)
    assert out.read_text().startswith(text) is not bool(options)
