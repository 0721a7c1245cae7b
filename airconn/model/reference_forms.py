"""The forms of references that `--resolve` replaces by values from elsewhere."""

from __future__ import annotations

import re
from enum import Enum

from airconn.patterns import pattern


class ReferenceKind(str, Enum):
    """Where a reference has its value from, by the name that `--resolve` has for it."""

    ENV = "env"
    """An environment variable: `env:NAME`."""
    FILE = "file"
    """The text of a file: `file:PATH`. A URL such as `file:///data` isn't a reference."""
    REF = "ref"
    """An object of a place that airconn reads, or a field of it: `ref:ADDRESS#PLACE`."""
    OP = "op"
    """1Password: `op://VAULT/ITEM/[SECTION/]FIELD`."""


ENV = r"env:[A-Za-z_]\w*"
FILE = r"file:(?!//)[^\s\0](?:[^\r\n\0]*[^\s\0])?"
REF = r"ref:[\w@.~/]\S*"
"""Without an address, as in `ref:#connections/x.password`, the value is hidden, and `--fill` has it."""
OP = r"op://[^/\r\n\0]+/[^\r\n\0]*[^\s\0]"
_FLAGS = re.ASCII
_PATTERNS = {
    ReferenceKind.ENV: pattern(ENV, _FLAGS),
    ReferenceKind.FILE: pattern(FILE, _FLAGS),
    ReferenceKind.REF: pattern(REF, _FLAGS),
    ReferenceKind.OP: pattern(OP, _FLAGS | re.IGNORECASE),
}
_BEGINNINGS = ("env:", "file:", "ref:", "op:")
_LONGEST = 4096
"""The most characters of a reference: those of a path on Linux."""


_MEANT = {"env:": ReferenceKind.ENV, "ref:": ReferenceKind.REF, "op://": ReferenceKind.OP}


def meant_kind(text: str) -> ReferenceKind | None:
    """The kind of a reference that a text begins like, but isn't, such as `ref:` alone. None for other texts."""
    if len(text) > _LONGEST or "\n" in text or reference_kind(text) is not None:
        return None
    return next((kind for word, kind in _MEANT.items() if text.lower().startswith(word)), None)


def reference_kind(text: str) -> ReferenceKind | None:
    """The kind of the reference that a text is as a whole. None for other texts."""
    if text[:5].lower().startswith(_BEGINNINGS) and len(text) <= _LONGEST:
        return next((kind for kind, pattern in _PATTERNS.items() if pattern.fullmatch(text)), None)
    return None
