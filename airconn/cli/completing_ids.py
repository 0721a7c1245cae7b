"""Completes ids, globs over ids, and places in objects, with what a file or an Airflow has."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from airconn.cli.quick_answer import answer_within
from airconn.patterns import pattern

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_SECONDS = "AIRCONN_COMPLETION_SECONDS"
"""The variable with the seconds that a completion may take."""
_WITHIN = 0.3
"""The same without the variable, from the start of the process."""
_DAY = 86400
_LASTING = 6
"""The seconds for which an Airflow may be asked, so that a later tab has the answer."""
_KINDS = ("connections", "variables", "pools")
_SIMPLE = pattern(r"[\w.@%+,/-]+", re.ASCII)
"""Words that bash takes as they are. It expands globs in a completion, and ends a word at ':' and '='."""
_FIELDS = {
    "connections": ("conn_type", "description", "extra.", "host", "login", "password", "port", "schema"),
    "variables": ("description", "value"),
    "pools": ("description", "include_deferred", "slots"),
}
"""The fields of each kind that have a place, such as `connections/ID.host`."""


def complete_object(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The kinds and ids that begin with the typed text: `connections/`, `connections/ID`, or an id alone."""
    chosen = _chosen_kinds(ctx)
    kind, slash, _ = incomplete.partition("/")
    if slash and kind in _KINDS:
        names = (f"{kind}/{id_}" for other, id_ in _ids(ctx) if other == kind)
        return _items(name for name in names if name.startswith(incomplete))
    beginnings = [f"{kind}/" for kind in chosen if kind.startswith(incomplete)] if len(chosen) > 1 else []
    if not incomplete and beginnings:
        return _items(beginnings)
    ids = [id_ for kind, id_ in _ids(ctx) if kind in chosen and id_.startswith(incomplete)]
    return _items([*beginnings, *ids])


def complete_value(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """The places in objects that begin with the typed text, such as `connections/ID.host`."""
    sign = "" if ctx.info_name == "get" or param.name == "literal_masks" else "="
    given = _words(ctx.params.get("assignments"))
    if given and "=" not in given[-1]:
        return []  # bash ends a word at '=', and a value is typed
    kind, slash, rest = incomplete.partition("/")
    if not (slash and kind in _KINDS):
        return _items(f"{kind}/" for kind in _chosen_kinds(ctx) if kind.startswith(incomplete))
    ids = [id_ for other, id_ in _ids(ctx) if other == kind]
    id_ = max((id_ for id_ in ids if rest.startswith(f"{id_}.")), key=len, default=None)
    if id_ is not None:
        fields = (field if field.endswith(".") else f"{field}{sign}" for field in _FIELDS[kind])
        found = _items(f"{kind}/{id_}.{field}" for field in fields)
        return [item for item in found if item.value.startswith(incomplete)]
    end = "." if kind != "variables" else "" if ctx.info_name == "get" else f".value{sign}"
    return _items(f"{kind}/{id_}{end}" for id_ in ids if id_.startswith(rest))


def _items(words: Iterable[str]) -> list[CompletionItem]:
    from click.shell_completion import CompletionItem

    in_bash = os.environ.get("_AIRCONN_COMPLETE", "").startswith("bash")
    fits = _SIMPLE.fullmatch if in_bash else str.isprintable
    return [CompletionItem(word) for word in dict.fromkeys(words) if fits(word.removesuffix("="))]


def _chosen_kinds(ctx: click.Context) -> tuple[str, ...]:
    if ctx.info_name == "test":
        return ("connections",)
    return tuple(kind for kind in _KINDS if kind in (ctx.params.get("kinds") or _KINDS))


def _addresses(ctx: click.Context) -> list[str | None]:
    """The addresses whose objects a command line is about. None is the target of the configuration."""
    arguments = [param.name for param in ctx.command.params if isinstance(param, click.Argument)]
    if arguments in (["sources"], ["addresses"]):
        said = [word for name in arguments for word in _words(ctx.params.get(name))]
        # Where the last word is an option without its value, click leaves the arguments as they are.
        return [*(said or ctx.args)] or [None]
    if sources := ctx.params.get("sources"):
        return list(sources)
    places = (_words(ctx.params.get(name)) for name in ("from_", "to", "database"))
    return list(next((words for words in places if words), (None,)))


def _words(value: Any) -> tuple[str, ...]:
    """The words of an argument, which may be missing, one or several."""
    return value if isinstance(value, tuple) else () if value is None else (value,)


def _seconds() -> float:
    with suppress(ValueError):
        seconds = float(os.environ.get(_SECONDS, ""))
        if 0 <= seconds <= _DAY:
            return seconds
    return _WITHIN


def _ids(ctx: click.Context) -> list[tuple[str, str]]:
    """The kinds and ids of the objects in question, sorted. None if they aren't found in time."""
    said = ctx.params

    def find() -> list[str]:
        from airconn.config import Config
        from airconn.model import Kind
        from airconn.transfer.offering import offered_ids
        from airconn.transfer.request_parts import SourceFormat

        form = SourceFormat(said.get("from_format"), Kind(said["kind"]) if said.get("kind") else None)
        found = offered_ids(Config.load(os.environ, Path.cwd()), _addresses(ctx), form, within=_LASTING)
        return sorted(f"{kind.value}/{id_}" for kind, id_ in found if id_.isprintable())

    # The time of the processor is that of the clock on a machine that isn't busy with other things.
    names = answer_within(_seconds() - time.process_time(), find, lasting=max(_LASTING, _seconds()))
    return [(kind, id_) for kind, _, id_ in (name.partition("/") for name in names)]
