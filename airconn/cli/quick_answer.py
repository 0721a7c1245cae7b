"""Asks for something in a process of its own, and takes the answer if it comes in time."""

from __future__ import annotations

import os
import select
import threading
import time
from collections.abc import Callable, Sequence


def answer_within(seconds: float, find: Callable[[], Sequence[str]], lasting: float) -> list[str]:
    """The lines that `find` gives. None if they don't come in time, and where `find` fails.

    `find` runs in a process that may go on for `lasting` seconds, so that it can remember what it finds. It has no
    terminal, and nothing that it prints is seen.
    """
    if seconds <= 0 or not hasattr(os, "fork"):
        return []
    reader, writer = os.pipe()
    if os.fork() == 0:
        _answer(writer, find, lasting)
    os.close(writer)
    said, until = b"", time.monotonic() + seconds
    with os.fdopen(reader, "rb", buffering=0) as stream:
        while select.select([stream], [], [], max(until - time.monotonic(), 0))[0]:
            if not (part := stream.read(65536)):
                return said.decode("utf-8", "replace").splitlines()
            said += part
    return []


def _answer(writer: int, find: Callable[[], Sequence[str]], lasting: float) -> None:
    """Writes what `find` gives, and ends the process."""
    try:
        os.setsid()
        silent = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(silent, number)
        timer = threading.Timer(lasting, os._exit, (0,))
        timer.daemon = True
        timer.start()
        with os.fdopen(writer, "wb") as stream:
            stream.write("\n".join(find()).encode())
    finally:
        os._exit(0)
