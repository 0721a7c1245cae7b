"""The symbols in front of objects: one meaning each, in the plan of an import and in `airconn diff A B` alike.

`diff A B` reads like the plan of `airconn import A --to B`: `+` isn't in the target yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Symbol(NamedTuple):
    """A symbol, its colour on a terminal, and its meaning in a plan and in a diff. Empty where it isn't used."""

    mark: str
    colour: str | None
    in_plan: str = ""
    in_diff: str = ""


CREATE = Symbol("+", "green", "not in the target: created", "only in A: an import of A into B creates it")
UPDATE = Symbol("~", "yellow", "has other values in the target: updated", "has other values in B")
REPLACE = Symbol("±", "yellow", "deleted and created anew, because the target can't update it")
DELETE = Symbol("-", "red", "only in the target: deleted", "only in B: an import of A with --prune deletes it")
EQUAL = Symbol("=", None, "the same in the target: nothing is written", "the same on both sides")
SKIPPED = Symbol(".", None, "exists in the target: skipped (--on-existing skip)")
BLOCKED = Symbol("!", "red", "can't be written as it is, so nothing is written")
FAILED = Symbol("x", "red", "could not be written")
UNKNOWN = Symbol("?", "cyan", in_diff="can't be compared, because a side hides it or can't hold it")

ALL = (CREATE, UPDATE, REPLACE, DELETE, EQUAL, SKIPPED, BLOCKED, FAILED, UNKNOWN)


def plan_legend() -> Sequence[tuple[str, str]]:
    """The symbols of a plan and its report, each with its meaning."""
    return [(symbol.mark, symbol.in_plan) for symbol in ALL if symbol.in_plan]


def diff_legend() -> Sequence[tuple[str, str]]:
    """The symbols of `airconn diff`, each with its meaning."""
    return [(symbol.mark, symbol.in_diff) for symbol in ALL if symbol.in_diff]


def plan_words() -> str:
    """The symbols of a plan and its report, each with one word."""
    words = ("created", "updated", "replaced", "deleted", "unchanged", "skipped", "blocked", "failed")
    symbols = (CREATE, UPDATE, REPLACE, DELETE, EQUAL, SKIPPED, BLOCKED, FAILED)
    return "  ".join(f"{symbol.mark} {word}" for symbol, word in zip(symbols, words, strict=True))
