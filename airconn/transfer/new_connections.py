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
        "# Save the file and close the editor to see the plan; an unchanged file creates nothing.",
        "# Empty fields are not set. Remove the # in front of extra and of each key that you set.",
        "connections:",
        f"  {_quoted(conn_id)}:",
        f"{_INDENT}conn_type: {_quoted(conn_type)}",
    ]
    lines += _standard_lines(known)
    lines += _extra_lines(known)
    return "".join(f"{line}\n" for line in lines)


def _standard_lines(known: ConnectionFields) -> Iterator[str]:
    for name in STANDARD_FIELDS:
        if name != "extra" and name not in known.hidden:
            yield _with_comment(
                f"{_INDENT}{name}:", _said(known.labels.get(name, ""), known.placeholders.get(name, ""))
            )


def _extra_lines(known: ConnectionFields) -> Iterator[str]:
    if known.extra:
        yield f"{_INDENT}# extra:"
        for one in known.extra:
            said = _said(_told(one), known.placeholders.get(one.key, ""))
            yield _with_comment(f"{_INDENT}#   {_quoted(one.key)}:{_default(one)}", said)
    elif "extra" not in known.hidden:
        label = _said(known.labels.get("extra", ""), known.placeholders.get("extra", ""))
        yield _with_comment(f"{_INDENT}# extra: {{}}", label)


def _told(one: ExtraField) -> str:
    what = (
        ""
        if one.type == "string"
        else {"boolean": "true or false", "integer": "a whole number"}.get(one.type, one.type)
    )
    if one.choices:
        what = " or ".join(one.choices)
    details = ", ".join(part for part in (what, "secret" if one.secret else "") if part)
    return f"{one.label} ({details})" if details else one.label


def _default(one: ExtraField) -> str:
    return f" {json.dumps(one.default)}" if one.default is not None else ""


def _said(label: str, example: str) -> str:
    return "; ".join(part for part in (label, f"such as {example}" if example else "") if part)


def _with_comment(line: str, comment: str) -> str:
    return f"{line.ljust(24)} # {comment}" if comment else line


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
