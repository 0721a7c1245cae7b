"""What of a server's own words is shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airconn.stores.airflow_api.error_texts import reason
from airconn.stores.http.echoes import quotes
from airconn.stores.http.messages import Reply

SECRET = "hunter2/se'cret\n🔑"


def reply(body: Any, status: int = 422) -> Reply:
    return Reply(status, "application/json", None, body if isinstance(body, bytes) else json.dumps(body).encode())


def test_a_422_is_told_by_field_and_message_and_without_its_echo() -> None:
    detail = [
        {"type": "string_too_long", "loc": ["body", "key"], "msg": "String should have at most 250 characters",
         "input": SECRET, "ctx": {"max_length": 250}},
        {"type": "value_error", "loc": ["body", "extra"], "msg": f"Value error, bad {SECRET}", "input": SECRET},
    ]  # fmt: skip
    said = reason(reply({"detail": detail}), {"key": "k", "value": SECRET})
    assert said == "key: String should have at most 250 characters; extra"


@pytest.mark.parametrize(
    "echo",
    [SECRET, json.dumps(SECRET), repr(SECRET), "hunter2%2Fse%27cret", "hunter2/se&#x27;cret", "'hunter2/se...'"],
)
def test_a_text_that_quotes_a_secret_in_any_spelling_is_dropped(echo: str) -> None:
    for body in ({"password": SECRET}, {"extra": json.dumps({"a": [{"b": SECRET}]})}, {"value": SECRET}):
        assert reason(reply({"detail": f"I don't like {echo} at all"}), body) == ""
    assert reason(reply({"detail": f"I don't like {echo} at all"}), secrets=[SECRET]) == ""


def test_words_that_are_no_secret_are_shown() -> None:
    body = {"connection_id": "warehouse", "conn_type": "http", "password": SECRET, "extra": '{"a": 1, "b": true}'}
    said = "The Connection with connection_id: `warehouse` was not found, true or not (1)"
    assert reason(reply({"detail": said}), body) == said


def test_an_sql_statement_of_a_409_is_not_shown() -> None:
    detail = {
        "reason": "Unique constraint violation",
        "statement": "INSERT INTO x VALUES (?)",
        "orig_error": "UNIQUE",
    }
    assert reason(reply({"detail": detail}, 409)) == "Unique constraint violation"


def test_a_problem_document_of_airflow_2() -> None:
    problem = {"detail": None, "status": 403, "title": "Forbidden", "type": "https://…"}
    assert reason(reply(problem, 403)) == "Forbidden"
    assert reason(reply({**problem, "detail": "'x' is unknown or cannot be updated."}, 400)) == (
        "'x' is unknown or cannot be updated."
    )


@pytest.mark.parametrize(
    "body", [b"<html>Oops</html>", b"Internal Server Error", b"", b"[1]", b"null", {"detail": 5}]
)
def test_an_answer_without_a_reason(body: Any) -> None:
    assert reason(reply(body, 500)) == ""


def test_a_long_reason_is_cut_and_stays_in_one_line() -> None:
    said = reason(reply({"detail": "a\n\x1b b" + "c" * 1000}))
    assert "\n" not in said
    assert "\x1b" not in said
    assert len(said) < 310


def test_the_reply_itself_shows_nothing_of_its_body() -> None:
    assert "hunter2" not in repr(reply({"detail": SECRET}))


def test_short_secrets_are_found_and_accidents_are_not() -> None:
    assert quotes("the password ab is bad", "ab")
    assert not quotes("the password is bad", "")
    assert not quotes("the value should be text", "a value of something else entirely")
