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
    data: str = ""
    """A document that the page is about, such as a JSON Schema. A pipe gets it in place of the page."""

    @property
    def title(self) -> str:
        """The text of its first heading."""
        return self.text.partition("\n")[0].lstrip("# ").strip()

    @property
    def summary(self) -> str:
        """The title without the topic in front of it: `find mistakes` of `Check: find mistakes`."""
        first, colon, rest = self.title.partition(": ")
        return rest if colon and first.lower().replace(" ", "-") == self.topic else self.title


def pages() -> Mapping[str, GuidePage]:
    """All pages by topic, sorted."""
    found = {}
    there = {file.name: file for file in files("airconn").joinpath("help").iterdir()}
    for name in sorted(there):
        topic, dot, ending = name.rpartition(".")
        if dot and ending == "md":
            document = there.get(f"{topic}.json")
            data = document.read_text(encoding="utf-8") if document else ""
            found[topic] = GuidePage(topic, there[name].read_text(encoding="utf-8"), data)
    return found


def topics_with(word: str) -> list[str]:
    """The topics of the pages that have a word, the one that is most about it first."""
    pattern = re.compile(rf"(?<!\w){re.escape(word.strip('-'))}(?!\w)", re.IGNORECASE)
    counts: dict[str, int] = {}
    for topic, page in pages().items():
        headings = "".join(line for line in page.text.splitlines() if line.startswith("#"))
        counts[topic] = len(pattern.findall(page.text)) + _WEIGHT_OF_HEADINGS * len(pattern.findall(headings))
    return sorted((topic for topic, count in counts.items() if count), key=lambda topic: -counts[topic])
