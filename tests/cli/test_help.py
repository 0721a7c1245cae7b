"""`airconn help`: the pages of the guide, and the options of a command."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn import guide
from airconn.addresses import REGISTRY
from airconn.cli.main import COMMANDS
from tests.cli.at_terminal import AtTerminal

Airconn = Callable[..., Any]


def test_the_pages_are_listed_with_what_they_are_about(airconn: Airconn) -> None:
    result = airconn("help")
    assert result.code == 0
    assert guide.pages()
    for topic, page in guide.pages().items():
        assert any(line.split(None, 1) == [topic, page.summary] for line in result.out.splitlines())


def test_every_page_is_listed_once_under_what_it_is_about() -> None:
    listed = [topic for group in guide.grouped().values() for topic in group]
    assert sorted(listed) == sorted(guide.pages())
    assert "changes" in guide.grouped()["More"]
    assert not set(guide.grouped()["More"]) & {"plans", "secrets", "formats", "vault", "ci"}


def test_the_list_of_pages_says_with_what_addresses_begin(airconn: Airconn) -> None:
    out = airconn("help").out
    for entry in REGISTRY.values():
        assert all(text in out for text in (*entry.prefixes, *entry.names))
    assert all(len(line) < 80 for line in out.splitlines())


@pytest.mark.parametrize("topic", sorted(guide.pages()))
def test_a_page_goes_into_a_pipe_as_it_is(airconn: Airconn, topic: str) -> None:
    result = airconn("help", topic)
    page = guide.pages()[topic]
    assert (result.code, result.out) == (0, page.data or page.text)


@pytest.mark.parametrize("topic", sorted(guide.pages()))
def test_every_page_begins_with_its_title_and_ends_with_a_line(topic: str) -> None:
    text = guide.pages()[topic].text
    assert text.startswith("# ")
    assert text.endswith("\n")
    assert guide.pages()[topic].title


@pytest.mark.parametrize("name", sorted(set(COMMANDS) - set(guide.pages())))
def test_the_options_of_a_command_are_shown_as_by_its_own_help(
    airconn: Airconn, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert airconn(name, "--help").code == 0  # click prints it by itself
    assert airconn("help", name).out == capsys.readouterr().out != ""


@pytest.mark.parametrize("topic", ["", " "])
def test_a_topic_that_is_empty_names_no_page(airconn: Airconn, topic: str) -> None:
    result = airconn("help", topic)
    assert (result.code, result.out) == (2, "")
    assert result.err == f"error: unknown topic {topic!r}\nhint:  the pages are listed by airconn help\n"


@pytest.mark.parametrize(("topic", "hint"), [("astor", "'astro'"), ("Astro", "'astro'"), ("improt", "'import'")])
def test_a_topic_that_is_mistyped_is_told_the_nearest(airconn: Airconn, topic: str, hint: str) -> None:
    result = airconn("help", topic)
    assert result.code == 2
    assert f"unknown topic {topic!r}" in result.err
    assert f"did you mean {hint}?" in result.err


@pytest.mark.parametrize(
    ("topic", "page"),
    [("prune", "plans"), ("--prune", "plans"), ("shadowed", "lookup")],
)
def test_a_word_that_is_on_a_page_leads_there(airconn: Airconn, topic: str, page: str) -> None:
    result = airconn("help", "--", topic)
    assert result.code == 2
    assert f"airconn help {page}" in result.err


def test_a_topic_that_is_like_no_other_is_told_the_pages(airconn: Airconn) -> None:
    result = airconn("help", "zzzzzz")
    assert (result.code, result.out) == (2, "")
    assert all(topic in result.err for topic in guide.pages())


def test_a_page_on_a_terminal_has_no_markdown_and_fits_in() -> None:
    from airconn.cli.page_view import rendered

    for topic, page in guide.pages().items():
        lines = rendered(page.text, 80, colours=False).splitlines()
        assert all(len(line) <= 80 for line in lines), topic
        assert "\x1b" not in "".join(lines)
        assert not any(line.startswith(("#", "|", "```")) for line in lines), topic


def test_a_link_to_a_page_is_the_command_that_shows_it_on_a_terminal() -> None:
    from airconn.cli.page_view import rendered

    text = "The Airflow of [Astro](astro.md#a), or no page ([Secrets](secrets.md)). [PyPI](https://pypi.org)"
    shown = "The Airflow of Astro (airconn help astro), or no page (airconn help secrets). PyPI\n"
    assert rendered(text, 100, colours=False) == shown


@pytest.mark.parametrize("columns", [80, 100])
def test_no_name_in_a_table_is_cut_on_a_terminal(columns: int) -> None:
    from airconn.cli.page_view import rendered

    for topic, page in guide.pages().items():
        for table in re.findall(r"(?:^\|.*\n)+", page.text, re.MULTILINE):
            shown = rendered(table, columns, colours=False)
            names = [name for span in re.findall(r"`([^`]+)`", table) for name in span.replace("\\|", "|").split()]
            assert shown.count("…") == table.count("…"), topic
            assert [name for name in names if name not in shown] == [], topic


def test_the_commands_of_a_page_are_set_apart_from_what_they_print() -> None:
    from airconn.cli.page_view import rendered

    text = "```console\n$ airconn list \\\n    --pools\nKIND  ID\n```\n"
    assert rendered(text, 80, colours=False) == " $ airconn list \\\n     --pools\n KIND  ID\n"
    coloured = rendered(text, 80, colours=True)
    assert "\x1b[1;36m" in coloured.splitlines()[0]
    assert coloured.splitlines()[2] == " KIND  ID"


def test_a_long_command_of_a_page_is_shown_as_lines_that_a_shell_takes() -> None:
    import subprocess

    from airconn.cli.page_view import rendered

    command = """printf '%s\\n' --from https://airflow.example.com "a  b" --include 'one two' || echo "code $?\""""
    for columns in (45, 60, 80):
        shown = rendered(f"```console\n$ {command}\nout\n```\n", columns, colours=False)
        lines = shown.splitlines()[:-1]
        assert all(len(line) < columns for line in lines)
        done = [
            subprocess.run(["sh", "-c", text], capture_output=True, check=False).stdout
            for text in (command, "\n".join(lines).replace(" $ ", "", 1))
        ]
        assert done[0] == done[1] != b""
        assert not any(line.rstrip("\\ ").endswith(("--from", "--include")) for line in lines)


def test_what_a_command_prints_goes_on_behind_the_beginning_of_its_line() -> None:
    from airconn.cli.page_view import rendered

    text = (
        "```console\n$ airconn list\n  ~ connections/warehouse  postgres  password (hidden)\n" + "x" * 50 + "\n```\n"
    )
    assert rendered(text, 40, colours=False).splitlines()[1:] == [
        "   ~ connections/warehouse  postgres",
        "       password (hidden)",
        f" {'x' * 38}",
        f" {'x' * 12}",
    ]


@pytest.mark.parametrize(("less", "colours"), [("", True), ("-R", True), ("-i", False)])
def test_a_pager_gets_colours_only_if_it_shows_them(less: str, colours: bool, tmp_path: Path) -> None:
    pager = tmp_path / "less"
    pager.write_text('#!/bin/sh\ncat > shown\necho "LESS is <$LESS>"\n')
    pager.chmod(0o755)
    environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PAGER": "less", "LESS": less, "TERM": "xterm"}
    terminal = AtTerminal(tmp_path, "help", "secrets", environ=environ, columns=80)
    assert terminal.end() == 0
    assert f"LESS is <{less or '-R'}>" in terminal.shown
    shown = (tmp_path / "shown").read_text()
    assert ("\x1b[" in shown, "What goes" in shown) == (colours, True)
