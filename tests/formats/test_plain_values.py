"""What is recognised as plain at once is what the slow way finds out."""

from __future__ import annotations

import json

from hypothesis import example, given
from hypothesis import strategies as st

from airconn.formats import connection_fields, get_format, python_json
from airconn.formats.base import ReadOptions
from airconn.formats.dotenv.readers import astro
from airconn.model import UNTYPED, Bundle, Connection, Text, jsontext
from airconn.model.placeholder_forms import FORMS
from airconn.model.placeholder_search import may_have_one
from tests.formats import strategies as some
from tests.formats.options import writing

objects = st.dictionaries(some.texts, st.one_of(some.texts, st.integers(-3, 10**20), st.none(), st.booleans()))


@given(st.one_of(some.json_texts(root="object"), objects.map(json.dumps), some.texts))
@example('{"a": 1, "a": 2}')
@example('{"b": "x ", ": b": 1, "b": 2}')
@example("{}")
@example('{"a":1}')
@example('{"a": 01}')
def test_a_plain_json_object_is_what_python_reads_and_writes(text: str) -> None:
    if jsontext.is_plain_object(text):
        assert isinstance(json.loads(text), dict)
    assert python_json.is_as_python_writes(text) == bool(python_json.that_python_writes(text))


def test_most_extras_are_plain() -> None:
    assert jsontext.is_plain_object('{"aws_access_key_id": "AKIA", "port": 5432, "ssl": true, "ca": null}')


@given(st.one_of(some.texts, objects.map(json.dumps)))
@example("x" * 70_000)
@example(" x")
@example("x\\")
def test_a_value_in_single_quotes_is_read_by_the_astro_cli_as_it_seems(text: str) -> None:
    written = f"'{text}'"
    if astro.reads_in_single_quotes(text, written):
        assert astro.read(f"V={written}\n", {}).by_name == {"V": text}
    assert not astro.reads_in_single_quotes(text, f"'{text}x'")


def test_a_sign_of_a_placeholder_is_found_wherever_it_is() -> None:
    for form in FORMS:
        for sample in form.examples:
            assert may_have_one(sample)
            assert may_have_one(f'{{"key": "a {sample.upper()} z"}}') or not may_have_one(sample.upper())


def test_a_connection_with_nothing_but_an_extra_is_written_as_json() -> None:
    made = Connection(conn_id="a", conn_type="", unsaid=UNTYPED, extra=Text('{"b": 1}'))
    assert json.loads(connection_fields.to_json(made)) == {"extra": {"b": 1}}
    text = get_format("env").render(Bundle.of([made]), writing()).text
    assert get_format("env").parse(text, "file", ReadOptions()).bundle.connections["a"] == made
