"""Runs the commands of the program, with exit codes and with errors in words."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from airconn import __version__
from airconn.cli.app import App, OutputClosedError
from airconn.cli.command_help import overview, with_help
from airconn.cli.repeated_options import refuse_twice
from airconn.errors import AirconnError, ExitCode, TargetError, UsageError, own_fault

COMMANDS = {
    "import": ("airconn.cli.import_", "Push objects from files, servers or backends into an Airflow."),
    "apply": ("airconn.cli.apply", "Apply a plan that airconn import --plan-out wrote."),
    "export": ("airconn.cli.export", "Pull objects out of an Airflow or a backend into a file."),
    "convert": ("airconn.cli.convert", "Turn files of one format into another, without a network."),
    "check": ("airconn.cli.check", "Find mistakes and exposed secrets in files or servers."),
    "diff": ("airconn.cli.diff", "Show what differs between files, servers or backends."),
    "list": ("airconn.cli.list_", "Show which objects a file, server or backend holds."),
    "show": ("airconn.cli.show", "Show single objects with their values, secrets masked."),
    "get": ("airconn.cli.get", "Print one value of an object, for scripts."),
    "set": ("airconn.cli.set_", "Set fields of single objects."),
    "edit": ("airconn.cli.edit", "Edit single objects in your editor."),
    "test": ("airconn.cli.test", "Ask an Airflow to test connections."),
    "explain": ("airconn.cli.explain", "Show where Airflow would find an object, and what that shadows."),
    "delete": ("airconn.cli.delete", "Delete single objects of a server, file or backend."),
    "undo": ("airconn.cli.undo", "Restore what a run has overwritten or deleted."),
    "run": ("airconn.cli.run_", "Run a command with connections and variables in its environment."),
    "login": ("airconn.cli.login", "Check a login for an Airflow, and store it in the keyring."),
    "logout": ("airconn.cli.logout", "Remove stored logins."),
    "sandbox": ("airconn.cli.sandbox", "Run a command beside a throwaway real Airflow."),
    "targets": ("airconn.cli.targets", "List the targets and groups of the configuration."),
    "init": ("airconn.cli.init", "Write airconn.toml, the configuration of a project."),
    "doctor": ("airconn.cli.doctor", "Check the configuration, the network, the login and your rights."),
    "help": ("airconn.cli.help_", "Show a page of the guide, or the options of a command."),
    "version": ("airconn.cli.version", "Show the versions of airconn and Python."),
    "completion": ("airconn.cli.completion", "Print or install the completion script of a shell."),
}
"""The commands by name: the module with a click command named `command`, and the line in the overview."""


class _Group(click.Group):
    """The group of the commands, which imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command = import_module(COMMANDS[cmd_name][0]).command
        assert isinstance(command, click.Command)  # noqa: S101 - a slip of ours, not of a user
        return with_help(command)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            from airconn.cli import meant

            near = get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the commands are {', '.join(COMMANDS)}"
            raise UsageError(f"unknown command {args[0]!r}", hint=meant.of_command(args) or hint)
        name, command, rest = super().resolve_command(ctx, args)
        if name and command and not ctx.resilient_parsing:
            refuse_twice(command, ctx, name, rest)
        return name, command, rest

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        formatter.write(overview(ctx, {name: line for name, (_, line) in COMMANDS.items()}))


@click.group(
    cls=_Group,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="airconn %(version)s")
@click.pass_context
def group(ctx: click.Context) -> None:
    """Move Airflow connections, variables and pools between every place they can live.

    \b
      airconn import .env                 # into the Airflow at AIRCONN_URL
      airconn export --format uri         # out of it, to standard output
      airconn diff @dev @prod             # what differs
      airconn convert .env -o airflow_settings.yaml
    """
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def run(args: Sequence[str] | None = None, app: App | None = None) -> int:
    """Runs one command line and returns its exit code. All errors become text for people."""
    app = app or App.of_process()
    try:
        return _run(args, app)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.UsageError as error:
        app.error(_from_click(error, list(sys.argv[1:] if args is None else args)))
        return ExitCode.USAGE
    except AirconnError as error:
        app.error(error)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        app.say("interrupted", level=-1)
        if app.writes:
            app.say("nothing was written", level=-1)
        elif app.way_on:
            app.hint(app.way_on, level=-1)
        return ExitCode.INTERRUPTED
    except OutputClosedError:
        _forget_output()
        return 128 + 13  # as `cat` would
    except OSError as error:
        if not _is_of_click(error):
            app.error(_bug(error))
            return ExitCode.SOME_FAILED
        reason = error.strerror or "the system refuses"
        app.error(TargetError(f"standard output can't be written to: {reason}"))
        _forget_output()
        return ExitCode.TARGET
    except Exception as error:  # noqa: BLE001 - no traceback reaches a user, and its text could hold a secret
        app.error(_bug(error))
        return ExitCode.SOME_FAILED
    finally:
        app.forget_env_files()
        app.progress.close()


def _run(args: Sequence[str] | None, app: App) -> int:
    try:
        result = group.main(
            list(args) if args is not None else None, prog_name="airconn", standalone_mode=False, obj=app
        )
    except AirconnError:
        raise
    except Exception as error:
        # Python makes a RuntimeError of what a signal raises in `__set_name__`, as when it imports an enum.
        if ended := _signal_behind(error):
            raise ended from None
        raise
    return int(result or 0)


def _signal_behind(error: BaseException) -> KeyboardInterrupt | SystemExit | None:
    """The Ctrl-C or SIGTERM in whose place, or while which, `error` was raised. None for other errors."""
    seen: set[int] = set()
    behind: BaseException | None = error
    while behind is not None and id(behind) not in seen:
        if isinstance(behind, KeyboardInterrupt | SystemExit):
            return behind
        seen.add(id(behind))
        behind = behind.__cause__ or behind.__context__
    return None


def _forget_output() -> None:
    """Keeps the interpreter from reporting at its end that standard output is broken."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _from_click(error: click.UsageError, args: Sequence[str]) -> AirconnError:
    """The error for a command line that click refuses, with the command that is meant, if that can be told."""
    from airconn.cli import meant

    message = " ".join(error.format_message().split())
    # click names no command where the value of an option is missing.
    named = args[0] if args and args[0] in COMMANDS else ""
    command = error.ctx.command_path if error.ctx else f"airconn {named}".rstrip()
    hint = None
    if error.ctx is not None and error.ctx.info_name in COMMANDS:
        name, has = error.ctx.info_name, meant.flags(param.opts for param in error.ctx.command.params)
        if isinstance(error, click.NoSuchOption):
            hint = meant.of_option(name, error.option_name, has)
            message = f"no such option {error.option_name!r}" if hint else message
        elif message.startswith("Got unexpected extra argument"):
            hint = meant.of_extra_words(name, _words(error.ctx, args))
            hint = hint or ("the address to read from is written after --from" if "--from" in has else None)
        elif isinstance(error, click.MissingParameter):
            hint = meant.of_missing(name, _words(error.ctx, args))
    hint = hint or f"{command} --help lists its options"
    return UsageError(message[:1].lower() + message[1:].rstrip("."), hint=hint)


def _words(ctx: click.Context, args: Sequence[str]) -> list[str]:
    """The words of a command line behind the name of the command that aren't options or their values."""
    rest = list(args[args.index(ctx.info_name) + 1 :]) if ctx.info_name in args else []
    command = click.Command(
        ctx.info_name, params=[one for one in ctx.command.params if isinstance(one, click.Option)]
    )
    parser = command.make_parser(click.Context(command, resilient_parsing=True))
    parser.ignore_unknown_options = True
    try:
        return list(parser.parse_args(rest)[1])
    except click.UsageError:
        return []


def _is_of_click(error: OSError) -> bool:
    """Whether click raised an error when it printed a help text."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0] == "click"


def _bug(error: Exception) -> AirconnError:
    place, trace = "nowhere", error.__traceback__
    while trace:
        module = trace.tb_frame.f_globals.get("__name__", "")
        if module.partition(".")[0] == "airconn":
            place = f"{module}:{trace.tb_lineno}"
        trace = trace.tb_next
    return AirconnError(
        f"{own_fault(error)} in {place}",
        hint="please report this line with your command and the versions of airconn and Airflow; it holds no values",
    )
