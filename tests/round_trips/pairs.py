"""Moves the hundred objects from one place to another with airconn's own commands, and judges each of them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from airconn.cli import run
from airconn.cli.app import App
from airconn.config import Settings
from airconn.model import (
    DEFAULT_POOL,
    AirflowObject,
    Bundle,
    Kind,
    Selection,
    hidden_fields,
    is_unsaid,
    value_fields,
)
from airconn.model.objects import is_untyped
from airconn.stores import open_store
from airconn.stores.base import Context
from tests.round_trips.objects import token, tokens
from tests.round_trips.places import Place

_MOST_RUNS = 6


@dataclass
class Said:
    """The lines of a command and of its repetitions without what it refused."""

    lines: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    """The tokens of the objects that a repetition went without."""

    def about(self, name: str, kind: Kind) -> list[str]:
        """What was said of an object: lines that have its token, or speak of all objects of its kind."""
        return [line for line in self.lines if name in tokens(line)]


class Mover:
    """Runs commands in `directory`. `configuration` is the user's own config.toml, with the names of addresses."""

    def __init__(self, directory: Path, configuration: str = "") -> None:
        self.directory = directory
        (directory / "config.toml").write_text(configuration)
        self.environ = {"AIRCONN_CONFIG": str(directory / "config.toml"), "AIRCONN_STATE_DIR": str(directory / "state")}

    def airconn(self, environ: Mapping[str, str], *args: str) -> tuple[int, str]:
        app = App(
            io.BytesIO(), io.StringIO(), io.StringIO(), {**self.environ, **environ}, self.directory, clock=lambda: 0.0
        )
        code = run(list(args), app)
        return code, f"{app.stdout.getvalue()}{app.stderr.getvalue()}"  # type: ignore[attr-defined]

    def move(self, source: Place, target: Place) -> Said:
        """Writes all that the source holds into the empty target, and once more without what is refused."""
        target.clear()
        said = Said()
        environ = {**source.environ, **target.environ}
        for _ in range(_MOST_RUNS):
            without = [part for name in sorted(said.left_out) for part in ("--exclude", f"*{name}*")]
            if target.is_file:
                args = ["export", "--from", source.address, "-o", target.address, *target.export]
            else:
                args = ["import", source.address, "--to", target.address, "--no-backup", "--yes"]
            code, text = self.airconn(environ, *args, "-v", *without)
            lines = [line for line in text.splitlines() if not line.startswith("  + ")]
            said.lines += lines
            said.codes.append(code)
            if code in (0, 1):
                return said
            named = {name for line in lines if re.match(r"error:|  [!x] |\s+(error|blocked)", line) for name in tokens(line)}
            if not named - said.left_out:
                return said
            said.left_out |= named
        return said


def look(place: Place, context: Context) -> Bundle:
    """What a place holds, but for the pool that every Airflow has."""
    environ = {**place.environ, **place.login}
    store = open_store(place.url or place.address, Settings(environ=environ))
    try:
        found = store.read(Selection(), context).bundle
    finally:
        store.close()
    return found
