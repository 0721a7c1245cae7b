"""Finds the reason of a failure in an Airflow's answer, without showing what was sent.

A 422 of Airflow 3 echoes the body that was sent, passwords included; a 409 of 3.0 and 3.1 has the SQL statement in
it; JSON schema messages of Airflow 2 quote what they complain about. So a text is shown only when nothing of what was
sent is in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airconn.stores.http.echoes import shown
from airconn.stores.http.messages import Reply

_OPEN = frozenset({"connection_id", "conn_type", "key", "name", "pool", "slots", "include_deferred", "team_name"})
"""Fields of bodies that hold no secret."""


def reason(reply: Reply, sent: Mapping[str, Any] | None = None, secrets: Iterable[str] = ()) -> str:
    """The server's reason in one line. Empty if it has none that can be shown."""
    answer = reply.json()
    if not isinstance(answer, dict):
        return ""
    hidden = [*secrets, *_values(sent or {})]
    detail = answer.get("detail") or answer.get("error")
    if isinstance(detail, list):
        parts = [_of_field(item, hidden) for item in detail[:5] if isinstance(item, dict)]
        return "; ".join(part for part in parts if part)
    if isinstance(detail, dict):
        return shown(detail.get("reason"), hidden)
    return shown(detail, hidden) or shown(answer.get("title"), hidden)


def _of_field(item: Mapping[str, Any], hidden: list[str]) -> str:
    """One entry of a 422: which field, and what about it."""
    where = [part for part in item.get("loc") or () if isinstance(part, str) and part.isidentifier()]
    path = ".".join(part for part in where if part != "body")
    message = shown(item.get("msg"), hidden)
    return ": ".join(part for part in (shown(path, hidden), message) if part)


def _values(body: Mapping[str, Any]) -> Iterator[str]:
    """Each text that was sent and may be a secret, and each leaf of JSON in them.

    Texts of one letter are left out: they are in every answer.
    """
    for name, value in body.items():
        if name in _OPEN or not isinstance(value, str):
            continue
        if name in ("password", "value", "extra") or len(value) > 2:
            yield value
        if name in ("extra", "value"):
            try:
                yield from _leaves(json.loads(value))
            except (ValueError, RecursionError):
                yield from (word for word in re.split(r"[\s\"'=:,;]+", value) if len(word) > 3)


def _leaves(value: Any) -> Iterator[str]:
    """The texts and numbers in a JSON value that are long enough to be told from any other text."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif not isinstance(value, bool) and value is not None and len(str(value)) > 2:
        yield str(value)
