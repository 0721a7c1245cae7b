"""Every object knows where it stands, and a fault of a URI knows its columns."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.errors import InputErrors
from airconn.formats import get_format
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.env import env_name
from airconn.formats.k8s.names import LABELS
from airconn.model import Bundle, Kind
from tests.formats import strategies as some

FIRST = {Kind.CONNECTIONS: "conn_id", Kind.VARIABLES: "variable_name", Kind.POOLS: "pool_name"}

plain_ids = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True).filter(
    lambda id_: id_ not in {*some.WORDS, "n", "no"}
)
renamed = some.everything.flatmap(
    lambda bundle: st.lists(plain_ids, min_size=len(bundle), max_size=len(bundle), unique=True).map(
        lambda ids: Bundle.of(some.with_id(obj, id_) for obj, id_ in zip(bundle, ids, strict=True))
    )
)


def expected_at(name: str, kind: Kind, id_: str) -> str:
    """The text at which an object of this id stands in a file of this format."""
    return {
        "json": f"{json.dumps(id_)}:",
        "yaml": f"{id_}:",
        "settings": f"{FIRST[kind]}: {id_}",
        "uri": f"{id_}=",
        "env": f"{env_name(kind, id_)}=" if kind is not Kind.POOLS else "",
        "k8s": f"{LABELS[kind]}: {id_}\n" if kind is not Kind.POOLS else "",
    }[name]


@pytest.mark.parametrize("name", ["env", "uri", "json", "yaml", "settings", "k8s"])
@given(
    bundle=renamed,
    padding=st.integers(0, 2),
    mark=st.sampled_from(["", "\ufeff"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_an_object_stands_where_its_origin_says(
    name: str, mark: str, line_end: str, bundle: Bundle, padding: int
) -> None:
    blank = "\n" * padding
    text = blank + get_format(name).render(bundle, WriteOptions()).text
    text = text.replace("\r\n", "\n").replace("\n", line_end)
    lines = text.replace("\r\n", "\n").split("\n")
    for obj in get_format(name).parse(mark + text, "file", ReadOptions()).bundle:
        assert obj.origin.source == "file"
        line = lines[(obj.origin.line or 0) - 1][(obj.origin.column or 1) - 1 :]
        assert f"{line}\n".startswith(expected_at(name, obj.kind, obj.id))


@pytest.mark.parametrize(
    ("name", "line", "fault"),
    [
        ("env", "AIRFLOW_CONN_A=ssh://u:p/w@h", "p"),
        ("env", "  export AIRFLOW_CONN_A = 'ssh://u:p/w@h'  # x", "p"),
        ("env", 'AIRFLOW_CONN_A="  ssh://u:p/w@h"', "p"),
        ("env", "AIRFLOW_CONN_A=ssh://é:pass@h:65536/x", "65536"),
        ("env", "AIRFLOW_CONN_A=a://b://c://d", "://d"),
        ("env", "AIRFLOW_CONN_A=a://u:p[w@h/x", "u:p[w@h"),
        ("uri", "my_conn=ssh://u:p/w@h", "p"),
        ("uri", "x=ssh://h:abc/p", "abc"),
    ],
)
def test_the_columns_of_a_fault_in_a_uri_are_told(name: str, line: str, fault: str) -> None:
    with pytest.raises(InputErrors) as caught:
        get_format(name).parse(f"\n# comment\n{line}\n", "file", ReadOptions())
    message = str(caught.value)
    columns = re.search(r"columns? (\d+)(?: to (\d+))?", message)
    assert message.startswith("file:3: ")
    assert columns
    first, last = int(columns[1]), int(columns[2] or columns[1])
    assert fault.startswith(line[first - 1 : last])
    assert line[first - 1 : last]


def test_a_fault_in_a_value_that_stands_elsewhere_in_another_form_has_no_columns() -> None:
    with pytest.raises(InputErrors) as caught:
        get_format("env").parse('AIRFLOW_CONN_A="ssh://u:\\\\p/w@h"\n', "file", ReadOptions())
    assert "column" not in str(caught.value)


def test_a_value_of_several_lines_stands_where_it_starts_and_what_follows_where_it_is() -> None:
    text = "A='x\ny\n'\n\nAIRFLOW_VAR_B='1\n2'\nAIRFLOW_VAR_C=3\n"
    found = get_format("env").parse(text, "f", ReadOptions()).bundle.variables
    assert [str(found[key].origin) for key in "bc"] == ["f:5", "f:7"]


def test_other_line_ends_of_yaml_and_of_python_are_not_counted_as_lines() -> None:
    text = 'variables:\n  a: "x\u2028y\x85z"\n  b: c\n'
    found = get_format("yaml").parse(text, "f", ReadOptions()).bundle.variables
    assert str(found["b"].origin) == "f:3:3"
    lines = "a=ssh://h\u2028b=ssh://h:x\nc=ssh://h:y\n"
    with pytest.raises(InputErrors) as caught:
        get_format("uri").parse(lines, "f", ReadOptions())
    assert [str(error) for error in caught.value.errors] == [
        "f:1: b: the port of this URI (column 21) is not a number",
        "f:2: c: the port of this URI (column 11) is not a number",
    ]


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = "AIRFLOW_CONN_A=ssh://h:x\n'\nAIRFLOW_CONN_B={\nAIRFLOW_CONN_C\n"
    with pytest.raises(InputErrors) as caught:
        get_format("env").parse(text, "f", ReadOptions())
    assert [error.where for error in caught.value.errors] == ["f:1", "f:2", "f:3", "f:4"]
