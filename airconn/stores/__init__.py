"""The registry of places: from an address to a store. A module is imported when the first address asks for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from airconn.errors import UsageError

if TYPE_CHECKING:
    from airconn.config import Settings
    from airconn.stores.base import Store


@dataclass(frozen=True, slots=True)
class _Entry:
    module: str
    """Has a function `open_store(address: str, settings: Settings) -> Store`."""
    prefixes: tuple[str, ...] = ()
    """The beginnings of its addresses."""
    names: tuple[str, ...] = ()
    """Addresses that are all there is to say. With no prefixes either: every address that is nobody else's."""

    def takes(self, address: str) -> bool:
        return address.lower().startswith(self.prefixes) or address in self.names


REGISTRY = {
    "airflow": _Entry("airconn.stores.airflow_api", ("http://", "https://")),
    "environment": _Entry("airconn.stores.environment", names=("env:",)),
    "file": _Entry("airconn.stores.file"),
}


_NO_FILE = re.compile(r"localhost$|[\w.-]+:\d+(/|$)|https?:")
"""What is meant to be a URL, and would otherwise be taken for the name of a file."""


def open_store(address: str, settings: Settings) -> Store:
    """The store that `address` names. It is not asked anything yet.

    Raises `UsageError` for an address that no store takes.
    """
    scheme, mark, _ = address.partition("://")
    entry = next((entry for entry in REGISTRY.values() if entry.takes(address)), None)
    if mark and entry is None:
        known = ", ".join(prefix for e in REGISTRY.values() for prefix in (*e.prefixes, *e.names))
        raise UsageError(f"{scheme}:// is no place that airconn knows", hint=f"a path, - or one of: {known}")
    if entry is None and _NO_FILE.match(address) and not Path(address).exists():
        raise UsageError(
            f"{address} has no http:// or https:// in front, and there is no such file",
            hint="an Airflow is named like http://localhost:8080",
        )
    module = import_module((entry or REGISTRY["file"]).module)
    return cast("Store", module.open_store(address, settings))
