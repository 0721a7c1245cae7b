"""Imports the libraries for other services at first use, with one line of error for a missing one."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from airconn.errors import UsageError


def load(module: str, extra: str, package: str = "") -> Any:
    """The module of a driver. Raises `UsageError` that says how to install it.

    `package` is its name in the package index, if that isn't the name of the module.
    """
    _hush()
    try:
        return import_module(module)
    except ImportError:
        from airconn.installed import command_for

        name = package or module.partition(".")[0]
        raise UsageError(
            f"this address needs the package {name}, which isn't installed",
            hint=command_for(extra, name),
        ) from None


def _hush() -> None:
    """Keeps the logs of the libraries off stderr, where Python writes them as long as logging isn't set up.

    airconn's own errors say what a user has to know, and quote no value.
    """
    import logging

    logging.lastResort = logging.NullHandler()
    if not logging.root.handlers:
        # Without a handler, a message to the root logger sets up logging to stderr.
        logging.root.addHandler(logging.NullHandler())
