"""What `explain` says wins is what a real Airflow resolves, for many arrangements of an id over its places."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.model import AirflowVersion, Kind
from airconn.stores import open_store
from airconn.transfer.lookup import Explanation, LookupState, look_up
from airconn.transfer.lookup_order import ChainedPlace, chains
from tests.integration.backends import judge
from tests.integration.backends.judge import EVERY_VERSION

ARRANGEMENTS = 200
BACKEND = (None, "backend")
ENVIRONMENT = (
    None, None, "valid", "valid", "uri", "empty", "blank", "unparseable", "three-schemes", "no-such-field",
    "bad-port", "list-extra", "small-letters", "wrong-prefix",
)  # fmt: skip
DATABASE = (None, "database")


def in_environment(kind: Kind, id_: str, state: str) -> dict[str, str]:
    """The environment variables of an arrangement."""
    prefix = "AIRFLOW_CONN_" if kind is Kind.CONNECTIONS else "AIRFLOW_VAR_"
    name = f"{prefix}{id_.upper()}"
    if state == "small-letters":
        return {f"{prefix}{id_}": '{"conn_type": "http", "host": "environment"}'}
    if state == "wrong-prefix":
        return {f"{prefix[:-1]}S_{id_.upper()}": '{"conn_type": "http", "host": "environment"}'}
    values = {
        "valid": '{"conn_type": "http", "host": "environment"}',
        "uri": "http://environment",
        "empty": "",
        "blank": "   ",
        "unparseable": '{"conn_type": ',
        "three-schemes": "a://b://c://d",
        "no-such-field": '{"conn_type": "http", "hots": "environment"}',
        "bad-port": "http://environment:port",
        "list-extra": '{"conn_type": "http", "host": "environment", "extra": [1]}',
    }
    return {name: values[state]} if kind is Kind.CONNECTIONS or state != "blank" else {name: "   "}


class Arranged:
    """As many ids, each arranged over backend, environment and database, in a home of a real Airflow."""

    def __init__(self, version: str, directory: Path) -> None:
        self.version = version
        self.home = judge.make_home(version, directory)
        self.seeded = False
        every = list(itertools.product((Kind.CONNECTIONS, Kind.VARIABLES), BACKEND, ENVIRONMENT, DATABASE))
        chosen = random.Random(3).sample(every * 3, ARRANGEMENTS)
        self.ids: list[tuple[Kind, str]] = []
        self.environ: dict[str, str] = {}
        files: dict[str, dict[str, Any]] = {"connections": {}, "variables": {}}
        self.database: dict[str, dict[str, Any]] = {"connections": {}, "variables": {}}
        for number, (kind, backend, environment, database) in enumerate(chosen):
            id_ = f"id_{number}"
            self.ids.append((kind, id_))
            is_connection = kind is Kind.CONNECTIONS
            if backend:
                files[kind.value][id_] = "http://backend" if is_connection else "backend"
            if environment:
                self.environ |= in_environment(kind, id_, environment)
            if database:
                fields = {"conn_type": "http", "host": "database"}
                self.database[kind.value][id_] = fields if is_connection else "database"
        self.files = {}
        for name, objects in files.items():
            path = self.home / f"of_backend_{name}.json"
            path.write_text(json.dumps(objects))
            self.files[f"{name}_file_path"] = str(path)

    def asked(self, model: Any) -> dict[tuple[Kind, str], Any]:
        """What Airflow finds: the host of a connection, the value of a variable, or None."""
        answer = judge.ask(
            self.version,
            judge.LOCAL_FILES,
            self.files,
            connections=[id_ for kind, id_ in self.ids if kind is Kind.CONNECTIONS],
            variables=[id_ for kind, id_ in self.ids if kind is Kind.VARIABLES],
            via="search",
            model=model,
            environ=self.environ,
            database=None if self.seeded else self.database,
            home=self.home,
        )
        self.seeded = True
        hosts = {
            (Kind.CONNECTIONS, id_): None if found is None or "error" in found else found["host"]
            for id_, found in answer.connections.items()
        }
        values = {(Kind.VARIABLES, key): None if isinstance(v, dict) else v for key, v in answer.variables.items()}
        return {**hosts, **values}

    def explained(self) -> list[Explanation]:
        settings = Settings(environ={**self.environ, "AIRFLOW_HOME": str(self.home)})
        version = AirflowVersion.parse(self.version)
        files = ",".join(self.files[f"{kind}_file_path"] for kind in ("connections", "variables"))
        local = open_store(f"local:{files}", settings)
        found = chains(
            version,
            backend=ChainedPlace("secrets backend", local, reads_for=version),
            workers_backend=None,
            environment=open_store("env:", settings),
            database=ChainedPlace("metadata database", open_store("metadb:", settings), reads_for=version),
        )
        return look_up(found, self.ids)[0]


def won(explanation: Explanation) -> str | None:
    """The place that wins, by the word that its objects hold."""
    if explanation.winner is None:
        return None
    return explanation.winner.place.title.split()[0].replace("secrets", "backend").replace("metadata", "database")


def by_word(explanation: Explanation, found: Any) -> Any:
    """What Airflow found, by the word of its place: a variable's text in the environment is whatever it is."""
    return found if found in ("backend", "database", None) else "environment"


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_what_wins_is_what_airflow_resolves(version: str, tmp_path: Path) -> None:
    arranged = Arranged(version, tmp_path)
    core = arranged.asked("core")
    explanations = arranged.explained()
    servers = [one for one in explanations if one.chain.title != "a task"]
    assert len(servers) == ARRANGEMENTS
    for one in servers:
        assert won(one) == by_word(one, core[one.kind, one.id]), (one.kind, one.id)
    assert {won(one) for one in servers} == {"backend", "environment", "database", None}
    tasks = [one for one in explanations if one.chain.title == "a task"]
    assert len(tasks) == (ARRANGEMENTS if version.startswith("3") else 0)
    if tasks:
        sdk = arranged.asked("sdk")
        for one in tasks:
            # What a worker doesn't find itself it asks the API server for.
            own = sdk[one.kind, one.id]
            found = own if own is not None else core[one.kind, one.id]
            assert won(one) == by_word(one, found), (one.kind, one.id)
        assert any(won(task) != won(server) for task, server in zip(tasks, servers, strict=True))


@pytest.mark.parametrize("version", EVERY_VERSION)
def test_a_file_with_one_bad_entry_is_passed_over_as_a_whole(version: str, tmp_path: Path) -> None:
    arranged = Arranged(version, tmp_path)
    path = Path(arranged.files["connections_file_path"])
    path.write_text(json.dumps({**json.loads(path.read_text()), "bad": {"hots": "x"}}))
    core = arranged.asked("core")
    servers = [one for one in arranged.explained() if one.chain.title != "a task"]
    for one in servers:
        assert won(one) == by_word(one, core[one.kind, one.id]), (one.kind, one.id)
    passed = [one.findings[0].state for one in servers if one.kind is Kind.CONNECTIONS]
    assert set(passed) == {LookupState.PASSED_OVER}
