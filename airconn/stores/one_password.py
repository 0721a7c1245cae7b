"""Reads secrets of 1Password with the user's `op`.

1Password CLI 2, developer.1password.com/docs/cli/reference/commands/read: `op read -n REFERENCE`, without a line end.
"""

from __future__ import annotations

import re
import shutil
import subprocess

from airconn.errors import AirconnError, InputError, TargetError

PROGRAM = "op"
SECONDS = 120
"""How long `op` may take, which may ask the user to unlock 1Password."""
_UNKNOWN = re.compile(
    r"isn't a(?:n)? (?:vault|item|field|section)|(?:vault|item|field|section) (?:was )?not found"
    r"|could not (?:find|resolve) (?:the )?(?:vault|item|field|section)|does not have a field"
    r"|invalid secret reference"
    r"|more than one (?:vault|item)",
    re.IGNORECASE,
)
"""What `op` says of a reference that leads nowhere. Other failures are those of the way there."""


def read(reference: str, environ: dict[str, str], seconds: float = SECONDS) -> str:
    """The value of `op://VAULT/ITEM/[SECTION/]FIELD`, character for character.

    Raises `InputError` where 1Password has nothing there, and `TargetError` where it can't be asked. Messages have
    nothing of what `op` says, which may quote.
    """
    program = shutil.which(PROGRAM, path=environ.get("PATH"))
    if program is None:
        raise TargetError(
            "the program op isn't there", hint="install the 1Password CLI (developer.1password.com/docs/cli)"
        )
    try:
        done = subprocess.run(  # noqa: S603 - run without a shell; a reference begins with op://
            (program, "read", "-n", reference),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            env=environ,
        )
    except subprocess.TimeoutExpired:
        raise TargetError(f"op gave no value within {max(seconds, 1):.0f} s", hint=_TRY) from None
    except (OSError, ValueError):
        raise TargetError("the program op can't be run", hint=_TRY) from None
    if done.returncode != 0:
        raise _failure(done.returncode, done.stderr.decode(errors="replace"))
    try:
        return done.stdout.decode()
    except UnicodeDecodeError:
        raise InputError("the value is not UTF-8 text") from None


_TRY = "try it yourself: op whoami, and op read with this reference"


def _failure(code: int, said: str) -> AirconnError:
    if _UNKNOWN.search(said):
        return InputError("1Password has no such vault, item or field, or several", hint=_TRY)
    return TargetError(f"op failed with exit code {code}", hint=_TRY)
