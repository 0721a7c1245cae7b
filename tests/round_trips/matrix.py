"""Goes through all pairs of places, and keeps what came of each."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from airconn.formats import get_format
from airconn.formats.base import WriteOptions
from airconn.model import Bundle
from airconn.sandbox import Sandbox
from tests.round_trips import places, servers
from tests.round_trips.objects import hundred
from tests.round_trips.pairs import Mover, Said, Verdict, judged, look
from tests.round_trips.places import FILES, Place

NEUTRAL = "`json`"
"""The place that holds everything, by which a place is asked alone."""
Results = dict[tuple[str, str], Verdict]
Watch = Callable[[str, str, Verdict, Said], None]


@contextlib.contextmanager
def worlds(directory: Path, boxes: list[Sandbox], *, real: bool) -> Iterator[tuple[Mover, list[Place], list[Place]]]:
    """All places as sources and as targets. A file is another one as a target."""
    with contextlib.ExitStack() as stack:
        for name in ("from", "to"):
            (directory / name).mkdir()
        found = stack.enter_context(places.without_servers(directory))
        if real:
            found += stack.enter_context(servers.vault(directory))
            found += stack.enter_context(servers.aws(directory))
        for box in boxes:
            found += servers.airflow(box, directory)
        mover = Mover(directory, servers.configuration(boxes))
        mover.environ |= {servers.password_name(box): box.password for box in boxes}
        sources = [_within(place, directory / "from") for place in found]
        targets = [_within(place, directory / "to") for place in found if place.is_written]
        yield mover, sources, targets


def _within(place: Place, directory: Path) -> Place:
    if not place.is_file:
        return place
    path = directory / Path(place.address).name
    return dataclasses.replace(place, address=str(path), clear=lambda: path.unlink(missing_ok=True))


def the_hundred(directory: Path) -> Place:
    """A file with the hundred objects."""
    path = directory / "hundred.json"
    path.write_text(get_format("json").render(hundred(), WriteOptions()).text, encoding="utf-8")
    return Place(NEUTRAL, FILES, str(path))


def pair(mover: Mover, source: Place, target: Place, given: Bundle | None = None) -> tuple[Verdict, Said]:
    """Moves what the source holds to the target."""
    version = target.version or source.version
    before = given if given is not None else look(source, version)
    said = mover.move(source, target)
    if not said.is_done:
        verdict = Verdict(given=len(list(before)), silent=[f"exit codes {said.codes}"])
        return verdict, said
    return judged(before, look(target, version, as_judge=True), said), said
