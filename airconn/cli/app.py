"""The surroundings of a command: its streams, its environment, and its messages."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, TextIO, TypeVar

from airconn.cli.clean_output import cleaned, coloured
from airconn.cli.progress import Progress, columns_of
from airconn.errors import AirconnError, InputErrors, TargetError, UsageError
from airconn.quoting import clean, some, without_passwords

if TYPE_CHECKING:
    from airconn.config import Config
    from airconn.model.reading import Note
    from airconn.transfer.places import Places
    from airconn.transfer.request_parts import Network

T = TypeVar("T")

_ROWS = 20
_MOST_FAULTS = 20
"""The most faults of an input that are listed one by one."""
_NOT_IN_CI = ("", "0", "false", "no")
"""The values of `CI` outside of a CI."""


class OutputClosedError(Exception):
    """The program that read standard output has ended."""


@dataclass
class App:
    """The surroundings of one run. Commands take their streams from here and not from `sys`."""

    stdin: BinaryIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    directory: Path
    verbosity: int = 0
    """-1 is quiet, 1 and more is verbose."""
    username: str = ""
    """The user of `--username`."""
    clock: Callable[[], float] = time.monotonic
    """A clock in seconds, for the progress of long reads."""
    from_env_files: Mapping[str, str] = field(default_factory=dict, init=False, repr=False)
    """The variables that `--env-file` has added to `environ`. The command of `airconn run` doesn't get them."""
    limit: int | None = field(default=None, init=False)
    """The most rows of a report for each symbol, if the user has chosen it."""
    way_on: str = field(default="", init=False)
    """The hint that says how to finish what a Ctrl-C ended."""
    writes: bool = field(default=False, init=False)
    """Whether the command can write, so that an error says that nothing was written."""
    broken: bool = field(default=False, init=False)
    """Whether standard output broke in the middle of a report."""
    lost: TargetError | None = field(default=None, init=False)
    """Why it broke, if its reader hasn't just gone."""
    in_main_thread: Callable[[Callable[[], Any]], Any] | None = field(default=None, init=False, repr=False)
    """Calls a function in the main thread, while other threads read several targets."""

    @classmethod
    def of_process(cls) -> App:
        """The app for this process, whose streams may be closed. Output is UTF-8 in any locale."""
        stdin = sys.stdin.buffer if sys.stdin else io.BytesIO()
        # The directory isn't resolved: it may be gone, and most commands don't need it.
        return cls(stdin, _output(sys.stdout), _output(sys.stderr), os.environ, Path())

    def __post_init__(self) -> None:
        self._began = self.clock()

    @property
    def most_rows(self) -> int | None:
        """The most rows of a report for each symbol: by `--limit`, else 20 on a terminal. None: all of them."""
        if self.verbosity > 0:
            return None
        return _ROWS if self.limit is None and self.stdout.isatty() else self.limit

    @property
    def seconds(self) -> float:
        """How long the run has taken so far, without the time for an answer."""
        return self.clock() - self._began

    @cached_property
    def config(self) -> Config:
        """The configuration, read when it is first needed."""
        from airconn.cli.asking_logins import TerminalLogins
        from airconn.cli.consent import HostConsent
        from airconn.config import Config

        return Config.load(
            self.environ, self.directory, self.stdin, HostConsent(self), TerminalLogins(self), self.username
        )

    @property
    def state_directory(self) -> Path:
        """The directory for files that outlive a run: `AIRCONN_STATE_DIR`, or the system's place for such files."""
        from airconn.config_files import state_directory

        return state_directory(self.environ)

    def take_env_files(self, files: Iterable[str]) -> None:
        """Adds the settings in files to the environment, which wins over them, as a later file does over one before.

        The environment of the process gets them as well, for libraries that look there, until `forget_env_files`.
        Raises `UsageError` for a file that can't be read.
        """
        from airconn import env_files

        read: dict[str, str] = {}
        for file in files:
            read |= env_files.read(file, self.warn)
        self.from_env_files = {name: value for name, value in read.items() if name not in self.environ}
        if self.environ is os.environ:
            os.environ.update(self.from_env_files)
        else:
            self.environ = {**self.environ, **self.from_env_files}

    def forget_env_files(self) -> None:
        """Takes the settings of `take_env_files` out of the environment of the process."""
        if self.environ is os.environ:
            for name in self.from_env_files:
                os.environ.pop(name, None)

    @cached_property
    def progress(self) -> Progress:
        """The progress line. All output goes through it."""
        return Progress(self.stderr, self.clock, colours=self.colours(self.stderr))

    def watch(self, what: str, done: int, total: int | None, name: str = "") -> None:
        """Shows the progress of a read, on a terminal that can erase a line, and unless `--quiet` is given.

        `name` is that of one of several targets.
        """
        if self._shows_progress:
            self.progress.watch(what, done, total, name=name)

    @cached_property
    def _shows_progress(self) -> bool:
        return self.verbosity >= 0 and self.environ.get("TERM") != "dumb" and self.stderr.isatty()

    @property
    def can_ask_here(self) -> bool:
        """Whether this thread may ask. Only the main one is told of Ctrl-C, so that others ask through it."""
        return self.in_main_thread is not None or threading.current_thread() is threading.main_thread()

    def asked(self, ask: Callable[[], T]) -> T:
        """The result of a function that asks on the terminal. In the main thread, one question follows the other."""
        if self.in_main_thread is None or threading.current_thread() is threading.main_thread():
            return ask()
        answer: T = self.in_main_thread(ask)
        return answer

    def confirm(self, question: str) -> bool | None:
        """The answer to a question on the terminal. None without a terminal."""
        return self.asked(lambda: self._confirm(question)) if self.can_ask else None

    def _confirm(self, question: str) -> bool:
        asked = self.clock()
        with self.progress.hidden():
            self.stderr.write(self._message(f"{clean(question)} [y/N]") + " ")
            self.stderr.flush()
            line = self.stdin.readline()
            if not line:
                self.stderr.write("\n")
        self._began += self.clock() - asked
        return line.decode("utf-8", "replace").strip().lower() in ("y", "yes")

    def ask_value(self, place: str) -> str:
        """The value of a place, asked for on the terminal without an echo. Raises `UsageError` without a terminal."""
        is_possible = self.stderr.isatty() and not self.is_in_ci
        typed = self.asked(lambda: self.ask_hidden(place)) if is_possible else None
        if typed is None:
            raise UsageError(
                "no terminal to ask for it, or CI is set",
                where=place,
                hint="env:NAME or file:PATH take it from elsewhere",
            )
        return typed

    def ask_hidden(self, what: str) -> str | None:
        """A text that is typed on the terminal without an echo. None where it ends, or would show the text."""
        import warnings
        from getpass import GetPassWarning, getpass

        with self.progress.hidden(), warnings.catch_warnings():
            warnings.simplefilter("error", GetPassWarning)
            try:
                return getpass(f"{clean(what)}: ")
            except (GetPassWarning, EOFError):
                self.stderr.write("\n")
                return None

    def ask_line(self, what: str) -> str | None:
        """A line that is typed on the terminal. None where it ends before one."""
        with self.progress.hidden():
            self.stderr.write(f"{clean(what)}: ")
            self.stderr.flush()
            line = self.stdin.readline().decode("utf-8", "replace")
            if not line:
                self.stderr.write("\n")
        return line.rstrip("\r\n") if line else None

    def places(self, network: Network) -> Places:
        """The places of this run."""
        from airconn.transfer.places import Places

        return Places(self.config, network, self.ask_value, self.watch)

    @property
    def can_ask(self) -> bool:
        """Whether there is a terminal to ask a question on, and a user to answer it."""
        return self.stdin_is_terminal and self.stderr.isatty() and not self.is_in_ci

    @property
    def has_terminal(self) -> bool:
        """Whether any of standard input and standard error is a terminal of a user."""
        return (self.stdin_is_terminal or self.stderr.isatty()) and not self.is_in_ci

    @property
    def is_in_ci(self) -> bool:
        """Whether `CI` says that this is a CI, whose terminal, if it has one, no user watches."""
        return self.environ.get("CI", "").strip().lower() not in _NOT_IN_CI

    @property
    def stdin_is_terminal(self) -> bool:
        return self.stdin.isatty()

    def colours(self, stream: TextIO) -> bool:
        """Whether a stream gets colour: on a terminal, without `NO_COLOR` and a dumb `TERM`."""
        if self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb":
            return False
        return stream.isatty()

    def style(self, text: str, colour: str | None) -> str:
        return coloured(text, colour) if colour and self._coloured else text

    @cached_property
    def _coloured(self) -> bool:
        return self.colours(self.stdout)

    def data(self, text: str, *, raw: bool = False) -> None:
        """Writes the result of the command to standard output, when all else is done.

        `raw` is for a program that needs each character as it is, such as a file. All else goes out through
        `cleaned`. Raises `OutputClosedError` where the reader has gone, and `TargetError` where nothing can be
        written.
        """
        self.progress.rest()
        self._put(text if raw else cleaned(text))

    def rows(self, text: str) -> None:
        """Writes lines for people to standard output, as `data` does, fitted to the width of a terminal."""
        self.progress.rest()
        self._put(self._rows(text))

    def _rows(self, text: str) -> str:
        # The width is only known after cleaning: before, colours are marks, and text that gets escaped is shorter.
        text = cleaned(text)
        if (columns := self._columns(self.stdout)) is None:
            return text
        from airconn.report.fitting import fit

        return fit(text, columns)

    def _message(self, text: str) -> str:
        if (columns := self._columns(self.stderr)) is None:
            return text
        from airconn.report.fitting import fit_message

        return fit_message(text, columns)

    @staticmethod
    def _columns(stream: TextIO) -> int | None:
        """The present width of a terminal."""
        return columns_of(stream) if stream.isatty() else None

    def _put(self, text: str) -> None:
        try:
            self.progress.write(self.stdout, text)
        except BrokenPipeError:
            raise OutputClosedError from None
        except OSError as error:
            reason = error.strerror or "the system refuses"
            raise TargetError(f"standard output can't be written to: {reason}") from None

    @property
    def columns(self) -> int | None:
        """The width of the terminal that standard output is. None for a file or a pipe."""
        return self._columns(self.stdout)

    def report(self, text: str, *, elsewhere: str | None = None) -> None:
        """Writes a part of a report to standard output. If that breaks, the run goes on, since the reader of a report
        doesn't decide what is written. Standard error then gets `elsewhere`, by default all of the text."""
        if not self.broken:
            try:
                self._put(self._rows(text))
                return
            except OutputClosedError:
                self.broken = True
            except TargetError as error:
                self.broken, self.lost = True, error
        if rest := (text if elsewhere is None else elsewhere).rstrip("\n"):
            self.say(*rest.split("\n"), level=-1)

    def say(self, *lines: str, level: int = 0) -> None:
        """Writes lines to standard error, unless the verbosity is below `level`."""
        if lines and self.verbosity >= level:
            # A run that writes goes on to its end, even if its reports have no reader any more.
            with contextlib.suppress(OSError):
                text = "\n".join(cleaned(line, is_one=True) for line in lines)
                self.progress.write(self.stderr, self._message(text) + "\n")

    def warn(self, text: str, *, level: int = 0) -> None:
        self.say(f"{self._label('warning:', 'yellow')} {text}", level=level)

    def hint(self, text: str, *, level: int = 0) -> None:
        self.say(f"{self._label('hint:', 'cyan')}  {clean(text)}", level=level)

    def notes(self, notes: Iterable[Note]) -> None:
        """Tells notes. The same one on several objects is one line, unless the run is verbose."""
        groups: dict[tuple[object, ...], list[Note]] = {}
        for place, note in enumerate(notes):
            alone = place if self.verbosity > 0 else None
            key = (alone, note.message, note.failed, note.is_detail or note.is_minor, note.is_remark)
            groups.setdefault(key, []).append(note)
        for (_, message, failed, is_verbose, is_remark), same in groups.items():
            places = list(dict.fromkeys(note.where for note in same))
            text = f"{places[0]}: {message}" if len(places) == 1 else f"{message} ({len(places):,}: {some(places)})"
            if is_verbose or is_remark:
                self.say(clean(text), level=1 if is_verbose else 0)
            else:
                self.warn(clean(text), level=-1 if failed else 0)

    def incomplete(self, notes: Iterable[Note], missing: str = "is missing") -> None:
        """Warns that objects that could not be read are `missing`."""
        if any(note.failed for note in notes):
            self.say(f"{self._label('error:', 'red')} not complete: what could not be read {missing}", level=-1)

    def ignored(self, ignored: Iterable[tuple[str, int]]) -> None:
        for source, number in ignored:
            entries = "entry that isn't" if number == 1 else "entries that aren't"
            self.say(f"{source}: {number} other {entries} AIRFLOW_CONN_* or AIRFLOW_VAR_*, skipped", level=1)

    def error(self, error: AirconnError) -> None:
        """Reports an error and, if the command can write, that nothing was written.

        Of many faults the first are told, which most often have one reason, unless the run is verbose. A hint that is
        the same as the one before isn't told again.
        """
        faults: Sequence[AirconnError] = error.errors if isinstance(error, InputErrors) else (error,)
        shown = faults if self.verbosity > 0 or len(faults) <= _MOST_FAULTS + 1 else faults[:_MOST_FAULTS]
        hint = None
        for fault in shown:
            self.say(f"{self._label('error:', 'red')} {clean(without_passwords(str(fault)))}", level=-1)
            if fault.hint and fault.hint != hint:
                self.hint(without_passwords(fault.hint), level=-1)
            hint = fault.hint
        if len(shown) < len(faults):
            self.say(f"and {len(faults) - len(shown)} more errors (-v shows all)", level=-1)
        if self.writes:
            self.say("nothing was written", level=-1)

    def _label(self, text: str, colour: str) -> str:
        return coloured(text, colour) if self.colours(self.stderr) else text


def _output(stream: TextIO | None) -> TextIO:
    """A stream with the same target that loses nothing.

    Python's own has no buffer under `PYTHONUNBUFFERED`, and then takes a write that was cut short for a whole one.
    """
    if stream is None:
        return open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - of os, and no path of a user
    try:
        number = stream.fileno()
    except OSError:
        return stream  # a program that runs airconn within itself has replaced the stream
    return open(number, "w", encoding="utf-8", errors="backslashreplace", newline="", closefd=False)
