"""A set of objects, and the choice of some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from types import MappingProxyType

from airconn.errors import InputError, InputErrors
from airconn.model.objects import ALL_KINDS, CLASS_OF, AirflowObject, Connection, Kind, Pool, Variable


@dataclass(frozen=True, slots=True)
class Bundle:
    """Objects by kind and id, each with its origin. Iterating gives them sorted by kind and id."""

    connections: Mapping[str, Connection] = field(default_factory=dict)
    variables: Mapping[str, Variable] = field(default_factory=dict)
    pools: Mapping[str, Pool] = field(default_factory=dict)

    @classmethod
    def of(cls, objects: Iterable[AirflowObject]) -> Bundle:
        """The bundle of `objects`.

        Raises `InputErrors` naming both places where an id comes twice with different values.
        """
        by_kind: dict[Kind, dict[str, AirflowObject]] = {kind: {} for kind in Kind}
        # By class and not by kind, which takes longer to hash: this is done for each of a million objects.
        by_class: dict[type, dict[str, AirflowObject]] = {CLASS_OF[kind]: by_kind[kind] for kind in Kind}
        faults: list[InputError] = []
        for obj in objects:
            known = by_class[type(obj)].setdefault(obj.id, obj)
            if known is not obj and known != obj:
                faults.append(
                    InputError(
                        f"{obj.kind.value}/{obj.id} is in {known.origin} already, with other values",
                        where=str(obj.origin),
                        hint="remove one of the two, or choose one with --include or --exclude",
                    )
                )
        if faults:
            raise InputErrors(tuple(faults))
        return cls(
            *(MappingProxyType(dict(sorted(by_kind[kind].items()))) for kind in Kind)  # type: ignore[arg-type]
        )

    def of_kind(self, kind: Kind) -> Mapping[str, AirflowObject]:
        """The objects of one kind by id."""
        return getattr(self, kind.value)  # type: ignore[no-any-return]

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        return self.of_kind(kind).get(id_)

    def __iter__(self) -> Iterator[AirflowObject]:
        for kind in Kind:
            yield from self.of_kind(kind).values()

    def __len__(self) -> int:
        return sum(len(self.of_kind(kind)) for kind in Kind)

    def map(self, change: Callable[[AirflowObject], AirflowObject]) -> Bundle:
        """A bundle of the same ids with each object passed through `change`."""
        return self._with(lambda objects: {id_: change(obj) for id_, obj in objects.items()})

    def only(self, keeps: Callable[[Kind, str], bool]) -> Bundle:
        """A bundle of the objects for whose kind and id `keeps` is true."""
        return self._with(lambda objects: {id_: obj for id_, obj in objects.items() if keeps(obj.kind, id_)})

    def _with(self, change: Callable[[Mapping[str, AirflowObject]], dict[str, AirflowObject]]) -> Bundle:
        """The bundle that `change` makes of the objects of each kind, which keeps their order."""
        return Bundle(*(MappingProxyType(change(self.of_kind(kind))) for kind in Kind))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which objects are selected: kinds, globs over ids, and for a read also exact ids.

    A glob may name its kind (`connections/aws_*`), and is compared with case. `ids` of None means all.
    """

    kinds: frozenset[Kind] = ALL_KINDS
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    ids: frozenset[tuple[Kind, str]] | None = None
    within: tuple[str, ...] = ()
    """Globs of which one has to match as well, such as those that a target is limited to."""

    def reaches(self, kind: Kind) -> bool:
        """Whether an object of this kind can be selected, by the kinds and the ids."""
        return kind in self.kinds and (self.ids is None or any(other is kind for other, _ in self.ids))

    def wants(self, kind: Kind, id_: str) -> bool:
        """Whether the object of this kind and id is selected."""
        if kind not in self.kinds or (self.ids is not None and (kind, id_) not in self.ids):
            return False
        for globs in (self.include, self.within):
            if globs and not any(matches(glob, kind, id_) for glob in globs):
                return False
        return not any(matches(glob, kind, id_) for glob in self.exclude)

    def of(self, bundle: Bundle) -> Bundle:
        """The selected part of `bundle`."""
        if self == Selection():
            return bundle
        return bundle.only(self.wants)


def matches(glob: str, kind: Kind, id_: str) -> bool:
    """Whether a glob over ids, which may name its kind, matches an object."""
    if fnmatchcase(id_, glob):
        return True
    prefix, slash, rest = glob.partition("/")
    return bool(slash) and prefix == kind.value and fnmatchcase(id_, rest)
