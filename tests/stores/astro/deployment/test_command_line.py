"""The variables of a Deployment at the command line: the question before a restart, and what is told."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.astro.switches import NASTIEST

TARGET = "astro-vars://Data Platform/production"
RESTARTS = "restarts the components of the Deployment, for up to two minutes"
DEPLOYMENT = "the environment variables of the Deployment production in the Workspace Data Platform at Astro"
CANARY = "pa55-canary"

Call = Callable[..., Any]


@pytest.fixture
def held(astro: FakeAstro) -> Any:
    deployment = astro.deployments[astro.deployment]
    deployment.put("AIRFLOW__CORE__PARALLELISM", "12")
    deployment.put("AIRFLOW_CONN_DB", '{"conn_type": "postgres", "password": "old"}', secret=True)
    deployment.put("AIRFLOW_VAR_REGION", "eu-west-1")
    return deployment


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "new.env"
    path.write_text(f"AIRFLOW_CONN_DB=postgres://u:{CANARY}@h/db\nAIRFLOW_VAR_REGION=eu-west-3\n")
    return path


def test_an_import_is_not_done_before_a_yes(airconn: Call, astro: FakeAstro, held: Any, source: Path) -> None:
    result = airconn("import", source, "--to", TARGET, env=astro.environ())
    assert result.code == 4
    assert result.err == (
        f"error: writing {RESTARTS}, and it isn't confirmed\nhint:  add --yes\nnothing was written\n"
    )
    assert "~ connections/db" in result.out
    assert held.restarts == 0


def test_an_import_with_yes_restarts_once(airconn: Call, astro: FakeAstro, held: Any, source: Path) -> None:
    result = airconn("import", source, "--to", TARGET, "--yes", env=astro.environ())
    assert (result.code, result.err) == (0, "")
    assert result.out == (
        f"  ~ connections/db    postgres  {source}:1  all of it (hidden by the target: written again)\n"
        f"  ~ variables/region            {source}:2  value\n"
        f"{DEPLOYMENT}: 0 created, 2 updated, 0 unchanged\n"
    )
    assert json.loads(held.values()["AIRFLOW_CONN_DB"])["password"] == CANARY
    assert (held.restarts, held.changed_fields()) == (1, {})


@pytest.mark.parametrize(("answer", "code", "restarts"), [("y\n", 0, 1), ("n\n", 4, 0), ("", 4, 0)])
def test_a_terminal_asks(
    airconn: Call,
    astro: FakeAstro,
    held: Any,
    source: Path,
    monkeypatch: pytest.MonkeyPatch,
    answer: str,
    code: int,
    restarts: int,
) -> None:
    monkeypatch.setattr("airconn.cli.app.App.stdin_is_terminal", True)
    result = airconn("import", source, "--to", TARGET, env=astro.environ(), stdin=answer, terminal=True)
    assert f"write 2 objects to {DEPLOYMENT}, which {RESTARTS}? [y/N]" in " ".join(result.err.split())
    assert (result.code, held.restarts) == (code, restarts)
    if not restarts:
        assert "the write wasn't confirmed" in result.err


def test_a_terminal_asks_about_deletions_and_the_restart_at_once(
    airconn: Call, astro: FakeAstro, held: Any, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airconn.cli.app.App.stdin_is_terminal", True)
    source.write_text("AIRFLOW_CONN_NEW=http://h\n")
    for args, question in (
        (
            ("import", source, "--to", TARGET, "--prune"),
            f"write 1 object to {DEPLOYMENT} and delete 1 (connections/db), which {RESTARTS}? [y/N]",
        ),
        (
            ("delete", "connections/db", "--from", TARGET),
            f"delete 1 object of {DEPLOYMENT} (connections/db), which {RESTARTS}? [y/N]",
        ),
    ):
        result = airconn(*args, env=astro.environ(), stdin="n\n", terminal=True)
        assert question in " ".join(result.err.split())
        assert (result.code, held.restarts) == (4, 0)


@pytest.mark.parametrize("command", ["edit", "undo"])
@pytest.mark.parametrize(("yes", "answer", "code"), [(False, "y\n", 0), (False, "n\n", 4), (True, "", 0)])
def test_one_question_names_the_restart_and_yes_answers_it(
    airconn: Call,
    astro: FakeAstro,
    held: Any,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    yes: bool,
    answer: str,
    code: int,
) -> None:
    monkeypatch.setattr("airconn.cli.app.App.stdin_is_terminal", True)
    env = {"PATH": os.environ["PATH"], "EDITOR": "sed -i s/eu-west-1/eu-west-3/", **astro.environ()}
    args = ["edit", "variables/region", "--from", TARGET]
    if command == "undo":
        assert airconn(*args, "--yes", env=env, terminal=True).code == 0
        args = ["undo"]
    before = held.restarts
    result = airconn(*args, *(["--yes"] if yes else []), env=env, stdin=answer, terminal=True)
    assert (result.code, held.restarts - before) == (code, 0 if code else 1), result
    said = " ".join(result.err.split())
    assert said.count("[y/N]") == (not yes)
    assert yes or f"write 1 object to {DEPLOYMENT}, which {RESTARTS}? [y/N]" in said
    assert held.values()["AIRFLOW_VAR_REGION"] == ("eu-west-3" if (command == "edit") == (code == 0) else "eu-west-1")


def test_a_dry_run_tells_of_the_restart_and_asks_nothing(
    airconn: Call, astro: FakeAstro, held: Any, source: Path
) -> None:
    source.write_text("AIRFLOW_CONN_NEW=http://h\n")
    result = airconn("import", source, "--to", TARGET, "--dry-run", env=astro.environ())
    assert result.code == 0
    assert f"writing {RESTARTS}: the run asks before, unless --yes is given" in result.err
    assert (
        "written as secrets, which Astro never shows and can't turn back into plain values: connections/new"
        in result.err
    )
    report = airconn("import", source, "--to", TARGET, "--dry-run", "--output", "json", env=astro.environ())
    assert json.loads(report.out)["restarts"] == RESTARTS
    assert held.restarts == 0


def test_a_run_that_writes_nothing_asks_nothing(airconn: Call, astro: FakeAstro, held: Any, source: Path) -> None:
    source.write_text("AIRFLOW_VAR_REGION=eu-west-1\n")
    result = airconn("import", source, "--to", TARGET, env=astro.environ())
    assert (result.code, result.err, held.restarts) == (0, "", 0)


def test_hidden_values_can_count_as_unchanged(airconn: Call, astro: FakeAstro, held: Any, source: Path) -> None:
    source.write_text("AIRFLOW_CONN_DB=postgres://h\n")
    result = airconn("import", source, "--to", TARGET, "--assume-unchanged", "hidden", "-v", env=astro.environ())
    assert (result.code, held.restarts) == (0, 0)
    assert "all of it (hidden by the target: treated as unchanged)" in result.out


def test_pruning_deletes_airflows_variables_only(airconn: Call, astro: FakeAstro, held: Any, source: Path) -> None:
    source.write_text("AIRFLOW_CONN_OTHER=http://h\n")
    args = ("import", source, "--to", TARGET, "--prune")
    assert airconn(*args, env=astro.environ()).code == 4
    assert held.restarts == 0
    assert airconn(*args, "--yes", env=astro.environ()).code == 0
    assert set(held.variables) == {"AIRFLOW__CORE__PARALLELISM", "AIRFLOW_CONN_OTHER", "AIRFLOW_VAR_REGION"}


def test_a_deletion_asks(airconn: Call, astro: FakeAstro, held: Any) -> None:
    args = ("delete", "connections/db", "--from", TARGET)
    assert airconn(*args, env=astro.environ()).code == 4
    assert airconn(*args, "--yes", env=astro.environ()).code == 0
    assert "AIRFLOW_CONN_DB" not in held.variables


def test_a_plan_file_is_carried_out_after_a_yes(
    airconn: Call, astro: FakeAstro, held: Any, source: Path, tmp_path: Path
) -> None:
    env = astro.environ()
    assert airconn("import", source, "--to", TARGET, "--plan-out", tmp_path / "plan.json", env=env).code == 0
    assert airconn("apply", tmp_path / "plan.json", env=env).code == 4
    assert airconn("apply", tmp_path / "plan.json", "--yes", env=env).code == 0
    assert held.restarts == 1


def test_a_read_back_finds_what_was_written(airconn: Call, astro: FakeAstro, held: Any, source: Path) -> None:
    result = airconn("import", source, "--to", TARGET, "--yes", "--verify", env=astro.environ())
    assert (result.code, result.err) == (0, "")


def test_what_was_exported_is_imported_again_without_a_change(
    airconn: Call, astro: FakeAstro, held: Any, tmp_path: Path
) -> None:
    env = astro.environ()
    for name in ("out.env", "out.json", "out.yaml"):
        assert airconn("export", "--from", TARGET, "-o", tmp_path / name, env=env).code == 0
        result = airconn("import", tmp_path / name, "--to", TARGET, env=env)
        assert (result.code, result.out.rpartition("Astro: ")[2]) == (0, "0 created, 0 updated, 2 unchanged\n"), name
    assert held.restarts == 0


def test_a_source_that_hides_a_connection_is_filled_from_elsewhere(
    airconn: Call, astro: FakeAstro, held: Any, source: Path, tmp_path: Path
) -> None:
    env, target = astro.environ(), tmp_path / "target.json"
    refused = airconn("import", TARGET, "--to", target, env=env)
    assert (refused.code, "hidden in the source, and the target has none" in refused.out) == (4, True)
    assert airconn("import", TARGET, "--to", target, "--fill", source, env=env).code == 0
    found = json.loads(target.read_text())["connections"]["db"]
    assert (found["conn_type"], found["password"]) == ("postgres", CANARY)


def test_a_diff_says_what_is_not_known(airconn: Call, astro: FakeAstro, held: Any, source: Path) -> None:
    result = airconn("diff", TARGET, source, env=astro.environ())
    assert "? connections/db" in result.out
    assert "~ variables/region" in result.out


def test_a_diff_takes_ids_in_the_capitals_of_the_other_side(
    airconn: Call, astro: FakeAstro, held: Any, tmp_path: Path
) -> None:
    held.put("AIRFLOW_VAR_MYKEY", "1")
    (tmp_path / "v.json").write_text('{"variables": {"MyKey": "1"}}')
    for sides in ((TARGET, tmp_path / "v.json"), (tmp_path / "v.json", TARGET)):
        result = airconn("diff", *sides, "--include", "[Mm]y[Kk]ey", env=astro.environ())
        assert "1 equal" in result.out, result.out
    result = airconn("import", tmp_path / "v.json", "--to", TARGET, "--prune", "--yes", "-v", env=astro.environ())
    assert (result.code, "= variables/MyKey" in result.out) == (0, True)
    assert held.values()["AIRFLOW_VAR_MYKEY"] == "1"


def test_a_command_gets_what_is_not_hidden(airconn: Call, astro: FakeAstro, held: Any) -> None:
    result = airconn("run", "--from", TARGET, "--", "true", env=astro.environ())
    assert result.code == 4
    assert "connections/db" in result.err


def test_links_that_an_update_dropped_are_an_error(airconn: Call, tmp_path: Path) -> None:
    with running(NASTIEST) as astro:
        astro.put("CONNECTION", "warehouse", {"type": "postgres", "host": "h"}, links={astro.deployment: {}})
        (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=1\n")
        result = airconn("import", tmp_path / "a.env", "--to", TARGET, "--yes", env=astro.environ())
        assert result.code == 1
        assert result.err.startswith(
            f"error: {TARGET}: the update has changed more of the Deployment: the connection"
        )
        assert "link it again" in result.err


def test_a_project_may_name_a_deployment(airconn: Call, astro: FakeAstro, held: Any, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text(f'[addresses]\nprod = "{TARGET}?secret=all"\n')
    result = airconn("list", "--from", "@prod", env=astro.environ())
    assert (result.code, "region" in result.out) == (0, True), result.err


@pytest.mark.parametrize("name", ["out.env", "out.json", "out.yaml"])
def test_a_hidden_connection_can_be_left_out_and_pruning_by_that_file_is_refused(
    airconn: Call, astro: FakeAstro, held: Any, tmp_path: Path, name: str
) -> None:
    env, path = astro.environ(), tmp_path / name
    assert airconn("export", "--from", TARGET, "--redacted", "omit", "-o", path, env=env).code == 0
    text = path.read_text()
    assert "connections that the source hides" in text
    assert "db" not in text.lower()
    result = airconn("import", path, "--to", TARGET, "--prune", "--yes", env=env)
    assert result.code == 4
    assert "connections that its source hid are not in this file, and --prune would delete it" in result.err
    held.put("AIRFLOW_VAR_API_KEY", "k", secret=True)
    assert airconn("export", "--from", TARGET, "--redacted", "omit", "-o", path, env=env).code == 0
    assert "connections and variables that the source hides" in path.read_text()
    assert airconn("import", path, "--to", TARGET, env=env).code == 0
    assert held.restarts == 0
