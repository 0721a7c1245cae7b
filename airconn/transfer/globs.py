"""Finds the objects of `show` and `delete`, which are named by ids and by globs over ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase

from airconn.errors import InputErrors, UsageError
from airconn.model import AirflowObject, Selection, matches
from airconn.model.reading import Reading
from airconn.stores.base import Context, Store
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import refuse_nothing, refuse_unmatched, unmatched
from airconn.transfer.showing import Found, Name, find, parse_name

_SPECIAL = re.compile(r"[*?[]")


def has_globs(names: Iterable[str], selection: Selection) -> bool:
    """Whether objects are chosen by anything else than their ids."""
    return any(map(is_glob, names)) or selection != Selection(selection.kinds)


def is_glob(name: str) -> bool:
    """Whether the name of an object is a glob over ids."""
    return _SPECIAL.search(name) is not None


def find_named(
    store: Store, names: Sequence[str], selection: Selection, context: Context, *, allow_empty: bool = False
) -> Found:
    """The objects that `names` mean, and those that `selection` includes; without both all objects of its kinds.

    A name is `KIND/ID`, an id, or a glob over either. `exclude` is for globs. The objects whose ids are named come
    first.

    Raises `UsageError` for a name that is an id and also a glob for others, and for an id that is excluded, and as
    `showing.find` does for ids. Without `allow_empty` also `InputErrors` for a glob that matches nothing, and if
    nothing is found.
    """
    globs = list(dict.fromkeys(filter(is_glob, names)))
    ids = [name for name in names if not is_glob(name)]
    named = find(store, ids, selection.kinds, context) if ids else Found((), Reading())
    _refuse_excluded(named.objects, selection)
    if ids and not globs and not selection.include:
        return named
    wanted = {glob: parse_name(glob, selection.kinds) for glob in globs}
    kinds = selection.kinds.union(*(kinds for kinds, _ in wanted.values()))
    include = (*selection.include, *globs, *map(escaped, globs))
    then = replace(context, before=named.reading) if ids else context
    read = reported_reads.read(store, replace(selection, kinds=kinds, include=include), then)
    _refuse_ambiguous(read, wanted)
    found = tuple(obj for obj in read.bundle if _is_chosen(obj, wanted.values(), selection, is_all=not include))
    if not allow_empty:
        keys = frozenset((obj.kind, obj.id) for obj in found)
        lacking = [glob for glob, name in wanted.items() if not any(_is_named(obj, name) for obj in found)]
        if faults := unmatched(lacking, [store], read.notes, context):
            raise InputErrors(faults)
        refuse_unmatched(selection, keys, [store], read.notes, context)
        if not (found or named.objects):
            refuse_nothing(selection, [store], read.notes, context, unless_empty=True)
    if not ids:
        return Found(found, read)
    known = named.reading.bundle
    rest = replace(read, bundle=read.bundle.only(lambda kind, id_: known.get(kind, id_) is None))
    more = tuple(obj for obj in found if known.get(obj.kind, obj.id) is None)
    return Found((*named.objects, *more), reported_reads.joined(named.reading, rest))


def escaped(glob: str) -> str:
    """The glob that matches only the text itself."""
    return _SPECIAL.sub(lambda found: f"[{found[0]}]", glob)


def _is_chosen(obj: AirflowObject, wanted: Iterable[Name], selection: Selection, *, is_all: bool) -> bool:
    included = any(matches(glob, obj.kind, obj.id) for glob in selection.include) and obj.kind in selection.kinds
    return is_all or included or any(_is_named(obj, name) for name in wanted)


def _is_named(obj: AirflowObject, name: Name) -> bool:
    kinds, glob = name
    return obj.kind in kinds and (fnmatchcase(obj.id, glob) or obj.id == glob)


def _refuse_ambiguous(read: Reading, wanted: dict[str, Name]) -> None:
    """Raises `UsageError` for a glob that also is the id of an object, if it matches other objects too."""
    for glob, (kinds, pattern) in wanted.items():
        others = [
            obj for obj in read.bundle if obj.kind in kinds and fnmatchcase(obj.id, pattern) and obj.id != pattern
        ]
        if others and any(read.bundle.get(kind, pattern) is not None for kind in kinds):
            number = "1 other object" if len(others) == 1 else f"{len(others)} other objects"
            raise UsageError(
                f"{glob!r} is the id of an object, and a glob that matches {number}",
                hint=f"{escaped(glob)!r} is only that object; --include {glob!r} is all of them",
            )


def _refuse_excluded(named: Sequence[AirflowObject], selection: Selection) -> None:
    """Raises `UsageError` for an object that is named by its id and excluded by a glob."""
    for obj in named:
        if any(matches(glob, obj.kind, obj.id) for glob in selection.exclude):
            raise UsageError(f"{obj.kind.value}/{obj.id} is named, and --exclude leaves it out", hint="choose one")
