"""The names of the dialects of .env files, and the mark: the first line of a file, which names its dialect."""

from __future__ import annotations

import re

from airconn.patterns import pattern

PORTABLE = "portable"
"""The dialect of a file without a mark."""
NAMES = (PORTABLE, "python-dotenv", "sh", "compose", "docker", "astro-env", "astro-save")
SHELL_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_]*")
_MARK = pattern(r"\ufeff?#[ \t]*airconn:[ \t]*env-dialect[ \t]+(\S+)[^\S\n]*(?:[\n\r]|\Z)")
_LIKE_A_MARK = pattern(r"#[\W_]*airconn[\W_]*env[\W_]*dialect(?!s)", re.IGNORECASE)


def named_by_mark(text: str) -> str | None:
    """The dialect that the first line of a file names. None if that isn't a mark."""
    match = _MARK.match(text)
    return match[1] if match else None


def is_like_a_mark(comment: str) -> bool:
    """Whether a comment was meant as a mark, such as `# Airconn: env_dialect=sh`."""
    return _LIKE_A_MARK.match(comment) is not None
