"""A new release of Airflow is a change in airconn/airflow/ alone, which a made-up 3.4 in its tables shows."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.airflow import with_new_release
from tests.airflow.with_new_release import MIGRATION, VERSION
from tests.conftest import ROOT, Result
from tests.stores.airflow_api.conftest import airflow
from tests.stores.metadb.databases import SHAPES, Airflow
from tests.stores.site import Answer, Received, Site

OBJECTS = {"connections": {"a": {"conn_type": "http", "host": "h", "extra": "[1]"}}, "variables": {"b": "1"}}
"""An extra that 3.0 to 3.3 refuse, and the made-up 3.4 takes."""


@pytest.fixture
def future(tmp_path: Path) -> Callable[..., Result]:
    """Runs the airconn that knows 3.4, in a process of its own."""

    def call(*args: object, env: dict[str, str] | None = None) -> Result:
        done = subprocess.run(
            [sys.executable, with_new_release.__file__, *map(str, args)],
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path,
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(ROOT),
                "HOME": str(tmp_path),
                "AIRCONN_STATE_DIR": str(tmp_path / "state"),
                **(env or {}),
            },
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return call


@pytest.fixture
def objects(tmp_path: Path) -> Path:
    (tmp_path / "objects.json").write_text(json.dumps(OBJECTS))
    return tmp_path / "objects.json"


def test_it_is_the_newest_known_and_the_default(future: Callable[..., Result]) -> None:
    assert f"[{VERSION}, the newest known]" in " ".join(future("convert", "--help").out.split())


@pytest.mark.parametrize("format_name", ["json", "yaml", "env", "uri"])
def test_files_are_read_and_written_by_its_rules(
    future: Callable[..., Result], objects: Path, format_name: str, tmp_path: Path
) -> None:
    refused = future("convert", objects, "--format", format_name, "--airflow", "3.3")
    assert (refused.code, refused.out) == (3, "")
    assert "is not a JSON object, and Airflow 3.3.0 accepts nothing else" in refused.err
    written = future("convert", objects, "--format", format_name, "--connections", "-o", "out")
    assert (written.code, written.err.count("error")) == (0, 0), written.err
    again = future("convert", "out", "--from-format", format_name, "--kind", "connections", "--format", "json")
    assert json.loads(again.out)["connections"]["a"]["extra"] == "[1]"


def test_the_airconn_of_today_refuses_them(airconn: Callable[..., Result], objects: Path) -> None:
    assert airconn("convert", objects, "--format", "json").code == 3


def test_its_columns_have_their_own_sizes(future: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "objects.json").write_text(
        json.dumps({"connections": {"a": {"conn_type": "http", "host": "h" * 600}}})
    )
    codes = [future("check", "objects.json", "--airflow", version).code for version in ("3.3", "3.4")]
    assert codes == [3, 0]


def test_its_rest_api_is_planned_for_and_written_to(future: Callable[..., Result], objects: Path) -> None:
    def respond(received: Received) -> Answer | None:
        return Answer(201, received.body) if received.method == "POST" and "auth" not in received.path else None

    env = {"AIRCONN_TOKEN": "a-token"}
    with Site(airflow(VERSION, respond)) as site:
        planned = future("import", objects, "--to", site.url, "--dry-run", env=env)
        assert f"airflow {VERSION} at {site.url}: would be 2 created" in planned.out + planned.err
        assert not site.sent("POST")
        written = future("import", objects, "--to", site.url, "--yes", env=env)
        assert "2 created" in written.out + written.err, written
        assert {received.path for received in site.sent("POST")} == {"/api/v2/connections", "/api/v2/variables"}
    with Site(airflow("3.3.2", respond)) as site:
        refused = future("import", objects, "--to", site.url, "--yes", env=env)
        assert refused.code == 3
        assert not site.sent("POST")


def test_its_database_is_told_by_the_migration(
    future: Callable[..., Result], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SHAPES, VERSION, (MIGRATION, *SHAPES["3.3.2"][1:]))
    for version, text in ((VERSION, f"airflow {VERSION}"), ("3.3.2", "airflow 3.3.0 to 3.3.2")):
        home = tmp_path / version
        home.mkdir()
        database = Airflow(home, version)
        listed = future("list", "--from", database.address, env=database.environ)
        assert f"the metadata database of {text} at" in listed.err


def test_the_sandbox_can_install_it(future: Callable[..., Result]) -> None:
    assert f"3.3.0 to 3.3.2, {VERSION} to {VERSION}" in future("sandbox", "--airflow", "3.5").err
    script = "from with_new_release import enter_release; enter_release()\n"
    script += "from airconn.sandbox.versions import resolve\nprint(resolve('3.4'), resolve().cutoff)\n"
    script += "print(resolve().describe_pythons())"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(Path(with_new_release.__file__).parent)])},
    )
    assert done.stdout.splitlines() == [f"{VERSION} 2027-01-13T00:00:00Z", "3.11 to 3.15"]
