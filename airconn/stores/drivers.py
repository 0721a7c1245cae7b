"""The libraries that speak to other services: imported at first use; a missing one is asked for in one line."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airconn.errors import UsageError


def load(module: str, extra: str, package: str = "") -> Any:
    """The module of a driver. Raises `UsageError` that says how to install it.

    `package` is what it is called where it is installed from, if that isn't the name of the module.
    """
    _hush()
    try:
        return import_module(module)
    except ImportError:
        from airconn.installed import command_for

        raise UsageError(
            f"this place needs the package {package or module.partition('.')[0]}, which isn't installed",
            hint=command_for(extra),
        ) from None


def _hush() -> None:
    """Keeps what the libraries log off stderr, where Python puts it as long as logging isn't set up.

    Our own errors tell what a user has to know, and quote no value.
    """
    import logging

    logging.lastResort = logging.NullHandler()
    if not logging.root.handlers:
        # Without any, a message to the root logger itself sets up logging to stderr.
        logging.root.addHandler(logging.NullHandler())
