"""Who can read a file with secrets."""

from __future__ import annotations

import os
from pathlib import Path


def is_open(path: Path) -> bool:
    """Whether others than the owner of a file may do anything with it. Windows has no such modes."""
    return os.name == "posix" and path.is_file() and bool(path.stat().st_mode & 0o077)


def close_up(path: Path) -> None:
    """Takes from others what they may do with a file. Raises `OSError`."""
    path.chmod(path.stat().st_mode & 0o600)
