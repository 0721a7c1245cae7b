"""Commands with a target of the configuration: its overlays, renames, globs and Airflow, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

SOURCE = """\
connections:
  db: {conn_type: postgres, host: dev-db, login: app}
  aws_logs: {conn_type: aws}
variables:
  region: {value: dev}
pools:
  small: {slots: 3}
"""
TOML = """\
[targets.eu]
address = "eu.json"
overlay = "overlays/eu.yaml"
rename = { "variables/region" = "zone" }
exclude = ["pools/*"]
"""
OVERLAY = "connections:\n  db:\n    host: eu-db\nvariables:\n  region: eu-west-1\n"
SAID = "@eu: with overlays/eu.yaml, renamed variables/region=zone, without pools/*\n"


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "airconn.toml").write_text(TOML)
    (tmp_path / "base.yaml").write_text(SOURCE)
    (tmp_path / "overlays").mkdir()
    (tmp_path / "overlays/eu.yaml").write_text(OVERLAY)
    return tmp_path


@pytest.fixture
def airconn(airconn, project: Path):  # type: ignore[no-untyped-def]
    """As a user would run it: file names are relative to the working directory."""

    def run(*args: object, **options: object):  # type: ignore[no-untyped-def]
        result = airconn(*args, **options)
        result.out, result.err = (text.replace(f"{project}/", "") for text in (result.out, result.err))
        return result

    return run


def held(name: str = "eu.json") -> dict[str, dict[str, dict[str, str]]]:
    return json.loads(Path(name).read_text())  # type: ignore[no-any-return]


def test_an_import_uses_the_settings_of_the_target_and_says_them(airconn) -> None:
    result = airconn("import", "base.yaml", "--to", "@eu")
    assert (result.code, result.err) == (0, SAID)
    found = held()
    assert found["connections"]["db"]["host"] == "eu-db"
    assert found["variables"] == {"zone": {"value": "eu-west-1"}} or found["variables"] == {"zone": "eu-west-1"}
    assert "small" not in found.get("pools", {})
    assert airconn("import", "base.yaml", "--to", "@eu", "-q").err == ""


def test_a_target_without_settings_says_nothing(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "eu.json"\n')
    result = airconn("import", "base.yaml", "--to", "@eu")
    assert (result.code, result.err) == (0, "")


def test_overlays_and_renames_of_the_command_line_win(airconn, project: Path) -> None:
    (project / "mine.yaml").write_text("connections: {db: {host: my-db}}\n")
    result = airconn(
        *("import", "base.yaml", "--to", "@eu", "--overlay", "mine.yaml"),
        *("--rename", "variables/region=area", "--set", "variables/region.value=x"),
    )
    assert result.code == 0, result.err
    assert held()["connections"]["db"]["host"] == "my-db"
    assert list(held()["variables"]) == ["area"]


def test_the_globs_of_both_have_to_match(airconn, project: Path) -> None:
    text = '[targets.eu]\naddress = "eu.json"\ninclude = ["aws_*", "variables/*"]\n'
    (project / "airconn.toml").write_text(text)
    result = airconn("import", "base.yaml", "--to", "@eu", "--include", "connections/*")
    assert (result.code, result.err) == (0, "@eu: only aws_*, variables/*\n")
    assert result.out.startswith("  + connections/aws_logs")
    assert "connections/db" not in result.out
    assert "variables/region" not in result.out


def test_nothing_outside_of_the_globs_of_a_target_is_pruned(airconn, project: Path) -> None:
    assert airconn("import", "base.yaml", "--to", "eu.json").code == 0
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "eu.json"\ninclude = ["connections/aws_*"]\n')
    (project / "less.yaml").write_text("connections: {aws_new: {conn_type: aws}}\n")
    result = airconn("import", "less.yaml", "--to", "@eu", "--prune", "--yes")
    assert result.code == 0, result.err
    assert sorted(held()["connections"]) == ["aws_new", "db"]
    assert sorted(held()["variables"]) == ["region"]


def test_what_the_sources_lack_of_an_overlay_is_a_warning(airconn, project: Path) -> None:
    (project / "part.yaml").write_text("connections: {bd: {conn_type: http}}\n")
    result = airconn("import", "part.yaml", "--to", "@eu")
    assert result.code == 0, result.err
    assert result.err == SAID + (
        "warning: overlays/eu.yaml:2:3: this entry isn't used: the sources hold nothing for it; "
        "did you mean connections/bd?\n"
        "warning: overlays/eu.yaml:5:3: this entry isn't used: the sources hold nothing for it\n"
        "warning: @eu: 'rename' of variables/region isn't used: the sources hold nothing for it\n"
    )
    # A part that is selected needs no word.
    assert airconn("import", "base.yaml", "--to", "@eu", "--include", "aws_*").err == SAID
    assert airconn("import", "part.yaml", "--to", "@eu", "--strict").code == 3


@pytest.mark.parametrize("value", ["env:SECRET", "file:secret.txt", "prompt:"])
def test_an_overlay_that_only_a_project_names_takes_no_value_from_elsewhere(
    airconn, project: Path, value: str
) -> None:
    (project / "secret.txt").write_text("canary")
    (project / "overlays/eu.yaml").write_text(f"connections:\n  db:\n    password: '{value}'\n")
    word = value.partition(":")[0]
    result = airconn("import", "base.yaml", "--to", "@eu", env={"SECRET": "canary"})
    assert result.code == 2
    assert result.err == SAID + (
        f"error: overlays/eu.yaml:3:5: '{word}:' isn't allowed here, because only airconn.toml names this file\n"
        "hint:  --overlay FILE allows it for this run; or name the file in the target of your own config.toml "
        "(airconn help targets)\n"
        "nothing was written\n"
    )
    assert not Path("eu.json").exists()
    if value == "prompt:":
        return
    allowed = airconn("import", "base.yaml", "--to", "@eu", "--overlay", "overlays/eu.yaml", env={"SECRET": "canary"})
    assert allowed.code == 0, allowed.err
    assert held()["connections"]["db"]["password"] == "canary"
    Path("eu.json").unlink()
    user = project.parent / f"{project.name}-user.toml"
    user.write_text(f'[targets.eu]\noverlay = "{project}/overlays/eu.yaml"\n')
    assert airconn("import", "base.yaml", "--to", "@eu", env={"SECRET": "canary"}).code == 0
    assert held()["connections"]["db"]["password"] == "canary"


def test_a_link_takes_no_overlay_out_of_the_project(airconn, project: Path) -> None:
    outside = project.parent / f"{project.name}-outside.yaml"
    outside.write_text("connections: {db: {password: canary}}\n")
    (project / "overlays/eu.yaml").unlink()
    (project / "overlays/eu.yaml").symlink_to(outside)
    result = airconn("import", "base.yaml", "--to", "@eu")
    assert result.code == 2
    assert "overlays/eu.yaml: this overlay is outside of the directory of airconn.toml" in result.err
    assert "canary" not in result.err + result.out


def test_a_missing_overlay_is_told_before_anything_is_read(airconn, project: Path) -> None:
    (project / "overlays/eu.yaml").unlink()
    result = airconn("import", "base.yaml", "--to", "@eu")
    assert result.code in (2, 3)
    assert "overlays/eu.yaml: no such file" in result.err


def test_a_plan_keeps_the_settings_of_the_target(airconn, project: Path) -> None:
    result = airconn("import", "base.yaml", "--to", "@eu", "--plan-out", "plan.json")
    assert (result.code, result.err) == (
        0,
        SAID + "plan.json: the plan; carry it out with: airconn apply plan.json\n",
    )
    plan = json.loads(Path("plan.json").read_text())
    assert plan["request"]["to"] == "@eu"
    assert plan["request"]["changes"]["of_target"] == {
        "overlays": [str(project / "overlays/eu.yaml")],
        "renames": ["variables/region=zone"],
        "is_of_project": True,
        "target": "@eu",
    }
    # Another configuration doesn't change the plan.
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "eu.json"\n')
    applied = airconn("apply", "plan.json")
    assert applied.code == 0, applied.err
    assert held()["connections"]["db"]["host"] == "eu-db"
    assert list(held()["variables"]) == ["zone"]


def test_the_airflow_of_a_target_is_weaker_than_the_option(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "eu.json"\nairflow = "2.11"\n')
    for option, version in (((), "2.11.0"), (("--airflow", "3.1"), "3.1.0")):
        result = airconn("import", "base.yaml", "--to", "@eu", "--plan-out", "plan.json", *option)
        assert "@eu: for Airflow 2.11.0\n" in result.err
        assert json.loads(Path("plan.json").read_text())["request"]["airflow"] == version


@pytest.mark.parametrize("command", [("get", "connections/db.host", "--from"), ("doctor",), ("logout",)])
def test_a_group_where_one_address_is_possible_names_its_members(airconn, project: Path, command) -> None:
    (project / "airconn.toml").write_text(TOML + '[groups]\nprod = ["@eu"]\n')
    result = airconn(*command, "@prod")
    assert result.code == 2
    assert "@prod is a group, and this takes one address" in result.err + result.out
    assert "@eu" in result.err + result.out
