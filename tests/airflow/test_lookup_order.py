"""The lookup orders, which tests/integration/test_explain.py compares with real Airflows."""

from __future__ import annotations

import pytest

from airconn.airflow.lookup_order import LookupStage, lookup_orders
from airconn.airflow.versions import AirflowVersion


@pytest.mark.parametrize(
    ("version", "processes"),
    [("2.7.0", [False]), ("2.11.2", [False]), ("3.0.0", [True, False]), ("3.3.2", [True, False])],
)
def test_tasks_have_an_order_of_their_own_since_3(version: str, processes: list[bool]) -> None:
    assert [order.is_task for order in lookup_orders(AirflowVersion.parse(version))] == processes


def test_a_task_looks_in_all_places_of_the_api_server_after_its_own() -> None:
    task, server = lookup_orders(AirflowVersion.parse("3.3.2"))
    own = (LookupStage.BACKEND, LookupStage.MANAGER, LookupStage.ENVIRONMENT)
    assert server.stages == (*own, LookupStage.DATABASE)
    servers = (LookupStage.SERVERS_BACKEND, LookupStage.SERVERS_ENVIRONMENT)
    assert task.stages == (*own, *servers, LookupStage.DATABASE)
