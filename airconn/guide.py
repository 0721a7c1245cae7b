"""The guide: its pages, which are the Markdown files in `airconn/help/`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

_WEIGHT_OF_HEADINGS = 3


@dataclass(frozen=True, slots=True)
class GuidePage:
    """A page of the guide."""

    topic: str
    """The name of its file, without the ending."""
    text: str
    """Markdown."""

    @property
    def title(self) -> str:
        """The text of its first heading."""
        return self.text.partition("\n")[0].lstrip("# ").strip()

    @property
    def summary(self) -> str:
        """The title without the topic in front of it: `find mistakes` of `Check: find mistakes`."""
        first, colon, rest = self.title.partition(": ")
        return rest if colon and first.lower() == self.topic else self.title


def pages() -> Mapping[str, GuidePage]:
    """All pages by topic, sorted."""
    found = {}
    for file in sorted(files("airconn").joinpath("help").iterdir(), key=lambda file: file.name):
        topic, dot, ending = file.name.rpartition(".")
        if dot and ending == "md":
            found[topic] = GuidePage(topic, file.read_text(encoding="utf-8"))
    return found


def topics_with(word: str) -> list[str]:
    """The topics of the pages that have a word, the one that is most about it first."""
    pattern = re.compile(rf"(?<!\w){re.escape(word.strip('-'))}(?!\w)", re.IGNORECASE)
    counts: dict[str, int] = {}
    for topic, page in pages().items():
        headings = "".join(line for line in page.text.splitlines() if line.startswith("#"))
        counts[topic] = len(pattern.findall(page.text)) + _WEIGHT_OF_HEADINGS * len(pattern.findall(headings))
    return sorted((topic for topic, count in counts.items() if count), key=lambda topic: -counts[topic])
