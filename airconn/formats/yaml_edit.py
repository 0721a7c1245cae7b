"""Edits a YAML text at the places that its parser gives, so that all else stays as it is."""

from __future__ import annotations

from yaml.nodes import MappingNode, Node, SequenceNode

from airconn.formats.text_edits import TextEdits


class YamlEdits(TextEdits):
    """Edits to a YAML text. New lines get the line ends of the text."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.newline = "\r\n" if "\r\n" in text else "\n"

    def replace(self, start: int, end: int, new: str) -> None:
        super().replace(start, end, new.replace("\n", self.newline).replace("\r\r\n", "\r\n"))

    def end(self, node: Node) -> int:
        """The end of the text of a node. The parser counts blank lines and comments after a block as a part of it."""
        if isinstance(node, MappingNode | SequenceNode) and not node.flow_style and node.value:
            last = node.value[-1]
            return max(self.end(last[1]), last[0].end_mark.index) if isinstance(last, tuple) else self.end(last)
        start = int(node.start_mark.index)
        return start + len(self.text[start : node.end_mark.index].rstrip())
