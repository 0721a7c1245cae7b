"""Finds single objects of a place by the names that a user gives."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from airconn.errors import AirconnError, InputError, InputErrors, UsageError
from airconn.model import AirflowObject, Kind, Selection
from airconn.model.reading import Key, Reading
from airconn.stores.base import Context, Store
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import nearest, suggestions

Name = tuple[tuple[Kind, ...], str]
"""The kinds in which an id is looked up, and the id."""


@dataclass(frozen=True, slots=True)
class Found:
    """The objects in the order in which they were named, and the reading that they are from."""

    objects: tuple[AirflowObject, ...]
    reading: Reading


def find(store: Store, names: Sequence[str], kinds: frozenset[Kind], context: Context) -> Found:
    """The objects that `names` mean, each `KIND/ID` or an id that one of `kinds` has.

    Raises `UsageError` for an id that several kinds have, `InputErrors` for unknown ids, and `AirconnError` if an
    object may exist but could not be read.
    """
    wanted = [parse_name(name, kinds) for name in dict.fromkeys(names)]
    ids = frozenset((kind, id_) for looked_up, id_ in wanted for kind in looked_up)
    reading = reported_reads.read(store, Selection(kinds=frozenset(kind for kind, _ in ids), ids=ids), context)
    found: list[AirflowObject] = []
    missing: list[Name] = []
    for looked_up, id_ in wanted:
        objects = [obj for kind in looked_up if (obj := reading.bundle.get(kind, id_)) is not None]
        if len(objects) > 1:
            candidates = " or ".join(f"{obj.kind.value}/{id_}" for obj in objects)
            raise UsageError(f"{id_!r} matches more than one object", hint=f"write one of: {candidates}")
        found += objects
        missing += [] if objects else [(looked_up, id_)]
    if missing:
        _refuse_unread(store, reading, missing)
        others = suggestions([store], frozenset(kind for looked_up, _ in missing for kind in looked_up), context)
        raise InputErrors(tuple(_missing(store, reading, name, others) for name in missing))
    return Found(tuple(dict.fromkeys(found)), reading)


def parse_name(name: str, kinds: frozenset[Kind]) -> Name:
    """The kinds in which a name is looked up, and the id in it."""
    prefix, slash, rest = name.partition("/")
    if slash and prefix in [kind.value for kind in Kind]:
        return (Kind(prefix),), rest
    return tuple(kind for kind in Kind if kind in kinds), name


def _refuse_unread(store: Store, reading: Reading, missing: Sequence[Name]) -> None:
    """Raises `AirconnError` if a missing object may be one that the store could not read."""
    failed = [note for note in reading.notes if note.failed]
    if failed:
        names = ", ".join(_shown(name) for name in missing)
        hint = "; ".join(f"{note.where}: {note.message}" for note in failed)
        raise AirconnError(f"{names}: not found in the objects that could be read", where=store.address, hint=hint)


def _missing(store: Store, reading: Reading, name: Name, others: frozenset[Key]) -> InputError:
    kinds, id_ = name
    here = [(kind, id_) for kind in kinds if (kind, id_) in others]
    why = next((said for key in here if (said := reading.unreadable.get(key) or reading.passed_over.get(key))), "")
    # An entry with this id isn't a suggestion.
    hint = why or _nearest(kinds, id_, others - frozenset(here))
    return InputError(f"{_shown(name)} doesn't exist", where=store.address, hint=hint)


def _shown(name: Name) -> str:
    kinds, id_ = name
    return f"{kinds[0].value}/{id_}" if len(kinds) == 1 else id_


def _nearest(kinds: Iterable[Kind], id_: str, others: frozenset[Key]) -> str:
    prefix, slash, rest = id_.partition("/")
    if slash and prefix in [kind.singular for kind in Kind]:
        return f"did you mean {prefix}s/{rest}?"
    if re.search(r"[*?\[]", id_):
        return "an ID is not a glob here; airconn list --include shows what one matches"
    near = nearest(id_, [other for other in others if other[0] in kinds])
    return f"did you mean {near[0]}?" if near else "airconn list shows the ids"
