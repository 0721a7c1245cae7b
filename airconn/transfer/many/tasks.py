"""What a run does at each of its targets: an import, or a deletion, made ready until only the writes are left."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol

from airconn.config import Config
from airconn.errors import AirconnError
from airconn.model import Bundle, Selection
from airconn.plan import Plan
from airconn.stores.base import Rests, Store
from airconn.stores.file import FileStore
from airconn.stores.saving import refuse_unwritable
from airconn.targets import Target
from airconn.transfer.backing_up import opened_target
from airconn.transfer.backups import Backups
from airconn.transfer.deleting import limit_of, prepare_deletion
from airconn.transfer.engine import Host, Keep, keeper
from airconn.transfer.importing import Import, OpenedImport, prepare
from airconn.transfer.many.shared import SharedSources
from airconn.transfer.places import Places
from airconn.transfer.requests import DeleteRequest, ImportRequest
from airconn.transfer.side_by_side import server_at
from airconn.transfer.undoing import UndoRequest, prepare_undo, refuse_changed

Inspect = Callable[[Target, Import], None]
"""Called with the plan of a target. May raise to refuse it."""


def unseen(target: Target, prepared: Import) -> None:
    """Refuses no plan."""


@dataclass(slots=True)
class Ready:
    """A target whose plan is made, with its open places."""

    prepared: Import
    store: Store
    places: Places
    to: str | None
    most: int
    """The most objects that may be deleted."""
    undoes: str | None = None
    """The run that it undoes."""
    is_whole: bool = True
    """Whether it undoes all that the other run wrote."""

    def keep(self, host: Host) -> Keep:
        """The function that begins its backup."""
        return keeper(self.store, self.to, self.places, host, undoes=self.undoes, is_whole=self.is_whole)

    def shrink(self) -> None:
        """Lets go of what the writes don't need, and of connections that aren't used."""
        plan = Plan(self.prepared.plan.writes)
        keys = frozenset((step.kind, step.id) for step in plan.steps)
        before = self.prepared.context.before
        if before is not None:
            before = replace(before, bundle=before.bundle.only(lambda kind, id_: (kind, id_) in keys))
        context = replace(self.prepared.context, before=before)
        loaded = replace(self.prepared.loaded, bundle=Bundle())
        self.prepared = replace(self.prepared, plan=plan, context=context, loaded=loaded)
        if isinstance(self.store, Rests):
            self.store.rest()

    def close(self) -> None:
        """Closes the places. What fails then is of no matter to the run."""
        with suppress(AirconnError, OSError):
            self.places.__exit__(None, None, None)


class TargetTask(Protocol):
    """The work at one target."""

    @property
    def target(self) -> Target: ...

    @property
    def confirms(self) -> bool:
        """Whether all writes to it need the user's yes."""

    @property
    def server(self) -> str:
        """The server that two targets may have in common."""

    def prepare(self, places: Places) -> Ready:
        """Opens the target in `places`, and makes the plan. Raises as the engines for one target do."""

    def is_fatal(self, error: AirconnError) -> bool:
        """Whether an error of `prepare` is that of all targets."""


@dataclass(frozen=True, slots=True)
class ImportTask:
    """The import into one target."""

    target: Target
    request: ImportRequest
    """With the settings of the target in it."""
    shared: SharedSources
    confirms: bool
    server: str
    inspect: Inspect = unseen
    is_planned: bool = False
    """Whether a plan file says what is written, so that no other run completes what this one leaves undone."""

    def prepare(self, places: Places) -> Ready:
        request, shared = self.request, self.shared
        store = places.open_target(request.to)
        if isinstance(store, FileStore) and store.path is not None:
            refuse_unwritable(store.path)
        change = shared.change_for(request.changes, request.selection)
        only_resolves = request.changes.only_resolve
        opened = OpenedImport(store, shared.sources, shared.fills, change, shared.load, only_resolves)
        prepared = prepare(request, opened, places.context())
        self.inspect(self.target, prepared)
        wanted = shared.same_keys(prepared.context.wanted)
        context = replace(prepared.context, wanted=wanted, whole=prepared.context.whole or self.is_planned)
        prepared = replace(prepared, context=context)
        return Ready(prepared, store, places, request.to, request.max_delete)

    def is_fatal(self, error: AirconnError) -> bool:
        return self.shared.is_shared(error)


@dataclass(frozen=True, slots=True)
class DeleteTask:
    """The deletion of objects of one target."""

    target: Target
    request: DeleteRequest
    confirms: bool
    server: str

    def prepare(self, places: Places) -> Ready:
        store = places.open_target(self.request.place, self.request.source_format)
        prepared = prepare_deletion(self.request, store, places.context())
        return Ready(prepared, store, places, self.request.place, limit_of(self.request))

    def is_fatal(self, error: AirconnError) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class UndoTask:
    """The undo of what one run wrote to one target."""

    target: Target
    run: str
    request: UndoRequest
    backups: Backups
    server: str
    confirms: bool = True

    def prepare(self, places: Places) -> Ready:
        backup, request = self.backups.find(self.run), self.request
        header = backup.header
        opened = opened_target(places, header, None)
        undo = prepare_undo(backup, request, opened, places.open_fills(request.fills), places.context())
        refuse_changed(undo)
        is_whole = request.selection == Selection() and not undo.missing
        most = len(undo.prepared.plan.writes)
        return Ready(undo.prepared, undo.target, places, header.to, most, backup.run, is_whole)

    def is_fatal(self, error: AirconnError) -> bool:
        return False


def server_of(config: Config, target: Target) -> str:
    """The server of a target."""
    return server_at(config.location(config.named(target.address)))
