"""Which references `--resolve` allows: their kinds, and of which variables and files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from airconn.errors import UsageError
from airconn.model.reference_forms import ReferenceKind

ALL = "all"
_KINDS = [kind.value for kind in ReferenceKind]


@dataclass(frozen=True, slots=True)
class Allowed:
    """The references that the user allows. None without any."""

    kinds: frozenset[ReferenceKind] = frozenset()
    variables: tuple[str, ...] = ()
    """Globs over the names of environment variables. Without any, all but those of credentials."""
    directories: tuple[str, ...] = field(default=())
    """The directories whose files may be read, with what is below. Without any, the working directory."""

    def __bool__(self) -> bool:
        return bool(self.kinds)

    def names_variable(self, name: str) -> bool:
        """Whether a variable is among those that are allowed."""
        return not self.variables or any(fnmatchcase(name, glob) for glob in self.variables)

    def has_file(self, path: str) -> bool:
        """Whether a file is below one of the directories, links followed."""
        real = os.path.realpath(os.path.expanduser(path))  # noqa: PTH111 - pathlib's raises without a home
        return any(_is_below(real, directory) for directory in self.directories or (".",))


def read_allowed(texts: Iterable[str], where: str) -> Allowed:
    """What the words of `--resolve` allow: `env`, `env:GLOB`, `file`, `file:DIRECTORY`, `ref`, `op` or `all`.

    A text may have several words with commas between them. Raises `UsageError` for others.
    """
    kinds: set[ReferenceKind] = set()
    limits: dict[str, list[str]] = {"env": [], "file": []}
    bare: set[str] = set()
    for word in (word.strip() for text in texts for word in text.split(",")):
        name, colon, limit = word.partition(":")
        if word == ALL:
            kinds |= set(ReferenceKind)
            bare |= {*limits}
        elif name not in _KINDS or (colon and not (limit and name in limits)):
            raise _unknown(name if colon and name in _KINDS else word, where)
        else:
            kinds.add(ReferenceKind(name))
            if colon:
                limits[name].append(limit)
            else:
                bare.add(name)
    # A word without a limit adds what it means by itself.
    variables = () if "env" in bare else tuple(limits["env"])
    directories = (*limits["file"], *((".",) if "file" in bare and limits["file"] else ()))
    return Allowed(frozenset(kinds), variables, directories)


def _unknown(word: str, where: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(word, [*_KINDS, ALL], n=1)
    if word in _KINDS:
        return UsageError(
            f"what follows '{word}:' is missing" if word in ("env", "file") else f"'{word}' takes nothing after it",
            where=where,
            hint="such as env:DB_*, or file:/run/secrets" if word in ("env", "file") else f"write {word}",
            topic="references",
        )
    return UsageError(
        "not a kind of reference",
        where=where,
        hint=f"did you mean {near[0]}?" if near else f"the kinds are {', '.join(_KINDS)} and {ALL}",
        topic="references",
    )


def _is_below(path: str, directory: str) -> bool:
    top = os.path.realpath(os.path.expanduser(directory))  # noqa: PTH111
    return path.startswith(top.rstrip(os.sep) + os.sep)
