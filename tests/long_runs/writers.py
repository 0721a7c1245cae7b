"""Many processes that write to one target at once: whatever a run called done is there in the end."""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tests.integration.postgres_airflow import PostgresAirflow
from tests.integration.program import Program
from tests.long_runs.kills import Database

FILES = ("shared.env", "shared.json", "shared.yaml", "airflow_settings.yaml")
OWN = 20
"""The connections and the variables that only one writer has."""
SHARED = 10
"""The connections that all of them write, each with values of its own."""
ROUNDS = 5
MOST_TRIES = 100
"""A run that finds the target changed under it says so, and is started again."""


def run(number: int, directory: Path) -> Counter[str]:
    """Lets `number` writers loose on each kind of target. Raises `AssertionError` when something is lost."""
    counted: Counter[str] = Counter()
    for name in FILES:
        place = directory / name
        program = Program(directory / f"writers-of-{name}", {})
        counted += _all(name, program, number, ["--to", str(place)], partial(_in_file, program, place))
    with PostgresAirflow("3.3.2", workers=2) as airflow:
        program = Program(directory / "writers-of-airflow", airflow.environ)
        database = Database(airflow)
        name = "Airflow 3.3.2 with PostgreSQL"
        return counted + _all(name, program, number, [], database.settled)


def objects(writer: int, at: int) -> dict[str, dict[str, Any]]:
    """What a writer wants in a round."""

    def connection(id_: str) -> dict[str, Any]:
        mark = f"{writer}-{at}"
        return {"conn_type": "http", "host": f"{mark}.example.com", "login": mark, "password": f"pw/{id_}/{mark}"}

    own = [f"own_{writer}_{n}" for n in range(OWN)]
    return {
        "connections": {id_: connection(id_) for id_ in (*own, *(f"shared_{n}" for n in range(SHARED)))},
        "variables": dict.fromkeys(own, f"{writer} {at}"),
    }


def _all(name: str, program: Program, number: int, to: list[str], held: Callable[[], dict[str, Any]]) -> Counter[str]:
    counted: Counter[str] = Counter()
    for at in range(ROUNDS):
        left = dict.fromkeys(range(number), 0)
        for writer in left:
            (program.directory / f"{writer}.json").write_text(json.dumps(objects(writer, at)))
        while left:
            started = {
                writer: program.start(
                    "import",
                    f"{writer}.json",
                    *to,
                    "--output",
                    "json",
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                for writer in left
            }
            for writer, process in started.items():
                _, err = process.communicate(timeout=600)
                counted[f"exit {process.returncode}"] += 1
                assert process.returncode in (0, 1, 4, 5), (name, writer, err)
                assert "Traceback" not in err, (name, err)
                left[writer] += 1
                assert left[writer] < MOST_TRIES, (name, writer, err)
                if process.returncode == 0:
                    del left[writer]
        _judge(name, number, at, held())
    print(f"{name}: {number} writers, {ROUNDS} rounds: {dict(sorted(counted.items()))}", flush=True)
    return counted


def _judge(name: str, number: int, at: int, found: dict[str, Any]) -> None:
    """Own objects are those of their writer, and shared ones are those of one writer, in all fields."""
    for writer in range(number):
        wanted = objects(writer, at)
        for id_, fields in wanted["connections"].items():
            if id_.startswith("own_"):
                assert fields.items() <= found["connections"][id_].items(), (name, id_)
        for id_, value in wanted["variables"].items():
            assert found["variables"][id_]["value"] == value, (name, id_)
    for n in range(SHARED):
        held = found["connections"][f"shared_{n}"]
        sides = [objects(writer, at)["connections"][f"shared_{n}"] for writer in range(number)]
        assert any(fields.items() <= held.items() for fields in sides), (name, f"shared_{n} is mixed")


def _in_file(program: Program, place: Path) -> dict[str, Any]:
    ran = program.run("convert", place, "--format", "json")
    assert ran.code == 0, ran.err
    found = json.loads(ran.out)
    variables = {
        key: value if isinstance(value, dict) else {"value": value} for key, value in found["variables"].items()
    }
    return {**found, "variables": variables}
