"""What a report says last: counts, what is hidden, whether it was verified, and how to go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from airconn import report
from airconn.plan import Plan
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

HELD = {"conn_type": "http", "host": "h", "password": "***"}


def answer(received: Received) -> Answer | None:
    kind = received.path.rpartition("/")[2]
    rows = [dict.fromkeys(("login", "port", "schema", "extra", "description")) | HELD | {"connection_id": "a"}]
    shown: dict[str, list[Any]] = {"connections": rows, "variables": [], "pools": []}
    if received.path.endswith("/connections/a"):
        return Answer(body=rows[0])
    return Answer(body={kind: shown[kind], "total_entries": len(shown[kind])}) if kind in shown else None


def test_unchanged_objects_are_a_count_and_what_is_hidden_of_them_is_said(airconn, tmp_path: Path) -> None:
    source = tmp_path / "s.json"
    source.write_text(json.dumps({"connections": {"a": {"conn_type": "http", "host": "h", "password": "p"}}}))
    with Site(airflow("3.0.6", answer)) as site:
        env = {"AIRCONN_TOKEN": "a-token", "AIRCONN_URL": site.url}
        short = airconn("import", source, "--assume-unchanged", "hidden", env=env)
        verbose = airconn("import", source, "--assume-unchanged", "hidden", "-v", env=env)
        again = airconn("import", source, "--dry-run", env=env)
    counts = f"airflow 3.0.6 at {site.url}: 0 created, 0 updated, 1 unchanged\n"
    assert short.out == f"values hidden by the target: treated as unchanged in 1 object\n{counts}"
    row = f"  = connections/a  http  {source}:1:18  password (hidden by the target: treated as unchanged)\n"
    assert verbose.out == row + counts
    assert again.out.splitlines()[0].endswith("  password (hidden by the target: written again)")
    assert "values hidden" not in again.out


def test_a_verified_run_says_so_and_one_that_wrote_nothing_does_not(airconn, tmp_path: Path) -> None:
    source, target = tmp_path / "s.json", tmp_path / "t.json"
    source.write_text('{"variables": {"a": "1"}}')
    first = airconn("import", source, "--to", target, "--verify")
    assert first.out.endswith(": 1 created, 0 updated, 0 unchanged, verified\n")
    assert airconn("import", source, "--to", target, "--verify").out.endswith(": 0 created, 0 updated, 1 unchanged\n")
    target.unlink()
    shown_json = json.loads(airconn("import", source, "--to", target, "--verify", "--output", "json").out)
    assert shown_json["verified"] is True


def test_the_name_of_the_target_stands_beside_its_address(airconn, tmp_path: Path) -> None:
    (tmp_path / "s.json").write_text('{"variables": {"a": "1"}}')
    config, target = tmp_path / "c.toml", tmp_path / "t.json"
    config.write_text(f"[addresses]\nlab = {json.dumps(str(target))}\n")
    for env in ({"AIRCONN_URL": "@lab"}, {}):
        options = [] if env else ["--to", "@lab"]
        args = ("import", tmp_path / "s.json", *options)
        text = airconn(*args, "--dry-run", env={**env, "AIRCONN_CONFIG": str(config)})
        assert text.out.splitlines()[-1] == f"@lab, {target}: would be 1 created, 0 updated, 0 unchanged"
        shown = airconn(*args, "-n", "--output", "json", env={**env, "AIRCONN_CONFIG": str(config)})
        found = json.loads(shown.out)
        assert (found["target"], found["target_name"]) == (str(target), "@lab")


@pytest.mark.parametrize(("seconds", "shown"), [(0.04, "0.0s"), (9.94, "9.9s"), (12.4, "12s"), (125, "2m05s")])
def test_the_time_that_a_run_took_is_short_to_read(seconds: float, shown: str) -> None:
    assert report.summary(Plan(()), (), "t", seconds=seconds).endswith(f" unchanged ({shown})")
