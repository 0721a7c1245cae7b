"""An export that is imported again changes not one byte of a secret, also where Airflow masks by value."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.target import Target

NOTHING = dict.fromkeys(["description", "login", "host", "port", "schema", "password", "extra"])
# The password of one connection stands inside of other values, where Airflow masks it once it has seen it.
HELD: dict[str, Any] = {
    "connections": {
        "db": {
            **NOTHING,
            "conn_type": "postgres",
            "host": "h",
            "password": "Sesame-1",
            "extra": '{"token": "tk-77777"}',
        },
        "api": {
            **NOTHING,
            "conn_type": "http",
            "description": "of the team",
            "password": "pa/ss: wörd é🔑",
            "extra": '{"url": "https://u:Sesame-1@h/x",  "n": 1.50, "deep": {"api_key": "ak-1", "l": ["Sesame-1"]}}',
        },
        "bare": {**NOTHING, "conn_type": "http", "extra": '{"region": "eu"}'},
    },
    "variables": {
        "dsn_in_words": {"value": "postgres://u:Sesame-1@h/db", "description": "d"},
        "as_json": {"value": '{"a": "x Sesame-1 y", "b": 1.50}', "description": None},
        "my_api_key": {"value": "k-123456", "description": None},
        "plain": {"value": " 1.50\n", "description": None},
    },
    "pools": {"p": {"slots": 3, "description": "d", "include_deferred": True}},
}


@pytest.fixture
def target(every_sandbox: Any, airconn: Callable[..., Any], tmp_path: Path) -> Target:
    return Target(every_sandbox, airconn, tmp_path)


def mask_by_value(target: Target) -> None:
    """Has each worker of the server see the passwords, which it then masks wherever they stand."""
    masked = 0
    while masked < (8 if target.box.version.startswith("2.") else 1):
        shown = target.airconn("export", "--connections", "--format", "json")
        assert shown.code == 0
        masked = 0 if "Sesame-1" in shown.out else masked + 1


@pytest.mark.parametrize("format_name", ["env", "uri", "json", "yaml", "settings"])
def test_an_export_that_is_imported_again_changes_no_secret(target: Target, format_name: str) -> None:
    target.seed(HELD)
    mask_by_value(target)
    out = target.directory / f"export.{format_name}"
    chosen = ["--exclude", "pools/default_pool"]
    exported = target.airconn("export", *chosen, "--format", format_name, "-o", out)
    assert exported.code == 0
    text = out.read_text()
    hidden = ["tk-77777", "ak-1", "pa/ss"] + ([] if target.box.version.startswith("2.") else ["k-123456"])
    assert not any(secret in text for secret in hidden)
    again = target.airconn("import", out, "--from-format", format_name)
    assert (again.code, again.err) == (0, ""), again.out + again.err
    found = target.database()
    assert {id_: (c["password"], c["extra"]) for id_, c in found["connections"].items()} == {
        id_: (c["password"], c["extra"]) for id_, c in HELD["connections"].items()
    }
    assert found["variables"] == HELD["variables"]
    assert {id_: c["description"] for id_, c in found["connections"].items()} == {
        id_: c["description"] for id_, c in HELD["connections"].items()
    }
    # Over nothing, what is hidden can't be made good, and everything stays undone.
    target.wipe()
    blocked = target.airconn("import", out, "--from-format", format_name)
    assert (blocked.code, target.database()) == (4, {"connections": {}, "variables": {}, "pools": {}})
    # But for what another place shows of it.
    fill = target.directory / "fill.json"
    target.airconn("import", target_file(target), "--to", fill)
    options = ["--from-format", format_name, "--fill", fill, "--connections"]
    if target.box.version.startswith("2."):
        # Of what has no password it doesn't say so, and a place that shows none may just not have it.
        nobody = target.airconn("import", out, *options, "--include", "bare")
        assert (nobody.code, "hidden in the source, and the target has none: password" in nobody.out) == (4, True)
        options += ["--exclude", "bare"]
    filled = target.airconn("import", out, *options)
    assert filled.code == 0, filled.out + filled.err
    for id_, found in target.database()["connections"].items():
        assert found["password"] == HELD["connections"][id_]["password"]
        assert json.loads(found["extra"]) == json.loads(HELD["connections"][id_]["extra"])


def target_file(target: Target) -> Path:
    """The objects as a file that shows everything."""
    path = target.directory / "held.json"
    path.write_text(json.dumps({"connections": HELD["connections"]}))
    return path


def test_a_genuine_mask_is_stored_if_the_user_says_so(target: Target) -> None:
    held = {**NOTHING, "conn_type": "http", "password": "old", "extra": '{"token": "old", "a": 1}'}
    target.seed({"connections": {"there": held}, "variables": {"my_token": {"value": "old", "description": None}}})
    source = target.directory / "source.json"
    connection = {"conn_type": "http", "password": "***", "extra": {"token": "***", "a": 1}}
    source.write_text(
        json.dumps({"connections": {"there": connection, "new": connection}, "variables": {"my_token": "***"}})
    )
    assert target.airconn("import", source).code == 4  # there is nothing to keep for the new one
    places = [f"connections/{id_}.{field}" for id_ in ("there", "new") for field in ("password", "extra.token")]
    options = [option for place in (*places, "variables/my_token.value") for option in ("--literal-mask", place)]
    done = target.airconn("import", source, *options)
    assert done.code == 0, done.out + done.err
    found = target.database()
    assert {id_: c["password"] for id_, c in found["connections"].items()} == {"there": "***", "new": "***"}
    assert all(json.loads(c["extra"]) == {"token": "***", "a": 1} for c in found["connections"].values())
    assert found["variables"]["my_token"]["value"] == "***"


def test_what_stands_for_a_secret_overwrites_none(target: Target) -> None:
    held = {**NOTHING, "conn_type": "http", "password": "old", "extra": '{"token": "old", "a": 1}'}
    target.seed({"connections": {"there": held}, "variables": {"my_token": {"value": "old", "description": None}}})
    before = target.database()
    source = target.directory / "source.json"
    connection = {"conn_type": "http", "password": "op://prod/db/pw", "extra": {"token": "[REDACTED]", "a": 1}}
    for id_ in ("there", "new"):
        source.write_text(json.dumps({"connections": {id_: connection}, "variables": {"my_token": "${TOKEN}"}}))
        blocked = target.airconn("import", source)
        assert (blocked.code, target.database()) == (4, before)
        assert f"--literal connections/{id_}.extra.token" in blocked.out
        assert "--literal variables/my_token.value" in blocked.out
    places = ["connections/new.password", "connections/new.extra.token", "variables/my_token.value"]
    done = target.airconn("import", source, *[option for place in places for option in ("--literal", place)])
    assert done.code == 0, done.out + done.err
    assert target.database()["connections"]["new"]["password"] == "op://prod/db/pw"
    assert target.database()["variables"]["my_token"]["value"] == "${TOKEN}"


def nested(number: int) -> str:
    """Secrets below sensitive keys, some of which Airflow hides together with all that is around them."""
    deep: Any = "deep-55555"
    for key in "fedcba":
        deep = {key: deep}
    held = {
        "secret": {"db": {"user": "user-11111", "password": "pw-22222"}, "deep": deep},
        "tokens": ["one-33333", "two-44444"],
        "n": number,
    }
    return json.dumps(held)


def test_secrets_of_objects_and_lists_below_a_sensitive_key_are_written_again_and_kept(target: Target) -> None:
    def source(number: int) -> Path:
        path = target.directory / "nested.json"
        extra = {"conn_type": "http", "extra": nested(number)}
        path.write_text(json.dumps({"connections": {"c": extra}, "variables": {"v": nested(number)}}))
        return path

    for number in (1, 1, 2):
        done = target.airconn("import", source(number), "--verify")
        assert (done.code, done.err) == (0, ""), done.out + done.err
        found = target.database()
        assert json.loads(found["connections"]["c"]["extra"]) == json.loads(nested(number))
        assert found["variables"]["v"]["value"] == nested(number)
    kept = target.airconn("import", source(2), "--assume-unchanged", "hidden")
    assert (kept.code, kept.out.splitlines()[-1].partition(": ")[2]) == (0, "0 created, 0 updated, 2 unchanged")
    assert target.airconn("export", "--exclude", "pools/*", "-o", source(2)).code == 0
    written = json.loads((target.directory / "nested.json").read_text())
    assert json.loads(written["connections"]["c"]["extra"]) == json.loads(nested(2))
    assert json.loads(written["variables"]["v"]) == json.loads(nested(2))
    # Where something else of an object has changed, what the file has may be an old secret.
    changed = target.airconn("export", "--exclude", "pools/*", "-o", source(1))
    assert changed.code == 0
    assert "may be old" in changed.err
    written = json.loads((target.directory / "nested.json").read_text())
    shown = json.loads(target.airconn("export", "--exclude", "pools/*", "--format", "json").out)
    assert written["variables"] == shown["variables"]
    assert json.loads(written["connections"]["c"]["extra"]) == json.loads(shown["connections"]["c"]["extra"])
