"""Edits to a YAML text where its parser says that something stands, so that all else stays as it is."""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, SequenceNode

from airconn.formats.base import not_in_place


class Editor:
    """Collects edits to a text and carries them out at the end."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self.edits: list[tuple[int, int, str]] = []

    def end(self, node: Node) -> int:
        """Where the text of a node ends. The parser takes what follows a block for a part of it."""
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return max(self.end(last[1]), last[0].end_mark.index) if isinstance(last, tuple) else self.end(last)
        start = int(node.start_mark.index)
        return start + len(self.text[start : node.end_mark.index].rstrip())

    def end_of_line(self, place: int) -> int:
        end = self.text.find("\n", place)
        end = len(self.text) if end < 0 else end
        return end - 1 if self.text[end - 1 : end] == "\r" else end

    def edited(self) -> str:
        """The text with all edits, new lines in it with the line ends that it has.

        Raises `BlockedError` where two of them are about one place.
        """
        pieces: list[str] = []
        done = 0
        for start, end, new in sorted(self.edits, key=lambda edit: edit[:2]):
            if start < done:
                raise not_in_place()  # two edits of one place
            pieces += [self.text[done:start], new.replace("\n", self.newline).replace("\r\r\n", "\r\n")]
            done = end
        return "".join([*pieces, self.text[done:]])
