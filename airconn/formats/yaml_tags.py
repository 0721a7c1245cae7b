"""Reads YAML values with an explicit tag as PyYAML's `safe_load` does, which Airflow uses."""

from __future__ import annotations

import binascii
import math
from typing import Any, Final

import yaml
from yaml.nodes import ScalarNode

from airconn.model.jsontext import Number

PREFIX: Final = "tag:yaml.org,2002:"
STR: Final = f"{PREFIX}str"
MERGE: Final = f"{PREFIX}merge"
PAIRS: Final = frozenset((f"{PREFIX}omap", f"{PREFIX}pairs"))
_MAPPINGS = frozenset((None, "!", f"{PREFIX}map"))
_SEQUENCES = frozenset((None, "!", f"{PREFIX}seq", *PAIRS))
_SCALARS = frozenset(f"{PREFIX}{name}" for name in ("null", "bool", "int", "float", "binary", "timestamp"))


class TagError(ValueError):
    """A tag that `safe_load` refuses for its value. The message quotes neither, as both may be a secret."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def check_mapping(tag: str | None) -> None:
    """Raises `TagError` for a tag that `safe_load` doesn't read as a mapping."""
    if tag == f"{PREFIX}set":
        raise TagError("this is a set (!!set), which JSON can't hold", "write it as a list")
    _check(tag, tag in _MAPPINGS)


def check_sequence(tag: str | None) -> None:
    """Raises `TagError` for a tag that `safe_load` doesn't read as a list."""
    _check(tag, tag in _SEQUENCES)


def scalar(tag: str, text: str) -> Any:
    """The value that `safe_load` reads from a text with a tag, except that bytes are UTF-8 text and dates stay text.

    Raises `TagError`.
    """
    _check(tag, tag in _SCALARS)
    try:
        return _decoded(tag.removeprefix(PREFIX), text)
    except (yaml.YAMLError, ValueError, KeyError, IndexError, AttributeError, TypeError, OverflowError):
        name = tag.removeprefix(PREFIX)
        raise TagError(
            f"this value isn't what its tag !!{name} says", "correct the value, or remove the tag"
        ) from None


def _decoded(name: str, text: str) -> Any:
    node = ScalarNode(f"{PREFIX}{name}", text)
    constructor = yaml.constructor.SafeConstructor()
    if name == "binary":
        try:
            return constructor.construct_yaml_binary(node).decode()
        except binascii.Error as error:
            raise ValueError from error
    value = getattr(constructor, f"construct_yaml_{name}")(node)
    if name == "float" and not math.isfinite(value):
        raise ValueError(name)
    if name in ("int", "float"):
        return Number(repr(value))
    return text if name == "timestamp" else value


def _check(tag: str | None, is_fit: bool) -> None:
    if is_fit:
        return
    if tag is not None and tag.startswith(PREFIX):
        raise TagError("the YAML tag (!!) doesn't fit this value", "remove the tag")
    raise TagError(
        "this value has a YAML tag (it starts with !), which Airflow can't read",
        "decrypt or resolve it with the tool that it is for (!vault, !ENV, !Ref), and a text that starts with ! "
        "needs quotes",
    )
