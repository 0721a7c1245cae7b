"""The body of an answer has a limit by what was asked for, whichever driver reads it, compressed or not."""

from __future__ import annotations

import gzip
import time
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import urllib3

from airconn.errors import TargetError
from airconn.stores.http import bodies
from tests.conftest import Result
from tests.stores.http.test_redirects import PLACES, SECRET, Doors, outcome
from tests.stores.site import Answer, Received, Site

BOMB = gzip.compress(bytes(16 << 20)) * 40
"""640 MiB in 40 parts, which is more than anything that is asked for."""
GZIP = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
MOST = 1 << 20

Run = Callable[..., Result]


@pytest.mark.usefixtures("no_other_aws")
@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("name", PLACES)
def test_no_place_unpacks_more_than_was_asked_for(
    airconn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, status: int
) -> None:
    tls, named = PLACES[name]
    with Doors(tmp_path, tls=tls).open() as doors:
        place = named(doors)
        before = doors.first
        doors.first = lambda received: before(received) or Answer(status, BOMB, GZIP)
        for variable, value in place.own.items():
            monkeypatch.setenv(variable, value)
        result = outcome(airconn, place, "export", tmp_path)
        assert result.code == 5, result.err
        assert "its answer is larger than " in result.err
        assert "\nhint:  " in result.err
        assert SECRET not in result.err


@pytest.mark.parametrize("kind", ["connections", "variables", "pools"])
def test_a_list_of_an_airflow_has_a_limit(airconn: Run, kind: str) -> None:
    def answer(received: Received) -> Answer:
        if received.path.endswith("/version"):
            return Answer(200, {"version": "3.1.0"})
        return Answer(200, BOMB, GZIP)

    with Site(answer) as site:
        result = airconn("export", "--from", site.url, f"--{kind}", env={"AIRCONN_TOKEN": SECRET})
    assert result.code == 5
    assert "its answer is larger than 256 MiB" in result.err


def test_what_is_not_compressed_has_the_same_limit(airconn: Run) -> None:
    with Site(lambda received: Answer(200, b" " * (bodies.SMALL + 1))) as site:
        result = airconn("list", "--from", site.url, env={"AIRCONN_TOKEN": SECRET})
    assert result.code == 5
    assert "its answer is larger than 4 MiB" in result.err


def got(answer: Answer, ends: float | None = None) -> bytes:
    with Site(lambda received: answer) as site, urllib3.PoolManager() as pool:
        response = pool.request("GET", site.url, preload_content=False, retries=False)
        return bodies.whole(response, MOST, "there", ends)


@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"text", ""),
        (b"text", "identity"),
        (gzip.compress(b"text"), "gzip"),
        (gzip.compress(b"te") + gzip.compress(b"xt"), "GZIP"),
        (zlib.compress(b"text"), "deflate"),
    ],
    ids=["plain", "identity", "gzip", "two gzip members", "deflate"],
)
def test_a_body_is_unpacked(body: bytes, encoding: str, ends: bool) -> None:
    answer = Answer(200, body, {"Content-Encoding": encoding} if encoding else {})
    assert got(answer, time.monotonic() + 60 if ends else None) == b"text"


@pytest.mark.parametrize("size", [MOST, MOST + 1])
@pytest.mark.parametrize("packed", [False, True])
def test_the_limit_is_the_last_size_that_is_taken(size: int, packed: bool) -> None:
    body = bytes(size)
    answer = Answer(200, gzip.compress(body), GZIP) if packed else Answer(200, body)
    if size == MOST:
        assert got(answer) == body
    else:
        with pytest.raises(bodies.TooLarge, match="larger than 1 MiB") as caught:
            got(answer)
        assert (caught.value.where, caught.value.exit_code) == ("there", 5)


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "zstd"])
def test_what_was_not_asked_for_is_not_unpacked(encoding: str) -> None:
    twice = gzip.compress(gzip.compress(bytes(MOST)))
    with pytest.raises(TargetError, match="compressed in an unsupported way"):
        got(Answer(200, twice, {"Content-Encoding": encoding}))


def test_a_body_that_is_cut_off_or_broken_is_told() -> None:
    whole = gzip.compress(b"text" * 1000)
    with pytest.raises(urllib3.exceptions.ProtocolError):
        got(Answer(200, whole[:-9], GZIP))
    with pytest.raises(TargetError, match="doesn't have the Content-Encoding"):
        got(Answer(200, b"text", GZIP))


def test_no_more_memory_is_taken_than_the_limit_and_a_chunk() -> None:
    one = gzip.compress(bytes(100 << 20), 1)
    tracemalloc.start()
    try:
        with pytest.raises(bodies.TooLarge):
            got(Answer(200, one, GZIP))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(one) + 4 * MOST
