"""Imports of changing files into one server, through a proxy that breaks some of the requests.

What counts is which kind of request met which fault. 500 imports with every twentieth request broken, by a fault that
chance alone chose, met 226 such pairs and took five minutes. Here a fault is chosen that this kind of request has met
the least, and the imports end once as many pairs were met: after about 200. `AIRCONN_SOAK=10000` is a long run.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.integration.conftest import on_worker_of
from tests.integration.faulty_proxy import EVERY_FAULT, FaultyProxy
from tests.integration.prediction import State, normal, predict
from tests.integration.soak_files import EMPTY, Files
from tests.integration.target import Target

RUNS = int(os.environ.get("AIRCONN_SOAK", "150"))
"""How many imports there are at least."""
MOST = RUNS + 350
PAIRS = 226
"""The pairs of a kind of request and a fault that are met at least."""


def check(ran: Any, before: State, after: State, expected: State) -> None:
    """Whether a run has told the truth: of all objects together by its exit code, and of each by the report."""
    if ran.code == 0:
        assert after == expected
    elif ran.code == 5:
        assert after == before
        assert ran.err.endswith("nothing was written\n")
    else:
        assert ran.code == 1
        report = json.loads(ran.out)
        failed = 0
        told = {(entry["kind"], entry["id"]): entry for entry in report["objects"]}
        for kind in EMPTY:
            for id_ in {*before[kind], *after[kind], *expected[kind]}:
                entry = told.get((kind, id_), {})
                old, new, is_now = (state[kind].get(id_) for state in (before, expected, after))
                if entry.get("status", "done") == "done":
                    assert is_now == new, entry
                    continue
                failed += 1
                without = {**new, "password": None} if new and kind == "connections" else None
                assert is_now in (old, new, without), entry
                if without and is_now == without != old:
                    assert "without its password" in entry["error"]
        assert failed


def memory() -> int:
    """The bytes of this process that are in memory."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.mark.parametrize("version", [pytest.param("3.3.2", marks=on_worker_of("3.3.2"))])
def test_imports_over_a_bad_network_lose_and_double_nothing(
    version: str,
    shared_sandbox: Callable[[str], Any],
    airconn: Callable[..., Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0.0, longest=0.0))
    target = Target(shared_sandbox(version), airconn, tmp_path)
    target.wipe()
    source = tmp_path / "source.json"
    files = Files(6)
    codes: Counter[int] = Counter()
    state = EMPTY
    used = 0
    with FaultyProxy(target.box.url) as proxy:
        proxy.strike_at_random(0.07, 6, EVERY_FAULT)
        how = {"AIRCONN_URL": proxy.url, "AIRCONN_TIMEOUT": "1", "AIRCONN_RETRIES": "2"}
        options = ("--prune", "--yes", "--max-delete", 1000, "--output", "json")
        for number in range(MOST):
            if number >= RUNS and len(proxy.pairs) >= PAIRS:
                break
            wanted = files.next()
            source.write_text(json.dumps(wanted))
            ran = target.airconn("import", source, *options, **how)
            after = normal(target.database())
            check(ran, state, after, predict(state, wanted, lacking="clear", prune=True))
            codes[ran.code] += 1
            state = after
            if number == RUNS // 5:
                used = memory()
        met = Counter(fault for fault, _ in proxy.struck)
    assert memory() - used < 24_000_000
    assert met.keys() == {*EVERY_FAULT}
    assert len(proxy.pairs) >= PAIRS, (len(proxy.pairs), codes)
    assert codes[0] > codes.total() * 0.7
    assert codes[1]
    assert codes[5]
    source.write_text(json.dumps(wanted))
    assert target.airconn("import", source, *options).code == 0
    assert normal(target.database()) == predict(state, wanted, lacking="clear", prune=True)
