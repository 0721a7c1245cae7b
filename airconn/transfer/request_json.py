"""Converts a request to JSON for a plan file, and back: an object for each dataclass, with all of its fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import UnionType
from typing import Any, Literal, Union, cast, get_args, get_origin, get_type_hints

from airconn import formats
from airconn.errors import AirconnError
from airconn.model import AirflowVersion
from airconn.transfer.requests import ImportRequest


def as_json(value: Any) -> Any:
    """A request, or a part of one, as a JSON value."""
    if isinstance(value, AirflowVersion):
        return str(value)
    if is_dataclass(value):
        return {one.name: as_json(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, frozenset):
        return sorted(map(as_json, value))
    return list(map(as_json, value)) if isinstance(value, tuple) else value


def import_request(found: Any) -> ImportRequest:
    """The request of a plan file. Raises `ValueError` for JSON that `as_json` doesn't give."""
    try:
        request = cast("ImportRequest", _of_type(ImportRequest, found))
    except AirconnError:
        raise ValueError("not a version of Airflow") from None
    said, ids = request.source_format, request.selection.ids
    is_known = said.name in (None, *formats.names()) and formats.are_source_values(said.values)
    if request.max_delete < 0 or not is_known or ids is not None:
        raise ValueError("not a valid value")
    return request


def _of_type(wanted: Any, found: Any) -> Any:
    """A JSON value converted to the type `wanted`."""
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        (inner,) = (one for one in get_args(wanted) if one is not type(None))
        return None if found is None else _of_type(inner, found)
    if origin in (tuple, frozenset):
        return origin(_of_type(get_args(wanted)[0], item) for item in _checked(list, found))
    if origin is Mapping:
        return {_text(name): _text(value) for name, value in _checked(dict, found).items()}
    if origin is Literal or issubclass(wanted, Enum):
        choices = {one: one for one in get_args(wanted)} if origin is Literal else {one.value: one for one in wanted}
        if _text(found) not in choices:
            raise ValueError("not one of the choices")
        return choices[found]
    if wanted is AirflowVersion:
        return AirflowVersion.parse(_text(found))
    if is_dataclass(wanted):
        types = get_type_hints(wanted)
        if _checked(dict, found).keys() != types.keys():
            raise ValueError("other fields")
        make = cast("Callable[..., Any]", wanted)
        return make(**{name: _of_type(of, found[name]) for name, of in types.items()})
    return _text(found) if wanted is str else _checked(wanted, found)


def _text(found: Any) -> str:
    if not isinstance(found, str) or not found.isprintable():
        raise ValueError("not a text in one line")
    return found


def _checked(wanted: type, found: Any) -> Any:
    if type(found) is not wanted:  # true isn't a number
        raise ValueError("another type")
    return found
