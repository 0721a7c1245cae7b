"""What is moved in the benchmarks: made up, and the same each time."""

from __future__ import annotations

import json
import random
import string
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True, slots=True)
class Data:
    """Some objects of one kind, by id: connections as `airflow connections export` has them, variables as texts."""

    kind: str
    size: int
    shared: bool = False
    """All connections have the same password. Otherwise each has its own."""

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.size}{'-shared' if self.shared else ''}"

    @property
    def words(self) -> str:
        return f"{self.kind}{' with one password' if self.shared else ''}"

    @property
    def has_secrets(self) -> bool:
        """A server that sees them gets slower: each has a secret of its own."""
        return self.kind == "connections" and not self.shared

    def objects(self) -> dict[str, Any]:
        return _connections(self.size, self.shared) if self.kind == "connections" else _variables(self.size)

    def rows(self) -> dict[str, dict[str, Any]]:
        """The same in the shape that `in_airflow.dump` and `in_airflow.seed` have."""
        found = self.objects()
        if self.kind == "variables":
            found = {key: {"value": value, "description": None} for key, value in found.items()}
        return {self.kind: found}

    def json_file(self, directory: Path) -> Path:
        """The file that every importer takes. It is written once."""
        path = directory / f"{self.name}.json"
        if not path.exists():
            path.write_text(json.dumps(self.objects(), indent=2))
        return path

    def env_file(self, directory: Path) -> Path:
        """A `.env` of connections, written once."""
        path = directory / f"{self.name}.env"
        if not path.exists():
            whole = {id_: {**fields, "extra": json.loads(fields["extra"])} for id_, fields in self.objects().items()}
            lines = [f"AIRFLOW_CONN_{id_.upper()}='{json.dumps(fields)}'\n" for id_, fields in whole.items()]
            path.write_text("".join(lines))
        return path


@cache
def _connections(size: int, shared: bool) -> dict[str, Any]:
    chance = random.Random(f"connections {size} {shared}")
    one = _word(chance, 16)
    return {
        f"connection_{number}": {
            "conn_type": "postgres",
            "description": f"Made up for a benchmark, number {number}",
            "host": f"db{number}.example.com",
            "login": f"user{number}",
            "password": one if shared else _word(chance, 16),
            "schema": "sales",
            "port": 5432,
            "extra": json.dumps({f"key{place}": f"value {place} of {number}" for place in range(5)}),
        }
        for number in range(size)
    }


@cache
def _variables(size: int) -> dict[str, Any]:
    chance = random.Random(f"variables {size}")
    return {
        f"variable_{number}": _word(chance, 32)
        if number % 2
        else json.dumps({"name": _word(chance, 12), "number": number, "flags": [True, False]})
        for number in range(size)
    }


def _word(chance: random.Random, length: int) -> str:
    return "".join(chance.choices(_LETTERS, k=length))
