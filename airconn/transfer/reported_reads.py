"""Reads places, and reports the beginning and end of a read to the watch of the context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from airconn.model import NEWEST, AirflowVersion, Bundle, Kind, Outcome, Selection, Step
from airconn.model.reading import Key, Reading
from airconn.stores.base import Context, Description, ListsIds, Rehearses, Store, SuggestsIds
from airconn.stores.directory import DirectoryStore
from airconn.stores.file import FileStore


def read(store: Store, selection: Selection, context: Context) -> Reading:
    """The result of `store.read`."""
    with _reading(store, context):
        return store.read(selection, context)


def describe(store: Store, context: Context) -> Description:
    """The result of `store.describe`, which reads a file that is the target."""
    with _reading(store, context):
        return store.describe(context)


def airflow_of(store: Store, context: Context) -> AirflowVersion:
    """The Airflow that reads a place. Asks only a place that is an Airflow."""
    return store.describe(context).airflow if store.capabilities.is_airflow else NEWEST


def ids(store: Store, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
    """The ids of all objects of these kinds in a place."""
    if isinstance(store, ListsIds):
        with ended(context):
            return store.ids(kinds, context)
    return frozenset((obj.kind, obj.id) for obj in read(store, Selection(kinds=kinds), context).bundle)


def quick_ids(store: Store, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
    """The ids of these kinds that can be suggested: all of them, or none if listing them takes long."""
    if isinstance(store, SuggestsIds):
        with ended(context):
            return store.quick_ids(kinds, context)
    return ids(store, kinds, context)


def joined(first: Reading, second: Reading) -> Reading:
    """Two successive readings of a place as one, with the version of the first."""
    return replace(
        first,
        bundle=Bundle.of([*first.bundle, *second.bundle]),
        notes=tuple(dict.fromkeys((*first.notes, *second.notes))),
        unreadable={**first.unreadable, **second.unreadable},
        passed_over={**first.passed_over, **second.passed_over},
        versions={**first.versions, **second.versions},
    )


def rehearse(store: Store, steps: Sequence[Step], context: Context) -> Sequence[Outcome]:
    """The outcomes with an error that a write of these steps would have, as far as the place knows."""
    if not isinstance(store, Rehearses):
        return ()
    with busy(store, "preparing", context) if isinstance(store, FileStore) else ended(context):
        return store.rehearse(steps, context)


@contextmanager
def _reading(store: Store, context: Context) -> Iterator[None]:
    # Any other place may still ask for a password on the terminal. It reports its reads once they have begun.
    with busy(store, "reading", context) if is_plain(store) else ended(context):
        yield


def is_plain(store: Store) -> bool:
    """Whether it is a directory, or an existing file, and not a pipe whose input a user may have to type."""
    return isinstance(store, DirectoryStore) or (isinstance(store, FileStore) and store.holds_something())


@contextmanager
def busy(store: Store, doing: str, context: Context) -> Iterator[None]:
    """Within this block, reports that something is done with a place, without its progress."""
    context.watch(f"{doing} {store.address}", 0, None)
    with ended(context):
        yield


@contextmanager
def ended(context: Context) -> Iterator[None]:
    """Within this block reads may report progress. At its end, reports that they are over."""
    try:
        yield
    finally:
        context.watch("", 0, 0)
