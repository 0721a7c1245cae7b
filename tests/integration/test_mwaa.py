"""Real Airflows behind a stand-in of Amazon MWAA: what is imported is judged by the Airflow itself."""

from __future__ import annotations

import itertools
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.model import Action
from airconn.sandbox import Sandbox
from airconn.stores import open_store
from airconn.stores.airflow_api.stored_forms import rewritten
from airconn.stores.base import Store
from airconn.stores.http.transport import Transport
from tests.integration.conftest import on_worker_of
from tests.integration.target import Target
from tests.integration.test_airflow_api import Database
from tests.integration.web_login import patient_log_in
from tests.stores.contract import FULL, TARGET, StoreContract, create, do, look, step
from tests.stores.contract import expected as expected_of_store
from tests.stores.managed.mwaa_door import ADDRESS, MwaaDoor, MwaaSwitches, forwarding, refusal, with_headers

VERSIONS = ["3.3.2", "2.11.2"]
WAYS = ["", "?through=api"]


class Sessions:
    """Real sessions of a sandbox, made once: it lets in only so many users in a while."""

    def __init__(self, box: Sandbox) -> None:
        self._made = [self._make(box), self._make(box)]
        self._next = itertools.cycle(self._made)
        self.is_old = box.version.startswith("2")

    def __call__(self) -> str:
        return next(self._next)

    def headers(self) -> dict[str, str]:
        """A login of the door itself, for requests that are signed for AWS alone."""
        return {"Cookie": f"session={self._made[0]}"} if self.is_old else {"Authorization": f"Bearer {self._made[0]}"}

    @staticmethod
    def _make(box: Sandbox) -> str:
        if box.version.startswith("2"):
            return patient_log_in(box).cookies["session"]
        from airconn.stores.http.messages import Request

        transport = Transport(box.url, Settings())

        time.sleep(1.1)  # two tokens of the same second are the same
        body = {"username": box.username, "password": box.password}
        return str(transport.send(Request("POST", "/auth/token", body=body), {}).json()["access_token"])


@pytest.fixture(scope="module", params=[pytest.param(version, marks=on_worker_of(version)) for version in VERSIONS])
def box(request: pytest.FixtureRequest, shared_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    return shared_sandbox(request.param)


@pytest.fixture(scope="module")
def sessions(box: Sandbox) -> Sessions:
    return Sessions(box)


@pytest.fixture
def door(box: Sandbox, sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> Iterator[MwaaDoor]:
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    airflow = forwarding(box.url)
    signed = with_headers(airflow, sessions.headers)
    switches = MwaaSwitches(version=box.version, logs_out=False)
    with MwaaDoor(airflow, sessions, switches, invoked=signed) as door:
        yield door


def environ(door: MwaaDoor, tmp_path: Path) -> dict[str, str]:
    return {**door.environ(), "AIRCONN_CA_BUNDLE": str(door.bundle(tmp_path))}


def generated(number: int) -> dict[str, Any]:
    """Objects with odd values. Each secret is its own: Airflow masks one wherever it meets it."""
    chance = random.Random(15)
    odd = [
        "",
        "plain",
        "é ü 漢字 🔑",
        "a b\tc",
        "line\nbreak",
        "%2F%25 +&=?#",
        "'\"`$HOME\\n",
        "1.50",
        "null",
        "{{ x }}",
    ]
    connections, variables, pools = {}, {}, {}
    for index in range(number // 3):
        extra = {"n": index, "deep": {"list": [1, None, True, chance.choice(odd)]}, "region": chance.choice(odd)}
        connections[f"gen_{index}.x-{chance.randrange(10**6)}"] = {
            "conn_type": chance.choice(["postgres", "http", "google_cloud_platform", "x"]),
            "description": chance.choice([None, *odd]),
            "login": chance.choice([None, *odd]),
            "password": chance.choice([None, f"pw-{index}-é%/{chance.randrange(10**9)}"]),
            "host": chance.choice([None, *odd]),
            "port": chance.choice([None, 0, 443, 65535]),
            "schema": chance.choice([None, *odd]),
            "extra": chance.choice([None, json.dumps(extra, ensure_ascii=index % 2 == 0)]),
        }
        value = chance.choice([*odd, json.dumps({"a": [1, index, None]}), "v" * chance.randrange(5000)])
        variables[f"gen_{index}-{'k' * chance.randrange(20)}"] = {
            "value": value,
            "description": chance.choice([None, *odd[:5]]),
        }
        pools[f"gen_{index}"] = {
            "slots": chance.randrange(1000),
            "description": chance.choice(["", "of é", "two\nlines"]),
            "include_deferred": chance.choice([True, False]),
        }
    return {"connections": connections, "variables": variables, "pools": pools}


def expected(objects: dict[str, Any]) -> dict[str, Any]:
    """The objects as the database holds them, with every field."""
    fields = ("conn_type", "description", "login", "host", "port", "schema", "password", "extra")
    of_pool = ("slots", "description", "include_deferred")
    found: dict[str, Any] = {"connections": {}, "variables": {}, "pools": {}}
    for id_, of in objects["connections"].items():
        found["connections"][id_] = {name: of.get(name) for name in fields}
    for key, of in objects["variables"].items():
        of = of if isinstance(of, dict) else {"value": of}
        found["variables"][key] = {"value": of["value"], "description": of.get("description")}
    for name, of in objects["pools"].items():
        found["pools"][name] = {one: of.get(one) for one in of_pool}
    return found


@pytest.mark.parametrize("way", WAYS)
def test_what_is_imported_is_held_exported_and_found_unchanged(
    box: Sandbox, door: MwaaDoor, way: str, airconn: Callable[..., Any], examples: Path, tmp_path: Path
) -> None:
    target = Target(box, airconn, tmp_path)
    target.wipe()
    known = environ(door, tmp_path)
    address = ADDRESS + way
    door.switches.session_lasts = 40  # sessions end in mid-run
    of_examples = json.loads((examples / "objects.json").read_text())
    # Each object of Airflow 2 is a request, and here each of those is signed and goes to AWS by itself.
    made = generated(90 if way and box.version.startswith("2") else 300)
    objects = {kind: {**of_examples.get(kind, {}), **made[kind]} for kind in made}
    path = tmp_path / "all.json"
    path.write_text(json.dumps(made, ensure_ascii=False))
    sources = (examples / "objects.json", path)
    done = airconn("import", *sources, "--to", address, "--yes", env=known)
    assert done.code == 0, done.out + done.err
    held = target.database()
    wanted = expected(objects)
    for kind, of_kind in wanted.items():
        assert {id_: held[kind].get(id_) for id_ in of_kind} == of_kind
        assert held[kind].keys() == of_kind.keys()
    by_cli = target.exported()
    assert by_cli["connections"] == wanted["connections"]
    assert by_cli["pools"] == wanted["pools"]
    assert by_cli["variables"].keys() == wanted["variables"].keys()

    again = airconn("import", *sources, "--to", address, "--yes", "--assume-unchanged", "hidden", env=known)
    assert again.code == 0, again.out + again.err
    assert f"0 created, 0 updated, {sum(map(len, wanted.values()))} unchanged" in again.out
    assert target.database() == held

    exported = tmp_path / "exported.json"
    fill = [option for source in sources for option in ("--fill", source)]
    done = airconn("export", "--from", address, "-o", exported, "--exclude", "pools/default_pool", *fill, env=known)
    assert done.code == 0, done.out + done.err
    merged = tmp_path / "merged.json"
    shown = wanted["variables"]
    if not box.version.startswith("2"):  # which shows JSON as Python writes it
        shown = {key: {**of, "value": rewritten(of["value"])} for key, of in shown.items()}
    merged.write_text(json.dumps({**objects, "variables": shown}))
    done = airconn("diff", exported, merged, "--exit-code", env=known)
    assert done.code == 0, done.out + done.err
    invoked = [given for operation, given in door.calls if operation == "InvokeRestApi"]
    if way:
        assert all(len(given["Path"]) <= 64 for given in invoked)
        assert door.web.log == []
    else:
        assert invoked == []
        assert door.operations().count("CreateWebLoginToken") > 2


class _Contract(StoreContract):
    way = ""

    @pytest.fixture
    def truth(self, box: Sandbox) -> Iterator[Database]:
        database = Database(box.home)
        database.clear()
        yield database
        database.clear()

    @pytest.fixture
    def store(self, door: MwaaDoor, tmp_path: Path, truth: Database) -> Iterator[Store]:
        store = open_store(ADDRESS + self.way, door.settings(tmp_path))
        store.describe()
        yield store
        store.close()

    @pytest.fixture
    def unreachable(self, door: MwaaDoor, tmp_path: Path) -> Callable[[], Store]:
        known = {**door.environ(), "AWS_ENDPOINT_URL_MWAA": "http://127.0.0.1:1"}
        return lambda: open_store(ADDRESS + self.way, door.settings(tmp_path, environ=known, retries=0))

    @pytest.fixture
    def locked_out(self, door: MwaaDoor, tmp_path: Path) -> Callable[[], Store]:
        door.switches.broken = {
            name: refusal("InvalidSignatureException", 403) for name in ("CreateWebLoginToken", "InvokeRestApi")
        }
        return lambda: open_store(ADDRESS + self.way, door.settings(tmp_path))


class TestMwaa(_Contract):
    """Through the web server."""


class TestMwaaThroughApi(_Contract):
    """Through `InvokeRestApi`, with its limits, and the least that AWS may pass on."""

    way = "?through=api"
    impossible = 8

    @pytest.fixture
    def door(self, door: MwaaDoor) -> MwaaDoor:
        known = door.switches
        known.repeated, known.nulls, known.empty, known.percent = "refused", "refused", "fault", "encoded"
        return door

    def test_an_update_clears_fields(self, store: Store, truth: Database) -> None:
        """It doesn't: AWS may drop a null on its way. It is refused before the first write, and changes nothing."""
        create(store, FULL)
        for name in ("description", "host", "schema", "login", "port", "extra"):
            found = look(store, FULL)
            held = found.bundle.get(FULL.kind, FULL.id)
            wanted = step(Action.UPDATE, replace(FULL, **{name: None}), held, name)  # type: ignore[arg-type]
            assert name in store.refusal(wanted, replace(TARGET, before=found))
            (error,) = do(store, wanted, before=found)
            assert "through=api" in (error or "")
        assert truth.get(FULL.kind, FULL.id) == expected_of_store(store, FULL)
