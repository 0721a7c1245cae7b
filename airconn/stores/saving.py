"""Writes files that may hold secrets: whole or not at all, and new ones readable only by their owner."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from airconn.errors import AirconnError, TargetError
from airconn.patterns import pattern
from airconn.quoting import shown_address

_WAITING = 2.0
"""The seconds that a lock is waited for. Another airconn holds it for milliseconds."""

Fill = Callable[[BinaryIO], object]
"""Writes all that a file is to have."""

_MODE = 0o600
_ALL_MODES = 0o777
_TEMPORARY = ".airconn-"
_TEMPORARY_NAME = pattern(r"\.airconn-[0-9a-f]{16}")
_OPEN_FILES = pattern(r"/dev/(stdout|stderr)|/(?:dev|proc/self)/fd/([0-9]{1,9})")


def is_standard_output(path: Path) -> bool:
    """Whether a path is another name of standard output."""
    return _number(path) == 1


def is_open_for_writing(path: Path) -> bool:
    """Whether a path names a stream that this process was started with, as `/dev/stdout` and `/dev/fd/3` do.

    If it is a file, its content is another program's.
    """
    return _writable_number(path) is not None


def _number(path: Path) -> int | None:
    match = _OPEN_FILES.fullmatch(os.path.normpath(path))
    if match is None:
        return None
    return int(match[2]) if match[2] else {"stdout": 1, "stderr": 2}[match[1]]


def _writable_number(path: Path) -> int | None:
    """The number of the open file that a path names, if it can be written to."""
    number = _number(path)
    if number is None:
        return None
    try:
        import fcntl

        mode = fcntl.fcntl(number, fcntl.F_GETFL) & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
    except (ImportError, OSError):
        return None
    return None if mode == os.O_RDONLY else number


def _is_other(path: Path) -> bool:
    """Whether a path is neither a file nor a directory, but a pipe, for example.

    The path itself is asked: what a link in `/proc` names, such as `pipe:[7]`, isn't a path.
    """
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not stat.S_ISREG(mode) and not stat.S_ISDIR(mode)


@contextlib.contextmanager
def alone_with(path: Path) -> Iterator[None]:
    """Within this block no other airconn writes to a file, if the system has locks for that.

    A program that holds the lock for long, such as `flock . airconn`, isn't waited for: it only closes the moment
    between a last look at the file and its replacement.
    """
    with contextlib.ExitStack() as stack:
        if not _is_other(path) and not is_open_for_writing(path):
            with contextlib.suppress(ImportError, OSError):
                import fcntl

                number = os.open(Path(os.path.realpath(path)).parent, os.O_RDONLY)
                stack.callback(os.close, number)
                until = time.monotonic() + _WAITING
                while True:
                    try:
                        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
                        break
                    except BlockingIOError:
                        if time.monotonic() >= until:
                            break
                        time.sleep(0.02)
        yield


def refuse_unwritable(path: Path) -> None:
    """Raises `TargetError` for a file that can't be written, as far as that can be told before there is a text."""
    if is_open_for_writing(path) or _is_other(path):
        return
    target = Path(os.path.realpath(path))
    reason = ""
    if not target.parent.is_dir():
        reason = os.strerror(errno.ENOTDIR if target.parent.exists() else errno.ENOENT)
    elif target.is_dir():
        reason = os.strerror(errno.EISDIR)
    elif not os.access(target.parent, os.W_OK | os.X_OK):
        reason = os.strerror(errno.EACCES)
    if reason:
        raise TargetError(f"can't be written: {reason}", where=shown_address(str(path)))


def write_atomically(path: Path, text: str, *, keep_mode: bool = False) -> None:
    """Writes a file that may hold secrets: readable by its owner alone, whole or not at all.

    The text goes to a temporary file in the same directory, which takes the place of the old one. A file that is
    there keeps its owner and group, and its mode if that is stricter or with `keep_mode`; a symbolic link stays one.

    Raises `AirconnError` where that can't be done; the old file is then untouched. What isn't a file, such as a pipe,
    is written to as it is, and so is what the process was started with to write to.
    """
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError:
        raise AirconnError(
            "an object has half a character (a lone surrogate) in it, which files can't hold", where=str(path)
        ) from None
    fill_atomically(path, lambda file: file.write(data), keep_mode=keep_mode)


def fill_atomically(path: Path, fill: Fill, *, keep_mode: bool = False) -> None:
    """Writes a file as `write_atomically` does, with what `fill` writes to it. `fill` may be called twice."""
    temporary = None
    try:
        if (number := _writable_number(path)) is not None:
            with os.fdopen(os.dup(number), "wb") as stream:
                fill(stream)
            return
        if _is_other(path):
            with path.open("wb") as stream:
                fill(stream)
            return
        target = Path(os.path.realpath(path))
        _remove_leftovers(target.parent)
        # Its name is known before it exists, so that it can be removed after a signal at any moment.
        temporary = target.parent / f"{_TEMPORARY}{os.urandom(8).hex()}"
        if not _write_nameless(fill, temporary, target, keep_mode=keep_mode):
            _write_named(fill, temporary, target, keep_mode=keep_mode)
    except _NotOursError:
        raise TargetError(
            "can't be written: the file belongs to another user or group, which would change",
            where=str(path),
            hint="run airconn as that user, or write a new file with -o and copy it",
        ) from None
    except OSError as error:
        raise TargetError(
            f"can't be written: {error.strerror or 'the system refuses'}", where=shown_address(str(path))
        ) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()


class _NotOursError(Exception):
    """The owner or the group of a file can't be kept."""


def _write_nameless(fill: Fill, temporary: Path, target: Path, *, keep_mode: bool) -> bool:
    """Writes a file that has no name until it is complete, so that a killed process leaves nothing behind.

    Returns whether the system and the file system can do that.
    """
    flag = getattr(os, "O_TMPFILE", None)
    if flag is None:
        return False
    try:
        number = os.open(target.parent, flag | os.O_WRONLY, _MODE)
    except OSError:
        return False
    with os.fdopen(number, "wb") as file:
        _fill(file, fill, target, keep_mode=keep_mode)
        try:
            # Python follows the link only with the number of a directory, which an absolute path doesn't use.
            os.link(f"/proc/self/fd/{number}", temporary, src_dir_fd=number)
        except OSError:
            return False
        temporary.replace(target)
    return True


def _write_named(fill: Fill, temporary: Path, target: Path, *, keep_mode: bool) -> None:
    while True:
        with os.fdopen(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE), "wb") as file:
            _lock(file.fileno())
            if not os.fstat(file.fileno()).st_nlink:
                continue  # another process took it for a leftover in the moment before it was locked
            _fill(file, fill, target, keep_mode=keep_mode)
            temporary.replace(target)
            return


def _fill(file: BinaryIO, fill: Fill, target: Path, *, keep_mode: bool) -> None:
    """Fills a temporary file, with the owner and mode for `target`. It stays locked as long as it is open."""
    _lock(file.fileno())
    fill(file)
    file.flush()
    mode = _MODE
    if target.exists():
        held, ours = target.stat(), os.fstat(file.fileno())
        mode = held.st_mode & (_ALL_MODES if keep_mode else _MODE)
        if (held.st_uid, held.st_gid) != (ours.st_uid, ours.st_gid):
            try:
                os.fchown(file.fileno(), held.st_uid, held.st_gid)
            except OSError:
                raise _NotOursError from None
    os.fchmod(file.fileno(), mode)
    os.fsync(file.fileno())


def _lock(number: int, *, wait: bool = True) -> bool:
    """Locks an open file until it is closed, if the system can. A process that dies lets go of it."""
    try:
        import fcntl

        fcntl.flock(number, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except (ImportError, OSError):
        return False
    return True


def _remove_leftovers(directory: Path) -> None:
    """Removes the temporary files of processes that were killed while they wrote: those that aren't locked."""
    with contextlib.suppress(OSError), os.scandir(directory) as found:
        for entry in found:
            if _TEMPORARY_NAME.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                with contextlib.suppress(OSError):
                    _remove_leftover(entry.path)


def _remove_leftover(path: str) -> None:
    number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        is_ours = os.geteuid() in (0, os.fstat(number).st_uid)
        if is_ours and _lock(number, wait=False):
            Path(path).unlink()
    finally:
        os.close(number)
