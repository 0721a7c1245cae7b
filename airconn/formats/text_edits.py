"""Collects edits to a text and carries them out together, so that all else stays as it is."""

from __future__ import annotations

from airconn.formats.base import not_in_place


class TextEdits:
    """Edits to one text. Places are offsets into the original text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._edits: list[tuple[int, int, str]] = []

    def __bool__(self) -> bool:
        """Whether there are edits."""
        return bool(self._edits)

    def replace(self, start: int, end: int, new: str) -> None:
        """Replaces the text from `start` to `end` by `new`. Several edits of one empty span keep their order."""
        self._edits.append((start, end, new))

    def line_start(self, place: int) -> int:
        """The start of the line with `place`."""
        return self.text.rfind("\n", 0, place) + 1

    def line_end(self, place: int) -> int:
        """The end of the line with `place`, before its line end."""
        end = self.text.find("\n", place)
        end = len(self.text) if end < 0 else end
        return end - 1 if self.text[end - 1 : end] == "\r" else end

    def next_line(self, place: int) -> int:
        """The start of the line after the one with `place`, or the end of the text."""
        end = self.text.find("\n", place)
        return len(self.text) if end < 0 else end + 1

    def edited(self) -> str:
        """The text with all edits. Raises `BlockedError` if two of them overlap."""
        pieces: list[str] = []
        done = 0
        for start, end, new in sorted(self._edits, key=lambda edit: edit[:2]):
            if start < done:
                raise not_in_place()
            pieces += [self.text[done:start], new]
            done = end
        return "".join([*pieces, self.text[done:]])
