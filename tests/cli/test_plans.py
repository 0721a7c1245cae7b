"""Plans, deletions and their limits, seen from the command line, with files as the targets."""

from __future__ import annotations

import io
import json
import stat
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from airconn.cli import run
from airconn.cli.app import App
from airconn.errors import TargetError
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Site

HELD = "AIRFLOW_CONN_A=http://a:old@h\nAIRFLOW_CONN_B=http://b\nAIRFLOW_VAR_X=1\nAIRFLOW_VAR_Y=2\n"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    path = tmp_path / "target.env"
    path.write_text(HELD)
    return path


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_what_the_sources_lack_is_deleted_within_the_kinds_that_they_have(airconn, tmp_path: Path, target) -> None:
    source = write(tmp_path / "source.env", "AIRFLOW_CONN_A=http://a:old@h\n")
    result = airconn("import", source, "--to", target, "--prune", "--yes")
    assert result.code == 0
    assert result.err == "".join(
        f"warning: the sources hold no {kind}: none is deleted\n" for kind in ("variables", "pools")
    )
    assert result.out == (f"  - connections/b  http\n{target}: 0 created, 0 updated, 1 deleted, 1 unchanged\n")
    assert target.read_text() == HELD.replace("AIRFLOW_CONN_B=http://b\n", "")


@pytest.mark.parametrize(
    ("source", "args", "message"),
    [
        ("AIRFLOW_VAR_X=1\n", [], "1 object would be deleted, and it isn't confirmed"),
        (
            "AIRFLOW_VAR_X=1\n",
            ["--yes", "--max-delete", "0"],
            "1 object would be deleted, and --max-delete allows 0",
        ),
        ("OTHER=1\n", ["--yes"], "the sources hold nothing that is selected, and --prune would delete all"),
        ("AIRFLOW_CONN_A=http://a:old@h\nAIRFLOW_CONN_B=\n", ["--yes"], "source.env:2: AIRFLOW_CONN_B is empty"),
        ("AIRFLOW_CONN_A=http://a:***@h\nAIRFLOW_CONN_N=http://a:***@h\n", ["--yes"], "1 object is blocked"),
    ],
)
def test_nothing_is_deleted_that_nobody_wants_deleted(
    airconn, tmp_path: Path, target, source: str, args: list[str], message: str
) -> None:
    result = airconn("import", write(tmp_path / "source.env", source), "--to", target, "--prune", *args)
    assert message in result.err
    assert (result.code, target.read_text()) == (4, HELD)
    assert result.err.endswith("nothing was written\n")


@pytest.mark.parametrize("name", ["source.json", "source.yaml"])
def test_a_connection_of_which_a_list_holds_none_is_not_deleted(airconn, tmp_path: Path, target, name: str) -> None:
    source = write(tmp_path / name, '{"connections": {"a": ["http://a:old@h"],\n "b": []}}')
    result = airconn("import", source, "--to", target, "--prune", "--yes")
    assert (result.code, target.read_text()) == (4, HELD)
    assert (
        f"{name}:2:2: b is an empty list, which is not a connection to Airflow: left out, and --prune" in result.err
    )
    result = airconn("import", source, "--to", target)
    assert (result.code, target.read_text()) == (0, HELD)
    assert f"{name}:2:2: b is an empty list, which is not a connection to Airflow: left out\n" in result.err


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("YES\n", 0), ("n\n", 4), ("\n", 4), ("", 4)])
def test_a_deletion_is_asked_for_on_a_terminal(
    airconn, tmp_path: Path, target, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr("airconn.cli.app.App.stdin_is_terminal", True)
    result = airconn("delete", "variables/x", "--from", target, stdin=answer, terminal=True)
    assert f"delete 1 object of {target} (variables/x)? [y/N] " in result.err
    assert (result.code, "AIRFLOW_VAR_X" in target.read_text()) == (code, code != 0)


@pytest.mark.parametrize(
    ("ids", "code", "left"),
    [
        (
            ["variables/x", "connections/b"],
            0,
            HELD.replace("AIRFLOW_CONN_B=http://b\n", "").replace("AIRFLOW_VAR_X=1\n", ""),
        ),
        (["x", "x", "variables/x"], 0, HELD.replace("AIRFLOW_VAR_X=1\n", "")),
        (["x", "nothing"], 3, HELD),
    ],
)
def test_single_objects_are_deleted(airconn, target, ids: list[str], code: int, left: str) -> None:
    rehearsed = airconn("delete", *ids, "--from", target, "--dry-run")
    assert (rehearsed.code, target.read_text()) == (code, HELD)
    assert (airconn("delete", *ids, "--from", target, "--yes").code, target.read_text()) == (code, left)


@pytest.mark.parametrize(
    ("text", "code"), [("AIRFLOW_VAR_X=1\n", 0), ("AIRFLOW_VAR_X=2\n", 6), ("AIRFLOW_VAR_NEW=1\n", 6)]
)
def test_a_dry_run_says_with_its_exit_code_whether_something_would_change(
    airconn, tmp_path: Path, target, text: str, code: int
) -> None:
    source = write(tmp_path / "source.env", text)
    assert airconn("import", source, "--to", target, "--dry-run", "--exit-code").code == code
    assert airconn("import", source, "--to", target, "--dry-run").code == 0
    assert (airconn("import", source, "--to", target, "--exit-code").code, target.read_text()) == (2, HELD)


def test_a_plan_is_written_looked_at_and_carried_out(airconn, tmp_path: Path, target) -> None:
    source = write(tmp_path / "source.env", "AIRFLOW_CONN_A=http://a:canary-1@h\nAIRFLOW_VAR_X=canary-2\n")
    plan = tmp_path / "plan.json"
    args = ["--prune", "--set", "variables/x.value=env:NEW", "--rename", "variables/x=z"]
    made = airconn("import", source, "--to", target, *args, "--plan-out", plan, env={"NEW": "canary-3"})
    assert (made.code, target.read_text()) == (0, HELD)
    assert stat.S_IMODE(plan.stat().st_mode) == 0o600
    assert "canary" not in plan.read_text() + made.out + made.err
    assert [(entry["id"], entry["action"]) for entry in json.loads(plan.read_text())["objects"]] == [
        ("a", "update"),
        ("z", "create"),
        ("b", "delete"),
        ("x", "delete"),
        ("y", "delete"),
    ]
    changed = airconn("apply", plan, "--yes", env={"NEW": "other"})
    assert (changed.code, target.read_text()) == (4, HELD)
    assert "what the sources hold has changed since the plan was made" in changed.err
    target.write_text(HELD.replace("Y=2", "Y=3"))
    assert airconn("apply", plan, "--yes", env={"NEW": "canary-3"}).code == 4
    target.write_text(HELD)
    assert airconn("apply", plan, env={"NEW": "canary-3"}).code == 4
    applied = airconn("apply", plan, "--yes", env={"NEW": "canary-3"})
    assert (applied.code, applied.err) == (0, "warning: the sources hold no pools: none is deleted\n")
    assert target.read_text() == "AIRFLOW_CONN_A=http://a:canary-1@h/\nAIRFLOW_VAR_Z=canary-3\n"
    assert airconn("apply", plan, "--yes", env={"NEW": "canary-3"}).code == 4


def with_kinds(text: str, kinds: object) -> str:
    plan = json.loads(text)
    plan["request"]["selection"]["kinds"] = kinds
    return json.dumps(plan)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-9], "not a plan file"),
        (lambda text: "[]", "not a plan file"),
        (lambda text: "[" * 100_000, "not a plan file"),
        (lambda text: text.replace('"schema_version": 3', '"schema_version": 2'), "by another version of airconn"),
        (lambda text: text.replace('"schema_version": 3', '"schema_version": 4'), "by another version of airconn"),
        (lambda text: text.replace('"schema_version": 3', '"schema_version": true'), "by another version of airconn"),
        (lambda text: text.replace('"prune": ', '"unknown": '), "it has options that this version"),
        (lambda text: text.replace('"action": "create"', '"action": "delete"'), "the plan would be different now"),
        (lambda text: text.replace('"salt"', '"pepper"'), "has changed since the plan was made"),
        (lambda text: with_kinds(text, "x"), "it has options that this version"),
        (lambda text: with_kinds(text, [["connections"]]), "it has options that this version"),
        (lambda text: text.replace('"ids": null', '"ids": []'), "it has options that this version"),
        (lambda text: text.replace('"prune": false', '"prune": 0'), "it has options that this version"),
        (lambda text: text.replace('"airflow": null', '"airflow": "x"'), "it has options that this version"),
        (
            lambda text: text.replace('"values": {}', '"values": {"env_dialect": "x"}'),
            "it has options that this version",
        ),
        (lambda text: text.replace('"max_delete": 10', '"max_delete": "x"'), "it has options that this version"),
        (lambda text: text.replace('"sources": [', '"sources": [7, '), "it has options that this version"),
        (lambda text: text.replace('"sources": [', '"sources": ["a\\u0000b", '), "it has options that this version"),
        (lambda text: with_kinds(text, ["bogus"]), "it has options that this version"),
        (lambda text: text.replace('"name": null', '"name": "bogus"'), "it has options that this version"),
        (lambda text: text.replace('"kind": null', '"kind": "bogus"'), "it has options that this version"),
        (lambda text: text.replace('"overwrite"', '"bogus"'), "it has options that this version"),
        (lambda text: text.replace('"max_delete": 10', '"max_delete": -1'), "it has options that this version"),
        (lambda text: text.replace('"salt": "', '"salt": "\\ud800'), "has changed since the plan was made"),
    ],
)
def test_a_plan_file_that_was_tampered_with_is_refused(
    airconn, tmp_path: Path, target, change: Callable[[str], str], message: str
) -> None:
    plan = tmp_path / "plan.json"
    source = write(tmp_path / "source.env", "AIRFLOW_VAR_NEW=1\n")
    assert airconn("import", source, "--to", target, "--plan-out", plan).code == 0
    plan.write_text(change(plan.read_text()))
    result = airconn("apply", plan)
    assert message in result.err
    assert (result.code in (3, 4), target.read_text()) == (True, HELD)


@pytest.mark.parametrize("args", [["-"], ["s.env", "--fill", "-"], ["s.env", "--overlay", "-"]], ids=" ".join)
def test_a_plan_of_standard_input_is_refused(airconn, tmp_path: Path, target, args: list[str], monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "s.env", "AIRFLOW_VAR_A=1\n")
    result = airconn(
        "import", *args, "--to", target, "--plan-out", tmp_path / "p", stdin="variables: {a: {value: 2}}"
    )
    assert (result.code, (tmp_path / "p").exists()) == (2, False)
    assert "a plan can't refer to standard input" in result.err


@pytest.mark.parametrize("said", ["option", "AIRCONN_URL", "airconn.toml"])
def test_a_plan_keeps_the_name_of_its_target_and_so_its_credentials(
    airconn, tmp_path: Path, said: str, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "s.env", "AIRFLOW_VAR_A=1\n")
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with Site(airflow("3.3.2")) as site:
        named = f'[addresses.prod]\nurl = "{site.url}"\ntoken_env = "AIRCONN_PROD_TOKEN"\n'
        write(tmp_path / "airconn.toml", ('url = "@prod"\n' if said == "airconn.toml" else "") + named)
        env = {"AIRCONN_TOKEN": "of-another", "AIRCONN_PROD_TOKEN": "of-prod"}
        env |= {"AIRCONN_URL": "@prod"} if said == "AIRCONN_URL" else {}
        args = ["--to", "@prod"] if said == "option" else []
        assert airconn("import", "s.env", *args, "--plan-out", "plan.json", env=env).code == 0
        assert json.loads((tmp_path / "plan.json").read_text())["request"]["to"] == "@prod"
        airconn("apply", "plan.json", env=env)
        assert len(site.sent("POST", "/variables")) == 1
        sent = {received.headers["Authorization"] for received in site.log if "Authorization" in received.headers}
    assert sent == {"Bearer of-prod"}


def test_what_is_hidden_is_filled_in_from_several_places(airconn, tmp_path: Path) -> None:
    source = write(
        tmp_path / "masked.json",
        '{"connections": {"a": {"conn_type": "http", "password": "***", "extra": {"x": 1, "token": "***"}},'
        ' "b": {"conn_type": "http", "password": "***"}}}',
    )
    fill = write(tmp_path / "fill.json", '{"connections": {"a": {"conn_type": "x", "password": "p", "host": "no"}}}')
    env = {"AIRFLOW_CONN_A": '{"conn_type": "x", "password": "q", "extra": {"token": "t", "y": 2}}'}
    args = ["--fill", fill, "--fill", "env:", "--exclude", "b"]
    out = tmp_path / "out.json"
    assert airconn("import", source, "--to", out, *args, env=env).code == 0
    wanted = {"conn_type": "http", "password": "p", "extra": '{"x": 1, "token": "t"}'}
    held = json.loads(out.read_text())["connections"]["a"]
    assert {name: held[name] for name in wanted} == wanted
    assert held["host"] is None
    same = airconn("convert", source, *args, env=env)
    assert json.loads(same.out)["connections"]["a"] == held
    blocked = airconn("import", source, "--to", tmp_path / "no.json", "--fill", fill)
    assert (blocked.code, (tmp_path / "no.json").exists()) == (4, False)
    assert "connections/b" in blocked.out


def test_old_and_new_of_what_is_no_secret_are_shown_if_asked_for(airconn, tmp_path: Path) -> None:
    fields = '{"conn_type": "http", "host": "%s", "password": "%s", "extra": {"region": "%s", "token": "%s"}}'
    target = write(tmp_path / "t.json", '{"connections": {"a": ' + fields % ("h1", "canary", "eu", "canary") + "}}")
    source = write(tmp_path / "s.json", '{"connections": {"a": ' + fields % ("h2", "canari", "us", "canari") + "}}")
    args = ["import", source, "--to", target, "--dry-run"]
    plain = airconn(*args)
    assert not any(value in plain.out for value in ("h1", "h2", "eu", "canar"))
    shown = airconn(*args, "--show-values")
    assert '      extra.region: "eu" -> "us"\n      host: "h1" -> "h2"\n' in shown.out
    assert "canar" not in shown.out


def test_merge_keeps_what_the_source_lacks(airconn, tmp_path: Path) -> None:
    target = write(tmp_path / "t.json", '{"connections": {"a": {"conn_type": "http", "host": "h", "login": "l"}}}')
    source = write(tmp_path / "s.json", '{"connections": {"a": {"conn_type": "http", "host": "new"}}}')
    assert airconn("import", source, "--to", target, "--merge", "--verify").code == 0
    held = json.loads(target.read_text())["connections"]["a"]
    assert (held["host"], held["login"]) == ("new", "l")
    assert airconn("import", source, "--to", target, "--merge", "--exact").code == 2


@pytest.mark.parametrize(
    "extra", ['{"a": 1, "a": 2, "k": "S"}', "not json secret", "[1]"], ids=["doubled", "no JSON", "a list"]
)
def test_an_extra_that_can_not_be_merged_into_is_left_alone(airconn, tmp_path: Path, extra: str) -> None:
    fields = {"conn_type": "http", "extra": extra}
    target = write(tmp_path / "t.json", json.dumps({"connections": {"a": fields}}))
    source = write(tmp_path / "s.json", '{"connections": {"a": {"conn_type": "http", "extra": {"n": 1}}}}')
    before = target.read_text()
    result = airconn("import", source, "--to", target, "--merge", "--airflow", "2.11")
    assert (result.code, target.read_text()) == (4, before)
    assert "so the two can't be merged" in result.out
    same = write(tmp_path / "same.json", before)
    assert airconn("import", same, "--to", target, "--merge", "--airflow", "2.11").code == 0


@pytest.mark.parametrize("name", ["source.env", "target.env", "-", "other.json"])
def test_a_plan_takes_the_place_of_no_other_file(airconn, tmp_path: Path, target, name: str, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "source.env", "AIRFLOW_VAR_NEW=1\n")
    write(tmp_path / "other.json", "{}")
    before = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert airconn("import", "source.env", "--to", "target.env", "--plan-out", name).code == 2
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == before
    for _ in range(2):  # over a plan it does
        assert airconn("import", "source.env", "--to", "target.env", "--plan-out", "plan.json").code == 0


def test_a_plan_is_for_the_file_that_it_was_made_for(airconn, tmp_path: Path, monkeypatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "source.env", "AIRFLOW_VAR_NEW=1\n")
    monkeypatch.chdir(tmp_path / "one")
    assert airconn("import", "source.env", "--to", "out.env", "--plan-out", "plan.json").code == 0
    monkeypatch.chdir(tmp_path / "two")
    assert airconn("apply", tmp_path / "one" / "plan.json").code == 0
    assert [(tmp_path / name / "out.env").exists() for name in ("one", "two")] == [True, False]


def test_a_file_is_written_as_a_whole_and_told_of_as_a_whole(airconn, tmp_path: Path) -> None:
    source = write(
        tmp_path / "s.json",
        '{"connections": {"a b": {"conn_type": "http"}, "z": {"conn_type": "http"}}, "variables": {"v": "1"}}',
    )
    target = write(tmp_path / "t.env", "AIRFLOW_VAR_GONE=1\nAIRFLOW_VAR_V=0\n")
    args = ("import", source, "--to", target, "--fail-fast", "--prune", "--yes")
    before = target.read_text()
    result = airconn(*args)
    assert (result.code, result.out, target.read_text()) == (3, "", before)
    result = airconn(*args, "--exclude", "a b")
    assert result.code == 0
    assert result.out.endswith(": 1 created, 1 updated, 1 deleted, 0 unchanged\n")
    assert target.read_text() == 'AIRFLOW_VAR_V=1\nAIRFLOW_CONN_Z=\'{"conn_type": "http"}\'\n'


def test_nothing_is_deleted_that_differs_in_capitals_only(airconn, tmp_path: Path) -> None:
    target = write(tmp_path / "t.json", '{"connections": {"My_Db": {"conn_type": "http"}, "x": {"conn_type": "a"}}}')
    source = write(tmp_path / "s.env", "AIRFLOW_CONN_MY_DB=http://h\n")
    before = target.read_text()
    result = airconn("import", source, "--to", target, "--prune", "--yes")
    assert (result.code, target.read_text()) == (4, before)
    assert "the sources have my_db: --exclude this one, --rename that one" in result.out


def test_the_environment_is_asked_as_airflow_asks_it(airconn, tmp_path: Path) -> None:
    source = write(tmp_path / "s.json", '{"connections": {"NewC": {"conn_type": "http", "password": "***"}}}')
    env = {"AIRFLOW_CONN_NEWC": "http://u:filled@h"}
    filled = airconn("convert", source, "--fill", "env:", env=env)
    assert json.loads(filled.out)["connections"]["NewC"]["password"] == "filled"
    assert "connections/NewC" in airconn("show", "connections/NewC", "--from", "env:", env=env).out


def test_a_mask_inside_of_a_password_is_taken_for_real_if_the_user_says_so(airconn, tmp_path: Path) -> None:
    source = write(tmp_path / "s.json", '{"connections": {"a": {"conn_type": "http", "password": "pa***ss"}}}')
    result = airconn("convert", source, "--literal-mask", "connections/a.password")
    assert json.loads(result.out)["connections"]["a"]["password"] == "pa***ss"


def test_only_what_was_written_is_counted(airconn, tmp_path: Path) -> None:
    source = write(tmp_path / "s.json", '{"variables": {"a": "1", "b c": "2"}, "pools": {"p": {"slots": 1}}}')
    result = airconn("convert", source, "-o", tmp_path / "out.env")
    assert result.err.endswith("out.env: 0 connections, 1 variable\n")
    assert "warning: the env format can't hold everything: skipped 1 pool, variables/b c (-v lists" in result.err
    verbose = airconn("convert", source, "-o", tmp_path / "out.env", "-v")
    assert "warning: variables: left out: the id can't be part of a name in a .env file (1: b c)\n" in verbose.err


class Gone:
    """A stream of which nobody reads the other end."""

    def write(self, text: str) -> int:
        raise BrokenPipeError

    def flush(self) -> None:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return False


def test_an_import_goes_on_when_nobody_listens_any_more(tmp_path: Path) -> None:
    source = write(tmp_path / "s.env", "".join(f"AIRFLOW_VAR_V{n}={n}\n" for n in range(50)))
    environ = {"AIRCONN_CONFIG": str(write(tmp_path / "user.toml", ""))}
    app = App(io.BytesIO(), Gone(), Gone(), environ, tmp_path)  # type: ignore[arg-type]
    assert run(["import", str(source), "--to", str(tmp_path / "t.env")], app) == 0
    assert (tmp_path / "t.env").read_text().count("AIRFLOW_VAR_") == 50


def test_what_can_not_be_read_back_is_told_and_the_report_is_there(
    airconn, tmp_path: Path, target, monkeypatch
) -> None:
    def verify(*args: object) -> None:
        raise TargetError("these credentials may not read variables", where="place")

    monkeypatch.setattr("airconn.transfer.readback.verify", verify)
    source = write(tmp_path / "s.env", "AIRFLOW_VAR_NEW=1\n")
    result = airconn("import", source, "--to", target, "--verify", "--output", "json")
    assert (result.code, json.loads(result.out)["summary"]["created"]) == (1, 1)
    assert (
        result.err
        == "warning: what was written can't be read back: place: these credentials may not read variables\n"
    )


def test_a_plan_runs_no_command_of_its_own_choice(airconn, tmp_path: Path) -> None:
    (tmp_path / "in.json").write_text('{"variables": {"v": "x"}}')
    address = f"airflow-cli:touch {tmp_path}/run"
    for args in (("--to", address), ("--fill", address, "--to", tmp_path / "x.env")):
        made = airconn("import", tmp_path / "in.json", *args, "--plan-out", tmp_path / "plan.json")
        assert made.code == 2
        assert "the airflow-cli: address runs a command, and a plan may not do that" in made.err
    assert (
        airconn("import", tmp_path / "in.json", "--to", tmp_path / "x.env", "--plan-out", tmp_path / "p.json").code
        == 0
    )
    plan = json.loads((tmp_path / "p.json").read_text())
    plan["request"]["to"] = address
    (tmp_path / "p.json").write_text(json.dumps(plan))
    applied = airconn("apply", tmp_path / "p.json")
    assert applied.code == 2
    assert "the airflow-cli: address runs a command" in applied.err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["to", "fills", "sources"])
def test_a_plan_sends_no_credentials_where_it_likes(airconn, tmp_path: Path, option: str) -> None:
    """Reading and looking at the target is enough to send them, long before the plan is found to be another one."""
    (tmp_path / "in.json").write_text('{"variables": {"v": "***"}}')
    (tmp_path / "in2.json").write_text('{"variables": {"v": "x"}}')
    plan = tmp_path / "p.json"
    made = ["import", tmp_path / "in.json", "--fill", tmp_path / "in2.json", "--to", tmp_path / "x.env"]
    assert airconn(*made, "--plan-out", plan).code == 0
    with Site(lambda received: Answer(403, {"errors": []})) as site:
        address = f"vault://127.0.0.1:{site.port}/secret"
        options = json.loads(plan.read_text())
        options["request"][option] = address if option == "to" else [address]
        plan.write_text(json.dumps(options))
        applied = airconn("apply", plan, env={"VAULT_TOKEN": "canary"})
        assert applied.code == 2
        assert "the vault: address decides where your credentials are sent" in applied.err
        assert "config.toml, and use @name" in applied.err
        named = tmp_path.parent / f"{tmp_path.name}-user.toml"
        named.write_text(f'[addresses]\nv = "{address}"\n')
        options["request"][option] = "@v" if option == "to" else ["@v"]
        plan.write_text(json.dumps(options))
        assert site.log == []
        assert airconn("apply", plan, env={"VAULT_TOKEN": "canary"}).code == 5
        assert site.log[0].headers["X-Vault-Token"] == "canary"


def test_a_project_sends_no_credentials_where_it_likes(airconn, tmp_path: Path) -> None:
    with Site(lambda received: Answer(403, {"errors": []})) as site:
        (tmp_path / "airconn.toml").write_text(f'url = "vault://127.0.0.1:{site.port}/secret"\n')
        listed = airconn("list", env={"VAULT_TOKEN": "canary"})
        assert (listed.code, site.log) == (2, [])
    assert "a project's file may not do that" in listed.err


def test_a_deletion_reads_the_place_for_the_airflow_that_it_is_for(airconn, tmp_path: Path) -> None:
    """Another connection of the file may be one that only an older Airflow takes."""
    target = write(tmp_path / "old.env", 'AIRFLOW_CONN_A=\'{"conn_type": "t", "extra": "plain"}\'\nAIRFLOW_VAR_V=1\n')
    refused = airconn("delete", "v", "--from", target, "--yes")
    assert (refused.code, "add --airflow 2.11" in refused.err) == (3, True)
    done = airconn("delete", "v", "--from", target, "--yes", "--airflow", "2.11")
    assert (done.code, done.err) == (0, "")
    assert target.read_text() == 'AIRFLOW_CONN_A=\'{"conn_type": "t", "extra": "plain"}\'\n'


def test_who_is_asked_about_many_deletions_sees_the_first_and_how_many_there_are(
    airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airconn.cli.app.App.stdin_is_terminal", True)
    target = write(tmp_path / "t.env", "".join(f"AIRFLOW_VAR_V{n:03}=1\n" for n in range(200)))
    source = write(tmp_path / "s.env", "AIRFLOW_VAR_V000=1\n")
    args = ["import", source, "--to", target, "--prune", "--max-delete", "500"]
    asked = airconn(*args, stdin="n\n", terminal=True)
    shown = ", ".join(f"variables/v{n:03}" for n in range(1, 9))
    assert f"delete 199 objects of {target} ({shown} and 191 more)? [y/N] " in asked.err
    assert (asked.code, len(target.read_text().splitlines())) == (4, 200)
    # What is agreed to has been shown by then, without what stays as it is.
    assert [line.split()[:2] for line in click.unstyle(asked.out).splitlines()] == [
        ["-", f"variables/v{n:03}"] for n in range(1, 200)
    ]
