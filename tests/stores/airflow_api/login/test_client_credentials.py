"""A client id and a client secret, at an Airflow with Keycloak and at the others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import AirconnError
from airconn.model import Kind, Selection
from airconn.stores.base import Store
from tests.stores.airflow_api.conftest import airflow
from tests.stores.airflow_api.login.fake_keycloak import CLIENT, USER, Keycloak
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))
SOURCE = "AIRCONN_CLIENT_ID and AIRCONN_CLIENT_SECRET"


def as_client(**others: Any) -> Settings:
    known = Credentials(**{**CLIENT, "source": SOURCE, **others})
    return Settings(credentials=known, retries=0, timeout=5.0)


def error_of(call: Callable[[], object]) -> AirconnError:
    with pytest.raises(AirconnError) as caught:
        call()
    for secret in (*CLIENT.values(), *USER.values(), "canary"):
        if secret != "airflow":
            assert secret not in f"{caught.value} {caught.value.hint} {caught.value!r}"
    return caught.value


@pytest.mark.parametrize("status", [200, 201])
def test_a_client_gets_a_token_of_the_airflow_once(status: int, serve: Serve, connect: Connect) -> None:
    keycloak = Keycloak(issues_with=status)
    store = connect(serve(airflow("3.3.2", keycloak)).url, as_client())
    store.read(Selection())
    store.read(VARIABLES)
    assert keycloak.bodies == [{"grant_type": "client_credentials", **CLIENT}]


@pytest.mark.parametrize("status", [401, 403])
def test_a_client_that_is_refused_is_told_which_one_it_has_to_be(status: int, serve: Serve, connect: Connect) -> None:
    keycloak = Keycloak(refuses_with=status)
    store = connect(serve(airflow("3.3.2", keycloak)).url, as_client(client_secret="canary-wrong"))
    for _ in range(2):
        error = error_of(lambda: store.read(VARIABLES))
        assert error.message == "it refuses the client id or the client secret"
        assert SOURCE in (error.hint or "")
        assert "[keycloak_auth_manager] client_id" in (error.hint or "")
    assert len(keycloak.bodies) == 1


@pytest.mark.parametrize("known", [{**CLIENT, "source": SOURCE}, {**USER, "source": "X"}], ids=["client", "user"])
@pytest.mark.parametrize("status", [403, 500])
def test_a_token_that_is_refused_at_once_names_the_bug_of_the_provider(
    status: int, known: dict[str, str], serve: Serve, connect: Connect
) -> None:
    keycloak = Keycloak(loses_users=status)
    settings = Settings(credentials=Credentials(**known), retries=0)
    error = error_of(lambda: connect(serve(airflow("3.3.2", keycloak)).url, settings).read(VARIABLES))
    assert "a token that it has just issued" in error.message
    assert "apache-airflow-providers-keycloak" in (error.hint or "")
    assert "72351" in (error.hint or "")


def test_a_refusal_of_a_sound_token_does_not_name_that_bug(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        return keycloak(received) or (Answer(403, {"detail": "Forbidden"}) if "variables" in received.path else None)

    keycloak = Keycloak()
    error = error_of(lambda: connect(serve(airflow("3.3.2", respond)).url, as_client()).read(VARIABLES))
    assert error.message == "it refuses the credentials, or they may not read variables"
    assert error.hint == f"the credentials come from {SOURCE} (airconn help login)"


def test_a_token_is_renewed_before_that_of_keycloak_within_it_ends(serve: Serve, connect: Connect) -> None:
    keycloak = Keycloak(minutes=0.1)  # less than what is taken for its end
    store = connect(serve(airflow("3.3.2", keycloak)).url, as_client())
    store.read(VARIABLES)
    keycloak.issued = dict.fromkeys(keycloak.issued, 0.0)
    store.read(VARIABLES)
    assert len(keycloak.bodies) >= 2


@pytest.mark.parametrize(("status", "detail"), [(400, "Username and password must be provided"), (422, [])])
def test_an_auth_manager_without_clients_is_told(status: int, detail: object, serve: Serve, connect: Connect) -> None:
    """FAB answers 400, and the simple auth manager 422."""

    def respond(received: Received) -> Answer | None:
        return Answer(status, {"detail": detail}) if received.path == "/auth/token" else None

    error = error_of(lambda: connect(serve(airflow("3.3.2", respond)).url, as_client()).read(VARIABLES))
    assert error.message == f"its auth manager takes no client id (POST /auth/token answers {status})"
    assert "AIRCONN_USERNAME and AIRCONN_PASSWORD" in (error.hint or "")


def test_airflow_2_has_no_such_login_and_is_not_sent_the_secret(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("2.11.2"))
    error = error_of(lambda: connect(site.url, as_client()).read(VARIABLES))
    assert error.message == "this is Airflow 2, which has no login with a client id"
    assert "Keycloak" in (error.hint or "")
    assert site.sent("POST") == []
    assert site.sent("GET", "/variables") == []


@pytest.mark.parametrize("status", [401, 403])
def test_what_is_in_front_is_told_apart_from_the_airflow(status: int, serve: Serve, connect: Connect) -> None:
    site = serve(lambda _: Answer(status, "go away"))
    error = error_of(lambda: connect(site.url, as_client()).read(VARIABLES))
    assert error.message == f"something in front of the Airflow refuses the request (status {status})"
    assert "AIRCONN_HEADER_<NAME>" in (error.hint or "")
    assert site.sent("POST") == []
