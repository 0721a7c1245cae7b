"""The environment as a place. The judge is Airflow, by what it was recorded to make of 210 values."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest

from airconn.addresses import REGISTRY
from airconn.config import Config, Settings
from airconn.errors import InputError, InputErrors, UsageError
from airconn.model import REDACTED, AirflowVersion, Bundle, Connection, Kind, Selection, Text, Variable
from airconn.stores import open_store
from airconn.stores.base import Context
from airconn.stores.environment import EnvironmentStore
from tests.formats.test_airflow_cases import (
    AIRFLOWS,
    DEVIATIONS,
    FIELDS,
    JSONS,
    ONLY_BEFORE_TEAMS,
    URIS,
    made_by_airflow,
)
from tests.stores.contract import ReadContract


def store(**environ: str) -> EnvironmentStore:
    opened = open_store("env:", Settings(environ=environ))
    assert isinstance(opened, EnvironmentStore)
    return opened


def read(environ: dict[str, str], **selection: Any) -> Bundle:
    return store(**environ).read(Selection(**selection)).bundle


@pytest.mark.parametrize("airflow", AIRFLOWS)
def test_a_connection_is_what_airflow_makes_of_it(airflow: str) -> None:
    # What doesn't start with '{' is a URI to Airflow, and was recorded as JSON.
    for case in URIS + [case for case in JSONS if case["input"].startswith("{")]:
        text = case["input"]
        if text in DEVIATIONS or text in ONLY_BEFORE_TEAMS or text != text.strip():
            continue
        expected = made_by_airflow(case, airflow)
        place, context = store(AIRFLOW_CONN_MY_DB=text), Context(AirflowVersion.parse(AIRFLOWS[airflow]))
        if expected is None:
            with pytest.raises(InputError, match=r"^env:AIRFLOW_CONN_MY_DB: my_db: "):
                place.read(Selection(), context)
            continue
        found = place.read(Selection(), context).bundle.connections["my_db"]
        fields = {name: getattr(found, name) for name in FIELDS}
        assert fields | {"extra": found.extra and found.extra.text} == expected, text  # type: ignore[union-attr]


def test_blanks_around_a_connection_go_and_those_of_a_variable_stay() -> None:
    bundle = read(
        {"AIRFLOW_CONN_A": "\n http://h \t", "AIRFLOW_CONN_B": ' {"conn_type": "x"}\n', "AIRFLOW_VAR_V": " v\n"}
    )
    assert bundle.connections["a"] == Connection(conn_id="a", conn_type="http", host="h", schema="")
    assert bundle.connections["b"].conn_type == "x"
    assert bundle.variables["v"] == Variable(key="v", value=Text(" v\n"))


def test_every_object_tells_its_variable() -> None:
    bundle = read({"AIRFLOW_CONN_A": "http://h", "AIRFLOW_VAR_V": "v"})
    assert [str(obj.origin) for obj in bundle] == ["env:AIRFLOW_CONN_A", "env:AIRFLOW_VAR_V"]


def test_an_empty_variable_is_one_and_an_empty_connection_is_none() -> None:
    place = store(AIRFLOW_CONN_A=" ", AIRFLOW_CONN_B="", AIRFLOW_VAR_V="")
    reading = place.read(Selection())
    assert [(obj.kind, obj.id) for obj in reading.bundle] == [(Kind.VARIABLES, "v")]
    assert [(note.where, note.left_out) for note in reading.notes] == [
        ("env:AIRFLOW_CONN_A", True),
        ("env:AIRFLOW_CONN_B", True),
    ]


def test_a_name_that_airflow_never_looks_for_is_left_out_and_told() -> None:
    place = store(AIRFLOW_CONN_Db="http://h", airflow_var_x="x", AIRFLOW_VAR_="x", AIRFLOW_CONN="x", PATH="/bin")
    reading = place.read(Selection())
    assert len(reading.bundle) == 0
    (note,) = reading.notes
    assert (note.where, note.message) == (
        "env:AIRFLOW_CONN_Db",
        "Airflow never finds it, as it looks for AIRFLOW_CONN_DB: left out",
    )
    assert reading.ignored == 0


def test_what_is_not_selected_can_not_be_in_the_way() -> None:
    environ = {"AIRFLOW_CONN_BROKEN": "http://h:canary", "AIRFLOW_VAR_V": "v", "AIRFLOW_VAR_W": "w"}
    assert list(read(environ, include=("v",)).variables) == ["v"]
    ids = frozenset({(Kind.VARIABLES, "w")})
    assert list(read(environ, ids=ids).variables) == ["w"]


def test_all_faults_are_told_with_their_variables_and_without_their_values() -> None:
    environ = {"AIRFLOW_CONN_A": "http://h:canary", "AIRFLOW_CONN_B": '{"canary', "AIRFLOW_VAR_C": "\udc80canary"}
    with pytest.raises(InputErrors) as caught:
        read(environ)
    assert [error.where for error in caught.value.errors] == [f"env:{name}" for name in environ]
    assert "canary" not in " ".join(str(error) for error in caught.value.errors)


def test_a_mask_is_hidden_here_too() -> None:
    assert read({"AIRFLOW_VAR_V": "***"}).variables["v"].value is REDACTED


def test_it_is_the_environment_of_the_configuration_and_is_in_no_repr() -> None:
    settings = Config({"AIRFLOW_VAR_V": "canary"}).settings("", {})
    assert settings.environ == {"AIRFLOW_VAR_V": "canary"}
    assert "canary" not in repr(settings)


@pytest.mark.parametrize("address", ["env:x", "ENV:", "./env:"])
def test_its_address_is_exactly_that(address: str) -> None:
    with pytest.raises(InputError, match="no such file"):
        open_store(address, Settings()).read(Selection())


def test_an_unknown_scheme_tells_of_it() -> None:
    with pytest.raises(UsageError) as caught:
        open_store("valut://h/secret", Settings())
    assert caught.value.hint == "did you mean vault://?"
    with pytest.raises(UsageError) as caught:
        open_store("nothing-like-it://", Settings())
    prefixes = [prefix for entry in REGISTRY.values() for prefix in (*entry.prefixes, *entry.names)]
    assert {"http://", "env:"} <= set(prefixes)
    assert caught.value.hint == f"a path, - or one of: {', '.join(prefixes)} (airconn help addresses)"


class TestContract(ReadContract):
    ENVIRON: ClassVar[dict[str, str]] = {
        "AIRFLOW_CONN_URI": "http://u:p%40@h/s?x=1",
        "AIRFLOW_CONN_MY-DB.1": '{"conn_type": "x", "extra": {"a":  1.50}, "port": "0"}',
        "AIRFLOW_VAR_TEXT": " 1.50\n",
        "AIRFLOW_VAR_EMPTY": "",
        "PATH": "/bin",
    }

    @pytest.fixture
    def store(self) -> EnvironmentStore:
        return store(**self.ENVIRON)

    @pytest.fixture
    def held(self) -> Bundle:
        return Bundle.of(
            [
                Connection(
                    conn_id="uri",
                    conn_type="http",
                    host="h",
                    schema="s",
                    login="u",
                    password="p@",
                    extra=Text('{"x": 1}'),
                ),
                Connection(conn_id="my-db.1", conn_type="x", port=0, extra=Text('{"a": 1.50}')),
                Variable(key="text", value=Text(" 1.50\n")),
                Variable(key="empty", value=Text("")),
            ]
        )

    def test_a_place_that_is_not_there(self) -> None:
        """An environment is always there, and may have nothing in it."""
        assert len(store().read(Selection()).bundle) == 0


CANARIES = {
    "AIRFLOW_CONN_DB": "postgres://u:canary-1@h/x?token=canary-2",
    "AIRFLOW_VAR_API_TOKEN": "canary-3",
    "AIRFLOW_VAR_REGION": "eu",
}


def test_it_can_be_listed_shown_exported_imported_from_and_compared(airconn, tmp_path) -> None:
    listed = airconn("list", "--from", "env:", env=CANARIES)
    assert (listed.code, listed.err) == (0, "the environment: 1 connection, 2 variables\n")
    shown = airconn("show", "region", "--from", "env:", env=CANARIES)
    assert shown.out == "variables/region  (env:AIRFLOW_VAR_REGION)\n  value  eu\n"
    exported = airconn("export", "--from", "env:", "-o", tmp_path / "x.json", env=CANARIES)
    assert (exported.code, "canary-1" in (tmp_path / "x.json").read_text()) == (0, True)
    imported = airconn("import", "env:", "--to", tmp_path / "y.env", env=CANARIES)
    assert (imported.code, imported.out.endswith(": 3 created, 0 updated, 0 unchanged\n")) == (0, True)
    compared = airconn("diff", "env:", tmp_path / "y.env", "--exit-code", env=CANARIES)
    assert (compared.code, compared.out) == (0, "0 different, 3 equal\n")
    everything = (listed, shown, exported, imported, compared)
    assert "canary" not in "".join(result.out + result.err for result in everything)


def test_it_can_not_be_written_to(airconn, examples) -> None:
    result = airconn("import", examples / ".env", "--to", "env:")
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("error: env: can't be written to\n")
    assert result.err.endswith("nothing was written\n")


def test_a_env_file_of_the_same_names_and_values_holds_the_same(airconn, tmp_path) -> None:
    environ = {f"AIRFLOW_CONN_C{number}": case["input"] for number, case in enumerate(URIS) if _is_plain(case)}
    (tmp_path / ".env").write_text("".join(f"{name}='{value}'\n" for name, value in environ.items()))
    result = airconn("diff", "env:", tmp_path / ".env", "--exit-code", env=environ)
    assert (result.code, result.out) == (0, f"0 different, {len(environ)} equal\n")


def _is_plain(case: dict[str, Any]) -> bool:
    """Whether Airflow reads a URI, and no quotes stand in the way of it."""
    text = case["input"]
    return bool(text.strip()) and not set("'\\\n\r") & set(text) and made_by_airflow(case, "airflow_3_3") is not None
