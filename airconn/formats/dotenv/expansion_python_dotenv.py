"""Expands references as python-dotenv does (`dotenv/variables.py`), by its own code: `dotenv_values(file)`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from airconn.formats.dotenv.expansion import ValueFault, Variables, is_weighty
from airconn.formats.dotenv.lines import Entry
from airconn.model.ambiguity import Ambiguity
from airconn.patterns import pattern

_STOPS = pattern(r"\$\{|\}")
_MOST_STEPS = 10_000_000
"""The most characters that python-dotenv may look at for references that aren't closed."""
_REFERENCE = pattern(r"\$\{[^}:]*(?::-([^}]*))?\}")
_ELSEWHERE = pattern(r"\$[A-Za-z_{(]|`|\$\$")


def expanding(
    read: Callable[[str], Iterator[Entry]], *, for_all: bool
) -> Callable[[str, Variables], Iterator[Entry]]:
    """The function that gives the entries which `read` finds, with their references expanded.

    `for_all`: the file isn't for python-dotenv alone, so that what others expand differently is an ambiguity.
    """

    def entries(text: str, variables: Variables) -> Iterator[Entry]:
        for entry in read(text):
            yield _settled(entry, variables, for_all=for_all) if entry.name else entry

    return entries


def _settled(entry: Entry, variables: Variables, *, for_all: bool) -> Entry:
    value = entry.value
    if value is None or "${" not in value:
        return variables.settled(entry, None)
    return variables.settled(
        entry, lambda: _expanded(value, variables), lambda: _ambiguities(entry, variables, for_all=for_all)
    )


def _expanded(value: str, variables: Variables) -> str:
    from dotenv.variables import Variable, parse_variables

    if _steps(value) > _MOST_STEPS:
        raise ValueFault("has too many open ${ for python-dotenv", "close the braces")
    pieces: list[str] = []
    for atom in parse_variables(value):
        if not isinstance(atom, Variable):
            pieces.append(atom.resolve({}))
            continue
        found = variables.get(atom.name)
        if found is None:
            found = atom.default if atom.default is not None else variables.need(atom.name)
        pieces.append(found)
    return "".join(pieces)


def _steps(value: str) -> int:
    """The characters between each `${` and the next closing brace, which python-dotenv looks at."""
    steps, starts, total = 0, 0, 0
    for match in _STOPS.finditer(value):
        if match[0] == "${":
            starts += 1
            total += match.start()
        else:
            steps += starts * match.start() - total
            starts = total = 0
    return steps + starts * len(value) - total


def _ambiguities(entry: Entry, variables: Variables, *, for_all: bool) -> Iterator[Ambiguity]:
    """Who expands a value differently: load_dotenv() of python-dotenv, and other readers of a portable file."""
    name = entry.name or ""
    if variables.differing:
        names = ", ".join(sorted(map(variables.shown, variables.differing)))
        yield Ambiguity(
            "AC407",
            f"the environment has another value of {names}, which load_dotenv() and Docker Compose use; the value "
            "in the file is used here",
            "unset it in the environment, or delete it from the file",
            blocks=is_weighty(name),
        )
    if for_all and _is_expanded_differently(entry.written):
        yield Ambiguity(
            "AC407",
            "references are expanded as python-dotenv does; Docker Compose and shells expand them differently",
            "--from-env-dialect NAME says which program reads the file",
            blocks=is_weighty(name),
        )


def _is_expanded_differently(written: str) -> bool:
    """Whether Docker Compose or a shell, in a value with its quotes, expands other references than python-dotenv."""
    if written.startswith("'"):
        return True
    rest: list[str] = []
    done = 0
    for match in _REFERENCE.finditer(written):
        if _ELSEWHERE.search(match[1] or "") or written[match.start() - 1 : match.start()] in ("\\", "$"):
            return True
        rest.append(written[done : match.start()])
        done = match.end()
    return any(_ELSEWHERE.search(piece) for piece in (*rest, written[done:]))
