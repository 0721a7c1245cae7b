"""Runs the user's commands that print a secret, such as a token. Messages show neither arguments nor output."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airconn.credential_settings import one_line
from airconn.credentials import CredentialCommand, Credentials
from airconn.errors import TargetError, UsageError

if TYPE_CHECKING:
    from airconn.stores.http.deadline import RunDeadline

_ASTROS_LINE = "Using an Astro API Token"
"""What `astro auth token` prints before the token (astro-cli 1.45.0, cmd/cloud/setup.go)."""
SECONDS = 30
"""How long a command may take."""


def first_line(
    words: Sequence[str], what: str, *, prints: str = "value", seconds: float = SECONDS, hint: str | None = None
) -> str:
    """The first line that a command prints.

    `what` and `prints` are how messages call the command and its output, and `hint` says where it is set. Raises
    `UsageError` for a program that can't be run, and `TargetError` for one that fails, prints no
    secret or takes too long.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, run without a shell
            tuple(words), stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise TargetError(f"{what} printed no {prints} within {SECONDS} s", hint=hint) from None
    except (OSError, ValueError) as error:  # a ValueError for a NUL in it
        reason = (isinstance(error, OSError) and error.strerror) or "the system refuses"
        raise UsageError(f"the program of {what}, {words[0]!r}, can't be run: {reason}", hint=hint) from None
    if done.returncode != 0:
        message = f"{what} failed with exit code {done.returncode}"
        raise TargetError(message, hint="run it yourself to see its output")
    lines = done.stdout.decode(errors="replace").splitlines()
    if not lines or not lines[0].strip():
        raise TargetError(f"{what} printed no {prints}", hint="its first line is taken")
    if lines[0].strip() == _ASTROS_LINE:
        raise TargetError(
            f"{what} printed no {prints}, but the line {_ASTROS_LINE!r}",
            hint="the Astro CLI prints that first if ASTRO_API_TOKEN is set: use that token itself, "
            "such as AIRCONN_TOKEN=$ASTRO_API_TOKEN",
        )
    return lines[0]


def with_commands_run(credentials: Credentials, deadline: RunDeadline) -> Credentials:
    """The credentials with all that their commands print. Raises as `first_line`, and `OutOfTime`."""
    found, headers = credentials, dict(credentials.headers)
    for command in credentials.commands:
        printed = _printed(command, deadline)
        if command.field == "headers":
            headers[command.header] = one_line(printed, command.source)
        else:
            found = replace(found, **{command.field: printed})  # type: ignore[arg-type]
    return replace(found, headers=headers, commands=())


def _printed(command: CredentialCommand, deadline: RunDeadline) -> str:
    try:
        return first_line(command.words, command.source, seconds=deadline.seconds(SECONDS))
    except TargetError:
        deadline.seconds(SECONDS)  # raises if the deadline has cut it off
        raise
