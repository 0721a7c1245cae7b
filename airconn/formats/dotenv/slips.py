"""Slips in .env files: names that are nearly those that Airflow looks for, and lines of scripts."""

from __future__ import annotations

import re
from functools import lru_cache

from airconn.formats.dotenv.marks import SHELL_NAME

_WORDS = {
    **dict.fromkeys(("CONN", "CONNECT", "CONNECTION", "CONNECTIONS"), "AIRFLOW_CONN_"),
    **dict.fromkeys(("VAR", "VARS", "VARIABLE", "VARIABLES"), "AIRFLOW_VAR_"),
}
"""What people write instead of `CONN` and `VAR`, and the prefix that they mean."""
_PREFIXES = tuple(dict.fromkeys(_WORDS.values()))
_LETTERS = frozenset("AIRFLOW")
_LONGEST_NAME = 300
_SHELL = "let a shell run it, and read the environment: set -a; . ./FILE; set +a; airconn import env:"
_SCRIPTS = (
    (r"(?:declare|typeset) -|(?:if|for|while|case|set|function) .*[^=]$|\w+ ?\(\)", _SHELL),
    (r"\$env:", "this is PowerShell; write NAME=VALUE"),
    (r"(?i:setx? +\w+[= ]|@echo |rem )", "this is a script of Windows; write NAME=VALUE, and # before comments"),
    (r"\w+[ \t]*:(?:[ \t]|$)", "write '=' in place of ':'"),
)
_HINTS = tuple((re.compile(pattern), hint) for pattern, hint in _SCRIPTS)


def hint_of(line: str) -> str:
    """What to do about a line that isn't NAME=VALUE. Empty if it isn't one that other programs have."""
    line = line.strip()
    return next((hint for pattern, hint in _HINTS if pattern.match(line)), "")


def is_assignment_of_airflow(name: str) -> bool:
    """Whether the text before a '=' begins with a '$', and has a name of Airflow in it."""
    return name.startswith("$") and ("AIRFLOW_CONN_" in name or "AIRFLOW_VAR_" in name)


def near_miss(name: str) -> str:
    """What to say of a name that Airflow doesn't look for, and that looks meant for it. Empty for other names.

    No part of the name is quoted: without a '=' it may be a value.
    """
    return "" if name.startswith(_PREFIXES) and name not in _PREFIXES else _near_miss(name)


@lru_cache(maxsize=4096)
def _near_miss(name: str) -> str:
    prefix = _meant_prefix(name)
    if prefix is None or (name.startswith(prefix) and name != prefix):
        return ""
    if name in (prefix, prefix[:-1]):
        return f"no id follows {prefix[:-1]}, so it is skipped"
    return f"Airflow looks for names that start with {prefix}, so this one is skipped"


def _meant_prefix(name: str) -> str | None:
    """The prefix with which a name starts, or most likely should. None for others, such as `AIRFLOW__` settings."""
    if not SHELL_NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        return None
    airflow, _, rest = name.upper().partition("_")
    word, _, id_ = rest.partition("_")
    if not word or len(_LETTERS.intersection(airflow)) < len(_LETTERS) - 2:  # most names, told without difflib
        return None
    from difflib import get_close_matches

    if not get_close_matches(airflow, ["AIRFLOW"], cutoff=0.85):
        return None
    if not id_:  # without an id, only these two are certainly meant
        return f"{airflow}_{word}_" if airflow == "AIRFLOW" and word in ("CONN", "VAR") else None
    near = get_close_matches(word, _WORDS, n=1, cutoff=0.8)
    return _WORDS[near[0]] if near else None
