"""Goes through all pairs of places, and keeps what came of each."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from airconn.formats import get_format
from airconn.formats.base import WriteOptions
from airconn.model import AirflowVersion, Bundle
from airconn.sandbox import Sandbox
from tests.integration.airflow_command import warm
from tests.round_trips import places, servers
from tests.round_trips.objects import hundred
from tests.round_trips.pairs import Mover, Said, Verdict, judged, look
from tests.round_trips.places import FILES, Place

NEUTRAL = "`json`"
"""The place that holds everything, by which a place is asked alone."""
World = tuple[Mover, list[Place], list[Place]]
"""What moves objects, the sources and the targets."""
Results = dict[tuple[str, str], Verdict]


@contextlib.contextmanager
def worlds(directory: Path, boxes: Sequence[Sandbox], *, real: bool) -> Iterator[World]:
    """All places: those without servers, and with `real` all others."""
    with contextlib.ExitStack() as stack:
        found = stack.enter_context(places.without_servers(directory))
        if real:
            found += stack.enter_context(servers.vault(directory))
            found += stack.enter_context(servers.aws())
        for box in boxes:
            first = stack.enter_context(warm(box)) if box.version in servers.THROUGH_A_SHELL else None
            found += servers.airflow(box, directory, first)
        yield among(directory, found, boxes)


def among(directory: Path, found: Sequence[Place], boxes: Sequence[Sandbox] = ()) -> World:
    """These places, as sources and as targets. A file is another one as a target."""
    for name in ("from", "to"):
        (directory / name).mkdir()
    mover = Mover(directory, servers.configuration(boxes))
    mover.environ |= {servers.password_name(box): box.password for box in boxes}
    sources = [_within(place, directory / "from") for place in found]
    return mover, sources, [_within(place, directory / "to") for place in found if place.is_written]


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


def fill(mover: Mover, source: Place, first: Place, all_targets: Sequence[Place]) -> None:
    """Puts the hundred into a place, by airconn: a database through the shell or the API of its Airflow."""
    if source.is_written:
        mover.move(first, source)
        return
    (door,) = [place for place in all_targets if place.name == f"REST {source.name.rpartition(' ')[2]}"]
    mover.move(first, door)


def row(mover: Mover, source: Place, targets: Sequence[Place]) -> Iterator[tuple[str, Verdict, Said]]:
    """What comes of the objects of a place, which are there, in each of the others."""
    given: dict[AirflowVersion | None, Bundle] = {}
    for target in targets:
        if (target.judge and target.judge == source.judge) or target.address == source.address:
            continue  # the same place
        version = target.version or source.version
        if version not in given:
            given[version] = look(source, version)
        yield (target.name, *pair(mover, source, target, given[version]))


def redone(world: World, sources: Sequence[Place], targets: Sequence[Place]) -> Results:
    """What comes of these pairs."""
    mover, _, every = world
    first = the_hundred(mover.directory)
    found: Results = {}
    for source in sources:
        fill(mover, source, first, every)
        found |= {(source.name, name): verdict for name, verdict, _ in row(mover, source, targets)}
    return found
