"""One set of objects through every kind of place: what comes out at the end is what went in, save what was said."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from airconn.sandbox import Sandbox
from tests.integration import in_airflow, openbao
from tests.integration.openbao import OpenBao

FIRST, SECOND = "2.11.2", "3.3.2"
EXTRA = '{"n": 1.50,  "token": "t-1", "list": [1, {"a": null}], "é": "\\u00e9"}'
NASTY = {
    "Upper.Case-1": {"conn_type": "http", "host": "HTTPS://Host.example", "password": "pa/%+:@#?'\"\\é🔑", "port": 0},
    "text_of_extra": {"conn_type": "x", "extra": EXTRA},
    "bare": {"conn_type": "postgres", "description": "Owned by é, and 'them'"},
}
TEXTS = {
    "json": '{"b":1.50, "a":["é", null]}',
    "number": "1.50",
    "quoted": '"q"',
    "lines": "a\n b\t$HOME x\n",
    "none": "",
}


@pytest.fixture(scope="module")
def bao(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenBao]:
    with openbao.running(tmp_path_factory.mktemp("openbao")) as server:
        yield server


def objects(examples: Path) -> dict[str, Any]:
    """The examples and what has broken some tool before, in the shape of `in_airflow.dump`."""
    found = json.loads((examples / "objects.json").read_text())
    values = {key: value if isinstance(value, str) else value["value"] for key, value in found["variables"].items()}
    return {
        "connections": {**found["connections"], **NASTY},
        "variables": {key: {"value": value} for key, value in {**values, **TEXTS}.items()},
    }


def lost(said: str) -> set[tuple[str, str]]:
    """The objects and fields that warnings say are lost: each on its own, or all of one field together."""
    found = set(re.findall(r"(\w+/[\w.-]+): (\w+) ", said))
    for kind, field, ids in re.findall(r"^warning: (\w+): (\w+) .*\(\d+: (.*)\)$", said, re.MULTILINE):
        found |= {(f"{kind}/{id_}", field) for id_ in ids.split(", ")}
    return found


@pytest.mark.xdist_group(f"airflow-{SECOND}")
def test_from_database_to_database_by_way_of_everything(
    airconn: Callable[..., Any],
    shared_sandbox: Callable[[str], Sandbox],
    bao: OpenBao,
    examples: Path,
    tmp_path: Path,
) -> None:
    first, second = shared_sandbox(FIRST), shared_sandbox(SECOND)
    in_airflow.seed(first.home, objects(examples))
    in_airflow.wipe(second.home)
    said = ""

    def done(*args: object, **env: str) -> None:
        nonlocal said
        result = airconn(*args, "-v", env={**bao.environ(), **env})
        assert result.code == 0, result.err
        said += result.err

    done("import", "metadb:", "--to", "vault:///secret", AIRFLOW_HOME=str(first.home))
    done("export", "--from", "vault:///secret", "-o", tmp_path / ".env")
    done("convert", tmp_path / ".env", "-o", tmp_path / "airflow_settings.yaml")
    done("import", tmp_path / "airflow_settings.yaml", "--to", second.url, **second.credentials())
    before, after = in_airflow.dump(first.home), in_airflow.dump(second.home)
    assert len(before["connections"]) == 9
    told = lost(said)
    for kind in ("connections", "variables"):
        assert after[kind].keys() == before[kind].keys()
        different = {
            (f"{kind}/{id_}", name)
            for id_, fields in before[kind].items()
            for name, value in fields.items()
            if after[kind][id_][name] != value
        }
        assert different <= told, different - told
    assert after["connections"]["warehouse"]["password"] == before["connections"]["warehouse"]["password"]
    in_airflow.wipe(first.home)
    in_airflow.wipe(second.home)
