"""Whatever goes wrong at whichever request: nothing is lost, and the same command again finishes the job."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import on_worker_of
from tests.integration.faulty_proxy import FAULTS, FaultyProxy
from tests.integration.prediction import State, normal, predict, raw
from tests.integration.target import Target


def objects(number: int) -> tuple[State, State]:
    """As many objects before, and as they are wanted: created, updated and, with --exact, replaced ones.

    The first 30 are of all sorts that there are.
    """
    held: State = {"connections": {}, "variables": {}, "pools": {}}
    wanted: State = {"connections": {}, "variables": {}, "pools": {}}
    for index in range(number):
        fields = {"description": None, "login": "l", "host": f"h{index}", "port": 1, "schema": None, "extra": None}
        conn = {"conn_type": "http", **fields, "password": f"pw-{index:05}"}
        pool = {"slots": index + 1, "description": None, "include_deferred": False}
        kind = ("variables", "connections", "pools", "variables", "connections")[index % 5]
        id_ = f"{kind[0]}{index}"
        before, after = {
            "connections": (conn, {**conn, "host": "new", "password": conn["password"] if index % 2 else None}),
            "variables": tuple({"value": f"{side}-{index}", "description": None} for side in ("old", "new")),
            "pools": (pool, {**pool, "slots": 99}),
        }[kind]
        if index % 3:
            held[kind][id_] = before
        wanted[kind][id_] = after
    return held, wanted


@pytest.mark.usefixtures("impatient")
# Requests to Airflow 2 cost a tenth of a second of password hashing each, so that there are fewer there.
@pytest.mark.parametrize(
    ("version", "number"),
    [
        pytest.param(version, number, marks=on_worker_of(version), id=f"{version}-{number}")
        for version, number in (("3.3.2", 30), ("2.11.2", 12))
    ],
)
def test_a_fault_at_any_request_loses_nothing(
    version: str, number: int, shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    target = Target(shared_sandbox(version), airconn, tmp_path)
    held, wanted = objects(number)
    expected = predict(held, wanted, lacking="exact")
    source = tmp_path / "source.json"
    source.write_text(json.dumps(wanted))
    with FaultyProxy(target.box.url) as proxy:
        state = tmp_path / "state"
        how = {
            "AIRCONN_URL": proxy.url,
            "AIRCONN_STATE_DIR": str(state),
            "AIRCONN_TIMEOUT": "1",
            "AIRCONN_RETRIES": "1",
        }
        target.seed(raw(held))
        proxy.strike("", None)
        assert target.airconn("import", source, "--exact", **{**how, "AIRCONN_TIMEOUT": "60"}).code == 0
        assert normal(target.database()) == expected
        requests = len(proxy.seen)
        assert requests > number // 2  # some are written in one request
        for at in range(requests):
            # Each request meets a fault, and the faults take turns; with AIRCONN_FUZZ, each request meets each.
            for fault in FAULTS if os.environ.get("AIRCONN_FUZZ") else [FAULTS[(at + at // 3) % 4]]:
                target.seed(raw(held))
                proxy.strike(fault, at)
                first = target.airconn("import", source, "--exact", **how)
                at_fault = (fault, at, proxy.seen[at] if at < len(proxy.seen) else "", first.out, first.err)
                between = normal(target.database())
                saved = {path: json.loads(path.read_text()) for path in state.glob("*.json")}
                assert set(re.findall(r"recovery-\S+\.json", first.err)) == {path.name for path in saved}, at_fault
                for kind, ids in held.items():
                    for id_ in ids:
                        safe = id_ in between[kind] or any(id_ in recovered[kind] for recovered in saved.values())
                        assert safe, at_fault
                        if id_ in between[kind]:
                            assert between[kind][id_] in (held[kind][id_], expected[kind][id_]), at_fault
                assert first.code in (0, 1, 5), at_fault
                if first.code == 0:
                    assert (between, saved) == (expected, {}), at_fault
                    continue
                proxy.strike("", None)
                again = target.airconn("import", source, "--exact", **{**how, "AIRCONN_TIMEOUT": "60"})
                assert (again.code, normal(target.database())) == (0, expected), at_fault
                for path in saved:
                    path.unlink()
