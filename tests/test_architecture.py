"""Imports point one way, and a command loads only what it uses."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "airconn"

# From the bottom up. A module may import from its own room and from those below it.
ROOMS = [
    "errors",
    "model",
    "formats",
    "override",
    "config",
    "airflow_config",
    "stores",
    "plan",
    "diff",
    "transfer",
    "report",
    "check",
    "sandbox",
    "cli",
    "__main__",
]
ALSO_FORBIDDEN = {
    ("stores", "plan"),
    ("plan", "stores"),
    ("plan", "config"),
    ("sandbox", "transfer"),
    ("sandbox", "stores"),
}


def room_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if parts[0] == "airconn" and len(parts) > 1 else None


def imported_modules(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_one_way(path: Path) -> None:
    own = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    if own == "__init__":
        assert [name for name in imported_modules(path) if name.startswith("airconn")] == []
        return
    rooms = {room for name in imported_modules(path) if (room := room_of(name)) and room != "__version__"}
    above = {room for room in rooms if ROOMS.index(room) > ROOMS.index(own)}
    assert above == set()
    assert {(own, room) for room in rooms} & ALSO_FORBIDDEN == set()


def loaded_by(*args: str) -> set[str]:
    script = "import sys\nfrom airconn.cli import run\ncode = run(sys.argv[1:])\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True, check=True)
    return set(done.stderr.split()) - loaded_by_click()


@cache
def loaded_by_click() -> set[str]:
    script = "import click, sys; print(*sys.modules)"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


HEAVY = {"airflow_client", "pydantic", "urllib3", "rich", "ssl", "http.client", "asyncio", "sqlite3", "subprocess"}


@pytest.mark.parametrize(
    ("args", "besides"),
    [
        (["--version"], {"yaml", "dotenv", "platformdirs", "json"}),
        (["--help"], {"yaml", "dotenv", "platformdirs", "json"}),
        (["convert", "examples/objects.json", "--format", "uri"], {"yaml", "dotenv"}),
        (["convert", "examples/.env", "--format", "json"], {"yaml"}),
        (["convert", "examples/airflow_settings.yaml", "--format", "json"], {"dotenv"}),
        (["list", "--from", "examples/objects.json"], {"yaml", "dotenv"}),
        (["run", "--from", "examples/.env", "--dry-run"], {"yaml", "dotenv"}),
        (["completion", "zsh"], {"yaml", "dotenv"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_loads_nothing_that_it_does_not_need(
    args: list[str], besides: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(PACKAGE.parent)
    assert loaded_by(*args) & (HEAVY | besides) == set()
