"""A place that can't give some of its objects gives the others, and the run says so and ends with 1."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.model import Kind, Text, Variable
from airconn.stores import open_store
from airconn.stores.base import Store
from tests.memory import UNREAD, Memory

Airconn = Callable[..., Any]
NOTE = f"warning: http://memory: variables/broken: {UNREAD}\n"
MISSING = "error: not complete: what could not be read is missing\n"
WRITTEN = ["a", "b", "broken"]


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    """The place at `http://memory`, which fails on one of three variables."""
    memory = Memory(*(Variable(key=id_, value=Text(id_)) for id_ in WRITTEN))
    memory.unread = {"broken"}

    def opened(address: str, settings: Settings) -> Store:
        return memory if address == memory.address else open_store(address, settings)

    monkeypatch.setattr("airconn.transfer.places.open_store", opened)
    return memory


def test_an_export_delivers_the_rest(airconn: Airconn, memory: Memory, tmp_path: Path) -> None:
    result = airconn("export", "--from", memory.address, "--variables")
    assert (result.code, json.loads(result.out)) == (1, {"a": "a", "b": "b"})
    assert result.err == NOTE + MISSING
    to_file = airconn("export", "--from", memory.address, "-o", tmp_path / "out.env")
    assert (to_file.code, (tmp_path / "out.env").read_text().count("AIRFLOW_VAR_")) == (1, 2)
    assert (NOTE in to_file.err, to_file.err.endswith(MISSING)) == (True, True)


def test_what_is_not_selected_is_not_missed(airconn: Airconn, memory: Memory) -> None:
    result = airconn("export", "--from", memory.address, "--exclude", "broken")
    assert (result.code, result.err) == (0, "")


def test_it_is_said_where_only_what_is_wrong_is_said(airconn: Airconn, memory: Memory) -> None:
    result = airconn("list", "--from", memory.address, "-q")
    assert (result.code, result.err) == (1, NOTE + MISSING)


@pytest.mark.parametrize("output", ["text", "json"])
def test_a_list_shows_the_rest(airconn: Airconn, memory: Memory, output: str) -> None:
    result = airconn("list", "--from", memory.address, "--output", output)
    assert (result.code, "broken" in result.out, result.err.endswith(MISSING)) == (1, False, True)


def test_what_can_be_shown_is_shown(airconn: Airconn, memory: Memory) -> None:
    assert airconn("show", "a", "--from", memory.address).code == 0
    result = airconn("show", "a", "broken", "gone", "--from", memory.address)
    assert (result.code, result.out) == (1, "")
    assert result.err == (
        "error: http://memory: broken, gone: not found in the objects that could be read\n"
        f"hint:  http://memory: variables/broken: {UNREAD}\n"
    )


@pytest.mark.parametrize("options", [[], ["--exit-code"]])
def test_a_comparison_is_not_complete(airconn: Airconn, memory: Memory, tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "same.json").write_text(json.dumps({"variables": {"a": "a", "b": "other"}}))
    result = airconn("diff", tmp_path / "same.json", memory.address, "--variables", *options)
    assert (result.code, "variables/b" in result.out) == (1, True)
    assert result.err == NOTE + MISSING.replace("is missing", "is read as missing")


def test_no_command_runs_without_a_part_of_its_environment(
    airconn: Airconn, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.execvpe", lambda *_: pytest.fail("it ran"))
    result = airconn("run", "--from", memory.address, "--", "true", env={"PATH": "/bin:/usr/bin"})
    assert (result.code, result.out) == (1, "")
    assert result.err == NOTE + MISSING.replace("is missing", "would be missing, so COMMAND is not run")
    rehearsed = airconn("run", "--from", memory.address, "--dry-run")
    assert (rehearsed.code, rehearsed.out) == (1, "AIRFLOW_VAR_A\nAIRFLOW_VAR_B\n")


@pytest.mark.parametrize(
    ("options", "code", "there"),
    [([], 1, True), (["--dry-run"], 1, False), (["--dry-run", "--exit-code"], 1, False), (["--prune"], 4, False)],
)
def test_what_could_be_read_is_imported(
    airconn: Airconn, memory: Memory, tmp_path: Path, options: list[str], code: int, there: bool
) -> None:
    out = tmp_path / "out.json"
    result = airconn("import", memory.address, "--to", out, *options)
    assert (result.code, out.exists()) == (code, there)
    if code == 4:
        assert f"{UNREAD}, and --prune would delete it" in result.err
    else:
        assert result.err == NOTE + MISSING.replace("is missing", "is not imported")


@pytest.mark.parametrize(("ids", "code"), [(["a", "new"], 0), (["a", "broken"], 1)])
def test_what_the_target_can_not_give_is_told(
    airconn: Airconn, memory: Memory, tmp_path: Path, ids: list[str], code: int
) -> None:
    (tmp_path / "in.json").write_text(json.dumps({"variables": dict.fromkeys(ids, "x")}))
    result = airconn("import", tmp_path / "in.json", "--to", memory.address)
    assert (result.code, memory.calls) == (code, [ids])
    told = NOTE in result.err and result.err.endswith("of the target was read as missing\n")
    assert told is (code == 1)


def test_what_the_target_can_not_give_is_not_deleted(airconn: Airconn, memory: Memory, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text(json.dumps({"variables": {"a": "a"}}))
    result = airconn("import", tmp_path / "in.json", "--to", memory.address, "--prune", "--yes")
    assert (result.code, memory.calls) == (1, [["b"]])
    assert (Kind.VARIABLES, "broken") in memory.held


@pytest.mark.parametrize(
    ("args", "shown", "code"), [(["a"], True, 0), (["broken"], False, 1), (["--all"], True, 1)], ids=str
)
def test_an_explanation_is_not_complete(
    airconn: Airconn, memory: Memory, args: list[str], shown: bool, code: int
) -> None:
    environ = {"AIRFLOW_VAR_A": "from the environment"}
    result = airconn("explain", *args, "--variables", "--database", memory.address, "--no-backend", env=environ)
    assert (result.code, "variables/a" in result.out) == (code, shown)
    assert ((NOTE in result.err), (MISSING in result.err)) == (bool(code), bool(code))


def test_what_could_not_be_read_is_not_said_to_be_absent(airconn: Airconn, memory: Memory) -> None:
    how = ("explain", "variables/broken", "--database", memory.address, "--no-backend", "--output", "json")
    result = airconn(*how, env={"AIRFLOW_VAR_BROKEN": "x"})
    assert (result.code, UNREAD in result.out) == (1, True)
    (one,) = json.loads(result.out)["objects"]
    for chain in one["chains"]:
        assert [place["state"] for place in chain["places"]] == ["wins", "unknown"]


def test_of_kinds_that_are_not_asked_about_nothing_is_missing(airconn: Airconn, memory: Memory) -> None:
    result = airconn("explain", "--all", "--connections", "--database", memory.address, "--no-backend")
    assert (result.code, NOTE in result.err) == (0, False)
