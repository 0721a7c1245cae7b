"""Standard input can be read once: who would read it second is told so, and not that there is nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

STDIN = "AIRFLOW_VAR_A=1\n"


@pytest.mark.parametrize(
    "args",
    [
        ("import", "-", "-", "--from-format", "env", "--to", "t.env"),
        ("import", "-", "--overlay", "-", "--to", "t.env"),
        ("import", "s.env", "--fill", "-", "--overlay", "-", "--to", "t.env"),
        ("import", "s.env", "--fill", "-", "--fill", "-", "--to", "t.env"),
        ("convert", "-", "-", "--from-format", "env"),
        ("convert", "-", "--overlay", "-"),
        ("export", "--from", "-", "--fill", "-"),
        ("run", "--from", "-", "--fill", "-", "--dry-run"),
        ("check", "-", "-"),
        ("diff", "-", "-"),
        ("diff", "-", "/dev/stdin"),
        ("convert", "/dev//fd/0", "--overlay", "/proc/self/fd/0"),
    ],
    ids=" ".join,
)
def test_standard_input_is_read_once(airconn, tmp_path: Path, args: tuple[str, ...], monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.env").write_text(STDIN)
    result = airconn(*args, stdin=STDIN)
    assert result.code == 2
    assert "standard input (-) is named more than once" in result.err
    assert "hint:  it can be read once only: name a file" in result.err
    assert not (tmp_path / "t.env").exists()


@pytest.mark.parametrize(
    "args",
    [
        ("import", "-", "--from-format", "env", "--to", "t.env"),
        ("import", "s.env", "--fill", "-", "--to", "t.env"),
        ("convert", "s.env", "--fill", "-"),
        ("check", "-", "s.env", "--from-format", "env"),
        ("convert", "/dev/stdin"),
        ("import", "/dev/fd/0", "--to", "t.env"),
        ("convert", "s.env", "--fill", "/proc/self/fd/0"),
    ],
    ids=" ".join,
)
def test_and_once_it_is(airconn, tmp_path: Path, args: tuple[str, ...], monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.env").write_text(STDIN)
    assert airconn(*args, stdin=STDIN).code == 0


def test_by_any_name_it_is_no_place_to_write_to_and_in_no_plan(airconn) -> None:
    assert "a plan can't refer to standard input" in airconn("import", "/dev/stdin", "--plan-out", "p").err
    assert "--fix changes files, and can't change standard input" in airconn("check", "/dev/stdin", "--fix").err
    result = airconn("import", "-", "--to", "/dev/stdin", stdin=STDIN)
    assert (result.code, "<stdin> can't be written to" in result.err) == (2, True)


def test_an_overlay_may_come_from_it(airconn, tmp_path: Path) -> None:
    (tmp_path / "s.env").write_text(STDIN)
    result = airconn("convert", tmp_path / "s.env", "--overlay", "/dev/stdin", stdin='{"variables": {"a": "2"}}')
    assert (result.code, '"a": "2"' in result.out) == (0, True)
