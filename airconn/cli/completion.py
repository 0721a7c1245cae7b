"""`airconn completion`."""

from __future__ import annotations

import click

from airconn.cli.app import App


@click.command("completion", short_help="Print the completion script of a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_obj
def command(app: App, /, shell: str) -> None:
    """Print the script that completes airconn's commands and options in a shell.

    \b
      eval "$(airconn completion bash)"
    """
    from click.shell_completion import get_completion_class

    from airconn.cli.main import group

    completion = get_completion_class(shell)
    assert completion is not None  # noqa: S101 - click has all three
    source = completion(group, {}, "airconn", "_AIRCONN_COMPLETE").source()
    if shell == "bash":
        # What follows the scheme of an address is a part of the same word.
        source = source.replace(
            "COMPREPLY+=($value)", "COMPREPLY+=($value); [[ $value == *:// ]] && compopt -o nospace"
        )
    app.data(source + "\n", raw=True)
