"""Carries out `get`: reads one value of one object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from airconn.errors import InputError, UsageError
from airconn.model import ALL_KINDS, NEWEST, AirflowObject, AirflowVersion, Kind, Selection, jsontext
from airconn.model.jsontext import JsonPath
from airconn.model.references import references
from airconn.override.places import FieldPlace, readings, unknown_field
from airconn.stores.base import Context, Store
from airconn.transfer import reported_reads
from airconn.transfer.leaf_values import text_at
from airconn.transfer.overriding import resolved
from airconn.transfer.places import Places
from airconn.transfer.request_parts import AS_THEY_TELL, SourceFormat
from airconn.transfer.results import Result
from airconn.transfer.showing import find, parse_name


@dataclass(frozen=True, slots=True)
class GetRequest:
    """Which value of which place to read."""

    name: str
    """`KIND/ID.FIELD`, where FIELD may be a path into JSON. A variable needs no field, and KIND may be left out."""
    source: str | None = None
    """The address of the place, if it isn't the one of the configuration."""
    source_format: SourceFormat = AS_THEY_TELL
    kinds: frozenset[Kind] = ALL_KINDS
    airflow: AirflowVersion | None = None
    resolve: tuple[str, ...] = ()
    """Which references are replaced by their values, in the words of `--resolve`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GotValue(Result):
    """The value that was asked for."""

    text: str = field(repr=False)
    """The value, character for character. A part of JSON that isn't a text is JSON."""


def get_value(request: GetRequest, places: Places) -> GotValue:
    """The value that the request names.

    Raises `InputError` for a missing object, for a field that isn't set and for a missing part of JSON, `UsageError`
    for an unknown field or an ambiguous name, and `BlockedError` for a value that the place hides.
    """
    store = places.open_target(request.source, request.source_format)
    context = places.context(request.airflow or NEWEST)
    if store.capabilities.is_airflow and request.airflow is None:
        context = places.context(store.describe(context).airflow)
    obj, place, notes = _find(store, request, context)
    (obj,) = resolved((_with_references_at(obj, place),), request.resolve, places, context.airflow)
    return GotValue(text=text_at(obj, place, store.address), notes=notes)


def _with_references_at(obj: AirflowObject, place: FieldPlace) -> AirflowObject:
    """`obj`, in which the references at other places are texts."""
    others = {
        (each.field, each.path)
        for each in references(obj)
        if not each.is_whole and not (each.field == place.field and _is_at(each.path, place.path))
    }
    changed: dict[str, Any] = {"genuine": getattr(obj, "genuine", frozenset()) | others}
    return replace(obj, **changed) if others else obj


def _is_at(path: JsonPath, other: JsonPath) -> bool:
    """Whether one of two paths leads to the other one, or into it."""
    shown, wanted = jsontext.show_path(path), jsontext.show_path(other)
    return shown.startswith(wanted) or wanted.startswith(shown)


def _find(store: Store, request: GetRequest, context: Context) -> tuple[AirflowObject, FieldPlace, Any]:
    """The object and the place in it that the name means, and the notes on the read."""
    kinds, rest = parse_name(request.name, request.kinds)
    wanted = [place for kind in kinds for place in _candidates(kind, rest)]
    shorter = {rest[:end] for end, char in enumerate(rest) if end and char in ".["}
    ids = frozenset((kind, id_) for kind in kinds for id_ in (rest, *shorter))
    reading = reported_reads.read(store, Selection(kinds=frozenset(kinds), ids=ids), context)
    there = {(obj.kind, obj.id): obj for obj in reading.bundle}
    found = [place for place in wanted if (place.kind, place.id) in there]
    if len(found) > 1:
        names = " or ".join(sorted({_other_name(place, request.name) for place in found}))
        raise UsageError(f"{request.name!r} is ambiguous", hint=f"write one of: {names}")
    if found:
        return there[found[0].kind, found[0].id], found[0], reading.notes
    if there:
        known = max(there.values(), key=lambda obj: len(obj.id))
        raise unknown_field(known.kind, rest[len(known.id) + 1 :], where=f"{known.kind.value}/{known.id}")
    find(store, [_object_in(request.name, kinds, wanted)], request.kinds, context)
    raise InputError(f"{request.name} doesn't exist", where=store.address)  # it came between the two reads


def _other_name(place: FieldPlace, name: str) -> str:
    """A name of a place that isn't the ambiguous one: that of a variable may lack the field."""
    short = f"{place.kind.value}/{place.id}"
    is_whole = place.kind is Kind.VARIABLES and not place.path
    return short if is_whole and not short.endswith(name) else str(place)


def _candidates(kind: Kind, rest: str) -> Iterable[FieldPlace]:
    """The places that the rest of a name may mean in objects of a kind."""
    if kind is Kind.VARIABLES:
        yield FieldPlace(kind, rest, "value")
    yield from (place for place, _ in readings(kind, rest, assigned=False))


def _object_in(name: str, kinds: tuple[Kind, ...], wanted: Iterable[FieldPlace]) -> str:
    """The name without its field, as far as that can be told without knowing the ids."""
    fielded = [place.id for place in wanted if place.kind in kinds and name.endswith(str(place).partition("/")[2])]
    rest = min(fielded, key=len) if fielded else ""
    prefix = f"{kinds[0].value}/" if len(kinds) == 1 and name.startswith(f"{kinds[0].value}/") else ""
    return f"{prefix}{rest}" if rest else name
