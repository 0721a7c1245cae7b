"""Real programs judge the everyday files of `tests/everyday/cases`: what is expected of airconn is what they do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from tests.everyday.expectation import FILES, Case, comparable
from tests.integration.test_formats import airflow, answers

PREFIXES = {"connections": "AIRFLOW_CONN_", "variables": "AIRFLOW_VAR_"}
ENVIRON = {"HOME": "/home/etl", "PATH": os.environ["PATH"]}
CASES = [case for case in map(Case.of, FILES) if case.judge]


def by(judge: str) -> pytest.MarkDecorator:
    """The cases that a judge knows the truth of."""
    found = [case for case in CASES if case.judge and case.judge["by"] == judge]
    assert found
    return pytest.mark.parametrize("case", found, ids=lambda case: case.path.name)


class Judges:
    """Airflows of several versions. Each is asked once, about all files that it judges."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.found: dict[str, dict[str, list[Any]]] = {}

    def about(self, case: Case) -> list[Any]:
        """The answers to the steps for a file."""
        version = (case.judge or {})["version"]
        if version not in self.found:
            self.found[version] = self.ask(version)
        return self.found[version][case.path.name]

    def ask(self, version: str) -> dict[str, list[Any]]:
        steps = {
            case.path.name: [["wipe"], *steps_of(case, self.directory)]
            for case in CASES
            if (case.judge or {}).get("version") == version and (case.judge or {})["by"] in STEPS
        }
        home = self.directory / f"home-{version}"
        home.mkdir()
        with airflow(version, home, "run") as process:
            found = answers(process, [step for some in steps.values() for step in some])
        assert len(found) == sum(map(len, steps.values())), (home / "log").read_text()[-2000:]
        rest = iter(found)
        return {name: [next(rest) for _ in some][1:] for name, some in steps.items()}


def import_steps(case: Case, directory: Path) -> list[list[str]]:
    return [["cli", (case.judge or {})["kind"], "import", str(case.path)], ["dump"]]


def list_steps(case: Case, directory: Path) -> list[list[str]]:
    steps = []
    for kind, found in objects_of(case).items():
        file = directory / f"{case.path.name}.{kind}.json"
        file.write_text(json.dumps(found))
        steps.append(["cli", kind, "import", str(file)])
    return [*steps, ["cli", *(case.judge or {})["command"]]]


def objects_of(case: Case) -> dict[str, dict[str, Any]]:
    """The objects that a database holds of which the file is a list."""
    return (case.judge or {}).get("objects") or case.runs[0].objects or {}


STEPS = {"airflow import": import_steps, "airflow list": list_steps}


def steps_of(case: Case, directory: Path) -> list[list[str]]:
    return STEPS[(case.judge or {})["by"]](case, directory)


@pytest.fixture(scope="module")
def judges(tmp_path_factory: pytest.TempPathFactory) -> Judges:
    return Judges(tmp_path_factory.mktemp("judges"))


@by("airflow import")
def test_airflow_imports_what_is_expected(case: Case, judges: Judges) -> None:
    judge = case.judge or {}
    kind, run = judge["kind"], case.runs[judge.get("run", 0)]
    answer, held = judges.about(case)
    if judge.get("refused"):
        assert answer["code"] or "fail" in answer["said"], answer
        assert run.code == 3
        return
    assert answer["code"] == 0, answer["said"]
    assert run.objects is not None, held
    wanted = {id_: shown(kind, entry) for id_, entry in comparable(run.objects)[kind].items()}
    assert {id_: shown(kind, entry) for id_, entry in comparable(held)[kind].items()} == wanted


def shown(kind: str, entry: Any) -> Any:
    """An object in the form in which the two sides are compared."""
    return entry if kind != "variables" or isinstance(entry, dict) else {"value": entry}


@by("airflow list")
def test_airflow_prints_the_file_of_what_is_expected(case: Case, judges: Judges) -> None:
    said = judges.about(case)[-1]["said"]
    load: Callable[[str], Any] = json.loads if case.path.suffix == ".json" else yaml.safe_load
    assert without_numbers(load(said)) == without_numbers(load(case.path.read_text()))


def without_numbers(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The entries without the ids of rows and whether a row is encrypted, sorted."""
    dropped = ("id", "is_encrypted", "is_extra_encrypted")
    kept = [{key: value for key, value in entry.items() if key not in dropped} for entry in entries]
    return sorted(kept, key=lambda entry: str(entry.get("conn_id") or entry.get("key") or entry.get("pool")))


@by("airflow parser")
def test_airflow_refuses_the_connection_that_is_expected_to_be_refused(
    case: Case, parsed: dict[str, dict[str, Any]]
) -> None:
    assert case.runs[0].code == 3
    assert {name for name, text in connections_of(case).items() if "error" in parsed[text]} == set(
        (case.judge or {})["refused"]
    )


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """What Airflow makes of the texts of connections in all .env files."""
    texts = sorted({value for case in CASES if case.path.suffix == ".env" for value in connections_of(case).values()})
    forms = [["core", "json" if text.lstrip().startswith("{") else "uri", text] for text in texts]
    with airflow("3.3.2", tmp_path_factory.mktemp("parser"), "parse") as process:
        return dict(zip(texts, answers(process, forms), strict=True))


def connections_of(case: Case) -> dict[str, str]:
    return {name: value for name, value in literal(case).items() if name.startswith("AIRFLOW_CONN_")}


def literal(case: Case) -> dict[str, str]:
    """The values of objects as python-dotenv reads them without interpolation, which is airconn's default."""
    return of_objects(dotenv_values(case.path, interpolate=False))


def interpolated(case: Case) -> dict[str, str]:
    """The same with interpolation, as `load_dotenv` has it by default."""
    script = "import json, sys; from dotenv import dotenv_values; json.dump(dotenv_values(sys.argv[1]), sys.stdout)"
    return of_objects(
        json.loads(
            subprocess.run(
                [sys.executable, "-c", script, case.path], capture_output=True, env=ENVIRON, check=True, text=True
            ).stdout
        )
    )


def of_shell(case: Case) -> dict[str, str]:
    """The values that a shell makes of the file."""
    done = subprocess.run(
        ["sh", "-c", 'set -a; . "$0" 2>/dev/null; exec env -0', str(case.path.resolve())],
        capture_output=True,
        env=ENVIRON,
        check=False,
    )
    pairs = (line.partition("=") for line in done.stdout.decode().split("\0"))
    return of_objects({name: value for name, _, value in pairs})


def of_objects(values: Any) -> dict[str, str]:
    return {
        name: value
        for name, value in values.items()
        if value is not None and name.startswith(tuple(PREFIXES.values()))
    }


@by("dotenv")
def test_the_readers_of_env_files_differ_where_it_is_expected(case: Case, parsed: dict[str, dict[str, Any]]) -> None:
    judge, ours = case.judge or {}, literal(case)
    readers = {"python-dotenv": interpolated, "sh": of_shell}
    for reader, names in judge["differ"].items():
        found = readers[reader](case)
        assert (reader, sorted(name for name in ours if found.get(name) != ours[name])) == (reader, sorted(names))
    if case.runs[0].objects is None:
        return
    prefixes = {"AIRFLOW_CONN_": "connections", "AIRFLOW_VAR_": "variables"}
    truth: dict[str, dict[str, Any]] = {"connections": {}, "variables": {}}
    for name, value in ours.items():
        prefix = next(prefix for prefix in prefixes if name.startswith(prefix))
        id_ = name.removeprefix(prefix).lower()
        truth[prefixes[prefix]][id_] = parsed.get(value, value)
    assert comparable(truth) == comparable(case.runs[0].objects)
