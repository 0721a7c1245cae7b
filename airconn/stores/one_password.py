"""Reads secrets of 1Password with the user's `op`.

1Password CLI 2, developer.1password.com/docs/cli/reference/commands/read: `op read -n REFERENCE`, without a line end.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence

from airconn.errors import AirconnError, InputError, TargetError

PROGRAM = "op"
SECONDS = 120
"""How long `op` may take, which may ask the user to unlock 1Password."""
_LONGEST = 1024 * 1024
"""The most bytes of a value, and of what `op` says of an error."""
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
    code, out, said = _run((program, "read", "-n", reference), environ, seconds)
    if len(out) > _LONGEST:
        raise InputError("op printed more than 1 MiB, which is not a secret", hint=_TRY)
    if code != 0:
        raise _failure(code, said.decode(errors="replace"))
    try:
        return out.decode()
    except UnicodeDecodeError:
        raise InputError("the value is not UTF-8 text") from None


def _run(command: Sequence[str], environ: Mapping[str, str], seconds: float) -> tuple[int, bytes, bytes]:
    """The exit code of a command, and what it printed, of which no more is read than a secret may have.

    Raises `TargetError` if it takes longer than so many seconds.
    """
    said: list[bytes] = []
    late = threading.Event()
    try:
        process = subprocess.Popen(  # noqa: S603 - run without a shell; a reference begins with op://
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(environ)
        )
    except (OSError, ValueError):
        raise TargetError("the program op can't be run", hint=_TRY) from None

    def end() -> None:
        late.set()
        process.kill()

    timer = threading.Timer(seconds, end)
    timer.start()
    try:
        with process:
            assert process.stdout and process.stderr  # noqa: S101, PT018 - they are pipes
            errors = process.stderr
            listener = threading.Thread(target=lambda: said.append(errors.read(_LONGEST)), daemon=True)
            listener.start()
            out = process.stdout.read(_LONGEST + 1)
            if len(out) > _LONGEST:
                process.kill()
            code = process.wait()
            listener.join()
    finally:
        timer.cancel()
    if late.is_set():
        raise TargetError(f"op gave no value within {max(seconds, 1):.0f} s", hint=_TRY)
    return code, out, b"".join(said)


_TRY = "try it yourself: op whoami, and op read with this reference"


def _failure(code: int, said: str) -> AirconnError:
    if _UNKNOWN.search(said):
        return InputError("1Password has no such vault, item or field, or several", hint=_TRY)
    return TargetError(f"op failed with exit code {code}", hint=_TRY)
