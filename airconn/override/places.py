"""Finds the object, field and leaf that an option names: `connections/warehouse.extra.hosts[0]`.

An id may have dots, slashes and even `=` in it, so that only the ids of the sources tell where one ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from airconn.errors import UsageError
from airconn.model import Bundle, Kind, jsontext, value_fields
from airconn.model.jsontext import MAX_DEPTH, JsonPath

LEAFY = {Kind.CONNECTIONS: "extra", Kind.VARIABLES: "value"}
"""The field of a kind that can be JSON with leaves of its own."""

_STEP = re.compile(r"\.([^.\[\]=]+)|\[([0-9]{1,6})\]|\[(\"(?:[^\"\\]|\\.)*\")\]")
_SHOWABLE = re.compile(r"[\w.\-/#:\[\]]{1,120}")
_OTHER_NAMES = {
    "database": "schema",
    "name": "--rename",
    "conn_id": "--rename",
    "key": "--rename",
    "pool": "--rename",
    "type": "conn_type",
    "user": "login",
    "username": "login",
    "uri": "host, login, password and the like, one by one",
}
"""Names that people write, and what to write instead."""


@dataclass(frozen=True, slots=True)
class FieldPlace:
    """A field of an object, or with a path a leaf of it."""

    kind: Kind
    id: str
    field: str
    path: JsonPath = ()

    def __str__(self) -> str:
        path = jsontext.show_path(self.path)
        joint = "." if path and not path.startswith("[") else ""
        return f"{self.kind.value}/{self.id}.{self.field}{joint}{path}"


def find(option: str, text: str, bundle: Bundle) -> FieldPlace:
    """The place that `text` names. Raises `UsageError` that names the nearest one."""
    return _find(option, text, bundle, assigned=False)[0]


def refuse_shapeless(option: str, text: str) -> None:
    """Raises `UsageError` for a `PLACE=VALUE` or a rename that is wrong for any sources."""
    if "=" not in text:
        form = "KIND/OLD=NEW" if option == "--rename" else f"{_FORM}=VALUE"
        raise UsageError("'=' is missing", where=option, hint=f"{option} {form}".lstrip(), topic="overlays")
    if option != "--rename":
        _kind_of(option, text)


def find_assigned(option: str, text: str, bundle: Bundle) -> tuple[FieldPlace, str]:
    """The place that `PLACE=VALUE` names, and the value. Raises `UsageError` that quotes nothing of the value."""
    refuse_shapeless(option, text)
    return _find(option, text, bundle, assigned=True)


_FORM = "KIND/ID.FIELD"


def _find(option: str, text: str, bundle: Bundle, *, assigned: bool) -> tuple[FieldPlace, str]:
    kind, rest = _kind_of(option, text)
    found: list[tuple[FieldPlace, str]] = []
    for id_ in bundle.of_kind(kind):
        if not rest.startswith(f"{id_}."):
            continue
        field = _field(kind, rest[len(id_) + 1 :], option)
        if field and field[2][:1] == ("=" if assigned else ""):
            found.append((FieldPlace(kind, id_, field[0], field[1]), field[2][1:]))
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(
            f"this is ambiguous: {_listed(place.id for place, _ in found)}",
            where=option,
            hint="name it in an --overlay file, where ids are taken as they are",
        )
    raise _unknown(option, kind, rest.partition("=")[0] if assigned else rest, bundle)


def _kind_of(option: str, text: str) -> tuple[Kind, str]:
    name, slash, rest = text.partition("/")
    kinds = [kind.value for kind in Kind]
    if slash and name in kinds:
        return Kind(name), rest
    near = get_close_matches(name, kinds, n=1) if slash else []
    raise UsageError(
        "this must begin with a kind",
        where=option,
        hint=f"did you mean {near[0]}/…?"
        if near
        else f"{option} {_FORM}, where KIND is one of {', '.join(kinds)}".lstrip(),
    )


def _field(kind: Kind, text: str, option: str) -> tuple[str, JsonPath, str] | None:
    """The field and path that `text` begins with, and the rest of it. None if it doesn't begin with a field."""
    match = re.match(r"\w+", text)
    if not match or match[0] not in value_fields(kind):
        return None
    path: list[str | int] = []
    end = match.end()
    while step := _STEP.match(text, end):
        key, index, quoted = step.groups()
        if len(path) == MAX_DEPTH:
            raise UsageError("this path is too long", where=option)
        try:
            path.append(key if key is not None else int(index) if index is not None else str(json.loads(quoted)))
        except ValueError:
            return None
        end = step.end()
    if path and LEAFY.get(kind) != match[0]:
        return None
    return match[0], tuple(path), text[end:]


def readings(kind: Kind, text: str, *, assigned: bool) -> Iterator[tuple[FieldPlace, str]]:
    """Each place that `text`, which follows the kind, may name, whatever ids there are, the shortest id first.

    If `assigned`, a place ends with `=`, and the value comes with it.
    """
    for dot in re.finditer(r"\.", text):
        field = _field(kind, text[dot.end() :], "") if dot.start() else None
        if field and field[2][:1] == ("=" if assigned else ""):
            yield FieldPlace(kind, text[: dot.start()], field[0], field[1]), field[2][1:]


def _unknown(option: str, kind: Kind, text: str, bundle: Bundle) -> UsageError:
    """The error for a place that the sources don't have. `text` is what follows its kind."""
    ids = bundle.of_kind(kind)
    known = max((id_ for id_ in ids if text == id_ or text.startswith(f"{id_}.")), key=len, default=None)
    if known is not None:
        return unknown_field(kind, text[len(known) + 1 :], where=f"{option} {kind.value}/{known}".lstrip())
    # Where the id ends is a guess now: before the last dot that a field comes after, else before the first dot.
    dots = [match.start() for match in re.finditer(r"\.", text)]
    ends = [dot for dot in dots if _field(kind, text[dot + 1 :], option)] or dots[:1]
    if not ends:
        return unknown_id(kind, text, bundle, where=option)
    near = [end for end in ends if _near(text[:end], ids)]
    return unknown_id(kind, text[: (near or ends)[-1]], bundle, where=option)


def unknown_field(kind: Kind, name: str, *, where: str) -> UsageError:
    """The error for a field that a kind doesn't have. `name` is the field and what follows it."""
    fields = value_fields(kind)
    word = re.split(r"[.\[]", name, maxsplit=1)[0]
    if word in fields:
        leafy = LEAFY.get(kind)
        if leafy == word:
            hint = f"""such as {word}.a.b, {word}.list[0] or {word}["a.b"]"""
            return UsageError(
                f"the text after '{word}' is not a path to a leaf", where=where, hint=hint, topic="overlays"
            )
        also = f"; only '{leafy}' has" if leafy else ""
        return UsageError(f"'{word}' has no leaves{also}", where=where)
    if not name:
        hint = f"such as .{fields[0]}; the fields of a {kind.singular} are {', '.join(fields)}"
        return UsageError("which field of it is missing", where=where, hint=hint, topic="overlays")
    near = _near(word, fields)
    other = _OTHER_NAMES.get(word)
    listed = f"the fields of a {kind.singular} are {', '.join(fields)}"
    hint = f"that is {other}" if other else f"did you mean {near[0]!r}?" if near else listed
    named = repr(word) if re.fullmatch(r"[a-z_]{1,40}", word) else "this"
    return UsageError(f"{named} is not a field of a {kind.singular}", where=where, hint=hint)


def unknown_id(kind: Kind, id_: str, bundle: Bundle, *, where: str) -> UsageError:
    """The error for an id that the sources don't hold, which names the nearest one."""
    near = _near(id_, bundle.of_kind(kind))
    others = [other for other in Kind if bundle.get(other, id_)]
    if near:
        hint: str | None = f"did you mean {kind.value}/{near[0]}?"
    elif others:
        hint = f"there is {others[0].value}/{id_}"
    else:
        hint = f"no {kind.value} are selected" if not bundle.of_kind(kind) else None
    named = f"{kind.value}/{id_}" if _SHOWABLE.fullmatch(id_) else f"{kind.value}/… of this name"
    return UsageError(f"the sources hold no {named} that is selected", where=where, hint=hint)


def _near(name: str, known: Iterable[str]) -> list[str]:
    return get_close_matches(name, [*known], n=1, cutoff=0.5)


def _listed(names: Iterable[str]) -> str:
    return " and ".join(sorted(names))


def find_renamed(text: str, bundle: Bundle) -> tuple[Kind, str, str]:
    """The kind, old id and new id of `KIND/OLD=NEW`, or of `OLD=NEW` where only one object has that id."""
    refuse_shapeless("--rename", text)
    found = [*_olds(text, bundle)]
    if len(found) > 1:
        raise UsageError(
            f"this is ambiguous: {_listed(f'{kind.value}/{old}' for kind, old, _ in found)}",
            where="--rename",
            hint="--rename KIND/OLD=NEW says which, if their ids have no '='",
        )
    if not found:
        name, _, rest = text.partition("=")[0].partition("/")
        kinds = [kind.value for kind in Kind]
        if name in kinds and rest:
            raise unknown_id(Kind(name), rest, bundle, where="--rename")
        old = text.partition("=")[0]
        near = _near(old, {obj.id for obj in bundle})
        if rest and f"{name}s" in kinds:
            near = [rest]
        ids = [f"{obj.kind.value}/{obj.id}" for obj in bundle if obj.id in near]
        named = f"nothing with the id {old}" if _SHOWABLE.fullmatch(old) else "nothing with this id"
        raise UsageError(
            f"the sources hold {named}", where="--rename", hint=f"did you mean {ids[0]}?" if ids else None
        )
    kind, old, new = found[0]
    if not new or new.startswith(f"{kind.value}/"):
        raise UsageError(
            f"the new id of {kind.value}/{old} is missing" if not new else "the new id has no kind",
            where="--rename",
            hint=f"--rename {kind.value}/{old}=NEW",
        )
    return kind, old, new


def split_rename(text: str) -> tuple[Kind, str, str]:
    """The kind, old id and new id of a `KIND/OLD=NEW` that is known to be one, and whose old id has no `=`."""
    place, _, new = text.partition("=")
    kind, _, old = place.partition("/")
    return Kind(kind), old, new


def _olds(text: str, bundle: Bundle) -> Iterator[tuple[Kind, str, str]]:
    for kind in Kind:
        for id_ in bundle.of_kind(kind):
            for name in (f"{kind.value}/{id_}=", f"{id_}="):
                if text.startswith(name):
                    yield kind, id_, text[len(name) :]
