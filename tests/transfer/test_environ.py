"""What of the objects of a place goes into the environment of a command."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import BlockedError, InputErrors, UsageError
from airconn.formats.base import Loss
from airconn.model import NEWEST, AirflowVersion, Bundle, Connection, Kind, Origin, Selection, Text, Variable
from airconn.stores.environment import EnvironmentStore
from airconn.transfer.environ import Environ, Limits, RunRequest, make_environ, variables_of
from airconn.transfer.places import Places
from airconn.transfer.request_parts import ObjectChanges
from tests.formats.options import writing

SECRET = "hunter2-canary"


def connection(conn_id: str, **fields: Any) -> Connection:
    return Connection(conn_id=conn_id, **{"conn_type": "http", **fields})


def variable(key: str, value: str, **fields: Any) -> Variable:
    return Variable(key=key, value=Text(value), **fields)


def entries(*objects: Any, limits: Limits | None = None, **options: Any) -> tuple[dict[str, str], list[Loss]]:
    return variables_of(Bundle.of(objects), writing(**options), limits or Limits())


Made = Callable[..., Environ]


@pytest.fixture
def made(tmp_path: Path, places: Places) -> Made:
    """Makes the environment of a file with these objects."""

    def make(objects: dict[str, Any], selection: Selection | None = None, **options: Any) -> Environ:
        (tmp_path / "in.json").write_text(json.dumps(objects))
        request = RunRequest(str(tmp_path / "in.json"), selection=selection or Selection(), **options)
        return make_environ(request, places, Limits())

    return make


def test_names_are_those_that_airflow_looks_for() -> None:
    found, losses = entries(connection("My-Db.1"), variable("straße/é", "x"), variable("a b", "y"))
    assert list(found) == ["AIRFLOW_CONN_MY-DB.1", "AIRFLOW_VAR_A B", "AIRFLOW_VAR_STRASSE/É"]
    assert losses == []


@pytest.mark.parametrize("value", ["", " 1.50\n", 'She said "it\'s" $5 `x` \\n', "日本\u2028", '{"a": 1.50}', "x=y"])
def test_a_variable_is_set_verbatim(value: str) -> None:
    assert entries(variable("v", value)) == ({"AIRFLOW_VAR_V": value}, [])


@pytest.mark.parametrize("form", ["json", "uri"])
def test_a_connection_comes_back_as_it_was(form: str) -> None:
    obj = connection(
        "c",
        host="Bücher.example",
        schema="s",
        login="l@x",
        password="p/ss \0'\"é$",
        port=0,
        extra=Text('{"n": 1.50}'),
    )
    found, losses = entries(obj, connection_format=form)
    store = EnvironmentStore("env:", Settings(environ=found))
    assert (store.read(Selection()).bundle.connections["c"], losses) == (obj, [])
    assert found["AIRFLOW_CONN_C"].startswith("{" if form == "json" else "http://")


def test_json_is_plain_and_has_no_detours_for_a_file() -> None:
    found, _ = entries(connection("c", password="it's $5 \\ \""))
    assert found["AIRFLOW_CONN_C"] == r'{"conn_type": "http", "password": "it' + r"""'s $5 \\ \""}"""


@pytest.mark.parametrize(
    ("obj", "options", "loss"),
    [
        (variable("v", "x", description="d"), {}, "description has no field in an environment variable"),
        (connection("c", team_name="t"), {}, "team_name has no field in the JSON of an environment variable"),
        (
            connection("c", description="d", host="h", schema="s"),
            {"connection_format": "uri"},
            "description has no field in a URI",
        ),
        (
            connection("c", extra=Text("[1]")),
            {},
            f"extra is not a JSON object, and Airflow {NEWEST} accepts nothing else",
        ),
    ],
)
def test_what_has_no_place_is_a_loss_of_the_rest(obj: Any, options: dict[str, Any], loss: str) -> None:
    found, losses = entries(obj, **options)
    assert len(found) == 1
    assert [f"{loss.field} {loss.message}".partition(": ")[0] for loss in losses] == [loss]


@pytest.mark.parametrize(
    ("obj", "options", "loss"),
    [
        (variable("a=b", "x"), {}, "the id can't be part of the name of an environment variable"),
        (variable("a\0b", "x"), {}, "the id can't be part of the name of an environment variable"),
        (variable("", "x"), {}, "the id can't be part of the name of an environment variable"),
        (variable("v", "a\0b"), {}, "the value has a NUL character in it, which ends the value"),
        (
            connection("c", conn_type="no scheme"),
            {"connection_format": "uri"},
            "the conn_type can't be written in a URI",
        ),
        (
            variable("v", "日"),
            {"limits": Limits("latin-1")},
            "the encoding of this environment (latin-1) can't hold a ",
        ),
        (
            variable("日", "x"),
            {"limits": Limits("latin-1")},
            "the encoding of this environment (latin-1) can't hold a ",
        ),
        (variable("v", "é"), {"limits": Limits(longest=15)}, "it is longer than the 15 bytes"),
    ],
)
def test_what_the_system_does_not_take_is_left_out_and_told(obj: Any, options: dict[str, Any], loss: str) -> None:
    found, (told,) = entries(obj, **options)
    assert found == {}
    assert (told.kind, told.id, told.field, told.message[: len(loss)]) == (obj.kind, obj.id, "", loss)


def test_the_last_byte_that_there_is_room_for_is_taken() -> None:
    assert entries(variable("v", "é"), limits=Limits(longest=16)) == ({"AIRFLOW_VAR_V": "é"}, [])


def test_two_ids_of_one_name_are_an_error_that_names_both() -> None:
    with pytest.raises(InputErrors, match="variables/v and V are both AIRFLOW_VAR_V") as caught:
        entries(variable("V", SECRET), variable("v", "y", origin=Origin("f", 2)), connection("v"))
    assert SECRET not in str(caught.value)


def test_what_is_hidden_never_goes_in(made: Made) -> None:
    objects = {
        "connections": {"a": {"conn_type": "http", "login": "l", "password": "***", "extra": {"t": "***", "k": 1}}},
        "variables": {"v": "***", "w": '{"p": "***", "q": 1}', "ok": "yes"},
    }
    with pytest.raises(BlockedError) as caught:
        made(objects)
    assert caught.value.message == (
        "hidden by the source: connections/a password, extra.t; variables/v value; variables/w value.p"
    )
    result = made(objects, redacted="omit")
    assert json.loads(result.variables["AIRFLOW_CONN_A"]) == {"conn_type": "http", "login": "l", "extra": {"k": 1}}
    assert list(result.variables) == ["AIRFLOW_CONN_A", "AIRFLOW_VAR_OK"]
    assert [(obj.id, names) for obj, names in result.hidden] == [
        ("a", ("password", "extra.t")),
        ("v", ("value",)),
        ("w", ("value.p",)),
    ]
    assert not any("***" in value for value in result.variables.values())


def test_a_mask_that_is_called_the_value_itself_goes_in(made: Made) -> None:
    objects = {"connections": {"a": {"conn_type": "http", "password": "***"}}}
    result = made(objects, changes=ObjectChanges(literal_masks=("connections/a.password",)))
    assert json.loads(result.variables["AIRFLOW_CONN_A"])["password"] == "***"


POOLS = {"variables": {"v": "x"}, "pools": {"default_pool": {"slots": 9}, "etl": {"slots": 1, "description": "***"}}}


def test_pools_are_left_out_and_told_apart_from_the_one_that_is_always_there(made: Made) -> None:
    result = made(POOLS)
    assert list(result.variables) == ["AIRFLOW_VAR_V"]
    assert [(loss.kind, loss.id) for loss in result.losses] == [(Kind.POOLS, "etl")]
    assert result.hidden == ()  # what isn't needed needn't be shown
    with pytest.raises(InputErrors, match="pools/etl: Airflow doesn't read pools from the environment"):
        made(POOLS, strict=True)


def test_pools_that_were_asked_for_are_all_told_and_pools_alone_are_refused(made: Made) -> None:
    both = Selection(frozenset({Kind.POOLS, Kind.VARIABLES}))
    assert [loss.id for loss in made(POOLS, both).losses] == ["default_pool", "etl"]
    assert made(POOLS, Selection(frozenset({Kind.VARIABLES})), strict=True).losses == ()
    with pytest.raises(UsageError, match="read pools"):
        made(POOLS, Selection(frozenset({Kind.POOLS})))


def test_the_extra_is_that_of_the_airflow_that_is_meant(made: Made) -> None:
    objects = {"connections": {"a": {"conn_type": "http", "extra": "[1]"}}}
    with pytest.raises(InputErrors):
        made(objects)
    result = made(objects, airflow=AirflowVersion.parse("2.11"))
    assert json.loads(result.variables["AIRFLOW_CONN_A"])["extra"] == "[1]"


def test_what_was_set_before_gives_way_and_all_else_stays() -> None:
    before = {
        "AIRFLOW_VAR_V": "old",
        "AIRFLOW_CONN_B": "b",
        "PATH": "/bin",
        "AIRFLOW__CORE__X": "1",
        "T": "t",
        "": "?",
    }
    environ = Environ({"AIRFLOW_VAR_V": "new"})
    assert environ.around(before, without={"T"}, clean=False) == {
        "AIRFLOW_VAR_V": "new",
        "AIRFLOW_CONN_B": "b",
        "PATH": "/bin",
        "AIRFLOW__CORE__X": "1",
    }
    assert environ.around(before, without=(), clean=True) == {
        "AIRFLOW_VAR_V": "new",
        "PATH": "/bin",
        "AIRFLOW__CORE__X": "1",
        "T": "t",
    }


def test_its_repr_shows_no_value() -> None:
    assert SECRET not in repr(Environ({"AIRFLOW_VAR_V": SECRET}))
