"""Prints the lines of a plan, each as soon as its outcome is known."""

from __future__ import annotations

from collections import Counter, deque

from airconn import report
from airconn.cli.app import App
from airconn.model import Action, Step
from airconn.plan import Plan
from airconn.report.values import value_lines

_AT_A_TIME = 100
"""The most lines that are printed in one write."""


class Printer:
    """Prints the lines of a plan in its order, each as soon as its outcome is known.

    Unless the run is verbose, unchanged objects are only counted. So is the rest of a long list, behind the first
    lines of each action, on a terminal or with `--limit`. Deletions and failures are always printed.
    """

    def __init__(self, app: App, plan: Plan, *, text: bool, values: bool, only_wrong: bool = False) -> None:
        """`only_wrong`: the other lines have been printed already."""
        self.app = app
        self.text = text
        self.values = values
        self.only_wrong = only_wrong
        self.lines = report.Lines(plan.steps, app.style, app.columns)
        self.rest = deque(plan.steps)
        self.most = len(plan.steps) if app.most_rows is None else app.most_rows
        self.printed: Counter[Action] = Counter()
        self.cut: Counter[Action] = Counter()
        self.unshown: list[Step] = []
        """The steps without a line that a user may read."""

    def up_to(self, step: Step | None, error: str | None = None) -> None:
        """Prints all lines up to that of `step`, which ended with `error`. Without a step, all remaining lines.

        With `--quiet` only failures are printed.
        """
        lines: list[str] = []
        wrongs: list[str] = []
        while self.rest:
            first = self.rest.popleft()
            is_it = first is step
            wrong = first.action is Action.BLOCKED or (is_it and error is not None)
            if self.text and (wrong or self._shows(first.action)):
                lines.append(self.lines.line(first, error if is_it else None))
                wrongs += lines[-1:] if wrong else ()
                lines += [f"      {line}" for line in value_lines(first)] if self.values else ()
            else:
                self.unshown.append(first)
            if is_it or len(lines) >= _AT_A_TIME:
                self._print(lines, wrongs)
            if is_it:
                return
        lines += self._counted()
        self._print(lines, wrongs)

    def _shows(self, action: Action) -> bool:
        """Whether to print the line of a step of this action. Counts it."""
        if self.only_wrong or self.app.verbosity < 0 or self.app.broken:
            return False
        if action is Action.UNCHANGED and self.app.verbosity == 0:
            return False
        shown = action is Action.DELETE or self.printed[action] < self.most
        (self.printed if shown else self.cut)[action] += 1
        return shown

    def _counted(self) -> list[str]:
        """The line with the numbers of cut lines: `  … 1,980 more created, 1,000 more unchanged (-v ...)`."""
        counted = [f"{number:,} more {report.DONE[action]}" for action in Action if (number := self.cut[action])]
        self.cut.clear()
        return [f"  … {', '.join(counted)} (-v lists them)"] if counted else []

    def _print(self, lines: list[str], wrongs: list[str]) -> None:
        if lines:
            # A user whose pager has ended still has to see the failures.
            self.app.report("".join(f"{line}\n" for line in lines), elsewhere="".join(f"{line}\n" for line in wrongs))
            lines.clear()
            wrongs.clear()
