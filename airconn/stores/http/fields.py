"""Reads the fields of an object in an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from airconn.errors import TargetError
from airconn.model import Kind

T = TypeVar("T")


class FieldReader:
    """Reads the fields of one object in an answer. Its errors don't quote them.

    Other fields are ignored: a newer server may have more.
    """

    def __init__(self, kind: Kind, fields: Mapping[str, Any], source: str) -> None:
        self._kind, self._fields, self._source = kind, fields, source

    def has(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str) -> str | None:
        return self._take(str, name)

    def whole(self, name: str) -> int | None:
        return self._take(int, name)

    def needed(self, type_: type[T], name: str) -> T:
        """A field that each object of its kind has. Raises `TargetError` without it."""
        value = self._take(type_, name)
        if value is None:
            raise self._wrong(name)
        return value

    def _take(self, type_: type[T], name: str) -> T | None:
        value = self._fields.get(name)
        # To Python, true is a number.
        if value is not None and type(value) is not type_:
            raise self._wrong(name)
        return value

    def _wrong(self, name: str) -> TargetError:
        return TargetError(f"the API shows one of its {self._kind.value} with a {name} of no use", where=self._source)
