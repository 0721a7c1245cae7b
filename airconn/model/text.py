"""The opaque text that a variable holds and that a connection's extra is written in."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from airconn.model import jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.redacted import MASK, REDACTED, Redacted


class BeyondPythonError(ValueError):
    """A text is JSON that Python's reader fails on, and so does every Airflow that has it as an extra.

    That is an integer of more than 4300 digits, or very deep nesting: the errors that they raise are not those that
    Airflow's `_validate_extra` expects.
    """


@dataclass(frozen=True, slots=True, repr=False)
class Text:
    """A text kept as it was written, which may be JSON some leaves of which are hidden.

    `text` has the mask at hidden leaves, and `hidden` their paths. :meth:`of` finds them.
    """

    text: str
    hidden: tuple[JsonPath, ...] = ()
    _is_object: bool | None = field(default=None, init=False, compare=False)
    """The result of :meth:`is_object`, which is asked when an extra is read and when it is written."""

    @classmethod
    def of(cls, text: str, *, masked: bool = False) -> Text | Redacted:
        """The text that was read, or `REDACTED` where all of it is hidden.

        A leaf is hidden when it is the mask. With `masked`, the text comes from a place that masks by value (the
        Airflow API replaces every secret that its process has seen, wherever it is in a text: airflow 2.11 and
        3.x `_secrets_masker`), so a leaf that has the mask *in* it is hidden as well, all of it.
        """
        if MASK not in text:
            return cls(text)
        if text == MASK:
            return REDACTED
        try:
            value = jsontext.loads(text)
        except (jsontext.DuplicateKeyError, jsontext.TooDeepError):
            # JSON whose leaves can't be told apart by their paths: if one of them is hidden, all of it is.
            return REDACTED if masked or f'"{MASK}"' in text else cls(text)
        except ValueError:
            return REDACTED if masked else cls(text)

        def is_hidden(leaf: Any) -> bool:
            return isinstance(leaf, str) and (MASK in leaf if masked else leaf == MASK)

        hidden = tuple(path for path, leaf in jsontext.leaves(value) if is_hidden(leaf))
        if hidden == ((),):
            return REDACTED
        if masked and hidden:
            text = jsontext.dumps(jsontext.replace_leaves(value, lambda _, leaf: MASK if is_hidden(leaf) else leaf))
        return cls(text, hidden)

    def value(self) -> Any:
        """The value of the text as JSON, numbers as `Number` and hidden leaves as `REDACTED`.

        Raises `ValueError` where the text isn't JSON.
        """
        value = jsontext.loads(self.text)
        if not self.hidden:
            return value
        hidden = frozenset(self.hidden)
        return jsontext.replace_leaves(value, lambda path, leaf: REDACTED if path in hidden else leaf)

    def is_object(self) -> bool:
        """Whether the text is a JSON object, which is all that Airflow 3 takes as an extra.

        Python's own reader is the judge, as it is in Airflow (3.x `Connection._validate_extra`): it takes a key that
        occurs twice. Raises :class:`BeyondPythonError` where that fails.
        """
        if self._is_object is None:
            if jsontext.is_plain_object(self.text):
                object.__setattr__(self, "_is_object", True)
                return True
            try:
                found = isinstance(json.loads(self.text), dict)
            except json.JSONDecodeError:
                found = False
            except (ValueError, RecursionError):
                raise BeyondPythonError from None
            object.__setattr__(self, "_is_object", found)
        return bool(self._is_object)

    def without_hidden(self) -> Text:
        """The text without its hidden leaves. The JSON is only written anew if there were any."""
        if not self.hidden:
            return self
        hidden = frozenset(self.hidden)
        rest = jsontext.replace_leaves(
            jsontext.loads(self.text), lambda path, leaf: jsontext.DROP if path in hidden else leaf
        )
        return Text(jsontext.dumps(rest))

    def __repr__(self) -> str:
        return f"<Text of {len(self.text)} characters, {len(self.hidden)} hidden leaves>"


def hides(value: Any) -> bool:
    """Whether a field, or a leaf of it, is hidden."""
    return value is REDACTED or (isinstance(value, Text) and bool(value.hidden))
