"""Carries out `get`: reads one value of one object."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from airconn.errors import BlockedError, InputError, UsageError
from airconn.model import ALL_KINDS, NEWEST, REDACTED, AirflowObject, AirflowVersion, Kind, Selection, Text, jsontext
from airconn.model.jsontext import Number
from airconn.model.references import references
from airconn.override.edit import exists, settled
from airconn.override.places import FieldPlace, readings, unknown_field
from airconn.stores.base import Context, Store
from airconn.transfer import reported_reads
from airconn.transfer.overriding import resolved
from airconn.transfer.places import Places
from airconn.transfer.request_parts import AS_THEY_TELL, SourceFormat
from airconn.transfer.results import Result
from airconn.transfer.showing import find, parse_name

_REAL_VALUES = "read it from a source that shows it, such as --from metadb: or --from env: (airconn help secrets)"


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
    if any(each.is_whole or each.field == place.field for each in references(obj)):
        (obj,) = resolved((obj,), request.resolve, places, context.airflow)
    return GotValue(text=text_at(obj, place, store.address), notes=notes)


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


def text_at(obj: AirflowObject, place: FieldPlace, address: str) -> str:
    """The value at a place of an object, which is from `address`. Raises as `get_value`."""
    held = getattr(obj, place.field)
    if not place.path:
        return _shown(held.value() if isinstance(held, Text) and held.hidden else held, place, address)
    if held is REDACTED or held is None:
        return _shown(held, place, address)
    try:
        tree = held.value()
    except ValueError:
        tree = None
    if not isinstance(tree, dict | list):
        raise UsageError(f"the {place.field} is not a JSON object or list, so it has no parts", where=str(place))
    path = settled(tree, place.path)
    if not exists(tree, path):
        raise _missing(place, address)
    leaf: Any = tree
    for step in path:
        leaf = leaf[step]
    return _shown(leaf, place, address, is_leaf=True)


def _shown(value: Any, place: FieldPlace, address: str, *, is_leaf: bool = False) -> str:
    """A value as text. Raises `BlockedError` if any part of it is hidden."""
    if value is REDACTED or (isinstance(value, dict | list) and _hides(value)):
        raise BlockedError(f"{address} hides the value of {place}", hint=_REAL_VALUES)
    if value is None and not is_leaf:
        raise _missing(place, address)
    if isinstance(value, Text | Number):
        return value.text
    return value if isinstance(value, str) else jsontext.dumps(value)


def _hides(tree: Any) -> bool:
    return any(leaf is REDACTED for _, leaf in jsontext.leaves(tree))


def _missing(place: FieldPlace, address: str) -> InputError:
    hint = f"airconn show {place.kind.value}/{place.id} shows what is set"
    return InputError(f"{place} is not set", where=address, hint=hint)
