"""The symbols in front of objects mean the same in every command."""

from __future__ import annotations

import json
from pathlib import Path

from airconn import symbols
from airconn.diff import Status
from airconn.guide import pages
from airconn.model import Action
from airconn.report import diff as report_diff
from airconn.report import results


def test_every_symbol_is_told_in_one_of_the_legends() -> None:
    told = {mark for mark, _ in (*symbols.plan_legend(), *symbols.diff_legend())}
    assert "".join(symbol.mark for symbol in symbols.ALL) == "+~±-=.!x?"
    assert {symbol.mark for symbol in symbols.ALL} == told
    assert set(results.SYMBOLS) == set(Action)
    assert set(report_diff.SYMBOLS) == set(Status)
    assert {symbol.mark for symbol in results.SYMBOLS.values()} | {"x"} == dict(symbols.plan_legend()).keys()
    assert {symbol.mark for symbol in report_diff.SYMBOLS.values()} == dict(symbols.diff_legend()).keys()


def test_diff_shows_the_symbols_of_the_import_of_a_into_b(airconn, tmp_path: Path) -> None:
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    a.write_text(json.dumps({"variables": {"new": "1", "changed": "1", "same": "1"}}))
    b.write_text(json.dumps({"variables": {"old": "1", "changed": "2", "same": "1"}}))
    diff = airconn("diff", a, b, "-v")
    plan = airconn("import", a, "--to", b, "--prune", "--dry-run", "-v")

    def marks(out: str) -> dict[str, str]:
        rows = [line.split() for line in out.splitlines() if line.startswith("  ")]
        return {row[1]: row[0] for row in rows}

    expected = {"variables/new": "+", "variables/changed": "~", "variables/same": "=", "variables/old": "-"}
    assert marks(diff.out) == marks(plan.out) == expected


def test_the_page_on_reports_has_every_symbol() -> None:
    table = [line for line in pages()["reports"].text.splitlines() if line.startswith("| `")]
    assert [line[3] for line in table] == [symbol.mark for symbol in symbols.ALL]
    for line, symbol in zip(table, symbols.ALL, strict=True):
        _, _, in_plan, in_diff, _ = (cell.strip() for cell in line.split("|"))
        assert (bool(in_plan), bool(in_diff)) == (bool(symbol.in_plan), bool(symbol.in_diff)), line
