"""The targets of one command, each with its place: opened in the main thread, before the first request."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from airconn.errors import AirconnError, InputErrors, UsageError
from airconn.model import AirflowObject, AirflowVersion, Bundle, Selection
from airconn.model.reading import Reading
from airconn.quoting import shown_address
from airconn.stores.base import DEFAULT_CONTEXT, Context, Description, Store
from airconn.stores.directory import DirectoryStore
from airconn.stores.file import FileStore
from airconn.targets import Target
from airconn.transfer.loading import Change
from airconn.transfer.places import Places
from airconn.transfer.request_parts import AS_THEY_TELL, SourceFormat
from airconn.transfer.side_by_side import server_at
from airconn.transfer.target_request import selection_of

T = TypeVar("T", bound=AirflowObject)
Error = TypeVar("Error", bound=AirconnError)


@dataclass(frozen=True, slots=True)
class Member:
    """One of several targets, with its place."""

    target: Target
    label: str
    """What messages call it: `@eu`, or its address without credentials."""
    store: Store
    server: str
    """The same for two places that are at one server."""

    def failure(self, error: AirconnError) -> Failure:
        return Failure.of(self.label, error)

    def selection(self, selection: Selection) -> Selection:
        """The part of a selection that the target is limited to."""
        return selection_of(selection, self.target)


@dataclass(frozen=True, slots=True)
class Failure:
    """A target that could not be read, with the error, which names it."""

    label: str
    error: AirconnError

    @classmethod
    def of(cls, label: str, error: AirconnError) -> Failure:
        """The failure of a target, whose error doesn't name it yet."""
        if isinstance(error, InputErrors):
            return cls(label, InputErrors(tuple(_placed(each, label) for each in error.errors)))
        return cls(label, _placed(error, label))


def _placed(error: Error, label: str) -> Error:
    return type(error)(error.message, where=where_in(label, error.where), hint=error.hint)


def where_in(label: str, where: str | None) -> str:
    """A place in messages, with the name of its target before it."""
    is_same = not where or where == label
    return label if is_same else f"{label}, {where}"


def label_of(target: Target) -> str:
    """What messages call a target whose place isn't open."""
    return target.address if target.address.startswith("@") else shown_address(target.address)


def open_members(
    targets: Sequence[Target], places: Places, source_format: SourceFormat = AS_THEY_TELL
) -> tuple[Sequence[Member], Sequence[Failure]]:
    """The targets with their places, and those that can't be opened.

    Sends no request. Raises `UsageError` where an address or the configuration is wrong, so that nothing is read.
    """
    members: list[Member] = []
    failures: list[Failure] = []
    for target in targets:
        try:
            store = places.open(target.address, source_format)
        except UsageError:
            raise
        except AirconnError as error:
            failures.append(Failure.of(label_of(target), error))
            continue
        label = target.address if target.address.startswith("@") else store.address
        server = server_at(places.config.location(target.address))
        members.append(Member(target, label, store, server))
    return members, failures


def is_text(store: Store) -> bool:
    """Whether a place is a file, or a directory of files."""
    return isinstance(store, FileStore | DirectoryStore)


def beside(stores: Iterable[Store]) -> list[Store]:
    """Places that several targets share: files read already, since a pipe can be read only once, and others one at a
    time.

    Raises `InputError` for a file that can't be read.
    """
    shared: list[Store] = []
    for store in stores:
        if isinstance(store, FileStore):
            store.text()
        shared.append(store if isinstance(store, FileStore) else _InTurn(store))
    return shared


def in_turn(change: Change | None) -> Change | None:
    """A change that several threads may use: one after the other, since it may ask for a value or read it once."""
    if change is None:
        return None
    lock, apply = threading.Lock(), change

    def alone(bundle: Bundle, airflow: AirflowVersion) -> Bundle:
        with lock:
            return apply(bundle, airflow)

    return alone


class _InTurn(Store):
    """A place that several threads read, one at a time."""

    def __init__(self, store: Store) -> None:
        super().__init__(store.address, store.capabilities)
        self._store = store
        self._lock = threading.Lock()

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        with self._lock:
            return self._store.describe(context)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        with self._lock:
            return self._store.read(selection, context)

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        with self._lock:
            return self._store.stored_form(obj, context)
