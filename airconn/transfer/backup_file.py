"""A backup as a file: its lines, written and read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from airconn.model import Action, AirflowObject, Kind, Step
from airconn.model.reading import Key
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


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup with all of its objects."""

    run: str
    header: RunHeader
    entries: tuple[BackupEntry, ...]


def as_line(value: Any) -> bytes:
    return _JSON.encode(value).encode("ascii") + b"\n"


_JSON = json.JSONEncoder(separators=(",", ":"))


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


def _entry(found: Mapping[str, Any]) -> BackupEntry:
    key = Kind(found["kind"]), str(found["id"])
    before = None if found["before"] is None else object_of(key, found["before"])
    return BackupEntry(key, Action(found["action"]), frozenset(found["fields"]), before, marks_from(found["after"]))


def _header(line: bytes) -> RunHeader:
    found = json.loads(line)
    if not isinstance(found, dict) or found.get("version") != VERSION or found.keys() != _HEADER_FIELDS:
        raise ValueError("another version")
    return RunHeader(**found)


_HEADER_FIELDS = {one.name for one in fields(RunHeader)}


def _whole_lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a backup without one that was cut off."""
    return (line for line in file if line.endswith(b"\n"))


def read_summary(path: Path) -> RunSummary:
    """Raises `OSError`, and `ValueError` for a file of another version."""
    states: Counter[str] = Counter()
    written: Counter[Action] = Counter()
    steps, is_ended = 0, False
    with path.open("rb") as file:
        lines = _whole_lines(file)
        header = _header(next(lines, b""))
        for line in lines:
            if line.startswith(b"{"):
                steps += 1
            elif line.startswith(b'["end"'):
                is_ended = True
            else:
                _, state, action = json.loads(line)
                states[state] += 1
                if state == DONE:
                    written[Action(action)] += 1
    return RunSummary(path.stem, header, written, is_ended and states[DONE] == steps)


def read_backup(path: Path) -> Backup:
    entries: list[BackupEntry] = []
    states: dict[int, str] = {}
    is_ended = False
    with path.open("rb") as file:
        lines = _whole_lines(file)
        header = _header(next(lines, b""))
        for line in lines:
            found = json.loads(line)
            if isinstance(found, dict):
                entries.append(_entry(found))
            elif found[0] == "end":
                is_ended = True
            else:
                states[found[0]] = found[1]
    default = NOT if is_ended else MAYBE
    judged = tuple(replace(each, state=states.get(number, default)) for number, each in enumerate(entries))
    return Backup(path.stem, header, judged)
