"""Takes `ref:ADDRESS#PLACE` apart: the address of a place, and the objects or leaves that may be meant there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from airconn.errors import InputError
from airconn.model import Kind
from airconn.model.jsontext import JsonPath
from airconn.override.places import FieldPlace, readings
from airconn.quoting import shown_address

FORM = "ref:ADDRESS#connections/ID.FIELD, or ref:ADDRESS/connections/ID#FIELD"
_KINDS = {kind.value: kind for kind in (Kind.CONNECTIONS, Kind.VARIABLES)}
_NAMED = re.compile(r"(?P<base>.+)/(?P<kind>connections|variables)/(?P<id>[^?]+)(?P<query>\?.*)?", re.DOTALL)
_SHOWABLE = re.compile(r"""[\w./\[\]" :@-]{1,200}""")


@dataclass(frozen=True, slots=True)
class Meant:
    """An object that a reference may mean, or with a field a value in it. An id may have dots in it."""

    kind: Kind
    id: str
    field: str = ""
    path: JsonPath = ()

    @property
    def is_whole(self) -> bool:
        return not self.field

    @property
    def place(self) -> FieldPlace:
        return FieldPlace(self.kind, self.id, self.field, self.path)

    def __str__(self) -> str:
        return f"{self.kind.value}/{self.id}" if self.is_whole else str(self.place)


@dataclass(frozen=True, slots=True)
class ObjectReference:
    """A reference into another place: its address, and what may be meant there, by the ids that it has."""

    address: str
    meant: tuple[Meant, ...]


def parse(text: str) -> ObjectReference:
    """What a reference means. Raises `InputError`, which quotes nothing, for one that can't be read."""
    address, mark, fragment = text.partition(":")[2].partition("#")
    name, slash, rest = fragment.partition("/")
    if slash and name in _KINDS:
        return _checked(address, tuple(_meant(_KINDS[name], rest)))
    if slash and name == Kind.POOLS.value:
        raise InputError("pools hold no secrets", hint=FORM, topic="references")
    found = _NAMED.fullmatch(address)
    if found is None:
        raise InputError("it doesn't say which object is meant", hint=f"write {FORM}", topic="references")
    kind, id_ = _KINDS[found["kind"]], found["id"]
    if mark and not fragment:
        raise InputError("the field after '#' is missing", hint=f"write {FORM}", topic="references")
    meant = tuple(
        Meant(kind, id_, place.field, place.path)
        for place, _ in readings(kind, f"{id_}.{fragment}", assigned=False)
        if place.id == id_
    )
    if mark and not meant:
        raise InputError(
            f"what follows '#' is not a field of a {kind.singular}",
            hint="such as #password or #extra.token" if kind is Kind.CONNECTIONS else "such as #value",
            topic="references",
        )
    base = found["base"] + ("/" if found["base"].endswith(":/") else "")
    return _checked(f"{base}{found['query'] or ''}", meant or (Meant(kind, id_),))


def shown(text: str) -> str:
    """A reference as messages show it: without what may be a password or a token in its address."""
    word, _, rest = text.partition(":")
    if word.lower() != "ref":
        return text if text.isprintable() and len(text) <= 200 else f"{word}:…"
    address, mark, fragment = rest.partition("#")
    place = fragment if _SHOWABLE.fullmatch(fragment) else "…"
    return f"ref:{shown_address(address)}" + (f"#{place}" if mark else "")


def _meant(kind: Kind, rest: str) -> Iterator[Meant]:
    """All that the text after `#KIND/` may mean, since an id may have dots in it."""
    if rest:
        yield Meant(kind, rest)
    for place, _ in readings(kind, rest, assigned=False):
        yield Meant(kind, place.id, place.field, place.path)


def _checked(address: str, meant: tuple[Meant, ...]) -> ObjectReference:
    if not meant:
        raise InputError("it doesn't say which object is meant", hint=f"write {FORM}", topic="references")
    if address == "-":
        raise InputError("a reference can't read standard input", topic="references")
    return ObjectReference(address, meant)
