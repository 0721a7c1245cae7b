"""`airconn export` of several targets: a file for each."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from tests.cli.fleet import TOKEN, fleet

THREE = {name: {"db": f"{name}.example.com"} for name in ("eu", "us", "ap")}


@pytest.fixture(autouse=True)
def _in_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_each_target_of_a_group_gets_a_file_with_its_name(airconn, tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    with fleet(tmp_path, THREE, more='[groups]\nprod = ["@eu", "@us"]\n'):
        result = airconn("export", "--from", "@prod", "-o", "backup/{target}.json", env=TOKEN)
    assert (result.code, result.out) == (0, "")
    assert sorted(path.name for path in Path("backup").iterdir()) == ["eu.json", "us.json"]
    assert json.loads(Path("backup/us.json").read_text())["connections"]["db"]["host"] == "us.example.com"
    assert stat.S_IMODE(Path("backup/us.json").stat().st_mode) == 0o600
    lines = result.err.splitlines()
    assert sorted(lines[:2]) == [
        "@eu: backup/eu.json: 1 connection, 0 variables, 0 pools",
        "@us: backup/us.json: 1 connection, 0 variables, 0 pools",
    ]
    assert lines[-1] == "2 targets: 2 written"


def test_hidden_values_are_told_once_for_all_targets(airconn, tmp_path: Path) -> None:
    with fleet(tmp_path, THREE):
        result = airconn("export", "--from", "@all", "-o", "{target}.json", env=TOKEN)
        verbose = airconn("export", "--from", "@all", "-o", "{target}.json", "-v", env=TOKEN)
    assert result.err.count("hidden values") == 1
    assert (
        "warning: 3 targets (@eu, @us, @ap): hidden values of 3 objects (-v lists them) are written as ***. "
        "Importing these files keeps the values that the target has\n"
    ) in result.err
    assert result.err.count("hint:") == 1
    assert "warning: @us: hidden values of connections/db (password) are written as ***" in verbose.err


def test_a_target_that_fails_leaves_its_file_alone_and_does_not_stop_the_others(airconn, tmp_path: Path) -> None:
    (tmp_path / "us.json").write_text("{}")
    with fleet(tmp_path, THREE) as running:
        running.sites["us"].__exit__(None, None, None)
        result = airconn("export", "--from", "@all", "-o", "{target}.json", "--retries", "0", env=TOKEN)
        running.sites.clear()
    assert result.code == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["ap.json", "eu.json", "us.json"]
    assert (tmp_path / "us.json").read_text() == "{}"
    assert "error: @us, http://127.0.0.1:" in result.err
    assert result.err.endswith("3 targets: 2 written, 1 failed\n")


def test_fail_fast_begins_no_other_target(airconn, tmp_path: Path) -> None:
    hosts = {"a": {"db": "a"}, "b": {"db": "b"}, "c": {"db": "c"}}
    with fleet(tmp_path, hosts) as running:
        running.sites["a"].__exit__(None, None, None)
        options = ("--fail-fast", "--parallel", "1", "--retries", "0")
        result = airconn("export", "--from", "@all", "-o", "{target}.json", *options, env=TOKEN)
        asked = [name for name, site in running.sites.items() if site.log]
    assert (result.code, asked, list(tmp_path.iterdir())) == (5, [], [])
    assert "2 targets (@b, @c): not begun, because of --fail-fast\nnothing was written\n" in result.err


def test_the_worst_exit_code_counts(airconn, tmp_path: Path) -> None:
    (tmp_path / "bad.env").write_text("AIRFLOW_CONN_A=http://h:canary\n")
    (tmp_path / "good.env").write_text("AIRFLOW_VAR_A=1\n")
    sources = ("--from", "bad.env", "--from", "http://127.0.0.1:9", "--from", "good.env")
    result = airconn("export", *sources, "-o", "{target}.json", "--retries", "0", env=TOKEN)
    assert (result.code, "canary" in result.err) == (3, False)
    assert "error: bad.env, bad.env:1: a: the port of this URI" in result.err
    assert (tmp_path / "good.env.json").exists()


def test_targets_are_read_at_the_same_time(airconn, tmp_path: Path) -> None:
    with fleet(tmp_path, THREE, slow=0.2) as running:
        assert airconn("export", "--from", "@all", "-o", "{target}.json", env=TOKEN).code == 0
        assert running.most_at_a_time == 3
        running.most_at_a_time = 0
        assert airconn("export", "--from", "@all", "-o", "{target}.json", "--parallel", "1", env=TOKEN).code == 0
        assert running.most_at_a_time == 1


def test_several_targets_need_a_file_for_each(airconn, tmp_path: Path) -> None:
    for name in ("a.env", "b.env"):
        (tmp_path / name).write_text("AIRFLOW_VAR_A=1\n")
    sources = ("--from", "a.env", "--from", "b.env")
    one = airconn("export", *sources, "-o", "out.yaml")
    assert (one.code, one.err) == (
        2,
        (
            "error: -o out.yaml: this is one file, and there are 2 targets\n"
            "hint:  -o 'out-{target}.yaml' writes a file for each (airconn help targets)\nnothing was written\n"
        ),
    )
    none = airconn("export", *sources)
    assert (none.code, none.out) == (2, "")
    assert "hint:  -o 'backup/{target}.yaml' writes a file for each" in none.err


def test_a_directory_is_made_only_if_the_name_of_the_target_is_in_it(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=1\n")
    missing = airconn("export", "--from", "a.env", "-o", "backup/{target}.json")
    assert (missing.code, missing.err) == (
        5,
        (
            "error: backup/a.env.json: can't be written: no such directory\n"
            "hint:  mkdir -p backup; only a directory with {target} in its name is made\nnothing was written\n"
        ),
    )
    made = airconn("export", "--from", "a.env", "-o", "{target}/sub/all.json")
    assert (made.code, (tmp_path / "a.env").is_file()) == (5, True)
    made = airconn("export", "--from", "a.env", "-o", "of-{target}/sub/all.json")
    assert (made.code, (tmp_path / "of-a.env/sub/all.json").exists()) == (0, True)
    assert stat.S_IMODE((tmp_path / "of-a.env").stat().st_mode) == 0o700


def test_a_target_that_fails_gets_no_directory(airconn, tmp_path: Path) -> None:
    result = airconn("export", "--from", "no.env", "-o", "of-{target}/all.json")
    assert (result.code, list(tmp_path.iterdir())) == (3, [])
    assert result.err == "error: no.env: no such file\nnothing was written\n"


@pytest.mark.parametrize("name", ["../x", "a/b", "..", ".hidden", "a\\\\b", "a..b"])
def test_a_name_that_leads_elsewhere_is_no_part_of_a_path(airconn, tmp_path: Path, name: str) -> None:
    (tmp_path / "a.env").write_text("AIRFLOW_VAR_A=1\n")
    (tmp_path.parent / f"{tmp_path.name}-user.toml").write_text(f'[targets."{name}"]\naddress = "a.env"\n')
    before = sorted(path.name for path in tmp_path.parent.iterdir())
    result = airconn("export", "--from", "@all", "-o", "{target}.json")
    assert (result.code, sorted(path.name for path in tmp_path.parent.iterdir())) == (2, before)
    assert [path.name for path in tmp_path.iterdir()] == ["a.env"]


def test_two_targets_never_share_a_file(airconn, tmp_path: Path) -> None:
    for name in ("a b.env", "a,b.env"):
        (tmp_path / name).write_text("AIRFLOW_VAR_A=1\n")
    result = airconn("export", "--from", "a b.env", "--from", "a,b.env", "-o", "{target}.json")
    assert (result.code, result.err) == (
        2,
        (
            "error: a-b.env.json: a b.env and a,b.env would be written to the same file\n"
            "hint:  give one of them another name in [targets.NAME] (airconn help targets)\nnothing was written\n"
        ),
    )
    user = tmp_path.parent / f"{tmp_path.name}-user.toml"
    user.write_text('[targets.EU]\naddress = "a b.env"\n[targets.eu]\naddress = "a,b.env"\n')
    assert airconn("export", "--from", "@all", "-o", "{target}.json").code == 2


def test_the_file_of_one_target_is_never_the_source_of_another(airconn, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text('{"variables": {"a": "1"}}')
    (tmp_path / "x.json").write_text('{"variables": {"a": "2"}}')
    user = tmp_path.parent / f"{tmp_path.name}-user.toml"
    user.write_text('[targets.b]\naddress = "x.json"\n[targets.c]\naddress = "b.json"\n')
    result = airconn("export", "--from", "@all", "-o", "{target}.json", "--replace")
    assert (result.code, (tmp_path / "b.json").read_text()) == (2, '{"variables": {"a": "1"}}')
    assert "b.json: @b would be written over the file of @c" in result.err


def test_the_name_of_an_address_without_one_is_safe_and_shows_no_credentials(airconn, tmp_path: Path) -> None:
    with fleet(tmp_path, {"eu": {"db": "h"}}) as running:
        url = running.sites["eu"].url
        assert airconn("export", "--from", url, "-o", "{target}.json", env=TOKEN).code == 0
    assert [path.name for path in tmp_path.iterdir()] == [f"127.0.0.1-{running.sites['eu'].port}.json"]


def test_values_that_can_be_read_once_count_for_every_target(airconn, tmp_path: Path) -> None:
    fill = '{"connections": {"db": {"conn_type": "http", "password": "canary"}}}'
    with fleet(tmp_path, THREE):
        options = ("--fill", "-", "--format", "json", "--redacted", "fail")
        result = airconn("export", "--from", "@all", "-o", "{target}.json", *options, stdin=fill, env=TOKEN)
    assert result.code == 0, result.err
    passwords = {json.loads(path.read_text())["connections"]["db"]["password"] for path in tmp_path.iterdir()}
    assert (passwords, "canary" in result.err) == ({"canary"}, False)


def test_a_target_is_exported_as_far_as_it_is_limited_and_that_is_said(airconn, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"variables": {"a": "1", "b": "2"}}')
    (tmp_path / "c.json").write_text('{"variables": {"a": "1", "b": "2"}}')
    user = tmp_path.parent / f"{tmp_path.name}-user.toml"
    user.write_text(f'[targets.x]\naddress = "{tmp_path}/a.json"\ninclude = ["a"]\n')
    result = airconn("export", "--from", "@x", "--from", "c.json", "-o", "of-{target}.json")
    assert (result.code, "@x: only a\n" in result.err) == (0, True)
    assert list(json.loads((tmp_path / "of-x.json").read_text())["variables"]) == ["a"]
    assert list(json.loads((tmp_path / "of-c.json.json").read_text())["variables"]) == ["a", "b"]
