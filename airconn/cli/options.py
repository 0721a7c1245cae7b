"""Options that several commands share."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from airconn import formats
from airconn.addresses import is_file
from airconn.cli.airflow_option import airflow as airflow
from airconn.cli.airflow_option import airflow_of_files as airflow_of_files
from airconn.cli.app import App
from airconn.cli.completing import complete_address as complete_address
from airconn.cli.completing import complete_format as complete_format
from airconn.cli.completing import complete_rule as complete_rule
from airconn.cli.completing import complete_version as complete_version
from airconn.cli.completing_ids import complete_object as complete_object
from airconn.cli.completing_ids import complete_value as complete_value
from airconn.cli.deletion_option import most_deletions
from airconn.cli.empty_runs import allowing_nothing as allowing_nothing
from airconn.cli.empty_runs import warn_of_nothing as warn_of_nothing
from airconn.cli.encrypt_option import encrypting
from airconn.cli.login_options import logging_in
from airconn.cli.option_values import (
    as_one,
    make_changes,
    make_kinds,
    make_network,
    make_selection,
    make_source_format,
    make_writing,
    together,
)
from airconn.cli.redirect_option import allow_redirect
from airconn.cli.resolve_option import resolve as resolve
from airconn.cli.strict_option import strict as strict
from airconn.errors import UsageError
from airconn.formats import FormatOption

if TYPE_CHECKING:
    from airconn.config import Config

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_PLACE = "[AIRCONN_URL]. Without that, url in airconn.toml, else http://localhost:8080."
"""The end of the help of an option with an address, for what is meant without the option."""


class _Seconds(click.FloatRange):
    """A time of at most a day."""

    name = "number of seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        seconds = float(super().convert(value, param, ctx))
        if math.isnan(seconds):
            self.fail(f"{value!r} is not a valid {self.name}.", param, ctx)
        return seconds


_SECONDS = _Seconds(0.1, 86400)


def _deadline(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    """The moment on the clock of `time.monotonic`, since the run has just begun."""
    return None if value is None else time.monotonic() + value


def _known_format(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The name of a format. Checked before anything is read, so that a wrong one comes with 'nothing was written'."""
    if value is not None:
        app = ctx.find_object(App)
        if app is not None and value not in formats.FORMATS:
            app.writes = any(other.name == "to" for other in ctx.command.params)
        formats.refuse_unknown(value, to_write=param.name == "format")
        if param.name == "format":
            formats.refuse_read_only(value)
    return value


def _of_format(option: FormatOption, *, of_sources: bool) -> Callable[[F], F]:
    """The click option for an option that a format declares, for the written file or for files that are read."""
    if option.said:
        prefix = "from_" if of_sources else ""
        help_ = option.help_of_sources if of_sources else option.help
        return click.option(option.flag, f"{prefix}{option.name}", flag_value=option.said, help=help_)
    return click.option(
        option.flag_of_sources if of_sources else option.flag,
        type=click.Choice(option.choices) if option.choices else None,
        metavar=None if option.choices else "NAME",
        help=option.help_of_sources if of_sources else option.help,
    )


def _set_verbosity(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    app = ctx.find_object(App)
    if app is not None and value:
        if app.verbosity * (-1 if param.name == "quiet" else 1) < 0:
            raise UsageError("--quiet and --verbose are both given", hint="keep one")
        app.verbosity = -1 if param.name == "quiet" else int(value)


source = together(
    [
        click.option(
            "--from",
            "from_",
            metavar="ADDRESS",
            shell_complete=complete_address,
            help=f"Where from {DEFAULT_PLACE}",
        ),
        click.option(
            "--from-airflow-config",
            "from_",
            flag_value="airflow-config:",
            help="From the secrets backend that airflow.cfg or AIRFLOW__SECRETS__* name: --from airflow-config:.",
        ),
    ]
)

# Eager: the callbacks of other options may have something to say.
_counted = partial(click.option, count=True, expose_value=False, is_eager=True, callback=_set_verbosity)
verbosity = together(
    [_counted("-q", "--quiet", help="Show only errors."), _counted("-v", "--verbose", help="Show more.")]
)

_OF_KINDS: list[Callable[[Any], Any]] = [
    click.option("--connections", "kinds", flag_value="connections", multiple=True, help="Only connections."),
    click.option("--variables", "kinds", flag_value="variables", multiple=True, help="Only variables."),
    click.option("--pools", "kinds", flag_value="pools", multiple=True, help="Only pools (the three add up)."),
]

kinds = as_one("kinds", make_kinds, _OF_KINDS)
"""A command gets the chosen ones as `kinds`."""

selection = as_one(
    "selection",
    make_selection,
    [
        *_OF_KINDS,
        click.option(
            "--include",
            multiple=True,
            metavar="GLOB",
            shell_complete=complete_object,
            help="Only ids that match, such as 'aws_*' or 'pools/*'. May be repeated.",
        ),
        click.option(
            "--exclude",
            multiple=True,
            metavar="GLOB",
            shell_complete=complete_object,
            help="No ids that match. May be repeated.",
        ),
    ],
)
"""A command gets a `Selection` as `selection`."""

reading = as_one(
    "source_format",
    make_source_format,
    [
        click.option(
            "--from-format",
            metavar="FORMAT",
            callback=_known_format,
            shell_complete=complete_format,
            help=f"The format of the sources, if it isn't clear: {', '.join(formats.names())}.",
        ),
        click.option(
            "--kind",
            type=click.Choice(["connections", "variables", "pools"]),
            help="The kind of the objects in a file, if the file doesn't tell.",
        ),
        *(_of_format(option, of_sources=True) for option in formats.options() if option.help_of_sources),
    ],
)
"""A command gets a `SourceFormat` as `source_format`."""

filling = click.option(
    "--fill",
    multiple=True,
    metavar="ADDRESS",
    shell_complete=complete_address,
    help="Take the values that the sources hide from here. May be repeated.",
)

writing = as_one(
    "writing",
    make_writing,
    [
        click.option(
            "-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to [standard output]."
        ),
        click.option(
            "--format",
            metavar="FORMAT",
            callback=_known_format,
            shell_complete=complete_format,
            help=f"The format of FILE, if its name doesn't tell: {', '.join(formats.writable_names())} [json].",
        ),
        *(_of_format(option, of_sources=False) for option in formats.options() if option.help),
        click.option(
            "--redacted",
            type=click.Choice(["mask", "omit", "fail"]),
            help="What to do with values that the source hides: write ***, omit them, or fail [mask]. "
            "With --split, omit leaves a reference, and is the default. "
            "Secrets that it shows are written as they are.",
        ),
        click.option(
            "--mask-secrets",
            is_flag=True,
            help="Write *** for every secret, even if the source shows it (by the rules of airconn show).",
        ),
        encrypting,
        click.option("--replace", is_flag=True, help="Write a new FILE instead of changing it in place."),
        click.option(
            "--replace-references",
            is_flag=True,
            help="Overwrite references in FILE, such as ${DB_PW} or {{ db.password }}, by values.",
        ),
        strict("the format can't hold everything, or anything"),
    ],
)
"""A command gets a `Writing` as `writing`."""

rehearsing = together(
    [
        click.option("--dry-run", "-n", is_flag=True, help="Show the plan and write nothing."),
        click.option("--exit-code", is_flag=True, help="With --dry-run: exit with 6 if anything would change."),
        click.option(
            "--plan-out",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            help="Only write the plan, to FILE. It holds no values except those of --set.",
        ),
    ]
)

yes = click.option("--yes", "-y", is_flag=True, help="Don't ask before deletions, restarts or writes.")


max_delete = most_deletions("globs")

confirm = click.option(
    "--confirm", is_flag=True, help="Ask before all writes, after the plan. Without a terminal, add --yes."
)


def _set_limit(ctx: click.Context, param: click.Parameter, value: int | None) -> None:
    app = ctx.find_object(App)
    if app is not None and value is not None:
        app.limit = value


limit = click.option(
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    expose_value=False,
    callback=_set_limit,
    help="Rows shown a symbol [20 on a terminal, else all].",
)

pruning = together(
    [
        click.option("--prune", is_flag=True, help="Delete selected objects that the sources don't have."),
        most_deletions("--prune"),
        yes,
    ]
)

overriding = as_one(
    "changes",
    make_changes,
    [
        click.option(
            "--set",
            "sets",
            multiple=True,
            metavar="PLACE=VALUE",
            shell_complete=complete_value,
            help="Set one value: connections/ID.host=x, connections/ID.extra.a.b=x, variables/ID.value=x. VALUE is a "
            "text, or env:NAME, file:PATH, prompt: or text:…; a secret is never a text. May be repeated.",
        ),
        click.option(
            "--set-file",
            "set_files",
            multiple=True,
            metavar="PLACE=PATH",
            shell_complete=complete_value,
            help="Set it to the exact text of a file. May be repeated.",
        ),
        click.option(
            "--rename",
            "renames",
            multiple=True,
            metavar="KIND/OLD=NEW",
            shell_complete=complete_object,
            help="Give an object another id, after all other changes. May be repeated.",
        ),
        click.option(
            "--overlay",
            "overlays",
            multiple=True,
            metavar="FILE",
            shell_complete=complete_address,
            help="Override fields of the sources by those in FILE: YAML or JSON with objects by id. May be repeated.",
        ),
        literal := click.option(
            "--literal",
            "--literal-mask",
            "literal_masks",
            multiple=True,
            metavar="PLACE",
            shell_complete=complete_value,
            help="Use the *** or the placeholder there (a mask, a reference, …) as the real value. May be repeated.",
        ),
        resolve,
    ],
)
"""A command gets `ObjectChanges` as `changes`."""

finishing = together(
    [
        click.option(
            "--fail-fast", is_flag=True, help="Stop at the first object that fails, and begin no other target."
        ),
        click.option("--verify", is_flag=True, help="Read back what was written and compare it."),
        click.option("--show-values", is_flag=True, help="Show old and new values; possible secrets are masked."),
    ]
)

settle = click.option("--settle", is_flag=True, help="Wait until Airflow has learned many new passwords.")

_network = as_one(
    "network",
    make_network,
    [
        click.option(
            "--timeout",
            type=_SECONDS,
            metavar="SECONDS",
            help="How long to wait for an answer [60].",
        ),
        click.option(
            "--retries",
            type=click.IntRange(0, 100),
            metavar="N",
            help="How often a failed request is repeated, where that is safe [4].",
        ),
        click.option(
            "--deadline",
            type=_SECONDS,
            callback=_deadline,
            metavar="SECONDS",
            help="How long the whole run may take; started writes are finished [no limit].",
        ),
        click.option("--ca-bundle", type=click.Path(path_type=Path), help="Certificate authorities to trust (PEM)."),
        click.option("--client-cert", type=click.Path(path_type=Path), help="Client certificate (PEM)."),
        click.option(
            "--client-key",
            type=click.Path(path_type=Path),
            help="Key of the client certificate, if it is in another file.",
        ),
        allow_redirect,
    ],
)

network = together([_network, logging_in])
"""A command gets a `Network` as `network`."""

output = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How the result is shown; json holds no values.",
)


def fixed(config: Config, to: str | None) -> str:
    """The address of a target that is independent of the directory: a name, a URL, or the whole path of a file.

    A name stays a name, since its address may have credentials of its own.
    """
    name, text = config.named(to), config.target(to).text
    if name.startswith("@"):
        return name
    return str(Path(text).absolute()) if is_file(text) and text != "-" else text
