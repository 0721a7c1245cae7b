"""The guide: its pages, which are the Markdown files in `airconn/help/`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files


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


def pages() -> Mapping[str, GuidePage]:
    """All pages by topic, sorted."""
    found = {}
    for file in sorted(files("airconn").joinpath("help").iterdir(), key=lambda file: file.name):
        topic, dot, ending = file.name.rpartition(".")
        if dot and ending == "md":
            found[topic] = GuidePage(topic, file.read_text(encoding="utf-8"))
    return found
