"""What a value without quotes is to Airflow in a YAML file, where that isn't what is written.

Airflow reads YAML 1.1 with PyYAML (`secrets/local_filesystem.py`, all releases): `yes` is true, `0123` is 83.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Any, Final, TypeVar

from airconn.errors import InputError
from airconn.formats.connection_fields import NUMBER_RULE
from airconn.formats.tree import Mapping, NotJson, Scalar, Sequence
from airconn.model import AirflowObject, Kind, Origin, Text, Variable, jsontext
from airconn.model.ambiguity import Ambiguity
from airconn.model.jsontext import JsonPath, Number
from airconn.model.leaves import leaf_name
from airconn.patterns import pattern

T = TypeVar("T", bound=AirflowObject)
Container = Mapping | Sequence

RULE: Final = "AC421"
LOOKS_TYPED_RULE: Final = "AC423"
QUOTES: Final = "put a value in quotes to keep its text"
_MESSAGE = "Airflow reads this as another value (YAML 1.1: yes is true, 0123 is 83, 12:30:00 is 45000, ~ is null)"
_LOOKS_TYPED = "YAML 1.2 and JSON read a number, Airflow (YAML 1.1) reads a text"
_EXTRAS = ("extra", "extra_dejson")
_MOST = 1000
"""The most values of one object that are told of: aliases can repeat one a million times."""


def refuse(kind: Kind, key: str, section: Mapping) -> None:
    """Raises `InputError` for an entry of an odd section that Airflow refuses for what its scalars are.

    `airflow connections import` refuses an id that isn't text (`utils/helpers.py`, `validate_key`), and databases
    differ in the text that they make of a truth value as the key of a variable. `json.dumps` fails on a date or bytes
    in an extra or a variable.
    """
    if key in section.keys_written:
        _, value = section.keys_written[key]
        if kind is Kind.CONNECTIONS or not isinstance(value, Number | NotJson):
            raise InputError(
                f"this {kind.id_field} is {_type_of(value)} to Airflow (YAML 1.1), which refuses it",
                where=str(section.origin(key)),
                hint="put it in quotes",
            )
    _refuse_foreign(kind, key, section)


def _refuse_foreign(kind: Kind, key: str, section: Mapping) -> None:
    value = section[key]
    if kind is Kind.VARIABLES:
        if isinstance(value, NotJson):
            raise _foreign(value, section.written[key], section.source, "this variable")
        fields: Container | None = value if isinstance(value, Container) else None
        if fields is not None:
            _refuse_in(fields)
    elif kind is Kind.CONNECTIONS:
        fields = _only(value)
        if not isinstance(fields, Mapping):
            return
        for name in _EXTRAS:
            inner = fields.get(name)
            if isinstance(inner, NotJson):
                raise _foreign(inner, fields.written[name], fields.source, "the extra")
            if isinstance(inner, Container):
                _refuse_in(inner)


def _refuse_in(container: Container) -> None:
    if not container.is_odd:
        return
    for _, value, odd in _items(container):
        if isinstance(value, NotJson) and odd is not None:
            raise _foreign(value, odd, container.source, "this")
        if isinstance(value, Container):
            _refuse_in(value)
    if isinstance(container, Mapping):
        for scalar, value in container.keys_written.values():
            if isinstance(value, NotJson):
                raise _foreign(value, scalar, container.source, "a key")


def _items(container: Container) -> Iterator[tuple[str | int, Any, Scalar | None]]:
    """The key or position of each item, its value, and how it is written if it is odd."""
    if isinstance(container, Mapping):
        for key, value in container.items():
            yield key, value, container.written.get(key)
    else:
        for index, value in enumerate(container):
            yield index, value, container.written.get(index)


def _foreign(value: NotJson, scalar: Scalar, source: str, subject: str) -> InputError:
    return InputError(
        f"{subject} is {value.what} to Airflow (YAML 1.1), which can't make JSON of it",
        where=str(Origin(source, scalar.line, scalar.column)),
        hint="put it in quotes" if value.what == "a date" else "write its text, without the tag",
    )


def with_ambiguities(obj: T, section: Mapping) -> T:
    """An object of an odd entry, with an ambiguity for each scalar whose value isn't what is written."""
    found = list(islice(_ambiguities(obj, section), _MOST))
    if not found:
        return obj
    typed = {ambiguity.field for ambiguity in found if ambiguity.rule == RULE}
    # Of a field with both, this rule says more.
    kept = (other for other in obj.ambiguities if other.rule != NUMBER_RULE or other.field not in typed)
    return replace(obj, ambiguities=(*kept, *found))


def _ambiguities(obj: AirflowObject, section: Mapping) -> Iterator[Ambiguity]:
    key = obj.id
    value = section[key]
    if key in section.keys_written and (scalar := section.keys_written[key][0]).text != key:
        yield _typed(obj.kind.id_field, scalar)
    if isinstance(obj, Variable):
        yield from _of_variable(obj, value, section.written.get(key))
    elif isinstance(fields := _only(value), Mapping):
        yield from _of_fields(obj, fields)


_BY_ASTRO = "the Astro CLI (0123 is 83, true is 1) or Airflow's YAML (yes is true) doesn't read this as its text"
_ASTRO_JSON = frozenset(("conn_extra", "variable_value"))
_SPOKEN_BOOLS = frozenset(("yes", "no", "on", "off"))


def with_astro(obj: T, entry: Mapping) -> T:
    """An object of an odd entry in `airflow_settings.yaml`, with an ambiguity for each scalar that isn't plain."""
    found = [
        Ambiguity(RULE, _BY_ASTRO, QUOTES, scalar.line, scalar.column, field=name)
        for name, scalar in islice(_of_astro(entry), _MOST)
    ]
    return replace(obj, ambiguities=(*obj.ambiguities, *found)) if found else obj


def _of_astro(entry: Mapping) -> Iterator[tuple[str, Scalar]]:
    """A text field has text, whatever it is. In an extra, `true` is what it says, and `yes` isn't."""
    for name, scalar in entry.written.items():
        if scalar.text.lower() not in _SPOKEN_BOOLS and _NAME.fullmatch(name):
            yield name.lower(), scalar
    for name, value in entry.items():
        if isinstance(value, Container) and name.lower() in _ASTRO_JSON:
            yield from _of_astro_json(name.lower(), value, ())


def _of_astro_json(field: str, container: Container, path: JsonPath) -> Iterator[tuple[str, Scalar]]:
    if not container.is_odd:
        return
    for key, value, scalar in _items(container):
        if isinstance(value, Container):
            yield from _of_astro_json(field, value, (*path, key))
        elif scalar is not None and not isinstance(value, bool):
            yield _leaf(field, (*path, key)), scalar


def _of_variable(variable: Variable, value: Any, scalar: Scalar | None) -> Iterator[Ambiguity]:
    """Of its text, a variable keeps each letter: `True` without quotes is `true`."""
    if not isinstance(variable.value, Text):
        return
    if scalar is not None and variable.value.text != scalar.text:
        yield _typed("value", scalar)
    elif isinstance(value, Mapping) and "value" in value and _is_wrapped(variable.value.text, value["value"]):
        yield from _of_variable(variable, value["value"], value.written.get("value"))
        yield from _of_fields(variable, value)
    elif isinstance(value, Container):
        yield from _of_json("value", value, ())


def _is_wrapped(stored: str, inner: Any) -> bool:
    return stored == (inner if isinstance(inner, str) else jsontext.dumps(inner, indent=2))


def _of_fields(obj: AirflowObject, fields: Mapping) -> Iterator[Ambiguity]:
    for name, scalar in fields.written.items():
        value = fields[name]
        if isinstance(obj, Variable) and name == "value":
            continue
        if isinstance(value, NotJson) and value.text != scalar.text:
            yield _typed(name, scalar)
        elif isinstance(value, bool | Number):
            yield from _of_leaf(name, value, scalar)
    for name in _EXTRAS:
        if isinstance(inner := fields.get(name), Container):
            yield from _of_json(name, inner, ())


def _of_json(field: str, container: Container, path: JsonPath) -> Iterator[Ambiguity]:
    if not container.is_odd:
        return
    if isinstance(container, Mapping):
        for name, (scalar, _) in container.keys_written.items():
            if scalar.text != name:
                yield _typed(field, scalar, (*path, name))
    for key, value, odd in _items(container):
        if isinstance(value, Container):
            yield from _of_json(field, value, (*path, key))
        elif odd is not None:
            yield from _of_leaf(field, value, odd, (*path, key))


def _of_leaf(field: str, value: Any, scalar: Scalar, path: JsonPath = ()) -> Iterator[Ambiguity]:
    """In JSON, `True` is as good as `true`, and `~` as good as null."""
    if isinstance(value, str):
        yield replace(
            _typed(field, scalar, path), rule=LOOKS_TYPED_RULE, message=_LOOKS_TYPED, way_out="", is_minor=True
        )
    elif isinstance(value, Number) or (isinstance(value, bool) and scalar.text.lower() not in ("true", "false")):
        yield _typed(field, scalar, path)


def _leaf(field: str, path: JsonPath) -> str:
    """The name of a leaf. A key that doesn't look like one may be a misplaced value, and isn't shown."""
    return leaf_name(field, tuple(part if isinstance(part, int) or _NAME.fullmatch(part) else "…" for part in path))


_NAME = pattern(r"[A-Za-z_][A-Za-z0-9_-]{0,79}|[0-9]{1,4}")


def _typed(field: str, scalar: Scalar, path: JsonPath = ()) -> Ambiguity:
    of_object = "extra" if field in _EXTRAS else field
    return Ambiguity(
        RULE,
        _MESSAGE,
        QUOTES,
        scalar.line,
        scalar.column,
        field=_leaf(field, path),
        places=frozenset({(of_object, path)}),
    )


def _only(value: Any) -> Any:
    """The one item of a list, which is all that an entry of a connections file may be."""
    return value[0] if isinstance(value, Sequence) and len(value) == 1 else value


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, NotJson):
        return value.what
    return "null" if value is None else "a number"
