"""A case of the corpus: one file with a text as people have it, and what is right for it.

    Where such a file comes from, and why this is right for it.
    file: .env
    options: --from-env-dialect compose
    === input ===
    AIRFLOW_CONN_CRM=postgres://etl:hush@db.example.com/sales
    === objects ===
    connections/crm {"conn_type": "postgres", "host": "db.example.com", "login": "etl", "password": "hush", …}
    === warnings ===
    .env:1 … the words of a warning … connections/crm

`file` is its name. What else the head may say: `options` of all commands, `env` (NAME=value), `encoding` (a codec of
Python, or base64), `newline` (lf, crlf or cr), `ending: none` (no line break at the end), `escapes: yes` (\\xNN is a
byte, \\(TEXT*N) a text N times), `secrets` (words that no message may show), `check` (the codes that it finds, or
"nothing"), `import` (its exit code, if an import refuses what a conversion doesn't).

`objects` are what a conversion gives. An import says the same, and is possible unless there are `blocked` objects.
In `warnings` and `refused`, each line is a message: texts that are in it, in this order, with … between them. There
are no others. A text with `refused` is refused with exit code 3, and has no objects.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

CORPUS = Path(__file__).parent
NAMES = ("file", "options", "env", "encoding", "newline", "ending", "escapes", "secrets", "check", "import")
SECTIONS = ("input", "objects", "warnings", "blocked", "refused")
SECTION = re.compile(r"^=== (\w+) ===\n", re.MULTILINE)
OBJECT = re.compile(r'(connections|variables|pools)/("(?:[^"\\]|\\.)*"|\S+) (.+)')
NEWLINES = {"lf": "\n", "crlf": "\r\n", "cr": "\r"}
SECRET = "hush"
"""Each secret of the corpus has this text in it; those that can't are in `secrets`, or passwords of the objects."""


@dataclass(frozen=True)
class Case:
    """What is in one file of the corpus."""

    path: Path
    head: dict[str, str]
    sections: dict[str, str]

    @classmethod
    def of(cls, path: Path) -> Case:
        head, *parts = SECTION.split(path.read_bytes().decode())
        _origin, *lines = head.splitlines()
        settings = dict(line.split(": ", 1) for line in lines)
        sections = dict(zip(parts[::2], parts[1::2], strict=True))
        assert set(settings) <= {*NAMES}, f"{path}: unknown: {set(settings) - {*NAMES}}"
        assert set(sections) <= {*SECTIONS}, f"{path}: unknown: {set(sections) - {*SECTIONS}}"
        assert ("objects" in sections) != ("refused" in sections), f"{path}: objects or refused"
        return cls(path, settings, sections)

    @property
    def id(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def file(self) -> str:
        return self.head["file"]

    @property
    def options(self) -> list[str]:
        return self.head.get("options", "").split()

    @property
    def env(self) -> dict[str, str]:
        return dict(setting.split("=", 1) for setting in self.head.get("env", "").split())

    @property
    def content(self) -> bytes:
        """The bytes of the file."""
        text = self.sections["input"]
        if self.head.get("ending") == "none":
            text = text.removesuffix("\n")
        encoding = self.head.get("encoding", "utf-8")
        if encoding == "base64":
            return base64.b64decode(text)
        content = text.replace("\n", NEWLINES[self.head.get("newline", "lf")]).encode(encoding)
        return _unescaped(content) if self.head.get("escapes") == "yes" else content

    @property
    def objects(self) -> dict[str, dict[str, Any]] | None:
        """The objects of each kind, as a conversion writes them. None if the file is refused."""
        if "objects" not in self.sections:
            return None
        found: dict[str, dict[str, Any]] = {}
        for line in self.sections["objects"].splitlines():
            match = OBJECT.fullmatch(line)
            assert match, f"{self.path}: not an object: {line}"
            kind, id_, value = match.groups()
            found.setdefault(kind, {})[json.loads(id_) if id_.startswith('"') else id_] = json.loads(value)
        return found

    @property
    def messages(self) -> list[str]:
        """What is said about each warning or error."""
        return self._lines("warnings") + self._lines("refused")

    @property
    def blocked(self) -> list[str]:
        return self._lines("blocked")

    @property
    def check(self) -> list[str] | None:
        return self.head["check"].replace("nothing", "").split() if "check" in self.head else None

    @property
    def code_of_import(self) -> int:
        return int(self.head.get("import", "3" if self.objects is None else "4" if self.blocked else "0"))

    @property
    def secrets(self) -> set[str]:
        """Texts that no message may show."""
        connections = (self.objects or {}).get("connections", {}).values()
        passwords = {str(connection.get("password", "")) for connection in connections} - {"", "***"}
        return {SECRET, *self.head.get("secrets", "").split(), *passwords}

    def _lines(self, section: str) -> list[str]:
        return self.sections.get(section, "").splitlines()


def said(expected: str, message: str) -> bool:
    """Whether all texts that are expected are in a message, in their order."""
    return re.search(".*".join(re.escape(text.strip()) for text in expected.split("…")), message) is not None


def _unescaped(content: bytes) -> bytes:
    content = re.sub(rb"\\\((.+?)\*(\d+)\)", lambda match: match[1] * int(match[2]), content)
    return re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes.fromhex(match[1].decode()), content)
