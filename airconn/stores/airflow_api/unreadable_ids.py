"""Finds the ids of objects that a server fails to show, though it can't list them either."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from airconn.model import Kind, Selection

PATTERNS = {
    Kind.CONNECTIONS: "connection_id_pattern",
    Kind.VARIABLES: "variable_key_pattern",
    Kind.POOLS: "pool_name_pattern",
}
"""The filters of v2, each an `ILIKE '%…%'`, in which '_' is any character (api_fastapi/common/parameters.py)."""
_ALPHABET = "eatrsinolcdmpubghfykvwxqjz0123456789-./ :@"
_MOST_QUESTIONS = 1500
"""The most questions. An id takes about 20 for each character, each a count that the server makes in milliseconds."""

Count = Callable[[str], int]
"""Gives the number of ids of the server that match a pattern."""


class Search:
    """Asks a server how many ids match, and compares that with the ids that are known."""

    def __init__(self, count: Count, known: Iterable[str]) -> None:
        self._count = count
        self._known = [id_.lower() for id_ in known]
        self._left = _MOST_QUESTIONS

    def ids(self, number: int) -> Iterator[str]:
        """The ids that the server has beyond the known ones, up to `number` of them, in small letters.

        Ends early if the answers contradict each other, or would be too many.
        """
        for _ in range(number):
            found = self._one()
            if not found:
                return
            self._known.append(found)
            yield found

    def _one(self) -> str:
        text = ""
        while longer := self._extended(text, ""):
            text = longer
        while text and (longer := self._extended("", text)):
            text = longer
        return text if self._left > 0 and text and self._is_more(text) else ""

    def _extended(self, before: str, after: str) -> str:
        """A pattern with one more character, between what is known, if an unknown id has one there."""
        patterns = (before + char + after for char in _ALPHABET + "_")
        return next((pattern for pattern in patterns if self._is_more(pattern)), "")

    def _is_more(self, pattern: str) -> bool:
        """Whether the server has more ids that match than are known."""
        self._left -= 1
        if self._left < 0:
            return False
        return self._count(pattern) > sum(is_like(id_, pattern) for id_ in self._known)


def is_like(id_: str, pattern: str) -> bool:
    """Whether a pattern of small letters, in which '_' is any character, is somewhere in an id of small letters."""
    if "_" not in pattern:
        return pattern in id_
    starts = range(len(id_) - len(pattern) + 1)
    return any(all(want in ("_", have) for want, have in zip(pattern, id_[start:], strict=False)) for start in starts)


def may_be_included(selection: Selection, kind: Kind, found: str) -> bool:
    """Whether an id that a search has found, as far as it can tell, may be selected."""
    globs = [glob.removeprefix(f"{kind.value}/") for glob in selection.include]
    return not globs or any(_may_match(glob.lower(), found) for glob in globs)


def _may_match(glob: str, found: str) -> bool:
    """Whether a glob may match an id in which '_' is any character. Brackets in the glob count as any character."""
    reached = {0}
    for part in re.findall(r"\*|\[(?:!.|[^!])[^]]*\]|.", glob, re.DOTALL):
        if part == "*":
            reached = set(range(min(reached), len(found) + 1)) if reached else reached
        else:
            is_any = part == "?" or len(part) > 1
            reached = {at + 1 for at in reached if at < len(found) and (is_any or found[at] in ("_", part))}
    return len(found) in reached
