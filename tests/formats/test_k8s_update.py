"""Changing a manifest of Kubernetes Secrets in place."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from airconn.errors import BlockedError, InputError
from airconn.formats import get_format
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.k8s import update
from airconn.model import AirflowObject, Bundle, Connection, Kind, Text, Variable
from tests.formats import strategies as some
from tests.formats.options import writing

BACKEND = """\
# all that Airflow needs
apiVersion: apps/v1
kind: Deployment   # the scheduler
metadata: {name: scheduler}
--- # the warehouse
apiVersion: v1
kind: Secret
metadata:
  name: warehouse-of-ours
  namespace: airflow
  labels:
    airflow.apache.org/connection-id: warehouse
    team: data
data:
  # rotate in March
  value: "cG9zdGdyZXM6Ly91OnBAaC9zP19fZXh0cmFfXz0lN0IlN0Q="   # as a URI
---
apiVersion: v1
kind: Secret
metadata:
  name: region
  namespace: airflow
  labels: {airflow.apache.org/variable-key: region}
stringData:
  value: eu-west-1
---
apiVersion: v1
kind: Secret
metadata: {name: tls}
data: {tls.key: AAAA}
"""
ENVIRONMENT = """\
apiVersion: v1
kind: Secret
metadata:
  name: environment
type: Opaque
data:
  AIRFLOW__CORE__FERNET_KEY: AAAA   # never change it
  AIRFLOW_CONN_API: eyJjb25uX3R5cGUiOiAiaHR0cCJ9
  AIRFLOW_VAR_REGION: 'ZXU='
stringData:
  AIRFLOW_VAR_LINES: |
    a
    b
# the end
"""
API = Connection(conn_id="api", conn_type="http", host="h", password="p ü")


def read(text: str) -> Bundle:
    return get_format("k8s").parse(text, "", ReadOptions()).bundle


def changed(text: str, *objects: AirflowObject, gone: tuple[tuple[Kind, str], ...] = (), **options: Any) -> str:
    changes: dict[tuple[Kind, str], AirflowObject | None] = {(obj.kind, obj.id): obj for obj in objects}
    return update.update(text, {**changes, **dict.fromkeys(gone)}, writing(**options), lambda a, b: a == b).text


def difference(before: str, after: str) -> tuple[list[str], list[str]]:
    """The lines that went and those that came."""
    old, new = before.splitlines(), after.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


def variable(key: str, value: str) -> Variable:
    return Variable(key=key, value=Text(value))


def test_what_is_the_same_is_not_touched() -> None:
    for text in (BACKEND, ENVIRONMENT, BACKEND.replace("\n", "\r\n"), "\ufeff" + ENVIRONMENT):
        assert changed(text, *read(text)) == text


def test_a_value_changes_where_it_stands_in_the_form_that_it_had() -> None:
    warehouse = replace(read(BACKEND).connections["warehouse"], password="new")
    went, came = difference(BACKEND, changed(BACKEND, warehouse, variable("region", "it's: new")))
    assert went == [BACKEND.splitlines()[15], "  value: eu-west-1"]
    assert came[0].startswith('  value: "cG9zdGdyZXM6Ly91Om5ld0')
    assert came[0].endswith('"   # as a URI')
    assert came[1] == '  value: "it\'s: new"'


def test_a_connection_that_no_uri_holds_becomes_json() -> None:
    warehouse = replace(read(BACKEND).connections["warehouse"], description="d")
    assert read(changed(BACKEND, warehouse)).connections["warehouse"] == warehouse


def test_a_new_object_gets_a_secret_in_the_namespace_of_the_others() -> None:
    after = changed(BACKEND, API)
    assert after.startswith(BACKEND)
    (new,) = yaml.safe_load_all(after.removeprefix(BACKEND))
    assert new["metadata"]["namespace"] == "airflow"
    assert read(after).connections["api"] == API
    without_end = BACKEND.removesuffix("\n")
    assert changed(without_end, API) == after


def test_an_object_goes_with_its_document() -> None:
    gone = ((Kind.VARIABLES, "region"), (Kind.CONNECTIONS, "absent"))
    documents = BACKEND.split("---\n")
    assert changed(BACKEND, gone=gone) == "---\n".join([documents[0], documents[2]])
    all_gone = (*gone, (Kind.CONNECTIONS, "warehouse"))
    assert changed(BACKEND, gone=all_gone) == BACKEND[: BACKEND.index("--- #")] + "---\n" + documents[2]


def test_the_last_object_leaves_an_empty_manifest() -> None:
    text = get_format("k8s").render(Bundle.of([API]), WriteOptions()).text
    assert changed(text, gone=((Kind.CONNECTIONS, "api"),)) == get_format("k8s").render(Bundle(), WriteOptions()).text
    assert read(changed(get_format("k8s").render(Bundle(), WriteOptions()).text, API)).connections == {"api": API}


def test_the_environment_stays_one_secret() -> None:
    region = variable("region", "us")
    new = [variable("b", "2"), variable("a", "1")]
    after = changed(ENVIRONMENT, API, region, variable("lines", "x\ny\n"), *new)
    went, came = difference(ENVIRONMENT, after)
    assert went == [
        "  AIRFLOW_CONN_API: eyJjb25uX3R5cGUiOiAiaHR0cCJ9",
        "  AIRFLOW_VAR_REGION: 'ZXU='",
        "  AIRFLOW_VAR_LINES: |",
        "    a",
        "    b",
    ]
    assert came[1:] == [
        "  AIRFLOW_VAR_REGION: 'dXM='",
        "  AIRFLOW_VAR_A: 'MQ=='",
        "  AIRFLOW_VAR_B: 'Mg=='",
        '  AIRFLOW_VAR_LINES: "x\\ny\\n"',
    ]
    assert read(after).connections["api"] == API


def test_an_environment_variable_goes_with_its_line() -> None:
    gone = ((Kind.VARIABLES, "region"), (Kind.VARIABLES, "lines"))
    after = changed(ENVIRONMENT, variable("a", "1"), gone=gone)
    assert difference(ENVIRONMENT, after) == (
        ["  AIRFLOW_VAR_REGION: 'ZXU='", "  AIRFLOW_VAR_LINES: |", "    a", "    b"],
        ["  AIRFLOW_VAR_A: 'MQ=='"],
    )


@pytest.mark.parametrize(
    "metadata",
    [
        "metadata:\n  name: environment\n",
        "metadata:\n  name: environment\n  annotations:\n    other: x\n",
        'metadata:\n  annotations:\n    airconn/ids: \'{"AIRFLOW_VAR_REGION": "Region"}\'\n  name: environment\n',
    ],
)
def test_an_id_that_a_name_does_not_tell_is_written_beside_it(metadata: str) -> None:
    text = ENVIRONMENT.replace("metadata:\n  name: environment\n", metadata)
    before = list(read(text))
    after = changed(text, variable("My.Key", "1"))
    assert list(read(after)) == list(Bundle.of([*before, variable("My.Key", "1")]))
    annotations = yaml.safe_load(after)["metadata"]["annotations"]
    assert json.loads(annotations["airconn/ids"])["AIRFLOW_VAR_MY.KEY"] == "My.Key"


def test_the_same_name_for_another_id_is_refused() -> None:
    with pytest.raises(InputError, match="both AIRFLOW_VAR_REGION"):
        changed(ENVIRONMENT, variable("Region", "1"))


def test_a_layout_that_is_chosen_is_that_of_new_objects() -> None:
    after = changed(ENVIRONMENT, variable("a", "1"), k8s_layout="backend")
    assert after.startswith(ENVIRONMENT)
    assert "airflow.apache.org/variable-key: a" in after.removeprefix(ENVIRONMENT)
    after = changed(BACKEND, variable("a", "1"), k8s_layout="env", k8s_name="environment")
    assert after.startswith(BACKEND)
    assert "AIRFLOW_VAR_A: 'MQ=='" in after.removeprefix(BACKEND)


def test_a_secret_that_would_get_too_large_is_refused() -> None:
    with pytest.raises(InputError, match="one Secret can hold"):
        changed(ENVIRONMENT, *(variable(f"v{number}", "x" * 100_000) for number in range(11)))


@pytest.mark.parametrize("held", ["/w==", "a", "ü"])
def test_an_entry_that_is_not_read_may_hold_anything(held: str) -> None:
    """Such as one in `data` that counts for nothing, as `stringData` has it too, or one of another program."""
    text = f"kind: Secret\ndata:\n  OTHER: {held}\n  AIRFLOW_VAR_A: {held}\nstringData:\n  AIRFLOW_VAR_A: x\n"
    text = f"apiVersion: v1\n{text}"
    went, came = difference(text, changed(text, variable("a", "y")))
    assert went == [f"  AIRFLOW_VAR_A: {held}", "  AIRFLOW_VAR_A: x"]
    assert came == ['  AIRFLOW_VAR_A: "eQ=="', '  AIRFLOW_VAR_A: "y"']


LIST = json.dumps(
    {
        "apiVersion": "v1",
        "kind": "List",
        "items": [
            {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "e"}, "data": {"AIRFLOW_VAR_REGION": "ZXU="}},
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": "v", "labels": {"airflow.apache.org/variable-key": "v"}},
                "stringData": {"value": "1"},
            },
        ],
    },
    indent=2,
)


def test_values_in_a_list_of_json_change_where_they_stand() -> None:
    after = changed(LIST, variable("region", "us"), variable("v", 'a "q"\n'))
    assert difference(LIST, after) == (
        ['        "AIRFLOW_VAR_REGION": "ZXU="', '        "value": "1"'],
        ['        "AIRFLOW_VAR_REGION": "dXM="', '        "value": "a \\"q\\"\\n"'],
    )


@pytest.mark.parametrize(
    ("text", "objects", "gone"),
    [
        (LIST, (variable("new", "1"),), ()),
        (LIST, (), ((Kind.VARIABLES, "v"),)),
        (BACKEND.replace("team: data", "airflow.apache.org/variable-key: w"), (), ((Kind.CONNECTIONS, "warehouse"),)),
        (BACKEND.replace("  value: eu", "  other: x\n  value: eu"), (), ((Kind.VARIABLES, "region"),)),
        (ENVIRONMENT.replace("'ZXU='", "&x ZXU=\n  OTHER: *x"), (variable("region", "us"),), ()),
        ("{apiVersion: v1, kind: Secret, data: {AIRFLOW_VAR_A: MQ==}}", (), ((Kind.VARIABLES, "a"),)),
    ],
)
def test_what_would_change_something_else_is_refused(
    text: str, objects: tuple[AirflowObject, ...], gone: tuple[tuple[Kind, str], ...]
) -> None:
    assert len(read(text))
    with pytest.raises(BlockedError, match="in place"):
        changed(text, *objects, gone=gone)


ours = some.bundles(some.connections, some.variables)


@pytest.mark.parametrize("layout", ["backend", "env"])
@given(before=ours, wanted=ours, line_end=st.sampled_from(["\n", "\r\n"]))
def test_whatever_changes_is_read_back_and_all_else_stays(
    layout: Any, before: Bundle, wanted: Bundle, line_end: str
) -> None:
    options = writing(k8s_layout=layout)
    try:
        text = get_format("k8s").render(before, options).text.replace("\n", line_end)
        expected = read(get_format("k8s").render(wanted, options).text)
        ids = {(obj.kind, obj.id): obj for obj in wanted}
        get_format("k8s").render(Bundle.of({**{(obj.kind, obj.id): obj for obj in before}, **ids}.values()), options)
    except InputError:
        assume(False)
    text += "---" + line_end + BACKEND[: BACKEND.index("---")].replace("\n", line_end)
    held = read(text)
    gone = dict.fromkeys((obj.kind, obj.id) for obj in held if (obj.kind, obj.id) not in ids)
    after = update.update(text, {**ids, **gone}, options, lambda a, b: a == b).text
    kept = [obj for obj in held if (obj.kind, obj.id) in ids and expected.get(obj.kind, obj.id) is None]
    assert list(read(after)) == list(Bundle.of([*expected, *kept]))
    assert "# the scheduler" in after
    assert after.count("\r\n") == (after.count("\n") if line_end == "\r\n" else 0)
