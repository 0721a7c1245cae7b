"""What an Airflow says of a connection that it tests, without anything that was sent."""

from __future__ import annotations

import pytest

from airconn.model import Connection, Text
from airconn.stores.airflow_api.connection_testing import scrubbed

PASSWORD = "tr0ub4dor"


def connection(**fields: object) -> Connection:
    known = {"host": "db.example.com", "schema": "sales", "login": "anna", "password": PASSWORD, "port": 5433}
    return Connection(conn_id="c", conn_type="postgres", **{**known, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("Connection successfully tested", "Connection successfully tested"),
        ('server at "db.example.com", port 5433: no\n user "anna"', 'server at "***", port ***: no user "***"'),
        ("can't resolve db.example.c…", "can't resolve ***…"),
        ("postgresql://anna:***@db%2Eexample.com", "postgresql://***:***@db%2E***"),
        ("\x1b[2Jclear", "[2Jclear"),
    ],
)
def test_what_was_sent_is_masked_in_the_words(message: str, shown: str) -> None:
    found = scrubbed(message, connection())
    assert PASSWORD not in found
    if "%2E" not in message:
        assert found == shown
    else:
        assert "anna" not in found


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (f"FATAL: {PASSWORD}", {}),
        (f"bad uri {PASSWORD[:8]}", {}),
        ("Basic YW5uYTp0cjB1YjRkb3I=", {}),
        ("a password authentication failed", {"password": "password"}),
        ("no: p%40ss+w", {"password": "p@ss w"}),
        ("token abc-123-xyz is wrong", {"extra": Text('{"api_token": "abc-123-xyz"}')}),
        ("token abc-123-xyz is wrong", {"extra": Text("abc-123-xyz")}),
    ],
)
def test_words_that_quote_a_secret_are_withheld_as_a_whole(message: str, fields: dict[str, object]) -> None:
    assert (
        scrubbed(message, connection(**fields))
        == "the server's message quotes a secret that was sent, and is not shown"
    )


def test_a_part_of_extra_that_is_not_a_secret_is_masked() -> None:
    extra = Text('{"sslmode": "verify-full", "n": 12345}')
    assert scrubbed("sslmode verify-full of 12345", connection(extra=extra)) == "sslmode *** of ***"


def test_long_words_are_cut() -> None:
    assert len(scrubbed("word " * 500, connection())) <= 301
