"""The dialect of files that all readers of .env files read alike, as far as possible."""

from __future__ import annotations

from airconn.formats.dotenv import lines, quoting
from airconn.formats.dotenv.dialect import Dialect, nul_refusal
from airconn.formats.dotenv.expansion_python_dotenv import expanding
from airconn.formats.dotenv.marks import PORTABLE
from airconn.formats.dotenv.readers.reader import READERS

DIALECT = Dialect(
    PORTABLE,
    "every reader of .env files",
    lines.entries,
    quoting.quote,
    quoting.quote_like,
    lambda value: nul_refusal(value) or quoting.refusal(value),
    one_line=quoting.in_one_line,
    expanded=expanding(lines.entries, for_all=True),
    compared_with=READERS,
)
