"""The guide: its pages, which are the Markdown files in `airconn/help/`."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

GROUPS: Mapping[str, tuple[str, ...]] = {
    "First": ("doctor", "login", "addresses", "targets", "troubleshooting"),
    "Import, change, go back": (
        "plans",
        "overlays",
        "references",
        "secrets",
        "objects",
        "comparing",
        "undo",
        "migrating",
        "upgrading",
    ),
    "Files": ("formats", "dotenv", "check", "git", "sops", "running", "round-trips"),
    "Airflows": ("lookup", "astro", "mwaa", "composer", "sandboxes"),
    "Secrets backends": ("vault", "aws", "gcp", "azure", "kubernetes"),
    "Scripts and CI": ("ci", "reports", "json-schema", "exit-codes", "performance"),
}
"""The topics by what they are about. A page that is in none is listed last."""
_WEIGHT_OF_HEADINGS = 5
_WEIGHT_OF_TITLE = 20
_SHORTEST_WITH_ENDINGS = 4


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
        """The text of its first heading, without Markdown."""
        return self.text.partition("\n")[0].lstrip("# ").strip().replace("`", "")

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


def grouped() -> Mapping[str, Mapping[str, GuidePage]]:
    """The pages by topic, in the order of `GROUPS`."""
    known = dict(pages())
    groups = {
        heading: {topic: known.pop(topic) for topic in topics if topic in known} for heading, topics in GROUPS.items()
    }
    return {**groups, "More": known}


def topics_with(word: str) -> list[str]:
    """The topics of the pages that have a word, the one that is most about it first."""
    # `compare` also finds `compares` and `comparing`.
    stem = re.escape(word[:-1]) + r"\w*" if word.isalpha() and len(word) > _SHORTEST_WITH_ENDINGS else re.escape(word)
    pattern = re.compile(rf"(?<!\w){stem}(?!\w)", re.IGNORECASE)
    scores: dict[str, float] = {}
    for topic, page in pages().items():
        lines = page.text.splitlines()
        headings = "".join(line for line in lines[1:] if line.startswith("#"))
        texts = ((page.text, 1), (headings, _WEIGHT_OF_HEADINGS), (page.title, _WEIGHT_OF_TITLE))
        scores[topic] = sum(weight * len(pattern.findall(text)) for text, weight in texts) / math.sqrt(len(lines))
    return sorted((topic for topic, score in scores.items() if score), key=lambda topic: -scores[topic])
