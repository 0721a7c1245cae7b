"""What no Airflow can hold, whichever way it gets there."""

from __future__ import annotations

import pytest

from airconn.model import AirflowObject, AirflowVersion, Connection, Pool, Text, Variable
from airconn.stores.limits import breaks_json, is_too_deep, problems


@pytest.mark.parametrize(
    ("text", "broken"),
    [("9" * 4300, False), ("9" * 4301, True), ("[" * 100 + "]" * 100, False), ("[" * 300 + "]" * 300, True),
     ("[" * 5000 + "]" * 5000, True), ("[1, " * 300, False), ("plain [[[", False),
     ("[" + "[],[]," * 300 + "1]", False)],
)  # fmt: skip
def test_what_no_server_can_read(text: str, broken: bool) -> None:
    assert breaks_json(text) is broken


def test_a_huge_number_is_not_deep() -> None:
    assert not is_too_deep("9" * 5000)
    assert is_too_deep("[" * 300 + "]" * 300)


@pytest.mark.parametrize(
    ("obj", "word"),
    [
        (Connection(conn_id="\ud800", conn_type="t"), "half a character"),
        (Connection(conn_id="c", conn_type="t", extra=Text("\ud800")), "half a character"),
        (Connection(conn_id="c", conn_type="t" * 501), "conn_type"),
        (Connection(conn_id="c", conn_type="t", port=2**31), "port"),
        (Connection(conn_id="c", conn_type="t", team_name=""), "team_name"),
        (Variable(key="k" * 251, value=Text("")), "key"),
        (Variable(key="k", value=Text("s3cr3t\udfff")), "value"),
        (Pool(name="p" * 257, slots=1), "name"),
        (Pool(name="p", slots=-2), "negative"),
        (Pool(name="p", slots=2**31), "slots"),
    ],
)
def test_each_is_told_once_and_quotes_nothing(obj: AirflowObject, word: str) -> None:
    (problem,) = problems(obj, AirflowVersion(3, 3, 2))
    assert word in problem
    assert "s3cr3t" not in problem


def test_teams_came_with_a_version() -> None:
    obj = Pool(name="p", slots=-1, team_name="t")
    assert list(problems(obj, AirflowVersion(3, 2, 0))) == []
    assert len(list(problems(obj, AirflowVersion(3, 1, 8)))) == 1


def test_what_is_at_the_limit_is_held() -> None:
    objects: list[AirflowObject] = [
        Connection(conn_id="c", conn_type="t" * 500, host="h" * 500, schema="s" * 500, port=2**31 - 1),
        Variable(key="k" * 250, value=Text("x" * 100_000)),
        Pool(name="p" * 256, slots=2**31 - 1),
    ]
    assert [list(problems(obj, AirflowVersion(3, 3, 2))) for obj in objects] == [[], [], []]
