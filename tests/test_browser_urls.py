"""What of a URL that was copied from a browser is the address of the Airflow."""

from __future__ import annotations

import pytest

from airconn.airflow.web_pages import split_page
from airconn.browser_urls import airflow_endpoint, is_of_browser
from airconn.errors import UsageError
from airconn.stores.airflow_api.address import base_url

ASTRO = "https://clxyz.astronomer.run/d1a2b3c4"


@pytest.mark.parametrize(
    "end",
    [
        *(
            "",
            "/",
            "/home",
            "/home?orgId=org_AbC123",
            "?orgId=org_AbC123",
            "/?orgId=org_AbC123",
            "#",
            "/home#",
            "/home?",
        ),
        *(
            "/connections/list/",
            "/connection/list/?_flt_3_conn_id=x&_oc_ConnectionModelView=conn_id",
            "/connection/add",
        ),
        *("/variable/list/", "/variable/edit/3", "/pool/list/", "/pools/list", "/xcom/list/", "/users/list/"),
        *(
            "/dags",
            "/dags?status=active&search=etl&tags=a&tags=b",
            "/dags/etl",
            "/connections",
            "/variables",
            "/pools",
        ),
        "/dags/etl/grid?dag_run_id=manual__2026-01-01T00%3A00%3A00&task_id=load&tab=logs&num_runs=25#details",
        *("/dags/etl/graph", "/dags/home/code", "/dags/dags/grid", "/dags/a%2Fb/calendar"),
        "/dags/etl/runs/manual__2026/tasks/load/mapped/3?try_number=2",
        *("/assets?name_pattern=x", "/dag_runs?state=failed&limit=50", "/security/users", "/configs", "/providers"),
        *("/login", "/login/?next=%2Fhome", "/auth/login?next=https%3A%2F%2Fh%2Fx%2Fhome%3ForgId%3Dorg_1"),
        *("/api/v1", "/api/v2/", "/api/v1/ui/", "/api/v2/version", "/api/v2/monitor/health"),
    ],
)
def test_a_page_of_the_web_interface_is_not_a_part_of_the_address(end: str) -> None:
    if "state=" in end:
        with pytest.raises(UsageError):
            base_url(ASTRO + end)  # as OAuth names its one-time secret
        end = end.replace("state=failed&", "")
    assert base_url(ASTRO + end) == ASTRO
    assert base_url(f"http://localhost:8080{end}") == "http://localhost:8080"
    assert airflow_endpoint(ASTRO + end) == airflow_endpoint(ASTRO)


@pytest.mark.parametrize(
    "path",
    ["/home/x", "/myhome", "/dagster", "/team/dags-prod", "/api/v1/airflow", "/pool", "/connections-prod", "/x/y/z"],
)
def test_a_path_that_only_looks_like_a_page_stays(path: str) -> None:
    assert base_url(f"https://h{path}") == f"https://h{path}"


def test_an_airflow_that_is_called_like_a_page_can_be_named() -> None:
    assert base_url("https://h/dags/api/v2") == "https://h/dags"
    assert base_url("https://h/pools/home") == "https://h/pools"
    assert split_page("/dags").is_sure is False


@pytest.mark.parametrize(
    "end",
    [
        *("?token=hunter2", "/home?token=hunter2", "/home?orgId=hunter2", "/home?orgId=org_1&access_token=hunter2"),
        *("/home?Search=1&sig=hunter2", "/home#access_token=hunter2", "#hunter2", "/home#hunter2", "?search=hunter2"),
        *("/home?next=/x?key=hunter2", "/login?next=https%3A%2F%2Fh%2F%3Ftoken%3Dhunter2"),
        *("/login?next=https%3A%2F%2Fann%3Ahunter2%40h%2F", "/login?next=%2Fhome%23hunter2", "/login?next=http://["),
        *(
            "/oauth-authorized/okta?code=hunter2&state=hunter2",
            "/login?code=hunter2",
            "/home?hunter2",
            "/home?=hunter2",
        ),
        "/login?next=" + "/login%3Fnext%3D" * 5 + "hunter2%3Ftoken%3D1",
    ],
)
def test_a_query_that_may_be_a_credential_is_refused_and_not_quoted(end: str) -> None:
    with pytest.raises(UsageError, match="has a query or a fragment in it") as caught:
        base_url(ASTRO + end)
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value!r}"


def test_a_query_with_very_many_parameters_is_not_of_the_browser() -> None:
    assert not is_of_browser("tags=a&" * 60 + "tags=b", "", "/home")
