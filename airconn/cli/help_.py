"""`airconn help`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from airconn.cli.app import App
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.guide import GuidePage

_WIDEST = 100
"""The columns of a page on a wide terminal. Longer lines are hard to read."""


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    from airconn.cli.main import COMMANDS
    from airconn.guide import pages

    return [CompletionItem(name) for name in (*pages(), *COMMANDS) if name.startswith(incomplete)]


@click.command("help", short_help="Show a page of the guide, or the options of a command.")
@click.argument("topic", required=False, shell_complete=_complete)
@click.pass_context
def command(ctx: click.Context, /, topic: str | None) -> None:
    """Show a page of the guide, or the options of a command. Without TOPIC, list the pages.

    \b
      airconn help astro
      airconn help import
    """
    from airconn.cli.command_help import help_text
    from airconn.cli.main import COMMANDS
    from airconn.guide import grouped, pages

    app: App = ctx.obj
    known = pages()
    if topic is None:
        width = max(map(len, known))
        lines = [
            line
            for heading, found in grouped().items()
            if found
            for line in ("", heading, *(f"  {name:<{width}}  {page.summary}" for name, page in found.items()))
        ]
        app.rows("\n".join(["Pages of the guide, shown by airconn help TOPIC:", *lines, ""]))
        app.data("\nThe options of a command are shown by airconn help COMMAND.\n")
        app.data(f"\n{_addresses()}\n")
    elif topic in known:
        _show(app, known[topic])
        if topic in COMMANDS:
            app.say(f"the options of the command are shown by: airconn {topic} --help")
    elif topic in COMMANDS and ctx.parent is not None:
        named = ctx.parent.command
        assert isinstance(named, click.Group)  # noqa: S101 - it is ours
        found = named.get_command(ctx.parent, topic)
        assert found is not None  # noqa: S101 - it is one of COMMANDS
        app.data(help_text(click.Context(found, info_name=topic, parent=ctx.parent)) + "\n")
    else:
        raise UsageError(f"unknown topic {topic!r}", hint=_nearest(topic, [*known, *COMMANDS]))


def _nearest(topic: str, known: Sequence[str]) -> str:
    from difflib import get_close_matches

    from airconn.guide import pages, topics_with

    if not topic.strip("-").strip():  # which is on every page
        return "the pages are listed by airconn help"
    if near := get_close_matches(topic.lower(), known, n=1, cutoff=0.8):
        return f"did you mean {near[0]!r}?"
    if found := topics_with(topic.strip("-")):
        others = f" (also on {', '.join(found[1:4])})" if found[1:] else ""
        return f"this word is on the page {found[0]}: airconn help {found[0]}{others}"
    if near := get_close_matches(topic.lower(), known, n=1):
        return f"did you mean {near[0]!r}?"
    return f"the pages are {', '.join(pages())}"


def _addresses() -> str:
    from textwrap import fill

    from airconn.addresses import REGISTRY

    begin = [text for entry in REGISTRY.values() for text in (*entry.prefixes, *entry.names)]
    known = (
        f"An ADDRESS is the path of a file, - for standard input, @NAME of airconn.toml, or begins with {begin[0]}"
    )
    return fill(", ".join([known, *begin[1:]]) + ".", 79, break_long_words=False, break_on_hyphens=False)


def _show(app: App, page: GuidePage) -> None:
    """Shows a page: rendered and paged on a terminal, and in a pipe as it is, or its document."""
    columns = app.columns
    if columns is None:
        app.data(page.data or page.text, raw=True)
        return
    import shutil

    from airconn.cli.page_view import rendered

    lines = rendered(page.text, min(columns, _WIDEST), colours=app.colours(app.stdout))
    if lines.count("\n") < shutil.get_terminal_size().lines:
        app.data(lines, raw=True)
    else:
        # None lets click tell less about colours, or leave them out for a pager that shows their codes.
        click.echo_via_pager(lines, color=None if app.colours(app.stdout) else False)
