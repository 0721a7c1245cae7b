"""Completes the values of options and arguments in a shell."""

from __future__ import annotations

import os
import shlex
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from airconn import formats
from airconn.errors import AirconnError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def complete_address(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The completions of an address: files, which the shell finds itself, the names of the configuration, and the
    beginnings of addresses if no file has the same."""
    from click.shell_completion import CompletionItem

    if not incomplete.startswith("@"):
        schemes = [] if _begins_a_file(incomplete) else schemes_of(incomplete)
        return [CompletionItem(scheme) for scheme in schemes] or [CompletionItem(incomplete, type="file")]
    from airconn.config import Config

    with suppress(AirconnError):
        places = Config.load(os.environ, Path.cwd()).places
        # A group is offered where several places may be named, and in no list of sources.
        takes_groups = (param.multiple or param.nargs == -1) and param.name in ("to", "from_", "places", "a", "b")
        found = (name for name in places.names() if takes_groups or not places.is_group(name))
        names = [f"@{name}" for name in found if name.isprintable()]
        # Other shells quote completions. Bash would run a $(…) in one.
        quote = shlex.quote if os.environ.get("_AIRCONN_COMPLETE", "").startswith("bash") else str
        return [CompletionItem(_at_first(quote(name))) for name in names if name.startswith(incomplete)]
    return []


def schemes_of(incomplete: str) -> list[str]:
    """The beginnings of addresses with `://` that begin with the typed text. None without a text."""
    from airconn.addresses import REGISTRY

    known = [prefix for entry in REGISTRY.values() for prefix in entry.prefixes if prefix.endswith("://")]
    return [prefix for prefix in known if incomplete and prefix.startswith(incomplete)]


def _begins_a_file(incomplete: str) -> bool:
    with suppress(OSError):
        return any(name.startswith(incomplete) for name in os.listdir())  # noqa: PTH208 - of a shell's words
    return False


def _at_first(word: str) -> str:
    """A quoted name with its `@` before the quote, so that it begins with what was typed."""
    return f"@'{word[2:]}" if word.startswith("'@") else word


def complete_format(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The names of formats that begin with the typed text. Those that are only read are left out of `--format`."""
    names = formats.writable_names() if param.name == "format" else formats.names()
    return [name for name in names if name.startswith(incomplete)]


def complete_version(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """The minor versions of Airflow that begin with the typed text, and behind a second dot the patches."""
    from airconn.airflow.releases import RELEASE_DAYS

    patches = [version for version in RELEASE_DAYS if incomplete.count(".") > 1 and version.startswith(incomplete)]
    minors = dict.fromkeys(version.rpartition(".")[0] for version in RELEASE_DAYS)
    return patches or [version for version in minors if version.startswith(incomplete)]


def complete_rule(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The codes of the rules of `check` that begin with the typed text, with what they find."""
    from click.shell_completion import CompletionItem

    from airconn.check.rules import ALL

    return [CompletionItem(rule.code, help=rule.what) for rule in ALL if rule.code.startswith(incomplete.upper())]


def complete_file(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The files that the shell finds itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def complete_run(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The runs that can be undone, the newest first, with their commands."""
    from click.shell_completion import CompletionItem

    from airconn.config_files import state_directory
    from airconn.quoting import clean
    from airconn.transfer.backups import Backups

    with suppress(AirconnError):
        runs = [run for run in Backups(state_directory(os.environ)).runs() if run.run.startswith(incomplete)]
        return [CompletionItem(run.run, help=clean(run.header.command)) for run in runs]
    return []
