"""What each place keeps of a hundred nasty objects: the pairs that need no server, and the page with all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from airconn.model import REDACTED, Bundle, Connection, Kind, Pool, Text
from tests.round_trips import matrix, table
from tests.round_trips.matrix import NEUTRAL, World
from tests.round_trips.objects import hundred, token, tokens
from tests.round_trips.pairs import Said, Verdict, judged

TEXT = table.PAGE.read_text(encoding="utf-8")
A = Connection(conn_id="conn_c01", conn_type="http", host="", password="x", extra=Text.of('{"a": [1, "x"]}'))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with matrix.worlds(tmp_path_factory.mktemp("round-trips"), [], real=False) as found:
        yield found


def test_the_objects_are_a_hundred_and_always_the_same() -> None:
    assert len(list(hundred())) == 100
    assert list(hundred()) == list(hundred())
    assert tokens("error: a.env:3: connections/My-Db.c53, c1 and pools/pool p03 é") == {"c53", "p03"}
    assert token("Var.v28/a b") == "v28"


def verdict_of(after: Connection | None, *lines: str, before: Connection = A) -> Verdict:
    held = Bundle.of([] if after is None else [after])
    return judged(Bundle.of([before]), held, Said(list(lines), [0]))


def test_a_change_without_a_word_is_found() -> None:
    assert verdict_of(A).kept == 1
    found = verdict_of(replace(A, host=None), "warning: connections/conn_c01: login has no field here")
    assert (found.kept, found.silent) == (0, ["connections/conn_c01: host"])
    assert verdict_of(None).silent == ["connections/conn_c01: is not there"]
    assert verdict_of(replace(A, conn_id="CONN_C01")).silent[-1] == "connections/CONN_C01: made up"
    hidden = replace(A, password=REDACTED)
    assert verdict_of(hidden, before=hidden).silent == ["connections/conn_c01: hidden"]


def test_a_change_that_is_said_is_none_in_silence() -> None:
    found = verdict_of(
        replace(A, host=None), "warning: connections: host comes back as not set (2: conn_c01, conn_c09)"
    )
    assert (found.kept, found.silent, found.said) == (0, [], {"empty or not set": ["conn_c01"]})
    assert verdict_of(None, "error: x: connections/conn_c01: the id is too long").said == {"ids": ["conn_c01"]}
    pool = Pool(name="pool_p00", slots=1)
    said = Said(["warning: x: 6 pools skipped, because this target can't hold them"], [0])
    assert judged(Bundle.of([pool]), Bundle(), said).said == {Kind.POOLS.value: ["pool_p00"]}


def test_what_is_only_hidden_is_kept() -> None:
    assert verdict_of(replace(A, password=REDACTED, extra=Text.of('{"a": [1, "***"]}'))).kept == 1
    assert verdict_of(replace(A, extra=Text.of('{"a": [2, "***"]}'))).silent == ["connections/conn_c01: extra"]


def test_the_page_has_no_loss_in_silence_and_every_pair() -> None:
    rows = [line for line in TEXT.splitlines() if line.startswith(("| `", "| REST"))]
    assert len(rows) > 100
    assert [line for line in rows if "!" in line] == []
    pairs = table.stored()
    sources, columns = {source for source, _ in pairs}, {column for _, column in pairs}
    assert {table.short(source) for source in sources if "metadb" not in source} == columns
    empty = {pair for pair, text in pairs.items() if not text or text == table.SAME}
    assert empty == {pair for pair in pairs if is_one_place(*pair)}


def is_one_place(source: str, column: str) -> bool:
    """Whether two names are of one backend, or of one Airflow. A file is another one as a target."""
    versions = [re.findall(r" (\d\.\d+)$", name) for name in (source, column)]
    is_file = "://" not in source and "local:" not in source
    return versions[0] == versions[1] if versions[0] else not is_file and table.short(source) == column


def test_files_keep_what_the_page_says_of_each_pair(world: World) -> None:
    _, sources, targets = world
    files = [place for place in sources if place.is_file]
    found = matrix.redone(world, files, [place for place in targets if place.is_file])
    assert len(found) == len(files) ** 2
    assert table.unlike(found) == {}, "python -m tests.round_trips --write"


def test_other_places_keep_what_the_page_says_of_a_file_and_back(world: World) -> None:
    _, sources, targets = world
    others = [place for place in sources if not place.is_file]
    neutral = [place for place in sources if place.name == NEUTRAL]
    found = matrix.redone(world, neutral, [place for place in targets if not place.is_file])
    found |= matrix.redone(world, others, [place for place in targets if place.name == NEUTRAL])
    assert len(found) == 2 * len(others)
    assert table.unlike(found) == {}, "python -m tests.round_trips --write"
