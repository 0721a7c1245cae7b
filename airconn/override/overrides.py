"""All overrides of one run, and the order in which they take effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from airconn.errors import UsageError
from airconn.model import MASK, NEWEST, AirflowObject, AirflowVersion, Bundle, Kind, Rules, Selection, rules_for
from airconn.model.jsontext import JsonPath
from airconn.model.reading import Note
from airconn.model.secret_values import is_certain
from airconn.model.sensitive import has_secrets, is_sensitive_place
from airconn.override import edit, places, values
from airconn.override.overlay import Overlay, paths_of
from airconn.override.places import FieldPlace
from airconn.override.values import Surroundings

Settled = frozenset[tuple[Kind, str, str, JsonPath]]
"""Leaves that an override sets, each by the kind and the id of its object, its field, and its path."""
Given = tuple[str, str]
"""The text of a value, and where it is."""
Follow = Callable[[Bundle, Settled, Sequence[Given], AirflowVersion], Bundle]
"""Replaces the references in objects, except settled leaves, and prepares the values of other texts."""


@dataclass(frozen=True, slots=True, repr=False)
class TargetOverrides:
    """What the configuration names for a target. It may be for objects that the sources lack."""

    overlays: tuple[Overlay, ...] = ()
    renames: tuple[str, ...] = ()
    """Each `KIND/OLD=NEW`, where OLD has no `=`."""
    surroundings: Surroundings | None = None
    """Where the values of the overlays come from, if not from where those of the command line do."""
    name: str = ""
    """What messages call the target."""


@dataclass(frozen=True, slots=True, repr=False)
class Overrides:
    """The options as they were given: `apply` looks up their ids and fields."""

    surroundings: Surroundings
    literal_masks: tuple[str, ...] = ()
    overlays: tuple[Overlay, ...] = ()
    sets: tuple[str, ...] = ()
    set_files: tuple[str, ...] = ()
    renames: tuple[str, ...] = ()
    selection: Selection = field(default_factory=Selection)
    """The part of the sources that is in the bundle: an overlay may have entries for more."""
    option: str = "--set"
    """The name of the option of `sets` in messages. Empty if they are arguments."""
    of_target: TargetOverrides = field(default_factory=TargetOverrides)
    """What comes before all of these but the literal masks."""

    follow: Follow | None = None
    """Replaces references in the sources, where the user allows that."""

    def __call__(self, bundle: Bundle, airflow: AirflowVersion = NEWEST) -> Bundle:
        return self.apply(bundle, airflow)

    def unused(self, bundle: Bundle) -> Iterator[Note]:
        """Notes on what the configuration names for the target and the sources lack. `bundle` is what they hold."""
        for overlay in self.of_target.overlays:
            for entry in overlay.lacking(bundle, self.selection):
                yield self._unused(entry.kind, entry.id, bundle, f"{entry.origin}", "this entry")
        for text in self.of_target.renames:
            kind, old, _ = places.split_rename(text)
            if self.selection.wants(kind, old) and bundle.get(kind, old) is None:
                yield self._unused(kind, old, bundle, self.of_target.name, f"'rename' of {kind.value}/{old}")

    @staticmethod
    def _unused(kind: Kind, id_: str, bundle: Bundle, where: str, what: str) -> Note:
        near = places.unknown_id(kind, id_, bundle, where=where).hint or ""
        more = f"; {near}" if near.startswith("did you mean") else ""
        return Note(where, f"{what} isn't used: the sources hold nothing for it{more}")

    def apply(self, bundle: Bundle, airflow: AirflowVersion = NEWEST) -> Bundle:
        """`bundle` with literal masks, then references, overlays, set values and renames applied.

        All else stays, origins included. Raises `UsageError` that quotes no value, also for an extra that `airflow`
        doesn't take.
        """
        rules = rules_for(airflow)
        bundle = bundle if self.are_arguments else self._unmasked(bundle)
        if self.follow is not None:
            bundle = self.follow(bundle, self._settled(bundle), tuple(self._given(bundle)), airflow)
        for overlay in self.of_target.overlays:
            bundle = overlay.apply(bundle, self.of_target.surroundings or self.surroundings, self.selection, rules)
        for overlay in self.overlays:
            bundle = overlay.apply(bundle, self.surroundings, self.selection, rules)
        for text in self.sets:
            place, given = places.find_assigned(self.option, text, bundle)
            bundle = self._put(bundle, place, given, rules)
        for text in self.set_files:
            place, path = places.find_assigned("--set-file", text, bundle)
            bundle = self._put_file(bundle, place, path, rules)
        bundle = self._unmasked(bundle) if self.are_arguments else bundle
        return _renamed(bundle, self.renames, self.of_target.renames)

    @property
    def are_arguments(self) -> bool:
        """Whether the values to set are the command itself, so that a literal one is one of them."""
        return not self.option

    @property
    def _all_overlays(self) -> tuple[Overlay, ...]:
        return (*self.of_target.overlays, *self.overlays)

    def _settled(self, bundle: Bundle) -> Settled:
        """The leaves that overlays and options set, whatever the sources have there."""
        leaves = [
            (entry.kind, entry.id, field, path)
            for overlay in self._all_overlays
            for entry in overlay.entries
            for field in entry.fields
            for path in paths_of(entry.fields[field])
        ]
        places_ = [places.find_assigned(self.option, text, bundle)[0] for text in self.sets]
        places_ += [places.find_assigned("--set-file", text, bundle)[0] for text in self.set_files]
        return frozenset((*leaves, *((place.kind, place.id, place.field, place.path) for place in places_)))

    def _given(self, bundle: Bundle) -> Iterator[Given]:
        """The values that are in other places, so that each of these is read once for all."""
        for text in self.sets:
            place, given = places.find_assigned(self.option, text, bundle)
            yield given, f"{self.option} {place}"
        for overlay in self._all_overlays:
            for entry in overlay.entries:
                if self.selection.wants(entry.kind, entry.id):
                    yield from entry.texts()

    def _unmasked(self, bundle: Bundle) -> Bundle:
        for text in self.literal_masks:
            place = places.find("--literal", text, bundle)
            bundle = _with(bundle, edit.unmask(_object(bundle, place), place, f"--literal {place}"))
        return bundle

    def _put(self, bundle: Bundle, place: FieldPlace, given: str, rules: Rules) -> Bundle:
        obj, where = _object(bundle, place), f"{self.option} {place}".lstrip()
        secret = is_sensitive_place(obj, place.field, place.path)
        if self.surroundings.is_literal(given) and given != MASK and (secret or _shows_secrets(place, given)):
            raise UsageError(
                "this value may be a secret, and the list of processes would show it",
                where=where,
                hint="use env:NAME, file:PATH or prompt:, or "
                + ("an --overlay file" if self.option else "- (standard input)"),
            )
        value = values.get(given, str(place), where, self.surroundings, secret=secret)
        changed = edit.checked(edit.with_value(obj, place, value, where), place.field, rules, where)
        is_literal = self.surroundings.is_literal(given)
        return _with(bundle, changed if is_literal else edit.marked(changed, place.field, (place.path,)))

    def _put_file(self, bundle: Bundle, place: FieldPlace, path: str, rules: Rules) -> Bundle:
        obj, where = _object(bundle, place), f"--set-file {place}"
        secret = is_sensitive_place(obj, place.field, place.path)
        value = values.whole_file(path, where, self.surroundings, secret=secret)
        changed = edit.checked(edit.with_value(obj, place, value, where), place.field, rules, where)
        return _with(bundle, edit.marked(changed, place.field, (place.path,)))


def _shows_secrets(place: FieldPlace, given: str) -> bool:
    text = given.removeprefix("text:")
    return is_certain(text) or (place.field in ("extra", "value") and has_secrets(text))


def _object(bundle: Bundle, place: FieldPlace) -> AirflowObject:
    obj = bundle.get(place.kind, place.id)
    if obj is None:
        raise LookupError("the object of an override is always in the bundle")
    return obj


def _with(bundle: Bundle, changed: AirflowObject) -> Bundle:
    return bundle.map(lambda obj: changed if (obj.kind, obj.id) == (changed.kind, changed.id) else obj)


def _renamed(bundle: Bundle, renames: Sequence[str], of_target: Sequence[str]) -> Bundle:
    """`bundle` with all renames done at once, so that two objects can swap their ids.

    Those of the target are for the objects that the bundle has and that the others don't rename. Raises `UsageError`
    where two objects would have one id.
    """
    new_ids: dict[tuple[Kind, str], str] = {}
    for text in renames:
        kind, old, new = places.find_renamed(text, bundle)
        if new_ids.setdefault((kind, old), new) != new:
            raise UsageError(f"{kind.value}/{old} can't be renamed twice", where="--rename")
    for text in of_target:
        kind, old, new = places.split_rename(text)
        if bundle.get(kind, old) is not None:
            new_ids.setdefault((kind, old), new)
    return _with_ids(bundle, new_ids) if new_ids else bundle


def _with_ids(bundle: Bundle, new_ids: Mapping[tuple[Kind, str], str]) -> Bundle:
    renamed: dict[tuple[Kind, str], AirflowObject] = {}
    for obj in bundle:
        id_ = new_ids.get((obj.kind, obj.id), obj.id)
        if (obj.kind, id_) in renamed:
            raise UsageError(
                f"there would be two {obj.kind.value}/{id_}",
                where="--rename",
                hint="exclude one of them with --exclude",
            )
        name = "name" if obj.kind is Kind.POOLS else obj.kind.id_field
        changes: dict[str, Any] = {name: id_}
        renamed[obj.kind, id_] = replace(obj, **changes)
    return Bundle.of(renamed.values())
