"""botocore's descriptions of AWS, which are read from their files once for all tests. boto3 does it for each client.

That is half of the time of a test with a client. What a client gets is equal to what it would read itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader


def read_once() -> None:
    """Lets all clients of this process share what the first of them reads."""
    load: Callable[[JSONFileLoader, str], Any] = JSONFileLoader.load_file
    if hasattr(load, "__wrapped__"):
        return
    loader = JSONFileLoader()
    read = cache(lambda path: load(loader, path))

    def load_file(self: JSONFileLoader, file_path: str) -> Any:
        return read(file_path)

    load_file.__wrapped__ = load  # type: ignore[attr-defined]
    JSONFileLoader.load_file = load_file
