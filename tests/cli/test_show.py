"""`airconn show`, at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

OBJECTS = {
    "connections": {
        "db": {
            "conn_type": "postgres",
            "host": "h",
            "login": "",
            "password": "canary-1",
            "port": 5432,
            "extra": {"sslmode": "require", "keyfile_dict": {"id": "canary-2"}, "n": 1.50, "url": "x://u:canary-3@h"},
        },
        "masked": {"conn_type": "http", "password": "***", "extra": {"token": "***", "a": "b"}},
        "text": {"conn_type": "jdbc", "extra": "canary-4"},
        "region": {"conn_type": "aws"},
    },
    "variables": {
        "region": "eu",
        "api_token": "canary-5",
        "config": '{"a":1.50, "password": "canary-6"}',
        "list": "[1,  2]",
        "uri": "postgres://u:canary-7@h",
        "hidden": "***",
        "connections/odd": "x",
    },
    "pools": {"small": {"slots": 3, "include_deferred": True}},
}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    path = tmp_path / "objects.json"
    path.write_text(json.dumps(OBJECTS).replace("1.5,", "1.50,"))
    return path


def show(airconn, place: Path, *args: str):
    return airconn("show", "--from", place, "--airflow", "2.11", *args)


def fields(text: str) -> dict[str, str]:
    lines = [line.strip().split("  ", 1) for line in text.splitlines()[1:]]
    return {line[0]: line[1].strip() for line in lines}


def test_the_fields_are_shown_and_secrets_are_masked(airconn, place: Path) -> None:
    result = show(airconn, place, "connections/db")
    assert (result.code, result.err) == (0, "")
    assert result.out.splitlines()[0].startswith(f"connections/db  ({place}:1:")
    assert fields(result.out) == {
        "conn_type": "postgres",
        "host": "h",
        "login": '""',
        "password": "***",
        "port": "5432",
        "extra.sslmode": "require",
        "extra.keyfile_dict.id": "***",
        "extra.n": "1.50",
        "extra.url": "***",
    }


def test_no_secret_is_in_any_output_unless_it_is_asked_for(airconn, place: Path) -> None:
    ids = [f"{kind}/{id_}" for kind, objects in OBJECTS.items() for id_ in objects]
    for output in ("text", "json"):
        result = show(airconn, place, *ids, "--output", output)
        assert (result.code, "canary" in result.out + result.err) == (0, False)
        revealed = show(airconn, place, *ids, "--output", output, "--reveal")
        assert [number for number in range(1, 8) if f"canary-{number}" not in revealed.out] == []


def test_what_airflow_would_show_is_masked_if_it_may_be_a_secret(airconn, tmp_path: Path) -> None:
    """Airflow's own list knows none of these names."""
    names = ["account_key", "pwd", "pass", "ssh_key", "hmac", "keyfile_json", "signing_key", "sslkey", "pat"]
    extra = {**dict.fromkeys(names, "canary"), "sas": "sv=1&sig=canary", "region": "eu"}
    variables = {"PWD": "canary", "GITHUB_PAT": "canary", "hook": "https://hooks.slack.com/services/T0/B0/canary"}
    document = {"connections": {"c": {"conn_type": "x", "extra": extra}}, "variables": variables}
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    old.write_text(json.dumps(document))
    new.write_text(json.dumps(document).replace("canary", "canary-2").replace('"eu"', '"us"'))
    shown = airconn("show", "--from", old, "c", *variables)
    assert (shown.code, "canary" in shown.out) == (0, False)
    assert "  extra.region        eu\n" in shown.out
    diff = airconn("diff", old, new, "--show-values")
    assert (diff.code, "canary" in diff.out, diff.out.count("(a secret)")) == (0, False, 13)
    plan = airconn("import", new, "--to", old, "--dry-run", "--show-values")
    assert (plan.code, "canary" in plan.out, plan.out.count(" -> ")) == (0, False, 1)
    assert '      extra.region: "eu" -> "us"\n' in plan.out


def test_what_the_source_hides_stays_hidden(airconn, place: Path) -> None:
    for options in ([], ["--reveal"]):
        result = show(airconn, place, "connections/masked", "variables/hidden", *options)
        assert "  password     *** (hidden by the source)\n" in result.out
        assert "  extra.token  *** (hidden by the source)\n" in result.out
        assert "  value  *** (hidden by the source)\n" in result.out
        assert "  extra.a      b\n" in result.out


def test_a_variable_is_shown_as_it_is_unless_a_part_of_it_is_secret(airconn, place: Path) -> None:
    assert fields(show(airconn, place, "variables/list").out) == {"value": "[1,  2]"}
    assert fields(show(airconn, place, "config").out) == {"value.a": "1.50", "value.password": "***"}
    assert fields(show(airconn, place, "config", "--reveal").out) == {"value": '{"a":1.50, "password": "canary-6"}'}


def test_json_names_what_the_mask_stands_for(airconn, place: Path) -> None:
    result = show(airconn, place, "db", "masked", "config", "small", "--output", "json")
    report = json.loads(result.out)
    assert (report["schema_version"], report["source"]) == (1, str(place))
    db, masked, config, pool = report["objects"]
    assert db["fields"]["extra"].startswith('{"sslmode": "require", "keyfile_dict": {"id": "***"}, "n": 1.50')
    assert db["masked"] == ["password", "extra.keyfile_dict.id", "extra.url"]
    assert (masked["masked"], masked["hidden"]) == ([], ["password", "extra.token"])
    assert config["fields"]["value"] == '{"a": 1.50, "password": "***"}'
    assert pool["fields"] == {"slots": 3, "description": None, "include_deferred": True, "team_name": None}
    revealed = json.loads(show(airconn, place, "config", "--output", "json", "--reveal").out)
    assert revealed["objects"][0]["fields"]["value"] == OBJECTS["variables"]["config"]
    assert revealed["objects"][0]["masked"] == []


def test_a_bare_id_is_looked_up_in_the_selected_kinds(airconn, place: Path) -> None:
    assert show(airconn, place, "small").out.startswith("pools/small")
    both = show(airconn, place, "region")
    assert (both.code, both.out) == (2, "")
    assert both.err == (
        "error: 'region' matches more than one object\nhint:  write one of: connections/region or variables/region\n"
    )
    assert show(airconn, place, "region", "--variables").out.startswith("variables/region")
    assert show(airconn, place, "region", "--connections", "--pools").out.startswith("connections/region")
    assert show(airconn, place, "variables/connections/odd").out.startswith("variables/connections/odd")


def test_objects_come_in_the_order_of_the_command_line_and_once(airconn, place: Path) -> None:
    result = show(airconn, place, "small", "db", "pools/small", "small")
    assert [line.split("  ")[0] for line in result.out.splitlines() if not line.startswith(" ")] == [
        "pools/small",
        "connections/db",
    ]


def test_an_id_that_is_not_there_is_told_with_the_nearest(airconn, place: Path) -> None:
    result = show(airconn, place, "db", "Smal", "variables/regoin", "qqqqqq")
    assert (result.code, result.out) == (3, "")
    assert result.err.splitlines() == [
        f"error: {place}: Smal doesn't exist",
        "hint:  did you mean pools/small?",
        f"error: {place}: variables/regoin doesn't exist",
        "hint:  did you mean variables/region?",
        f"error: {place}: qqqqqq doesn't exist",
        "hint:  airconn list shows the ids",
    ]


def test_a_value_can_not_command_a_terminal(airconn, tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text(json.dumps({"v\x1b[2J": "a\x1b[2J\nb"}))
    result = airconn("show", "variables/v\x1b[2J", "--from", tmp_path / "variables.json")
    assert (result.code, "\x1b" in result.out) == (0, False)
    assert "  value  a\\x1b[2J\\nb\n" in result.out


def test_the_target_is_the_default_and_only_what_is_asked_for_is_read(airconn) -> None:
    def answer(received: Received) -> Answer | None:
        if received.path.endswith("/variables/region"):
            return Answer(body={"key": "region", "value": "eu", "description": "d", "is_encrypted": True})
        return None

    with Site(airflow("3.0.6", answer)) as site:
        env = {"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "a-token"}
        result = airconn("show", "variables/region", env=env)
        asked = [received.path for received in site.log if "/variables" in received.path]
        missing = airconn("show", "variables/nope", env=env)
    assert (result.code, result.out.splitlines()[1:]) == (0, ["  value        eu", "  description  d"])
    assert asked == ["/api/v2/variables/region"]
    assert (missing.code, missing.err.splitlines()[0]) == (3, f"error: {site.url}: variables/nope doesn't exist")
