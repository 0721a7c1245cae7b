"""Reads and writes of places, whose beginning and end are told to whoever watches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from airconn.model import Bundle, Kind, Outcome, Selection, Step
from airconn.stores.base import Store
from airconn.stores.file import FileStore


def read(store: Store, selection: Selection) -> Bundle:
    """What `store.read` gives."""
    return _watched(store, store.read, selection)


def present(store: Store, selection: Selection) -> Bundle:
    """What `store.present` gives."""
    return _watched(store, store.present, selection)


def expect(store: Store, kinds: frozenset[Kind]) -> None:
    """Does what `store.expect` does, which reads a file that is there."""
    with busy(store, "reading") if is_plain(store) else ended(store):
        store.expect(kinds)


def rehearse(store: Store, steps: Sequence[Step]) -> Sequence[Outcome]:
    """What `store.rehearse` gives."""
    with busy(store, "preparing") if isinstance(store, FileStore) else ended(store):
        return store.rehearse(steps)


def _watched(store: Store, read: Callable[[Selection], Bundle], selection: Selection) -> Bundle:
    # What else than a file may still ask for a password on the terminal. It tells of its reads once they have begun.
    with busy(store, "reading") if is_plain(store) else ended(store):
        return read(selection)


def is_plain(store: Store) -> bool:
    """Whether it is a file that is there, and no pipe that somebody may have to type something for."""
    return isinstance(store, FileStore) and store.holds_something()


@contextmanager
def busy(store: Store, doing: str) -> Iterator[None]:
    """Tells that something is being done with a place, of which nobody knows how far it is."""
    store.watch(f"{doing} {store.address}", 0, None)
    with ended(store):
        yield


@contextmanager
def ended(store: Store) -> Iterator[None]:
    """Whatever is told within this block is over with it."""
    try:
        yield
    finally:
        store.watch("", 0, 0)
