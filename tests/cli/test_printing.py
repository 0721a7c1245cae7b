"""Reports on a terminal: long lists are counted, and a question comes after the plan."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from airconn.cli import run
from airconn.cli.app import App
from tests.conftest import Terminal


class Answering(io.BytesIO):
    """Standard input at a terminal."""

    def isatty(self) -> bool:
        return True


def run_at_terminal(directory: Path, *args: str, answer: str = "", no_color: str = "1") -> tuple[int, str, str]:
    (directory / "user.toml").touch()
    environ = {"AIRCONN_CONFIG": str(directory / "user.toml"), "AIRCONN_STATE_DIR": str(directory / "state")}
    environ["NO_COLOR"] = no_color
    app = App(Answering(answer.encode()), Terminal(), Terminal(), environ, directory, clock=lambda: 0.0)
    code = run(list(args), app)
    return code, app.stdout.getvalue(), app.stderr.getvalue()  # type: ignore[attr-defined]


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """300 variables, of which the target has the first 100."""
    variables = {f"v{number:03}": str(number) for number in range(300)}
    (tmp_path / "variables.json").write_text(json.dumps(variables))
    (tmp_path / "target.json").write_text(json.dumps({"variables": dict(list(variables.items())[:100])}))
    return tmp_path


def test_a_long_list_is_counted_on_a_terminal(many: Path) -> None:
    code, out, err = run_at_terminal(many, "import", str(many / "variables.json"), "--to", str(many / "target.json"))
    assert code == 0, err
    lines = out.splitlines()
    assert len([line for line in lines if line.startswith("  + ")]) == 20
    assert len([line for line in lines if line.startswith("  = ")]) == 0
    assert "  … 180 more created (-v lists them)" in lines
    assert lines[-1].endswith("target.json: 200 created, 0 updated, 100 unchanged (0.0s)")


def test_a_limit_holds_everywhere_and_verbose_has_none(many: Path, airconn) -> None:
    args = ("import", many / "variables.json", "--to", many / "target.json", "-n")
    assert len([line for line in airconn(*args).out.splitlines() if line.startswith("  + ")]) == 200
    short = airconn(*args, "--limit", "3").out.splitlines()
    assert [line.split()[1] for line in short[:3]] == ["variables/v100", "variables/v101", "variables/v102"]
    assert short[3] == "  … 197 more created (-v lists them)"
    assert short[4].endswith("target.json: would be 200 created, 0 updated, 100 unchanged")
    assert len(airconn(*args, "--limit", "0").out.splitlines()) == 2
    assert len(airconn(*args, "--limit", "3", "-v").out.splitlines()) == 301


def test_verbose_lists_all_of_it(many: Path) -> None:
    _, out, _ = run_at_terminal(many, "import", str(many / "variables.json"), "--to", str(many / "target.json"), "-v")
    assert len([line for line in out.splitlines() if line.startswith(("  + ", "  = "))]) == 300


def test_the_plan_is_shown_before_the_question_about_deletions(tmp_path: Path) -> None:
    (tmp_path / "new.json").write_text('{"variables": {"a": "1"}}')
    (tmp_path / "target.json").write_text('{"variables": {"b": "2"}}')
    args = ("import", str(tmp_path / "new.json"), "--to", str(tmp_path / "target.json"), "--prune")
    code, out, err = run_at_terminal(tmp_path, *args, answer="n\n")
    assert code == 4
    assert "  + variables/a" in out
    assert "  - variables/b" in out
    assert "delete 1 object" in err
    assert json.loads((tmp_path / "target.json").read_text()) == {"variables": {"b": "2"}}
    code, out, _ = run_at_terminal(tmp_path, *args, answer="y\n")
    assert code == 0
    assert out.count("variables/a") == out.count("variables/b") == 1


@pytest.mark.parametrize("command", ["import", "diff"])
def test_colours_take_no_room_and_what_is_escaped_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setattr(App, "_columns", staticmethod(lambda _: 80))
    monkeypatch.chdir(tmp_path)
    ids = [f"{'v' * 54}{number}" for number in range(9)] + ["e\x1b" + "e" * 44]
    (tmp_path / "a.json").write_text(json.dumps({"variables": dict.fromkeys(ids, "1")}))
    (tmp_path / "b.json").write_text('{"variables": {}}')
    args = ["import", "a.json", "--to", "b.json", "-n"] if command == "import" else ["diff", "b.json", "a.json"]
    plain = run_at_terminal(tmp_path, *args)
    code, out, err = run_at_terminal(tmp_path, *args, no_color="")
    assert "\x1b[" in out
    assert (code, re.sub(r"\x1b\[[0-9;]+m", "", out), err) == plain
    assert all(len(line) <= 80 for line in plain[1].split("\n"))
    assert out.count("variables/") == 10
    assert "+\n" not in plain[1]


@pytest.mark.parametrize("columns", [80, 200])
@pytest.mark.parametrize("command", ["import", "diff"])
def test_no_name_is_broken_and_the_columns_are_aligned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int, command: str
) -> None:
    monkeypatch.setattr(App, "_columns", staticmethod(lambda _: columns))
    monkeypatch.chdir(tmp_path)
    types = ["postgres", "google_cloud_platform", "http", "snowflake"]
    ids = [f"{'warehouse_of_the_team_' * (number % 2)}{number}" for number in range(12)]
    old = {id_: {"conn_type": types[number % 4], "host": "a"} for number, id_ in enumerate(ids)}
    new = {id_: fields | {"host": "b", "login": "l", "extra": {"a": {"b": 1}}} for id_, fields in old.items()}
    (tmp_path / "old.json").write_text(json.dumps({"connections": old}))
    (tmp_path / "the_new_connections_of_the_team.json").write_text(json.dumps({"connections": new}))
    places = ("the_new_connections_of_the_team.json", "old.json")
    args = ("import", places[0], "--to", places[1], "-n") if command == "import" else ("diff", *places)
    code, out, err = run_at_terminal(tmp_path, *args)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert all(len(line) <= columns for line in lines)
    assert all(f"connections/{id_}" in out for id_ in ids)
    rows = [line for line in lines if line.startswith("  ~ ")]
    assert len(rows) == 12
    starts = {line.index(f"  {type_}") for line in rows for type_ in types if f"  {type_}" in line}
    assert len(starts) == 1
    assert out.count("host") == 12
    assert "…" not in out
