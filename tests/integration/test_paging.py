"""Lists of real servers, with small pages and while somebody writes, and bodies too large for a gateway."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airconn.sandbox import Sandbox
from tests.integration.conftest import on_worker_of
from tests.integration.faulty_proxy import FaultyProxy
from tests.integration.target import Target

VERSIONS = [pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")]
EMPTY: dict[str, dict[str, Any]] = {"connections": {}, "variables": {}, "pools": {}}


def variables(number: int) -> dict[str, dict[str, Any]]:
    return {f"v{index:03}": {"value": f"value {index}", "description": None} for index in range(number)}


class Meddler(FaultyProxy):
    """A proxy behind whose back somebody writes to the database, before some of the pages are read."""

    def __init__(self, to: str, meddle: Callable[[int], None]) -> None:
        super().__init__(to)
        self.meddle = meddle
        self.pages = 0

    def next_fault(self, request: str) -> str:
        with self._lock:
            if "offset=" in request:
                self.pages += 1
                self.meddle(self.pages)
        return super().next_fault(request)


@pytest.fixture
def target(
    request: pytest.FixtureRequest, shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> Iterator[Target]:
    target = Target(shared_sandbox(request.param), airconn, tmp_path)
    yield target
    target.wipe()


def exported(target: Target, url: str, *args: str) -> dict[str, str]:
    ran = target.airconn("export", "--variables", "-q", *args, AIRCONN_URL=url)
    assert (ran.code, ran.err) == (0, "")
    return json.loads(ran.out)  # type: ignore[no-any-return]


@pytest.mark.parametrize("target", VERSIONS, indirect=True)
def test_a_list_that_changes_while_it_is_read_is_read_until_it_is_whole(target: Target) -> None:
    before = variables(350)
    target.seed({**EMPTY, "variables": before})
    later = {**EMPTY, "variables": {key: fields for key, fields in before.items() if key not in ("v003", "v250")}}
    later["variables"]["new"] = {"value": "new", "description": None}

    def meddle(page: int) -> None:
        if page == 3:
            target.seed(later)

    with Meddler(target.box.url, meddle) as proxy:
        assert exported(target, proxy.url).keys() == later["variables"].keys()
        assert proxy.pages > 4  # it was begun again


@pytest.mark.parametrize("target", VERSIONS, indirect=True)
def test_a_list_that_never_stands_still_is_given_up(target: Target) -> None:
    def meddle(page: int) -> None:
        target.seed({**EMPTY, "variables": variables(200 + page)})

    target.seed({**EMPTY, "variables": variables(200)})
    with Meddler(target.box.url, meddle) as proxy:
        ran = target.airconn("export", "--variables", AIRCONN_URL=proxy.url)
    assert (ran.code, ran.out) == (5, "")
    assert "its list of variables kept changing while it was read" in ran.err
    assert "try again when no other program writes to it" in ran.err


@pytest.mark.parametrize("target", VERSIONS, indirect=True)
def test_bodies_that_are_too_large_for_a_gateway_are_made_smaller(target: Target, tmp_path: Path) -> None:
    target.wipe()
    connections = {
        f"c{number:03}": {"conn_type": "http", "host": "h" * 100, "password": f"pw-{number:05}"}
        for number in range(150)
    }
    wanted = {
        "connections": connections,
        "variables": {**{f"v{number}": "x" * 100 for number in range(100)}, "large": "y" * 3000, "huge": "z" * 6000},
    }
    (tmp_path / "source.json").write_text(json.dumps(wanted))
    with FaultyProxy(target.box.url) as proxy:
        proxy.largest = 5000
        ran = target.airconn("import", tmp_path / "source.json", "-q", AIRCONN_URL=proxy.url)
    held = target.database()
    assert {id_: fields["password"] for id_, fields in held["connections"].items()} == {
        id_: fields["password"] for id_, fields in connections.items()
    }
    assert {key: fields["value"] for key, fields in held["variables"].items()} == {
        key: value for key, value in wanted["variables"].items() if key != "huge"
    }
    assert ran.code == 1
    assert "  x variables/huge" in ran.out
    assert "the server doesn't accept requests as large as this" in ran.out
    assert "251 created" in ran.out


@pytest.mark.parametrize("version", VERSIONS)
def test_a_server_with_small_pages_is_read_and_written_in_full(
    version: str, make_sandbox: Callable[..., Sandbox], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    box = make_sandbox(version, settings={"api": {"maximum_page_limit": "30"}})
    target = Target(box, airconn, tmp_path)
    target.seed({**EMPTY, "variables": variables(95)})
    with FaultyProxy(box.url) as proxy:
        assert exported(target, proxy.url).keys() == variables(95).keys()
        pages = [request for request in proxy.seen if "offset=" in request]
        assert len(pages) == 4
        assert all("limit=30" in request for request in pages[1:])
    (tmp_path / "source.json").write_text(json.dumps({"variables": dict.fromkeys(variables(95), "new")}))
    assert target.airconn("import", tmp_path / "source.json").code == 0
    assert {fields["value"] for fields in target.database()["variables"].values()} == {"new"}
