"""Changing a .env file in place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.errors import InputError
from airconn.formats import env, env_update
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.model import REDACTED, AirflowObject, Bundle, Connection, Kind, Text, Variable

TEXT = """\
# the project
OTHER='left alone'   # and so is this

export AIRFLOW_CONN_WAREHOUSE="postgres://u:old@h/db"  # production
AIRFLOW_CONN_API='{"conn_type": "http", "password": "old"}'
# airconn: key "Report.To"
AIRFLOW_VAR_REPORT.TO=a@example.com
AIRFLOW_VAR_X=1
AIRFLOW_VAR_X=2

# the end"""


def read(text: str) -> Bundle:
    return env.parse(text, "", ReadOptions()).bundle


def changed(text: str, *objects: AirflowObject, gone: tuple[tuple[Kind, str], ...] = ()) -> str:
    changes: dict[tuple[Kind, str], AirflowObject | None] = {(obj.kind, obj.id): obj for obj in objects}
    return env_update.update(text, {**changes, **dict.fromkeys(gone)}, WriteOptions(), lambda a, b: a == b).text


def lines_of_difference(before: str, after: str) -> list[str]:
    return [line for line in after.split("\n") if line not in before.split("\n")]


def test_one_password_is_one_line_with_its_quotes_its_comment_and_its_way_of_writing() -> None:
    wanted = Connection(conn_id="warehouse", conn_type="postgres", host="h", schema="db", login="u", password="n'ew")
    after = changed(TEXT, wanted)
    assert lines_of_difference(TEXT, after) == [
        'export AIRFLOW_CONN_WAREHOUSE="postgres://u:n%27ew@h/db"  # production'
    ]
    assert read(after).connections["warehouse"] == wanted
    assert len(after.split("\n")) == len(TEXT.split("\n"))


def test_what_is_the_same_changes_nothing() -> None:
    assert changed(TEXT, *read(TEXT)) == TEXT


def test_a_connection_that_a_uri_can_not_hold_becomes_json() -> None:
    wanted = Connection(conn_id="warehouse", conn_type="postgres", host="h", description="new")
    assert read(changed(TEXT, wanted)).connections["warehouse"] == wanted


def test_a_new_object_comes_at_the_end_and_a_known_one_is_never_doubled() -> None:
    after = changed(
        TEXT, Variable(key="new", value=Text("v")), Variable(key="Report.To", value=Text("b@example.com"))
    )
    assert after.endswith("# the end\nAIRFLOW_VAR_NEW=v\n")
    assert after.count("AIRFLOW_VAR_REPORT.TO=") == 1
    assert read(after).variables["Report.To"].value == Text("b@example.com")


def test_of_two_lines_of_one_name_the_one_that_counts_is_changed() -> None:
    assert "AIRFLOW_VAR_X=1\nAIRFLOW_VAR_X=3\n" in changed(TEXT, Variable(key="x", value=Text("3")))


def test_an_object_is_taken_out_with_the_comment_that_is_its_own() -> None:
    after = changed(TEXT, gone=((Kind.VARIABLES, "Report.To"),))
    assert "REPORT" not in after
    assert 'key "Report.To"' not in after
    assert "# the project" in after


def test_the_comment_on_what_is_hidden_comes_and_goes() -> None:
    hidden = Connection(conn_id="api", conn_type="http", password=REDACTED)
    with_mask = changed(TEXT, hidden)
    assert "# airconn: hidden by the source: password\nAIRFLOW_CONN_API=" in with_mask
    shown = changed(with_mask, Connection(conn_id="api", conn_type="http", password="old"))
    assert shown == TEXT


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_stay(end: str) -> None:
    text = "\ufeff" + TEXT.replace("\n", end)
    after = changed(text, Variable(key="x", value=Text("3")))
    assert after == text.replace("AIRFLOW_VAR_X=2", "AIRFLOW_VAR_X=3")


def test_an_id_that_falls_on_the_name_of_another_is_refused() -> None:
    with pytest.raises(InputError, match="both AIRFLOW_CONN_WAREHOUSE"):
        changed(TEXT, Connection(conn_id="Warehouse", conn_type="http"))


@given(values=st.dictionaries(st.sampled_from(["x", "Report.To", "a", "b"]), st.text(max_size=30), min_size=1))
def test_whatever_the_values_all_other_lines_stay_and_the_values_are_read_back(values: dict[str, str]) -> None:
    objects = []
    for key, value in values.items():
        text = Text.of(value)
        if isinstance(text, Text) and value.isprintable() and not set(value) & set("`$"):
            objects.append(Variable(key=key, value=text))
    after = changed(TEXT, *objects)
    found = read(after)
    for obj in objects:
        assert found.variables[obj.key] == obj
    assert foreign(after) == foreign(TEXT)


def foreign(text: str) -> list[str]:
    return [line for line in text.rstrip().split("\n") if "AIRFLOW_VAR" not in line and "airconn" not in line]
