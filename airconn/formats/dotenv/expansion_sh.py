"""Expands references as sh and bash do in assignments, where that needs no shell to run.

`$NAME`, `${NAME}` with defaults (`:-`, `:=`, `:?`, `:+`, each also without the colon), `${#NAME}`, prefixes and
suffixes taken off (`#`, `##`, `%`, `%%`, with `*` and `?`), and `~`. What runs a command or computes, or is different
in sh and bash, is a fault.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from airconn.formats.dotenv.expansion import UnsetError, ValueFault, Variables
from airconn.formats.dotenv.lines import Fault
from airconn.formats.dotenv.references import sourcing
from airconn.formats.env import named_by
from airconn.formats.expansion_limits import MOST
from airconn.patterns import pattern

_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_PLAIN = pattern(r"[^ \t\n'\"\\$`;&|<>()~]+")
_IN_DOUBLE = pattern(r'[^"\\$`]+')
_IN_BRACES = pattern(r"[^'\"\\$`~\n}]+")
_COMMAND = pattern(r"\$\([^()'\"`\\\n#$]*\)|`[^`'\"\\\n#$]*`")
"""A command whose end is sure. Of any other, the end isn't looked for."""
_OPERATOR = pattern(r":?[-=?+]|##?|%%?")
_PATTERN = pattern(r"([A-Za-z0-9_./:@+,=*?-]*)\}")
_OWN = pattern(
    r"BASH\w*|EPOCH\w+|COMP_\w+|S?RANDOM|LINENO|SECONDS|E?UID|PPID|OPT(IND|ARG|ERR)|IFS|PS[0-4]|SHLVL|OLDPWD|_"
    r"|GROUPS|DIRSTACK|FUNCNAME|PIPESTATUS|SHELLOPTS|(HOST|MACH|OS)TYPE"
)
"""Variables that a shell sets itself."""
_SPLIT = pattern(r"[\s*?\[\\~]")
_RUN_IT = f"'{sourcing('FILE')}' imports what a shell reads"
_IS_RUN = "only a shell can evaluate this line"


@dataclass(frozen=True, slots=True)
class Reference:
    """A part of a value that stands for something else: a variable, or a command, which has no `name`."""

    name: str = ""
    operator: str = ""
    word: tuple[str | Reference, ...] = ()
    """What follows the operator. The pattern, for those that take something off."""
    is_bare: bool = False
    """Whether it is without quotes around it, so that some shells split its value after `export`."""


Parts = Sequence["str | Reference"]


class ShellWord:
    """Reads the value that starts at a position of a text."""

    def __init__(self, text: str, position: int) -> None:
        self.text = text
        self.position = position
        self.parts: list[str | Reference] = []
        self.bare: list[str] = []
        """The text without quotes around it."""
        self.depth = 0
        self._last: str | None = None
        """The last character without quotes, None at the start of the value, and empty after quotes."""

    def read(self) -> None:
        """Reads to the end of the value. Raises `Fault`."""
        while self.position < len(self.text):
            mark = self.peek()
            if self.text.startswith("\\\n", self.position):
                self.position += 2
            elif plain := self.skip(_PLAIN):
                self.parts.append(plain)
                self.bare.append(plain)
                self._last = plain[-1]
            elif mark == "~":
                self.parts.append(self.tilde())
                self.bare.append("~")
                self._last = "~"
            elif not self.quoted(self.parts):
                return
            else:
                self._last = ""

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.position)
        if match is None:
            return ""
        self.position = match.end()
        return match[0]

    def tilde(self) -> str | Reference:
        """A `~`, which is the home directory at the start of a value and after a colon."""
        self.position += 1
        if self._last not in (None, ":"):
            return "~"
        if self.peek() not in ("", "/", ":", " ", "\t", "\n"):
            raise Fault(_IS_RUN, _RUN_IT)
        return Reference("HOME", "~", is_bare=True)

    def quoted(self, parts: list[str | Reference]) -> bool:
        """Reads a text in quotes, an escape or a reference. Whether there was one."""
        mark = self.peek()
        if mark == "'":
            parts.append(self.single())
        elif mark == '"':
            self.double(parts)
        elif mark == "\\":
            parts.append(self.escaped(""))
        elif mark == "$":
            parts.append(self.dollar(is_bare=True))
        elif mark == "`":
            parts.append(self.command())
        else:
            return False
        return True

    def single(self) -> str:
        start = self.position + 1
        end = self.text.find("'", start)
        if end < 0:
            raise Fault
        self.position = end + 1
        return self.text[start:end]

    def double(self, parts: list[str | Reference]) -> None:
        self.position += 1
        while (mark := self.peek()) != '"':
            if mark == "\\":
                parts.append(self.escaped('$`"\\\n'))
            elif mark == "$":
                parts.append(self.dollar(is_bare=False))
            elif mark == "`":
                parts.append(self.command())
            elif plain := self.skip(_IN_DOUBLE):
                parts.append(plain)
            else:
                raise Fault
        self.position += 1

    def escaped(self, only: str) -> str:
        """The text of a backslash and the next character. With `only`, it is an escape before these characters."""
        following = self.text[self.position + 1 : self.position + 2]
        if not following:
            raise Fault
        self.position += 2
        if only and following not in only:
            return f"\\{following}"
        return "" if following == "\n" else following

    def command(self) -> Reference:
        if not self.skip(_COMMAND):
            raise Fault(_IS_RUN, _RUN_IT)
        return Reference()

    def dollar(self, *, is_bare: bool) -> str | Reference:
        following = self.text[self.position + 1 : self.position + 2]
        if following == "{":
            return self.braced(is_bare=is_bare)
        if following == "(":
            return self.command()
        if following and following in "0123456789@*#?-$![\\'\"":
            # A backslash here may be that of a line that goes on, and dash knows no $'…' and no $"…".
            raise Fault(_IS_RUN, _RUN_IT)
        self.position += 1
        if not (name := self.skip(_NAME)):
            return "$"
        if self.text.startswith("\\\n", self.position):
            raise Fault(_IS_RUN, _RUN_IT)
        return Reference(name, is_bare=is_bare)

    def braced(self, *, is_bare: bool) -> Reference:
        self.position += 2
        is_length = self.peek() == "#"
        self.position += is_length
        name = self.skip(_NAME)
        is_end = self.peek() == "}"
        if not name or (is_length and not is_end):
            raise Fault(_IS_RUN, _RUN_IT)
        if is_end:
            self.position += 1
            return Reference(name, "length" if is_length else "", is_bare=is_bare)
        operator = self.skip(_OPERATOR)
        if operator[:1] in ("#", "%") and operator:
            pattern = _PATTERN.match(self.text, self.position)
            if pattern is None:
                raise Fault(_IS_RUN, _RUN_IT)
            self.position = pattern.end()
            return Reference(name, operator, (pattern[1],), is_bare)
        if not operator:
            raise Fault(_IS_RUN, _RUN_IT)
        self.depth += 1
        if self.depth > MOST:
            raise Fault("the references of this line are nested too deep", "write the value without references")
        word = tuple(self.bare_word() if is_bare else self.quoted_word())
        self.depth -= 1
        return Reference(name, operator, word, is_bare)

    def bare_word(self) -> list[str | Reference]:
        """The word in braces that aren't between quotes."""
        parts: list[str | Reference] = []
        while self.peek() != "}":
            if plain := self.skip(_IN_BRACES):
                parts.append(plain)
            elif not self.quoted(parts):
                raise Fault(_IS_RUN, _RUN_IT)
        self.position += 1
        return parts

    def quoted_word(self) -> list[str | Reference]:
        """The word in braces that are between double quotes, in which shells treat quotes differently."""
        parts: list[str | Reference] = []
        while (mark := self.peek()) != "}":
            if mark == "\\":
                parts.append(self.escaped('$`"\\}\n'))
            elif mark == "$":
                parts.append(self.dollar(is_bare=False))
            elif mark == "`":
                parts.append(self.command())
            elif plain := self.skip(_IN_BRACES):
                parts.append(plain)
            else:
                raise Fault(_IS_RUN, _RUN_IT)
        self.position += 1
        return parts


def evaluated(parts: Parts, variables: Variables, *, is_exported: bool) -> str:
    """The value of what `ShellWord` read. Raises `Fault`."""
    pieces: list[str] = []
    for part in parts:
        if isinstance(part, str):
            pieces.append(part)
            continue
        value = _value(part, variables)
        if is_exported and part.is_bare and _SPLIT.search(value):
            raise ValueFault(
                "has a reference that some shells split after export", "put double quotes around the value"
            )
        pieces.append(value)
    whole = "".join(pieces)
    variables.spend(len(whole))
    return whole


def _value(reference: Reference, variables: Variables) -> str:
    name, operator = reference.name, reference.operator
    if not name:
        raise UnsetError("has a command in it, which airconn doesn't run", _RUN_IT)
    if _OWN.fullmatch(name):
        raise UnsetError(f"refers to {name}, which each shell sets itself", _RUN_IT)
    if operator in ("", "~"):
        return variables.need(name)
    if operator == "length":
        value = variables.need(name)
        if not value.isascii():
            raise ValueFault("has a length (${#NAME}) that shells count differently", _RUN_IT)
        return str(len(value))
    if operator[0] in "#%":
        value, pattern = variables.need(name), str(reference.word[0])
        variables.spend(len(value) ** min(2, pattern.count("*")))
        return _without(value, operator, pattern)
    return _chosen(reference, variables)


def _chosen(reference: Reference, variables: Variables) -> str:
    """The value of `${NAME:-word}` and the like."""
    name, operator = reference.name, reference.operator
    value = variables.get(name)
    is_there = value is not None and (value != "" or not operator.startswith(":"))
    if operator[-1] == "+":
        return evaluated(reference.word, variables, is_exported=False) if is_there else ""
    if is_there:
        return value or ""
    if operator[-1] == "?":
        raise ValueFault(f"has a reference that requires a value of {name}, which isn't set", f"set {name}")
    word = evaluated(reference.word, variables, is_exported=False)
    if operator[-1] == "=":
        if named_by(name):
            raise ValueFault(f"sets {name} within another value", "give it a line of its own")
        variables.assign(name, word)
    return word


def _without(value: str, operator: str, pattern: str) -> str:
    """A value without the prefix (`#`) or suffix (`%`) that a pattern matches, the longest one if doubled."""
    if not value.isascii() and "?" in pattern:
        raise ValueFault("has a pattern for a value whose characters shells count differently", _RUN_IT)
    from_end = operator[0] == "%"
    some = ".*" if len(operator) == 2 else ".*?"
    told = {"*": some, "?": "."}
    source = "".join(told.get(mark, re.escape(mark)) for mark in (reversed(pattern) if from_end else pattern))
    turned = value[::-1] if from_end else value
    match = re.compile(source, re.DOTALL).match(turned)
    rest = turned[match.end() :] if match else turned
    return rest[::-1] if from_end else rest
