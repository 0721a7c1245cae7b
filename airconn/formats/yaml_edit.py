"""Edits to a YAML text where its parser says that something is, so that all else stays as it is."""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, SequenceNode

from airconn.formats.text_edits import TextEdits


class YamlEdits(TextEdits):
    """Edits to a YAML text. New lines in them get the line ends that it has."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def replace(self, start: int, end: int, new: str) -> None:
        super().replace(start, end, new.replace("\n", self.newline).replace("\r\r\n", "\r\n"))

    def end(self, node: Node) -> int:
        """Where the text of a node ends. The parser takes what follows a block for a part of it."""
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return max(self.end(last[1]), last[0].end_mark.index) if isinstance(last, tuple) else self.end(last)
        start = int(node.start_mark.index)
        return start + len(self.text[start : node.end_mark.index].rstrip())
