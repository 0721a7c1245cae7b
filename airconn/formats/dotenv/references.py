"""References in the values of .env files, which some readers expand and airconn reads as they are."""

from __future__ import annotations

import re
import shlex


def sourcing(file: str) -> str:
    """The commands that import the values that a shell reads from a file. `.` looks for a bare name on the PATH."""
    path = file if file.startswith(("/", "./", "../")) else f"./{file}"
    return f"set -a; . {shlex.quote(path)}; set +a; airconn import env:"


WAYS_OUT = (
    f"'{sourcing('FILE')}' imports the values that a shell puts there; "
    "single quotes around the value keep it as it is"
)
_IN_PYTHON_DOTENV = re.compile(r"\$\{[^\}:]*(?::-[^\}]*)?\}")  # python-dotenv 1.2 `variables.py`
_REFERENCE = re.compile(
    r"\\.|\$\$|(?P<braced>\$\{(?=[A-Za-z_]))|(?P<bare>\$(?=[A-Za-z_]))|(?P<command>\$\(|`)", re.DOTALL
)
_SHELL, _COMPOSE, _PYTHON_DOTENV = "a shell", "Docker Compose", "python-dotenv"
_READERS = {
    "command": (_SHELL,),
    "bare": (_COMPOSE, _SHELL),
    "braced": (_PYTHON_DOTENV, _COMPOSE, _SHELL),
}


def expanded_by_any(written: str) -> tuple[str, ...]:
    """The readers of .env files that expand a reference in a value, which is given with its quotes.

    Single quotes say that a value is text, though python-dotenv expands it with interpolation.
    """
    if written.startswith("'"):
        return ()
    found = {
        reader for match in _REFERENCE.finditer(written) if match.lastgroup for reader in _READERS[match.lastgroup]
    }
    return tuple(reader for reader in _READERS["braced"] if reader in found)


def expanded_by_python_dotenv(written: str) -> tuple[str, ...]:
    """The same of a file for python-dotenv alone."""
    is_expanded = not written.startswith("'") and _IN_PYTHON_DOTENV.search(written)
    return (_PYTHON_DOTENV,) if is_expanded else ()
