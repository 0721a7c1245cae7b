"""Files that every reader of .env files is to read alike, as far as that goes."""

from __future__ import annotations

from airconn.formats.dotenv import lines, quoting, references
from airconn.formats.dotenv.dialect import Dialect, no_text
from airconn.formats.dotenv.marks import PORTABLE

DIALECT = Dialect(
    PORTABLE,
    "every reader of .env files",
    lines.entries,
    quoting.quote,
    quoting.quote_like,
    lambda value: no_text(value) or quoting.refusal(value),
    one_line=quoting.in_one_line,
    expanded_by=references.expanded_by_any,
)
