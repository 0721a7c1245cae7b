"""Reads the selected objects of a scope of the Environment Manager."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from airconn.errors import InputError
from airconn.formats import env
from airconn.model import AirflowObject, Bundle, Kind, Origin, Selection, field_values, number_of, rules_for
from airconn.model.reading import Key, Note, Reading
from airconn.model.text import hides
from airconn.stores.astro.environment.listing import ObjectLister
from airconn.stores.astro.environment.managed_object import ManagedObject
from airconn.stores.astro.environment.objects import KINDS, ObjectForm
from airconn.stores.base import Context
from airconn.stores.in_parallel import in_order

_FEW = 3
"""The objects that are asked for one by one rather than in a list of all."""
_OTHERS = {"ENVIRONMENT_VARIABLE": "environment variable", "METRICS_EXPORT": "metrics export"}


@dataclass(slots=True)
class EnvironmentFinds:
    """The findings of a read so far."""

    objects: list[AirflowObject] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    unreadable: dict[Key, str] = field(default_factory=dict)
    passed_over: dict[Key, str] = field(default_factory=dict)
    versions: dict[Key, ManagedObject] = field(default_factory=dict)
    hiding: int = 0
    """The number of objects that hide something."""


class EnvironmentReader:
    """Reads from one scope, once."""

    def __init__(self, lister: ObjectLister, form: ObjectForm, address: str, context: Context) -> None:
        self._lister = lister
        self._form = form
        self._address = address
        self._context = context
        self._rules = rules_for(context.airflow)

    def read(self, selection: Selection) -> Reading:
        """The selected objects, with what the API gives for a later write as their versions."""
        kinds = sorted(selection.kinds & KINDS, key=list(Kind).index)
        if not any(selection.reaches(kind) for kind in kinds):
            return Reading(kinds=KINDS)
        listed = self._listed(selection, kinds)
        found = EnvironmentFinds()
        spelled = self._spelled(selection)
        numbers = Counter((one.type, one.key) for one in listed)
        for one in listed:
            named = self._form.named_by(one)
            if named is None:
                continue
            kind, id_ = named[0], spelled.get(one.key, named[1]) if self._form.as_env else named[1]
            if selection.wants(kind, id_):
                self._take_in((kind, id_), one, found, is_double=numbers[one.type, one.key] > 1)
        notes = [*found.notes, *self._notes_of_hidden(found)]
        others = [one for one in listed if self._form.named_by(one) is None] if selection.ids is None else []
        notes += self._notes_of_others(others)
        return Reading(
            Bundle.of(found.objects),
            tuple(notes),
            ignored=sum(one.type == "ENVIRONMENT_VARIABLE" for one in others) if self._form.as_env else 0,
            kinds=KINDS,
            unreadable=found.unreadable,
            passed_over=found.passed_over,
            versions=found.versions,
        )

    def _listed(self, selection: Selection, kinds: Sequence[Kind]) -> list[ManagedObject]:
        wanted = [key for key in selection.ids or () if key[0] in kinds and selection.wants(*key) and key[1]]
        if selection.ids is not None and len(wanted) <= _FEW:

            def one(key: Key) -> list[ManagedObject]:
                kind, id_ = key
                return self._lister.find(self._form.type_of(kind), self._form.key_of(kind, id_))

            return [found for each in in_order(one, sorted(wanted), _FEW) for found in each]
        types = {self._form.type_of(kind) for kind in kinds}
        type_ = next(iter(types)) if len(types) == 1 else ""
        what = kinds[0].value if len(kinds) == 1 else "the Environment Manager"

        def watch(done: int, total: int | None) -> None:
            self._context.watch(f"reading {what}", done, total)

        return self._lister.find(type_, watch=watch)

    def _spelled(self, selection: Selection) -> dict[str, str]:
        """The ids of environment variables in the capitals in which they are asked for."""
        asked: Iterable[Key] = (*self._context.wanted, *(selection.ids or ()))
        return {self._form.key_of(*key): key[1] for key in asked if key[0] in KINDS and self._form.as_env}

    def _take_in(self, key: Key, one: ManagedObject, found: EnvironmentFinds, *, is_double: bool) -> None:
        name = one.key if self._form.as_env else f"{key[0].value}/{key[1]}"
        origin = Origin(f"{self._lister.address_of(one)}/{name}")
        try:
            if is_double:
                raise InputError("Astro has several of this key, and doesn't document which one Airflow gets")
            obj = self._form.decode(one, *key, self._rules, origin)
        except InputError as error:
            reason = error.message.removeprefix(f"{key[1]}: ")
            is_foreign = self._form.as_env and not is_double
            what = "left alone" if is_foreign else "left out"
            note = Note(str(origin), f"{reason}: {what}", left_out=True, failed=not is_foreign)
            if note not in found.notes:
                found.notes.append(note)
            found.unreadable.setdefault(key, reason)
            if is_foreign:
                found.passed_over.setdefault(key, f"{origin}: {reason}")
            return
        found.objects.append(obj)
        found.versions[key] = one
        found.hiding += any(map(hides, field_values(obj)))

    def _notes_of_hidden(self, found: EnvironmentFinds) -> list[Note]:
        if not found.hiding:
            return []
        way = self._lister.way_to_secrets
        message = f"{number_of(found.hiding)} with hidden secrets" + (f"; to get them, {way}" if way else "")
        return [Note(self._address, message)]

    def _notes_of_others(self, others: Sequence[ManagedObject]) -> list[Note]:
        """What the scope holds besides, and is never touched."""
        notes = []
        numbers = Counter(one.type for one in others)
        found = [(numbers[type_], words) for type_, words in _OTHERS.items() if numbers[type_]]
        told = [f"{number} {words}{'s' * (number > 1)}" for number, words in found]
        if told and not self._form.as_env:  # `ignored` counts them
            notes.append(Note(self._address, f"{' and '.join(told)} left alone", is_detail=True))
        ours = 0 if self._form.as_env else sum(_is_for_airflow(one) for one in others)
        if ours:
            named = "1 environment variable is" if ours == 1 else f"{ours} environment variables are"
            message = f"{named} named AIRFLOW_CONN_* or AIRFLOW_VAR_*, and not read: ?as=env reads these"
            notes.append(Note(self._address, message))
        return notes


def _is_for_airflow(one: ManagedObject) -> bool:
    return one.type == "ENVIRONMENT_VARIABLE" and env.named_by(one.key) is not None
