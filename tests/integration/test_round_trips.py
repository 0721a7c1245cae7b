"""Real places keep of a hundred nasty objects what the page `round-trips` says: to each of them, and back from it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from airconn.sandbox import Sandbox
from tests.integration import in_airflow
from tests.integration.airflow_command import warm
from tests.round_trips import matrix, places, servers, table
from tests.round_trips.matrix import NEUTRAL
from tests.round_trips.places import Place


def check(directory: Path, found: Sequence[Place], boxes: Sequence[Sandbox] = ()) -> None:
    """Moves the hundred from a file to each of these places, and from each of them to a file."""
    (neutral,) = [place for place in places.files(directory) if place.name == NEUTRAL]
    world = matrix.among(directory, [neutral, *found], boxes)
    _, (source, *others), (target, *every) = world
    results = matrix.redone(world, [source], every) | matrix.redone(world, others, [target])
    assert {pair: verdict.silent for pair, verdict in results.items() if verdict.silent} == {}
    assert table.unlike(results) == {}, "python -m tests.round_trips --write"


def test_an_airflow_keeps_what_the_page_says(sandbox: Sandbox, tmp_path: Path) -> None:
    with ExitStack() as stack:
        first = stack.enter_context(warm(sandbox)) if sandbox.version in servers.THROUGH_A_SHELL else None
        check(tmp_path, servers.airflow(sandbox, tmp_path, first), [sandbox])
    in_airflow.wipe(sandbox.home)


@pytest.mark.parametrize(
    "world",
    [
        pytest.param(servers.vault, marks=pytest.mark.xdist_group("openbao")),
        pytest.param(lambda directory: servers.aws(), marks=pytest.mark.xdist_group("moto")),
    ],
    ids=["vault", "aws"],
)
def test_a_backend_keeps_what_the_page_says(world: Callable[[Path], ExitStack], tmp_path: Path) -> None:
    with world(tmp_path) as found:
        check(tmp_path, found)
