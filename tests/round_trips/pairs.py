"""Moves the hundred objects from one place to another with airconn's own commands, and judges each of them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from airconn.cli import run
from airconn.cli.app import App
from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.model import (
    DEFAULT_POOL,
    REDACTED,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Selection,
    Text,
    hidden_fields,
    is_hidden_whole,
    is_unsaid,
    value_fields,
)
from airconn.stores import open_store
from airconn.stores.base import Context
from tests.round_trips.objects import token, tokens
from tests.round_trips.places import Place

_MOST_RUNS = 6


@dataclass
class Said:
    """What a command said, with what its repetitions said without what it had refused."""

    lines: list[str] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    left_out: set[str] = field(default_factory=set)
    """The tokens of the objects that a repetition went without."""

    @property
    def is_done(self) -> bool:
        return self.codes[-1] in (0, 1)

    def about(self, obj: AirflowObject) -> list[str]:
        """The lines that say of an object that something of it is refused, left out or changed."""
        name, kind = token(obj.id), obj.kind.value
        return [
            line
            for line in self.lines
            if not _ABOUT_THE_SOURCE.search(line)
            and (name in tokens(line) or re.search(rf"\b\d+ {kind} skipped", line))
        ]


@dataclass
class Verdict:
    """What came of the objects that a source gave."""

    given: int = 0
    kept: int = 0
    said: dict[str, list[str]] = field(default_factory=dict)
    """What was not kept, by reason: the ids."""
    silent: list[str] = field(default_factory=list)
    """What was not kept without a word: `connections/ID: field`."""

    @property
    def cell(self) -> str:
        return f"**{self.kept} !{len(self.silent)}**" if self.silent else str(self.kept)


class Mover:
    """Runs commands in `directory`. `configuration` is the user's own config.toml, with the names of addresses."""

    def __init__(self, directory: Path, configuration: str = "") -> None:
        self.directory = directory
        (directory / "config.toml").write_text(configuration)
        self.environ = {
            "AIRCONN_CONFIG": str(directory / "config.toml"),
            "AIRCONN_STATE_DIR": str(directory / "state"),
        }

    def airconn(self, environ: Mapping[str, str], *args: str) -> tuple[int, str]:
        streams = io.BytesIO(), io.StringIO(), io.StringIO()
        app = App(*streams, {**self.environ, **environ}, self.directory, clock=lambda: 0.0)
        return int(run(list(args), app)), f"{streams[1].getvalue()}{streams[2].getvalue()}"

    def move(self, source: Place, target: Place) -> Said:
        """Writes all that the source holds into the empty target, and once more without what is refused."""
        target.clear()
        said = Said()
        environ = {**source.environ, **target.environ, **self._trust(source, target)}
        for _ in range(_MOST_RUNS):
            without = [part for name in sorted(said.left_out) for part in ("--exclude", f"*{name}*")]
            if target.is_file:
                args = ["export", "--from", source.address, "-o", target.address, *target.export]
            else:
                args = ["import", source.address, "--to", target.address, "--no-backup", "--yes"]
            code, text = self.airconn(environ, *args, "-v", *without)
            lines = text.splitlines()
            said.lines += [line for line in lines if not line.startswith("  + ")]
            said.codes.append(code)
            named = {name for line in lines if _REFUSED.match(line) for name in tokens(line)} - said.left_out
            if said.is_done or not named:
                break
            said.left_out |= named
        return said

    def _trust(self, *places: Place) -> dict[str, str]:
        """The certificates of both places in one file, in the variables that have one of either."""
        bundles = {place.environ[name]: None for place in places for name in _BUNDLES if name in place.environ}
        if len(bundles) < 2:
            return {}
        joint = self.directory / "both.pem"
        joint.write_text("".join(Path(bundle).read_text() for bundle in bundles))
        return dict.fromkeys(_BUNDLES, str(joint))


_BUNDLES = ("AIRCONN_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
_ABOUT_THE_SOURCE = re.compile(r"character that you can't see|has a key twice|not read the same by")
"""What is said of an object that goes on as it is."""
_REFUSED = re.compile(r"error:|  [!x] |    ")
_GONE = r"error:|^  [!x.] |left out|skipped|failed|hidden|\*\*\*"
_HIDDEN = r"hidden|\*\*\*|\b(password|extra|value|host|login|schema|description)\b"
"""What is said of an object that isn't there, and of one with hidden values."""


def look(place: Place, version: AirflowVersion | None, *, as_judge: bool = False) -> Bundle:
    """What a place gives, but for the pool that every Airflow has. A judge sees what is hidden."""
    address = (as_judge and place.judge) or place.url or place.address
    environ = {**place.environ, **place.login}
    bundle = environ.get("AIRCONN_CA_BUNDLE")
    login = Credentials(username=environ.get("AIRCONN_USERNAME"), password=environ.get("AIRCONN_PASSWORD"))
    settings = Settings(environ=environ, ca_bundle=Path(bundle) if bundle else None, credentials=login)
    store = open_store(address, settings)
    context = Context(airflow=version, knows_release=True) if version else Context()
    try:
        found = store.read(Selection(), context).bundle
    finally:
        store.close()
    return Bundle.of(obj for obj in found if obj.id != DEFAULT_POOL)


def judged(before: Bundle, after: Bundle, said: Said) -> Verdict:
    """What of `before` is still the same in `after`, and what was said of the rest."""
    verdict = Verdict(given=len(list(before)))
    for obj in before:
        again = after.get(obj.kind, obj.id) or after.get(obj.kind, obj.id.lower())
        lines = said.about(obj)
        lost = [""] if again is None else different(obj, again)
        if again is not None and again.id != obj.id:
            lost.append("id")
        hidden = hidden_fields(obj)
        if not lost and not hidden:
            verdict.kept += 1
            continue
        name = f"{obj.kind.value}/{obj.id}"
        for one in lost or [""]:
            expected = rf"\b{one}\b" if one else _GONE if again is None else _HIDDEN
            if not [line for line in lines if re.search(expected, line)]:
                verdict.silent.append(f"{name}: {one or ('hidden' if hidden else 'is not there')}")
            else:
                verdict.said.setdefault(_reason(obj, again, one, lines), []).append(obj.id)
    known = {(obj.kind, id_) for obj in before for id_ in (obj.id, obj.id.lower())}
    verdict.silent += [f"{obj.kind.value}/{obj.id}: made up" for obj in after if (obj.kind, obj.id) not in known]
    return verdict


def different(before: AirflowObject, after: AirflowObject) -> list[str]:
    """The fields that aren't the same. What the target hides can't be judged, and counts as kept."""
    if is_hidden_whole(after):
        return []
    return [
        name
        for name in value_fields(before.kind)
        if not _same(before, getattr(before, name), getattr(after, name), name)
    ]


def _same(before: AirflowObject, one: Any, other: Any, name: str) -> bool:
    if one == other or other is REDACTED or (is_unsaid(before, name) and one is None):
        return True
    if name == "include_deferred":
        return not one and not other  # a source that doesn't say it means that they don't count
    if isinstance(one, Text) and isinstance(other, Text) and other.hidden:
        return _alike(json.loads(one.text), json.loads(other.text))
    return False


def _alike(one: Any, other: Any) -> bool:
    """Whether two values are the same but for what is hidden in the second."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_alike(value, other[name]) for name, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_alike, one, other))
    return other == "***" or (type(one) is type(other) and one == other)


def _reason(obj: AirflowObject, again: AirflowObject | None, name: str, lines: list[str]) -> str:
    """Why something wasn't kept, in a word or two."""
    if again is None:
        text = " ".join(lines)
        if re.search(r"holds no|\d+ \w+ skipped", text):
            return obj.kind.value
        if hidden_fields(obj):
            return "hidden"
        if obj.team_name:
            return "team_name"
        if re.search(r"the id|this id|an id\b|name with|same name|as a name", text):
            return "ids"
        return next((field for field in ("conn_type", "extra", "port") if field in text), "values")
    if not name:
        return "hidden"
    if name == "id":
        return "ids"
    if name not in ("extra", "description") and not getattr(obj, name) and not getattr(again, name):
        return "empty or not set"
    return name
