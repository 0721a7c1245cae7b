"""Expands references as Docker Compose does in a .env file (compose-go v2, `template/template.go`).

`$NAME` and `${NAME}`, `${NAME:-default}`, `${NAME:+other}` and `${NAME:?message}`, each also without the colon, and
`$$` for a `$`. A default may have references in it.
"""

from __future__ import annotations

import re

from airconn.formats.dotenv.expansion import Variables
from airconn.formats.dotenv.lines import Fault
from airconn.formats.expansion_limits import MOST

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATOR = re.compile(r":?[-+?]")
_BRACE = re.compile(r"[{}]")
WAY_OUT = "write $$ for a $, or put the value between single quotes"


def substituted(text: str, variables: Variables, depth: int = 0) -> str:
    """A text with its references expanded. Raises `Fault` for one that Docker Compose refuses, or that isn't set."""
    if depth > MOST:
        raise Fault("has references that are too deep within each other", "write the value without references")
    return _Template(text, variables, depth).expanded()


class _Template:
    def __init__(self, text: str, variables: Variables, depth: int) -> None:
        self.text = text
        self.variables = variables
        self.depth = depth
        self.line_end = -1
        self.last_brace = -1

    def expanded(self) -> str:
        pieces: list[str] = []
        done = 0
        while (start := self.text.find("$", done)) >= 0:
            pieces.append(self.text[done:start])
            piece, done = self.reference(start)
            pieces.append(piece)
        whole = "".join([*pieces, self.text[done:]])
        self.variables.spend(len(whole))
        return whole

    def reference(self, start: int) -> tuple[str, int]:
        """What a `$` stands for with the text after it, and where that ends."""
        following = self.text[start + 1 : start + 2]
        if following == "$":
            return "$", start + 2
        if following == "{":
            return self.braced(start)
        if name := _NAME.match(self.text, start + 1):
            return self.variables.need(name[0]), name.end()
        return "$", start + 1

    def braced(self, start: int) -> tuple[str, int]:
        name = _NAME.match(self.text, start + 2)
        if name is None:
            raise Fault("has a ${ that Docker Compose refuses", WAY_OUT)
        if self.text.startswith("}", name.end()):
            return self.variables.need(name[0]), name.end() + 1
        operator = _OPERATOR.match(self.text, name.end())
        last = self.last_brace_after(name.end())
        if operator is None or last < operator.end():
            raise Fault("has a ${ that Docker Compose refuses", WAY_OUT)
        end = self.closing(start, last)
        return self.chosen(name[0], operator[0], self.text[operator.end() : end]), end + 1

    def last_brace_after(self, start: int) -> int:
        """The last closing brace in the line of `start`. The text of a default ends there, if not before."""
        if start > self.line_end:
            end = self.text.find("\n", start)
            self.line_end = len(self.text) if end < 0 else end
            self.last_brace = self.text.rfind("}", start, self.line_end)
        return self.last_brace

    def closing(self, start: int, last: int) -> int:
        """The brace that closes the one at `start`, or else `last`. It passes over what follows an opening one."""
        depth, passed, steps = 0, -1, 0
        for brace in _BRACE.finditer(self.text, start, last + 1):
            steps += 1
            if brace.start() == passed:
                continue
            if brace[0] == "{":
                depth += 1
                passed = brace.start() + 1
            else:
                depth -= 1
                if not depth:
                    self.variables.spend(10 * steps)
                    return brace.start()
        self.variables.spend(10 * steps + last - start)
        return last

    def chosen(self, name: str, operator: str, word: str) -> str:
        """The value of `${NAME:-word}` and the like."""
        value = self.variables.get(name)
        is_there = value is not None and (value != "" or not operator.startswith(":"))
        if operator.endswith("?") and not is_there:
            raise Fault(f"has a reference that demands a value of {name}, which isn't set", f"set {name}")
        if operator.endswith("+") == is_there and not operator.endswith("?"):
            return substituted(word, self.variables, self.depth + 1)
        return value or ""
