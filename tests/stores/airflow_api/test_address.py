"""What a user may call the address of an Airflow."""

from __future__ import annotations

import pytest

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores import open_store
from airconn.stores.airflow_api.address import base_url, path_of


@pytest.mark.parametrize(
    ("address", "base"),
    [
        ("http://localhost:8080", "http://localhost:8080"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("HTTPS://Example.org", "https://example.org"),
        ("https://host/deployment/x", "https://host/deployment/x"),
        ("https://host/deployment/x/", "https://host/deployment/x"),
        ("https://host/x/api/v1", "https://host/x"),
        ("https://host/x/api/v2/", "https://host/x"),
        ("http://localhost:8080/home", "http://localhost:8080"),
        ("http://localhost:8080/login/", "http://localhost:8080"),
        ("http://[::1]:8080/home", "http://[::1]:8080"),
        ("https://host/myhome", "https://host/myhome"),
    ],
)
def test_what_people_copy_from_a_browser_is_tolerated(address: str, base: str) -> None:
    assert base_url(address) == base
    assert open_store(address, Settings()).address == base


@pytest.mark.parametrize(
    "address",
    ["http://ann:hunter2@host", "http://hunter2@host", "https://host/?token=hunter2", "http://host/#hunter2",
     "http://ann:hunter2/@host", "http://", "http:///hunter2", "http://ho st/hunter2", "http://host:hunter2"],
)  # fmt: skip
def test_an_address_with_secrets_or_without_a_host_is_refused_and_not_quoted(address: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(address, Settings())
    assert caught.value.hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint} {caught.value!r}"
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_credentials_in_an_address_are_told_where_to_go() -> None:
    with pytest.raises(UsageError, match="user name or a password") as caught:
        base_url("http://ann:hunter2@host")
    assert "AIRCONN_USERNAME and AIRCONN_PASSWORD, or AIRCONN_TOKEN" in (caught.value.hint or "")


def test_opening_asks_nobody_and_loads_no_client() -> None:
    import subprocess
    import sys

    script = (
        "import sys; from airconn.config import Settings; from airconn.stores import open_store\n"
        "open_store('http://127.0.0.1:1', Settings()); print(*sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert {"airflow_client", "pydantic", "urllib3"} & set(done.stdout.split()) == set()


@pytest.mark.parametrize(
    ("id_", "path"),
    [("a", "/a"), ("a/b", "/a%2Fb"), ("é ?#%", "/%C3%A9%20%3F%23%25"), (".", "/%2E"), ("..", "/%2E%2E"),
     ("a..b", "/a..b"), ("", "/"), ("a/../b", "/a%2F..%2Fb")],
)  # fmt: skip
def test_an_id_is_one_segment_of_a_path_whatever_is_in_it(id_: str, path: str) -> None:
    assert path_of(id_) == path


@pytest.mark.parametrize(
    ("page", "hint"),
    [
        (
            f"https://cloud.astronomer.io/c{'w' * 24}/deployments/c{'d' * 24}/overview?token=hunter2",
            f"did you mean astro-airflow:///c{'d' * 24}?",
        ),
        (
            "https://eu-west-1.console.aws.amazon.com/mwaa/home?region=eu-west-1#environments/my-env/sso",
            "did you mean mwaa://eu-west-1/my-env?",
        ),
        (
            "https://console.cloud.google.com/composer/environments/detail/europe-west1/main/monitoring?project=my-p&x=hunter2",
            "did you mean composer://my-p/europe-west1/main?",
        ),
        ("https://cloud.astronomer.io/", "see airconn help astro, mwaa or composer"),
        ("https://console.cloud.google.com/?hunter2", "see airconn help astro, mwaa or composer"),
    ],
)
def test_a_page_of_a_vendors_console_tells_which_airflow_is_meant(page: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_store(page, Settings())
    assert caught.value.hint == hint
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"
