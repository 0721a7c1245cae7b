"""The text that a new connection starts from: the fields that its type knows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from airconn.airflow.conn_fields import STANDARD_FIELDS, ConnectionFields, ExtraField, fields_of
from airconn.airflow.conn_types import CONN_TYPES
from airconn.errors import UsageError

_PLAIN = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z_][\w-]*", re.IGNORECASE)
_INDENT = "    "
_WIDEST = 36
"""The column at which comments begin at the latest, but for longer keys."""


def new_connection_text(conn_type: str, conn_id: str) -> str:
    """YAML with the empty fields of a connection, and the keys of extra as comments.

    Raises `UsageError` that names the nearest type for one that no published provider has.
    """
    if conn_type not in CONN_TYPES:
        raise _unknown(conn_type)
    known = fields_of(conn_type)
    name = f" ({known.name})" if known.name and known.name.lower() != conn_type else ""
    lines = [
        f"# A new connection of the type {conn_type}{name}.",
        "# Save and close to see the plan; an unchanged text creates nothing.",
        "# Empty fields are not set. To set extra, remove its # and that of each key.",
        "connections:",
        f"  {_quoted(conn_id)}:",
        f"{_INDENT}conn_type: {_quoted(conn_type)}",
    ]
    rows = [*_standard_rows(known), *_extra_rows(known)]
    width = min(max(len(line) for line, _ in rows), _WIDEST)
    lines += [f"{line.ljust(width)}  # {comment}" if comment else line for line, comment in rows]
    return "".join(f"{line}\n" for line in lines)


def _standard_rows(known: ConnectionFields) -> Iterator[tuple[str, str]]:
    """The line and the comment of each field that the type uses."""
    for name in STANDARD_FIELDS:
        if name != "extra" and name not in known.hidden:
            yield f"{_INDENT}{name}:", _said(known.labels.get(name, ""), known.examples.get(name, ""))


def _extra_rows(known: ConnectionFields) -> Iterator[tuple[str, str]]:
    if known.extra:
        yield f"{_INDENT}# extra:", ""
        for one in known.extra:
            yield f"{_INDENT}#   {_quoted(one.key)}:{f' {one.default}' if one.default else ''}", _told(one)
    elif "extra" not in known.hidden:
        label = _said(known.labels.get("extra", ""), known.examples.get("extra", ""))
        yield f"{_INDENT}# extra: {{}}", label


def _told(one: ExtraField) -> str:
    type_ = "" if one.type == "string" else _TYPES.get(one.type, one.type)
    details = ", ".join(part for part in (type_, "secret" if one.secret else "") if part)
    return f"{one.label} ({details})" if details else one.label


_TYPES = {"boolean": "true or false", "integer": "a whole number", "number": "a number"}


def _said(label: str, example: str) -> str:
    return "; ".join(part for part in (label, f"such as {example}" if example else "") if part)


def _quoted(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


def _unknown(conn_type: str) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(conn_type.lower(), CONN_TYPES, n=1)
    shown = repr(conn_type) if re.fullmatch(r"[\w.-]{1,60}", conn_type) else "this"
    return UsageError(
        f"no published provider has connections of the type {shown}",
        where="--new",
        hint=f"did you mean {near[0]!r}?" if near else "airconn set connections/ID.conn_type=TYPE takes any type",
    )
