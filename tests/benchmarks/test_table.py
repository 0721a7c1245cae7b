"""The table of the benchmarks: its ratios, how it is shown, and that the guide quotes it as it is made."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.benchmarks import checks, measure, rows, table
from tests.benchmarks.__main__ import VERSIONS
from tests.benchmarks.data import Data
from tests.benchmarks.peers import Command, Peers
from tests.benchmarks.servers import Servers
from tests.benchmarks.table import Cell, Report, Row

SMALL, LARGE = (Row("Files", "{size} connections", size) for size in (1_000, 10_000))
START = Row("Start-up", "`airconn --version`")
REPORT = Report(
    date="2026-01-31",
    machine="2 cores (x86_64), 24 GiB, Linux",
    versions="airconn 1.0, Python 3.12.0, airflowctl 0.1.5",
    table={
        SMALL: {"airconn": Cell(0.5, 0.4, 40, 3), "bare": Cell(0.4, 0.3, 20, 3)},
        LARGE: {
            "airconn": Cell(5.5, 5.4, 90, 3),
            "bare": Cell(5.0, 4.9, 60, 3),
            "airflow": Cell(300, 290, 200, 1, "over 300 s"),
            "airflowctl": Cell(18.6, 1, 64, 1, "fails, exit 1"),
        },
        START: {
            "airconn": Cell(0.05, 0.05, 15, 15),
            "airflow": Cell(2.0, 1.9, 113, 15),
            "airflowctl": Cell(0.025, 0.02, 57, 15),
            "bare": Cell(failure="not run"),
        },
    },
)


def test_airconn_is_a_multiple_of_a_bare_client_and_a_peer_is_one_of_airconn() -> None:
    large = REPORT.table[LARGE]
    assert table.ratio(large, "bare") == pytest.approx(1.1)
    assert table.ratio(REPORT.table[START], "airflow") == pytest.approx(40)


def test_what_was_ended_at_the_limit_took_that_long_at_least() -> None:
    assert table.ratio(REPORT.table[LARGE], "airflow") == pytest.approx(300 / 5.5)


@pytest.mark.parametrize(
    "cells",
    [
        {"airconn": Cell(1, 1, 1, 1), "airflow": Cell(9, 9, 9, 1, "fails, exit 1")},
        {"airconn": Cell(1, 1, 1, 1, "fails, exit 3"), "airflow": Cell(9, 9, 9, 1)},
        {"airconn": Cell(1, 1, 1, 1), "airflow": Cell(failure="not run")},
        {"airconn": Cell(1, 1, 1, 1)},
    ],
)
def test_there_is_no_ratio_to_what_failed_or_did_not_run(cells: dict[str, Cell]) -> None:
    assert table.ratio(cells, "airflow") is None


def test_growth_compares_the_sizes_of_the_same_work() -> None:
    assert list(table.growth(REPORT.table)) == [(SMALL, LARGE, pytest.approx(11))]


def test_a_faster_peer_and_a_failure_of_airconn_are_told() -> None:
    broken = {SMALL: {"airconn": Cell(1, 1, 1, 1, "stores something else")}}
    assert list(table.behind(REPORT.table)) == [(START, "airflowctl takes 0.50x of airconn's time")]
    assert list(table.failures(REPORT.table)) == []
    assert list(table.failures(broken)) == [(SMALL, "airconn stores something else")]


def test_the_text_has_all_figures() -> None:
    lines = table.as_text(REPORT).splitlines()
    assert "    airconn      5.50 s  cpu   5.40 s    90 MB  3 runs" in lines
    assert "    bare         5.00 s  cpu   4.90 s    60 MB  3 runs  airconn takes 1.10x of it" in lines
    assert "    airflow       300 s  cpu    290 s   200 MB  1 run  over 300 s  over 55x of airconn" in lines
    assert "    airflowctl   18.6 s  cpu   1.00 s    64 MB  1 run  fails, exit 1" in lines
    assert "    bare       not run" in lines
    assert "  Files: 10,000 connections: 11x of that for 1,000" in lines
    assert "behind: Start-up: `airconn --version`: airflowctl takes 0.50x of airconn's time" in lines


def test_the_json_has_all_figures() -> None:
    found = json.loads(table.as_json(REPORT))
    assert (found["schema_version"], found["date"]) == (1, "2026-01-31")
    (row,) = (row for row in found["rows"] if row["size"] == 10_000)
    assert (row["section"], row["work"]) == ("Files", "10,000 connections")
    assert row["programs"]["bare"] == {
        "wall": 5.0,
        "cpu": 4.9,
        "memory": 60,
        "runs": 3,
        "failure": "",
        "ratio": pytest.approx(1.1),
    }


def test_the_markdown_is_what_the_guide_quotes() -> None:
    assert table.as_markdown(REPORT) == (
        "2026-01-31, 2 cores (x86_64), 24 GiB, Linux; airconn 1.0, Python 3.12.0, airflowctl 0.1.5.\n"
        "\n"
        "|  | airconn | to a bare client | `airflow` to it | `airflowctl` to it |\n"
        "| --- | --- | --- | --- | --- |\n"
        "| **Files** |  |  |  |  |\n"
        "| 1,000 connections | 0.50 s, 40 MB | 1.25x (0.40 s) |  |  |\n"
        "| 10,000 connections | 5.50 s, 90 MB | 1.10x (5.00 s) | over 55x (over 300 s) | fails, exit 1 |\n"
        "| **Start-up** |  |  |  |  |\n"
        "| `airconn --version` | 0.05 s, 15 MB | not run | 40x (2.00 s) | 0.50x (0.03 s) |\n"
    )


def test_a_table_in_the_guide_has_the_shape_of_one_that_is_made() -> None:
    page = (Path(__file__).parents[2] / "airconn/help/performance.md").read_text()
    (quoted,) = re.findall(r"<!-- benchmarks -->\n(.*?)<!-- /benchmarks -->", page, re.DOTALL)
    assert shape(quoted) <= shape(table.as_markdown(REPORT)) | {"empty", "failure"}
    assert {"time", "ratio"} <= shape(quoted)


def test_every_row_in_the_guide_is_one_that_is_measured(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "airconn/help/performance.md").read_text()
    (quoted,) = re.findall(r"<!-- benchmarks -->\n(.*?)<!-- /benchmarks -->", page, re.DOTALL)
    plan = rows.Plan(Peers(tmp_path), Servers(print), tmp_path, everything=True)
    every = rows.data_of(rows.SIZES)
    groups = [*plan.start_up(VERSIONS), *plan.files(rows.FILE_SIZES)]
    for version in VERSIONS:
        groups += [*plan.push(version, every), *plan.pull(version, every)]
    names = {str(task.row) for group in groups for task in group}
    sections = {f"**{task.row.section}**" for group in groups for task in group}
    lines = [line for line in quoted.splitlines() if line.startswith("| ")][2:]  # below the head and its rule
    assert {line.split(" | ")[0].removeprefix("| ") for line in lines} <= names | sections


def shape(text: str) -> set[str]:
    """The kinds of lines and cells in a table as the guide quotes it. What is none of those stands for itself."""
    kinds = {
        "source": r"\d{4}-\d\d-\d\d, \d+ cores .*; airconn \S+, Python \S+, airflowctl \S+\.",
        "head": re.escape(f"| {' | '.join(table.HEAD)} |"),
        "rule": r"(\| --- )+\|",
        "section": r"\| \*\*[^|]+\*\* \|(  \|){4}",
        "row": r"\| [^|]+ \|( [^|]* \|){4}",
    }
    cells = {
        "time": r"[\d.]+ s(, \d+ MB)?",
        "ratio": r"(over )?[\d.]+x \((over )?[\d.]+ s\)",
        "empty": "",
        "failure": r"fails, (exit|signal) \d+|over \d+ s|not run|(stores|exports) something else",
    }
    found = set()
    for line in filter(None, text.splitlines()):
        kind = next((name for name, pattern in kinds.items() if re.fullmatch(pattern, line)), line)
        found.add(kind)
        if kind == "row":
            for cell in line[1:-1].split("|")[1:]:
                found.add(next((n for n, p in cells.items() if re.fullmatch(p, cell.strip())), cell))
    return found


def test_medians_are_taken_and_one_failure_is_that_of_all() -> None:
    runs = [measure.Run(wall, wall / 2, 10, 0) for wall in (3, 1, 2)]
    assert measure.summed_up(runs, 300) == Cell(2, 1, 10, 3)
    assert measure.summed_up([*runs, measure.Run(1, 1, 1, 2)], 300).failure == "fails, exit 2"
    assert measure.summed_up([*runs, measure.Run(300, 1, 1, -9, is_over=True)], 300).failure == "over 300 s"
    assert measure.summed_up([measure.Run(1, 1, 1, 0, complaint="exports something else")], 300).failure
    assert measure.summed_up([], 300) == Cell(failure="not run")


def command(code: str) -> Command:
    return Command((sys.executable, "-I", "-S", "-c", code), {})


def test_a_process_is_measured_with_its_own_memory(tmp_path: Path) -> None:
    held = bytearray(200 * 1024**2)
    meter = measure.Meter(tmp_path, limit=60, progress=lambda _: None)
    code = "import time; text = b'x' * 60 * 1024**2; print(len(text)); time.sleep(0.05)"
    run = meter.run(measure.Task(START, "airconn", lambda: command(code)))
    assert (run.code, run.is_over) == (0, False)
    assert 60 < run.memory < len(held) / 1024**2
    assert run.wall > 0.05
    assert (tmp_path / "stdout").read_text() == f"{60 * 1024**2}\n"


def test_a_process_is_ended_at_the_limit(tmp_path: Path) -> None:
    meter = measure.Meter(tmp_path, limit=0.2, progress=lambda _: None)
    run = meter.run(measure.Task(START, "airconn", lambda: command("import time; time.sleep(60)")))
    assert (run.code, run.is_over) == (-9, True)
    assert 0.2 <= run.wall < 30


def test_tasks_run_in_turn_and_stop_at_a_failure(tmp_path: Path) -> None:
    order: list[str] = []

    def task(program: str, code: str, **options: bool) -> measure.Task:
        def prepare() -> Command:
            order.append(program)
            return command(code)

        return measure.Task(START, program, prepare, **options)

    meter = measure.Meter(tmp_path, 60, lambda _: None, lambda: order.append("new server"))
    tasks = [task("airconn", ""), task("bare", "raise SystemExit(4)"), task("airflow", "", is_skipped=True)]
    found = meter.measure(tasks, 3)[START]
    assert order == ["airconn", "bare", "new server", "airconn", "airconn"]
    assert {program: (cell.runs, cell.failure) for program, cell in found.items()} == {
        "airconn": (3, ""),
        "bare": (1, "fails, exit 4"),
        "airflow": (0, "not run"),
    }


def test_each_task_is_the_first_of_a_round_once(tmp_path: Path) -> None:
    order: list[str] = []

    def task(program: str) -> measure.Task:
        def prepare() -> Command:
            order.append(program)
            return command("")

        return measure.Task(START, program, prepare)

    measure.Meter(tmp_path, limit=60, progress=lambda _: None).measure([task("airconn"), task("bare")], 2)
    assert order == ["airconn", "bare", "bare", "airconn"]


def test_the_objects_are_the_same_each_time_and_each_password_is_its_own() -> None:
    objects = Data("connections", 50).objects()
    assert objects == Data("connections", 50).objects()
    assert len({fields["password"] for fields in objects.values()}) == 50
    assert len({fields["password"] for fields in Data("connections", 50, shared=True).objects().values()}) == 1
    assert {len(fields["password"]) for fields in objects.values()} == {16}


def test_airconn_reads_the_files_as_the_objects_that_they_were_made_of(airconn, tmp_path: Path) -> None:
    data = Data("connections", 20)
    for file in (data.env_file(tmp_path), data.json_file(tmp_path)):
        result = airconn("convert", file, "--kind", "connections", "--format", "json")
        found = json.loads(result.out)["connections"]
        assert checks.normal("connections", found) == checks.normal("connections", data.objects())
    variables = Data("variables", 20)
    result = airconn("convert", variables.json_file(tmp_path), "--kind", "variables", "--format", "json")
    assert json.loads(result.out)["variables"] == variables.objects()
