"""Everyday files with what is right for each, written beside it: `cases/NAME` and `cases/NAME.expected.json`.

`from` says where such a file comes from. Each of `runs` says what airconn does with the file and some `options`: the
exit `code` of an import into a new file, the `objects` that a conversion gives, the codes of what `check` finds, and
texts that the import `says` on standard error. `judge` names a program that tells the truth about the file, which
`tests/integration/test_everyday.py` asks.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CASES = Path(__file__).parent / "cases"
BESIDE = ".expected.json"
FILES = sorted(path for path in CASES.iterdir() if not path.name.endswith(BESIDE))


@dataclass(frozen=True)
class Run:
    """What airconn does with a file and some options."""

    code: int
    """The exit code of an import into a new file."""
    options: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    objects: dict[str, dict[str, Any]] | None = None
    """The objects that a conversion gives, without fields that are null. None if that isn't judged."""
    check: tuple[str, ...] | None = None
    """The codes of the findings of `check` about the content, without those about the file on the disk."""
    says: tuple[str, ...] = ()
    """Texts on the standard error of the import, which says nothing there if there are none and nothing is wrong."""


@dataclass(frozen=True)
class Case:
    """A file with its runs."""

    path: Path
    runs: tuple[Run, ...]
    judge: dict[str, Any] | None

    @classmethod
    def of(cls, path: Path) -> Case:
        found = json.loads(path.with_name(path.name + BESIDE).read_text())
        return cls(path, tuple(Run(**run) for run in found["runs"]), found.get("judge"))


def comparable(sections: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Objects without what is null, and extras as what their JSON says. Sections that hold nothing are left out."""
    return {kind: {id_: _entry(entry) for id_, entry in found.items()} for kind, found in sections.items() if found}


def _entry(entry: Any) -> Any:
    if not isinstance(entry, dict):
        return entry
    entry = {name: value for name, value in entry.items() if value is not None}
    if isinstance(entry.get("extra"), str):
        entry["extra"] = json.loads(entry["extra"])
    return entry
