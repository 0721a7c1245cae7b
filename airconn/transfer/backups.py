"""The backups of runs, from which `airconn undo` makes the way back: private files in the state directory.

A backup is a file of JSON lines: the run, a line for each object that it is going to write, and then, while it
writes, a line for each outcome. A run that is killed leaves what it had written up to then.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, BinaryIO

from airconn.errors import AirconnError, BlockedError, UsageError
from airconn.model import Outcome, Step
from airconn.model.reading import Key
from airconn.patterns import pattern
from airconn.stores.saving import fill_atomically
from airconn.transfer.backup_file import (
    DONE,
    MAYBE,
    NOT,
    Backup,
    RunHeader,
    RunSummary,
    StoredForm,
    as_line,
    note_undone,
    open_backup,
    read_backup,
    read_summary,
    step_json,
)
from airconn.transfer.backup_values import marker

KEPT = 20
"""The runs whose backups are kept."""
_NAME = pattern(r"(\d{8}-\d{6}-\d{6})(\.\d{3,})?\.jsonl")
"""The name of a backup. A run into several targets has one for each, with a number behind the name of the run."""
_SYNC_AFTER = 1.0
"""The seconds after which outcomes are on the disk also if the machine loses its power."""
_TRIES, _PAUSE = 100, 0.01
"""How often and after which seconds a lock is tried again that another process holds for a moment."""
NO_BACKUP = "--no-backup writes without a way back; AIRCONN_STATE_DIR names another directory for it"


def run_of(backup: str) -> str:
    """The run to which a backup belongs, by its name: that of a run into several targets has several."""
    return backup.partition(".")[0]


def text_digest(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Backups:
    """The directory of the backups."""

    def __init__(self, state_directory: Path) -> None:
        self.directory = state_directory / "undo"

    def begin(
        self, header: RunHeader, steps: Iterable[Step], stored_form: StoredForm, run: str = ""
    ) -> RunningBackup:
        """Writes the backup of a run that is about to write these steps, and removes those that are too old.

        `stored_form` is that of the target, and `run` is the name, if that isn't the time. Raises `BlockedError` if
        the backup can't be written.
        """
        header = replace(header, began=time.time(), salt=secrets.token_hex(16))
        mark = marker(header.salt)
        keys: dict[Key, int] = {}

        def fill(file: BinaryIO) -> None:
            file.write(as_line(asdict(header)))
            for number, step in enumerate(steps):
                keys[step.kind, step.id] = number
                file.write(as_line(step_json(step, stored_form, mark)))

        try:
            self._make_directory()
            path = self.directory / f"{run}.jsonl" if run else self._new_path(header.began)
            fill_atomically(path, fill)
            running = RunningBackup(path, keys)
        except (AirconnError, OSError) as error:
            reason = error.message if isinstance(error, AirconnError) else error.strerror or "the system refuses"
            reason = reason.removeprefix("can't be written: ")
            raise BlockedError(
                f"the backup for airconn undo can't be written: {reason}", where=str(self.directory), hint=NO_BACKUP
            ) from None
        paths = self._paths()
        kept = list(dict.fromkeys(run_of(path.stem) for path in paths))[:KEPT]
        for old in paths:
            if run_of(old.stem) not in kept:
                _remove(old)
        return running

    def new_names(self, number: int) -> list[str]:
        """The names of the backups of one run into several targets."""
        run = self._new_path(time.time()).stem
        return [f"{run}.{part:03}" for part in range(1, number + 1)]

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
        """The backups, the newest first. Raises `UsageError` where the directory can't be read."""
        try:
            names = os.listdir(self.directory)  # noqa: PTH208 - names alone are needed
        except FileNotFoundError:
            return []
        except OSError as error:
            reason = error.strerror or "the system refuses"
            raise UsageError(f"the backups can't be read: {reason}", where=str(self.directory)) from None
        return [self.directory / name for name in sorted(filter(_NAME.fullmatch, names), reverse=True)]

    def runs(self) -> list[RunSummary]:
        """The runs with a backup, the newest first. A backup that can't be read isn't among them."""
        return self.read_all()[0]

    def read_all(self) -> tuple[list[RunSummary], list[Path]]:
        """The runs with a backup, the newest first, and the backups that can't be read."""
        found = [(path, _summary_of(path)) for path in self._paths()]
        # Another process may have removed it.
        unread = [path for path, summary in found if summary is None and os.path.lexists(path)]
        return [summary for _, summary in found if summary is not None], unread

    def find(self, name: str | None) -> Backup:
        """The backup of the run of this name, or of a name that begins like this.

        Without a name, of the last run that isn't an undo and isn't undone yet. Raises `UsageError` without one,
        if the run is still going on, and if a later backup can't be read, which may be that of the last run.
        """
        if name is None:
            return self._read(self._last())
        if not name:
            raise UsageError("the name of the run is empty", hint="maybe a variable of your shell isn't set")
        found = [path for path in self._paths() if path.stem.startswith(name)]
        if len(found) != 1:
            what = "several runs have names that begin with" if found else "no backup of a run"
            raise UsageError(f"{what} {name!r}", hint="airconn undo --list shows the runs")
        return self._read(found[0].stem)

    def parts(self, name: str | None) -> list[str]:
        """The names of the backups that `find` means by a name: several if it is that of a run into several targets.

        Those that are undone already aren't among several. Raises as `find`.
        """
        stems = [path.stem for path in self._paths()]
        wanted = self._last() if name is None else name
        found = [stem for stem in stems if stem.startswith(run_of(wanted) if name is None else wanted)]
        if len(found) < 2 or len({run_of(stem) for stem in found}) > 1:
            return [self.find(name).run]
        undone = undone_runs(self.runs())
        return sorted(stem for stem in found if stem not in undone) or sorted(found)

    def _last(self) -> str:
        runs, unread = self.read_all()
        undone = undone_runs(runs)
        last = next((run.run for run in runs if run.header.undoes is None and run.run not in undone), "")
        if unread and unread[0].stem > last:
            raise UsageError(
                "this backup can't be read, so that the last run isn't known",
                where=str(unread[0]),
                hint="airconn undo --list shows the runs, airconn undo RUN undoes one; or remove the file",
            )
        if last:
            return last
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
            return read_backup(path)
        except OSError as error:
            reason = error.strerror or "the system refuses"
            raise UsageError(f"the backup can't be read: {reason}", where=str(path)) from None
        except ValueError:
            raise UsageError("this is not a backup of this version of airconn", where=str(path)) from None

    def note_undone(self, run: str) -> None:
        """Notes that all of a run is undone, where no backup of the undo says so.

        Raises `BlockedError` if it can't be noted.
        """
        path = self.directory / f"{run}.jsonl"
        try:
            number = open_backup(path, os.O_RDWR | os.O_APPEND)
            try:
                for _ in range(_TRIES):  # another process may look whether it is locked
                    if _lock(number):
                        return note_undone(number)
                    time.sleep(_PAUSE)
                reason = "another process uses it"
            finally:
                os.close(number)
        except FileNotFoundError:  # another process has removed it
            return None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
        raise BlockedError(f"it can't be noted that run {run} is undone: {reason}", where=str(path))

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
        data = as_line(line)
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


def _summary_of(path: Path) -> RunSummary | None:
    """None for what can't be read."""
    try:
        return read_summary(path)
    except (OSError, ValueError):
        return None


def undone_runs(runs: Iterable[RunSummary]) -> Mapping[str, str]:
    """The runs that are undone as a whole, each with the run that has undone it, or '' if that has no backup.

    Gets the newest runs first.
    """
    undone: dict[str, str] = {}
    for run in runs:
        if run.is_undone:
            undone.setdefault(run.run, "")
        if run.header.undoes and run.header.is_whole and run.is_complete and run.run not in undone:
            undone.setdefault(run.header.undoes, run.run)
    return undone


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
    number = open_backup(path)
    try:
        return not _lock(number)
    finally:
        os.close(number)


def _remove(path: Path) -> bool:
    """Removes a backup unless its run is still going on. Another process may have removed it."""
    with contextlib.suppress(OSError, ValueError):
        number = open_backup(path)
        try:
            if _lock(number):
                path.unlink()
                return True
        finally:
            os.close(number)
    return False
