"""The table of a benchmark: what it holds, its ratios, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby, pairwise

PROGRAMS = ("airconn", "bare", "airflow", "airflowctl")
HEAD = ("", "airconn", "to a bare client", "`airflow` to it", "`airflowctl` to it")
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Row:
    """A piece of work that several programs do."""

    section: str
    name: str
    """With `{size}` where the number of objects goes."""
    size: int | None = None

    def __str__(self) -> str:
        return self.name if self.size is None else self.name.format(size=f"{self.size:,}")


@dataclass(frozen=True, slots=True)
class Cell:
    """What a program took, medians of its runs; up to its failure where it failed."""

    wall: float = 0.0
    cpu: float = 0.0
    memory: float = 0.0
    runs: int = 0
    failure: str = ""

    @property
    def is_over(self) -> bool:
        return self.failure.startswith("over ")


Table = Mapping[Row, Mapping[str, Cell]]


@dataclass(frozen=True, slots=True)
class Report:
    """A table, and where it comes from."""

    date: str
    machine: str
    versions: str
    table: Table


def ratio(cells: Mapping[str, Cell], program: str) -> float | None:
    """How many times the time of a bare client airconn takes, or a peer that of airconn. A limit makes it a floor."""
    ours, theirs = cells.get("airconn"), cells.get(program)
    if program == "airconn" or not (ours and theirs and ours.wall and theirs.wall) or ours.failure:
        return None
    if theirs.failure and not (theirs.is_over and program != "bare"):
        return None
    return ours.wall / theirs.wall if program == "bare" else theirs.wall / ours.wall


def growth(table: Table) -> Iterator[tuple[Row, Row, float]]:
    """How many times as long airconn takes for more objects: each row, the one before it, and the ratio."""
    series: dict[tuple[str, str], list[tuple[Row, Cell]]] = {}
    for row, cells in table.items():
        if row.size and (ours := cells.get("airconn")) and ours.runs and not ours.failure:
            series.setdefault((row.section, row.name), []).append((row, ours))
    for found in series.values():
        for (small, less), (large, more) in pairwise(found):
            yield small, large, more.wall / less.wall


def behind(table: Table) -> Iterator[tuple[Row, str]]:
    """Where a peer is faster than airconn."""
    for row, cells in table.items():
        for program in ("airflow", "airflowctl"):
            if (times := ratio(cells, program)) is not None and times < 1:
                yield row, f"{program} takes {shown(times)} of airconn's time"


def failures(table: Table) -> Iterator[tuple[Row, str]]:
    """Where airconn doesn't do its work."""
    for row, cells in table.items():
        if (ours := cells.get("airconn")) and ours.failure and ours.runs:
            yield row, f"airconn {ours.failure}"


def shown(times: float) -> str:
    return f"{times:.0f}x" if times >= 10 else f"{times:.2f}x"


def seconds(wall: float) -> str:
    return f"{wall:.2f} s" if wall < 10 else f"{wall:.1f} s" if wall < 100 else f"{wall:.0f} s"


def as_text(report: Report) -> str:
    """All figures, a line for each program."""
    lines = [report.machine, report.versions, report.date]
    for section, rows in groupby(report.table, key=lambda row: row.section):
        lines += ["", section]
        for row in rows:
            lines.append(f"  {row}")
            for program, cell in report.table[row].items():
                lines.append(f"    {program:<10} {_figures(cell)}  {_in_words(report.table[row], program)}".rstrip())
    if steps := list(growth(report.table)):
        lines += ["", "airconn's time for more objects"]
        lines += [
            f"  {large.section}: {large}: {shown(times)} of that for {small.size:,}" for small, large, times in steps
        ]
    for word, found in (("failed", failures(report.table)), ("behind", behind(report.table))):
        told = [f"{word}: {row.section}: {row}: {what}" for row, what in found]
        lines += ["", *told] if told else []
    return "\n".join(lines) + "\n"


def _figures(cell: Cell) -> str:
    if not cell.runs:
        return cell.failure
    figures = f"{seconds(cell.wall):>8}  cpu {seconds(cell.cpu):>8}  {cell.memory:4.0f} MB  {cell.runs} run"
    return f"{figures}{'s' * (cell.runs > 1)}{f'  {cell.failure}' if cell.failure else ''}"


def _in_words(cells: Mapping[str, Cell], program: str) -> str:
    times = ratio(cells, program)
    if times is None:
        return ""
    if program == "bare":
        return f"airconn takes {shown(times)} of it"
    return f"{'over ' if cells[program].is_over else ''}{shown(times)} of airconn"


def as_json(report: Report) -> str:
    rows = [
        {
            "section": row.section,
            "work": str(row),
            "size": row.size,
            "programs": {
                program: {**asdict(cell), "ratio": ratio(cells, program)} for program, cell in cells.items()
            },
        }
        for row, cells in report.table.items()
    ]
    head = {"schema_version": SCHEMA_VERSION, "date": report.date}
    return json.dumps({**head, "machine": report.machine, "versions": report.versions, "rows": rows}, indent=2) + "\n"


def as_markdown(report: Report) -> str:
    """The table as the page `performance` of the guide quotes it."""
    lines = [f"{report.date}, {report.machine}; {report.versions}.", "", _line(HEAD), _line(["---"] * len(HEAD))]
    for section, rows in groupby(report.table, key=lambda row: row.section):
        lines.append(_line([f"**{section}**", *[""] * (len(HEAD) - 1)]))
        lines += [_line([str(row), *(_quoted(report.table[row], program) for program in PROGRAMS)]) for row in rows]
    return "\n".join(lines) + "\n"


def _quoted(cells: Mapping[str, Cell], program: str) -> str:
    cell = cells.get(program)
    if cell is None:
        return ""
    times = ratio(cells, program)
    if times is not None:
        floor = "over " if cell.is_over else ""
        return f"{floor}{shown(times)} ({floor}{seconds(cell.wall)})"
    if cell.failure or not cell.runs:
        return cell.failure
    return f"{seconds(cell.wall)}, {cell.memory:.0f} MB" if program == "airconn" else seconds(cell.wall)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
