"""Tests of the shape of a mapping, to be put together: which keys it has, with values of which types."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from airconn.model.jsontext import Number
from airconn.patterns import pattern

Test = Callable[[dict[str, Any]], bool]
Types = type | tuple[type, ...]
ANY: Types = object
FLAG: Types = bool
LIST: Types = list
MAPPING: Types = dict
NUMBER: Types = (Number, str)
"""A number, which some write as text."""
TEXT: Types = str


def has(one_of: Collection[str] = (), /, **types: Types) -> Test:
    """Tests that a mapping has these keys with values of these types, and one of `one_of`."""

    def test(found: dict[str, Any]) -> bool:
        return all(key in found and isinstance(found[key], type_) for key, type_ in types.items()) and (
            not one_of or not found.keys().isdisjoint(one_of)
        )

    return test


def has_exactly(*keys: str, **types: Types) -> Test:
    """Tests that a mapping has these keys with values of these types and otherwise only some of `keys`."""
    wanted = has(**types)
    return lambda found: wanted(found) and found.keys() <= {*keys, *types}


def says(key: str, *texts: str) -> Test:
    """Tests that a key has one of these texts."""
    return lambda found: found.get(key) in texts


def each(*tests: Test) -> Test:
    """Tests that all tests are true."""
    return lambda found: all(test(found) for test in tests)


def some(*tests: Test) -> Test:
    """Tests that one of the tests is true."""
    return lambda found: any(test(found) for test in tests)


def under(key: str, test: Test) -> Test:
    """Tests the mapping that a key has, or one of the mappings in its list."""

    def test_value(found: dict[str, Any]) -> bool:
        value = found.get(key)
        return any(test(item) for item in _mappings(value if isinstance(value, list) else [value]))

    return test_value


def an_entry(test: Test) -> Test:
    """Tests that one of the values is a mapping that passes."""
    return lambda found: any(map(test, _mappings(found.values())))


def every_entry(test: Test) -> Test:
    """Tests that all values are mappings that pass, and that there is one."""
    return lambda found: bool(found) and all(isinstance(value, dict) and test(value) for value in found.values())


def keys_like(regex: str) -> Test:
    """Tests that at least two keys, and most of all, match a regular expression as a whole."""
    compiled = pattern(regex)

    def test(found: dict[str, Any]) -> bool:
        matching = sum(compiled.fullmatch(key) is not None for key in found)
        return matching > 1 and 2 * matching > len(found)

    return test


def _mappings(values: Collection[Any]) -> Iterator[dict[str, Any]]:
    return (value for value in values if isinstance(value, dict))
