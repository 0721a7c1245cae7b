"""The libraries that speak to other services: imported at first use; a missing one is asked for in one line."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airconn.errors import UsageError


def load(module: str, extra: str) -> Any:
    """The module of a driver. Raises `UsageError` that says how to install it."""
    try:
        return import_module(module)
    except ImportError:
        raise UsageError(
            f"this place needs the package {module.partition('.')[0]}, which isn't installed",
            hint=f"pip install 'airconn[{extra}]'",
        ) from None
