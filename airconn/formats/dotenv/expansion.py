"""Expands references in the values of a .env file: which variables they may name, and what became of each.

How a reference is written, and which of the file and the environment comes first, is the business of each dialect.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from airconn.formats.dotenv.lines import Entry, Fault
from airconn.formats.dotenv.marks import SHELL_NAME
from airconn.formats.env import named_by
from airconn.formats.expansion_limits import LONGEST, LONGEST_OF_ALL, MOST
from airconn.model import Kind
from airconn.model.ambiguity import Ambiguity
from airconn.model.secret_names import is_secret_name
from airconn.patterns import pattern

_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]{0,79}")

_MOST_STEPS = 4 * LONGEST_OF_ALL


class ValueFault(Fault):
    """A value that can't be expanded. The reason says what the variable does: `refers to …`."""


class UnsetError(ValueFault):
    """A reference that has no value here. Only lines that need it fail."""


class Variables:
    """The variables that references of one file may name: those of the lines above, and those of the environment."""

    def __init__(self, environ: Mapping[str, str], *, only_of_file: bool) -> None:
        self.environ = environ
        self.only_of_file = only_of_file
        """Whether a value of the environment is an error, since it wasn't the user who asked for expansion."""
        self.environment_first = False
        """Whether a variable of the environment wins over one of the file."""
        self._values: dict[str, str | None] = {}
        """The values of the lines above by name. None for one that can't be told."""
        self._sources: dict[str, frozenset[str]] = {}
        """The names of the environment that the value of a line above has in it."""
        self._lines: dict[str, int] = {}
        self._gained = 0
        self._steps = 0
        self._written = ""
        self._used: set[str] = set()
        self.differing: set[str] = set()
        """The names in the present line whose value in the environment is another one than in the file."""

    def get(self, name: str) -> str | None:
        """The value of a variable. None if it isn't set. Raises `Fault`."""
        is_there = name in self._values
        ours, theirs = self._values.get(name), self.environ.get(name)
        if self.environment_first and theirs is not None:
            return self._from_environment(name, theirs, is_same=is_there and ours == theirs)
        if is_there:
            if ours is None:
                raise UnsetError(
                    f"refers to {self.shown(name)}, whose value in line {self._lines[name]} isn't known",
                    "correct that line, or write the value here",
                )
            if theirs not in (None, ours):
                self.differing.add(name)
            self._used |= self._sources[name]
            self.spend(len(ours))
            return ours
        return None if theirs is None else self._from_environment(name, theirs, is_same=False)

    def _from_environment(self, name: str, value: str, *, is_same: bool) -> str:
        if self.only_of_file and not is_same:
            raise UnsetError(
                f"refers to {self.shown(name)} in the environment, and a project's file may not do that",
                "--expand takes values from there",
            )
        self._used.add(name)
        self.spend(len(value))
        return value

    def spend(self, steps: int) -> None:
        """Counts work. Raises `Fault` for a file that takes too much of it."""
        self._steps += steps
        if self._steps > _MOST_STEPS:
            raise ValueFault("has too many references", "write the value without references")

    def inherited(self, name: str) -> str:
        """The value of a variable of the environment that a line takes over by its name. Raises `Fault`."""
        if name not in self.environ:
            raise UnsetError("has no value, and isn't set in the environment", "write NAME=VALUE")
        return self._from_environment(name, self.environ[name], is_same=False)

    def shown(self, name: str) -> str:
        """The name of a variable for messages.

        Without braces, and other than in capitals, it may be a part of a password with a `$` in it.
        """
        is_sure = _NAME.fullmatch(name) and (name == name.upper() or f"{{{name}" in self._written)
        return name if is_sure else "a variable"

    def need(self, name: str) -> str:
        """The value of a variable. Raises `Fault` if it isn't set."""
        value = self.get(name)
        if value is None and not _NAME.fullmatch(name):
            raise UnsetError(
                "has a ${ } with something else than a name in it",
                "python-dotenv knows ${NAME} and ${NAME:-default}; --from-env-dialect names another program",
            )
        if value is None:
            subject = self.shown(name)
            way_out = "set it, or give the reference a default: ${NAME:-default}"
            if subject != name:
                way_out = "set it; if the $ is text, put the value between single quotes"
            raise UnsetError(
                f"refers to {subject}, which isn't set in the lines above or in the environment", way_out
            )
        return value

    def set(self, name: str, value: str | None, line: int) -> None:
        """Keeps the value of a line for the lines below. None: it can't be told."""
        self._values[name] = value
        self._lines[name] = line
        self._sources[name] = frozenset(self._used)

    def assign(self, name: str, value: str) -> None:
        """Keeps a value that a reference sets."""
        self._values[name] = value
        self._lines[name] = 0
        self._sources[name] = frozenset(self._used)

    def settled(
        self, entry: Entry, expand: Callable[[], str] | None, ambiguities: Callable[[], Iterable[Ambiguity]] = tuple
    ) -> Entry:
        """An entry with its expanded value, which the lines below may refer to.

        `expand` gives it. None for an entry without references. What goes wrong in a line that isn't for Airflow only
        matters if another one needs it. `ambiguities` are asked for after the expansion.
        """
        name = entry.name or ""
        self._used, self.differing, self._written = set(), set(), entry.written
        if expand is None:
            self.set(name, entry.value, entry.line)
            return entry
        try:
            value = self._limited(entry, expand())
        except Fault as fault:
            self.set(name, None, entry.line)
            if isinstance(fault, UnsetError) and named_by(name) is None:
                return replace(entry, value="", value_column=None, is_expanded=True)
            subject = name if SHELL_NAME.fullmatch(name) else "this line"
            reason = f"{subject} {fault.reason}" if isinstance(fault, ValueFault) else fault.reason
            return Entry(entry.line, entry.column, span=entry.span, is_fault=True, reason=reason, hint=fault.hint)
        self.set(name, value, entry.line)
        return replace(
            entry,
            value=value,
            value_column=None,
            is_expanded=True,
            from_environment=tuple(sorted(self._used)),
            ambiguities=(*entry.ambiguities, *ambiguities()),
        )

    def _limited(self, entry: Entry, value: str) -> str:
        written = entry.value_span[1] - entry.value_span[0]
        self._gained += max(0, len(value) - written)
        if len(value) > max(LONGEST, written) or self._gained > LONGEST_OF_ALL or len(self._used) > MOST:
            raise ValueFault("has references that make it too long", "write this value without references")
        return value


def is_weighty(name: str) -> bool:
    """Whether the value of a variable is a connection, or likely a secret, so that its ambiguities block a plan."""
    named = named_by(name)
    return named is not None and (named[0] is Kind.CONNECTIONS or is_secret_name(named[1]))
