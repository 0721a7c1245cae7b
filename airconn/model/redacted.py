"""A value that its source hides."""

from __future__ import annotations

from typing import Final, NoReturn

MASK: Final = "***"
"""How Airflow's secrets masker, and therefore every export of it, writes a hidden value."""


class Redacted:
    """The type of :data:`REDACTED`: there is a value, and the source doesn't tell which.

    It has no text on purpose: code that writes a hidden value as if it were text fails loudly instead of destroying
    the secret. Code that means the mask writes :data:`MASK`.
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "REDACTED"

    def __str__(self) -> NoReturn:
        raise TypeError("a redacted value has no text")

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("a redacted value has no text")

    def __bool__(self) -> NoReturn:
        raise TypeError("whether a redacted value is empty is not known")

    def __copy__(self) -> Redacted:
        return self

    def __deepcopy__(self, memo: object) -> Redacted:
        return self

    def __reduce__(self) -> str:
        return "REDACTED"


REDACTED: Final = Redacted()
"""The one instance: a leaf whose value the source hides. Test for it with ``is REDACTED``."""
