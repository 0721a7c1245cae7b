"""What a terminal shows of what is written to it."""

from __future__ import annotations

import re

_PARTS = re.compile(r"\x1b\[([0-9;]*)([A-Za-z])|([\r\n])|(\x1b)|([^\x1b\r\n]+)")


def shown_by(written: str) -> list[str]:
    """The lines that a terminal without end shows, without their colours, and without what is empty at the end.

    It knows the sequences that airconn writes, and fails on others.
    """
    lines, column = [""], 0
    for argument, command, control, stray, text in _PARTS.findall(written):
        if text:
            lines[-1] = lines[-1][:column].ljust(column) + text + lines[-1][column + len(text) :]
            column += len(text)
        elif control == "\r":
            column = 0
        elif control == "\n":
            lines.append("")
            column = 0
        elif command == "K":
            lines[-1] = "" if argument == "2" else lines[-1][:column]
        else:
            assert command == "m", (argument, command, stray)
    lines = [line.rstrip() for line in lines]
    while lines and not lines[-1]:
        lines.pop()
    return lines
