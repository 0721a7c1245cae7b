"""The dialect of `astro deployment variable list --save` (astro-cli `cloud/deployment/deployment_variable.go`).

A value is written as it is: without quotes and escapes, and what follows a line break in it is the next line. Each
run adds its lines to the file, each with a line feed before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from airconn.formats.dotenv.dialect import Dialect, nul_refusal, one_style
from airconn.formats.dotenv.lines import Entry, without_bom
from airconn.formats.dotenv.marks import SHELL_NAME
from airconn.formats.dotenv.quoting import Quoted
from airconn.model.ambiguity import Ambiguity
from airconn.patterns import pattern

MASK = " # secret"
"""What follows the `=` of a secret."""
_LINE = pattern(r"([^\n]*)(?:\n|\Z)")
_OURS = pattern(r"#[ \t]*airconn:")
_PADDED = pattern(r"[A-Za-z0-9]*[a-z][A-Za-z0-9]*={1,2}")
"""What may be the last line of a text in base64, and not a name."""
_LOAD = "astro deployment variable create --load"
_WAY_OUT = "check it in the Astro UI; --from-env-dialect, or the first line of the file, selects another dialect"


def entries(text: str) -> Iterator[Entry]:
    """The entries of a file in their order. Lines without a name and a `=` belong to the value above them."""
    text = without_bom(text)
    # A program that has changed every line end of the file has changed those within values too.
    has_returns = "\r\n" in text and text.count("\n") == text.count("\r\n")
    open_: _SavedValue | None = None
    for number, match in enumerate(_LINE.finditer(text), 1):
        if match.start() == len(text):
            break
        line = match[1].removesuffix("\r") if has_returns else match[1]
        if line.startswith("#") and (open_ is None or _OURS.match(line)):
            if open_ is not None:
                yield open_.entry(text)
                open_ = None
            yield Entry(number, 1, comment=line.rstrip(), span=match.span())
        elif _starts_value(line, open_):
            if open_ is not None:
                yield open_.entry(text)
            open_ = _SavedValue(number, match.start(), match.end())
            open_.lines.append(line)
        elif open_ is not None:
            open_.lines.append(line)
            open_.ends.append(match.end())
        elif line.strip():
            yield Entry(number, 1, span=match.span(), is_fault=True)
    if open_ is not None:
        yield open_.entry(text)


def _starts_value(line: str, open_: _SavedValue | None) -> bool:
    name, assigned, value = line.partition("=")
    if not assigned or not SHELL_NAME.fullmatch(name):
        return False
    is_within = open_ is not None and (len(open_.lines) > 1 or value == "=")
    return not (is_within and _PADDED.fullmatch(line))


@dataclass(slots=True)
class _SavedValue:
    """A variable whose lines are being read."""

    number: int
    """The number of its first line."""
    start: int
    end: int
    """The end of its first line, with the line feed."""
    lines: list[str] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    """The ends of the other lines."""

    def entry(self, text: str) -> Entry:
        """The variable. Empty lines at its end are taken for what is between two variables."""
        used = len(self.lines)
        while used > 1 and not self.lines[used - 1].strip("\r"):
            used -= 1
        first, _, rest = self.lines[0].partition("=")
        end = self.end if used == 1 else self.ends[used - 2]
        value_start = self.start + len(first) + 1
        span = (self.start, end)
        value = "\n".join([rest, *self.lines[1:used]]).removesuffix("\r")
        if value == MASK:
            return Entry(self.number, 1, first, "", None, (value_start, value_start + len(value)), span, MASK.strip())
        value_end = end - len(text[value_start:end]) + len(text[value_start:end].rstrip("\r\n"))
        value_end = max(value_end, value_start)
        column = len(first) + 2 if used == 1 else None
        return Entry(
            self.number,
            1,
            first,
            value,
            column,
            (value_start, value_end),
            span,
            ambiguities=tuple(self._ambiguities(used)),
        )

    def _ambiguities(self, used: int) -> Iterator[Ambiguity]:
        if used > 1:
            first, last = self.number + 1, self.number + used - 1
            which = f"line {first} is" if used == 2 else f"lines {first} to {last} are"
            is_comment = any(line.startswith("#") for line in self.lines[1:used])
            yield Ambiguity(
                "AC425",
                f"{which} read as a part of the value above: `astro deployment variable list --save` "
                "writes line breaks so" + (", and no comments" if is_comment else ""),
                _WAY_OUT,
                blocks=is_comment,
            )
        if used < len(self.lines):
            yield Ambiguity(
                "AC425",
                "an empty line follows the value; it is not read as a part of the value, but may be one",
                _WAY_OUT,
            )


def quote(value: str) -> Quoted:
    """A value as it is. The Astro CLI itself takes quotes and blanks away when it loads such a file."""
    loaded = value.strip('"').strip("'").strip()
    return Quoted(value, () if value and loaded == value else (_LOAD,))


def refusal(value: str) -> str:
    """Why a value can't be written in such a file. Empty if it can."""
    if "\n" in value or value.endswith("\r"):
        return "the value has a line break, which files of the Astro CLI can't hold reliably"
    if value == MASK:
        return "the value is the text that the Astro CLI writes instead of a secret"
    return ""


DIALECT = Dialect(
    "astro-save",
    "astro deployment variable list --save",
    entries,
    quote,
    one_style(quote),
    lambda value: nul_refusal(value) or refusal(value),
    SHELL_NAME,
    line_ends=("\n", "\r\n"),
    has_quotes=False,
    way_out="write NAME=VALUE, without quotes",
)
