"""What blocks a step: texts that other programs read differently, and placeholders."""

from __future__ import annotations

from dataclasses import replace

from airconn.model import REDACTED, Action, AirflowObject, Connection
from airconn.model.ambiguity import Ambiguity
from airconn.plan.unresolved import unresolved
from tests.plan.planning import conn, extra, planned

FOUND = Ambiguity("AC901", "one reads it differently", "quote it", blocks=True)


def with_(obj: Connection, *found: Ambiguity) -> Connection:
    return replace(obj, ambiguities=found)


def reasons(source: AirflowObject, target: AirflowObject | None = None) -> tuple[str, ...]:
    step = planned(source, target)
    assert (step.action is Action.BLOCKED) is bool(step.reasons)
    return step.reasons


def test_an_object_that_is_created_is_blocked_once_for_each_text() -> None:
    assert reasons(with_(conn(), FOUND)) == ("one reads it differently: quote it",)
    assert reasons(with_(conn(), replace(FOUND, way_out=""))) == ("one reads it differently",)
    assert reasons(with_(conn(), FOUND, FOUND, replace(FOUND, message="m", line=3))) == (
        "one reads it differently: quote it",
        "m: quote it",
    )
    assert reasons(with_(conn(), replace(FOUND, blocks=False))) == ()
    assert reasons(with_(conn(), replace(FOUND, places=frozenset({("login", ())})))) == (
        "one reads it differently: quote it",
    )


def test_an_update_is_blocked_only_if_it_writes_what_is_read_differently() -> None:
    held = conn(host="h", login="l")
    assert reasons(with_(held, FOUND), held) == ()
    assert reasons(with_(replace(held, host="new"), FOUND), held) == ("one reads it differently: quote it",)
    host = replace(FOUND, places=frozenset({("host", ())}))
    assert reasons(with_(replace(held, host="new"), host), held) == ("one reads it differently: quote it",)
    assert reasons(with_(replace(held, login="new"), host), held) == ()
    two = replace(FOUND, places=frozenset({("host", ()), ("login", ())}))
    assert reasons(with_(replace(held, login="new"), two), held) == ("one reads it differently: quote it",)


def test_of_an_extra_only_the_leaves_count_that_the_target_has_differently() -> None:
    held = conn(extra=extra('{"a": 1, "b": 2}'))
    found = replace(FOUND, places=frozenset({("extra", ("a",))}))
    assert reasons(with_(conn(extra=extra('{"a": 1, "b": 3}')), found), held) == ()
    assert reasons(with_(conn(extra=extra('{"a": 2, "b": 2}')), found), held) != ()
    assert reasons(with_(conn(extra=extra('{"a": 1, "b": 2}')), found), conn()) != ()
    both = with_(conn(host="x", extra=extra('{"a": 2}')), found)
    assert unresolved(both, held, frozenset({"host"})) == []


def test_a_template_that_is_the_reference_is_not_told_twice() -> None:
    reference = replace(FOUND, rule="AC407")
    assert reasons(with_(conn(password="${X}"), reference)) == ("one reads it differently: quote it",)
    assert len(reasons(with_(conn(password="${X}"), FOUND))) == 2
    assert len(reasons(with_(conn(password="<hidden>"), reference))) == 2
    several = with_(conn(password="${X}", extra=extra('{"token": "<hidden>"}')), reference)
    assert [reason.partition(" ")[0] for reason in reasons(several)] == ["one", "extra.token"]


def test_a_connection_that_is_a_placeholder_as_a_whole_is_blocked_if_any_of_it_is_written() -> None:
    whole = replace(conn(conn_type="op", host="a"), stands_for="op://a/b/c")
    way_out = "use --resolve op (--literal connections/c.conn_type if it is the value)"
    words = f"all of it is a reference to 1Password, not a connection: {way_out}"
    assert reasons(whole) == (words,)
    assert reasons(whole, conn(conn_type="op", host="b")) == (words,)
    assert reasons(whole, conn(conn_type="op", host="a")) == ()


def test_each_placeholder_that_would_be_written_is_told_and_none_that_is_there_already() -> None:
    source = conn(password="<hidden>", extra=extra('{"token": "${X}", "a": 1}'))
    told = [reason.partition(" ")[0] for reason in reasons(source, conn(password="p", extra=extra('{"a": 2}')))]
    assert told == ["password", "extra.token"]
    there = conn(password="<hidden>", extra=extra('{"a": 2}'))
    assert [reason.partition(" ")[0] for reason in reasons(source, there)] == ["extra.token"]
    hidden = conn(password=REDACTED, extra=extra('{"token": "${X}", "a": 1}'))
    assert [reason.partition(" ")[0] for reason in reasons(source, hidden)] == ["password"]
