"""The modes of files, which say who can read them."""

from __future__ import annotations

import os
from pathlib import Path


def is_open_to_others(path: Path) -> bool:
    """Whether others than the owner of a file may read, write or run it. False on Windows."""
    return os.name == "posix" and path.is_file() and bool(path.stat().st_mode & 0o077)


def close_to_others(path: Path) -> None:
    """Removes the rights of others than the owner. Raises `OSError`."""
    path.chmod(path.stat().st_mode & 0o600)
