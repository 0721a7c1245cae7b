"""Finds the values of a .env file that other programs read differently, and by which kind of difference.

Every value that isn't plain is compared with what models of the programs read (`readers/`), which expand variables
from the file alone.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import cast

from airconn.formats.dotenv.lines import Entry, unix_lines, without_bom
from airconn.formats.dotenv.marks import SHELL_NAME
from airconn.formats.dotenv.readers.plain_lines import PlainLine, plain_lines
from airconn.formats.dotenv.readers.reader import (
    ASTRO,
    COMPOSE,
    COUNTED,
    DOCKER,
    PYTHON_DOTENV,
    SHELL,
    Values,
)
from airconn.patterns import pattern

_GAP = pattern(r"\s=|=\s")


class Difference:
    """One kind of difference in one value: the code of its rule, and what each reader has instead of the value."""

    __slots__ = ("line", "others", "readers", "rule", "theirs")

    def __init__(self, rule: str, line: int) -> None:
        self.rule = rule
        self.line = line
        self.readers: list[str] = []
        self.others = 0
        """In how many other values of the file it is, for a kind that is only told of the first one."""
        self.theirs: list[str | None] = []
        """The values of these readers. None for one that reads no value, or one that isn't known."""


def differences(
    text: str,
    entries: Sequence[Entry],
    names: Container[str],
    readers: Collection[str],
    *,
    with_minor: bool,
    scanned: Sequence[Entry] | None = None,
) -> dict[str, list[Difference]]:
    """The differences in the values of `names`. `entries` are those that airconn has read in the text, and
    `scanned` those in the grammar of python-dotenv, if they are others.

    A name that is set again counts with its last value. Unless `with_minor`, there are none in a file in which only
    shells and docker differ, whose models take most of the time.
    """
    body = without_bom(text)
    plain = plain_lines(body)
    has_bom = len(body) < len(text)
    if _is_plain(body, plain) and not (
        with_minor and (has_bom or any(not line.is_plain or line.has_return for line in plain.values()))
    ):
        return {}
    found = {entry.name: entry for entry in entries if entry.name in names and entry.value is not None}
    last = {name: entry for name, entry in found.items() if name}

    def compared(some: Iterable[str]) -> dict[str, list[Difference]]:
        values = {
            reader: _values(reader, text, body, plain, entries if scanned is None else scanned) for reader in some
        }
        return _FileComparison(body, last, values, has_bom=has_bom).all()

    counted = [reader for reader in readers if reader in COUNTED]
    if not with_minor and not any(
        COUNTED.intersection(each.readers) and each.rule != "AC419"
        for differing in compared(counted).values()
        for each in differing
    ):
        return {}
    return compared(readers)


def _is_plain(body: str, plain: Mapping[int, PlainLine]) -> bool:
    """Whether python-dotenv, Docker Compose and the Astro CLI read every line alike."""
    return len(plain) >= body.count("\n") + (not body.endswith("\n"))


def _values(reader: str, text: str, body: str, plain: dict[int, PlainLine], entries: Iterable[Entry]) -> Values:
    if reader == PYTHON_DOTENV:
        from airconn.formats.dotenv.readers import python_dotenv

        return python_dotenv.read(text, entries)
    if reader == SHELL and len(body) < len(text):
        body, plain = text, plain_lines(text)
    name = {COMPOSE: "compose", ASTRO: "astro", DOCKER: "docker", SHELL: "shell"}[reader]
    return cast(Values, import_module(f"airconn.formats.dotenv.readers.{name}").read(body, plain))


def _tell_once(rule: str, found: dict[str, list[Difference]]) -> None:
    """Leaves only the first difference of a kind that most values of a file have."""
    first: Difference | None = None
    for name, differing in list(found.items()):
        for difference in differing:
            if difference.rule != rule:
                continue
            if first is None:
                first = difference
            else:
                first.others += 1
                found[name] = [other for other in differing if other is not difference]
        if not found[name]:
            del found[name]


class _FileComparison:
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

    def all(self) -> dict[str, list[Difference]]:
        """The differences of all names that have some."""
        found = {name: differing for name, entry in self.last.items() if (differing := self.of(name, entry))}
        _tell_once("AC420", found)
        for name, refused in self.refusals():
            found.setdefault(name, []).append(refused)
        return found

    def of(self, name: str, entry: Entry) -> list[Difference]:
        """The differences in one value."""
        ours = entry.value or ""
        found: dict[str, Difference] = {}
        is_of_shells = SHELL_NAME.fullmatch(name) is not None  # otherwise AC404 says it
        for reader, values in self.read:
            if reader == SHELL and not is_of_shells:
                continue
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
        return "AC413" if self.has_hash(entry) else "AC418"

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
        return "AC413" if self.has_hash(entry) else "AC418"

    def has_hash(self, entry: Entry) -> bool:
        """Whether a `#` is in an unquoted value or behind it."""
        return "#" in self.lines[entry.value_span[0] : entry.span[1]]

    def has_gap(self, entry: Entry) -> bool:
        """Whether blanks are around the `=`."""
        return _GAP.search(self.lines[entry.span[0] : entry.value_span[0]]) is not None

    def refusals(self) -> Iterator[tuple[str, Difference]]:
        """The programs that refuse the whole file or the rest of it, each at the name that is nearest to the line."""
        if not self.last:
            return
        by_line: dict[int, Difference] = {}
        for reader, values in self.values.items():
            line = None if values.refused_at is None else self.line_of(values.refused_at)
            if reader == SHELL and self.stopped and all(entry.line < self.stopped for entry in self.last.values()):
                line = self.stopped  # otherwise the values behind it tell it
            if line is not None:
                difference = by_line.setdefault(line, Difference("AC419", line))
                difference.readers.append(reader)
                difference.theirs.append(None)
        for line, difference in by_line.items():
            yield min(self.last, key=lambda name: (abs(self.last[name].line - line), name)), difference
