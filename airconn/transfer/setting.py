"""Carries out `set`: an import of single objects of a place into the same place, with changed fields."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from airconn.errors import InputError, InputErrors, UsageError
from airconn.model import (
    ALL_KINDS,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Origin,
    Pool,
    Selection,
    Text,
    Variable,
)
from airconn.model.reading import Key, Reading
from airconn.override import refuse_shapeless
from airconn.override.places import FieldPlace, readings
from airconn.override.values import STDIN
from airconn.stores.base import DEFAULT_CONTEXT, Context, Description, Store
from airconn.stores.file import FileStore
from airconn.stores.saving import refuse_unwritable
from airconn.transfer.empty_runs import nearest, suggestions
from airconn.transfer.engine import Events, Host, import_objects
from airconn.transfer.importing import OpenedImport, refuse_read_only
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.request_parts import ObjectChanges
from airconn.transfer.requests import Conduct, ImportRequest

_NEEDED = {Kind.CONNECTIONS: "conn_type", Kind.VARIABLES: "value", Kind.POOLS: "slots"}
"""The field that a new object of a kind can't be without."""


@dataclass(frozen=True, slots=True)
class SetRequest:
    """Which fields of which place to set."""

    assignments: tuple[str, ...]
    """`PLACE=VALUE` each, as for `--set`, where `-` is the text of standard input."""
    to: str | None = None
    """The address of the place, if it isn't the one of the configuration."""
    fills: tuple[str, ...] = ()
    """The addresses that show what the place hides."""
    literal_masks: tuple[str, ...] = ()
    """The places at which a `***` or a placeholder is the value itself."""
    airflow: AirflowVersion | None = None
    strict: bool = False


def set_objects(request: SetRequest, places: Places, conduct: Conduct, host: Host) -> Events:
    """Sets the fields that the request names, with the plan and the report of an import.

    An object that isn't there is created if its conn_type, value or slots are given. Raises `InputErrors` for others,
    and as `import_objects` does.
    """
    for text in request.assignments:
        refuse_shapeless("", text)
    _refuse_second_use(request.assignments)
    target = places.open_target(request.to)
    refuse_read_only(target)
    if isinstance(target, FileStore) and target.path is not None:
        refuse_unwritable(target.path)
    changes = ObjectChanges(sets=request.assignments, literal_masks=request.literal_masks)
    opened = OpenedImport(
        target,
        [_NamedObjects(target, request.assignments)],
        places.open_fills(request.fills),
        make_change(changes, Selection(), places, are_arguments=True),
    )
    as_import = ImportRequest((), request.to, fills=request.fills, changes=changes, airflow=request.airflow)
    as_import = replace(as_import, strict=request.strict)
    return (yield from import_objects(as_import, places, conduct, host, opened=opened))


def _refuse_second_use(assignments: Iterable[str]) -> None:
    if sum(text.endswith(f"={STDIN}") for text in assignments) > 1:
        raise UsageError("standard input (-) is named more than once", hint="file:PATH reads a value from a file")


class _NamedObjects(Store):
    """The objects of a place that assignments name, as a source, and new ones that they create."""

    def __init__(self, place: Store, assignments: Sequence[str]) -> None:
        super().__init__(place.address, place.capabilities)
        self._place = place
        self._assignments = [_Assignment.of(text) for text in assignments]

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        return self._place.describe(context)

    def location(self, kind: Kind) -> object:
        return self._place.location(kind)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        """The objects that are there, and the new ones, whose fields are still empty.

        Raises `InputErrors` for an object that is missing and isn't created.
        """
        del selection
        kinds = frozenset(each.kind for each in self._assignments)
        ids = frozenset(key for each in self._assignments for key in each.possible)
        # As a target of a write: a file may not exist yet, and references in it are kept.
        context = replace(context, writes=ALL_KINDS)
        if unheld := kinds - self._place.describe(context).kinds:
            names = " and ".join(sorted(kind.value for kind in unheld))
            raise InputError(f"it can't hold {names}", where=self.address)
        reading = self._place.read(Selection(kinds=kinds, ids=ids), context)
        there = {(obj.kind, obj.id): obj for obj in reading.bundle}
        new = {
            key: obj
            for each in self._assignments
            if (obj := each.created(there, self.address))
            for key in [_key(obj)]
        }
        missing = [each for each in self._assignments if not each.named(there.keys() | new.keys())]
        if missing:
            raise InputErrors(tuple(self._missing(each, context) for each in _once(missing)))
        named = {key for each in self._assignments for key in each.named(there.keys() | new.keys())}
        return replace(reading, bundle=Bundle.of(obj for key, obj in {**there, **new}.items() if key in named))

    def _missing(self, assignment: _Assignment, context: Context) -> InputError:
        kind, id_ = assignment.kind, assignment.likely_id
        shown = f"{kind.value}/{id_}"
        near = nearest(id_, suggestions([self._place], frozenset({kind}), replace(context, writes=None)))
        needed = _NEEDED[kind]
        hint = f"a new {kind.singular} needs its {needed}: airconn set {shown}.{needed}=…"
        return InputError(
            f"{shown} doesn't exist", where=self.address, hint=f"did you mean {near[0]}? {hint}" if near else hint
        )


@dataclass(frozen=True, slots=True, repr=False)
class _Assignment:
    """A `PLACE=VALUE` whose id isn't known yet, since ids may have dots in them."""

    kind: Kind
    text: str
    """All that follows the kind. It may hold a value."""
    places: tuple[FieldPlace, ...]

    @classmethod
    def of(cls, text: str) -> _Assignment:
        name, _, rest = text.partition("/")
        kind = Kind(name)
        return cls(kind, rest, tuple(place for place, _ in readings(kind, rest, assigned=True)))

    @property
    def possible(self) -> frozenset[Key]:
        """The objects that it may be for."""
        if self.places:
            return frozenset((place.kind, place.id) for place in self.places)
        name = self.text.partition("=")[0]
        return frozenset((self.kind, name[:end]) for end, char in enumerate((*name, ".")) if end and char in ".[")

    @property
    def likely_id(self) -> str:
        return self.places[0].id if self.places else self.text.partition("=")[0].partition(".")[0]

    def named(self, known: Iterable[Key]) -> frozenset[Key]:
        """The objects among the known ones that it may be for."""
        return self.possible & frozenset(known)

    def created(self, there: Iterable[Key], address: str) -> AirflowObject | None:
        """The object that it creates, with no other field than its id. None if it creates none."""
        if self.named(there) or not self.places:
            return None
        place = self.places[0]
        if place.field != _NEEDED[self.kind] or place.path:
            return None
        origin = Origin(address)
        if self.kind is Kind.CONNECTIONS:
            return Connection(conn_id=place.id, conn_type="", origin=origin)
        if self.kind is Kind.VARIABLES:
            return Variable(key=place.id, value=Text(""), origin=origin)
        return Pool(name=place.id, slots=0, origin=origin)


def _key(obj: AirflowObject) -> Key:
    return obj.kind, obj.id


def _once(assignments: Iterable[_Assignment]) -> list[_Assignment]:
    """The first assignment for each object."""
    return list({(each.kind, each.likely_id): each for each in reversed(list(assignments))}.values())[::-1]
