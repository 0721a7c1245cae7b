"""Lists the texts that airconn may show: every text in the code that isn't a docstring and reads like a sentence.

python -m tests.messages           # file:line and text of each, the parts of an f-string joined by {…}
python -m tests.messages --words   # only those that tests/test_messages.py refuses
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "airconn"
_SENTENCE = re.compile(r"[A-Za-z']{2,}[ ,:;]+(\{…\}|[a-z'\-.@/{*]+)", re.DOTALL)


@dataclass(frozen=True)
class Message:
    """A text in the code. `path` is relative to the package."""

    path: str
    line: int
    text: str


def messages() -> Iterator[Message]:
    """All texts that read like a sentence, in the order of the code."""
    return (text for text in texts() if _SENTENCE.search(text.text))


@cache
def texts() -> Sequence[Message]:
    """All texts in the code that aren't docstrings, in its order."""
    return tuple(_texts())


def _texts() -> Iterator[Message]:
    for path in sorted(PACKAGE.rglob("*.py")):
        tree = ast.parse(path.read_text())
        without_effect = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        inner = {
            id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in ast.walk(node)
        } - {id(node) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)}
        for node in ast.walk(tree):
            if id(node) in without_effect or id(node) in inner:
                continue
            text = _text(node)
            if text is not None:
                yield Message(str(path.relative_to(PACKAGE)), getattr(node, "lineno", 0), text)


def _text(node: ast.AST) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "{…}" for part in node.values)
    return None


def main() -> None:
    """Prints the list."""
    if "--words" in sys.argv:
        from tests.test_messages import refused

        shown = [message for message in messages() if refused(message)]
    else:
        shown = list(messages())
    for message in shown:
        print(f"{message.path}:{message.line}: {message.text!r}")


if __name__ == "__main__":
    main()
