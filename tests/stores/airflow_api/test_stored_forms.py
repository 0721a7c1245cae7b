"""What the API makes of texts. Run against real servers in tests/integration; here are the details."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from airconn.airflow.rest_api import dialect_for
from airconn.model import REDACTED, Action, AirflowVersion, Connection, Pool, Redacted, Text, Variable
from airconn.stores.airflow_api.stored_forms import (
    hides_more,
    is_shown,
    notes_of_changes,
    rewritten,
    stored_form,
    unmasked,
)
from tests.stores.contract import step

V1, V2 = dialect_for(AirflowVersion(2, 11, 2)), dialect_for(AirflowVersion(3, 3, 2))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"a":1,  "b":"é"}', '{"a": 1, "b": "\\u00e9"}'),
        ("1.50", "1.5"),
        ("1e5", "100000.0"),
        (" 5 ", "5"),
        ("-0", "0"),
        ("NaN", "NaN"),
        ("[1e400]", "[Infinity]"),
        ("9" * 30, "9" * 30),
        ("9" * 5000, "9" * 5000),
        ('"q"', '"q"'),
        ('{"a":1,"a":2}', '{"a": 2}'),
        ("00000", "00000"),
        ("tRue", "tRue"),
        ("", ""),
        ("\ufeff1", "\ufeff1"),
        ('"\\ud800"', '"\\ud800"'),
        ("[" * 5000, "[" * 5000),
    ],
)
def test_json_is_written_anew_and_anything_else_stays(text: str, shown: str) -> None:
    assert rewritten(text) == shown


@given(some.text() | some.recursive(some.none() | some.floats() | some.text(), some.lists).map(json.dumps))
def test_what_was_shown_is_shown_the_same_again(text: str) -> None:
    assert rewritten(rewritten(text)) == rewritten(text)


def test_the_stored_form_of_variables_is_theirs_in_airflow_2() -> None:
    variable = Variable(key="k", value=Text("1.50"), description="d")
    assert stored_form(variable, V1) is variable
    assert stored_form(variable, V2) == Variable(key="k", value=Text("1.5"), description="d")
    hidden = Variable(key="k", value=REDACTED)
    assert stored_form(hidden, V2) is hidden


def test_hidden_leaves_stay_hidden_in_the_stored_form() -> None:
    value = Text.of('{"b":1.0,"token":"***"}')
    assert isinstance(value, Text)
    stored = stored_form(Variable(key="k", value=value), V2)
    assert stored == Variable(key="k", value=Text('{"b": 1.0, "token": "***"}', (("token",),)))


@pytest.mark.parametrize(
    ("extra", "v1", "v2"),
    [(Text(""), Text(""), Text("{}")), (Text("{}"), Text("{}"), Text("{}")), (None, None, None),
     (Text('{"a":1.50}'), Text('{"a": 1.5}'), Text('{"a": 1.5}')), (Text("no"), Text("no"), Text("no")),
     (REDACTED, REDACTED, REDACTED)],
)  # fmt: skip
def test_the_stored_form_of_an_extra(
    extra: Text | Redacted | None, v1: Text | Redacted | None, v2: Text | Redacted | None
) -> None:
    obj = Connection(conn_id="c", conn_type="t", extra=extra, password="")
    for dialect, expected in ((V1, v1), (V2, v2)):
        assert stored_form(obj, dialect) == Connection(conn_id="c", conn_type="t", extra=expected)


def test_a_pool_that_does_not_mention_deferred_tasks_says_so_still() -> None:
    pool = Pool(name="p", slots=1)
    assert stored_form(pool, V2) is pool


def test_a_mask_anywhere_in_a_masked_field_hides_it() -> None:
    assert unmasked("***") is REDACTED
    assert unmasked("pre-***-post") is REDACTED
    assert unmasked("clear") == "clear"
    assert unmasked(None) is None


def test_two_objects_match_as_far_as_both_are_visible() -> None:
    ours = Connection(conn_id="c", conn_type="t", password="p", extra=Text('{"token": "s", "a": 1}'))
    theirs = Connection(
        conn_id="c", conn_type="t", password=REDACTED, extra=Text('{"token": "***", "a": 1}', (("token",),))
    )
    assert is_shown(ours, theirs, ("conn_type", "password", "extra", "host"))
    other = Connection(conn_id="c", conn_type="t", extra=Text('{"token": "s", "a": 2}'))
    assert not is_shown(other, theirs, ("extra",))
    assert not is_shown(Connection(conn_id="c", conn_type="u"), theirs, ("conn_type",))


@pytest.mark.parametrize(
    ("held", "wanted", "same", "more"),
    [
        ('{"db": "***", "a": 1}', '{"db": {"user": "u", "pw": "p"}, "a": 1}', True, False),
        ('{"db": ["***", "***"], "a": 1}', '{"db": ["x", "y"], "a": 1}', True, False),
        ('{"db": "***", "a": 1}', '{"db": {"user": "u"}, "a": 2}', False, False),
        ('{"db": "***", "a": 1}', '{"a": 1}', True, True),
        ('{"db": {"pw": "***"}}', '{"db": "text"}', False, True),
        ('{"db": "***"}', "no json", False, True),
    ],
)
def test_what_is_hidden_as_one_piece_matches_all_that_is_wanted_there(
    held: str, wanted: str, same: bool, more: bool
) -> None:
    theirs = Connection(conn_id="c", conn_type="t", extra=Text.of(held, masked=True))
    ours = Connection(conn_id="c", conn_type="t", extra=Text(wanted))
    assert is_shown(ours, theirs, ("extra",)) is same
    assert hides_more(ours, theirs, ("extra",), tells_passwords=True) is more


def test_an_empty_extra_that_becomes_an_object_is_told() -> None:
    empty = Connection(conn_id="c", conn_type="t", extra=Text(""))
    (note,) = notes_of_changes(step(Action.CREATE, empty), V2)
    assert (note.where, note.message, note.is_detail) == (
        "connections/c",
        "extra is an empty text, and comes back as {}",
        True,
    )
    assert notes_of_changes(step(Action.CREATE, empty), V1) == ()
    assert notes_of_changes(step(Action.CREATE, replace(empty, extra=Text("{}"))), V2) == ()
    assert notes_of_changes(step(Action.CREATE, Pool(name="p", slots=1)), V2) == ()
