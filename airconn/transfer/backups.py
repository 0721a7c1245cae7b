"""The backups of runs, from which `airconn undo` makes the way back: private files in the state directory.

A backup is a file of JSON lines: the run, a line for each object that it is going to write, and then, while it
writes, a line for each outcome. A run that is killed leaves what it had written up to then.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import stat
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, BinaryIO

from airconn.errors import AirconnError, BlockedError, UsageError
from airconn.model import Action, AirflowObject, Kind, Outcome, Step
from airconn.model.reading import Key
from airconn.stores.saving import fill_atomically
from airconn.transfer.backup_values import (
    Mark,
    Marks,
    as_json,
    marker,
    marks_as_json,
    marks_from,
    marks_of,
    object_of,
)

KEPT = 20
"""The runs whose backups are kept."""
_VERSION = 1
_NAME = re.compile(r"(\d{8}-\d{6}-\d{6})\.jsonl")
_SYNC_AFTER = 1.0
"""The seconds after which outcomes are on the disk also if the machine loses its power."""
NO_BACKUP = "--no-backup writes without a way back; AIRCONN_STATE_DIR names another directory for it"
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
    version: int = _VERSION


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


def text_digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Backups:
    """The directory of the backups."""

    def __init__(self, state_directory: Path) -> None:
        self.directory = state_directory / "undo"

    def begin(self, header: RunHeader, steps: Iterable[Step], stored_form: StoredForm) -> RunningBackup:
        """Writes the backup of a run that is about to write these steps, and removes those that are too old.

        `stored_form` is that of the target. Raises `BlockedError` if the backup can't be written.
        """
        header = replace(header, began=time.time(), salt=secrets.token_hex(16))
        mark = marker(header.salt)
        keys: dict[Key, int] = {}

        def fill(file: BinaryIO) -> None:
            file.write(_line(asdict(header)))
            for number, step in enumerate(steps):
                keys[step.kind, step.id] = number
                file.write(_line(_step_json(step, stored_form, mark)))

        try:
            self._make_directory()
            path = self._new_path(header.began)
            fill_atomically(path, fill)
            running = RunningBackup(path, keys)
        except (AirconnError, OSError) as error:
            reason = error.message if isinstance(error, AirconnError) else error.strerror or "the system refuses"
            raise BlockedError(
                f"the backup for airconn undo can't be written: {reason}", where=str(self.directory), hint=NO_BACKUP
            ) from None
        for old in self._paths()[KEPT:]:
            _remove(old)
        return running

    def _make_directory(self) -> None:
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self.directory.lstat()
        if not stat.S_ISDIR(status.st_mode) or (hasattr(os, "geteuid") and status.st_uid != os.geteuid()):
            raise BlockedError("it is not a directory of yours")
        if status.st_mode & 0o077:
            self.directory.chmod(0o700)

    def _new_path(self, began: float) -> Path:
        """The path of a backup that doesn't exist yet, in the order of time."""
        while True:
            whole, part = divmod(int(began * 1_000_000), 1_000_000)
            path = self.directory / f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(whole))}-{part:06}.jsonl"
            if not path.exists():
                return path
            began += 0.000_002

    def _paths(self) -> list[Path]:
        """The backups, the newest first."""
        try:
            names = os.listdir(self.directory)  # noqa: PTH208 - names alone are needed
        except OSError:
            return []
        return [self.directory / name for name in sorted(filter(_NAME.fullmatch, names), reverse=True)]

    def runs(self) -> list[RunSummary]:
        """The runs with a backup, the newest first. A backup that can't be read isn't among them."""
        found = []
        for path in self._paths():
            with contextlib.suppress(OSError, ValueError):
                found.append(_summary(path))
        return found

    def find(self, name: str | None) -> Backup:
        """The backup of the run of this name, or of a name that begins like this.

        Without a name, of the last run that isn't an undo and isn't undone yet. Raises `UsageError` if there is none,
        or if the run is still going on.
        """
        if name is None:
            return self._read(self._last())
        found = [path for path in self._paths() if path.stem.startswith(name)]
        if len(found) != 1:
            what = "several runs have names that begin with" if found else "no backup of a run"
            raise UsageError(f"{what} {name!r}", hint="airconn undo --list shows the runs")
        return self._read(found[0].stem)

    def _last(self) -> str:
        runs = self.runs()
        undone = undone_runs(runs)
        for run in runs:
            if run.header.undoes is None and run.run not in undone:
                return run.run
        if not runs:
            raise UsageError("there is nothing to undo: no run has a backup", where=str(self.directory))
        raise UsageError(
            "there is nothing to undo: all runs are undone already",
            hint="airconn undo --list shows them; airconn undo RUN undoes an undo",
        )

    def _read(self, run: str) -> Backup:
        path = self.directory / f"{run}.jsonl"
        try:
            if _is_locked(path):
                raise UsageError(f"the run {run} is still going on", hint="wait for its end")
            return _read(path)
        except OSError as error:
            reason = error.strerror or "the system refuses"
            raise UsageError(f"the backup can't be read: {reason}", where=str(path)) from None
        except (ValueError, KeyError):
            raise UsageError("this is not a backup of this version of airconn", where=str(path)) from None

    def clear(self) -> int:
        """Removes all backups but those of runs that are still going on. Gives the number of them."""
        return sum(_remove(path) for path in self._paths())


class RunningBackup:
    """The backup of a run that is going on. It is locked until the run ends."""

    def __init__(self, path: Path, numbers: Mapping[Key, int]) -> None:
        self.run = path.stem
        self._path = path
        self._numbers = numbers
        self._file: int | None = os.open(path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0))
        self._synced = time.monotonic()
        self._is_empty = True
        _lock(self._file)

    def record(self, outcome: Outcome) -> None:
        """Notes the outcome of a step."""
        step = outcome.step
        state = DONE if outcome.error is None else NOT if outcome.untried or outcome.untouched else MAYBE
        self._is_empty = self._is_empty and state == NOT
        self._write([self._numbers[step.kind, step.id], state, step.action.value])

    def end(self) -> bool:
        """Notes that the run is over: steps without an outcome were not carried out.

        A run that has written nothing leaves no backup. Gives whether there is one.
        """
        if self._is_empty:
            with contextlib.suppress(OSError):
                self._path.unlink()
        else:
            self._write(["end"])
        self.close()
        return not self._is_empty

    def close(self) -> None:
        if self._file is not None:
            with contextlib.suppress(OSError):
                os.fsync(self._file)
            os.close(self._file)
            self._file = None

    def _write(self, line: Any) -> None:
        if self._file is None:
            return
        data = _line(line)
        try:
            is_whole = os.write(self._file, data) == len(data)
            if time.monotonic() - self._synced > _SYNC_AFTER:
                os.fsync(self._file)
                self._synced = time.monotonic()
        except OSError:
            is_whole = False
        if not is_whole:  # what undo doesn't find here, it looks for in the target
            os.close(self._file)
            self._file = None


def undone_runs(runs: Iterable[RunSummary]) -> Mapping[str, str]:
    """The runs that are undone as a whole, each with the run that has undone it. Gets the newest runs first."""
    undone: dict[str, str] = {}
    for run in runs:
        if run.header.undoes and run.header.is_whole and run.is_complete and run.run not in undone:
            undone.setdefault(run.header.undoes, run.run)
    return undone


def _line(value: Any) -> bytes:
    return _JSON.encode(value).encode("ascii") + b"\n"


_JSON = json.JSONEncoder(separators=(",", ":"))


def _step_json(step: Step, stored_form: StoredForm, mark: Mark) -> dict[str, Any]:
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
    if not isinstance(found, dict) or found.get("version") != _VERSION or found.keys() != _HEADER_FIELDS:
        raise ValueError("another version")
    return RunHeader(**found)


_HEADER_FIELDS = {one.name for one in fields(RunHeader)}


def _whole_lines(file: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a backup without one that was cut off."""
    return (line for line in file if line.endswith(b"\n"))


def _summary(path: Path) -> RunSummary:
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


def _read(path: Path) -> Backup:
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


def _lock(number: int) -> bool:
    """Locks an open file until it is closed. False if another process has it."""
    try:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return True
    return True


def _is_locked(path: Path) -> bool:
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        return not _lock(number)
    finally:
        os.close(number)


def _remove(path: Path) -> bool:
    """Removes a backup unless its run is still going on. Another process may have removed it."""
    with contextlib.suppress(OSError):
        number = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        try:
            if _lock(number):
                path.unlink()
                return True
        finally:
            os.close(number)
    return False
