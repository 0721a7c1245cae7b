"""Placeholders as warnings: one for each type, with the names of the leaves."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from airconn.model.ambiguity_warnings import NAMED, listed
from airconn.model.objects import AirflowObject
from airconn.model.placeholder_forms import PlaceholderType
from airconn.model.placeholders import Placeholder, Weight, all_placeholders, placeholders

_MANY = {
    PlaceholderType.MASK: "masks of other tools are",
    PlaceholderType.REFERENCE: "references to secrets are",
    PlaceholderType.CIPHERTEXT: "encrypted texts are",
    PlaceholderType.TEMPLATE: "templates are",
}


def warnings(objects: Iterable[AirflowObject], *, is_planned: bool) -> list[tuple[str, str]]:
    """A place and a message for each type of placeholders that the objects hold.

    `is_planned`: a plan follows, which is blocked by most of them and says so itself.
    """
    by_type: dict[PlaceholderType, list[tuple[AirflowObject, Placeholder]]] = {}
    for obj in objects:
        for found in all_placeholders(obj):
            if found.type is PlaceholderType.TEMPLATE and _is_reference(obj):
                continue  # the warning of the reference says it
            if found.weight is Weight.WARNS or (found.weight is Weight.BLOCKS and not is_planned):
                by_type.setdefault(found.type, []).append((obj, found))
    return [_warning(type_, by_type[type_]) for type_ in PlaceholderType if type_ in by_type]


def _is_reference(obj: AirflowObject) -> bool:
    """Whether other programs expand a reference in an object, which its template is then."""
    return any(found.rule == "AC407" and found.blocks for found in obj.ambiguities)


def summary(objects: Iterable[AirflowObject]) -> str:
    """How many placeholders of each type block the objects, such as `1 mask, 20 templates`."""
    found = Counter(each.type for obj in objects for each in placeholders(obj))
    return ", ".join(f"{found[type_]} {_plural(type_, found[type_])}" for type_ in PlaceholderType if type_ in found)


def _plural(type_: PlaceholderType, number: int) -> str:
    word = "encrypted text" if type_ is PlaceholderType.CIPHERTEXT else type_.value
    return f"{word}{'s' * (number > 1)}"


def _warning(type_: PlaceholderType, found: list[tuple[AirflowObject, Placeholder]]) -> tuple[str, str]:
    names = [_name(obj, each, among=len(found)) for obj, each in found[:NAMED]]
    first, _ = found[0]
    way_out = _way_out([each.way_out for _, each in found])
    return str(first.origin), f"{_words(type_, found)}: {listed(names, len(found))}; {way_out}"


_OPTION = "use --resolve "


def _way_out(ways: list[str]) -> str:
    """What to do about several placeholders: about the first one, or the option that resolves all that it can."""
    kinds = dict.fromkeys(way.removeprefix(_OPTION) for way in ways if way.startswith(_OPTION))
    if kinds:
        return _OPTION + ",".join(kinds)
    return ways[0] if len(ways) == 1 else ways[0].replace(" it first", " them first")


def _words(type_: PlaceholderType, found: list[tuple[AirflowObject, Placeholder]]) -> str:
    if type_ is PlaceholderType.SAMPLE:
        return f"{'a value looks' if len(found) == 1 else f'{len(found)} values look'} like a note to fill in a value"
    whats = {each.form.what for _, each in found}
    if type_ is PlaceholderType.CIPHERTEXT:
        what = _MANY[type_] if len(found) > 1 else f"a text that is {whats.pop()} is"
    else:
        what = f"{whats.pop()} is" if len(whats) == 1 else _MANY[type_]
    return f"{what} in the place of {'a value' if len(found) == 1 else f'{len(found)} values'}"


def _name(obj: AirflowObject, found: Placeholder, *, among: int) -> str:
    line = f" (line {obj.origin.line})" if obj.origin.line and among > 1 else ""
    whole = f"{obj.kind.value}/{obj.id}"
    return f"{whole}{line}" if found.field == "conn_type" else f"{whole}.{found.name}{line}"
