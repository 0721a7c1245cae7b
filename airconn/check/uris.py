"""Checks URIs that Airflow reads differently from how they look (`Connection._parse_from_uri` of 2.x and 3.x)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qsl, unquote, urlsplit

from airconn.formats import connection_uri
from airconn.formats.connection_uri import EXTRA_KEY, UriError
from airconn.model import Rules

_C0_AND_BLANK = "".join(map(chr, range(33)))

UriProblem = tuple[str, int, str]
"""The code of a rule, an offset into the URI, and a message that quotes nothing of it."""

_ADJACENT = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([A-Za-z][A-Za-z0-9+.-]*)://")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_TAKEN_OUT = re.compile(r"\A[\x00-\x20]+|[\t\r\n]")


def problems(uri: str, rules: Rules) -> Iterator[UriProblem]:
    """The parts of a URI that Airflow reads differently from how they look."""
    if "#" in uri:
        yield "AC202", uri.index("#"), "Airflow drops this '#' and all that follows"
    try:
        parsed = connection_uri.parse(uri, rules)
    except UriError:
        return  # the reader reports it
    yield from _schemes(uri, parsed.conn_type)
    yield from _blanks(uri)
    yield from _escapes(uri)
    if parsed.conn_type:
        yield from _host(uri)
        yield from _query(uri)


def _schemes(uri: str, conn_type: str) -> Iterator[UriProblem]:
    before, mark, _ = uri.partition("://")
    if not conn_type:
        if mark and re.fullmatch(r"[A-Za-z][\w+.-]*", before) and "_" in before:
            yield "AC210", before.index("_"), "a scheme has no '_': Airflow finds no type, and cuts the rest"
        else:
            yield "AC203", 0, "there is no 'conn_type://' in front: Airflow finds no type, and cuts a character"
        return
    colon = uri.index(":")
    if not uri.startswith("://", colon):
        yield "AC203", colon, "no '//' follows the scheme: Airflow takes the rest for a schema, and cuts a character"
        return
    if uri.count("://") < 2:
        return
    second = uri.index("://", uri.index("://") + 3)
    adjacent = _ADJACENT.match(uri.lstrip())
    if adjacent and adjacent[1].lower() == adjacent[2].lower():
        yield "AC201", second - len(adjacent[2]), "the scheme stands twice: Airflow takes out both, and cuts the rest"
    elif not adjacent or adjacent[1] != adjacent[1].lower() or adjacent[2].lower().endswith(adjacent[1]):
        yield "AC204", second, "Airflow takes this second '://' for the end of a scheme, and cuts the rest"


def _blanks(uri: str) -> Iterator[UriProblem]:
    if match := _TAKEN_OUT.search(uri):
        yield "AC209", match.start(), "Airflow takes out the blanks in front, and every tab and line break"
    elif uri != uri.rstrip():
        yield "AC209", len(uri.rstrip()), "the blanks at the end are a part of the last field"


def _escapes(uri: str) -> Iterator[UriProblem]:
    if bad := _BAD_ESCAPE.search(uri):
        yield "AC208", bad.start(), "this '%' is no escape, and stays as it is"
    for match in _ESCAPES.finditer(uri):
        decoded = bytes.fromhex(match[0].replace("%", "")).decode(errors="surrogateescape")
        if bad_byte := re.search("[\ud800-\udfff]", decoded):
            start = match.start() + 3 * len(decoded[: bad_byte.start()].encode())
            yield "AC208", start, "this escape is no UTF-8: Airflow makes U+FFFD of it"
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
    keys = Counter(key for key, _ in parse_qsl(query, keep_blank_values=True))
    if len(keys) > 1 and EXTRA_KEY in keys:
        yield "AC206", start, "Airflow ignores the query parameters next to __extra__"
    if any(number > 1 for number in keys.values()):
        yield "AC207", start, "a query parameter stands twice: Airflow takes the last one"
