"""Commands with a target of the configuration: its overlays, renames, globs and Airflow, and what is said of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from airconn.airflow.versions import NEWEST

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
        "hint:  --resolve or --overlay FILE allows it for this run, and the target of your own config.toml for all "
        "(airconn help targets)\n"
        "nothing was written\n"
    )
    assert not Path("eu.json").exists()
    if value == "prompt:":
        return
    to_eu = ("import", "base.yaml", "--to", "@eu", "--resolve")
    other = airconn(*to_eu, "env:OTHER,file:elsewhere", env={"SECRET": "canary"})
    assert (other.code, Path("eu.json").exists()) == (4, False)
    resolved = airconn(*to_eu, word, env={"SECRET": "canary"})
    assert resolved.code == 0, resolved.err
    assert held()["connections"]["db"]["password"] == "canary"
    Path("eu.json").unlink()
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


def test_an_airflow_of_a_target_that_is_unknown_is_said(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "eu.json"\nairflow = "3.33"\n')
    said = f"@eu: for Airflow 3.33.0 (unknown to this airconn, which goes by Airflow {NEWEST})\n"
    assert said in airconn("import", "base.yaml", "--to", "@eu").err
    assert said in airconn("list", "--from", "@eu").err


@pytest.mark.parametrize("command", [("get", "connections/db.host", "--from"), ("doctor",), ("logout",)])
def test_a_group_where_one_address_is_possible_names_its_members(airconn, project: Path, command) -> None:
    (project / "airconn.toml").write_text(TOML + '[groups]\nprod = ["@eu"]\n')
    result = airconn(*command, "@prod")
    assert result.code == 2
    assert "@prod is a group, and this takes one address" in result.err + result.out
    assert "@eu" in result.err + result.out


def listed(airconn, project: Path, **options: object) -> tuple[int, list[str], str]:
    result = airconn("targets", **options)
    user = f"{project.parent / project.name}-user.toml"
    return (
        result.code,
        [" ".join(line.split()).replace(user, "user.toml") for line in result.out.splitlines()],
        result.err,
    )


def test_targets_lists_each_setting_with_its_file_and_line_and_no_secret(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text(
        TOML.replace("eu.json", "https://eu.example.com")
        + 'token_env = "AIRCONN_EU"\n\n[targets.us]\naddress = "https://us.example.com"\n'
        '[groups]\nprod = ["@eu", "@us"]\n'
    )
    (project.parent / f"{project.name}-user.toml").write_text(
        '[targets.us]\naddress = "https://us2.example.com"\nusername = "ann"\n'
        'password_command = ["pass", "show", "canary"]\ntimeout = 5\n'
        '[targets.us.headers]\nX-Team = { env = "TEAM" }\n[targets.local]\naddress = "local.json"\n'
    )
    code, lines, err = listed(airconn, project, env={"AIRCONN_EU": "canary", "TEAM": "canary"})
    assert lines == [
        "@eu https://eu.example.com airconn.toml:2",
        "overlay overlays/eu.yaml airconn.toml:3",
        "rename variables/region = zone airconn.toml:4",
        "exclude pools/* airconn.toml:5",
        "token_env AIRCONN_EU (set) airconn.toml:6",
        "login AIRCONN_EU",
        "@us https://us2.example.com user.toml:2",
        "username ann user.toml:3",
        "password_command the command pass user.toml:4",
        "timeout 5 s user.toml:5",
        "headers.X-Team TEAM (set) user.toml:7",
        "login username of @us and password_command of @us and TEAM",
        "@local local.json user.toml:9",
        "@prod @eu, @us airconn.toml:11",
        "@all every target: @eu, @us, @local",
    ]
    assert (code, err) == (0, "")


def test_a_credential_that_is_missing_here_is_told_and_is_no_error(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "https://e"\ntoken_env = "AIRCONN_EU"\n')
    code, lines, _ = listed(airconn, project)
    assert code == 0
    assert lines[1:3] == ["token_env AIRCONN_EU (not set) airconn.toml:3", "login none; looked at AIRCONN_EU"]


def test_targets_finds_what_can_not_be_used(airconn, project: Path) -> None:
    (project / "overlays/eu.yaml").unlink()
    (project / "airconn.toml").write_text(TOML + '[targets.us]\ntimeout = 3\n[groups]\nprod = ["@eu", "@uss"]\n')
    code, lines, err = listed(airconn, project)
    assert code == 2
    assert "@us no address" in lines
    assert err == (
        "error: airconn.toml:3: @eu has the overlay overlays/eu.yaml, which isn't there\n"
        "error: airconn.toml: target 'us' has no address\n"
        'hint:  add it to [targets.us]: address = "https://airflow.example.com"\n'
        "error: airconn.toml: group 'prod' has @uss, and no target, address or group has that name\n"
        "hint:  did you mean @us?\n"
    ).replace('.com"\n', '.com" (airconn help targets)\n')


def test_without_targets_it_says_how_to_make_one(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text("")
    result = airconn("targets")
    assert (result.code, result.out) == (0, "")
    assert result.err == (
        "no target is configured\n"
        "hint:  write a table [targets.NAME] with its address into airconn.toml (airconn help targets)\n"
    )


def test_targets_sends_nothing_and_asks_nothing(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "https://nowhere.invalid"\n')
    result = airconn("targets", env={"AIRCONN_TOKEN": "canary"}, terminal=True)
    assert result.code == 0
    assert "canary" not in result.out + result.err
    assert "AIRCONN_TOKEN" in result.out
    assert result.err == ""


def test_targets_shows_no_password_of_an_address(airconn, project: Path) -> None:
    user = project.parent / f"{project.name}-user.toml"
    user.write_text(
        '[targets.db]\naddress = "metadb+postgresql://u:canary@h/db"\n'
        '[targets.cli]\naddress = "airflow-cli:ssh canary"\n'
    )
    result = airconn("targets")
    assert "canary" not in result.out + result.err
    assert "canary" not in airconn("targets", "--output", "json").out


def test_doctor_says_what_a_target_changes(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text(TOML + "timeout = 7\n")
    out = " ".join(airconn("doctor", "@eu").out.split())
    assert "@eu is eu.json, from @eu in airconn.toml" in out
    assert "timeout from @eu in airconn.toml" in out
    assert "@eu imports with overlays/eu.yaml, renamed variables/region=zone, without pools/*" in out


def test_init_adds_no_address_with_the_name_of_a_target_or_group(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text(TOML + '[groups]\nprod = ["@eu"]\n')
    for name in ("eu", "prod"):
        result = airconn("init", "--url", "http://127.0.0.1:1", "--name", name)
        assert result.code == 4
        assert f"@{name} is there already, and stays as it is" in result.err


def test_list_and_export_of_a_target_have_what_it_is_limited_to(airconn, project: Path) -> None:
    assert airconn("import", "base.yaml", "--to", "eu.json").code == 0
    (project / "airconn.toml").write_text(
        '[targets.eu]\naddress = "eu.json"\ninclude = ["connections/*", "pools/*"]\nexclude = "db"\n'
        'overlay = "overlays/eu.yaml"\n[groups]\none = ["@eu"]\n'
    )
    said = "@eu: only connections/*, pools/*, without db\n"
    for name in ("@eu", "@one"):
        result = airconn("list", "--from", name)
        assert result.code == 0, result.err
        assert result.err.startswith(said)
        assert [line.split()[:2] for line in result.out.splitlines()[1:]] == [
            ["connections", "aws_logs"],
            ["pools", "small"],
        ]
    result = airconn("export", "--from", "@eu", "--connections")
    assert (result.code, result.err) == (0, said)
    assert list(json.loads(result.out)) == ["aws_logs"]
    assert airconn("list", env={"AIRCONN_URL": "@eu"}).err.startswith(said)


def test_diff_compares_what_a_target_is_limited_to_and_says_that_it_uses_no_overlay(airconn, project: Path) -> None:
    assert airconn("import", "base.yaml", "--to", "eu.json", "--include", "connections/*").code == 0
    text = '[targets.eu]\naddress = "eu.json"\nexclude = ["pools/*"]\noverlay = "overlays/eu.yaml"\n'
    (project / "airconn.toml").write_text(text)
    result = airconn("diff", "base.yaml", "@eu", "--exit-code")
    assert result.code == 6
    assert result.err == (
        "@eu: without pools/*\n"
        "@eu: overlays and renames aren't used here; airconn import SOURCE --to @eu --dry-run compares with them\n"
    )
    assert "variables/region" in result.out
    assert "pools/small" not in result.out
    assert "connections/db" not in result.out


def test_split_takes_one_place_and_knows_targets(airconn, project: Path) -> None:
    assert airconn("import", "base.yaml", "--to", "eu.json").code == 0
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "eu.json"\nexclude = "pools/*"\n')
    result = airconn("export", "--from", "@eu", "--from", "base.yaml", "--split", "objects")
    assert result.code == 2
    assert "--split writes the objects of one address" in result.err
    assert not Path("objects").exists()
    result = airconn("export", "--from", "@eu", "--split", "objects")
    assert result.code == 0, result.err
    assert "@eu: without pools/*" in result.err
    assert not Path("objects/pools").exists()


def test_an_import_into_several_says_the_settings_of_each_once(airconn, project: Path) -> None:
    (project / "airconn.toml").write_text(
        TOML
        + '[targets.us]\naddress = "us.json"\nexclude = "db"\n[targets.ap]\naddress = "ap.json"\nexclude = "db"\n'
    )
    result = airconn("import", "base.yaml", "--to", "@all", "--dry-run")
    assert result.code == 0, result.err
    assert result.err == SAID + "2 targets (@us, @ap): without db\n"


def test_globs_delete_what_a_target_is_limited_to_and_ids_delete_any(airconn, project: Path) -> None:
    assert airconn("import", "base.yaml", "--to", "eu.json").code == 0
    (project / "airconn.toml").write_text('[targets.eu]\naddress = "eu.json"\nexclude = "db"\n')
    result = airconn("delete", "connections/*", "--from", "@eu", "--yes")
    assert (result.code, result.err) == (0, "@eu: without db\n")
    assert list(held()["connections"]) == ["db"]
    result = airconn("delete", "connections/db", "--from", "@eu", "--yes")
    assert (result.code, result.err) == (0, "")
