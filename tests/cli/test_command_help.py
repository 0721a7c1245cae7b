"""`airconn COMMAND --help` and `--help-all`: options under headings, examples, symbols, and where to read on."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import click
import pytest

from airconn import symbols
from airconn.cli.command_help import help_text, under_headings
from airconn.cli.headings import COMMAND_HEADINGS, HEADINGS, OTHER, OTHER_COMMANDS
from airconn.cli.main import COMMANDS, group
from airconn.guide import pages

Airconn = Callable[..., Any]
WIDTHS = (80, 200)


def context(name: str) -> click.Context:
    parent = click.Context(group, info_name="airconn")
    command = group.get_command(parent, name)
    assert command is not None
    return click.Context(command, info_name=name, parent=parent)


def options(name: str) -> list[click.Option]:
    return [param for param in context(name).command.params if isinstance(param, click.Option)]


def shown(name: str, monkeypatch: pytest.MonkeyPatch, *, every: bool = False, columns: int = 80) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    return help_text(context(name), every=every)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_of_a_command_is_under_a_heading(name: str) -> None:
    found = list(under_headings(options(name)))
    left = [option.opts for heading, members in found if heading is OTHER for option in members]
    assert left == [], "airconn/cli/headings.py has the headings"
    assert sum(len(members) for _, members in found) == len(options(name))


def test_every_flag_has_one_heading() -> None:
    flags = [flag for heading in HEADINGS for flag in heading.flags]
    assert len(flags) == len(set(flags))


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_option_is_named_by_help_and_explained_by_help_all(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    brief, whole = shown(name, monkeypatch), shown(name, monkeypatch, every=True)
    for option in options(name):
        flag = next(flag for flag in option.opts if flag.startswith("--"))
        assert re.search(rf"{flag}\b", brief), flag
        assert " ".join((option.help or "").split()) in " ".join(whole.split()), flag
        assert option.help


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("name", list(COMMANDS))
def test_a_help_text_fits_the_terminal_and_breaks_no_name(
    name: str, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for every in (False, True):
        lines = shown(name, monkeypatch, every=every, columns=columns).splitlines()
        longest = max(lines, key=len)
        assert len(longest) < columns or "env-dialect [" in longest, longest
        assert not [line for line in lines if re.search(r"\w-$", line)]


def test_a_wide_terminal_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = shown("import", monkeypatch, every=True, columns=200).splitlines()
    assert len(wide) < len(shown("import", monkeypatch, every=True).splitlines()) - 20
    assert max(map(len, wide)) > 150


def test_the_help_of_an_import_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(shown("import", monkeypatch).splitlines()) <= 75
    assert "\n  also --timeout, --deadline, " in shown("import", monkeypatch)


@pytest.mark.parametrize("name", list(COMMANDS))
def test_short_and_long_help_option_and_the_help_command_show_the_same(
    airconn: Airconn, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = []
    for flag in ("-h", "--help"):
        assert airconn(name, flag).code == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]
    by_help = airconn("help", name)
    if name in pages():
        assert by_help.err == f"the options of the command are shown by: airconn {name} --help\n"
    else:
        assert by_help.out == texts[0]


def test_help_wins_over_a_command_line_that_is_not_complete(
    airconn: Airconn, capsys: pytest.CaptureFixture[str]
) -> None:
    assert airconn("import", "--to", "x", "--help-all").code == 0
    assert "--from-secret-name NAME" in capsys.readouterr().out


def test_examples_show_a_value_of_the_environment_a_name_an_overlay_and_a_changed_field(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    examples = shown("import", monkeypatch).split("\nWhat:")[0]
    for part in ("env: ", "=env:DB_PASSWORD", "--to @prod", "--overlay prod.yaml", "--set connections/db.host=db2"):
        assert part in examples


@pytest.mark.parametrize("name", ["import", "apply", "set", "edit", "delete"])
def test_the_symbols_of_a_plan_are_explained_where_a_command_prints_them(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert " ".join(symbols.plan_words().split()) in " ".join(shown(name, monkeypatch).split())
    whole = " ".join(shown(name, monkeypatch, every=True).split())
    assert all(f"{mark} {meaning}" in whole for mark, meaning in symbols.plan_legend())


def test_the_symbols_of_a_diff_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    brief = shown("diff", monkeypatch)
    assert all(f"\n  {mark}  {meaning}" in brief for mark, meaning in symbols.diff_legend())
    assert "Symbols:" not in shown("list", monkeypatch)


@pytest.mark.parametrize("name", ["import", "export", "run", "show"])
def test_help_says_where_real_secrets_come_from_and_what_an_address_is(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = " ".join(shown(name, monkeypatch).split())
    assert "secrets an Airflow hides them; where to get them: airconn help secrets" in text
    assert (
        "ADDRESS a file, - (standard input), env:, the URL of an Airflow, @NAME of airconn.toml, or a backend" in text
    )


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_overview_has_every_command_under_a_heading_in_a_line(
    airconn: Airconn, columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert airconn("--help").code == 0
    text = capsys.readouterr().out
    assert airconn().code == 0
    assert capsys.readouterr().out == text
    assert sorted(name for names in COMMAND_HEADINGS.values() for name in names.split()) == sorted(COMMANDS)
    lines = text.splitlines()
    assert all(f"  {name:<12}{line}" in lines for name, (_, line) in COMMANDS.items())
    assert max(map(len, lines)) < columns
    assert OTHER_COMMANDS not in text


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_names_the_page_about_a_command(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = shown(name, monkeypatch)
    for topic in re.findall(r"airconn help ([a-z-]+)$", text, re.MULTILINE):
        assert topic in pages() or topic in COMMANDS
    if name not in ("list", "init", "help", "version"):
        assert re.search(r"^  guide +airconn help [a-z-]+$", text, re.MULTILINE)
