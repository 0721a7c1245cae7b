"""What the exports hold. Real ones are read in tests/integration; here are the corners."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from airconn.errors import InputError, TargetError
from airconn.model import REDACTED, AirflowObject, AirflowVersion, Connection, Kind, Origin, Pool, Text, Variable
from airconn.stores.airflow_cli.reading import document, exact_values, exported, objects, variable
from airconn.stores.airflow_cli.stored_forms import differing, stored_form

V2, V30, V32, V33 = (AirflowVersion(*parts) for parts in ((2, 11, 2), (3, 0, 6), (3, 2, 2), (3, 3, 2)))
HERE = Origin("airflow-cli: variables/k")


def all_of(kind: Kind, entries: Any, version: AirflowVersion = V33, values: Any = None) -> list[AirflowObject]:
    text = json.dumps(entries, sort_keys=True)
    return objects(kind, document(text, "x"), version, "airflow-cli:x", values)


def test_a_connection_has_all_its_fields_to_the_character() -> None:
    fields = {
        "conn_type": "google-cloud-platform", "description": "", "login": "", "password": "p w", "host": None,
        "port": 0, "schema": "é", "extra": '{"a":1.50,  "b": 1}',
    }  # fmt: skip
    (found,) = all_of(Kind.CONNECTIONS, {"c": fields})
    extra = Text('{"a":1.50,  "b": 1}')
    assert found == Connection(
        conn_id="c", conn_type="google-cloud-platform", description="", login="", password="p w", port=0, schema="é",
        extra=extra,
    )  # fmt: skip
    assert str(found.origin) == "airflow-cli:x connections/c"


def test_a_pool_has_all_its_fields() -> None:
    entry = {"slots": -1, "description": "d", "include_deferred": True, "team_name": "t"}
    assert all_of(Kind.POOLS, {"p": entry}) == [
        Pool(name="p", slots=-1, description="d", include_deferred=True, team_name="t")
    ]


def test_objects_that_no_airflow_could_use_are_told_with_their_place() -> None:
    with pytest.raises(InputError, match="'port' is not a whole number") as caught:
        all_of(Kind.CONNECTIONS, {"c": {"conn_type": "t", "port": "s3cr3t"}})
    assert caught.value.where == "airflow-cli:x connections/c"
    assert "s3cr3t" not in str(caught.value)
    with pytest.raises(InputError, match="not a pool"):
        all_of(Kind.POOLS, {"p": 3})


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1', "null", "Exported 3 pools"])
def test_what_is_no_whole_export_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(TargetError, match="not a JSON object") as caught:
        document(text, "airflow-cli:x variables")
    assert caught.value.where == "airflow-cli:x variables"


def test_a_value_that_is_too_deep_is_told() -> None:
    with pytest.raises(TargetError, match="deeper than 200"):
        document('{"a": ' + "[" * 300 + "]" * 300 + "}", "x")


WRAPPED = {"description": "d", "value": {"a": 2, "b": 1}}
LOOKS_WRAPPED = '{"value": "a","description": "b"}'


@pytest.mark.parametrize(
    ("version", "entry", "exact", "value", "description"),
    [
        (V2, WRAPPED, None, json.dumps(WRAPPED, indent=2), None),
        (V30, WRAPPED, None, '{\n  "a": 2,\n  "b": 1\n}', "d"),
        (V30, {"value": "v", "description": ""}, None, '{\n  "description": "",\n  "value": "v"\n}', None),
        (V30, {"value": "v", "other": 1}, None, '{\n  "other": 1,\n  "value": "v"\n}', None),
        (V32, {"value": "a", "description": "b"}, "a", "a", "b"),
        (V32, {"value": "a", "description": "b"}, LOOKS_WRAPPED, LOOKS_WRAPPED, None),
        (V33, {"value": {"value": 1.5}, "description": None}, '{"value":1.50}', '{"value":1.50}', None),
        (V33, {"value": "v", "description": "d"}, "v", "v", "d"),
        (V33, '"q"', '"q"', '"q"', None),
        (V33, 1.5, "1.50", "1.50", None),
        (V33, 1.5, "2.50", "1.5", None),
        (V33, None, "null", "null", None),
        (V33, "", "", "", None),
    ],
)  # fmt: skip
def test_a_value_is_told_from_one_with_a_description(
    version: AirflowVersion, entry: Any, exact: str | None, value: str, description: str | None
) -> None:
    """A text that was printed belongs to the entry only if both say the same: somebody may have written meanwhile."""
    values = None if exact is None else {"k": exact}
    (found,) = all_of(Kind.VARIABLES, {"k": entry}, version, values)
    assert isinstance(found, Variable)
    assert (found.value, found.description) == (Text(value), description)
    assert found.unsaid == (frozenset({"description"}) if version == V2 else frozenset())


def test_a_mask_that_is_held_is_no_value() -> None:
    assert variable("k", "***", V33, HERE, "***").value is REDACTED


def export(text: str, version: AirflowVersion) -> Any:
    """`variables_export` of cli variable_command.py, of a variable without description."""
    try:
        value = json.JSONDecoder().decode(text)
    except Exception:  # noqa: BLE001 - as Airflow does
        value = text
    if version >= V33:
        value = text if isinstance(value, str) else value
        if isinstance(value, dict) and "value" in value:
            value = {"value": value, "description": None}
    return json.loads(json.dumps({"k": value}, sort_keys=True, indent=4))["k"]


NO_HALVES = some.characters(exclude_categories=("Cs",))
LEAVES = some.none() | some.booleans() | some.integers() | some.floats() | some.text(NO_HALVES)
TREES = some.recursive(
    LEAVES,
    lambda inner: (
        some.lists(inner, max_size=3)
        | some.dictionaries(some.sampled_from(["value", "description", "b", "a"]), inner, max_size=3)
    ),
    max_leaves=8,
)
TEXTS = some.text(NO_HALVES) | TREES.map(json.dumps) | TREES.map(lambda tree: json.dumps(tree, indent=1) + " ")


@given(TEXTS, some.sampled_from([V2, V30, V32, V33]))
def test_what_is_exported_is_read_as_the_stored_form(text: str, version: AirflowVersion) -> None:
    obj = Variable(key="k", value=Text(text))
    for exact in (None, text) if version >= V32 else (None,):
        found = variable("k", export(text, version), version, HERE, exact)
        wanted = stored_form(obj, version, exact=exact is not None)
        assert (found.description, differing(found, wanted)) == (wanted.description, ())
        if "***" not in text:
            assert found.value == wanted.value


@given(TEXTS, some.sampled_from([V2, V30, V33]))
def test_the_stored_form_is_stored_as_it_is(text: str, version: AirflowVersion) -> None:
    """So that what was exported and imported is unchanged from then on. A text in JSON loses its quotes each time."""
    once = exported(text, version)
    try:
        quoted = isinstance(json.loads(text), str)
    except ValueError:
        quoted = False
    assert exported(once, version) == once or quoted


def test_texts_are_found_between_the_lines_of_a_log() -> None:
    printed = '[2026-01-01] INFO x\n[{"key": "a", "val": "1.50"}, {"key": "b", "val": ""}]\n\n'
    assert exact_values(printed) == {"a": "1.50", "b": ""}
    assert exact_values("[]\n") == {}
    for nothing in ("", "No data found", '[{"key": "a"}]', "[1]", "[{"):
        assert exact_values(nothing) is None


@pytest.mark.parametrize(
    ("version", "variable_", "description"),
    [
        (V2, Variable(key="k", value=Text("v"), description="d"), None),
        (V30, Variable(key="k", value=Text("v"), description="d"), "d"),
        (V30, Variable(key="k", value=Text(""), description="d"), None),
        (V33, Variable(key="k", value=Text(""), description="d"), "d"),
        (V33, Variable(key="k", value=Text("v"), description=""), None),
        (V33, Variable(key="k", value=REDACTED, description=REDACTED), REDACTED),
    ],
)
def test_the_stored_form_of_a_description(version: AirflowVersion, variable_: Variable, description: Any) -> None:
    assert stored_form(variable_, version, exact=True).description is description or description == "d"
    assert stored_form(variable_, version, exact=True).value == variable_.value


def test_the_stored_form_of_others() -> None:
    connection = Connection(conn_id="c", conn_type="t", password="", team_name="t", extra=Text(" {} "))
    assert stored_form(connection, V33, exact=True) == Connection(conn_id="c", conn_type="t", extra=Text(" {} "))
    hidden = Connection(conn_id="c", conn_type="t", password=REDACTED)
    assert stored_form(hidden, V33, exact=True) == hidden
    pool = Pool(name="p", slots=1)
    assert stored_form(pool, V33, exact=True) is pool


def test_a_hidden_leaf_stays_where_it_is() -> None:
    obj = Variable(key="k", value=Text('{"b": "***", "a":1.50}', (("b",),)))
    assert stored_form(obj, V2, exact=False).value == Text('{\n  "a": 1.5,\n  "b": "***"\n}', (("b",),))


def test_what_differs_is_named_and_what_is_not_told_is_no_difference() -> None:
    wanted = Connection(conn_id="c", conn_type="t", host="h", password="p", extra=Text("{}"))
    held = Connection(conn_id="c", conn_type="t", host="other", password="q", extra=Text("{} "), team_name="t")
    assert differing(held, wanted) == ("host", "password", "extra")
    assert differing(Pool(name="p", slots=1, include_deferred=False), Pool(name="p", slots=1)) == ()
    assert differing(Pool(name="p", slots=1, include_deferred=True), Pool(name="p", slots=1)) == ("include_deferred",)
