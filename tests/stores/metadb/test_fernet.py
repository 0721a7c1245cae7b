"""Which key it is, and what becomes of what can't be decrypted: never a value."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from airconn.errors import TargetError, UsageError
from airconn.model import REDACTED, Connection, Kind, Selection, Text
from tests.stores.metadb.databases import KEY, OTHER_KEY, encrypted

ALL = Selection()
OTHER = "is encrypted with another key than fernet_key has, or was damaged: read as hidden"
DAMAGED = "is flagged as encrypted, but damaged: read as hidden"


def changed(token: str) -> str:
    """A token with one bit of what is encrypted in it changed."""
    data = bytearray(urlsafe_b64decode(token))
    data[30] ^= 1
    return urlsafe_b64encode(bytes(data)).decode()


def messages(reading) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for note in reading.notes:
        found.setdefault(note.where.removeprefix("metadb:"), []).append(note.message)
    return found


def fill(airflow, key: str = KEY) -> None:
    airflow.connection(
        "c",
        password=encrypted("canary", key),
        extra=encrypted('{"a": 1}', key),
        is_encrypted=True,
        is_extra_encrypted=True,
    )
    airflow.variable("v", encrypted("canary", key), is_encrypted=True)


@pytest.mark.parametrize("keys", [KEY, f"{OTHER_KEY},{KEY}", f"{KEY},{OTHER_KEY}", f" {OTHER_KEY} , {KEY}\n"])
def test_any_key_of_the_list_decrypts(airflow, opened, keys) -> None:
    fill(airflow)
    store = opened(airflow, "metadb:", AIRFLOW__CORE__FERNET_KEY=keys)
    reading = store.read(ALL)
    bundle = reading.bundle
    assert bundle.connections["c"] == Connection(
        conn_id="c", conn_type="t", password="canary", extra=Text('{"a": 1}')
    )
    assert (bundle.variables["v"].value, reading.notes) == (Text("canary"), ())


def test_the_key_comes_from_airflow_cfg_and_the_environment_beats_it(airflow, opened) -> None:
    fill(airflow)
    (airflow.home / "airflow.cfg").write_text(f"[core]\nfernet_key = {KEY}\n")
    assert opened(airflow, AIRFLOW__CORE__FERNET_KEY=None).read(ALL).bundle.variables["v"].value == Text("canary")
    with pytest.raises(TargetError):
        opened(airflow, AIRFLOW__CORE__FERNET_KEY=OTHER_KEY).read(ALL)


def test_the_key_can_come_from_a_command(airflow, opened) -> None:
    fill(airflow)
    store = opened(airflow, AIRFLOW__CORE__FERNET_KEY=None, AIRFLOW__CORE__FERNET_KEY_CMD=f"echo {KEY}")
    assert store.read(ALL).bundle.variables["v"].value == Text("canary")


def test_with_a_wrong_key_nothing_is_read(airflow, opened) -> None:
    fill(airflow)
    airflow.variable("plain", "x")
    with pytest.raises(TargetError) as caught:
        opened(airflow, "metadb:", AIRFLOW__CORE__FERNET_KEY=OTHER_KEY).read(ALL)
    assert str(caught.value) == f"sqlite:///{airflow.file}: everything in it is encrypted with another Fernet key"
    assert "AIRFLOW__CORE__FERNET_KEY" in caught.value.hint
    assert OTHER_KEY not in caught.value.hint


def test_rows_of_another_key_among_others_are_hidden_field_by_field(airflow, opened) -> None:
    fill(airflow)
    airflow.connection(
        "old",
        password=encrypted("canary", OTHER_KEY),
        extra=encrypted('{"a": 1}'),
        is_encrypted=True,
        is_extra_encrypted=True,
    )
    airflow.variable("old", encrypted("canary", OTHER_KEY), is_encrypted=True)
    store = opened(airflow, "metadb:")
    reading = store.read(ALL)
    bundle = reading.bundle
    assert bundle.connections["old"].password is REDACTED
    assert bundle.connections["old"].extra == Text('{"a": 1}')
    assert bundle.variables["old"].value is REDACTED
    assert messages(reading) == {"connections/old": [f"password {OTHER}"], "variables/old": [f"value {OTHER}"]}
    assert bundle.variables["v"].value == Text("canary")


def test_one_row_of_another_key_alone_does_not_make_the_key_wrong(airflow, opened) -> None:
    fill(airflow)
    airflow.variable("old", encrypted("canary", OTHER_KEY), is_encrypted=True)
    store = opened(airflow, "metadb:")
    reading = store.read(Selection(ids=frozenset({(Kind.VARIABLES, "old")})))
    bundle = reading.bundle
    assert bundle.variables["old"].value is REDACTED
    assert messages(reading) == {"variables/old": [f"value {OTHER}"]}


def test_what_is_plain_or_is_a_pool_is_read_with_a_wrong_key(airflow, opened) -> None:
    fill(airflow)
    airflow.variable("plain", "x")
    airflow.insert("slot_pool", {"pool": "p", "slots": 1, "include_deferred": 0})
    store = opened(airflow, AIRFLOW__CORE__FERNET_KEY=OTHER_KEY)
    assert [obj.id for obj in store.read(Selection(include=("p*",))).bundle] == ["plain", "p"]


@pytest.mark.parametrize("damage", [changed, lambda token: token[:-8], lambda token: token[8:], lambda token: "x"])
def test_a_damaged_token_is_hidden_and_told(airflow, opened, damage) -> None:
    fill(airflow)
    airflow.variable("bad", damage(encrypted("canary")), is_encrypted=True)
    reading = opened(airflow, "metadb:").read(ALL)
    assert reading.bundle.variables["bad"].value is REDACTED
    reason = OTHER if damage is changed else DAMAGED
    assert messages(reading) == {"variables/bad": [f"value {reason}"]}


def test_damage_alone_says_nothing_about_the_key(airflow, opened) -> None:
    airflow.connection("bad", password="plain text with a flag é", is_encrypted=True)
    reading = opened(airflow, "metadb:").read(ALL)
    assert reading.bundle.connections["bad"].password is REDACTED
    assert messages(reading) == {"connections/bad": [f"password {DAMAGED}"]}


def test_what_is_encrypted_and_no_text_is_hidden(airflow, opened) -> None:
    from cryptography.fernet import Fernet

    airflow.variable("bin", Fernet(KEY.encode()).encrypt(b"\xff\x00").decode(), is_encrypted=True)
    reading = opened(airflow, "metadb:").read(ALL)
    assert reading.bundle.variables["bin"].value is REDACTED
    assert messages(reading) == {"variables/bin": ["value is encrypted, but is not text: read as hidden"]}


def test_an_encrypted_variable_that_is_empty_is_told_apart_from_an_empty_value(airflow, opened) -> None:
    airflow.variable("empty", encrypted(""), is_encrypted=True)
    airflow.variable("gone", "", is_encrypted=True)
    store = opened(airflow, "metadb:")
    reading = store.read(ALL)
    bundle = reading.bundle
    assert (bundle.variables["empty"].value, bundle.variables["gone"].value) == (Text(""), REDACTED)
    assert messages(reading) == {"variables/gone": ["value is flagged as encrypted and empty: read as hidden"]}


def test_without_any_key_the_places_for_it_are_told(airflow, opened) -> None:
    fill(airflow)
    with pytest.raises(UsageError, match="no Fernet key is set to read them") as caught:
        opened(airflow, AIRFLOW__CORE__FERNET_KEY=None).read(ALL)
    assert caught.value.where == f"AIRFLOW__CORE__FERNET_KEY or {airflow.home}/airflow.cfg [core] fernet_key"


@pytest.mark.parametrize("empty", ["", " \n"])
def test_an_empty_key_is_told_apart_from_none(airflow, opened, empty) -> None:
    fill(airflow)
    (airflow.home / "airflow.cfg").write_text(f"[core]\nfernet_key = {KEY}\n")
    with pytest.raises(UsageError, match="the Fernet key is empty") as caught:
        opened(airflow, AIRFLOW__CORE__FERNET_KEY=empty).read(ALL)
    assert caught.value.where == "AIRFLOW__CORE__FERNET_KEY"


@pytest.mark.parametrize(
    ("keys", "which"),
    [
        ("canary-canary", "this is not a Fernet key"),
        (KEY[:-3], "this is not a Fernet key"),
        ("schlüssel", "this is not a Fernet key"),
        (f"{KEY},canary", "key 2 of 2 is not a Fernet key"),
        (f"canary,{KEY}", "key 1 of 2 is not a Fernet key"),
        (f"{KEY},", "key 2 of 2 is not a Fernet key"),
    ],
)
def test_a_key_that_is_none_is_told_by_its_position_and_not_shown(airflow, opened, keys, which) -> None:
    fill(airflow)
    with pytest.raises(UsageError) as caught:
        opened(airflow, AIRFLOW__CORE__FERNET_KEY=keys).read(ALL)
    assert str(caught.value).startswith(f"AIRFLOW__CORE__FERNET_KEY: {which}")
    assert "canary" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    assert caught.value.__suppress_context__


def test_a_key_in_the_secrets_backend_is_asked_for(airflow, opened) -> None:
    fill(airflow)
    store = opened(airflow, AIRFLOW__CORE__FERNET_KEY=None, AIRFLOW__CORE__FERNET_KEY_SECRET="canary")
    with pytest.raises(UsageError, match="fernet_key is kept in Airflow's secrets backend") as caught:
        store.read(ALL)
    assert caught.value.hint == "set AIRFLOW__CORE__FERNET_KEY to it"


def test_what_is_hidden_is_exported_as_that_and_named(airflow, airconn) -> None:
    fill(airflow)
    airflow.connection("old", password=encrypted("canary-old", OTHER_KEY), is_encrypted=True)
    result = airconn("export", "--from", "metadb:", env=airflow.environ)
    assert result.code == 0
    assert '"password": "***"' in result.out
    assert "connections/old" in result.err
    assert OTHER in result.err
    assert "gAAAA" not in result.out + result.err
    failed = airconn("export", "--from", "metadb:", "--redacted", "fail", env=airflow.environ)
    assert (failed.code, failed.out) == (4, "")
