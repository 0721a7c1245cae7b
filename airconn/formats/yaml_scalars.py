"""What YAML scalars without quotes are: in airconn's own files, to Airflow (PyYAML, YAML 1.1) and to the Astro CLI.

A schema also says which of them are odd: their value isn't, or may not be, what is written. `yaml_readings` judges
that by the place of a scalar.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import yaml
from yaml.nodes import ScalarNode

from airconn.formats import yaml_tags
from airconn.formats.tree import NotJson
from airconn.model.jsontext import Number
from airconn.patterns import pattern


@dataclass(frozen=True, slots=True)
class Schema:
    """One way to read scalars."""

    plain: Callable[[str], tuple[Any, bool]]
    """The value of a scalar without quotes and tag, and whether it is odd. Raises `TagError`."""
    tagged: Callable[[str, str], Any]
    """The value of a scalar with a tag. Raises `TagError`."""
    key: Callable[[Any], str | None] = lambda value: None
    """The text that a value is as a key. None for the text that is written."""


_JSON_NUMBER = pattern(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}


def json_like(text: str) -> Any:
    """A JSON number, a truth value or None, else the text: `0123`, `yes`, `12:30` and dates are texts."""
    if text in _NULL:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    return Number(text) if _JSON_NUMBER.fullmatch(text) else text


def _json_like(text: str) -> tuple[Any, bool]:
    value = json_like(text)
    return value, isinstance(value, bool)


JSON_LIKE: Final = Schema(_json_like, yaml_tags.scalar)
"""Overlays and Kubernetes. Odd are truth values, which have a text where one is needed (`True`)."""


# Airflow: `yaml.safe_load` in secrets/local_filesystem.py, of all releases.
_MAYBE_TYPED = frozenset("0123456789+-.~nNtTfFyYoO=<")
"""The first characters of texts that PyYAML, or YAML 1.2, may read as something else than text."""
_PLAIN_NUMBER = pattern(r"-?[1-9][0-9]{0,17}|0")
_CORE_NUMBER = pattern(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+")
"""A number in the core schema of YAML 1.2."""
_SAME = {"true": True, "false": False}


def _by_airflow(text: str) -> tuple[Any, bool]:
    if not text:
        return None, True
    if text[0] not in _MAYBE_TYPED:
        return text, False
    if _PLAIN_NUMBER.fullmatch(text):
        return Number(text), False
    if text in _SAME:
        return _SAME[text], False
    return _known(text) if len(text) <= _SHORT else _resolved(text)


@lru_cache(maxsize=4096)
def _known(text: str) -> tuple[Any, bool]:
    return _resolved(text)


_SHORT = 64
_LONGEST = 10_000
"""The most characters of a number: PyYAML takes minutes for a long `1:1:1:…`."""


def _resolved(text: str) -> tuple[Any, bool]:
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers.get(text[0], ())
    tag = next((tag for tag, pattern in resolvers if pattern.match(text)), yaml_tags.STR)
    if tag == yaml_tags.STR:
        return text, _CORE_NUMBER.fullmatch(text) is not None
    if tag not in _TYPES:  # '=' and '<<', which have a tag of their own
        raise yaml_tags.TagError("Airflow can't read this YAML: PyYAML fails on this value", "put it in quotes")
    value = _constructed(tag, text, "put it in quotes")
    return value, not (value is None and text == "null") and not (isinstance(value, Number) and value.text == text)


_TYPES = {f"{yaml_tags.PREFIX}{name}": name for name in ("null", "bool", "int", "float", "timestamp", "binary")}


def _constructed(tag: str, text: str, hint: str) -> Any:
    name = _TYPES[tag]
    try:
        if len(text) > _LONGEST and name in ("int", "float"):
            raise ValueError(name)
        value = getattr(_CONSTRUCTOR, f"construct_yaml_{name}")(ScalarNode(tag, text))
        if name in ("int", "float"):
            return Number(_NOT_FINITE.get(repr(value)) or repr(value))
    except (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError):
        raise yaml_tags.TagError("Airflow can't read this YAML: PyYAML fails on this value", hint) from None
    if name == "timestamp":
        return NotJson("a date", str(value))
    return NotJson("binary data", "") if name == "binary" else value


_CONSTRUCTOR = yaml.constructor.SafeConstructor()
_NOT_FINITE = {"inf": "Infinity", "-inf": "-Infinity", "nan": "NaN"}
"""What `json.dumps` writes for these floats."""


def _tagged_by_airflow(tag: str, text: str) -> Any:
    if tag not in _TYPES:
        return yaml_tags.scalar(tag, text)
    yaml_tags.scalar(tag, text)  # raises `TagError` in its own words
    return _constructed(tag, text, "correct the value, or remove the tag")


def _json_key(value: Any) -> str | None:
    """The text that `json.dumps` makes of a key."""
    if isinstance(value, Number | NotJson):
        return value.text
    return {None: "null", True: "true", False: "false"}[value]


AIRFLOW: Final = Schema(_by_airflow, _tagged_by_airflow, _json_key)
"""As `safe_load` reads it, with dates and bytes as `NotJson`, and numbers with the text that `json.dumps` writes.

Odd is each scalar whose value isn't its text, and a number of YAML 1.2 that is text here (`1e5`, `08`).
"""


# The Astro CLI 1.45.0: viper 1.19, which is yaml.v3 and then mapstructure with `WeaklyTypedInput`.
_MAYBE_TYPED_BY_GO = frozenset("0123456789+-.tTfFyYnNoO")
_GO_FLOAT = pattern(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_GO_INTEGER = pattern(r"[-+]?(0[bB][01]+|0[oO]?[0-7]+|0[xX][0-9a-fA-F]+|0|[1-9][0-9]*)")
_GO_ODD = pattern(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?")
_WORDS = frozenset(("yes", "no", "on", "off"))
"""Texts to Astro, and truth values to Airflow's own reader and to the eye."""


def _by_astro(text: str) -> tuple[Any, bool]:
    value = json_like(text)
    return value, bool(text) and text[0] in _MAYBE_TYPED_BY_GO and (isinstance(value, bool) or _is_odd_to_go(text))


def _is_odd_to_go(text: str) -> bool:
    if _PLAIN_NUMBER.fullmatch(text):
        return False
    bare = text.replace("_", "")
    if text.lower() in _WORDS or _GO_ODD.fullmatch(text):
        return True
    if _GO_INTEGER.fullmatch(bare):
        return True  # what is left is not in its shortest form
    return _GO_FLOAT.fullmatch(bare) is not None and not _is_shortest(text)


def _is_shortest(text: str) -> bool:
    """Whether a number without an exponent is written as Go's `FormatFloat(x, 'f', -1, 64)` writes it."""
    try:
        return repr(float(text)) == text and not text.endswith(".0") and text != "-0"
    except ValueError:
        return False


ASTRO: Final = Schema(_by_astro, yaml_tags.scalar)
"""As `JSON_LIKE`, which is what is written. Odd is what the Astro CLI makes another text of, or a truth value."""
