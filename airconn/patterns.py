"""Regular expressions that are compiled when they are first used, since each start of airconn meets many."""

from __future__ import annotations

import re
from typing import Any, cast


def pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` gives, for use by its methods. A mistake in `text` is only found when it is used."""
    return cast("re.Pattern[str]", _Pattern(text, flags))


class _Pattern:
    """Takes the methods of the pattern over at the first use of each, so that later ones cost nothing more."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        value = getattr(re.compile(self._text, self._flags), name)
        setattr(self, name, value)
        return value
