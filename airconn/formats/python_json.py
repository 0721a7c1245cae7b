"""JSON as Python writes it, and so Airflow: the texts that it would write again as they are."""

from __future__ import annotations

import json
from typing import Any

from airconn.model import jsontext
from airconn.patterns import pattern

_PLAIN_KEYS = pattern(r'"([^"]*)": (?:"[^"]*"|[^",}]+)')


def is_as_python_writes(text: str) -> bool:
    """Whether a text is a JSON object with entries, for which Airflow writes exactly this text."""
    if jsontext.is_plain_object(text):
        keys = _PLAIN_KEYS.findall(text)
        if len(set(keys)) == len(keys):
            return bool(keys)
    return bool(that_python_writes(text))


def that_python_writes(text: str) -> dict[str, Any] | None:
    """The JSON object for which Airflow writes exactly this text (`json.dumps`).

    None if there isn't one: a key occurs twice, or Python writes a number differently.
    """
    if text[:1] != "{":
        return None
    try:
        jsontext.refuse_deep(text, value := json.loads(text))
        return value if json.dumps(value) == text else None
    except (ValueError, RecursionError):
        return None
