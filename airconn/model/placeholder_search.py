"""Finds the placeholders of `model/placeholder_forms.py` in texts."""

from __future__ import annotations

import re
from functools import cache

from airconn.model.placeholder_forms import FORMS, LONGEST, Form, PlaceholderType
from airconn.patterns import pattern

_BEFORE = r"(?:(?:Bearer|Basic|Token|ApiKey)\s+)?"
"""What a header has in front of a secret."""
_ANY_TEMPLATE = "|".join(form.pattern for form in FORMS if form.type is PlaceholderType.TEMPLATE)
_MORE_TEMPLATES = rf"(?:[\s:/._-]{{0,3}}(?:{_ANY_TEMPLATE}))*"


@cache
def _pattern(number: int) -> re.Pattern[str]:
    """The pattern of a form in the table. Most runs need few of them."""
    form = FORMS[number]
    flags = re.DOTALL | (re.IGNORECASE if form.any_case else 0)
    return re.compile(
        f"{_BEFORE}(?:{form.pattern})" + (_MORE_TEMPLATES if form.type is PlaceholderType.TEMPLATE else ""), flags
    )


_ALL_SIGNS = frozenset(sign for form in FORMS for sign in form.signs)
_SIGNS = tuple(
    sorted(sign for sign in _ALL_SIGNS - {"$"} if not any(other != sign and other in sign for other in _ALL_SIGNS))
)
_COLON = re.compile(r"[a-z0-9]:")
"""A colon as in `env:`, and not as behind a key of JSON."""
_SIGNS_WITH_COLON = tuple(sign for sign in _SIGNS if _COLON.search(sign))
_COMMON = '{ ,".:etaoinrslhcdmup'
"""Characters that most texts have."""
_RARITY = dict(zip(_COMMON, range(len(_COMMON)), strict=True))
_RAREST = {
    sign: max(sign, key=lambda mark: _RARITY.get(mark, len(_COMMON)))
    for sign in _SIGNS
    if sign not in _SIGNS_WITH_COLON
}
_SIGNS_WITH = {
    mark: tuple(sign for sign in _RAREST if _RAREST[sign] == mark) for mark in sorted(set(_RAREST.values()))
}
"""The other signs by the rarest of their characters. They are looked for in a text that has that one."""
_DOLLAR = pattern(r"\$[a-z({\[]")
"""What a '$' has behind it that isn't a price."""


def may_have_one(text: str) -> bool:
    """Whether a text may have a placeholder in it. It is quick, and wrong only in saying yes."""
    text = text.lower()
    for mark, signs in _SIGNS_WITH.items():  # loops, since any() with a generator takes twice as long
        if mark in text:
            for sign in signs:
                if sign in text:
                    return True
    if ":" in text and _COLON.search(text) and any(sign in text for sign in _SIGNS_WITH_COLON):
        return True
    return "$" in text and _DOLLAR.search(text) is not None


_BLANKS = " \t\r\n"


def form_of(text: str) -> Form | None:
    """The form of the placeholder that a text is as a whole. None for other texts."""
    text = text.strip(_BLANKS)
    lowered = text.lower()
    signs = [sign for sign in (_BY_SIGN if len(text) <= LONGEST else _LONG_BY_SIGN) if sign in lowered]
    if not signs:
        return None
    for number in sorted({number for sign in signs for number in _BY_SIGN[sign]}):
        form = FORMS[number]
        if (form.is_long or len(text) <= LONGEST) and _pattern(number).fullmatch(text):
            return form
    return None


_BY_SIGN = {
    sign: tuple(number for number, form in enumerate(FORMS) if sign in form.signs) for sign in sorted(_ALL_SIGNS)
}
_LONG_BY_SIGN = {
    sign: numbers for sign, numbers in _BY_SIGN.items() if any(FORMS[number].is_long for number in numbers)
}
