"""Hidden values that are written as references to their own places."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airconn.model import REDACTED, AirflowObject, Connection, Kind, Pool, Text, Variable
from airconn.model.own_references import may_have_references, own_reference, references_hidden, with_own_references

CONN = Connection(conn_id="c", conn_type="http", host="h")
VAR = Variable(key="v", value=Text("x"))
TOKEN = "ref:#connections/c.extra.token"


def test_the_reference_of_a_leaf_names_its_place() -> None:
    assert own_reference(Kind.CONNECTIONS, "c", "password") == "ref:#connections/c.password"
    assert own_reference(Kind.CONNECTIONS, "c", "extra", ("a", 0)) == "ref:#connections/c.extra.a[0]"
    assert own_reference(Kind.VARIABLES, "v", "value") == "ref:#variables/v"
    assert own_reference(Kind.VARIABLES, "v", "value", ("a",)) == "ref:#variables/v.value.a"
    assert own_reference(Kind.VARIABLES, "v", "description") == "ref:#variables/v.description"


@pytest.mark.parametrize(
    ("obj", "may"),
    [
        (CONN, False),
        (replace(CONN, password="ref:#x"), True),
        (replace(CONN, extra=Text('{"a": "ref:#x"}')), True),
        (replace(CONN, extra=Text('{"a": "\\u0072ef"}')), False),
        (replace(CONN, extra=Text('{"a": "ref:\\u0023x"}')), True),
        (replace(CONN, host="ref"), False),
        (replace(CONN, host="a\\b"), False),
        (replace(CONN, password=REDACTED, port=1), False),
        (replace(VAR, value=Text("ref:#variables/v")), True),
    ],
)
def test_only_texts_with_a_reference_may_have_one(obj: AirflowObject, may: bool) -> None:
    assert may_have_references(obj) is may


def test_leaves_that_are_references_to_themselves_are_hidden_and_others_stay() -> None:
    extra = Text(f'{{"token": "{TOKEN}", "host": "h", "other": "ref:#connections/c.extra.host", "n": 1}}')
    source = replace(CONN, password="ref:#connections/c.password", login="ref:#connections/c.password", extra=extra)
    found, names = references_hidden(source)
    masked = '{"token": "***", "host": "h", "other": "ref:#connections/c.extra.host", "n": 1}'
    assert found == replace(source, password=REDACTED, extra=Text(masked, (("token",),)))
    assert names == ("password", "extra.token")


def test_a_leaf_that_is_hidden_already_stays_so() -> None:
    extra = Text(f'{{"z": "***", "token": "{TOKEN}"}}', (("z",),))
    found, names = references_hidden(replace(CONN, extra=extra))
    assert found.extra == Text('{"z": "***", "token": "***"}', (("z",), ("token",)))
    assert names == ("extra.token",)


def test_a_list_and_a_variable_hide_theirs() -> None:
    listed = Text('["a", "ref:#variables/v.value[1]"]')
    assert references_hidden(replace(VAR, value=listed)) == (
        replace(VAR, value=Text('["a", "***"]', ((1,),))),
        ("value[1]",),
    )
    for text in ("ref:#variables/v", "ref:#variables/v.value"):
        assert references_hidden(replace(VAR, value=Text(text))) == (replace(VAR, value=REDACTED), ("value",))


def test_an_object_without_its_own_references_is_the_same() -> None:
    for obj in (
        CONN,
        replace(CONN, password="ref:#connections/other.password"),
        replace(CONN, extra=Text(f'x {{"token": "{TOKEN}"}}')),
        replace(CONN, extra=Text(f'{{"token": "{TOKEN}", broken')),
        replace(CONN, extra=Text(f'{{"token": "{TOKEN} "}}')),
        replace(CONN, extra=Text("ref")),
        Pool(name="p", slots=1, description="ref:#pools/q.description"),
    ):
        found, names = references_hidden(obj)
        assert found is obj
        assert names == ()


def test_hidden_leaves_are_written_as_references_and_read_again() -> None:
    extra = Text('{"token": "***", "mask": "***", "l": [1, "***"]}', (("token",), ("l", 1)))
    hidden = replace(CONN, password=REDACTED, extra=extra)
    written = with_own_references(hidden)
    text = f'{{"token": "{TOKEN}", "mask": "***", "l": [1, "ref:#connections/c.extra.l[1]"]}}'
    assert written == replace(CONN, password="ref:#connections/c.password", extra=Text(text))
    assert references_hidden(written) == (hidden, ("password", "extra.token", "extra.l[1]"))


def test_what_is_hidden_as_a_whole_is_one_reference() -> None:
    written = with_own_references(replace(CONN, extra=REDACTED))
    assert written.extra == Text("ref:#connections/c.extra")
    assert with_own_references(replace(VAR, value=REDACTED)).value == Text("ref:#variables/v")
    assert references_hidden(written)[0].extra is REDACTED
    open_ = replace(CONN, extra=Text('{"a": 1}'), password="p")
    assert with_own_references(open_) is open_
