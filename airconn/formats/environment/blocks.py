"""Texts in a document that hold a document themselves, such as the `extraEnv: |` of a Helm chart."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from airconn.errors import InputError
from airconn.formats import json_tree, yaml_scalars, yaml_tree
from airconn.formats.environment.entries import Block, Scope
from airconn.formats.shared_tree import LEVELS

_LIKE_A_DOCUMENT = re.compile(r"\s*[\[{]|^[ \t]*(- |[\w'\"./-]+:(\s|$))", re.MULTILINE)


MAX_BLOCKS = 3
"""How deep texts are looked into that are in one another. Each level is parsed anew, and known files have two."""


def documents_in(text: str, source: str) -> list[Any] | None:
    """The documents of a text in a document. None for a text that isn't JSON or YAML."""
    if not _LIKE_A_DOCUMENT.search(text):
        return None
    try:
        if text.lstrip().startswith(("{", "[")):
            found = [json_tree.load(text, source, LEVELS)]
        else:
            found = [value for value, _ in yaml_tree.load_all(text, source, yaml_scalars.ASTRO)]
    except InputError:
        return None
    return found if any(isinstance(value, dict | list) for value in found) else None


def scope_in(text: str, scope: Scope, lines: list[str]) -> Scope:
    """The scope of the documents in a text. `lines` are those of the file."""
    return replace(scope, block=_block(text, scope, lines), place=(1, 1))


def _block(text: str, scope: Scope, lines: list[str]) -> Block:
    """The block of a text. Its lines are those of the file if the first one with content is below the key."""
    if scope.block is not None:
        outer = scope.block.place(*scope.place)
        return Block(*outer, _offset(text, outer[0], lines), scope.block.depth + 1)
    return Block(*scope.place, _offset(text, scope.place[0], lines))


def _offset(text: str, line: int | None, lines: list[str]) -> int | None:
    own = text.splitlines()
    first = next((number for number, found in enumerate(own) if found.strip()), None)
    if line is None or first is None:
        return None
    for skipped in (line, line + 1):  # a block may begin with an empty line that YAML drops
        at = skipped + first
        if at < len(lines) and lines[at].strip() == own[first].strip():
            return skipped
    return None
