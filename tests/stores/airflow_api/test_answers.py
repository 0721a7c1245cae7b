"""Objects in answers: what is of use is taken as it is, and nothing else is looked at."""

from __future__ import annotations

from typing import Any

import pytest

from airconn.airflow.rest_api import dialect_for
from airconn.errors import TargetError
from airconn.model import REDACTED, AirflowVersion, Connection, Kind, Origin, Pool, Text, Variable
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.v1 import ApiV1
from airconn.stores.airflow_api.v2 import ApiV2

SECRET = "hunter2-the-secret"
APIS = [
    cls(dialect_for(AirflowVersion.parse(version)), Origin("http://airflow"))
    for cls, version in ((ApiV1, "2.11.2"), (ApiV2, "3.3.2"))
]
CONNECTION = {"connection_id": "db", "conn_type": "postgres"}
VARIABLE = {"key": "region", "value": "eu"}
POOL = {"name": "small", "slots": 3, "include_deferred": False}


@pytest.mark.parametrize("api", APIS, ids=["v1", "v2"])
@pytest.mark.parametrize(
    ("kind", "item", "name"),
    [
        (Kind.CONNECTIONS, {**CONNECTION, "connection_id": None}, "connection_id"),
        (Kind.CONNECTIONS, {**CONNECTION, "login": [SECRET]}, "login"),
        (Kind.CONNECTIONS, {**CONNECTION, "extra": {"token": SECRET}}, "extra"),
        (Kind.CONNECTIONS, {**CONNECTION, "port": SECRET}, "port"),
        (Kind.CONNECTIONS, {**CONNECTION, "port": True}, "port"),
        (Kind.CONNECTIONS, {**CONNECTION, "port": 1.5}, "port"),
        (Kind.VARIABLES, {**VARIABLE, "value": 7}, "value"),
        (Kind.VARIABLES, {"value": SECRET}, "key"),
        (Kind.POOLS, {**POOL, "slots": SECRET}, "slots"),
        (Kind.POOLS, {**POOL, "include_deferred": None}, "include_deferred"),
        (Kind.POOLS, {**POOL, "include_deferred": 1}, "include_deferred"),
    ],
)
def test_what_is_of_no_use_is_named_and_not_quoted(api: Api, kind: Kind, item: dict[str, Any], name: str) -> None:
    with pytest.raises(TargetError) as caught:
        api.parse(kind, item)
    assert caught.value.message == f"the API shows one of its {kind.value} with a {name} of no use"
    assert caught.value.where == "http://airflow"


@pytest.mark.parametrize("api", APIS, ids=["v1", "v2"])
def test_fields_that_are_not_there_and_others_than_those_that_are_known_do_no_harm(api: Api) -> None:
    new = {"since_4_0": [SECRET]}
    connection = api.parse(Kind.CONNECTIONS, {**CONNECTION, "port": 0, "extra": "{}", **new})
    hidden = REDACTED if isinstance(api, ApiV1) else None
    assert connection == Connection(conn_id="db", conn_type="postgres", port=0, password=hidden, extra=Text("{}"))
    assert api.parse(Kind.VARIABLES, {**VARIABLE, **new}) == Variable(key="region", value=Text("eu"))
    assert api.parse(Kind.POOLS, {**POOL, **new}) == Pool(name="small", slots=3, include_deferred=False)


@pytest.mark.parametrize("api", APIS, ids=["v1", "v2"])
def test_a_variable_without_a_value_is_one_that_the_server_can_not_decrypt(api: Api) -> None:
    assert api.parse(Kind.VARIABLES, {"key": "region", "value": None}) == Variable(key="region", value=REDACTED)
