"""The mark of a file that `airconn export --split` wrote, so that only such files are changed and removed by it."""

from __future__ import annotations

from airconn.formats import omission
from airconn.patterns import pattern

YAML = "# airconn: split\n"
JSON = {"split": "one object"}
"""What is under the key of marks in JSON, as its first entry."""
_IN_YAML = pattern(r"# airconn: split[ \t]*\r?\n")
_IN_JSON = pattern(rf'\{{\s*"{omission.KEY}"\s*:\s*\{{\s*"split"\s*:')


def is_marked(text: str) -> bool:
    """Whether a text begins with the mark."""
    return bool(_IN_YAML.match(text) or _IN_JSON.match(text))
