"""A command of the user that prints a token (AIRCONN_TOKEN_COMMAND)."""

from __future__ import annotations

import subprocess

from airconn.credentials import Credentials
from airconn.errors import TargetError, UsageError
from airconn.stores.airflow_api.login.login_way import BearerWay

_SECONDS = 30


class TokenCommand(BearerWay):
    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return bool(credentials.token_command)

    def new_token(self, *, late: bool) -> str | None:
        seconds = self.transport.deadline.seconds(_SECONDS)
        try:
            return _run(self.credentials.token_command or (), seconds)
        except TargetError:
            self.transport.deadline.seconds(_SECONDS)  # raises if the deadline has cut it off
            raise


def _run(command: tuple[str, ...], seconds: float) -> str:
    """The first line that a command prints.

    Messages show only the program, and neither its arguments nor its output: both may have a secret in them.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, run without a shell
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        raise TargetError(f"the token command printed no token within {_SECONDS} s") from None
    except OSError as error:
        reason = error.strerror or "the system refuses"
        raise UsageError(
            f"the program of the token command, {command[0]!r}, can't be run: {reason}",
            hint="it is AIRCONN_TOKEN_COMMAND, or token_command in your config.toml",
        ) from None
    lines = done.stdout.decode(errors="replace").splitlines()
    token = lines[0].strip() if lines else ""
    if done.returncode != 0:
        raise TargetError(
            f"the token command failed with exit code {done.returncode}", hint="run it by itself to see what it says"
        )
    if not token:
        raise TargetError("the token command printed no token", hint="its first line is taken")
    return token
