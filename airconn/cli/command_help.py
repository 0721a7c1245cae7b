"""The help texts of commands: what a command does, examples, its options under headings, and where to read on."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from inspect import cleandoc

import click

from airconn import formats, symbols
from airconn.cli.headings import COMMAND_HEADINGS, HEADINGS, OTHER, OTHER_COMMANDS, TOGETHER, Heading
from airconn.patterns import pattern

_WIDEST_PROSE = 100
"""The columns of sentences on a wide terminal. Longer lines are hard to read."""
_NARROWEST = 40
_WIDEST_NAMES = 24
"""The columns of the names of options. Longer names have their text below them."""
_INDENT = "  "
_FEW = 9
"""The most options that `--help` explains all."""
_FIRST_SENTENCE = pattern(r".*?\.(?= [A-Z])|.*", re.DOTALL)
_COMMAND = pattern(r"airconn help [\w-]+|[-+~±=.!x?] (?=\w+  )")
"""Words that stay together on a line."""
_ADDRESSES = ("ADDRESS", "SOURCE...", "A", "B...")
"""What arguments and options that take an address are called."""
_ADDRESS = (
    "a file, - (standard input), env:, the URL of an Airflow, @NAME of airconn.toml, or a backend: "
    "airconn help addresses"
)
_TARGET = "the address without --to and --from: AIRCONN_URL, else url in airconn.toml, else http://localhost:8080"
_SECRETS = "an Airflow hides them; where to get them: airconn help secrets"
_LOGIN = "with AIRCONN_TOKEN, a password or a command: airconn help login"
_MEET_SECRETS = ("import", "export", "run", "show", "get", "test")
_SHOW_PLANS = ("import", "apply", "set", "edit", "delete", "undo")
_TOPICS = {
    "import": "plans",
    "apply": "plans",
    "export": "secrets",
    "convert": "formats",
    "check": "check",
    "diff": "comparing",
    "show": "objects",
    "get": "objects",
    "set": "objects",
    "edit": "objects",
    "test": "objects",
    "delete": "objects",
    "undo": "undo",
    "explain": "lookup",
    "run": "running",
    "targets": "targets",
    "login": "login",
    "logout": "login",
    "sandbox": "sandboxes",
    "doctor": "doctor",
    "completion": "completion",
}
"""The pages of the guide about commands."""

Row = tuple[str, str]
"""The names of an option, or another term, and its text."""

_MORE: Sequence[Row] = (
    ("COMMAND", "airconn COMMAND --help shows its options"),
    ("ADDRESS", _ADDRESS),
    ("target", _TARGET),
    ("guide", "its pages: airconn help"),
)
"""The end of the overview of the program."""


def with_help(command: click.Command) -> click.Command:
    """The command with `--help` and `--help-all`, which show the text of this module."""
    if not any(param.name == "help_all" for param in command.params):
        command.params += [
            _help_option(["-h", "--help"], "Show the most used options and exit.", every=False),
            _help_option(["--help-all"], "Show all options with their whole texts and exit.", every=True),
        ]
    return command


def _help_option(flags: list[str], text: str, *, every: bool) -> click.Option:
    def show(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(help_text(ctx, every=every))
            ctx.exit()

    return click.Option(flags, is_flag=True, is_eager=True, expose_value=False, callback=show, help=text)


def help_text(ctx: click.Context, *, every: bool = False) -> str:
    """The help text of the command of a context, for the width of the terminal.

    With `every`, it explains all options, else the most used ones by their first sentences.
    """
    every = every or len(_options(ctx)) <= _FEW
    columns = _columns()
    sections = list(under_headings(_options(ctx)))
    rows = {heading: list(_rows(ctx, heading, members, every=every)) for heading, members in sections}
    names = max(
        (len(name) for of_one in rows.values() for name, _ in of_one if len(name) <= _WIDEST_NAMES), default=0
    )
    parts = [ctx.command.get_usage(ctx), *_paragraphs(ctx.command.help or "", min(columns, _WIDEST_PROSE))]
    for heading, members in sections:
        lines = [f"{heading.title}:", *_in_columns(rows[heading], names, columns)]
        if not every and (named := _named(heading, members)):
            also = "also " if rows[heading] else ""
            flags = ", ".join(_flag(option) for option in named)
            lines += _wrapped(also + flags, columns, _INDENT, _INDENT + " " * len(also))
        parts.append("\n".join(lines))
    for title, terms in (("Symbols", _legend(ctx, every=every)), ("More", _more(ctx, every=every))):
        if terms:
            widest = max(len(term) for term, _ in terms)
            parts.append("\n".join([f"{title}:", *_in_columns(terms, widest, min(columns, _WIDEST_PROSE))]))
    return "\n\n".join(parts)


def overview(ctx: click.Context, lines: Mapping[str, str]) -> str:
    """The help text of the program itself. `lines` are its commands, each with what it does."""
    columns = _columns()
    parts = [ctx.command.get_usage(ctx), *_paragraphs(ctx.command.help or "", min(columns, _WIDEST_PROSE))]
    left, widest = dict(lines), max(map(len, lines))
    for title, names in COMMAND_HEADINGS.items():
        rows = [(name, left.pop(name)) for name in names.split()]
        parts.append("\n".join([f"{title}:", *_in_columns(rows, widest, columns)]))
    if left:
        parts.append("\n".join([f"{OTHER_COMMANDS}:", *_in_columns([*left.items()], widest, columns)]))
    rows = [record for option in ctx.command.get_params(ctx) if (record := option.get_help_record(ctx))]
    parts.append("\n".join(["Options:", *_in_columns(rows, widest + 3, columns)]))
    parts.append("\n".join(["More:", *_in_columns(_MORE, widest, min(columns, _WIDEST_PROSE))]))
    return "\n\n".join(parts)


def under_headings(options: Sequence[click.Option]) -> Iterator[tuple[Heading, list[click.Option]]]:
    """The options of each heading, in the order of its flags. Only headings that have any."""
    left = {flag: option for option in options for flag in (*option.opts, *option.secondary_opts)}
    of_formats = [flag for one in formats.options() for flag in (one.flag_of_sources, one.flag)]
    for heading in HEADINGS:
        flags = (*heading.flags, *(of_formats if heading.title == "Formats" else ()))
        if members := list(dict.fromkeys(left[flag] for flag in flags if flag in left)):
            left = {flag: option for flag, option in left.items() if option not in members}
            yield heading, members
    if left:
        yield OTHER, list(dict.fromkeys(left.values()))


def _options(ctx: click.Context) -> list[click.Option]:
    return [param for param in ctx.command.params if isinstance(param, click.Option) and not param.hidden]


def _named(heading: Heading, members: Sequence[click.Option]) -> list[click.Option]:
    """The options that `--help` only names."""
    if heading is OTHER:
        return []
    explained = frozenset(heading.explained)
    return [option for option in members if not explained.intersection(option.opts)]


def _rows(ctx: click.Context, heading: Heading, members: Sequence[click.Option], *, every: bool) -> Iterator[Row]:
    """The rows of the options that are explained. In `--help`, some of them share a row."""
    named = [] if every else _named(heading, members)
    by_flag = {flag: option for option in members for flag in option.opts}
    together = [] if every else [flags for flags in TOGETHER if all(flag in by_flag for flag in flags)]
    for option in members:
        shared = next((flags for flags in together if by_flag.keys() >= {*flags} and _flag(option) in flags), None)
        if shared is not None:
            if _flag(option) == shared[0]:
                yield ", ".join(", ".join(by_flag[flag].opts) for flag in shared), TOGETHER[shared]
        elif option not in named:
            record = option.get_help_record(ctx)
            text = option.help or ""
            yield record[0] if record else _flag(option), text if every else _first_sentence(text)


def _first_sentence(text: str) -> str:
    found = _FIRST_SENTENCE.match(text)
    return found[0] if found else text


def _flag(option: click.Option) -> str:
    return next((flag for flag in option.opts if flag.startswith("--")), option.opts[0])


def _legend(ctx: click.Context, *, every: bool) -> Sequence[Row]:
    """The meanings of the symbols in front of objects. In `--help`, a plan's symbols have a line of `_more`."""
    if ctx.info_name == "diff":
        return symbols.diff_legend()
    return symbols.plan_legend() if every and ctx.info_name in _SHOW_PLANS else ()


def _more(ctx: click.Context, *, every: bool) -> list[Row]:
    """What addresses, secrets and symbols are, and where to read on."""
    name, flags = ctx.info_name or "", {flag for option in _options(ctx) for flag in option.opts}
    rows = []
    if any(param.metavar in _ADDRESSES for param in ctx.command.params):
        rows.append(("ADDRESS", _ADDRESS))
    if name in _MEET_SECRETS:
        rows.append(("secrets", _SECRETS))
    if "--retries" in flags:
        rows.append(("login", _LOGIN))
    if name in _SHOW_PLANS and not every:
        rows.append(("symbols", symbols.plan_words()))
    if topic := _TOPICS.get(name):
        rows.append(("guide", f"airconn help {topic}"))
    if not every and any(_named(*found) for found in under_headings(_options(ctx))):
        rows.append(("options", f"all, explained: airconn {name} --help-all"))
    return rows


def _paragraphs(text: str, columns: int) -> Iterator[str]:
    """The paragraphs of a docstring. Those that click leaves as they are begin with a line `\\b`."""
    for paragraph in cleandoc(text).split("\n\n"):
        if paragraph.startswith("\b\n"):
            yield "\n".join(f"{_INDENT}{line}" for line in paragraph.split("\n")[1:])
        else:
            yield "\n".join(_wrapped(" ".join(paragraph.split()), columns, _INDENT, _INDENT))


def _in_columns(rows: Sequence[Row], names: int, columns: int) -> Iterator[str]:
    """Two columns. A name that is longer than `names` columns has its text below it."""
    margin = " " * (len(_INDENT) + names + 2)
    for name, text in rows:
        begin = f"{_INDENT}{name}"
        if len(name) > names:
            yield begin
            begin = ""
        yield from _wrapped(text, columns, begin.ljust(len(margin)), margin)


def _wrapped(text: str, columns: int, begin: str, indent: str) -> list[str]:
    """The text in lines, which are broken only between words, and not within a command."""
    kept = _COMMAND.sub(lambda found: found[0].replace(" ", "\xa0"), text)
    from textwrap import wrap  # only for help

    lines = wrap(
        kept,
        columns,
        initial_indent=begin,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace("\xa0", " ").rstrip() for line in lines]


def _columns() -> int:
    """The columns for help. A command that shows none doesn't load what tells them."""
    from shutil import get_terminal_size

    return max(get_terminal_size().columns - 1, _NARROWEST)
