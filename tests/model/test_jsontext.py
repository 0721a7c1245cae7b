"""JSON that keeps the text of its numbers, and refuses what would be lost."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.model import jsontext
from airconn.model.jsontext import DROP, MAX_DEPTH, DuplicateKeyError, Number, TooDeepError, dumps, loads

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(values, st.sampled_from([None, 0, 2, 4]))
def test_what_python_writes_is_read_and_written_the_same(value: object, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    assert dumps(loads(text), indent=indent) == text


numbers = st.sampled_from(["0", "-0", "7", "1.5", "1.50", "1e5", "1E+2", "1e16", "1e-7", "NaN", "Infinity", "9" * 30])


@given(
    st.recursive(
        numbers | st.sampled_from(['"a"', '"\\ud800"', "null", "true", "[]", "{}"]),
        lambda inner: (
            st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
            | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner, max_size=3).map(
                lambda items: "{" + ", ".join(f'"{key}": {item}' for key, item in items.items()) + "}"
            )
        ),
    )
)
def test_numbers_keep_their_texts_wherever_they_stand_among_those_that_python_writes_alike(text: str) -> None:
    assert dumps(loads(text)) == text
    spread = dumps(loads(text), indent=2)
    assert dumps(loads(spread)) == text


@pytest.mark.parametrize(
    "text", ["1.50", "1e5", "-0", "1E+2", "1" * 30, "9" * 5000, "1e999999999", "NaN", "-Infinity"]
)
def test_a_number_keeps_its_text(text: str) -> None:
    assert loads(text) == Number(text)
    assert dumps(loads(f'{{"a": [{text}]}}')) == f'{{"a": [{text}]}}'


@given(st.text(max_size=40))
def test_any_text_is_json_or_a_value_error_as_it_is_to_python(text: str) -> None:
    def outcome(read: object) -> bool:
        try:
            read(text)  # type: ignore[operator]
        except (DuplicateKeyError, TooDeepError):
            raise AssertionError from None
        except ValueError:
            return False
        return True

    assert outcome(loads) == outcome(json.loads)


@pytest.mark.parametrize(
    ("text", "key", "position"),
    [
        ('{"a": 1, "a": 2}', "a", 9),
        ('[1, {"x": {"b": "\\"b\\": {", "c": {}, "\\u0062": 1}, "x": 2}]', "b", 37),
        ('{"a": [{"a": 1}, {"b": 1, "b": 2}]}', "b", 26),
        ('{"a": 1, "a": 2, "b": 1, "b": 2, "a": 3}', "a", 9),
    ],
)
def test_a_key_that_stands_twice_is_an_error_with_its_place(text: str, key: str, position: int) -> None:
    with pytest.raises(DuplicateKeyError) as caught:
        loads(text)
    assert caught.value.key == key
    assert str(caught.value) == "duplicate key"
    assert jsontext.duplicate_position(text, 0) == position
    before = '{"x": 1, "x": 2} and '
    assert jsontext.duplicate_position(before + text, len(before)) == len(before) + position


def test_a_key_may_be_named_again_elsewhere() -> None:
    text = '{"x": {"a": 1}, "y": [{"a": 1}, {"a": 2}], "a": 3}'
    assert dumps(loads(text)) == text
    assert jsontext.duplicate_position(text, 0) == 0


def test_what_is_behind_a_value_is_an_error_at_its_place() -> None:
    with pytest.raises(json.JSONDecodeError) as caught:
        loads(' {"a": 1} \n x')
    assert (caught.value.msg, caught.value.pos) == ("Extra data", 12)
    assert jsontext.decode_at("x = [1] y", 4) == ([Number("1")], 7)


def test_only_the_value_that_is_read_may_nest_too_deep() -> None:
    deep = "[" * (MAX_DEPTH + 1) + "1" + "]" * (MAX_DEPTH + 1)
    allowed = deep[1:-1]
    for before, value, after in ((deep, "[[1]]", ""), ("", "[[1]]", deep), (deep, allowed, deep)):
        text = before + value + after
        assert jsontext.decode_at(text, len(before))[1] == len(before) + len(value)
    with pytest.raises(TooDeepError, match=r"^nested too deep$"):
        jsontext.decode_at(allowed + deep, len(allowed))
    value: object = 1
    for _ in range(MAX_DEPTH):
        value = [value]
    for indent in (None, 2):
        assert loads(dumps(value, indent=indent))
        with pytest.raises(TooDeepError, match=r"^nested too deep$"):
            dumps([value], indent=indent)
        endless: list[object] = []
        endless.append(endless)
        with pytest.raises(TooDeepError, match=r"^nested too deep$"):
            dumps(endless, indent=indent)
    with pytest.raises(TooDeepError, match=r"^nested too deep$"):
        loads("[" * 100_000)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_what_is_nested_too_deep_is_an_error_of_its_own(opening: str, closing: str) -> None:
    allowed = opening * MAX_DEPTH + "1" + closing * MAX_DEPTH
    assert loads(dumps(loads(allowed))) == loads(allowed)
    for depth in (MAX_DEPTH + 1, 900, 100_000):
        with pytest.raises(TooDeepError):
            loads(opening * depth + "1" + closing * depth)


def test_brackets_in_texts_nest_nothing() -> None:
    assert loads(json.dumps("[" * 1000)) == "[" * 1000
    assert loads(json.dumps(["[{"] * 1000)) == ["[{"] * 1000


def test_leaves_are_found_and_replaced_by_their_paths() -> None:
    value = loads('{"a": [{"b": "x"}, []], "c": {}}')
    assert list(jsontext.leaves(value)) == [(("a", 0, "b"), "x"), (("a", 1), []), (("c",), {})]
    changed = jsontext.replace_leaves(value, lambda path, leaf: DROP if path == ("a", 0, "b") else leaf)
    assert changed == {"a": [{}, []], "c": {}}


def test_a_path_is_shown_as_people_write_it() -> None:
    assert jsontext.show_path(("keyfile", "keys", 0, "id")) == "keyfile.keys[0].id"
