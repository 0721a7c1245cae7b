"""Begins the backup of a run that is about to write, and knows the target of an earlier run again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airconn.addresses import is_file
from airconn.config import PROJECT_FILE, Config
from airconn.errors import AirconnError, BlockedError
from airconn.model import Kind
from airconn.quoting import without_passwords as _without
from airconn.stores.base import Store
from airconn.stores.file import FileStore
from airconn.stores.saving import is_open_for_writing
from airconn.transfer.backup_file import RunHeader
from airconn.transfer.backups import Backups, RunningBackup, text_digest
from airconn.transfer.importing import Import, target_rules
from airconn.transfer.places import Places
from airconn.transfer.request_json import as_json
from airconn.transfer.request_parts import AS_THEY_TELL, SourceFormat


def begin_backup(
    prepared: Import,
    target: Store,
    directory: Path,
    command: str,
    *,
    lasting: tuple[str | None, str],
    undoes: str | None = None,
    is_whole: bool = True,
    run: str = "",
) -> RunningBackup | None:
    """Writes the backup of a run to the state directory, before its first write. None for what can't be read again.

    `lasting` is the address of the target as `lasting_address` gives it, and `run` is the name of the backup, if that
    isn't the time. Raises `BlockedError` if the backup can't be written.
    """
    if isinstance(target, FileStore) and not _is_plain(target):
        return None
    rules = target_rules(target, prepared.context, prepared.description)

    header = RunHeader(
        command,
        str(target.path.absolute()) if isinstance(target, FileStore) and target.path else _without(prepared.target),
        _without(target.address),
        place_digest(target),
        *lasting,
        source_format=as_json(_source_format(target)),
        file=_file(target, prepared) if isinstance(target, FileStore) else None,
        undoes=undoes,
        is_whole=is_whole,
    )
    return Backups(directory).begin(header, prepared.plan.writes, rules.stored_form, run)


def _source_format(target: Store) -> SourceFormat:
    """How a file that is the target is read, if it doesn't tell."""
    if not isinstance(target, FileStore):
        return AS_THEY_TELL
    return SourceFormat(target.settings.from_format, target.settings.kind, target.settings.format_values)


def place_digest(store: Store) -> str:
    """A digest of where a store has its objects, which is the same for two addresses of the same place."""
    found: list[object] = []
    for kind in Kind:
        if kind in store.capabilities.kinds:
            try:
                found.append(store.location(kind))
            except AirconnError:
                found.append(store.address)
    return hashlib.sha256(repr(found).encode("utf-8", "surrogatepass")).hexdigest()


def _is_plain(target: FileStore) -> bool:
    """Whether a target is a file in clear, or will be one, and not a pipe or a stream of this process."""
    path = target.path
    is_file = path is not None and not is_open_for_writing(path) and (path.is_file() or not path.exists())
    # A backup of an encrypted file would have its values in clear.
    return is_file and target.sealed_text() is None


def _file(target: FileStore, prepared: Import) -> Mapping[str, Any]:
    is_there = target.path is not None and target.path.exists()
    after = target.text_after(prepared.plan.writes, prepared.context)
    return {"text": target.text() if is_there else None, "after": text_digest(after)}


def lasting_address(config: Config, option: str | None) -> tuple[str | None, str]:
    """The address of a target for a later run in any directory, and the project's file that names it, if any.

    A name stays a name, since its address may have credentials of its own. None for an address with a password.
    """
    name = config.named(option)
    if _without(name) != name or "@" in name.partition("://")[2].partition("/")[0]:
        return None, ""
    of_project = option is None and not config.environ.get("AIRCONN_URL") and "url" in config.project
    name = str(Path(name).absolute()) if not name.startswith("@") and is_file(name) else name
    return name, PROJECT_FILE if of_project else ""


def opened_target(places: Places, header: RunHeader, to: str | None) -> Store:
    """The target of an earlier run, at `to` or else by the address that the run had.

    Raises `BlockedError` for an address that is another place than that of the run.
    """
    address = to or header.to
    if address is None:
        raise BlockedError(
            "the address of that run has a password in it, which isn't kept",
            where=header.address,
            hint="name it again with --to ADDRESS",
        )
    if to is None and header.named_in:
        # As long as the user hasn't named it, it gets no credentials without being asked for.
        places.config = places.config.with_planned(address, header.named_in)
    said = header.source_format
    kind = Kind(said["kind"]) if said.get("kind") else None
    target = places.open_target(address, SourceFormat(said.get("name"), kind, said.get("values", {})))
    if place_digest(target) != header.place:
        raise BlockedError(
            f"{_without(address)} is not the target of that run, which was {header.address}",
            hint="an undo goes only to where its run has written; --to ADDRESS names that target",
        )
    return target
