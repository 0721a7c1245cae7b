"""Runs whole processes and takes their time, their processor time and their memory."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from tests.benchmarks import launch
from tests.benchmarks.peers import Command
from tests.benchmarks.table import Cell, Row

LONG = 20.0
"""Seconds from which a command is run only once."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command."""

    wall: float
    cpu: float
    memory: float
    """Its peak, in megabytes."""
    code: int
    is_over: bool = False
    """It was ended at the limit."""
    complaint: str = ""
    """What is wrong with what it made."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one program has to do for a row."""

    row: Row
    program: str
    prepare: Callable[[], Command]
    """Makes the state that it starts from, outside of its time."""
    check: Callable[[], str] = lambda: ""
    """Says what is wrong with what it made, if something is."""
    is_skipped: bool = False


@dataclass(frozen=True, slots=True)
class Meter:
    """Measures tasks."""

    directory: Path
    limit: float
    progress: Progress
    on_failure: Callable[[], None] = lambda: None
    """What the program was talking to may be busy with it still, and write later what it was asked for."""

    def measure(self, tasks: Sequence[Task], rounds: int) -> dict[Row, dict[str, Cell]]:
        """Runs all tasks in turn, round after round, so that what slows the machine for a while slows all."""
        done: list[list[Run]] = [[] for _ in tasks]
        for round_ in range(rounds):
            # Each is the first once: a server may take longer for what it does for the first time.
            turn = round_ % len(tasks)
            pairs = list(zip(tasks, done, strict=True))
            for task, runs in (*pairs[turn:], *pairs[:turn]):
                if task.is_skipped or (runs and (runs[-1].code or runs[-1].wall > LONG)):
                    continue
                runs.append(self.run(task))
                self.progress(f"{task.row}, {task.program}, run {round_ + 1}: {_told(runs[-1])}")
        table: dict[Row, dict[str, Cell]] = {}
        for task, runs in zip(tasks, done, strict=True):
            table.setdefault(task.row, {})[task.program] = summed_up(runs, self.limit)
        return table

    def warm_up(self, tasks: Iterable[Task]) -> None:
        """Runs each once, so that Python has compiled what they use and the system has read it."""
        for task in tasks:
            if not task.is_skipped and (failure := summed_up([self.run(task)], self.limit).failure):
                self.progress(f"{task.row}, {task.program}, to warm up: {failure}")

    def run(self, task: Task) -> Run:
        command = task.prepare()
        out, err = self.directory / "stdout", self.directory / "stderr"
        done = subprocess.run(
            [sys.executable, "-I", "-S", launch.__file__, str(self.limit), out, err, *command.argv],
            env=command.environ,
            cwd=self.directory,
            stdout=subprocess.PIPE,
            check=True,
        )
        run = Run(**json.loads(done.stdout))
        if run.code:
            self.on_failure()
            return run
        return replace(run, complaint=task.check())


def summed_up(runs: Sequence[Run], limit: float) -> Cell:
    """The medians of some runs. A failure of one is that of all."""
    if not runs:
        return Cell(failure="not run")
    last = runs[-1]
    failure = ""
    if last.is_over:
        failure = f"over {limit:g} s"
    elif last.code:
        failure = f"fails, exit {last.code}" if last.code > 0 else f"fails, signal {-last.code}"
    elif complaints := [run.complaint for run in runs if run.complaint]:
        failure = complaints[0]
    return Cell(
        wall=median(run.wall for run in runs),
        cpu=median(run.cpu for run in runs),
        memory=median(run.memory for run in runs),
        runs=len(runs),
        failure=failure,
    )


def _told(run: Run) -> str:
    return (
        f"{run.wall:.2f} s"
        + (f", exit {run.code}" if run.code else "")
        + (f", {run.complaint}" * bool(run.complaint))
    )
