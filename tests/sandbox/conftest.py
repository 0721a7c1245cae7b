"""What the tests of the sandbox share."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest


def _is_running(pid: int) -> bool:
    """Whether it does anything any more: dead processes that nobody has collected yet don't count."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.startswith("Z")


def _eventually(condition: Callable[[], bool], seconds: float = 15) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


@pytest.fixture
def is_running() -> Callable[[int], bool]:
    return _is_running


@pytest.fixture
def eventually() -> Callable[..., bool]:
    """Waits for a condition and tells whether it came true."""
    return _eventually


@pytest.fixture
def write_script() -> Callable[[Path, str], Path]:
    """Makes a shell script that stands in for another program."""

    def write(path: Path, body: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
        return path

    return write
