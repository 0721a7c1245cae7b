"""Files in the state directory that airconn hasn't written: they are refused by name, and nothing waits for them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from airconn.cli import completing
from tests.conftest import Result

Airconn = Callable[..., Result]
CANARY = "canary/s3cret"
_VALUE = {"text": "old"}


@pytest.fixture
def backup(airconn: Airconn, tmp_path: Path) -> Path:
    """The backup of an import that has overwritten a variable."""
    (tmp_path / "t.yaml").write_text("variables:\n  a: old\n")
    (tmp_path / "n.yaml").write_text("variables:\n  a: new\n")
    assert airconn("import", tmp_path / "n.yaml", "--to", tmp_path / "t.yaml").code == 0
    (path,) = (tmp_path.parent / f"{tmp_path.name}-state/undo").iterdir()
    return path


def changed(path: Path, number: int, **values: Any) -> None:
    """Edits a line of a backup."""
    lines = path.read_text().splitlines()
    lines[number] = json.dumps({**json.loads(lines[number]), **values})
    path.write_text("\n".join([*lines, ""]))


@pytest.mark.parametrize(
    ("number", "values"),
    [
        *[(0, {"began": value}) for value in ("x", 1e30, None, float("nan"))],
        *[
            (0, {"command": 5}),
            (0, {"target": ["a"]}),
            (0, {"to": 5}),
            (0, {"undoes": ["x"]}),
            (0, {"is_whole": "x"}),
        ],
        *[(0, {"source_format": value}) for value in (5, {"kind": "x"}, {"name": 5}, {"values": {"x": 5}})],
        *[(0, {"file": value}) for value in (5, {}, {"text": 5, "after": ""})],
        *[(0, {"salt": value}) for value in ("zz", 5, "ab" * 65)],
        *[(1, {"fields": value}) for value in (5, [[]], ["host"])],
        *[(1, {"before": {"value": value}}) for value in ({"text": 5}, {"text": "a", "hidden": [["x"]]}, 5, "x")],
        *[(1, {"after": value}) for value in (5, {"host": []}, {"value": [[[], "x"]]}, {"value": [[5]]})],
        *[(1, {"before": None}), (1, {"action": "unchanged"}), (1, {"id": 5})],
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_backup_that_was_edited_by_hand_is_refused_by_name(
    airconn: Airconn, backup: Path, tmp_path: Path, number: int, values: dict[str, Any]
) -> None:
    changed(backup, number, **values)
    imported = (tmp_path / "t.yaml").read_text()
    result = airconn("undo", backup.stem, "--yes", "--force")
    assert (result.code, result.out) == (2, "")
    assert "this is not a backup of this version of airconn" in result.err
    assert "nothing was written" in result.err
    assert (tmp_path / "t.yaml").read_text() == imported


@pytest.mark.parametrize(
    "line",
    ["5", "[]", "null", "[0]", '[[],"done","update"]', '[0,[],"update"]', "[" * 50_000],
    ids=lambda line: line[:20],
)
def test_a_backup_with_a_strange_line_is_refused_by_name(airconn: Airconn, backup: Path, line: str) -> None:
    backup.write_text("\n".join([*backup.read_text().splitlines()[:2], line, ""]))
    assert f"warning: {backup}: this backup can't be read" in airconn("undo", "--list").err
    for args in ([], [backup.stem]):
        result = airconn("undo", *args, "--dry-run")
        assert (result.code, result.out) == (2, "")
        assert str(backup) in result.err


def test_the_run_before_is_not_undone_in_place_of_one_whose_backup_is_broken(
    airconn: Airconn, backup: Path, tmp_path: Path
) -> None:
    (tmp_path / "n.yaml").write_text("variables:\n  a: newer\n")
    airconn("import", tmp_path / "n.yaml", "--to", tmp_path / "t.yaml")
    last = max(backup.parent.iterdir())
    last.write_text("{}\n")
    imported = (tmp_path / "t.yaml").read_text()
    result = airconn("undo", "--yes")
    assert result.code == 2
    assert f"error: {last}: this backup can't be read, so that the last run isn't known" in result.err
    assert (tmp_path / "t.yaml").read_text() == imported
    assert airconn("undo", backup.stem, "--dry-run", "--force").code == 0


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes of the file system")
def test_a_pipe_in_the_place_of_a_backup_is_not_waited_for(airconn: Airconn, backup: Path, tmp_path: Path) -> None:
    for number in range(25):
        os.mkfifo(backup.parent / f"20000101-000000-{number:06}.jsonl")
    assert airconn("undo", "--list").out.startswith(backup.stem)
    assert airconn("undo", "--dry-run").code == 0
    assert airconn("undo", "20000101-000000-000001", "--dry-run").code == 2
    (tmp_path / "n.yaml").write_text("variables:\n  a: newer\n")
    assert airconn("import", tmp_path / "n.yaml", "--to", tmp_path / "t.yaml").code == 0
    assert airconn("undo", "--clear").code == 0


def test_a_link_in_the_place_of_a_backup_is_not_followed(airconn: Airconn, backup: Path, tmp_path: Path) -> None:
    backup.rename(tmp_path / "elsewhere.jsonl")
    backup.symlink_to(tmp_path / "elsewhere.jsonl")
    assert airconn("undo", "--yes").code == 2
    assert airconn("undo", "--clear").code == 0
    assert (tmp_path / "elsewhere.jsonl").exists()


@pytest.mark.parametrize(
    "content", ["", "\0", "[]", "[" * 50_000, f'{{"logins": {{"x": {{"secret": "{CANARY}"'], ids=lambda text: text[:9]
)
@pytest.mark.parametrize("args", [["--all"], ["http://127.0.0.1:9"]])
def test_no_logout_from_a_file_that_may_hold_a_login_is_said_to_be_done(
    airconn: Airconn, tmp_path: Path, content: str, args: list[str]
) -> None:
    file = tmp_path / "state/logins.json"
    file.parent.mkdir()
    file.write_text(content)
    result = airconn("logout", *args, env={"AIRCONN_STATE_DIR": str(file.parent)})
    assert (result.code, result.out) == (5, "")
    assert f"error: {file}: not a file of stored logins: which ones there are isn't known\n" in result.err
    assert CANARY not in result.err
    assert file.read_text() == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes of the file system")
def test_a_pipe_or_an_endless_file_in_the_place_of_the_logins_is_not_waited_for(
    airconn: Airconn, tmp_path: Path
) -> None:
    file = tmp_path / "state/logins.json"
    file.parent.mkdir()
    os.mkfifo(file)
    env = {"AIRCONN_STATE_DIR": str(file.parent)}
    assert airconn("logout", "--all", env=env).code == 5
    file.unlink()
    file.symlink_to("/dev/zero")
    assert airconn("logout", "--all", env=env).code == 5


def test_a_link_to_an_endless_file_in_the_place_of_the_configuration_is_refused(
    airconn: Airconn, tmp_path: Path
) -> None:
    (tmp_path / "airconn.toml").symlink_to("/dev/zero")
    result = airconn("list")
    assert (result.code, result.err) == (2, "error: airconn.toml: can't be read: it is larger than 1024 KiB\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_the_command_of_a_run_in_one_printable_line(
    backup: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shell: str
) -> None:
    changed(backup, 0, command="import a\n$(touch x)\x1b[31m.env")
    monkeypatch.setenv("AIRCONN_STATE_DIR", str(backup.parent.parent))
    monkeypatch.setenv("_AIRCONN_COMPLETE", f"{shell}_complete")
    context = click.Context(click.Command("undo"))
    (item,) = completing.complete_run(context, click.Argument(["run"]), "")
    assert item.value == backup.stem
    assert item.help == "import a\\n$(touch x)\\x1b[31m.env"


def test_an_empty_name_is_not_that_of_the_only_run(airconn: Airconn, backup: Path) -> None:
    result = airconn("undo", "", "--yes")
    assert (result.code, result.out) == (2, "")
    assert "error: the name of the run is empty\n" in result.err


def test_a_directory_that_can_not_be_read_is_not_one_without_backups(airconn: Airconn, backup: Path) -> None:
    backup.unlink()
    backup.parent.rmdir()
    backup.parent.write_text("")
    for args in (["--list"], ["--clear"], [], ["2026"]):
        result = airconn("undo", *args)
        assert (result.code, result.out) == (2, "")
        assert f"error: {backup.parent}: the backups can't be read: " in result.err
