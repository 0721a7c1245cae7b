"""Shows progress on the last line of a terminal, for work that takes longer than a second."""

from __future__ import annotations

import contextlib
import io
import math
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import TextIO

_PATIENCE = 1.0
"""The seconds before a line is shown."""
_BEAT = 0.1
_SAMPLES = 300
"""The last beats of which the rate is the mean."""
_WIDEST, _NARROWEST = 40, 8
"""The columns of the bar."""
_WHOLE = 10
"""The rate from which on it is shown without a fraction."""
_COLUMNS = 80
"""The columns of a terminal that doesn't say how many it has."""
_GONE = "\r\x1b[2K"
_UP = "\x1b[A\x1b[2K"
_MOST_LINES = 8
"""The most works that are shown at a time."""
_DRAWN_WITH = ("airconn.report", "rich.cells", "rich.console", "rich.progress_bar")


@dataclass
class _Task:
    """The work that is shown."""

    what: str
    began: float
    done: int
    total: int | None
    samples: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=_SAMPLES))
    """The times with the numbers that were done."""

    def rate(self, now: float) -> float | None:
        """The number that is done in a second. None if that can't be said yet."""
        then, done = self.samples[0] if self.samples else (self.began, self.done)
        return (self.done - done) / (now - then) if now > then and self.done > done else None


class Progress:
    """A line that is redrawn below all other output, and disappears when the work is done.

    Of several works at a time, each has a line. Any thread may call it, and a signal handler may write. All output to
    the terminal has to go through `write`, or be written within `hidden`.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float], *, colours: bool) -> None:
        """`stream` is the terminal of the line."""
        self._stream = stream
        self._clock = clock
        self._colours = colours
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._tasks: dict[str, _Task] = {}
        """The works by their names."""
        self._line = ""
        """The text on the last lines of the terminal."""
        self._hidden = 0
        self._writing = False
        self._late: list[tuple[TextIO, str]] = []

    def watch(self, what: str, done: int, total: int | None, *, name: str = "") -> None:
        """Takes the progress of a read, as `stores.base.Watch` says. With all done, it is over.

        `name` is that of the work, where there are several at a time.
        """
        with self._lock:
            if total is not None and done >= total:
                self._tasks.pop(name, None)
                if not self._tasks:
                    self._erase()
                return
            task = self._tasks.get(name)
            if task is None or task.what != what or done < task.done:
                now = self._clock()
                task = self._tasks[name] = _Task(what, now if task is None or not name else task.began, done, total)
                task.samples.append((now, done))
            task.done, task.total = done, total
            if self._thread is None and not self._ended.is_set():
                self._thread = threading.Thread(target=self._beat, name="airconn-progress", daemon=True)
                self._thread.start()

    def rest(self) -> None:
        """Ends the work that is shown, and removes the line."""
        with self._lock:
            self._tasks.clear()
            self._erase()

    def close(self) -> None:
        """Ends the display for good."""
        self._ended.set()
        self.rest()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def write(self, stream: TextIO, text: str) -> None:
        """Writes whole lines to a stream, above the line if it is on the same terminal.

        A signal handler that comes in the midst of another write has its text written behind that. Raises `OSError`.
        """
        with self._lock:
            if self._writing:
                self._late.append((stream, text))
                return
            line = self._line if self._line and (stream is self._stream or stream.isatty()) else ""
            with self._in_one():
                if line:
                    self._put(_gone(line))
                try:
                    stream.write(text)
                    stream.flush()
                finally:
                    if line:
                        self._put(line)

    @contextlib.contextmanager
    def _in_one(self) -> Iterator[None]:
        """Within this block signal handlers don't write, since a stream can't be written to while it is writing."""
        outer, self._writing = self._writing, True
        try:
            yield
        finally:
            self._writing = outer
            while self._late and not outer:
                with contextlib.suppress(OSError):
                    self.write(*self._late.pop(0))

    @contextlib.contextmanager
    def hidden(self) -> Iterator[None]:
        """Within this block the terminal is for other output."""
        with self._lock:
            self._hidden += 1
            self._erase()
        try:
            yield
        finally:
            with self._lock:
                self._hidden -= 1

    def _beat(self) -> None:
        while not self._ended.wait(_BEAT):
            # If the line can't be drawn, the work goes on without a traceback.
            with contextlib.suppress(Exception):
                self.tick()

    def tick(self) -> None:
        """Draws the line, if it is due."""
        if not self._is_due():
            return
        for name in _DRAWN_WITH:  # before the lock, which others may wait for
            import_module(name)

        with self._lock:
            if not self._is_due() or self._writing:
                return
            now = self._clock()
            due = {name: task for name, task in self._tasks.items() if now - task.began >= _PATIENCE}
            drawn = [self._drawn(task, now, name) for name, task in list(due.items())[:_MOST_LINES]]
            if len(due) > _MOST_LINES:
                drawn.append(f"… {len(due) - _MOST_LINES} more")
            line = "\r" + "\x1b[K\n".join(drawn) + "\x1b[K"
            for task in due.values():
                task.samples.append((now, task.done))
            if line != self._line:
                above = self._line.count("\n")
                self._line = line
                self._put(f"\r{_UP * above}{line}" if above else line)

    def _is_due(self) -> bool:
        now = self._clock()
        return not self._hidden and any(now - task.began >= _PATIENCE for task in list(self._tasks.values()))

    def _drawn(self, task: _Task, now: float, name: str = "") -> str:
        """`reading connections  ━━━━━━━━  3,200/10,000  412/s  0:17 left`, in the width of the terminal."""
        from rich.cells import cell_len, set_cell_size

        from airconn.quoting import clean

        columns = self._columns() - 1  # in the last one, some terminals begin a new line
        numbers = _numbers(task, now)
        what = clean(f"{name}: {task.what}" if name else task.what)
        room = columns - cell_len(what) - len(numbers) - 4
        if task.total and room >= _NARROWEST:
            return f"{what}  {self._bar(task.done, task.total, min(room, _WIDEST))}  {numbers}"
        room = columns - len(numbers) - 2
        if cell_len(what) > room:
            what = set_cell_size(what, room - 1) + "…" if room > _NARROWEST else ""
        return f"{what}  {numbers}" if what else numbers[:columns]

    def _bar(self, done: int, total: int, width: int) -> str:
        from rich.console import Console
        from rich.progress_bar import ProgressBar

        bar = ProgressBar(total, done, width, style="bright_black", complete_style="cyan")
        console = Console(
            file=io.StringIO(),
            force_terminal=True,
            color_system="standard" if self._colours else None,
            no_color=not self._colours,
            legacy_windows=False,
            width=width,
        )
        with console.capture() as capture:
            console.print(bar, end="")
        drawn = capture.get().rstrip("\n")
        # Without colours, only the done part of the bar is drawn.
        return drawn if self._colours else drawn.ljust(width)

    def _columns(self) -> int:
        return columns_of(self._stream) or _COLUMNS

    def _erase(self) -> None:
        if self._line:
            gone, self._line = _gone(self._line), ""
            self._put(gone)

    def _put(self, text: str) -> None:
        # A stream without a reader doesn't stop the work.
        with self._in_one(), contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def _gone(line: str) -> str:
    """What removes lines from the terminal whose cursor is in the last one of them."""
    return _GONE + _UP * line.count("\n")


def columns_of(stream: TextIO) -> int | None:
    """The columns of the terminal of a stream. None without a terminal, or if it doesn't say."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        return os.get_terminal_size(stream.fileno()).columns or None
    return None


def _numbers(task: _Task, now: float) -> str:
    """The numbers: how many of how many are done, the rate, and the time that is left."""
    rate = task.rate(now)
    shown = [f"{task.done:,}/{task.total:,}" if task.total is not None else f"{task.done:,}" * bool(task.done)]
    if rate is not None:
        shown.append(f"{rate:,.0f}/s" if rate >= _WHOLE else f"{rate:.1f}/s")
    if task.total is None:
        shown.append(_duration(int(now - task.began)))
    elif rate is not None:
        shown.append(f"{_duration(math.ceil((task.total - task.done) / rate))} left")
    return "  ".join(text for text in shown if text)


def _duration(seconds: int) -> str:
    minutes, left = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
