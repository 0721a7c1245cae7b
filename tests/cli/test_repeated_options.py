"""Options that are given more often than they count."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from airconn.cli import COMMANDS, group
from airconn.cli.repeated_options import refuse_twice

Airconn = Callable[..., Any]


def _options() -> list[tuple[str, click.Option]]:
    ctx = click.Context(group)
    commands = {name: group.get_command(ctx, name) for name in COMMANDS}
    return [
        (name, param)
        for name, command in commands.items()
        if command is not None
        for param in command.params
        if isinstance(param, click.Option) and not param.is_eager
    ]


def _given(option: click.Option, spelling: str) -> list[str]:
    return [spelling] if option.is_flag or option.count else [spelling, "x"]


@pytest.mark.parametrize(("command", "option"), _options(), ids=lambda value: getattr(value, "name", value))
def test_an_option_counts_once_unless_it_is_declared_to_repeat(
    airconn: Airconn, command: str, option: click.Option
) -> None:
    args = [*_given(option, option.opts[0]), *_given(option, option.opts[-1])]
    if option.multiple or option.count:
        ctx = click.Context(group)
        refuse_twice(group.get_command(ctx, command), ctx, command, args)
        return
    result = airconn(command, *args)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"error: {'/'.join(option.opts)} is given more than once\n")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["list", "--from", ".env", "-q", "-v"], "--quiet and --verbose are both given"),
        (["list", "--from", ".env", "-v", "--quiet"], "--quiet and --verbose are both given"),
        (["sandbox", "--airflow", "2.11", "--airflow", "3.0", "--", "true"], "--airflow is given more than once"),
        (["convert", ".env", "-o=a.json", "-o=b.json"], "-o/--out is given more than once"),
        (["import", "-n", ".env", "-n", "--to", "a.json"], "--dry-run/-n is given more than once"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_would_win_in_silence_is_an_error(airconn: Airconn, args: list[str], said: str) -> None:
    result = airconn(*args)
    assert (result.code, result.out, said in result.err) == (2, "", True)


def test_what_may_repeat_does(airconn: Airconn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("AIRFLOW_VAR_A=1\nAIRFLOW_VAR_B=2\nAIRFLOW_VAR_C=3\n")
    result = airconn(
        "list", "--from", ".env", "--include", "a", "--include", "b", "--variables", "--variables", "-qq"
    )
    assert (result.code, [line.split()[1] for line in result.out.splitlines()]) == (0, ["ID", "a", "b"])
    assert airconn("list", "--help", "--help").code == 0


def test_the_options_of_a_command_that_is_run_are_its_own(airconn: Airconn, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AIRFLOW_VAR_A=1\n")
    result = airconn("run", "--from", tmp_path / ".env", "-n", "--", "psql", "--from", "a", "--from", "b")
    assert (result.code, result.out) == (0, "AIRFLOW_VAR_A\n")
