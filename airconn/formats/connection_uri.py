"""Reads a connection from a URI as Airflow does, and writes the one form that every Airflow reads alike."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit

from airconn.formats import uri_hints
from airconn.formats.base import UNSET_COMES_BACK_EMPTY
from airconn.model import MASK, REDACTED, Connection, Rules, Str, Text, hidden_or
from airconn.patterns import pattern

EXTRA_KEY = "__extra__"
"""The query parameter that holds an extra as JSON text (`Connection.EXTRA_KEY`)."""

_C0_AND_SPACE = "".join(map(chr, range(33)))
_ENCODED_MASK = "".join(f"%{ord(mark):02X}" for mark in MASK)
_SCHEME = pattern(r"[a-z][a-z0-9+.-]*")
_PORTS = range(65536)


class UriError(ValueError):
    """Airflow refuses this URI. `span` is the faulty part, as offsets into the URI; the message quotes nothing."""

    def __init__(self, message: str, span: tuple[int, int] | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.hint = hint


@dataclass(frozen=True, slots=True, repr=False)
class UriFields:
    """The fields that a URI holds. As in Airflow, an absent host or schema is `''`, any other absent part None."""

    conn_type: str
    host: Str
    schema: Str
    login: Str
    password: Str
    port: int | None
    extra: Text | Any | None


def normalize_conn_type(conn_type: str) -> str:
    """The type that Airflow makes of a URI's scheme or of a JSON `conn_type` (`Connection._normalize_conn_type`)."""
    return "postgres" if conn_type == "postgresql" else conn_type.replace("-", "_")


def parse(uri: str, rules: Rules) -> UriFields:
    """The fields that Airflow reads from `uri`: `Connection._parse_from_uri` of the version of `rules`.

    What Airflow misreads silently is misread here as well. Raises `UriError` where Airflow raises.
    """
    schemes = uri.count("://")
    if schemes > 2:
        third = [match.start() for match in re.finditer("://", uri)][2]
        raise UriError("this URI has a third '://'", (third, third + 3), uri_hints.TWO_SCHEMES)
    scheme = _split(uri, uri).scheme
    # Airflow replaces every occurrence: `s3://s3://bucket` loses both.
    rest = uri.replace(f"{scheme}://", "" if schemes == 2 else "//")
    if schemes == 2 and any(mark in rest.split("://", 1)[0] for mark in "@:"):
        message = "this URI has a '://' that Airflow reads as a second scheme"
        raise UriError(message, None, uri_hints.TWO_SCHEMES)
    parts = _split(rest, uri)
    try:
        port = parts.port
    except ValueError:
        raise UriError(*_port_fault(parts.netloc, uri), uri_hints.of_port(uri)) from None
    host = decode(parts.hostname or "")
    if "/" in host:
        host = decode(parts.netloc.rsplit("@", 1)[-1].split(":", 1)[0])
    if schemes == 2 and parts.scheme and host:
        host = f"{parts.scheme}://{host}"
    return UriFields(
        conn_type=normalize_conn_type(scheme),
        host=hidden_or(host),
        schema=hidden_or(decode(parts.path[1:])),
        login=hidden_or(_unquoted(parts.username)),
        # Airflow's core can't hold an empty password (`set_password` ignores it).
        password=hidden_or(_unquoted(parts.password) or None),
        port=port,
        extra=_extra(parts.query, rules) if parts.query else None,
    )


def _split(text: str, uri: str) -> Any:
    """The result of `urlsplit` in Python 3.11 and later: 3.10 also takes a scheme that starts with a digit."""
    try:
        text = text.lstrip(_C0_AND_SPACE)
        parts = urlsplit(text) if text[:1].isalpha() else urlsplit(f"x:{text}")._replace(scheme="")
        _ = parts.hostname
    except ValueError as error:
        # The library's message quotes the URI.
        if "NFKC" in str(error):
            message = "the host part of this URI has a character that Unicode reads as '/', '?', '#', '@' or ':'"
            hint = uri_hints.IN_HOST
        else:
            message = "this URI has a '[' or ']' outside of an IPv6 host"
            hint = uri_hints.of_brackets(uri)
        raise UriError(message, _netloc_span(uri), hint) from None
    return parts


def _unquoted(part: str | None) -> str | None:
    return decode(part) if part else part


def _netloc_span(uri: str) -> tuple[int, int] | None:
    start = uri.rfind("://")
    if start < 0:
        return None
    end = re.search(r"[/?#]", uri[start + 3 :])
    return start + 3, start + 3 + end.start() if end else len(uri)


def _port_fault(netloc: str, uri: str) -> tuple[str, tuple[int, int] | None]:
    _, _, host = netloc.rpartition("@")
    _, _, after_bracket = host.rpartition("]")
    _, _, port = after_bracket.partition(":")
    message = (
        "the port of this URI{} is above 65535"
        if re.fullmatch(r"[0-9]+", port)
        else "the port of this URI{} is not a number"
    )
    base = uri.rfind(netloc)
    if base < 0:
        return message, None
    end = base + len(netloc)
    return message, (end - len(port), end)


def _extra(query: str, rules: Rules) -> Text | Any:
    values: dict[str, Any] = dict(decode_query(query))
    if EXTRA_KEY in values:
        return Text.of(values[EXTRA_KEY])
    if rules.typed_query_values:
        values = {key: _typed(value) for key, value in values.items()}
    try:
        return Text.of(json.dumps(values))
    except RecursionError:
        raise _too_large() from None


def _typed(value: str) -> Any:
    try:
        return json.loads(value)
    except json.JSONDecodeError:
        return value
    except (ValueError, RecursionError):  # Airflow doesn't catch these
        raise _too_large() from None


def _too_large() -> UriError:
    return UriError("a query value of this URI is a number that is too long, or is nested too deep, for Airflow")


def build(connection: Connection) -> str:
    """The URI from which Airflow 2.x, Airflow 3.x and the Task SDK all read the same fields.

    Unlike with Airflow's own `get_uri`, the extra is never spread over the query (3.1+ would read `"1"` back as a
    number), the host keeps its case and its own scheme, and port 0 stays. A hidden field is written as the mask.
    :func:`losses` gives what such a URI can't hold, and :func:`is_writable` whether there can be one.
    """
    uri = connection.conn_type.lower().replace("_", "-")
    uri = f"{uri}://" if uri else "//"
    login, password = _shown(connection.login), _shown(connection.password)
    if login is not None or password is not None:
        uri += _encode(login or "") + (":" + _encode(password) if password is not None else "") + "@"
    uri += _encode_host(_shown(connection.host) or "")
    if connection.port is not None and connection.port in _PORTS:
        uri += f":{connection.port}"
    uri += "/" + _encode(_shown(connection.schema) or "")
    extra = connection.extra
    if extra is not None:
        text = extra.text if isinstance(extra, Text) else MASK
        uri += f"?{EXTRA_KEY}={text.translate(_IN_QUERY).replace(_ENCODED_MASK, MASK)}"
    return uri


def _shown(value: Str) -> str | None:
    return MASK if value is REDACTED else value  # type: ignore[return-value]


def _encode(text: str) -> str:
    return MASK if text == MASK else text.translate(_IN_TEXT)  # the mask, so that a person sees it


def _encode_host(host: str) -> str:
    return MASK if host == MASK else host.translate(_IN_HOST)


class _Encoding(dict[int, str]):
    """A table for `str.translate` that percent-encodes all characters except those of `plain`.

    `urllib.parse.quote` builds a list of all characters, which takes ten times the memory of a long value.
    """

    def __init__(self, plain: str, others: Mapping[str, str] = MappingProxyType({})) -> None:
        super().__init__({**{ord(c): c for c in plain}, **{ord(c): text for c, text in others.items()}})

    def __missing__(self, character: int) -> str:
        encoded = "".join(f"%{byte:02X}" for byte in chr(character).encode())
        if character < 128:
            self[character] = encoded
        return encoded


_HOST_MARKS = string.ascii_lowercase + string.digits + "_.-"
_IN_HOST = _Encoding(_HOST_MARKS)
"""urlsplit() lower-cases a host before it is decoded, so that capitals must be encoded."""
# A '~' after a ':' is a home directory to a shell that reads the line as an assignment.
_IN_TEXT = _Encoding(_HOST_MARKS + string.ascii_uppercase)
_IN_QUERY = _Encoding(_HOST_MARKS + string.ascii_uppercase, {" ": "+"})


def decode(text: str) -> str:
    """The same as `urllib.parse.unquote(text)`, which takes fifty times the memory of a long text."""
    if not text.isascii():
        return unquote(text)
    decoded = _ENCODED.sub(lambda match: _BYTES[int(match[1], 16)], text) if "%" in text else text
    return decoded if decoded.isascii() else decoded.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


_ENCODED = pattern("%([0-9A-Fa-f]{2})")
_BYTES = [bytes([byte]).decode("ascii", "surrogateescape") for byte in range(256)]


def decode_query(query: str) -> Iterator[tuple[str, str]]:
    """The same pairs as `urllib.parse.parse_qsl(query, keep_blank_values=True)`."""
    for pair in query.split("&"):
        if pair:
            name, _, value = pair.replace("+", " ").partition("=")
            yield decode(name), decode(value)


def losses(connection: Connection, uri: str, rules: Rules) -> dict[str, str]:
    """The fields that aren't read back as they were from a URI of :func:`build`, and what happens to them."""
    lost: dict[str, str] = {}
    for name in ("description", "team_name"):
        if getattr(connection, name) is not None:
            lost[name] = "has no field in a URI"
    again = parse(uri, rules)
    for name in ("conn_type", "host", "schema", "login", "password", "port", "extra"):
        before, after = getattr(connection, name), getattr(again, name)
        if before is not after and before != after:
            lost[name] = _fate(before, after)
    if connection.port is not None and connection.port not in _PORTS:
        lost["port"] = "is not between 0 and 65535, which Airflow requires in a URI: left out"
    return lost


def is_writable(connection: Connection) -> bool:
    """Whether the type can be the scheme of a URI."""
    scheme = connection.conn_type.lower().replace("_", "-")
    return not scheme or _SCHEME.fullmatch(scheme) is not None


def _fate(before: object, after: object) -> str:
    if before is None and after == "":
        return UNSET_COMES_BACK_EMPTY
    if before == "" and after is None:
        return "is an empty text, and comes back as not set"
    return "comes back in another form"


def fields_of(conn_id: str, parsed: UriFields, **others: Any) -> Connection:
    """The connection that a parsed URI makes."""
    connection = Connection(
        conn_id=conn_id,
        conn_type=parsed.conn_type,
        host=parsed.host,
        schema=parsed.schema,
        login=parsed.login,
        password=parsed.password,
        port=parsed.port,
        extra=parsed.extra,
    )
    return replace(connection, **others) if others else connection
