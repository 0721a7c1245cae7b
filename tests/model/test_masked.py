"""Which leaves are hidden where objects are shown without their secrets, and what their texts for logs say."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace

import pytest

from airconn.model import REDACTED, Bundle, Connection, Kind, Pool, Selection, Text, Variable, hidden_connection
from airconn.model.bundle import matches
from airconn.model.fill import with_type_of
from airconn.model.objects import Origin, hidden_or, is_hidden_whole, number_of
from airconn.model.placeholders import Weight, all_placeholders, is_whole, placeholder_in, whole_words
from airconn.model.secrecy import masked, secret_leaves
from airconn.model.sensitive import has_secrets, text_leaves

CONN = Connection(conn_id="c", conn_type="http", host="h", login="l", password="p", port=1)


def var(key: str, text: str) -> Variable:
    return Variable(key=key, value=Text(text))


def test_each_secret_leaf_is_named() -> None:
    extra = '{"a": 1, "token": "t", "e": "", "l": [{"name": "password", "value": "x"}], "secret": {"k": 1}}'
    assert list(secret_leaves(replace(CONN, extra=Text(extra)))) == [
        ("password", ()),
        ("extra", ("token",)),
        ("extra", ("l", 0, "value")),
        ("extra", ("secret", "k")),
    ]
    hidden = Text('{"token": "***"}', (("token",),))
    assert list(secret_leaves(replace(CONN, password="", extra=hidden))) == []
    assert list(secret_leaves(var("my_token", ""))) == []
    assert list(secret_leaves(var("my_token", "x"))) == [("value", ())]


def test_each_secret_leaf_is_hidden_as_if_its_source_hid_it() -> None:
    extra = Text('{"a": 1, "token": "t", "x": "***", "secret": {"k": [1]}}', (("x",),))
    places = (("token",), ("x",), ("secret", "k", 0))
    assert masked(replace(CONN, extra=extra)) == replace(
        CONN, password=REDACTED, extra=Text('{"a": 1, "token": "***", "x": "***", "secret": {"k": ["***"]}}', places)
    )
    assert masked(replace(CONN, extra=Text("not json"))).extra is REDACTED
    assert masked(var("my_token", "x")).value is REDACTED
    plain = var("plain", "x")
    assert masked(plain) is plain


def test_what_a_reference_has_brought_is_hidden_with_all_below_it() -> None:
    extra = Text('{"a": {"b": 1}, "c": 2}')
    brought = replace(CONN, password=None, extra=extra, elsewhere=frozenset({("extra", ("a",))}))
    assert list(secret_leaves(brought)) == [("extra", ("a", "b"))]
    assert masked(brought).extra == Text('{"a": {"b": "***"}, "c": 2}', (("a", "b"),))
    whole = masked(replace(brought, elsewhere=frozenset({("conn_type", ())})))
    assert (whole.conn_type, whole.port) == ("http", 1)
    assert whole.host is REDACTED
    assert whole.login is REDACTED
    assert whole.extra == Text('{"a": {"b": "***"}, "c": "***"}', (("a", "b"), ("c",)))
    nothing = replace(CONN, password=None, elsewhere=frozenset({("extra", ())}))
    assert masked(nothing) is nothing


def test_a_type_that_the_source_does_not_say_is_that_of_the_target() -> None:
    untyped = replace(CONN, conn_type="", unsaid=frozenset({"conn_type", "team_name"}))
    typed = with_type_of(untyped, replace(CONN, conn_type="ssh"))
    assert (typed.conn_type, typed.unsaid) == ("ssh", {"team_name"})
    still = with_type_of(untyped, replace(untyped, unsaid=frozenset({"conn_type", "port"})))
    assert (still.conn_type, still.unsaid) == ("", {"team_name", "conn_type"})
    for obj, held in (
        (untyped, None),
        (untyped, var("c", "x")),
        (CONN, replace(CONN, conn_type="ssh")),
        (hidden_connection("c"), CONN),
        (var("c", "x"), CONN),
    ):
        assert with_type_of(obj, held) is obj


def test_a_connection_that_is_hidden_as_a_whole_says_nothing_but_its_id() -> None:
    hidden = hidden_connection("c")
    values = (hidden.description, hidden.host, hidden.schema, hidden.login, hidden.password, hidden.extra)
    assert all(value is REDACTED for value in values)
    assert (hidden.conn_id, hidden.conn_type, hidden.port) == ("c", "", None)
    assert hidden.unsaid == {"conn_type", "port"}
    assert is_hidden_whole(hidden)
    assert not is_hidden_whole(replace(hidden, schema="s"))


def test_texts_for_logs_have_no_values() -> None:
    assert repr(replace(CONN, extra=Text("{}"))) == (
        "<Connection 'c' conn_type='http' sets: host, login, password, port, extra>"
    )
    assert repr(var("v", "x")) == "<Variable 'v' sets: value>"
    pool = Pool(name="p", slots=1, description="d", include_deferred=True)
    assert repr(pool) == "<Pool 'p' slots=1 include_deferred=True sets: description>"
    assert (number_of(1), number_of(2)) == ("1 object", "2 objects")


def test_a_hidden_value_has_no_text_and_is_one_value_also_in_a_copy() -> None:
    assert repr(REDACTED) == "REDACTED"
    for use in (str, "{}".format):
        with pytest.raises(TypeError, match=r"^a redacted value has no text$"):
            use(REDACTED)
    with pytest.raises(TypeError, match=r"^whether a redacted value is empty is not known$"):
        bool(REDACTED)
    for same in (copy.copy(REDACTED), copy.deepcopy(REDACTED), pickle.loads(pickle.dumps(REDACTED))):
        assert same is REDACTED


def test_a_connection_may_be_a_placeholder_as_a_whole() -> None:
    whole = replace(CONN, stands_for="op://a/b/c")
    assert is_whole(whole)
    assert not is_whole(CONN)
    assert not is_whole(replace(whole, genuine=frozenset({("conn_type", ())})))
    assert not is_whole(var("v", "op://a/b/c"))
    assert whole_words("op://a/b/c") == (
        "all of it is a reference to 1Password, not a connection",
        "use --resolve op",
    )
    assert whole_words("x") is None


def test_a_placeholder_in_a_uri_is_told() -> None:
    words = "its password is a mask of another tool, not the value: fill in the value"
    assert placeholder_in("http://u:<hidden>@h") == words
    assert placeholder_in("http://u:%3Chidden%3E@h") == words
    assert placeholder_in("http://u:p@h") == ""
    assert placeholder_in("x") == ""


ALL = Bundle.of([CONN, var("aws_a", "1"), var("b", "2"), Pool(name="p", slots=1)])


@pytest.mark.parametrize(
    ("selection", "ids"),
    [
        (Selection(), "c aws_a b p"),
        (Selection(kinds=frozenset({Kind.VARIABLES})), "aws_a b"),
        (Selection(include=("aws_*", "p")), "aws_a p"),
        (Selection(include=("*",), within=("aws_*", "c")), "c aws_a"),
        (Selection(include=("b",), within=("aws_*",)), ""),
        (Selection(exclude=("variables/*", "pools/x")), "c p"),
        (Selection(include=("connections/*",)), "c"),
        (Selection(include=("connections/aws_*",)), ""),
        (Selection(include=("AWS_*",)), ""),
        (Selection(ids=frozenset({(Kind.VARIABLES, "b"), (Kind.POOLS, "c")})), "b"),
        (Selection(ids=frozenset({(Kind.VARIABLES, "b")}), exclude=("b",)), ""),
    ],
)
def test_a_selection_takes_what_all_its_parts_want(selection: Selection, ids: str) -> None:
    assert [obj.id for obj in selection.of(ALL)] == ids.split()


def test_a_selection_reaches_the_kinds_of_its_ids() -> None:
    by_id = Selection(kinds=frozenset({Kind.VARIABLES, Kind.POOLS}), ids=frozenset({(Kind.VARIABLES, "b")}))
    assert [kind for kind in Kind if by_id.reaches(kind)] == [Kind.VARIABLES]
    assert [kind for kind in Kind if Selection().reaches(kind)] == list(Kind)
    other = Selection(kinds=frozenset({Kind.POOLS}), ids=frozenset({(Kind.VARIABLES, "b")}))
    assert not any(map(other.reaches, Kind))


def test_a_glob_matches_an_id_also_with_a_slash_in_it() -> None:
    assert matches("a/b*", Kind.VARIABLES, "a/bc")
    assert matches("variables/a/b", Kind.VARIABLES, "a/b")
    assert not matches("pools/a", Kind.VARIABLES, "a")
    assert not matches("variables", Kind.VARIABLES, "")


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ('{"password": "p"}', True),
        (' \n{"a": [{"token": 1}]}', True),
        ('[{"secret": {"a": "x"}}]', True),
        ('{"password": ""}', False),
        ('{"password": "***"}', False),
        ('{"password": null, "token": true, "secret": {}, "api_key": []}', False),
        ('{"a": "password"}', False),
        ("password", False),
        ('{"password": ', True),
        ('{"a": ', False),
    ],
)
def test_json_has_secrets_under_the_names_that_airflow_hides(text: str, has: bool) -> None:
    assert has_secrets(text) is has


def test_texts_in_json_are_found_behind_blanks() -> None:
    assert list(text_leaves(Text(' \t{"a": ["x", 1], "b": {}}'))) == [(("a", 0), "x")]
    assert list(text_leaves(Text('"x"'))) == []


def test_only_the_mask_alone_is_a_hidden_value() -> None:
    assert hidden_or("***") is REDACTED
    assert [hidden_or(value) for value in ("", "****", None)] == ["", "****", None]


def test_a_place_has_a_column_only_with_a_line() -> None:
    places = (Origin(".env"), Origin(".env", 3), Origin(".env", 3, 7), Origin(".env", None, 7))
    assert [str(place) for place in places] == [".env", ".env:3", ".env:3:7", ".env"]


def test_a_placeholder_in_a_description_is_only_noted() -> None:
    mask = replace(CONN, description="<hidden>", host="<hidden>", password=None)
    assert {found.field: found.weight for found in all_placeholders(mask)} == {
        "description": Weight.NOTED,
        "host": Weight.WARNS,
    }
    sample = replace(CONN, password="changeme")
    assert [found.weight for found in all_placeholders(sample)] == [Weight.WARNS]


def test_json_in_json_is_taken_apart_five_times() -> None:
    def found_at(depth: int) -> list[str]:
        text = '{"token": "<hidden>"}'
        for _ in range(depth):
            text = json.dumps({"a": text})
        return [found.name for found in all_placeholders(replace(CONN, password=None, extra=Text(text)))]

    assert found_at(0) == ["extra.token"]
    assert found_at(1) == ["extra.a.token"]
    assert found_at(5) == ["extra.a.a.a.a.a.token"]
    assert found_at(6) == []


def test_a_name_and_its_value_are_told_however_they_are_spelled() -> None:
    for key in ("string_value", "String-Value", "value"):
        extra = Text(json.dumps({"name": "password", key: "x", "other": "y"}))
        assert list(secret_leaves(replace(CONN, password=None, extra=extra))) == [("extra", (key,))]
    extra = Text('{"password_x": "name", "value": "x", "title": "password"}')
    assert ("extra", ("value",)) not in list(secret_leaves(replace(CONN, password=None, extra=extra)))
