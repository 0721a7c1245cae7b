"""Finds where a command of a shell ends that is more than an assignment, in a .env file.

Only as far as the lines after it depend on that: what is between quotes, what continues in the next line, and what
makes a shell stop reading. Where sh and bash differ, or it depends on what is installed, the shell is said to stop.
"""

from __future__ import annotations

import re

from airconn.patterns import pattern

_PLAIN = pattern(r"[^'\"\\$`\n;&|<>()# \t]+")
_IN_DOUBLE = pattern(r'[^"\\$`]+')
_BLANKS = pattern(r"(?:[ \t]|\\\n)+")
_OPERATOR = pattern(r"[;&|<>()]+")
_PARAMETER = pattern(r"\$\{(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#$!-])(?:\}|:?[-+=](?=[^{}$`'\"\\\n]*\}))")
_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_ASSIGNMENT = pattern(r"[A-Za-z_][A-Za-z0-9_]*=")
_ENDS = frozenset({";", "&"})
_CONTINUES = frozenset({"&&", "||"})
_REDIRECTS = frozenset({"<", ">", ">>"})
_KEYWORDS = frozenset(
    """
    ! { } [[ case coproc do done elif else esac fi for function if select then time until while
    """.split()  # noqa: SIM905 - a list of so many strings helps no reader
)
"""Words that are a part of more than a command, at its start."""
_DECISIVE = frozenset(
    """
    exit exec return set trap unset eval source . break continue readonly local declare typeset alias
    """.split()  # noqa: SIM905 - the same
)
"""Commands that end the shell or the file, or change how it is read."""


class Stops(Exception):
    """A shell doesn't read the rest of the file, or reads it in a way that depends on more than the file."""


def end_of_command(text: str, start: int) -> int:
    """The offset of the line after the command at `start`. Raises `Stops`."""
    return _Command(text, start).end()


class _Command:
    def __init__(self, text: str, start: int) -> None:
        self.text = text
        self.position = start
        self.words = 0
        """The number of words of the command, which an operator ends."""
        self.is_named = False
        """Whether the name of the command was read, and not only assignments before it."""
        self.is_exported = False

    def end(self) -> int:
        while self.position < len(self.text):
            if match := _BLANKS.match(self.text, self.position):
                self.position = match.end()
                continue
            character = self.text[self.position]
            if character == "#":
                end = self.text.find("\n", self.position)
                self.position = end if end >= 0 else len(self.text)
            elif character == "\n":
                break
            elif match := _OPERATOR.match(self.text, self.position):
                self.operator(match)
            else:
                self.word()
        return self.position + 1

    def operator(self, match: re.Match[str]) -> None:
        self.position = match.end()
        rest = _BLANKS.match(self.text, self.position)
        after = rest.end() if rest else self.position
        following = self.text[after : after + 1]
        if match[0] in _REDIRECTS:
            if following in ("", "\n", "#", *";&|<>()"):
                raise Stops
            return
        if not self.words or following in tuple(";&|()"):
            raise Stops
        if match[0] not in _ENDS and (match[0] not in _CONTINUES or following in ("", "\n", "#")):
            raise Stops
        self.words, self.is_named, self.is_exported = 0, False, False

    def word(self) -> None:
        start = self.position
        while self.position < len(self.text) and self.text[self.position] not in " \t\n;&|<>()":
            self.piece()
        word = self.text[start : self.position].replace("\\\n", "")
        if not self.words and word in _KEYWORDS:
            raise Stops
        if self.is_exported and not _is_exportable(word):
            raise Stops
        if not self.is_named and not _ASSIGNMENT.match(word):
            if word in _DECISIVE:
                raise Stops
            self.is_named, self.is_exported = True, word == "export"
        self.words += 1

    def piece(self) -> None:
        """Reads a part of a word: plain text, or what one kind of quotes holds."""
        if match := _PLAIN.match(self.text, self.position):
            self.position = match.end()
            return
        character = self.text[self.position]
        if character == "#":
            self.position += 1
        elif character == "'":
            self.position = self.closing("'", self.position + 1)
        elif character == '"':
            self.double()
        elif character == "\\":
            if self.position + 1 >= len(self.text):
                raise Stops
            self.position += 2
        elif character == "`":
            self.backtick()
        else:
            self.dollar()

    def closing(self, quote: str, start: int) -> int:
        end = self.text.find(quote, start)
        if end < 0:
            raise Stops
        return end + 1

    def double(self) -> None:
        self.position += 1
        while (character := self.text[self.position : self.position + 1]) != '"':
            if match := _IN_DOUBLE.match(self.text, self.position):
                self.position = match.end()
            elif character == "\\":
                self.position += 2
            elif character == "$":
                self.dollar(is_quoted=True)
            elif character == "`":
                self.backtick()
            else:
                raise Stops
        self.position += 1

    def backtick(self) -> None:
        """Reads a command between backticks. One with quotes or line breaks in it is more than a .env file has."""
        end = self.closing("`", self.position + 1)
        if re.search(r"['\"\\\n$;&|<>()#{}!]", self.text[self.position + 1 : end - 1]):
            raise Stops
        self.position = end

    def dollar(self, *, is_quoted: bool = False) -> None:
        following = self.text[self.position + 1 : self.position + 2]
        if following == "{":
            match = _PARAMETER.match(self.text, self.position)
            if match is None:
                raise Stops
            self.position = match.end() if match[0].endswith("}") else self.closing("}", match.end())
        elif following == "(":
            end = self.closing(")", self.position + 2)
            if re.search(r"['\"\\\n$;&|<>(#{}!`]", self.text[self.position + 2 : end - 1]):
                raise Stops
            self.position = end
        elif following in ("'", '"', "[", "\\") and not is_quoted:
            raise Stops  # bash has more quotes than sh
        else:
            self.position += 1


def _is_exportable(word: str) -> bool:
    """Whether `export` takes a word. sh ends at one that it doesn't take."""
    name = word.partition("=")[0]
    return _NAME.fullmatch(name) is not None
