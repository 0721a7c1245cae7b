"""What the targets of a run share: the sources, which are read once, and the values that the user is asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from airconn.config import Config
from airconn.errors import AirconnError
from airconn.model import AirflowVersion, Selection
from airconn.model.reading import Key
from airconn.stores.base import Context, Store, Watch, unwatched
from airconn.transfer.loading import Change, Loaded, changed, gather
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Ask, Places
from airconn.transfer.request_parts import Network, ObjectChanges
from airconn.transfer.requests import ImportRequest

if TYPE_CHECKING:
    from airconn.stores.file import FileStore


class SharedPlaces(Places):
    """Places that read each file, and ask for each value, once, whichever target needs it."""

    def __init__(self, config: Config, network: Network, ask: Ask, watch: Watch = unwatched) -> None:
        super().__init__(config, network, ask, watch)
        self._answers: dict[str, str] = {}
        self._files: dict[str, FileStore] = {}
        self._asking = ask
        self.ask = self._ask_once

    def __enter__(self) -> SharedPlaces:
        return self

    def open_file(self, path: str) -> FileStore:
        if path not in self._files:
            self._files[path] = super().open_file(path)
        return self._files[path]

    def _ask_once(self, place: str) -> str:
        if place not in self._answers:
            self._answers[place] = self._asking(place)
        return self._answers[place]


class SharedSources:
    """The sources of a run into several targets. Threads may share it.

    The objects are the same ones for all targets that have no changes of their own.
    """

    def __init__(self, request: ImportRequest, places: SharedPlaces) -> None:
        """Opens the sources and the fills of the request, and reads its overlays. Raises as `Places.open` does."""
        self._places = places
        self._lock = threading.RLock()
        self._selection = request.selection
        self.sources = [places.open(source, request.source_format) for source in request.sources]
        self.fills = places.open_fills(request.fills, request.source_format)
        self._changes: dict[tuple[ObjectChanges, Selection], Change | None] = {}
        self._gathered: dict[tuple[AirflowVersion, bool], Loaded | AirconnError] = {}
        self._loaded: dict[tuple[AirflowVersion, bool, Selection, int], Loaded | AirconnError] = {}
        self._keys: dict[frozenset[Key], frozenset[Key]] = {}
        self.change_for(request.changes, request.selection)

    def change_for(self, changes: ObjectChanges, selection: Selection) -> Change | None:
        """The change of the objects for a target. Raises `InputError` for a faulty overlay."""
        with self._lock:
            if (changes, selection) not in self._changes:
                self._changes[changes, selection] = make_change(changes, selection, self._places)
            return self._changes[changes, selection]

    def forget(self) -> None:
        """Lets go of what only plans need."""
        self._loaded.clear()
        self._gathered = {key: known for key, known in self._gathered.items() if isinstance(known, AirconnError)}

    def same_keys(self, keys: frozenset[Key]) -> frozenset[Key]:
        """The same set for all targets with equal ones, so that a target more needs no memory for it."""
        with self._lock:
            return self._keys.setdefault(keys, keys)

    def is_shared(self, error: BaseException) -> bool:
        """Whether an error comes from the sources themselves, and not from what one target does with them."""
        return any(known is error for known in self._gathered.values())

    def load(
        self,
        sources: Sequence[Store],
        selection: Selection,
        context: Context,
        *,
        fills: Sequence[Store] = (),
        change: Change | None = None,
        is_planned: bool = False,
    ) -> Loaded:
        """What `transfer.loading.load` gives, made once for all targets for which it is the same."""
        with self._lock:
            key = (context.airflow, context.knows_release, selection, id(change))  # it stays in `_changes`
            if key not in self._loaded:
                gathered = self._gather(context)

                def make() -> Loaded:
                    bundle = gathered.bundle if selection == self._selection else selection.of(gathered.bundle)
                    chosen = replace(gathered, bundle=bundle)
                    return changed(chosen, change, context.airflow, is_planned=is_planned)

                self._loaded[key] = _result(make)
            return _raised(self._loaded[key])

    def _gather(self, context: Context) -> Loaded:
        """What the sources hold for an Airflow. An error is the same one for all targets."""
        key = (context.airflow, context.knows_release)
        if key not in self._gathered:
            own = self._places.context(context.airflow)
            own = replace(own, knows_release=context.knows_release)
            self._gathered[key] = _result(lambda: gather(self.sources, self._selection, own, self.fills))
        return _raised(self._gathered[key])


def _result(make: Callable[[], Loaded]) -> Loaded | AirconnError:
    try:
        return make()
    except AirconnError as error:
        return error


def _raised(result: Loaded | AirconnError) -> Loaded:
    if isinstance(result, AirconnError):
        raise result
    return result
