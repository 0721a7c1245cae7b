"""`airconn completion`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from airconn.cli.app import App
from airconn.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_SHELLS = ("bash", "zsh", "fish")


@click.command("completion", short_help="Print or install the completion script of a shell.")
@click.argument("shell", type=click.Choice(_SHELLS), required=False)
@click.option(
    "--install", is_flag=True, help="Write the script to where the shell looks for it [the shell of $SHELL]."
)
@click.pass_obj
def command(app: App, /, shell: str | None, install: bool) -> None:
    """Print the script that completes commands, options, ids and more in a shell, or install it.

    \b
      airconn completion --install
      eval "$(airconn completion bash)"
    """
    from airconn.cli.completion_scripts import script_of

    if not install:
        if shell is None:
            shells = "|".join(_SHELLS)
            raise UsageError(
                f"missing argument '{{{shells}}}'. Choose from: {', '.join(_SHELLS)}",
                hint="airconn completion --install takes the shell of $SHELL",
            )
        app.data(script_of(shell), raw=True)
        return
    from airconn.cli.completion_scripts import install_script

    installed = install_script(shell or _shell_of(app.environ), app.environ)
    state = "installed" if installed.is_new else "is up to date"
    app.say(f"{installed.path}: the completion script of {installed.shell} {state}")
    if installed.lines:
        app.say(f"add to {installed.settings}:", *(f"  {line}" for line in installed.lines))
    app.say(f"it works in new shells, and in this one after: {installed.command}")


def _shell_of(environ: Mapping[str, str]) -> str:
    """The name of the user's shell. Raises `UsageError` for one without a script."""
    name = environ.get("SHELL", "").rpartition("/")[2]
    if name not in _SHELLS:
        what = f"$SHELL is {name}, and airconn has scripts for bash, zsh and fish" if name else "$SHELL isn't set"
        raise UsageError(what, hint=f"airconn completion --install {' or '.join(_SHELLS)}")
    return name
