"""Compares two objects leaf by leaf, where either side may hide some. Plan, diff and read-backs use the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property
from typing import Any

from airconn.model.jsontext import JsonPath
from airconn.model.leaves import Leaves, aligned, leaves_of
from airconn.model.objects import AirflowObject, field_values, value_fields
from airconn.model.redacted import REDACTED
from airconn.model.text import hides


class Likeness(Enum):
    """Whether two sides are the same."""

    SAME = "same"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    """A side hides something, and all that both sides show is equal."""


@dataclass(frozen=True, repr=False)
class FieldComparison:
    """The values of one field on two sides. Leaves are compared only when they are asked for."""

    name: str
    a: Any
    b: Any

    @property
    def is_identical(self) -> bool:
        """Whether both are the same to the character, and hide the same leaves."""
        return bool(self.a == self.b)

    @property
    def likeness(self) -> Likeness:
        """How alike both are: by their text, or by their leaves where a part is hidden."""
        if not self.unknown:
            return Likeness.SAME if self.is_identical else Likeness.DIFFERENT
        return Likeness.DIFFERENT if self.different else Likeness.UNKNOWN

    @cached_property
    def leaves(self) -> tuple[Leaves, Leaves]:
        """The leaves of both sides. What the other side hides as one leaf is a `Subtree`."""
        return aligned(leaves_of(self.a), leaves_of(self.b))

    @property
    def unknown(self) -> tuple[JsonPath, ...]:
        """The leaves that a side hides."""
        return self._apart[0] if hides(self.a) or hides(self.b) else ()

    @property
    def different(self) -> tuple[JsonPath, ...]:
        """The leaves that neither side hides and that differ, or that only one side has."""
        return self._apart[1]

    @property
    def hidden_only_in_b(self) -> tuple[JsonPath, ...]:
        """The hidden leaves of `b` that `a` lacks."""
        return tuple(path for path in self.unknown if path not in self.leaves[0])

    @cached_property
    def _apart(self) -> tuple[tuple[JsonPath, ...], tuple[JsonPath, ...]]:
        """The paths of `unknown` and of `different`."""
        a, b = self.leaves
        unknown, different = [], []
        for path, leaf in a.items():
            other = b.get(path, _ABSENT)
            if leaf is REDACTED or other is REDACTED:
                unknown.append(path)
            elif leaf != other:
                different.append(path)
        for path, leaf in b.items():
            if path not in a:
                (unknown if leaf is REDACTED else different).append(path)
        return tuple(unknown), tuple(different)


_ABSENT = object()


def compare(a: AirflowObject, b: AirflowObject, names: Sequence[str] | None = None) -> tuple[FieldComparison, ...]:
    """The fields of two objects that differ or are hidden in part. With `names`, only those of them."""
    found = zip(value_fields(a.kind), field_values(a), field_values(b), strict=True)
    return tuple(
        FieldComparison(name, ours, theirs)
        for name, ours, theirs in found
        if (names is None or name in names) and (ours != theirs or hides(ours))
    )
