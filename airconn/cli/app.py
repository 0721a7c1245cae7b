"""What a command has to work with: its streams, its environment, and how it says things."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

import click

from airconn.config import Config
from airconn.errors import AirconnError, InputErrors

if TYPE_CHECKING:
    from airconn.formats.base import Note


@dataclass
class App:
    """The outer world of one run. Commands take their streams from here and not from `sys`."""

    stdin: BinaryIO
    stdout: TextIO
    stderr: TextIO
    environ: Mapping[str, str]
    directory: Path
    verbosity: int = 0
    """-1 is quiet, 1 and more is verbose."""
    writes: bool = field(default=False, init=False)
    """Whether the command is one that writes somewhere, so that an error says that nothing was written."""

    @classmethod
    def of_process(cls) -> App:
        return cls(sys.stdin.buffer, sys.stdout, sys.stderr, os.environ, Path.cwd())

    @cached_property
    def config(self) -> Config:
        """The configuration, read when it is first needed."""
        return Config.load(self.environ, self.directory, self.stdin)

    def colours(self, stream: TextIO) -> bool:
        """Whether a stream gets colour: on a terminal, unless `NO_COLOR` or a dumb `TERM` says no."""
        if self.environ.get("NO_COLOR") or self.environ.get("TERM") == "dumb":
            return False
        return stream.isatty()

    def style(self, text: str, colour: str | None) -> str:
        return click.style(text, fg=colour, bold=True) if colour and self.colours(self.stdout) else text

    def data(self, text: str) -> None:
        """Writes what the command is for to standard output."""
        self.stdout.write(text)
        self.stdout.flush()

    def say(self, text: str, *, level: int = 0) -> None:
        """Writes a line to standard error, unless the verbosity is below `level`."""
        if self.verbosity >= level:
            self.stderr.write(text + "\n")
            self.stderr.flush()

    def warn(self, text: str) -> None:
        self.say(f"{self._label('warning:', 'yellow')} {text}")

    def notes(self, notes: Iterable[Note]) -> None:
        from airconn.report import clean

        for note in notes:
            self.warn(clean(f"{note.where}: {note.message}"))

    def ignored(self, ignored: Iterable[tuple[str, int]]) -> None:
        for source, number in ignored:
            entries = "entry that is" if number == 1 else "entries that are"
            self.say(f"{source}: {number} other {entries} no AIRFLOW_CONN_* or AIRFLOW_VAR_*, left alone", level=1)

    def error(self, error: AirconnError) -> None:
        """Tells an error, and where the command writes, that nothing was written."""
        from airconn.report import clean

        for fault in error.errors if isinstance(error, InputErrors) else (error,):
            self.say(f"{self._label('error:', 'red')} {clean(str(fault))}", level=-1)
            if fault.hint:
                self.say(f"{self._label('hint:', 'cyan')}  {clean(fault.hint)}", level=-1)
        if self.writes:
            self.say("nothing was written", level=-1)

    def _label(self, text: str, colour: str) -> str:
        return click.style(text, fg=colour, bold=True) if self.colours(self.stderr) else text
