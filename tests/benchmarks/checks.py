"""Whether a program did what it was measured for. An answer says in a few words what is wrong, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.data import Data
from tests.integration import in_airflow


def count(path: Path, size: int) -> Callable[[], str]:
    """The file has that many objects."""
    return lambda: "" if len(_read(path)) == size else f"has {len(_read(path))} of them"


def lines(path: Path, size: int) -> Callable[[], str]:
    return lambda: "" if len(path.read_text().splitlines()) == size else "doesn't write all of them"


def stored(home: Path, data: Data) -> str:
    """The database has these objects, secrets included."""
    wanted, found = data.rows()[data.kind], in_airflow.dump(home)[data.kind]
    return "" if _parsed(data.kind, found) == _parsed(data.kind, wanted) else "stores something else"


def exported(path: Path, data: Data) -> Callable[[], str]:
    """The file has these objects, secrets included."""

    def check() -> str:
        return "" if normal(data.kind, _read(path)) == normal(data.kind, data.objects()) else "exports something else"

    return check


def normal(kind: str, objects: dict[str, Any]) -> dict[str, Any]:
    """Objects as values that can be compared, whoever has written the JSON in them."""
    if kind == "variables":
        return {key: _loaded(value) for key, value in objects.items()}
    names = ("conn_type", "description", "host", "login", "password", "schema", "port")
    return {
        id_: {name: fields.get(name) for name in names} | {"extra": _loaded(fields["extra"])}
        for id_, fields in objects.items()
    }


def _parsed(kind: str, rows: dict[str, Any]) -> dict[str, Any]:
    return normal(kind, rows if kind == "connections" else {key: row["value"] for key, row in rows.items()})


def _loaded(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) and value.startswith("{") else value


def _read(path: Path) -> Any:
    """The objects of one kind in a file, however they are arranged there."""
    found = json.loads(path.read_text()) if path.exists() else {}
    kinds = [found[kind] for kind in ("connections", "variables") if isinstance(found, dict) and found.get(kind)]
    return kinds[0] if kinds else found
