"""References in the values of .env files, which some readers expand and airconn reads as they are."""

from __future__ import annotations

import shlex

from airconn.patterns import pattern


def sourcing(file: str) -> str:
    """The commands that import the values that a shell reads from a file. `.` looks for a bare name on the PATH."""
    path = file if file.startswith(("/", "./", "../")) else f"./{file}"
    return f"set -a; . {shlex.quote(path)}; set +a; airconn import env:"


WAYS_OUT = (
    f"--expand expands it; '{sourcing('FILE')}' imports those of a shell; "
    "single quotes around the value keep it as text"
)
_IN_PYTHON_DOTENV = pattern(r"\$\{[^\}:]*(?::-[^\}]*)?\}")  # python-dotenv 1.2 `variables.py`


def expanded_by_python_dotenv(written: str) -> tuple[str, ...]:
    """The readers that expand a reference in a value of a file for python-dotenv, which is given with its quotes."""
    is_expanded = not written.startswith("'") and _IN_PYTHON_DOTENV.search(written)
    return ("python-dotenv",) if is_expanded else ()
