"""The files that an export of several targets writes, one a target, by a pattern like `backup/{target}.yaml`."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

from airconn.errors import TargetError, UsageError
from airconn.model import Kind
from airconn.quoting import shown_address
from airconn.stores.file import FileStore
from airconn.stores.saving import refuse_unwritable
from airconn.transfer.many.members import Member

NAME = "{target}"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_MODE = 0o700
_TOPIC = "targets"


def has_name(out: Path | None) -> bool:
    """Whether the path of a file is a pattern with the name of a target in it."""
    return out is not None and NAME in str(out)


def files_of(pattern: Path, members: Sequence[Member]) -> Sequence[Path]:
    """The file of each target, in their order. Writes nothing.

    Raises `UsageError` for a name that can't be a part of a path, for two targets with the same file, and for a file
    that is the source of a target, and `TargetError` for a file that can't be written.
    """
    paths = [_filled(pattern, _name(member)) for member in members]
    _refuse_same(paths, members)
    for path, member in zip(paths, members, strict=True):
        _refuse_source(path, member, members)
        _refuse_unwritable(path, _kept(pattern))
    return paths


def make_directory(pattern: Path, path: Path) -> None:
    """Makes the directory of a file if the name of its target is in the path of that, for its owner alone.

    Raises `TargetError` where that fails.
    """
    kept = _kept(pattern)
    missing = [parent for parent in path.parents if len(parent.parts) > len(kept.parts) and not parent.exists()]
    try:
        for directory in reversed(missing):
            directory.mkdir(_MODE)
    except OSError as error:
        reason = error.strerror or "the system refuses"
        raise TargetError(f"the directory can't be made: {reason}", where=shown_address(str(path.parent))) from None


def _filled(pattern: Path, name: str) -> Path:
    return Path(*(part.replace(NAME, name) for part in pattern.parts))


def _kept(pattern: Path) -> Path:
    """The directory that has to be there: the path up to the first part with the name of a target in it."""
    parts = pattern.parts
    return Path(*parts[: next(number for number, part in enumerate(parts) if NAME in part)])


def _name(member: Member) -> str:
    """The name of a target as a part of a path. An address without a name has all but letters, digits, `.`, `_` and
    `-` replaced by `-`."""
    if not member.target.address.startswith("@"):
        address = re.sub(r"^https?://", "", member.store.address, flags=re.IGNORECASE)
        return _UNSAFE.sub("-", address).strip("-.") or "target"
    name = member.target.name
    if not name or name.startswith(".") or ".." in name or not name.isprintable() or re.search(r'[/\\:*?"<>|]', name):
        raise UsageError(
            f"{member.label} can't be a part of the name of a file",
            where="-o",
            hint="give the target another name; letters, digits, '.', '_' and '-' are safe",
            topic=_TOPIC,
        )
    return name


def _refuse_same(paths: Sequence[Path], members: Sequence[Member]) -> None:
    """Raises `UsageError` where two targets have the same file, also where a system makes no difference between
    capitals and small letters."""
    known: dict[str, Member] = {}
    for path, member in zip(paths, members, strict=True):
        other = known.setdefault(os.path.realpath(path).casefold(), member)
        if other is not member:
            raise UsageError(
                f"{other.label} and {member.label} would be written to the same file",
                where=shown_address(str(path)),
                hint="give one of them another name in [targets.NAME]",
                topic=_TOPIC,
            )


def _refuse_source(path: Path, member: Member, members: Sequence[Member]) -> None:
    """Raises `UsageError` where a file that is written is the place of another target."""
    others = [other for other in members if other is not member and isinstance(other.store, FileStore)]
    for other in others:
        if other.store.location(Kind.CONNECTIONS) == os.path.realpath(path):
            raise UsageError(
                f"{member.label} would be written over the file of {other.label}", where=shown_address(str(path))
            )


def _refuse_unwritable(path: Path, kept: Path) -> None:
    """Raises `TargetError` for a file that can't be written, whose directory may be one that is made for it."""
    if not kept.exists():
        raise TargetError(
            "can't be written: no such directory",
            where=shown_address(str(path)),
            hint=f"mkdir -p {shlex.quote(str(kept))}; only a directory with {NAME} in its name is made",
        )
    there = next(parent for parent in path.parents if parent.exists())
    if there == path.parent:
        refuse_unwritable(path)
        return
    try:
        refuse_unwritable(there / path.name)
    except TargetError as error:
        raise TargetError(error.message, where=shown_address(str(path)), hint=error.hint) from None
