"""Finds single objects of a place by what a user calls them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from airconn.errors import InputError, InputErrors, UsageError
from airconn.model import AirflowObject, Bundle, Kind, Selection
from airconn.stores.base import Store

Name = tuple[tuple[Kind, ...], str]
"""The kinds in which an id is looked up, and the id."""


def find(store: Store, names: Sequence[str], kinds: frozenset[Kind]) -> list[AirflowObject]:
    """The objects that `names` mean, each `KIND/ID` or an id that one of `kinds` has.

    Raises `UsageError` for an id that several kinds have, and `InputErrors` for those that aren't there.
    """
    wanted = [_parse(name, kinds) for name in dict.fromkeys(names)]
    ids = frozenset((kind, id_) for looked_up, id_ in wanted for kind in looked_up)
    bundle = store.read(Selection(kinds=frozenset(kind for kind, _ in ids), ids=ids))
    found: list[AirflowObject] = []
    missing: list[Name] = []
    for looked_up, id_ in wanted:
        objects = [obj for kind in looked_up if (obj := bundle.get(kind, id_)) is not None]
        if len(objects) > 1:
            candidates = " or ".join(f"{obj.kind.value}/{id_}" for obj in objects)
            raise UsageError(f"{id_!r} is more than one object", hint=f"say which: {candidates}")
        found += objects
        missing += [] if objects else [(looked_up, id_)]
    if missing:
        everything = store.read(Selection(kinds=frozenset(kind for looked_up, _ in missing for kind in looked_up)))
        raise InputErrors(tuple(_missing(store, name, everything) for name in missing))
    return list(dict.fromkeys(found))


def _parse(name: str, kinds: frozenset[Kind]) -> Name:
    prefix, slash, rest = name.partition("/")
    if slash and prefix in [kind.value for kind in Kind]:
        return (Kind(prefix),), rest
    return tuple(kind for kind in Kind if kind in kinds), name


def _missing(store: Store, name: Name, everything: Bundle) -> InputError:
    kinds, id_ = name
    shown = f"{kinds[0].value}/{id_}" if len(kinds) == 1 else id_
    return InputError(f"{shown} is not there", where=store.address, hint=_nearest(kinds, id_, everything))


def _nearest(kinds: Iterable[Kind], id_: str, everything: Bundle) -> str:
    by_id = {other.lower(): f"{kind.value}/{other}" for kind in kinds for other in everything.of_kind(kind)}
    near = get_close_matches(id_.lower(), by_id, n=1, cutoff=0.5)
    return f"did you mean {by_id[near[0]]}?" if near else "airconn list shows what is"
