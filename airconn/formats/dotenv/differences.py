"""Finds the values of a .env file that other programs read differently, and by which kind of difference.

Every value that isn't plain is compared with what models of the programs read (`readers/`), with variables expanded from
the file alone.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from airconn.formats.dotenv.lines import Entry, unix_lines, without_bom
from airconn.formats.dotenv.readers.plain_lines import PlainLine, plain_lines
from airconn.formats.dotenv.readers.reader import (
    ASTRO,
    COMPOSE,
    DOCKER,
    PYTHON_DOTENV,
    READERS,
    SHELL,
    Values,
)

_GAP = re.compile(r"\s=|=\s")


class Difference:
    """One kind of difference in one value: the code of its rule, and what each reader has instead of the value."""

    __slots__ = ("line", "readers", "rule", "theirs")

    def __init__(self, rule: str, line: int) -> None:
        self.rule = rule
        self.line = line
        self.readers: list[str] = []
        self.theirs: list[str | None] = []
        """The values of these readers. None for one that reads no value, or one that isn't known."""


def differences(
    text: str, entries: Sequence[Entry], names: Container[str], readers: Sequence[str] = READERS
) -> dict[str, list[Difference]]:
    """The differences in the values of `names`. `entries` are those that airconn has read in the text.

    A name that is set again counts with its last value.
    """
    body = without_bom(text)
    plain = plain_lines(body)
    has_bom = len(body) < len(text)
    if not has_bom and _is_all_plain(body, plain):
        return {}
    last = {entry.name: entry for entry in entries if entry.name in names and entry.value is not None}
    values = {reader: _values(reader, text, body, plain, entries) for reader in readers}
    comparison = _Comparison(body, {name: last[name] for name in last if name}, values, has_bom=has_bom)
    found = {name: differing for name, entry in comparison.last.items() if (differing := comparison.of(name, entry))}
    for name, refused in comparison.refusals():
        found.setdefault(name, []).append(refused)
    return found


def _is_all_plain(body: str, plain: Mapping[int, PlainLine]) -> bool:
    """Whether all programs read every line alike."""
    number = body.count("\n") + (not body.endswith("\n"))
    return len(plain) >= number and all(line.is_plain and not line.has_return for line in plain.values())


def _values(
    reader: str, text: str, body: str, plain: dict[int, PlainLine], entries: Iterable[Entry]
) -> Values:
    from airconn.formats.dotenv.readers import astro, compose, docker, python_dotenv, shell

    if reader == PYTHON_DOTENV:
        return python_dotenv.read(text, entries)
    if reader == SHELL:
        return shell.read(text, plain if body is text else plain_lines(text))
    models = {COMPOSE: compose.read, ASTRO: astro.read, DOCKER: docker.read}
    return models[reader](body, plain)


class _Comparison:
    def __init__(self, body: str, last: Mapping[str, Entry], values: Mapping[str, Values], *, has_bom: bool) -> None:
        self.body = body
        self.lines = unix_lines(body)
        self.last = last
        self.values = values
        self.read = [(reader, found) for reader, found in values.items() if found.refused_at is None]
        shell = values.get(SHELL)
        stopped = shell.stopped_at if shell else None
        self.stopped = None if stopped is None else self.line_of(stopped)
        self.has_bom = has_bom

    def line_of(self, offset: int) -> int:
        """The number of the line at an offset, in which a carriage return ends a line as well."""
        before = self.body[:offset]
        return before.count("\n") + before.count("\r") - before.count("\r\n") + 1

    def of(self, name: str, entry: Entry) -> list[Difference]:
        """The differences in one value."""
        ours = entry.value or ""
        found: dict[str, Difference] = {}
        for reader, values in self.read:
            theirs = values.by_name.get(name)
            is_unread = reader == SHELL and self.stopped is not None and entry.line >= self.stopped
            if theirs == ours and not is_unread:
                continue
            rule = self.rule(reader, name, entry, theirs)
            difference = found.setdefault(rule, Difference(rule, entry.line))
            difference.readers.append(reader)
            difference.theirs.append(None if is_unread else theirs)
        return list(found.values())

    def rule(self, reader: str, name: str, entry: Entry, theirs: str | None) -> str:
        """The code of the rule for what a reader reads differently."""
        written = self.lines[slice(*entry.value_span)]
        if name in self.values[reader].expanded:
            return "AC407"
        if theirs is not None and theirs.count("\r") > (entry.value or "").count("\r"):
            return "AC417"
        if reader == SHELL:
            return self.rule_of_shells(entry, written)
        if reader == DOCKER:
            return self.rule_of_docker(entry, written)
        if written[:1] in ("'", '"'):
            if "\\" in written:
                return "AC411" if written[0] == "'" else "AC412"
            return "AC418"
        return "AC413" if "#" in written or entry.comment else "AC418"

    def rule_of_shells(self, entry: Entry, written: str) -> str:
        if self.has_bom and entry.line == 1:
            return "AC416"
        if self.stopped is not None and entry.line > self.stopped:
            return "AC419"
        if self.has_gap(entry):
            return "AC414"
        if "\\" in written and written[:1] in ("'", '"'):
            return "AC411" if written[0] == "'" else "AC412"
        return "AC415"

    def rule_of_docker(self, entry: Entry, written: str) -> str:
        if "\n" in written:
            return "AC418"
        if written[:1] in ("'", '"'):
            return "AC420"
        if self.has_gap(entry):
            return "AC414"
        return "AC413" if entry.comment else "AC418"

    def has_gap(self, entry: Entry) -> bool:
        """Whether blanks are around the `=`."""
        return _GAP.search(self.lines[entry.span[0] : entry.value_span[0]]) is not None

    def refusals(self) -> Iterator[tuple[str, Difference]]:
        """The programs that refuse the whole file, each at the name that is nearest to the line."""
        if not self.last:
            return
        by_line: dict[int, Difference] = {}
        for reader, values in self.values.items():
            if values.refused_at is not None:
                line = self.line_of(values.refused_at)
                difference = by_line.setdefault(line, Difference("AC419", line))
                difference.readers.append(reader)
                difference.theirs.append(None)
        for line, difference in by_line.items():
            yield min(self.last, key=lambda name: (abs(self.last[name].line - line), name)), difference
