"""Carries out an `airconn explain`: finds the places where Airflow looks, and what each has of an object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from airconn.errors import InputError, InputErrors, UsageError
from airconn.model import ALL_KINDS, AirflowVersion, Kind
from airconn.model.reading import Key, Note
from airconn.transfer.empty_runs import nearest, suggestions
from airconn.transfer.lookup import Explanation, LookupState, look_up, several_have
from airconn.transfer.lookup_places import FoundPlaces, NamedPlaces, find_chains
from airconn.transfer.places import Places
from airconn.transfer.results import Result


@dataclass(frozen=True, slots=True)
class ExplainRequest:
    """Which objects to explain, and in which places to look for them."""

    names: tuple[str, ...] = ()
    """The objects, each KIND/ID or an id alone. Without any, all objects are explained that several places have."""
    kinds: frozenset[Kind] = ALL_KINDS
    airflow: AirflowVersion | None = None
    places: NamedPlaces = field(default_factory=NamedPlaces)
    fails_on_difference: bool = False
    """Whether an object that shadows another value has an exit code of its own."""


@dataclass(frozen=True, slots=True)
class Explained(Result):
    """The explanations that were asked for. The notes are about objects that the places could not give."""

    explanations: tuple[Explanation, ...]
    airflow: AirflowVersion
    missing: InputErrors | None = None
    """The faults of places and the objects that weren't found, if other places or objects could not be read."""
    fails_on_difference: bool = False
    hints_at_astro: bool = False
    """Whether this is an Airflow of Astro whose Deployment wasn't named."""

    @property
    def is_different(self) -> bool:
        findings = (found for one in self.explanations for found in one.shadowed)
        return self.fails_on_difference and any(found.is_different for found in findings)


def explain(request: ExplainRequest, places: Places) -> Explained:
    """Explains what the request names. Writes nothing.

    Raises `InputErrors` for objects that no place has, if all of them could be looked into, and `AirconnError` for a
    named place that can't be.
    """
    found = find_chains(request.places, request.airflow, places)
    return replace(_explained(request, found, places), hints_at_astro=found.hints_at_astro)


def _explained(request: ExplainRequest, found: FoundPlaces, places: Places) -> Explained:
    context, kinds = places.context(found.airflow), request.kinds - {Kind.POOLS}
    stores = [place.store for chain in found.chains for place in chain.places if place.store is not None]
    stores = list({id(store): store for store in stores}.values())
    if not request.names:
        unread = {_unread(place.title, place.reason): None for place in found.closed}
        try:
            ids, unlisted = several_have(stores, kinds, context)
        except InputErrors as faults:
            if not unread:
                raise
            return Explained((), found.airflow, faults, notes=tuple(unread))
        explanations, failed = look_up(found.chains, ids, context)
        unread |= dict.fromkeys((*unlisted, *failed))
        if not unread:
            findings = (one for explanation in explanations for one in explanation.findings if one.place.store)
            unknown = [one for one in findings if one.state is LookupState.UNKNOWN]
            unread = {_unread(one.place.title, one.reason): None for one in unknown}
        return Explained(tuple(explanations), found.airflow, None, request.fails_on_difference, notes=tuple(unread))
    wanted = {name: _keys(name, request.kinds) for name in request.names}
    explanations, failed = look_up(found.chains, [key for keys in wanted.values() for key in keys], context)
    shown: list[Explanation] = []
    missing: list[tuple[str, list[Explanation]]] = []
    for name, keys in wanted.items():
        ours = [one for one in explanations if (one.kind, one.id) in keys]
        known = {(one.kind, one.id) for one in ours if one.is_known}
        shown += [one for one in ours if (one.kind, one.id) in known]
        if not known:
            missing.append((name, ours))
    error = None
    if missing:
        others = suggestions(stores, kinds, context)
        error = InputErrors(tuple(_missing(name, ours, others) for name, ours in missing))
        if not failed:
            raise error
    return Explained(tuple(shown), found.airflow, error, request.fails_on_difference, notes=failed)


def _unread(title: str, why: str) -> Note:
    return Note(title, f"can't be read: {why}", failed=True)


def _missing(name: str, explanations: Sequence[Explanation], others: frozenset[Key]) -> InputError:
    """The error for an id that no place has. `others` are the ids that the places have."""
    findings = [found for one in explanations for found in one.findings]
    looked = dict.fromkeys(found.place.title for found in findings if found.state is not LookupState.UNKNOWN)
    closed: dict[str, dict[str, None]] = {}
    for found in findings:
        if found.state is LookupState.UNKNOWN:
            closed.setdefault(found.reason, {})[f"the {found.place.title}"] = None
    parts = [f"read: {', '.join(looked)}"] if looked else []
    hint = "; ".join([*parts, *(f"not read: {', '.join(titles)}: {why}" for why, titles in closed.items())])
    of_kinds = {one.kind for one in explanations}
    id_ = explanations[0].id if explanations else name
    if near := nearest(id_, [key for key in others if key[0] in of_kinds and key[1] != id_]):
        hint = f"did you mean {near[0]}? {hint}"
    if not looked:
        first = next((found for found in findings if found.reason), None)
        hint = f"{first.place.title}: {first.reason}" if first else hint
        return InputError(f"{name} can't be found: no source that Airflow uses can be read", hint=hint)
    return InputError(f"{name} wasn't found in any source that could be read", hint=hint)


def _keys(name: str, kinds: frozenset[Kind]) -> list[Key]:
    prefix, slash, rest = name.partition("/")
    if slash and prefix in (Kind.CONNECTIONS.value, Kind.VARIABLES.value):
        return [(Kind(prefix), rest)]
    if slash and prefix == Kind.POOLS.value:
        raise UsageError("pools are only in the metadata database", hint="explain a connection or a variable")
    return [(kind, name) for kind in (Kind.CONNECTIONS, Kind.VARIABLES) if kind in kinds]
