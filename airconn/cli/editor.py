"""Runs the user's editor on a text that may hold secrets, in a private file that goes in every way of ending."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from airconn.errors import AirconnError, UsageError

_PREFIX = "airconn-edit-"
_SECONDS = 2.0
"""The seconds that an editor gets to end after a SIGTERM."""


def editor_of(environ: Mapping[str, str]) -> list[str]:
    """The editor with its arguments: `$VISUAL`, else `$EDITOR`, else vi if there is one. Raises `UsageError`."""
    for name in ("VISUAL", "EDITOR"):
        if said := environ.get(name, "").strip():
            try:
                words = shlex.split(said)
            except ValueError:
                raise UsageError("a quotation mark is not closed", where=f"${name}") from None
            if not words or shutil.which(words[0], path=environ.get("PATH", os.defpath)) is None:
                raise UsageError("no such program", where=f"${name}", hint=_CHOOSE)
            return words
    if shutil.which("vi", path=environ.get("PATH", os.defpath)):
        return ["vi"]
    raise UsageError("no editor is set", hint=_CHOOSE)


_CHOOSE = "set VISUAL or EDITOR to an editor, such as nano or 'code --wait'"


class PrivateFile:
    """A file for an editor, in a directory of its own that only its owner can read."""

    def __init__(self, directory: Path, name: str) -> None:
        self.path = directory / name

    def write(self, text: str) -> None:
        """Writes the file anew. Raises `AirconnError` if that can't be done."""
        try:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()
            number = os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(number, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        except (OSError, UnicodeEncodeError) as error:
            reason = getattr(error, "strerror", None) or "its text can't be written to a file"
            raise AirconnError(f"the file for the editor can't be written: {reason}") from None

    def read(self) -> str:
        """The text of the file. Raises `AirconnError` if it is gone or isn't UTF-8."""
        try:
            return self.path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        except FileNotFoundError:
            raise AirconnError("the editor removed the file") from None
        except UnicodeDecodeError:
            raise AirconnError("the editor saved a text that is not UTF-8") from None
        except OSError as error:
            raise AirconnError(f"the file of the editor can't be read: {error.strerror}") from None


@contextlib.contextmanager
def private_file(name: str, environ: Mapping[str, str], *, in_memory: bool = False) -> Iterator[PrivateFile]:
    """Gives a file that is gone with all that the editor left beside it when the block ends, however it ends.

    It is in memory where the system has a directory for that (`XDG_RUNTIME_DIR`). What a killed process left behind
    goes with the next one. With `in_memory`, raises `UsageError` where the system has none.
    """
    root = _root(environ, in_memory=in_memory)
    _remove_leftovers(root)
    try:
        directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
    except OSError as error:
        raise AirconnError(f"a private file can't be created: {error.strerror}", where=str(root)) from None
    try:
        with _locked(directory):
            yield PrivateFile(directory, name)
    finally:
        _remove(directory)


def _root(environ: Mapping[str, str], *, in_memory: bool = False) -> Path:
    for directory in (environ.get("XDG_RUNTIME_DIR"), "/dev/shm" if in_memory else ""):  # noqa: S108 - in memory
        if directory and Path(directory).is_absolute() and os.access(directory, os.W_OK | os.X_OK):
            return Path(directory)
    if in_memory:
        raise UsageError(
            "the editor would get the values of an encrypted file in a file on the disk",
            hint="airconn set changes fields without an editor; XDG_RUNTIME_DIR names a directory in memory",
        )
    return Path(tempfile.gettempdir())


def _remove(directory: Path) -> None:
    shutil.rmtree(directory, ignore_errors=True)
    if directory.exists():
        # A backup may have come while the others were removed.
        shutil.rmtree(directory, ignore_errors=True)


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[bool]:
    """Locks a directory as long as this process lives. Gives whether no other process has it."""
    number = None
    try:
        import fcntl

        number = os.open(directory, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        is_ours = True
    except (ImportError, OSError):
        is_ours = False
    try:
        yield is_ours
    finally:
        if number is not None:
            os.close(number)


def _remove_leftovers(root: Path) -> None:
    """Removes the directories of processes that were killed: ours, and not locked any more."""
    with contextlib.suppress(OSError):
        for path in root.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                found = path.lstat()
                if stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid():
                    with _locked(path) as is_ours:
                        if is_ours:
                            _remove(path)


def run_editor(command: Sequence[str], file: PrivateFile, environ: Mapping[str, str]) -> None:
    """Runs an editor in the foreground until it ends.

    Ctrl-C is the editor's alone. SIGTERM and SIGHUP end the editor, and then do what they did before. Raises
    `AirconnError` for an editor that can't be started or fails.
    """
    name = Path(command[0]).name
    try:
        code = _run([*command, str(file.path)], environ)
    except OSError as error:
        raise AirconnError(f"the editor {name} can't be started: {error.strerror}", hint=_CHOOSE) from None
    if code:
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        raise AirconnError(f"the editor {name} {how}", hint="to leave without a change, close it normally")


def _run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    if threading.current_thread() is not threading.main_thread():
        return subprocess.call(command, env=dict(environ))  # noqa: S603 - the user's editor
    told: list[int] = []
    output = None if os.isatty(1) else 2  # an editor whose output is a pipe shows nothing

    def leave_alone(number: int, frame: FrameType | None) -> None:
        """A handler and not SIG_IGN, which the editor would inherit."""

    def end(number: int, frame: FrameType | None) -> None:
        told.append(number)
        child.terminate()
        killer = threading.Timer(_SECONDS, child.kill)
        killer.daemon = True
        killer.start()

    old = {number: signal.signal(number, leave_alone) for number in _KEYS}
    try:
        child = subprocess.Popen(command, env=dict(environ), stdout=output)  # noqa: S603 - the user's editor
        old |= {number: signal.signal(number, end) for number in _ENDING if _is_handled(number)}
        code = child.wait()
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
    if told:
        raise SystemExit(128 + told[0])
    return code


_KEYS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGQUIT") if hasattr(signal, name))
"""The signals of keys, which the terminal sends to the editor as well."""
_ENDING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def _is_handled(number: int) -> bool:
    return signal.getsignal(number) is not signal.SIG_IGN
