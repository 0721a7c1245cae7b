"""A backup as a file: its lines, written and read."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, BinaryIO

from airconn.model import Action, AirflowObject, Kind, Step, value_fields
from airconn.model.reading import Key
from airconn.patterns import pattern
from airconn.transfer.backup_values import Mark, Marks, as_json, marks_as_json, marks_from, marks_of, object_of

VERSION = 1
StoredForm = Callable[[AirflowObject], AirflowObject]
"""Gives an object as a target has it after it was written."""
DONE, MAYBE, NOT = "done", "maybe", "not"
"""Whether a step was carried out. `maybe` is a step that failed or was cut off."""


@dataclass(frozen=True, slots=True)
class RunHeader:
    """What a backup says of its run."""

    command: str
    """The command in words, such as `import .env`. It has no values."""
    target: str
    """The target in words."""
    address: str
    """The address of the target, without credentials."""
    place: str
    """A digest of the location of the target, by which it is known again."""
    to: str | None = None
    """The address by which `undo` opens the target, such as `@prod`. None if it has credentials in it."""
    named_in: str = ""
    """The project's file that named the target, if the user didn't."""
    source_format: Mapping[str, Any] = field(default_factory=dict)
    """How a file that is the target is read, if it doesn't tell."""
    file: Mapping[str, Any] | None = None
    """Of a file that is the target: its `text` before, None if there was no file, and the digest of that `after`."""
    undoes: str | None = None
    """The run that this one undoes."""
    is_whole: bool = True
    """Whether it undoes all that the other run wrote."""
    began: float = 0.0
    """The time in seconds since 1970."""
    salt: str = ""
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class BackupEntry:
    """One object that a run wrote, or was going to write."""

    key: Key
    action: Action
    fields: frozenset[str]
    """The fields that an update wrote."""
    before: AirflowObject | None
    after: Marks
    """The marks of what it wrote. Empty for a deletion."""
    state: str = MAYBE


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run, and what it wrote."""

    run: str
    """The name of the run, which is the time of its beginning."""
    header: RunHeader
    written: Mapping[Action, int] = field(default_factory=dict)
    is_complete: bool = False
    """Whether it came to its end, and nothing failed."""
    is_undone: bool = False
    """Whether an undo without a backup of its own has noted that all is as it was before."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup with all of its objects."""

    run: str
    header: RunHeader
    entries: tuple[BackupEntry, ...]


def as_line(value: Any) -> bytes:
    return _JSON.encode(value).encode("ascii") + b"\n"


_JSON = json.JSONEncoder(separators=(",", ":"))
UNDONE_LINE = as_line(["undone"])
"""The line of a run that was undone without a backup of the undo, or that had nothing left to undo."""


def step_json(step: Step, stored_form: StoredForm, mark: Mark) -> dict[str, Any]:
    # The fields that an undo gives back, and that must not have changed since: of an update those that it writes.
    fields = step.written if step.action is Action.UPDATE else None
    after = {} if step.source is None else marks_as_json(marks_of(stored_form(step.source), mark, fields))
    return {
        "kind": step.kind.value,
        "id": step.id,
        "action": step.action.value,
        "fields": sorted(fields or ()),
        "before": None if step.target is None else as_json(step.target),
        "after": after,
    }


def open_backup(path: Path, flags: int = os.O_RDONLY) -> int:
    """Opens a backup, for reading by default, without following a link or waiting for a pipe.

    Raises `OSError`, and `ValueError` for what isn't a file of this user.
    """
    number = os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    status = os.fstat(number)
    if stat.S_ISREG(status.st_mode) and (not hasattr(os, "geteuid") or status.st_uid == os.geteuid()):
        return number
    os.close(number)
    raise ValueError("not a file of this user")


@contextlib.contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    """The file of a backup. Any JSON that `as_line` doesn't write becomes a `ValueError`."""
    with os.fdopen(open_backup(path), "rb") as file:
        try:
            yield file
        except (TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
            raise ValueError("not a backup") from None


def _entry(found: Mapping[str, Any]) -> BackupEntry:
    key = Kind(found["kind"]), _is(found["id"], str)
    action, names = Action(found["action"]), frozenset(found["fields"])
    before = None if found["before"] is None else object_of(key, found["before"])
    after = marks_from(found["after"])
    if not names.union(after) <= {*value_fields(key[0])}:
        raise ValueError("unknown fields")
    # An undo deletes what wasn't there before.
    if (before is None) != (action is Action.CREATE) or action not in _WRITES:
        raise ValueError("not a write")
    return BackupEntry(key, action, names, before, after)


_WRITES = (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE)


def _header(line: bytes) -> RunHeader:
    found = json.loads(line)
    if not isinstance(found, dict) or found.get("version") != VERSION or found.keys() != _HEADER_FIELDS:
        raise ValueError("another version")
    header = RunHeader(**found)
    for text in (header.command, header.target, header.address, header.place, header.named_in, header.salt):
        _is(text, str)
    _is(header.to, str, type(None))
    _is(header.undoes, str, type(None))
    _is(header.is_whole, bool)
    if not 0 <= _is(header.began, float, int) < _LATEST or not _SALT.fullmatch(header.salt):
        raise ValueError("not a time or not a salt")
    _check_format(header.source_format)
    if header.file is not None:
        _is(header.file["text"], str, type(None))
        _is(header.file["after"], str)
    return header


_HEADER_FIELDS = {one.name for one in fields(RunHeader)}
_LATEST = 253_402_300_800  # the year 10000
_SALT = pattern(r"([0-9a-f]{2}){0,64}")


def _check_format(found: Mapping[str, Any]) -> None:
    _is(found.get("name"), str, type(None))
    if found.get("kind") is not None:
        Kind(found["kind"])
    for name, value in found.get("values", {}).items():
        _is(name, str)
        _is(value, str)


def _is(found: Any, *wanted: type) -> Any:
    if type(found) not in wanted:  # true isn't a number
        raise ValueError("another type")
    return found


def _outcome(found: Any) -> tuple[int, str, Action]:
    """The number of a step, its state, and what it did."""
    number, state, action = found
    if state not in (DONE, MAYBE, NOT):
        raise ValueError("not a state")
    return _is(number, int), state, Action(action)


def _whole_lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a backup without one that was cut off."""
    return (line for line in file if line.endswith(b"\n"))


def note_undone(number: int) -> None:
    """Notes in an open backup, locked and opened to append, that its run is undone. Raises `OSError`.

    A line that was cut off before is removed, so that this one stands alone: it says nothing.
    """
    size = end = os.fstat(number).st_size
    while end:
        os.lseek(number, end - 1, os.SEEK_SET)
        if os.read(number, 1) == b"\n":
            break
        end -= 1
    if end < size:
        os.ftruncate(number, end)
    if os.write(number, UNDONE_LINE) < len(UNDONE_LINE):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(number)


def read_summary(path: Path) -> RunSummary:
    """Raises `OSError`, and `ValueError` for a file of another version."""
    states: Counter[str] = Counter()
    written: Counter[Action] = Counter()
    steps, is_ended, is_undone = 0, False, False
    with _reading(path) as file:
        lines = _whole_lines(file)
        header = _header(next(lines, b""))
        for line in lines:
            if line.startswith(b"{"):
                steps += 1
            elif line.startswith(b'["end"'):
                is_ended = True
            elif line == UNDONE_LINE:
                is_undone = True
            else:
                _, state, action = _outcome(json.loads(line))
                states[state] += 1
                if state == DONE:
                    written[action] += 1
    return RunSummary(path.stem, header, written, is_ended and states[DONE] == steps, is_undone)


def read_backup(path: Path) -> Backup:
    """Raises `OSError`, and `ValueError` for a file of another version."""
    entries: list[BackupEntry] = []
    states: dict[int, str] = {}
    is_ended = False
    with _reading(path) as file:
        lines = _whole_lines(file)
        header = _header(next(lines, b""))
        for line in lines:
            found = json.loads(line)
            if isinstance(found, dict):
                entries.append(_entry(found))
            elif found == ["end"]:
                is_ended = True
            elif line != UNDONE_LINE:
                number, state, _ = _outcome(found)
                states[number] = state
    default = NOT if is_ended else MAYBE
    judged = tuple(replace(each, state=states.get(number, default)) for number, each in enumerate(entries))
    return Backup(path.stem, header, judged)
