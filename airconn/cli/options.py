"""Options that are the same in every command."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from airconn.cli.app import App
from airconn.config import Address, Settings
from airconn.errors import UsageError
from airconn.formats import NAMES, dotenv
from airconn.model import ALL_KINDS, AirflowVersion, Kind, Selection
from airconn.stores import open_store
from airconn.stores.base import Store

DEFAULT_PLACE = "AIRCONN_URL, else url in airconn.toml, else http://localhost:8080"

F = TypeVar("F", bound=Callable[..., Any])


def _version(ctx: click.Context, param: click.Parameter, value: str | None) -> AirflowVersion | None:
    return AirflowVersion.parse(value) if value else None


def _number(ctx: click.Context, param: click.Parameter, value: float | None) -> float | None:
    if value is not None and math.isnan(value):
        raise UsageError("--timeout is not a number of seconds", hint="such as 60")
    return value


def _apply(options: list[Callable[[F], F]]) -> Callable[[F], F]:
    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def _set_verbosity(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    app = ctx.find_object(App)
    if app is not None and value:
        app.verbosity = -1 if param.name == "quiet" else int(value)


verbosity = _apply(
    [
        click.option(
            "-q", "--quiet", is_flag=True, expose_value=False, callback=_set_verbosity, help="Say only what is wrong."
        ),
        click.option("-v", "--verbose", count=True, expose_value=False, callback=_set_verbosity, help="Say more."),
    ]
)

selection = _apply(
    [
        click.option("--connections", "kinds", flag_value="connections", multiple=True, help="Only connections."),
        click.option("--variables", "kinds", flag_value="variables", multiple=True, help="Only variables."),
        click.option("--pools", "kinds", flag_value="pools", multiple=True, help="Only pools (the three add up)."),
        click.option(
            "--include",
            multiple=True,
            metavar="GLOB",
            help="Only ids that match, such as 'aws_*' or 'pools/*'. May be repeated.",
        ),
        click.option("--exclude", multiple=True, metavar="GLOB", help="No ids that match. May be repeated."),
    ]
)

reading = _apply(
    [
        click.option(
            "--from-format",
            metavar="FORMAT",
            help=f"The format of the sources, where name and content don't tell: {', '.join(NAMES)}.",
        ),
        click.option(
            "--kind",
            type=click.Choice([kind.value for kind in Kind]),
            help="What a file of one kind holds, where it doesn't tell.",
        ),
        click.option(
            "--from-env-dialect",
            "from_env_dialect",
            type=click.Choice(dotenv.NAMES),
            help="For which reader a .env file among the sources was written, where it doesn't tell [portable].",
        ),
    ]
)

airflow = click.option(
    "--airflow",
    callback=_version,
    metavar="VERSION",
    help="Read and write as this Airflow does (default: the Airflow in question, else the newest).",
)

writing = _apply(
    [
        click.option(
            "-o", "--out", type=click.Path(path_type=Path), metavar="FILE", help="Where to [standard output]."
        ),
        click.option(
            "--format",
            metavar="FORMAT",
            help=f"How it is written, where the name of FILE doesn't tell: {', '.join(NAMES)} [json].",
        ),
        click.option(
            "--connection-format",
            type=click.Choice(["json", "uri"]),
            default="json",
            help="How a connection is written in a .env file [json, which holds all of it].",
        ),
        click.option(
            "--env-dialect",
            type=click.Choice(dotenv.NAMES),
            help="For which reader a .env file is written [portable: for all of them, as far as that goes].",
        ),
        click.option(
            "--redacted",
            type=click.Choice(["mask", "omit", "fail"]),
            default="mask",
            help="What becomes of fields that the source hides: written as ***, left out, or an error [mask].",
        ),
        click.option("--replace", is_flag=True, help="Write FILE afresh, and don't change it in place."),
        click.option("--strict", is_flag=True, help="Fail if the format can't hold everything."),
        airflow,
    ]
)

network = _apply(
    [
        click.option(
            "--timeout",
            type=click.FloatRange(0.1, 86400),
            callback=_number,
            help="Seconds that the connection or the server may be silent [60].",
        ),
        click.option("--ca-bundle", type=click.Path(path_type=Path), help="Authorities to trust, in PEM."),
        click.option("--client-cert", type=click.Path(path_type=Path), help="Client certificate, in PEM."),
        click.option("--client-key", type=click.Path(path_type=Path), help="Its key, if in a file of its own."),
    ]
)

output = click.option(
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    help="How the result is shown; json has a schema_version and no values.",
)


def make_selection(kinds: tuple[str, ...], include: tuple[str, ...], exclude: tuple[str, ...]) -> Selection:
    """The selection that the options say. No kind is every kind."""
    return Selection(frozenset(Kind(kind) for kind in kinds) or ALL_KINDS, include, exclude)


def open_address(address: Address, options: dict[str, Any]) -> Store:
    """The store of an address, with the options of `reading` and `network` that were given."""
    given: dict[str, Any] = {name: options[name] for name in _OF_SETTINGS if options.get(name) is not None}
    if options.get("from_env_dialect"):
        given["env_dialect"] = options["from_env_dialect"]
    if "kind" in given:
        given["kind"] = Kind(given["kind"])
    return open_store(address.text, _replace(address.settings, given))


_OF_SETTINGS = ("from_format", "kind", "timeout", "ca_bundle", "client_cert", "client_key")


def _replace(settings: Settings, given: dict[str, Any]) -> Settings:
    from dataclasses import replace

    return replace(settings, **given)
