"""Finds what Airflow reads differently from how it looks in a URI (`Connection._parse_from_uri` of 2.x and 3.x).

`airconn check` has a rule for each finding, and the readers of formats attach them to the connections as ambiguities.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from types import MappingProxyType
from urllib.parse import parse_qsl, unquote, urlsplit

from airconn.formats import connection_uri
from airconn.formats.connection_uri import EXTRA_KEY, UriError
from airconn.model import Rules
from airconn.model.ambiguity import Ambiguity
from airconn.patterns import pattern

_C0_AND_BLANK = "".join(map(chr, range(33)))

UriProblem = tuple[str, int, str]
"""The code of a rule, an offset into the URI, and a message that quotes nothing of it."""

WAYS_OUT = MappingProxyType(
    {
        "AC201": "write the scheme once",
        "AC202": "percent-encode it as %23",
        "AC203": "start the URI with its conn_type and '://'",
        "AC204": "percent-encode it as %3A%2F%2F",
        "AC205": "percent-encode the capitals",
        "AC206": "put them into the JSON of __extra__",
        "AC207": "keep one of the two",
        "AC208": "percent-encode it ('#' is %23, ':' is %3A, '/' is %2F, '@' is %40, '%' is %25, a blank is %20)",
        "AC209": "delete them, or percent-encode them",
        "AC210": "write '-' in the scheme, which Airflow reads as '_'",
        "AC211": "write the extra as ?__extra__= and its JSON, which all releases read the same",
        "AC212": "write the value with one pair of quotes, or without any",
    }
)
"""What to do about the findings of each rule."""
MINOR = frozenset({"AC205"})
"""The rules whose findings only `airconn check` reports: names of hosts mean the same in lower case."""
OF_QUERY = frozenset({"AC206", "AC207", "AC211"})
"""The rules about the query, which do not count where the extra comes from elsewhere."""
_OF_RELEASE = frozenset({"AC211"})

_WORD = r"[A-Za-z0-9._~%*+!$,;=-]*"
_PLAIN = pattern(
    rf"[a-z][a-z0-9+.-]*://(?:{_WORD}(?::{_WORD})?@)?[a-z0-9._-]*(?::[0-9]+)?(?:/{_WORD})?"
    r"(?:\?([A-Za-z0-9._~%*+!$,;=&-]*))?"
)
_OTHER_ESCAPE = pattern("%(?![0-7][0-9A-Fa-f])")
_TYPED = pattern(r"""[\s+]*(?:["\[{%0-9-]|true|false|null|NaN|Infinity)""")
"""The beginnings of query values that may be JSON."""

_ADJACENT = pattern(r"([A-Za-z][A-Za-z0-9+.-]*)://([A-Za-z][A-Za-z0-9+.-]*)://")
_ESCAPES = pattern(r"(?:%[0-9A-Fa-f]{2})+")
_BAD_ESCAPE = pattern(r"%(?![0-9A-Fa-f]{2})")
_TAKEN_OUT = pattern(r"\A[\x00-\x20]+|[\t\r\n]")


def ambiguities(uri: str, rules: Rules, column: int | None) -> tuple[Ambiguity, ...]:
    """The findings in a URI that Airflow takes, as ambiguities of its connection.

    `column` is where the URI starts in its line, if it is written there unescaped.
    """
    if is_plain(uri):
        return ()
    return tuple(
        Ambiguity(
            code,
            message,
            WAYS_OUT[code],
            column=column + offset if column is not None and code not in _OF_RELEASE else None,
            is_minor=code in MINOR,
            of_release=code in _OF_RELEASE,
        )
        for code, offset, message in problems(uri, rules)
    )


def is_plain(uri: str) -> bool:
    """Whether a URI certainly has no finding. Quick, since nearly all URIs are such ones."""
    match = _PLAIN.fullmatch(uri)
    if match is None or ("%" in uri and _OTHER_ESCAPE.search(uri)):
        return False
    if not match[1]:
        return True
    pairs = match[1].split("&")
    if len(pairs) == 1 and match[1].startswith(f"{EXTRA_KEY}="):
        return True
    names = {pair.partition("=")[0] for pair in pairs}
    is_usual = len(names) == len(pairs) and EXTRA_KEY not in names and not any("%" in n or "+" in n for n in names)
    return is_usual and not any(_TYPED.match(pair.partition("=")[2]) for pair in pairs)


def problems(uri: str, rules: Rules) -> Iterator[UriProblem]:
    """The parts of a URI that Airflow reads differently from how they look."""
    if "#" in uri:
        yield "AC202", uri.index("#"), "Airflow drops this '#' and all that follows"
    try:
        parsed = connection_uri.parse(uri, rules)
    except UriError:
        return  # the reader reports it
    if quoted := _quotes(uri):
        yield quoted
    if not quoted or parsed.conn_type:
        yield from _schemes(uri, parsed.conn_type)
    yield from _blanks(uri)
    yield from _escapes(uri)
    if parsed.conn_type:
        yield from _host(uri)
        yield from _query(uri)


_QUOTES = "\"'`\u2018\u2019\u201c\u201d"


def _quotes(uri: str) -> UriProblem | None:
    """The quote at an end of a URI: quotes inside quotes, or of a file whose readers take them as they are."""
    start = len(uri) - len(uri.lstrip())
    if start < len(uri) and uri[start] in _QUOTES:
        return "AC212", start, "the value itself begins with a quote, so Airflow finds no type"
    end = len(uri.rstrip())
    if end and uri[end - 1] in _QUOTES:
        return (
            "AC212",
            end - 1,
            "the value itself ends with a quote, which Airflow reads as a part of the last field",
        )
    return None


def _schemes(uri: str, conn_type: str) -> Iterator[UriProblem]:
    before, mark, _ = uri.partition("://")
    if not conn_type:
        if mark and re.fullmatch(r"[A-Za-z][\w+.-]*", before) and "_" in before:
            yield "AC210", before.index("_"), "a scheme can't have a '_': Airflow finds no type, and cuts the rest"
        else:
            yield "AC203", 0, "there is no 'conn_type://' in front: Airflow finds no type, and cuts a character"
        return
    colon = uri.index(":")
    if not uri.startswith("://", colon):
        yield "AC203", colon, "no '//' follows the scheme: Airflow reads the rest as the schema, and cuts a character"
        return
    if uri.count("://") < 2:
        return
    second = uri.index("://", uri.index("://") + 3)
    adjacent = _ADJACENT.match(uri.lstrip())
    if adjacent and adjacent[1].lower() == adjacent[2].lower():
        yield (
            "AC201",
            second - len(adjacent[2]),
            "the scheme is written twice: Airflow removes both, and cuts the rest",
        )
    elif not adjacent or adjacent[1] != adjacent[1].lower() or adjacent[2].lower().endswith(adjacent[1]):
        yield "AC204", second, "Airflow reads this second '://' as the end of a scheme, and cuts the rest"


def _blanks(uri: str) -> Iterator[UriProblem]:
    if match := _TAKEN_OUT.search(uri):
        yield "AC209", match.start(), "Airflow removes the blanks in front, and every tab and line break"
    elif uri != uri.rstrip():
        yield "AC209", len(uri.rstrip()), "the blanks at the end are a part of the last field"


def _escapes(uri: str) -> Iterator[UriProblem]:
    if "%" not in uri:
        return
    if bad := _BAD_ESCAPE.search(uri):
        yield "AC208", bad.start(), "this '%' doesn't begin an escape, and stays as it is"
    for match in _ESCAPES.finditer(uri):
        decoded = bytes.fromhex(match[0].replace("%", "")).decode(errors="surrogateescape")
        if bad_byte := re.search("[\ud800-\udfff]", decoded):
            start = match.start() + 3 * len(decoded[: bad_byte.start()].encode())
            yield "AC208", start, "this escape isn't UTF-8: Airflow replaces it by U+FFFD"
            return


def _rest(uri: str) -> str:
    """The URI without its scheme, as Airflow parses it (`_parse_from_uri`)."""
    uri = uri.lstrip(_C0_AND_BLANK)
    scheme = urlsplit(uri).scheme
    return uri.replace(f"{scheme}://", "" if uri.count("://") == 2 else "//")


def _host(uri: str) -> Iterator[UriProblem]:
    netloc = urlsplit(_rest(uri)).netloc.rpartition("@")[2]
    if "/" in unquote(netloc):
        return  # a path of a socket, which keeps its case
    plain = re.sub(r"%[0-9A-Fa-f]{2}", "", netloc)
    if plain != plain.lower():
        yield "AC205", max(uri.rfind(netloc), 0), "Airflow lower-cases the host"


def _query(uri: str) -> Iterator[UriProblem]:
    query = urlsplit(_rest(uri)).query
    start = uri.index("?") + 1 if query else 0
    pairs = parse_qsl(query, keep_blank_values=True)
    keys = Counter(key for key, _ in pairs)
    if len(keys) > 1 and EXTRA_KEY in keys:
        yield "AC206", start, "Airflow ignores the query parameters next to __extra__"
    if any(number > 1 for number in keys.values()):
        yield "AC207", start, "a query parameter is written twice: Airflow takes the last one"
    if EXTRA_KEY not in keys and any(map(_is_typed, dict(pairs).values())):
        message = "query values are JSON to Airflow 3.1.6 and later, and texts to Airflow 2, 3.0 and workers"
        yield "AC211", start, message


def _is_typed(value: str) -> bool:
    """Whether the Airflows that read query values as JSON read another value than the text."""
    if not _TYPED.match(value):
        return False
    try:
        json.loads(value)
    except (ValueError, RecursionError):
        return False
    return True
