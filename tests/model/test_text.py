"""Opaque text, and the leaves of it that a source hides."""

from __future__ import annotations

import pytest
from hypothesis import given

from airconn.model import REDACTED, BeyondPythonError, Connection, Text, Variable, hidden_fields
from airconn.model.jsontext import Number
from tests.formats import strategies as some


@pytest.mark.parametrize("text", ["***", '"***"', ' "***"\n'])
def test_the_mask_alone_is_hidden(text: str) -> None:
    assert Text.of(text) is REDACTED


def test_a_leaf_that_is_the_mask_is_hidden_and_the_text_stays() -> None:
    text = '{ "a":"***", "b": [1.50, "***"], "c": "x***" }'
    assert Text.of(text) == Text(text, (("a",), ("b", 1)))


def test_where_values_are_masked_wherever_they_stand_a_leaf_with_the_mask_in_it_is_hidden() -> None:
    found = Text.of('{"a": "pre***post", "b": "x"}', masked=True)
    assert found == Text('{"a": "***", "b": "x"}', (("a",),))
    assert Text.of("pre***post", masked=True) is REDACTED
    assert Text.of("pre***post") == Text("pre***post")


@pytest.mark.parametrize(
    "text",
    ['{"a": "***", "a": "***"}', '{"a": "x", "a": "***"}', '{"d": ' + "[" * 300 + '"***"' + "]" * 300 + "}"],
    ids=["twice", "last", "deep"],
)
def test_a_hidden_leaf_that_no_path_names_hides_all(text: str) -> None:
    assert Text.of(text) is REDACTED


@pytest.mark.parametrize(
    ("text", "is_object"),
    [
        ("{}", True),
        (' {"a": 1, "a": 2} ', True),  # Airflow takes the last
        ('{"a": ' + "[" * 300 + "]" * 300 + "}", True),
        ("[1]", False),
        ("null", False),
        ("", False),
        ("{'a': 1}", False),
    ],
    ids=range(7),
)
def test_an_object_is_what_airflow_takes_for_one(text: str, is_object: bool) -> None:
    assert Text(text).is_object() is is_object


@pytest.mark.parametrize("text", ['{"a": ' + "9" * 5000 + "}", "[" * 100_000], ids=["digits", "deep"])
def test_where_python_gives_up_so_does_airflow(text: str) -> None:
    with pytest.raises(BeyondPythonError):
        Text(text).is_object()


def test_hidden_leaves_can_be_left_out() -> None:
    found = Text.of('{"a": "***", "b": {"c": "***"}, "n": 1.50}')
    assert isinstance(found, Text)
    assert found.without_hidden() == Text('{"b": {}, "n": 1.50}')
    assert found.value() == {"a": REDACTED, "b": {"c": REDACTED}, "n": Number("1.50")}


@given(some.connections)
def test_nothing_that_is_shown_of_a_connection_is_a_value_of_it(connection: Connection) -> None:
    secretive = some.with_secret(connection, "s3cret!")
    assert "s3cret!" not in repr(secretive)
    assert "s3cret!" not in repr(Variable(key="a", value=Text("s3cret!"), description="s3cret!"))
    assert "s3cret!" not in " ".join(hidden_fields(secretive))


def test_a_hidden_value_has_no_text() -> None:
    for use in (str, bool, "{}".format, lambda value: f"{value}"):
        with pytest.raises(TypeError):
            use(REDACTED)
