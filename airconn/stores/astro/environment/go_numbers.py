"""The numbers of an extra as Go's JSON has them, in which Astro's services are written.

`encoding/json` decodes a number of an object to a float64, and writes it as its `floatEncoder` does: the shortest
digits, with an exponent only below 1e-6 and from 1e21 on. Whether the server decodes an extra at all isn't
documented, so that what was read is asked (`keeps_digits`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from airconn.model import jsontext
from airconn.model.jsontext import JsonPath, Number

_MOST_DIGITS = 1000
"""The digits of the longest number that a float may hold, and more than any real one has."""


def go_float(value: float) -> str:
    """The text that Go writes for a finite float64."""
    if value == 0:
        return "0"
    if 1e-6 <= abs(value) < 1e21:
        text = format(Decimal(repr(value)), "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    mantissa, _, exponent = repr(value).partition("e")
    sign = exponent[0] if exponent[0] in "+-" else "+"
    return f"{mantissa.removesuffix('.0')}e{sign}{exponent.lstrip('+-').lstrip('0')}"


def shortest(number: int) -> int:
    """The whole number that is left of one after Go has read it as a float64."""
    return int(Decimal(repr(float(number))))


def is_exact(number: int) -> bool:
    """Whether a whole number that was read can't have come out of a float64."""
    if abs(number) <= 2**53:
        return False
    try:
        return number not in (shortest(number), int(float(number)))
    except OverflowError:
        return True


def keeps_digits(value: Any) -> bool:
    """Whether an extra that was read has a number which a float64 can't hold, so that the server keeps all digits."""
    return any(
        isinstance(leaf, int) and not isinstance(leaf, bool) and is_exact(leaf) for _, leaf in jsontext.leaves(value)
    )


def shown(value: Any) -> Any:
    """A value of an extra as it was read from the API, with its keys sorted and each number in one form."""
    if isinstance(value, dict):
        return {key: shown(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [shown(item) for item in value]
    if isinstance(value, float):
        # Python writes those between as Go does, and much faster than as a `Number`.
        return value if 1e-4 <= abs(value) < 1e16 and not value.is_integer() else Number(go_float(value))
    if type(value) is int and abs(value) > 2**53:
        return Number(str(value if is_exact(value) else shortest(value)))
    return value


def stored(value: Any, *, exact: bool) -> Any:
    """A value of an extra, numbers as `Number`, in the form in which it is read back after it was written.

    `exact`: the server keeps all digits of whole numbers.
    """
    if isinstance(value, dict):
        return {key: stored(value[key], exact=exact) for key in sorted(value)}
    if isinstance(value, list):
        return [stored(item, exact=exact) for item in value]
    if not isinstance(value, Number):
        return value
    sent = plain(value)
    if isinstance(sent, float):
        return Number(go_float(sent)) if math.isfinite(sent) else value
    if abs(sent) <= 2**53 or exact:
        return Number(str(sent))
    try:
        return Number(str(shortest(sent)))
    except OverflowError:
        return value


def plain(value: Any) -> Any:
    """A value with its numbers as Python's, as it is sent."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, Number):
        return value
    text = value.text
    is_whole = text.lstrip("-").isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_whole else float(text)


def unsendable(value: Any) -> Iterator[JsonPath]:
    """The paths of the numbers that JSON can't send, or that no float64 holds."""
    for path, leaf in jsontext.leaves(value):
        if isinstance(leaf, Number):
            try:
                is_finite = math.isfinite(float(leaf.text))
            except (ValueError, OverflowError):
                is_finite = False
            if not is_finite or len(leaf.text) > _MOST_DIGITS:
                yield path


def losing_digits(value: Any) -> Iterator[JsonPath]:
    """The paths of the numbers that a float64 holds with other digits."""
    for path, leaf in jsontext.leaves(value):
        if isinstance(leaf, Number):
            try:
                if Decimal(leaf.text) != Decimal(repr(float(leaf.text))):
                    yield path
            except (InvalidOperation, ValueError, OverflowError):
                continue
