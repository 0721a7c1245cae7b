"""`astro-env://` at the command line: every command that reads or writes a place."""

from __future__ import annotations

import json
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from airconn.config import Settings
from airconn.stores.astro.client import AstroApi
from airconn.stores.astro.environment import pacing
from tests.conftest import Result
from tests.stores.astro.fake_astro import FakeAstro, Refusal, running
from tests.stores.astro.switches import Switches

WS = "astro-env://Data Platform"
Airconn = Callable[..., Result]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pacing, "WINDOW", 0.0)


@pytest.fixture
def astro() -> Iterator[FakeAstro]:
    with running() as astro:
        fill(astro)
        yield astro


def fill(astro: FakeAstro) -> None:
    astro.put(
        "CONNECTION", "warehouse",
        {"type": "postgres", "host": "db", "login": "etl", "password": "canary-db", "port": 5432},
        description="owned by billing", links={astro.deployment: {"host": "db.prod"}},
    )  # fmt: skip
    astro.put("AIRFLOW_VARIABLE", "region", {"value": "eu"}, auto_link=True)
    astro.put("AIRFLOW_VARIABLE", "api_key", {"value": "canary-key", "isSecret": True})
    astro.put("ENVIRONMENT_VARIABLE", "PYTHONPATH", {"value": "/x"})
    astro.put("METRICS_EXPORT", "m", {"endpoint": "https://e", "exporterType": "PROMETHEUS"})


def test_an_import_creates_and_updates_and_a_second_one_changes_nothing(
    astro: FakeAstro, airconn: Airconn, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "AIRFLOW_CONN_WAREHOUSE='postgres://etl:canary-db@db2:5432'\nAIRFLOW_CONN_NEW=http://u:canary-new@h\n"
        "AIRFLOW_VAR_REGION=us\nAIRFLOW_VAR_NEW_TOKEN=canary-token-1\n"
    )
    state = astro.find("warehouse").state()
    tried = airconn("import", ".env", "--to", WS, "--dry-run", env=astro.environ())
    assert tried.code == 0
    assert astro.find("warehouse").state() == state
    done = airconn("import", ".env", "--to", WS, env=astro.environ())
    assert done.code == 0, done.err
    assert done.out == (
        "  + connections/new        http      .env:2\n"
        "  ~ connections/warehouse  postgres  .env:1  host\n"
        "  + variables/new_token              .env:4\n"
        "  ~ variables/region                 .env:3  value\n"
        f"the Environment Manager of the Workspace Data Platform ({astro.workspace}): "
        "2 created, 2 updated, 0 unchanged\n"
    )
    for told in (tried.err, done.err):
        assert told == (
            "written as secrets, which Astro can't turn back into plain values: variables/new_token "
            "(?secret=none writes plain ones)\n"
            "no Deployment gets connections/new, variables/new_token until you link them in the Astro UI "
            "(?auto_link=true links new objects to all Deployments of the Workspace)\n"
        )
    assert astro.find("warehouse").state() == {**state, "content": {**state["content"], "host": "db2"}}
    again = airconn("import", ".env", "--to", WS, env=astro.environ())
    assert "0 created, 0 updated, 4 unchanged" in again.out
    assert "canary" not in tried.out + done.out + again.out + tried.err + done.err + again.err


def test_what_is_exported_is_imported_again_without_a_change(
    astro: FakeAstro, airconn: Airconn, tmp_path: Path
) -> None:
    for name in ("a.json", "a.yaml", ".env"):
        done = airconn("export", "--from", WS, "-o", name, env=astro.environ())
        assert done.code == 0, done.err
        again = airconn("import", name, "--to", WS, env=astro.environ())
        assert "0 created, 0 updated, 3 unchanged" in again.out, again.err
    assert json.loads((tmp_path / "a.json").read_text())["connections"]["warehouse"]["password"] == "canary-db"


def test_what_is_hidden_is_exported_as_such_and_filled_from_elsewhere(airconn: Airconn, tmp_path: Path) -> None:
    with running(Switches(show_secrets="refused")) as astro:
        fill(astro)
        done = airconn("export", "--from", WS, "-o", "a.json", env=astro.environ())
        assert done.code == 0
        held = json.loads((tmp_path / "a.json").read_text())
        assert held["connections"]["warehouse"]["password"] == "***"
        assert held["variables"]["api_key"] == "***"
        assert "Organization Settings > General > Environment Secrets Fetching" in done.err
        (tmp_path / ".env").write_text(
            "AIRFLOW_CONN_WAREHOUSE=postgres://etl:filled@db:5432\nAIRFLOW_VAR_API_KEY=filled\n"
        )
        done = airconn("export", "--from", WS, "--fill", ".env", env=astro.environ())
        assert json.loads(done.out)["connections"]["warehouse"]["password"] == "filled"
        # Importing what hides them keeps them.
        state = astro.state()
        done = airconn("import", "a.json", "--to", WS, env=astro.environ())
        assert done.code == 0
        assert astro.state() == state


def test_an_update_that_could_clear_a_hidden_password_is_blocked(airconn: Airconn, tmp_path: Path) -> None:
    with running(Switches(show_secrets="refused")) as astro:
        fill(astro)
        (tmp_path / "a.json").write_text('{"connections": {"warehouse": {"conn_type": "postgres", "host": "db2"}}}')
        state = astro.state()
        done = airconn("import", "a.json", "--to", WS, "--merge", env=astro.environ())
        assert done.code == 4
        assert "Astro hides password, and an update without it may clear it: put it into the source" in done.out
        assert "deleting it and creating it again would lose hidden values: password" in done.out
        assert astro.state() == state
        (tmp_path / ".env").write_text("AIRFLOW_CONN_WAREHOUSE=postgres://etl:new@db2:5432\n")
        done = airconn("import", ".env", "--to", WS, env=astro.environ())
        assert done.code == 0, done.out
        assert astro.find("warehouse").content["password"] == "new"


def test_diff_list_and_show_read_it(astro: FakeAstro, airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_VAR_REGION=us\nAIRFLOW_VAR_API_KEY=canary-key\n")
    done = airconn("diff", WS, ".env", "--variables", env=astro.environ())
    assert "~ variables/region" in done.out
    assert "1 different" in done.out
    done = airconn("list", "--from", WS, env=astro.environ())
    ids = [line.split()[:2] for line in done.out.splitlines() if line.startswith(("connections ", "variables "))]
    assert ids == [["connections", "warehouse"], ["variables", "api_key"], ["variables", "region"]]
    done = airconn("show", "connections/warehouse", "--from", WS, env=astro.environ())
    assert "owned by billing" in done.out
    assert "canary" not in done.out + done.err


def test_a_command_runs_with_what_reaches_the_deployment(astro: FakeAstro, airconn: Airconn, tmp_path: Path) -> None:
    linked = "astro-env://Data Platform/production?linked=true"
    done = airconn("export", "--from", linked, "--format", "env", env=astro.environ())
    assert done.code == 0, done.err
    assert "db.prod" in done.out
    assert "API_KEY" not in done.out
    done = airconn("import", linked, "--to", "astro-env://Data Platform/production", env=astro.environ())
    assert done.code == 2
    assert "is both the source and the target" in done.err
    done = airconn("import", ".env", "--to", linked, env=astro.environ())
    assert done.code == 2
    assert "can't be written to: it shows what a Deployment gets from its Workspace" in done.err


def test_what_is_not_ours_is_never_deleted(astro: FakeAstro, airconn: Airconn, tmp_path: Path) -> None:
    done = airconn("delete", "variables/region", "--from", WS, "--yes", env=astro.environ())
    assert done.code == 0, done.err
    assert "Deployments lose variables/region, which is linked to them" in done.err
    (tmp_path / ".env").write_text("AIRFLOW_VAR_API_KEY=canary-key\nAIRFLOW_CONN_X=http://h\n")
    done = airconn("import", ".env", "--to", WS, "--prune", "--yes", env=astro.environ())
    assert done.code == 0, done.err
    assert {held.object_key for held in astro.objects.values()} == {"api_key", "x", "PYTHONPATH", "m"}


def test_a_type_is_changed_by_a_replacement_that_is_told(astro: FakeAstro, airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_CONN_WAREHOUSE=mysql://etl:canary-db@db:5432\n")
    links = astro.find("warehouse").state()["links"]
    done = airconn("import", ".env", "--to", WS, env=astro.environ())
    assert done.code == 0, done.err
    assert "deleted and created again, with its links: connections/warehouse" in done.err
    assert astro.find("warehouse").content["type"] == "mysql"
    assert astro.find("warehouse").state()["links"] == links


def test_an_object_that_stays_deleted_can_be_made_whole_by_the_files_that_are_kept(
    astro: FakeAstro, airconn: Airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("airconn.stores.astro.environment.writing._AGAIN", ())
    (tmp_path / ".env").write_text("AIRFLOW_CONN_WAREHOUSE=mysql://etl:canary-db@db:5432\n")
    links = astro.find("warehouse").state()["links"]
    assert links

    def before(call: object, received: object) -> None:
        if getattr(call, "operation", "") == "CreateEnvironmentObject":
            raise Refusal(400, "no")

    astro.before = before
    done = airconn("import", ".env", "--to", WS, env=astro.environ())
    assert done.code == 1
    (more,) = re.findall(r"^  (\S+-requests\.json) holds the requests that create them", done.err, re.MULTILINE)
    assert stat.S_IMODE(Path(more).stat().st_mode) == 0o600
    assert "canary" not in done.out + done.err
    astro.before = lambda call, received: None
    (request,) = json.loads(Path(more).read_text())
    assert request["request"] == "POST /environment-objects"
    api = AstroApi(Settings(environ=astro.environ(), retries=0))
    api.post("/environment-objects", request["body"])
    api.close()
    made = astro.find("warehouse")
    assert (made.content["type"], made.state()["links"]) == ("mysql", links)


def test_no_message_quotes_what_a_refusal_does(astro: FakeAstro, airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_VAR_NEW=canary-new\nAIRFLOW_VAR_REGION=us\n")

    def before(call: object, received: object) -> None:
        if getattr(call, "operation", "") == "CreateEnvironmentObject":
            raise Refusal(
                400,
                "canary-new is not valid",
                [{"code": "max", "field": "airflowVariable.value", "message": "canary-new"}],
            )

    astro.before = before
    done = airconn("import", ".env", "--to", WS, env=astro.environ())
    assert done.code == 1
    assert "Astro refuses the request: airflowVariable.value (max) (request " in done.out
    assert "canary" not in done.out + done.err
    assert astro.find("region").content["value"] == "us"


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("astro-env://", 2, "the address names no Workspace"),
        ("astro-env://nowhere", 2, "unknown Workspace 'nowhere'"),
        ("astro-env://Data Platform/nowhere", 2, "unknown Deployment 'nowhere'"),
        (f"astro-env://{'c' + 'x' * 24}", 2, "Astro has no Workspace"),
        ("astro-env://Data Platform?as=uri", 2, "as is env"),
    ],
)
def test_a_wrong_address_is_told(astro: FakeAstro, airconn: Airconn, address: str, code: int, words: str) -> None:
    done = airconn("list", "--from", address, env=astro.environ())
    assert done.code == code
    assert words in done.err
    assert "hint:" in done.err


def test_environment_variables_are_imported_as_such(astro: FakeAstro, airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(
        '{"connections": {"SMTP.x": {"conn_type": "smtp", "host": "h", "password": "canary-smtp"}}, '
        '"variables": {"a": "1"}}'
    )
    address = f"{WS}?as=env&auto_link=true"
    done = airconn("import", "a.json", "--to", address, env=astro.environ())
    assert done.code == 0, done.err
    assert json.loads(astro.find("AIRFLOW_CONN_SMTP.X").content["value"])["password"] == "canary-smtp"
    assert astro.find("AIRFLOW_CONN_SMTP.X").content["isSecret"]
    assert astro.find("AIRFLOW_VAR_A").content == {"value": "1", "isSecret": False}
    assert astro.find("AIRFLOW_VAR_A").auto_link
    again = airconn("import", "a.json", "--to", address, env=astro.environ())
    assert "0 created, 0 updated, 2 unchanged" in again.out
