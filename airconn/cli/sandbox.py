"""`airconn sandbox`: a throwaway real Airflow."""

from __future__ import annotations

import shlex
import shutil
import signal
from typing import Any

import click

from airconn.airflow.connection_tests import ENABLED, SETTING
from airconn.cli import options as opt
from airconn.cli.app import App
from airconn.sandbox import DEFAULT_TIMEOUT, Sandbox
from airconn.sandbox.foreground import NOT_EXECUTABLE, NOT_FOUND, Ended, ending_signals, run_command
from airconn.sandbox.output import ProgramFailed


@click.command(
    "sandbox",
    short_help="Run a command beside a throwaway real Airflow.",
    # All words after COMMAND are its own, options included.
    context_settings={"allow_interspersed_args": False},
)
@click.option(
    "--airflow",
    "version",
    metavar="VERSION",
    shell_complete=opt.complete_version,
    help="Such as 2.7.3, or 2.11 for its newest patch release [the newest].",
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="The port to serve on [a free one]."
)
@click.option(
    "--timeout",
    type=click.FloatRange(0.1, 86400),
    default=DEFAULT_TIMEOUT,
    metavar="SECONDS",
    help=f"How long the start may take [{DEFAULT_TIMEOUT:g}].",
)
@click.option(
    "--install",
    "packages",
    multiple=True,
    metavar="PACKAGE",
    help="Install this package too, such as apache-airflow-providers-postgres. May be repeated.",
)
@click.option("--test-connections", is_flag=True, help="Allow airconn test, which Airflow disables by default.")
@opt.verbosity
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_obj
def command(
    app: App,
    /,
    version: str | None,
    port: int,
    timeout: float,
    packages: tuple[str, ...],
    test_connections: bool,
    command: tuple[str, ...],
) -> int:
    """Run COMMAND beside a throwaway real Airflow.

    It is on 127.0.0.1, has an empty SQLite database, and is gone when COMMAND ends. COMMAND runs with AIRCONN_URL,
    AIRCONN_USERNAME, AIRCONN_PASSWORD and AIRFLOW_HOME set, and with that Airflow's `airflow` on PATH; its exit code
    is passed on. Without COMMAND these are printed as `export` lines, and the Airflow stays until Ctrl-C.

    The first use of a version installs it into the cache directory (AIRCONN_CACHE_DIR), with uv where there is one.
    With --install, each set of packages has an installation of its own.

    \b
      airconn sandbox -- airconn import .env
      airconn sandbox --airflow 2.11 -- airconn import .env --verify
      airconn sandbox --test-connections -- airconn test api --source .env
    """
    more: dict[str, Any] = {"packages": packages} if packages else {}
    if test_connections:
        more["settings"] = {"core": {SETTING: ENABLED}}
    box = Sandbox(version, port=port, timeout=timeout, environ=app.environ, on_progress=app.say, **more)
    try:
        with ending_signals():
            return _run(app, box, command) if command else _stay(app, box)
    except Ended as end:
        return end.exit_code
    except ProgramFailed as error:
        from airconn.quoting import clean

        for line in error.said:
            app.say(f"  {clean(line)}", level=-1)
        raise


def _run(app: App, box: Sandbox, command: tuple[str, ...]) -> int:
    # Before the start, which takes a while. `airflow` itself is only there once the environment is.
    if shutil.which(command[0], path=box.search_path) is None:
        app.say(f"{command[0]}: command not found", level=-1)
        return NOT_FOUND
    with box:
        try:
            return run_command(command, box)
        except OSError as error:
            app.say(f"{command[0]}: {error.strerror}", level=-1)
            return NOT_EXECUTABLE


def _stay(app: App, box: Sandbox) -> int:
    with box:
        exports = {**box.credentials(), "AIRFLOW_HOME": str(box.home)}
        for name, value in exports.items():
            app.data(f"export {name}={shlex.quote(value)}\n", raw=True)
        app.data(f'export PATH={shlex.quote(str(box.prepare().scripts))}:"$PATH"\n', raw=True)
        # airconn removes these for a COMMAND. It can't in another shell, where `airflow` would use another database
        # because of them.
        if strays := sorted(name for name in app.environ if name.startswith(("AIRFLOW__", "AIRFLOW_CONFIG"))):
            app.warn(f"unset these in the shell that runs these lines: {', '.join(strays)}")
        app.say("press Ctrl-C to stop")
        try:
            box.wait()
        except KeyboardInterrupt:
            return 128 + signal.SIGINT
