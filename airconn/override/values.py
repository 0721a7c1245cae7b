"""The values of overrides: the text itself, or where to get it from."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from airconn.errors import UsageError

STDIN = "-"
WORDS = ("env:", "file:", "prompt:", "text:")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where values come from that aren't in the option itself. Each is asked for once.

    `read` takes the path of a file, and `ask` the name to show to the user. Both raise `UsageError`.
    """

    env: Callable[[str], str | None]
    read: Callable[[str], str]
    ask: Callable[[str], str]
    stdin: Callable[[], str] | None = None
    """Reads standard input, which the value `-` then stands for."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    """The environment of programs that are run for a value."""
    refer: Callable[[str, str], str | None] = field(default=lambda text, where: None)
    """Gets the value of a reference to another place, which is at `where`. None for other texts, and where the user
    doesn't allow it."""
    follows: Callable[[str], bool] = field(default=lambda text: False)
    """Whether `refer` gives a value for a text."""
    refusal: tuple[str, str] | None = None
    """Why values from elsewhere may not be taken, and what allows it. None: they may."""

    def is_literal(self, text: str) -> bool:
        """Whether a value is in the option itself."""
        return is_literal(text) and not (text == STDIN and self.stdin) and not self.follows(text)


@dataclass(frozen=True, slots=True)
class Value:
    """A value of an override. Its repr doesn't show it."""

    text: str
    adapts: bool = True
    """Whether it takes the type of the leaf that it replaces. A value with `text:` is always a text."""

    def __repr__(self) -> str:
        return f"<Value of {len(self.text)} characters>"


def is_literal(text: str) -> bool:
    """Whether a value is in the option itself."""
    return not text.startswith(WORDS) or text.startswith("text:")


def get(text: str, place: str, where: str, surroundings: Surroundings, *, secret: bool) -> Value:
    """The value that an option or an overlay gives to `place`. With `secret`, an empty one is refused.

    Raises `UsageError` that names the variable or the file that is missing.
    """
    word, colon, rest = text.partition(":")
    word += colon
    if (value := surroundings.refer(text, where)) is not None:
        return _got(value, where, secret)
    if surroundings.refusal and not is_literal(text):
        why, hint = surroundings.refusal
        raise UsageError(f"{word!r} isn't allowed here, because {why}", where=where, hint=hint, topic="targets")
    if word == "text:":
        return Value(_sound(rest, where), adapts=False)
    if text == STDIN and surroundings.stdin is not None:
        return _got(_without_line_end(surroundings.stdin()), where, secret)
    if word == "env:":
        return _got(_variable(rest, where, surroundings), where, secret)
    if word == "file:":
        return _got(_without_line_end(surroundings.read(rest)), where, secret)
    if word == "prompt:":
        if rest:
            raise UsageError(
                "'prompt:' takes no text after it", where=where, hint="the question names the field by itself"
            )
        return _got(surroundings.ask(place), where, secret)
    return Value(_sound(text, where))


def whole_file(path: str, where: str, surroundings: Surroundings, *, secret: bool) -> Value:
    """The text of a file to the last character."""
    return _got(surroundings.read(path), where, secret)


def _got(text: str, where: str, secret: bool) -> Value:
    """A value from elsewhere. Raises `UsageError` for an empty secret, which most likely isn't set in a CI."""
    if secret and not text:
        raise UsageError(
            "this secret is empty", where=where, hint="null in an --overlay file clears a field on purpose"
        )
    return Value(_sound(text, where))


def _variable(name: str, where: str, surroundings: Surroundings) -> str:
    value = surroundings.env(name)
    if value is None:
        shown = f"the environment variable {name}" if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,99}", name) else "it"
        raise UsageError(
            f"{shown} is not set", where=where, hint="env:NAME takes the value of a variable that is set"
        )
    return value


def _without_line_end(text: str) -> str:
    """A single line without the line end that an editor adds. A key of several lines keeps it."""
    line = text.removesuffix("\n").removesuffix("\r")
    return text if "\n" in line else line


def _sound(text: str, where: str) -> str:
    """`text` itself. Raises `UsageError` if it came from bytes that aren't UTF-8 (Python makes half characters)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise UsageError("this value is not UTF-8 text", where=where) from None
    return text
