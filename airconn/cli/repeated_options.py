"""Refuses options that are given twice, of which click would silently use the last."""

from __future__ import annotations

from collections.abc import Sequence

import click

from airconn.errors import UsageError


def refuse_twice(command: click.Command, parent: click.Context, name: str, args: Sequence[str]) -> None:
    """Raises `UsageError` for an option that is given twice and isn't declared to repeat.

    Two options that set the same, as `--from` and `--from-airflow-config` do, count as one. Options that end the run
    at once, such as `--help`, may be repeated.
    """
    ctx = click.Context(command, parent, name, **command.context_settings)
    _, _, order = command.make_parser(ctx).parse_args(list(args))
    seen: dict[str, click.Option] = {}
    for option in order:
        if not isinstance(option, click.Option) or option.multiple or option.count or option.is_eager:
            continue
        first = seen.setdefault(option.name or "", option)
        if first is not option:
            raise UsageError(
                f"{_names(first)} and {_names(option)} set the same, and both are given", hint="keep one"
            )
        if order.count(option) > 1:
            raise UsageError(f"{_names(option)} is given more than once", hint="keep one")


def _names(option: click.Option) -> str:
    return "/".join(option.opts)
