"""What airconn wrote into a secrets backend is what a real Airflow finds there, to the character.

A backend's test class inherits from `BackendAgreement` and brings the fixture `place`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from airconn.config import Settings
from airconn.model import Action, AirflowObject, Connection, Kind, Pool, Selection, Text, Variable, hidden_fields
from airconn.model.placeholders import placeholders
from airconn.stores.base import Store
from airconn.stores.file import FileStore
from tests.formats import strategies as some
from tests.integration.backends import judge
from tests.integration.backends.judge import EVERY_VERSION
from tests.stores.contract import TARGET, planned, step

EXAMPLES = Path(__file__).parents[3] / "examples"
GENERATED = 500
"""How many generated objects a place has to hold at least."""
DRAWN = 750
"""How many are generated, of which a fifth have ids that many places have no name for."""
FIELDS = ("conn_type", "description", "host", "login", "password", "schema", "port", "extra")


@dataclass(frozen=True)
class Place:
    """An empty place, and how Airflow is configured to look there."""

    store: Store
    backend: str
    kwargs: Mapping[str, Any]
    environ: Mapping[str, str] = field(default_factory=dict)
    prelude: Path | None = None
    """A script that is run before Airflow is imported, as to send the client of a service to a fake."""


@cache
def generated() -> tuple[AirflowObject, ...]:
    """As many connections and variables, the same in every run, some with ids of their own."""
    found: list[AirflowObject] = []

    @settings(
        max_examples=GENERATED,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.one_of(some.connections, some.connections, some.variables))
    def draw(obj: AirflowObject) -> None:
        if len(found) == DRAWN or hidden_fields(obj) or getattr(obj, "team_name", None) is not None:
            return
        number = len(found)
        found.append(genuine(obj if number % 5 == 0 else some.with_id(obj, f"id_{number}")))

    # How many of them are of use differs from seed to seed.
    for number in count(20_26):
        if len(found) == DRAWN:
            return tuple(found)
        seed(number)(draw)()
    raise AssertionError


def genuine(obj: AirflowObject) -> AirflowObject:
    """The object with `--literal` for each text of it that looks like a placeholder, such as a login `****`."""
    places = frozenset((found.field, found.path) for found in placeholders(obj))
    return obj if isinstance(obj, Pool) else replace(obj, genuine=places)


def examples() -> list[AirflowObject]:
    """The objects of all example files, under ids that tell the files apart."""
    found: list[AirflowObject] = []
    files = (path for path in EXAMPLES.iterdir() if path.is_file() and path.suffix != ".svg")
    for number, path in enumerate(sorted(files)):
        bundle = FileStore(str(path), Settings()).read(Selection()).bundle
        found += [some.with_id(obj, f"f{number}_{obj.id}") for obj in bundle if obj.kind is not Kind.POOLS]
    return found


class BackendAgreement:
    """Fixture to bring: `place`."""

    exceptions: ClassVar[int] = 150
    """How many of the generated objects, at most, the store may refuse to write because Airflow or the service has no
    name or no form for them."""

    @pytest.fixture
    def place(self) -> Place:
        raise NotImplementedError

    @pytest.mark.parametrize("version", EVERY_VERSION)
    def test_airflow_finds_every_example_and_every_generated_object(self, place: Place, version: str) -> None:
        store = place.store
        by_id = {
            (obj.kind, obj.id): obj for obj in (*examples(), *generated()) if obj.kind in store.capabilities.kinds
        }
        context = replace(TARGET, wanted=frozenset(by_id))
        possible = [
            obj
            for obj in by_id.values()
            if not store.problems(obj, context) and not store.refusal(step(Action.CREATE, obj), context)
        ]
        assert len(possible) >= len(by_id) - self.exceptions
        assert len(possible) >= GENERATED or self.exceptions > 150
        told = write(store, possible)
        answer = judge.ask(
            version,
            place.backend,
            place.kwargs,
            connections=[obj.id for obj in possible if isinstance(obj, Connection)],
            variables=[obj.id for obj in possible if isinstance(obj, Variable)],
            environ=place.environ,
            prelude=place.prelude,
        )
        for obj in possible:
            if isinstance(obj, Variable):
                assert answer.variables[obj.id] == text_of(obj.value), obj.id
            elif isinstance(obj, Connection):
                assert differences(obj, answer.connections[obj.id]) <= told.get(f"connections/{obj.id}", set()), (
                    obj.id
                )

    @pytest.mark.parametrize("version", EVERY_VERSION)
    def test_the_airflow_command_finds_it(self, place: Place, version: str) -> None:
        connection = Connection(
            conn_id="warehouse",
            conn_type="postgres",
            host="db.example.com",
            login="etl@corp",
            password="p@ss/1é",
            port=5432,
        )
        write(place.store, [connection, Variable(key="region", value=Text("eu-west-1"))])
        options: dict[str, Any] = {"environ": place.environ, "prelude": place.prelude}
        command = ["connections", "get", "warehouse", "-o", "json"]
        got = judge.airflow_cli(version, place.backend, place.kwargs, command, **options)
        (found,) = json.loads(got.stdout[got.stdout.index("[{") :])
        assert (found["host"], found["login"], found["password"]) == ("db.example.com", "etl@corp", "p@ss/1é")
        assert str(found["port"]) == "5432"
        got = judge.airflow_cli(version, place.backend, place.kwargs, ["variables", "get", "region"], **options)
        assert got.stdout.splitlines()[-1] == "eu-west-1"


def write(store: Store, objects: list[AirflowObject]) -> dict[str, set[str]]:
    """Has a store write these objects, and gives the fields of each that it said it couldn't hold."""
    ids = frozenset((obj.kind, obj.id) for obj in objects)
    found = store.read(Selection(ids=ids), TARGET)
    plan = planned(objects, found, store)
    assert not plan.blocked
    outcomes = list(store.apply(plan.writes, replace(TARGET, before=found)))
    assert [(outcome.step.id, outcome.error) for outcome in outcomes if outcome.error] == []
    told: dict[str, set[str]] = {}
    for note in (note for outcome in outcomes for note in outcome.notes):
        told.setdefault(note.where, set()).add(note.message.partition(" ")[0])
    assert planned(objects, store.read(Selection(ids=ids), TARGET), store).writes == ()
    return told


def differences(wanted: Connection, found: Mapping[str, Any] | None) -> set[str]:
    """The fields in which what Airflow finds is not what was wanted."""
    assert found is not None
    assert "error" not in found, found
    expected = {name: text_of(getattr(wanted, name)) for name in FIELDS}
    expected["password"] = expected["password"] or None  # to Airflow an empty password is none
    # Airflow has no type for one that is empty, which is '' in its database.
    return {name for name in FIELDS if (found[name] or "" if name == "conn_type" else found[name]) != expected[name]}


def text_of(value: Any) -> Any:
    return value.text if isinstance(value, Text) else value
