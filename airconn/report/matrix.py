"""The plans of several targets as one table: objects by targets, of which equal ones share a column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from airconn.model import Action, Kind, Step
from airconn.quoting import clean, some_or_all
from airconn.report.fitting import width_of
from airconn.report.results import SYMBOLS, Lines, Style, remark
from airconn.transfer.many.results import TargetPlan, TargetResult

_ALWAYS = frozenset({Action.DELETE, Action.BLOCKED})
"""The actions of rows that no limit cuts."""
_QUIET = frozenset({Action.UNCHANGED, Action.SKIPPED})
_NAMED = 2
"""How many targets of a group are named."""
_WIDTH = 100
"""The columns of a report that isn't for a terminal."""
_REMARK = 18
"""The columns that are kept for the fields that change."""
_LONGEST_HEAD = 12

Key = tuple[Kind, str]


@dataclass(frozen=True, slots=True)
class Cell:
    """What is planned for one object at one target."""

    action: Action
    text: str
    """The fields that change, or why it is blocked."""
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Column:
    """Targets with the same plan."""

    labels: tuple[str, ...]
    steps: dict[Key, Step]
    cells: dict[Key, Cell]

    @property
    def name(self) -> str:
        """`@eu, @us and 10 more`."""
        return names(self.labels)


def names(labels: Sequence[str]) -> str:
    """The first of several targets, and how many others there are."""
    return clean(some_or_all(labels, _NAMED))


@dataclass
class PlanMatrix:
    """The rows of a table of plans."""

    columns: Sequence[Column]
    style: Style
    width: int | None = None
    """The columns of the terminal. None for a file or a pipe."""
    most: int | None = None
    """The most rows of one kind, and the most columns. None: all."""
    is_verbose: bool = False
    """Whether objects that don't change anywhere have rows."""
    only_blocked: bool = False
    _cut: int = field(default=0, init=False)

    @classmethod
    def of(cls, results: Sequence[TargetResult], style: Style, **how: object) -> PlanMatrix:
        """The table of the targets that have a plan."""
        return cls(_columns(results), style, **how)  # type: ignore[arg-type]

    def lines(self) -> Iterator[str]:
        """The table: what is the same at all targets first, then what differs."""
        keys = list(dict.fromkeys(key for column in self.columns for key in column.cells))
        same = [key for key in keys if self._is_same(key)]
        differing = [key for key in keys if not self._is_same(key) and self._is_shown(key)]
        shown = [key for key in same if self._is_shown(key)]
        number = sum(len(column.labels) for column in self.columns)
        if shown:
            every = "both" if number == 2 else f"all {number}"
            yield f"in {every} targets:" if number > 1 else f"in {self.columns[0].name}:"
            yield from self._same_rows(shown)
        if differing:
            yield from self._table(differing, has_more=bool(shown))

    def _is_same(self, key: Key) -> bool:
        first = self.columns[0].cells.get(key)
        return all(column.cells.get(key) == first for column in self.columns)

    def _is_shown(self, key: Key) -> bool:
        actions = {cell.action for column in self.columns if (cell := column.cells.get(key))}
        if self.only_blocked:
            return Action.BLOCKED in actions
        quiet = _QUIET if not self.is_verbose else frozenset()
        return not actions <= quiet or (not self._is_same(key) and self.is_verbose)

    def _limited(self, keys: Sequence[Key]) -> list[Key]:
        """The rows that are shown, without those that a limit cuts."""
        if self.most is None:
            return list(keys)

        def is_kept(key: Key) -> bool:
            return any((cell := column.cells.get(key)) and cell.action in _ALWAYS for column in self.columns)

        free = [key for key in keys if not is_kept(key)][: self.most]
        kept = {*free, *(key for key in keys if is_kept(key))}
        self._cut = len(keys) - len(kept)
        return [key for key in keys if key in kept]

    def _same_rows(self, keys: Sequence[Key]) -> Iterator[str]:
        limited = self._limited(keys)
        column = self.columns[0]
        steps = [column.steps[key] for key in limited]
        lines = Lines(steps, self.style, self.width)
        for key, step in zip(limited, steps, strict=True):
            yield lines.line(step)
            yield from (f"      {line}" for line in column.cells[key].values)
        yield from self._counted()

    def _counted(self) -> Iterator[str]:
        if self._cut:
            yield f"  … {self._cut:,} more (-v lists them)"
        self._cut = 0

    def _table(self, keys: Sequence[Key], *, has_more: bool) -> Iterator[str]:
        """The objects of which the plans differ, with a column for each group of targets."""
        limited = self._limited(keys)
        rows = [clean(f"{kind.value}/{id_}") for kind, id_ in limited]
        widest = max(map(width_of, rows))
        columns = list(self.columns)
        left_out = columns[self.most :] if self.most is not None else []
        columns = columns[: self.most]
        heads = _heads(columns, (self.width or _WIDTH) - 4 - widest - _REMARK)
        yield "different:" if has_more else "the targets differ:"
        if heads != [column.name for column in columns]:
            for head, column in zip(heads, columns, strict=True):
                yield f"  {head}  {column.name}"
        room = (self.width or _WIDTH) - 4 - widest - _REMARK
        for block in _blocks(list(zip(heads, columns, strict=True)), room):
            yield "    " + " " * widest + "".join(f"  {head}" for head, _ in block)
            for key, name in zip(limited, rows, strict=True):
                yield from self._row(key, name + " " * (widest - width_of(name)), block)
        yield from self._counted()
        if left_out:
            number = sum(len(column.labels) for column in left_out)
            yield f"  … {number:,} more targets with {len(left_out):,} other plans (-v lists them)"

    def _row(self, key: Key, name: str, block: Sequence[tuple[str, Column]]) -> Iterator[str]:
        marks = ""
        for head, column in block:
            cell = column.cells.get(key)
            symbol = SYMBOLS[cell.action] if cell else None
            mark = self.style(symbol.mark, symbol.colour) if symbol else " "
            marks += "  " + mark + " " * (width_of(head) - 1)
        texts: dict[str, list[str]] = {}
        for head, column in block:
            cell = column.cells.get(key)
            if cell and cell.text and cell.action is not Action.UNCHANGED:
                texts.setdefault(cell.text, []).append(head)
        is_one = len(texts) == 1
        remarks = [text if is_one else f"{', '.join(heads)}: {text}" for text, heads in texts.items()]
        said = "; ".join(remarks)
        row = f"    {name}{marks}  {clean(said)}".rstrip()
        if self.width and width_of(row) > self.width:
            # Broken between words, the marks would leave their columns.
            yield f"    {name}{marks}".rstrip()
            yield from (f"        {clean(each)}" for each in remarks)
        else:
            yield row
        for values, heads in _by_values(key, block).items():
            yield from (f"      {', '.join(heads)}: {line}" for line in values)


def _by_values(key: Key, block: Sequence[tuple[str, Column]]) -> dict[tuple[str, ...], list[str]]:
    found: dict[tuple[str, ...], list[str]] = {}
    for head, column in block:
        cell = column.cells.get(key)
        if cell and cell.values:
            found.setdefault(cell.values, []).append(head)
    return found


def _columns(results: Sequence[TargetResult]) -> list[Column]:
    """The groups of targets with the same plan, in the order of their first ones."""
    groups: dict[tuple[object, ...], tuple[list[str], TargetPlan]] = {}
    cells: dict[tuple[int, tuple[str, ...]], Cell] = {}
    for result in results:
        if (plan := result.plan) is None:
            continue
        signature: list[object] = []
        for number, step in enumerate(plan.steps):
            values = plan.values[number] if plan.values else ()
            known = (id(step), values)
            if known not in cells:
                cells[known] = Cell(step.action, remark(step), values)
            signature.append((step.kind, step.id, cells[known]))
        groups.setdefault(tuple(signature), ([], plan))[0].append(result.label)
    return [
        Column(
            tuple(labels),
            {(step.kind, step.id): step for step in plan.steps},
            {
                (step.kind, step.id): cells[id(step), plan.values[number] if plan.values else ()]
                for number, step in enumerate(plan.steps)
            },
        )
        for labels, plan in groups.values()
    ]


def _heads(columns: Sequence[Column], room: int) -> list[str]:
    """The names of the columns, or letters for them where they don't fit."""
    full = [column.name for column in columns]
    is_short = all(width_of(name) <= _LONGEST_HEAD for name in full)
    if is_short and sum(width_of(name) + 2 for name in full) <= room:
        return full
    return [_letters(number) for number in range(len(columns))]


def _letters(number: int) -> str:
    """A, B, …, Z, AA, AB, …"""
    text = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("A") + rest) + text
    return text


def _blocks(columns: Sequence[tuple[str, Column]], room: int) -> Iterator[list[tuple[str, Column]]]:
    """The columns in as many blocks as the width needs."""
    taken = 0

    def block_of(item: tuple[str, Column]) -> int:
        nonlocal taken
        width = width_of(item[0]) + 2
        if taken % room + width > room:
            taken += room - taken % room
        taken += width
        return (taken - width) // room

    room = max(room, 2 + max(width_of(head) for head, _ in columns))
    for _, block in groupby(columns, block_of):
        yield list(block)
