"""Lets a linter look over the shoulder of a reader: at what it finds before it gives up on a text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from airconn.formats.base import Note
    from airconn.model import AirflowObject, Origin


class Watcher(Protocol):
    """What is told of a reading. What it raises goes through to whoever reads."""

    def uri(self, conn_id: str, text: str, origin: Origin, column: int | None) -> None:
        """The text of a URI, before it is read. `column` is where it starts, if it stands there as it is."""

    def objects(self, found: Iterable[AirflowObject], notes: Iterable[Note]) -> None:
        """What a reader has found, also where it found faults beside them."""


_WATCHER: ContextVar[Watcher | None] = ContextVar("_WATCHER", default=None)


def watcher() -> Watcher | None:
    """Who watches the readings of this context, if anybody does."""
    return _WATCHER.get()


@contextmanager
def watched_by(watcher: Watcher) -> Iterator[None]:
    """Every reading inside of the block is told to `watcher`."""
    token = _WATCHER.set(watcher)
    try:
        yield
    finally:
        _WATCHER.reset(token)
