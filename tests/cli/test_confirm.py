"""`--confirm`: the plan, then a question about all writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.test_printing import run_at_terminal


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "new.json").write_text('{"variables": {"a": "1"}}')
    path = tmp_path / "target.json"
    path.write_text('{"variables": {"b": "2"}}')
    (tmp_path / "user.toml").write_text(f"[addresses.prod]\nurl = {json.dumps(str(path))}\nconfirm = true\n")
    return path


@pytest.mark.parametrize(
    "command",
    [
        ["import", "new.json", "--to", "target.json", "--confirm"],
        ["import", "new.json", "--to", "@prod"],
        ["import", "new.json", "--to", "@prod", "--confirm"],
        ["set", "variables/a.value=1", "--to", "target.json", "--confirm"],
        ["set", "variables/a.value=1", "--to", "@prod"],
        ["apply", "plan.json", "--confirm"],
        ["apply", "prod.json"],
    ],
    ids=" ".join,
)
def test_the_plan_comes_before_a_question_and_nothing_is_written_without_a_yes(
    tmp_path: Path, target: Path, command: list[str], monkeypatch: pytest.MonkeyPatch, airconn
) -> None:
    monkeypatch.chdir(tmp_path)
    env = {"AIRCONN_CONFIG": str(tmp_path / "user.toml")}
    if command[0] == "apply":
        to = "@prod" if command[1] == "prod.json" else "target.json"
        assert airconn("import", "new.json", "--to", to, "--plan-out", command[1], env=env).code == 0
    code, out, err = run_at_terminal(tmp_path, *command, answer="n\n")
    assert code == 4
    assert "  + variables/a" in out
    assert "write 1 object to " in err
    assert "? [y/N] " in err
    assert err.endswith("error: the write wasn't confirmed\nnothing was written\n")
    piped = airconn(*command, env=env)
    assert piped.code == 4
    assert "  + variables/a" in piped.out
    assert piped.err == (
        "error: 1 object would be written, and it isn't confirmed\n"
        "hint:  add --yes, or answer the question at a terminal\nnothing was written\n"
    )
    assert json.loads(target.read_text()) == {"variables": {"b": "2"}}
    code, out, err = run_at_terminal(tmp_path, *command, answer="y\n")
    assert (code, out.count("variables/a")) == (0, 1)
    assert json.loads(target.read_text())["variables"] == {"a": "1", "b": "2"}


def test_yes_is_the_answer(tmp_path: Path, target: Path, airconn) -> None:
    env = {"AIRCONN_CONFIG": str(tmp_path / "user.toml")}
    result = airconn("import", tmp_path / "new.json", "--to", "@prod", "--yes", env=env)
    assert (result.code, result.out.splitlines()[-1]) == (0, f"@prod, {target}: 1 created, 0 updated, 0 unchanged")


def test_a_target_with_the_url_of_a_confirmed_one_is_confirmed_as_well(tmp_path: Path, target: Path, airconn) -> None:
    env = {"AIRCONN_CONFIG": str(tmp_path / "user.toml")}
    assert airconn("import", tmp_path / "new.json", "--to", target, env=env).code == 4
    assert airconn("import", tmp_path / "new.json", "--to", tmp_path / "other.json", env=env).code == 0


def test_another_name_for_the_same_place_is_no_way_around(
    tmp_path: Path, target: Path, airconn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "airconn.toml").write_text(f"[addresses]\nother = {json.dumps(str(target))}\n")
    env = {"AIRCONN_CONFIG": str(tmp_path / "user.toml")}
    assert airconn("import", "new.json", "--to", "@other", env=env).code == 4
    assert airconn("import", "new.json", env={**env, "AIRCONN_URL": "@other"}).code == 4


def test_a_run_that_writes_nothing_asks_nothing(tmp_path: Path, target: Path, airconn) -> None:
    (tmp_path / "new.json").write_text('{"variables": {"b": "2"}}')
    env = {"AIRCONN_CONFIG": str(tmp_path / "user.toml")}
    for options in ([], ["--dry-run"], ["--confirm"]):
        assert airconn("import", tmp_path / "new.json", "--to", "@prod", *options, env=env).code == 0


def test_deletions_are_in_the_question_about_writes(tmp_path: Path, target: Path) -> None:
    args = ("import", str(tmp_path / "new.json"), "--to", "@prod", "--prune")
    code, _, err = run_at_terminal(tmp_path, *args, answer="n\n")
    assert (code, f"write 1 object to @prod, {target} and delete 1 (variables/b)? [y/N] " in err) == (4, True)


@pytest.mark.parametrize("spelling", ["./target.json", "link.json", "sub/../target.json", "@other"])
def test_another_spelling_of_the_path_of_a_confirmed_file_is_confirmed_as_well(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch, airconn, spelling: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.json").symlink_to(target)
    (tmp_path / "sub").mkdir()
    (tmp_path / "airconn.toml").write_text('[addresses]\nother = "./target.json"\nprod = "./target.json"\n')
    before = target.read_text()
    result = airconn("import", "new.json", "--to", spelling, env={"AIRCONN_CONFIG": str(tmp_path / "user.toml")})
    assert (result.code, target.read_text()) == (4, before)
    assert "1 object would be written, and it isn't confirmed" in result.err


def test_the_end_of_input_is_a_no_and_ends_the_line_of_the_question(
    tmp_path: Path, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = target.read_text()
    code, _, err = run_at_terminal(tmp_path, "import", "new.json", "--to", "target.json", "--confirm", answer="")
    assert (code, target.read_text()) == (4, before)
    assert err.endswith("? [y/N] \nerror: the write wasn't confirmed\nnothing was written\n")
