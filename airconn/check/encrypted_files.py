"""Finds the file in clear that lies beside the same file encrypted, by its name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from airconn.formats.sops.sealed import type_of
from airconn.patterns import pattern

_LARGEST = 20_000_000
_MARKS = pattern(r"\.(enc|encrypted|sops|dec|decrypted|plain)(?=\.|$)", re.IGNORECASE)
"""What a name has in it that says whether the file is encrypted, as in `conns.enc.yaml` and `.env.enc`."""


def plain_twins(path: Path, *, is_encrypted: bool) -> Iterator[Path]:
    """The files in clear of this name, such as `conns.yaml` and `conns.dec.yaml` for `conns.enc.yaml`.

    For a file in clear it is that file itself, if there is an encrypted one.
    """
    name = _MARKS.sub("", path.name)
    try:
        beside = sorted(
            other
            for other in path.parent.iterdir()
            if other.name != path.name and _MARKS.sub("", other.name) == name and other.is_file()
        )
    except OSError:
        return
    if is_encrypted:
        yield from (other for other in beside if not _is_encrypted(other))
    elif any(map(_is_encrypted, beside)):
        yield path


def _is_encrypted(path: Path) -> bool:
    try:
        if path.stat().st_size > _LARGEST:
            return False
        return type_of(path.read_text(encoding="utf-8")) is not None
    except (OSError, ValueError):
        return False
