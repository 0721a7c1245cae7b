"""Reads single settings of a `[targets.NAME]` table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def texts(value: Any) -> tuple[str, ...]:
    """The texts of a setting that is a list of texts or one text."""
    return (value,) if isinstance(value, str) else tuple(value)


def own_address(entry: Mapping[str, Any]) -> str:
    """The address that a target has in this file, which may call it `url`. Empty if it has none."""
    return str(entry.get("address", entry.get("url", "")))


def with_url(entry: Mapping[str, Any]) -> Mapping[str, Any]:
    """The table of a target with its address as `url`, as an address has it. An empty one if it has none."""
    return {**entry, "url": own_address(entry)}
