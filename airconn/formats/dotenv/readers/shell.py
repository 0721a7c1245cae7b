"""What a POSIX shell reads in a .env file that it sources (`set -a; . ./.env`)."""

from __future__ import annotations

from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.readers.plain_lines import PlainLine
from airconn.formats.dotenv.readers.reader import Values
from airconn.formats.dotenv.readers.shell_command import Stops, end_of_command
from airconn.formats.dotenv.sh import RUNS, ShellScanner
from airconn.patterns import pattern

_JSON = pattern(r"\{(?:[^'\"\\$`()<>|&;#\n]|\"[^\"\\$`\n]*\"|'[^'\n]*')*")
"""JSON without quotes around it, of which a shell makes words of the same line."""
_ASSIGNED = pattern(r"(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=")


def read(text: str, plain: dict[int, PlainLine]) -> Values:
    """The values of a text without a byte order mark. What a shell expands or runs has none."""
    reader = _ShellReader(text, plain)
    reader.run()
    return reader.values


class _ShellReader:
    def __init__(self, text: str, plain: dict[int, PlainLine]) -> None:
        self.plain = plain
        self.values = Values()
        self.scanner = ShellScanner(text)

    def run(self) -> None:
        scanner = self.scanner
        while True:
            while (line := self.plain.get(scanner.position)) and self.takes(line):
                scanner.position = line.end
            start = scanner.position
            entry = scanner.entry()
            if entry is None:
                return
            if entry.is_fault:
                try:
                    self.fault(max(start, entry.span[0]), entry)
                except Stops:
                    self.values.stopped_at = start
                    return
            elif entry.name and entry.value is not None:
                self.values.put(entry.name, entry.value)

    def takes(self, line: PlainLine) -> bool:
        """Reads a plain line. False if it isn't one to a shell."""
        if not line.name:
            return not line.has_return
        if line.is_plain or line.written[0] in "'\"":
            self.values.put(line.name, line.value + "\r" if line.has_return else line.value)
            return True
        if not _JSON.fullmatch(line.written) or line.has_return or " " not in line.written:
            return False
        self.values.by_name.pop(line.name, None)
        return True

    def fault(self, start: int, entry: Entry) -> None:
        """Goes on after a command that isn't an assignment alone. Raises `Stops`."""
        if match := _ASSIGNED.match(self.scanner.text, start):
            self.values.by_name.pop(match[1], None)
            if entry.reason == RUNS:
                self.values.expanded.add(match[1])
        self.scanner.position = end_of_command(self.scanner.text, start)
