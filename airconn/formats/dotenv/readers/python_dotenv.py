"""What python-dotenv reads in a .env file with its interpolation, from the file alone."""

from __future__ import annotations

from collections.abc import Iterable

from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.readers.reader import Values
from airconn.patterns import pattern

# What the versions of python-dotenv read differently: a byte order mark, `NAME= # comment`, `\\` before a quote.
_BY_VERSION = pattern(r"\A\ufeff|=[^\S\n]+#|\\\\['\"]")

_MOST_STEPS = 10_000_000


def read(text: str, entries: Iterable[Entry]) -> Values:
    """The values of a whole text, of which airconn's scanner has read `entries`, in the grammar of python-dotenv."""
    if _BY_VERSION.search(text):
        from airconn.formats.dotenv import python_dotenv

        entries = python_dotenv.entries(text)
    values = Values()
    known: dict[str, str | None] = {}
    for entry in entries:
        if not entry.name:
            continue
        value = entry.value
        if value is not None and "${" in value:
            value = _interpolated(entry.name, value, known, values)
        else:
            values.expanded.discard(entry.name)
        known[entry.name] = value
    values.by_name = {name: value for name, value in known.items() if value is not None}
    return values


def _interpolated(name: str, value: str, known: dict[str, str | None], values: Values) -> str | None:
    """A value with its variables expanded, as `resolve_variables` of python-dotenv's `main.py` does.

    None for a value for which that takes too long (it searches the whole value after each `${`), or that is too long.
    """
    from dotenv.variables import Variable, parse_variables

    values.expanded.add(name)
    if value.count("${") * len(value) > _MOST_STEPS:
        return None
    atoms = list(parse_variables(value))
    if not any(isinstance(atom, Variable) for atom in atoms):
        values.expanded.discard(name)
    pieces = [atom.resolve(known) for atom in atoms]
    return "".join(pieces) if all(values.is_within_limits(piece) for piece in pieces) else None
