"""`airconn run`."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.cli.replace_process import hand_over
from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.formats.base import ConnectionFormat
    from airconn.model import AirflowVersion, Selection
    from airconn.transfer.environ import Environ, Limits, RunRequest
    from airconn.transfer.request_parts import Network, ObjectChanges, SourceFormat

_LARGEST_SHOWN = 3


@click.command(
    "run",
    short_help="Run a command with the objects of an Airflow, file or backend in its environment.",
    # All words after COMMAND are its own, options included.
    context_settings={"allow_interspersed_args": False},
)
@opt.source
@click.option(
    "--connection-format",
    type=click.Choice(["json", "uri"]),
    default="json",
    help="How a connection is written [json, which holds all fields].",
)
@click.option(
    "--redacted",
    type=click.Choice(["omit", "fail"]),
    default="fail",
    help="What to do with values that the source hides: omit them, or fail [fail].",
)
@opt.strict("the environment can't hold everything, or anything")
@opt.filling
@click.option(
    "--clean", is_flag=True, help="Remove every other AIRFLOW_CONN_* and AIRFLOW_VAR_* from COMMAND's environment."
)
@click.option("--keep-credentials", is_flag=True, help="Keep airconn's own credentials in COMMAND's environment.")
@click.option("--dry-run", "-n", is_flag=True, help="Print the names that would be set, and run nothing.")
@opt.overriding
@opt.selection
@opt.allowing_nothing
@opt.reading
@opt.airflow
@opt.network
@opt.verbosity
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(
    app: App,
    /,
    from_: str | None,
    command: tuple[str, ...],
    dry_run: bool,
    clean: bool,
    keep_credentials: bool,
    connection_format: ConnectionFormat,
    redacted: Literal["omit", "fail"],
    strict: bool | None,
    fill: tuple[str, ...],
    changes: ObjectChanges,
    selection: Selection,
    allow_empty: bool,
    source_format: SourceFormat,
    airflow: AirflowVersion | None,
    network: Network,
) -> int:
    """Run COMMAND with the connections and variables of a file, server or backend in its environment.

    Its Airflow finds them there: they are AIRFLOW_CONN_* and AIRFLOW_VAR_*, and win over variables of the same name.
    Nothing is written to disk. COMMAND replaces airconn: signals, terminal, standard input and exit code are its own.
    The exit code is 127 if it isn't found, and 126 if it can't be run.

    A value that the source hides is an error (exit code 4) unless --fill shows it. COMMAND doesn't get AIRCONN_TOKEN
    and the other credentials of airconn.

    \b
      airconn run --from .env -- airflow dags test my_dag
      airconn run --from @prod --fill secrets.env --include 'aws_*' -- pytest -q
      airconn run --from vault://vault.example.com/secret -- ./job.sh
      airconn run --from .env --set connections/db.host=localhost -- pytest
      airconn run --from .env --dry-run
    """
    from airconn import report
    from airconn.transfer.environ import RunRequest

    if not (command or dry_run):
        raise UsageError(
            "COMMAND is missing",
            hint="write it after --, as in airconn run --from .env -- env; --dry-run shows what would be set",
        )
    if command and not dry_run and not _may_be_there(command[0], app.environ):
        return _not_found(app, command[0])
    request = RunRequest(
        source=from_,
        source_format=source_format,
        fills=fill,
        selection=selection,
        changes=changes,
        airflow=airflow,
        connection_format=connection_format,
        redacted=redacted,
        strict=app.config.is_strict(strict),
        allow_empty=allow_empty,
    )
    result = _gather(app, request, network)
    if dry_run:
        app.data("".join(f"{report.clean(name)}\n" for name in result.variables))
    app.incomplete(result.notes, "is missing" if dry_run else "would be missing, so COMMAND is not run")
    if dry_run or result.exit_code:
        return result.exit_code
    taken = frozenset() if keep_credentials else app.config.credential_names()
    environ = result.around(app.environ, without={*taken, *app.from_env_files}, clean=clean)
    for name in result.variables:
        app.say(report.clean(f"{name} is set{_caveat(name)}"), level=1)
    for name in sorted(app.environ.keys() - environ.keys()):
        app.say(report.clean(f"{name} is removed"), level=1)
    app.progress.close()
    try:
        return hand_over(command, environ)
    except OSError as error:
        return _refused(app, command[0], environ, error)


def _gather(app: App, request: RunRequest, network: Network) -> Environ:
    """The variables for the command. Reports what they don't hold."""
    from airconn.cli.export import tell_lacks
    from airconn.transfer.environ import make_environ

    with app.places(network) as places:
        result = make_environ(request, places, _limits())
    tell_lacks(app, result, "are left out", "the environment", result.way_to_values)
    if result.error:
        raise result.error
    if result.nothing:
        app.warn(f"nothing is set: {result.nothing}")
    return result


def _caveat(name: str) -> str:
    from airconn.formats.dotenv.marks import SHELL_NAME

    is_plain = SHELL_NAME.fullmatch(name) is not None
    return "" if is_plain else "; some shells, such as dash, don't pass on a variable of such a name"


def _limits() -> Limits:
    from airconn.transfer.environ import Limits

    # Linux takes 32 pages as one text, with the NUL at its end (`MAX_ARG_STRLEN`). Others only count all of it.
    longest = 32 * os.sysconf("SC_PAGE_SIZE") - 1 if sys.platform == "linux" else None
    return Limits(sys.getfilesystemencoding(), longest)


def _may_be_there(program: str, environ: Mapping[str, str]) -> bool:
    """Whether a program may exist, as far as that can be told before anything is read. The system decides later."""
    path = environ.get("PATH", os.defpath)
    return shutil.which(program, os.F_OK, path) is not None or (os.sep in program and Path(program).is_dir())


def _not_found(app: App, program: str) -> int:
    from airconn.quoting import clean
    from airconn.sandbox.foreground import NOT_FOUND

    app.say(clean(f"{program}: command not found"), level=-1)
    return NOT_FOUND


def _refused(app: App, program: str, environ: Mapping[str, str], error: OSError) -> int:
    """Reports why a program can't be run, and returns the exit code of a shell for that."""
    from airconn.quoting import clean
    from airconn.sandbox.foreground import NOT_EXECUTABLE

    if error.errno == errno.E2BIG:
        app.error(_too_large(environ))
        return NOT_EXECUTABLE
    if error.errno == errno.ENOENT:
        if not _may_be_there(program, environ):
            return _not_found(app, program)
        app.say(clean(f"{program}: its interpreter, or a library that it needs, is missing"), level=-1)
        return NOT_EXECUTABLE
    app.say(clean(f"{program}: {error.strerror or 'the system refuses to run it'}"), level=-1)
    return NOT_EXECUTABLE


def _too_large(environ: Mapping[str, str]) -> UsageError:
    sizes = {name: len(os.fsencode(name)) + len(os.fsencode(value)) + 2 for name, value in environ.items()}
    largest = sorted(sizes, key=lambda name: (-sizes[name], name))[:_LARGEST_SHOWN]
    shown = ", ".join(f"{name} ({sizes[name]:,} bytes)" for name in largest)
    return UsageError(
        f"COMMAND and its environment of {sum(sizes.values()):,} bytes are larger than the system allows; the "
        f"largest variables are {shown}",
        hint="select less with --include and --exclude",
    )
