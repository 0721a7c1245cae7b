"""The line that says how far something is: what it says, when it is there, and that it is gone in the end."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from airconn.cli import run
from airconn.cli.app import App
from airconn.cli.progress import Progress
from airconn.model import Selection
from airconn.model.reading import Reading
from airconn.stores.base import Context
from airconn.stores.file import FileStore
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Network
from tests.conftest import Terminal
from tests.screen import shown_by

COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Clock:
    """A clock that goes on when it is told to."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Line:
    """A progress on a terminal, with a clock of its own."""

    clock: Clock = field(default_factory=Clock)
    stream: Terminal = field(default_factory=Terminal)

    def __post_init__(self) -> None:
        self.progress = Progress(self.stream, self.clock, colours=False)

    def after(self, seconds: float) -> str:
        """What the terminal shows so many seconds later."""
        self.clock.now += seconds
        self.progress.tick()
        return "\n".join(self.shown())

    def shown(self) -> list[str]:
        return shown_by(self.stream.getvalue())


@pytest.fixture
def line() -> Iterator[Line]:
    line = Line()
    yield line
    line.progress.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "airconn-progress"]


def test_it_says_what_how_many_how_fast_and_how_long_it_will_take(line: Line) -> None:
    line.progress.watch("reading connections", 0, 10_000)
    assert line.after(0.9) == ""
    line.progress.watch("reading connections", 2_500, 10_000)
    assert line.after(9.1) == f"reading connections  {'━' * 6}╸{' ' * 19}  2,500/10,000  250/s  0:30 left"


def test_without_a_total_it_says_how_long_it_has_taken(line: Line) -> None:
    line.progress.watch("reading variables", 1, None)
    line.progress.watch("reading variables", 61, None)
    assert line.after(40) == "reading variables  61  1.5/s  0:40"


def test_of_what_nothing_is_known_it_says_how_long_it_has_taken(line: Line) -> None:
    line.progress.watch("reading big.yaml", 0, None)
    assert line.after(3700) == "reading big.yaml  1:01:40"


def test_the_rate_is_that_of_the_last_half_minute(line: Line) -> None:
    line.progress.watch("writing", 0, 20_000)
    for number in range(1, 1001):
        line.progress.watch("writing", number * 10, 20_000)
        line.after(0.1)
    assert "100/s" in line.after(0)
    for _ in range(300):
        line.after(0.1)
    assert line.after(0.1).split() == ["writing", "━" * 20, "10,000/20,000"]


def test_a_thousand_writes_at_ten_a_second_say_how_long_they_still_take(line: Line) -> None:
    """Ten at once and a pause, which is how a limit of requests a second is kept."""
    shown = {}
    for number in range(0, 1000, 10):
        line.progress.watch("writing", number, 1000)
        for _ in range(10):
            shown[number] = line.after(0.1)
    assert all(len(text) < 80 for text in shown.values())
    assert re.fullmatch(rf"writing  {'━' * 20}{' ' * 20}  500/1,000  (9\.\d|10)/s  0:5\d left", shown[500])
    left = {number: text.split()[-2] for number, text in shown.items() if number}
    for number, text in left.items():
        minutes, _, seconds = text.partition(":")
        assert number < 100 or abs(int(minutes) * 60 + int(seconds) - (1000 - number) / 10) <= 10


def test_something_else_has_a_second_of_its_own(line: Line) -> None:
    line.progress.watch("reading connections", 5, 10)
    assert "reading connections" in line.after(1)
    line.progress.watch("reading connections", 10, 10)
    assert line.shown() == []
    line.progress.watch("reading pools", 1, 10)
    assert line.after(0.9) == ""
    assert "reading pools" in line.after(0.1)


@pytest.mark.parametrize(
    ("columns", "shown"),
    [
        (200, f"reading 漢字.json  {'━' * 20}{' ' * 20}  50/100  50/s  0:01 left"),
        (60, f"reading 漢字.json  {'━' * 7}╸{' ' * 7}  50/100  50/s  0:01 left"),
        (48, "reading 漢字.json  50/100  50/s  0:01 left"),
        (40, "reading 漢字.…  50/100  50/s  0:01 left"),
        (27, "50/100  50/s  0:01 left"),
        (10, "50/100  5"),
    ],
)
def test_it_fits_into_the_terminal(line: Line, monkeypatch: pytest.MonkeyPatch, columns: int, shown: str) -> None:
    monkeypatch.setattr(Progress, "_columns", lambda _: columns)
    line.progress.watch("reading 漢字.json", 0, 100)
    line.progress.watch("reading 漢字.json", 50, 100)
    assert line.after(1) == shown


def test_nothing_of_what_it_names_is_obeyed_by_the_terminal(line: Line) -> None:
    line.progress.watch("reading \x1b[2J\n.env", 0, None)
    assert line.after(1) == "reading \\x1b[2J\\n.env  0:01"


def test_it_is_drawn_in_colours_unless_there_are_none() -> None:
    shown = []
    for colours in (True, False):
        stream, clock = Terminal(), Clock()
        progress = Progress(stream, clock, colours=colours)
        progress.watch("writing", 0, 10)
        progress.watch("writing", 5, 10)
        clock.now += 1
        progress.tick()
        shown.append(COLOUR.findall(stream.getvalue()))
        progress.close()
    assert (bool(shown[0]), shown[1]) == (True, [])


def test_what_is_written_stands_above_it(line: Line) -> None:
    line.progress.watch("writing", 0, 10)
    line.after(1)
    for stream in (line.stream, other := Terminal()):
        line.progress.write(stream, "a line\n")
    assert other.getvalue() == "a line\n"
    assert line.shown()[0] == "a line"
    assert line.shown()[1].startswith("writing")
    line.progress.close()
    assert line.shown() == ["a line"]


def test_what_goes_elsewhere_leaves_it_alone(line: Line) -> None:
    line.progress.watch("writing", 0, 10)
    line.after(1)
    before = line.stream.getvalue()
    line.progress.write(io.StringIO(), "a line\n")
    assert line.stream.getvalue() == before


def test_it_is_not_there_while_somebody_else_has_the_terminal(line: Line) -> None:
    line.progress.watch("writing", 0, 10)
    line.after(1)
    with line.progress.hidden():
        assert line.shown() == []
        line.progress.watch("writing", 5, 10)
        assert line.after(5) == ""
    assert "5/10" in line.after(0)


class Interrupted(Terminal):
    """A terminal at which a signal comes in the midst of a write, as it can at any."""

    def __init__(self, handler: Callable[[], None]) -> None:
        super().__init__()
        self.handler: Callable[[], None] | None = handler
        self.depth = 0

    def write(self, text: str) -> int:
        assert self.depth == 0, "no stream bears that"
        self.depth = 1
        try:
            handler, self.handler = self.handler, None
            if handler:
                handler()
        finally:
            self.depth = 0
        return super().write(text)


def test_what_a_signal_handler_says_comes_behind_what_it_interrupts() -> None:
    stream = Interrupted(lambda: progress.write(stream, "finishing\n"))
    progress = Progress(stream, Clock(), colours=False)
    progress.write(stream, "a line\n")
    assert stream.getvalue() == "a line\nfinishing\n"


class Closed(Terminal):
    def write(self, text: str) -> int:
        raise BrokenPipeError


def test_a_terminal_that_has_gone_stops_nothing() -> None:
    clock, stream = Clock(), Closed()
    progress = Progress(stream, clock, colours=False)
    progress.watch("writing", 0, 10)
    clock.now += 1
    progress.tick()
    progress.watch("writing", 10, 10)
    progress.close()


def test_a_line_that_can_not_be_drawn_stops_nothing(line: Line, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = threading.Event()

    def fail(progress: Progress) -> None:
        if tried.is_set():
            again.set()
        tried.set()
        raise ZeroDivisionError

    again = threading.Event()
    monkeypatch.setattr(Progress, "tick", fail)
    line.progress.watch("writing", 0, 10)
    assert again.wait(120)
    assert line.shown() == []


# From here on, as a command shows it.


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Files are read slowly: a second for each object, by the clock of the app."""
    clock = Clock()
    read = FileStore.read

    def read_slowly(self: FileStore, selection: Selection, context: Context) -> Reading:
        reading = read(self, selection, context)
        number_of_all = len(reading.bundle)
        for number in range(1, number_of_all):
            clock.now += 1
            context.watch("reading variables", number, number_of_all)
            clock.now += 1
            if app := getattr(context.watch, "__self__", None):
                app.progress.tick()
        return reading

    monkeypatch.setattr(FileStore, "read", read_slowly)
    return clock


@dataclass
class Shown:
    code: int
    out: str
    err: str
    seen: bool
    """Whether the line was there at any time."""
    drawn: str
    """All that went to standard error."""


@pytest.fixture
def airconn(tmp_path: Path, slow: Clock) -> Callable[..., Shown]:
    (tmp_path / "in.env").write_text("AIRFLOW_VAR_A=1\nAIRFLOW_VAR_B=2\nAIRFLOW_VAR_C=3\n")

    def call(
        *args: object,
        out: type[io.StringIO] = io.StringIO,
        err: type[io.StringIO] = Terminal,
        stdin: str = "",
        **env: str,
    ) -> Shown:
        environ = {"AIRCONN_CONFIG": str(tmp_path / "user.toml"), **env}
        (tmp_path / "user.toml").touch()
        app = App(io.BytesIO(stdin.encode()), out(), err(), environ, tmp_path, clock=slow)
        code = run([str(arg) for arg in args], app)
        said = app.stderr.getvalue()  # type: ignore[attr-defined]
        shown = "".join(f"{line}\n" for line in shown_by(said))
        return Shown(code, app.stdout.getvalue(), shown, "reading variables" in said, said)  # type: ignore[attr-defined]

    return call


COMMANDS = [
    "list --from in.env",
    "export --from in.env",
    "convert in.env",
    "show a b --from in.env",
    "diff in.env in.env",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_takes_long_shows_it_and_takes_it_away(airconn, tmp_path: Path, command: str) -> None:
    args = [tmp_path / arg if arg == "in.env" else arg for arg in command.split()]
    long, brief = airconn(*args), airconn(*args, err=io.StringIO)
    assert (long.seen, brief.seen) == (True, False)
    assert (long.code, long.out, long.err) == (brief.code, brief.out, brief.err) == (0, brief.out, brief.err)


@pytest.mark.parametrize(
    ("args", "env", "seen"),
    [([], {}, True), (["-q"], {}, False), ([], {"TERM": "dumb"}, False), ([], {"NO_COLOR": "1"}, True)],
)
def test_it_is_shown_where_it_is_wanted_and_can_be(
    airconn, tmp_path: Path, args: list[str], env: dict[str, str], seen: bool
) -> None:
    assert airconn("list", "--from", tmp_path / "in.env", *args, **env).seen is seen


def test_an_error_takes_it_away(airconn, tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text("{")
    result = airconn("convert", tmp_path / "in.env", tmp_path / "bad.json")
    assert (result.code, result.seen) == (3, True)
    assert result.err.startswith("error: ")


def test_a_question_takes_it_away(airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airconn.cli.app.App.stdin_is_terminal", True)
    result = airconn("delete", "variables/a", "variables/b", "--from", tmp_path / "in.env", stdin="n\n")
    assert (result.code, result.seen) == (4, True)
    assert result.err.startswith(f"delete 2 objects of {tmp_path / 'in.env'}")


def test_a_value_is_asked_for_without_it(
    airconn, tmp_path: Path, slow: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps: list[App] = []
    places = App.places

    def places_and_note(app: App, network: Network) -> Places:
        apps.append(app)
        return places(app, network)

    def ask(prompt: str) -> str:
        (app,) = apps
        app.watch("reading variables", 1, 2)  # what another thread may still do
        slow.now += 2
        app.progress.tick()
        assert shown_by(app.stderr.getvalue()) == []  # type: ignore[attr-defined]
        return "new"

    monkeypatch.setattr(App, "places", places_and_note)
    monkeypatch.setattr("getpass.getpass", ask)
    result = airconn("export", "--from", tmp_path / "in.env", "--set", "variables/a.value=prompt:")
    assert (result.code, result.seen, '"a": "new"' in result.out) == (0, True, True)


def test_the_report_of_an_import_stands_above_it(airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report = App.report

    def report_slowly(app: App, text: str, **how: Any) -> None:
        app.clock.now += 1  # type: ignore[attr-defined]
        app.progress.tick()
        report(app, text, **how)

    monkeypatch.setattr(App, "report", report_slowly)
    shown = airconn("import", tmp_path / "in.env", "--to", tmp_path / "out.json", out=Terminal)
    lines = COLOUR.sub("", shown.out).splitlines()
    assert [line.split()[:2] for line in lines[:3]] == [["+", f"variables/{id_}"] for id_ in "abc"]
    assert "\r" not in shown.out
    assert (shown.code, shown.err, "\rwriting  " in shown.drawn) == (0, "", True)
