"""The Airflow of an MWAA environment: found by AWS, and logged in to with a web login token."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError, UsageError
from airconn.model import Action, Connection, Kind, Selection
from airconn.stores import open_store
from airconn.stores.base import Context, Store
from airconn.stores.http.transport import Transport
from tests.stores.contract import step
from tests.stores.managed.mwaa_door import (
    ADDRESS,
    CANARIES,
    KEYS,
    MwaaDoor,
    MwaaSwitches,
    impatient,
    refusal,
)
from tests.stores.secrets.aws.test_aws import ROLE as IAM_ROLE
from tests.stores.secrets.aws.test_aws import trusting
from tests.stores.secrets.fake_aws import FakeAws
from tests.stores.site import Answer, Received

VERSIONS = ("2.11.2", "3.3.2")
ROLE = "arn:aws:airflow:eu-west-1:123456789012:role/prod/Op"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, no_other_aws: None) -> None:
    monkeypatch.setattr(Transport, "backoff", impatient())
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


class SmallAirflow:
    """An Airflow with one variable, which lets in the sessions that it made."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.forbidden: tuple[str, ...] = ()
        """The methods that it refuses."""
        self._made = 0

    def session(self) -> str:
        self._made += 1
        return f"session-{self._made}-of-airflow"

    def __call__(self, received: Received) -> Answer:
        is_old = self.version.startswith("2")
        prefix = "/api/v1" if is_old else "/api/v2"
        if received.path == f"{prefix}/version":
            return Answer(body={"version": self.version, "git_version": None})
        if not received.path.startswith(prefix):
            return Answer(404, "<html>Airflow 404</html>")
        given = received.headers.get("Cookie" if is_old else "Authorization", "")
        if "-of-airflow" not in given:
            return Answer(403 if is_old else 401, {"title": "Forbidden", "detail": None, "status": 403})
        if received.method in self.forbidden:
            return Answer(403, {"title": "Forbidden", "detail": None, "status": 403})
        kind = received.path.removeprefix(f"{prefix}/")
        if received.method != "GET":
            return Answer(200, received.body)
        if kind == "variables":
            return Answer(body={kind: [{"key": "a", "value": "1", "description": None}], "total_entries": 1})
        return Answer(body={kind: [], "total_entries": 0})


Open = Callable[..., tuple[MwaaDoor, Store]]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Opens a store of a door in front of a small Airflow."""
    with ExitStack() as stack:

        def opened(version: str = "3.3.2", query: str = "", **switches: Any) -> tuple[MwaaDoor, Store]:
            airflow = SmallAirflow(version)
            door = MwaaDoor(airflow, airflow.session, MwaaSwitches(version=version, **switches))
            stack.enter_context(door)
            door.airflow = airflow  # type: ignore[attr-defined]
            store = open_store(ADDRESS + query, door.settings(tmp_path))
            stack.callback(store.close)
            return door, store

        yield opened


def variables(store: Store) -> set[str]:
    return set(store.read(Selection(kinds=frozenset({Kind.VARIABLES}))).bundle.variables)


def failed(call: Callable[[], object]) -> str:
    """The message and the hint of an error, which show no credentials."""
    with pytest.raises((TargetError, UsageError)) as caught:
        call()
    text = f"{caught.value} | {caught.value.hint}"
    assert not any(canary in text for canary in (*CANARIES, "-of-airflow", "web-token-"))
    return text


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("told", "status", "other_page"), [(True, 302, 404), (False, 200, 404), (False, 302, 405)])
def test_each_airflow_is_logged_in_to_whether_or_not_aws_tells_its_version(
    opened: Open, version: str, told: bool, status: int, other_page: int
) -> None:
    denied = set() if told else {"GetEnvironment"}
    door, store = opened(version, denied=denied, login_status=status, other_page=other_page)
    assert variables(store) == {"a"}
    assert store.describe().text == f"airflow {version} at https://127.0.0.1:{door.web.port}"
    assert store.address == ADDRESS
    logins = [received.path for received in door.web.log if received.path.endswith("aws_mwaa/login")]
    mine = "/aws_mwaa/login" if version.startswith("2") else "/pluginsv2/aws_mwaa/login"
    assert logins == ([mine] if told or not version.startswith("2") else ["/pluginsv2/aws_mwaa/login", mine])
    assert door.operations().count("CreateWebLoginToken") == len(logins)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("fronted", [302, 403])
def test_a_front_that_lets_no_one_in_without_a_session_is_passed_with_one(
    opened: Open, version: str, fronted: int
) -> None:
    _, store = opened(version, fronted=fronted)
    assert variables(store) == {"a"}


def test_nothing_is_asked_before_an_answer_is_needed(opened: Open) -> None:
    door, store = opened()
    assert store.address == ADDRESS
    store.close()
    assert (door.aws.log, door.web.log) == ([], [])


def test_a_session_of_airflow_3_is_a_bearer_token_and_one_of_airflow_2_a_cookie(opened: Open) -> None:
    for version, name in (("3.3.2", "Authorization"), ("2.11.2", "Cookie")):
        door, store = opened(version)
        variables(store)
        sent = [received for received in door.web.log if received.path.endswith("/variables")]
        assert all(name in received.headers for received in sent)
        assert not any(("Cookie" if name == "Authorization" else "Authorization") in one.headers for one in sent)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_that_ends_in_mid_run_is_followed_by_one_with_a_fresh_token(opened: Open, version: str) -> None:
    door, store = opened(version, session_lasts=3)
    for _ in range(10):
        assert variables(store) == {"a"}
    assert len(door.sessions) >= 3
    assert door.operations().count("CreateWebLoginToken") == len(door.sessions)


def test_a_token_that_has_waited_too_long_is_not_used(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("airconn.stores.managed.mwaa.opening._FRESH", 0.0)
    door, store = opened()
    assert variables(store) == {"a"}
    assert door.operations().count("CreateWebLoginToken") == 2


@pytest.mark.parametrize("version", VERSIONS)
def test_a_user_who_may_not_write_is_told_so_without_a_login_for_each_object(opened: Open, version: str) -> None:
    door, store = opened(version)
    door.airflow.forbidden = ("POST", "PATCH")  # type: ignore[attr-defined]
    steps = [step(Action.CREATE, Connection(conn_id=f"c{number}", conn_type="t")) for number in range(20)]
    errors = {outcome.error for outcome in store.apply(steps)}
    assert all("these credentials may not create" in str(error) for error in errors)
    assert len(door.sessions) <= 8


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_that_is_never_let_in_is_not_opened_again_and_again(opened: Open, version: str) -> None:
    door, store = opened(version, session_lasts=0)
    text = failed(lambda: variables(store))
    assert "refuses the credentials" in text
    assert "airflow:CreateWebLoginToken" in text
    assert len(door.sessions) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("CREATING", "is being created"),
        ("CREATE_FAILED", "could not be created"),
        ("PENDING", "waits for VPC endpoints"),
        ("DELETING", "is being deleted"),
        ("DELETED", "is deleted"),
    ],
)
def test_an_environment_without_a_web_server_is_told_as_such(opened: Open, status: str, words: str) -> None:
    door, store = opened(status=status)
    text = failed(lambda: variables(store))
    assert f"{words}" in text
    assert f"(status {status})" in text
    assert door.web.log == []


@pytest.mark.parametrize("status", ["UPDATING", "CREATING_SNAPSHOT", "ROLLING_BACK", "MAINTENANCE", "UNAVAILABLE"])
def test_an_environment_that_is_being_changed_is_read_with_a_note_and_not_written(opened: Open, status: str) -> None:
    door, store = opened(status=status)
    found = store.read(Selection())
    assert [status in note.message for note in found.notes] == [True]
    for call in (
        lambda: store.read(Selection(), Context(writes=frozenset(Kind))),
        lambda: list(store.apply([step(Action.CREATE, Connection(conn_id="c", conn_type="t"))])),
    ):
        text = failed(call)
        assert status in text
        assert "AVAILABLE" in text
    assert all(received.method in ("GET", "POST") for received in door.web.log)
    assert door.web.sent("POST", "/connections") == []


@pytest.mark.parametrize("status", ["AVAILABLE", "UPDATE_FAILED", "A_STATUS_OF_THE_FUTURE"])
def test_an_environment_in_any_other_status_is_read_and_written(opened: Open, status: str) -> None:
    _, store = opened(status=status)
    assert store.read(Selection(), Context(writes=frozenset(Kind))).notes == ()


@pytest.mark.parametrize(
    ("switches", "words"),
    [
        ({"access_mode": "PRIVATE_ONLY"}, "its web server is private (WebserverAccessMode PRIVATE_ONLY)"),
        ({"denied": {"GetEnvironment"}}, "if its web server is private"),
        ({"access_mode": "PUBLIC_ONLY"}, "check the proxy and the firewall"),
        ({"access_mode": "PUBLIC_ONLY", "status": "UPDATING"}, "status UPDATING"),
    ],
)
def test_a_web_server_that_is_not_reached_is_told_with_the_likely_reason(
    opened: Open, switches: dict[str, Any], words: str
) -> None:
    _, store = opened(host="127.0.0.1:1", **switches)
    text = failed(lambda: variables(store))
    assert words in text
    assert "https://127.0.0.1:1" in text


def test_a_denied_web_login_token_names_the_role_that_a_policy_has_to_allow(opened: Open) -> None:
    _, store = opened(denied={"CreateWebLoginToken", "InvokeRestApi"})
    text = failed(lambda: variables(store))
    assert "IAM doesn't allow these credentials airflow:CreateWebLoginToken" in text
    assert ROLE in text
    assert "through=api" not in text
    _, store = opened(denied={"CreateWebLoginToken", "InvokeRestApi", "GetEnvironment"})
    assert "arn:aws:airflow:eu-west-1:ACCOUNT:role/prod/Op" in failed(lambda: variables(store))


def test_a_denied_web_login_token_leads_to_the_other_way_if_that_is_allowed(opened: Open) -> None:
    door, store = opened(denied={"CreateWebLoginToken"})
    text = failed(lambda: variables(store))
    assert "airflow:CreateWebLoginToken" in text
    assert f"{ADDRESS}?through=api" in text
    assert [given["Method"] for operation, given in door.calls if operation == "InvokeRestApi"] == ["GET"]


@pytest.mark.parametrize("query", ["", "?through=api"])
def test_an_environment_that_is_not_there_is_told_with_the_command_that_lists_them(
    opened: Open, tmp_path: Path, query: str
) -> None:
    door, _ = opened()
    store = open_store(f"mwaa://eu-west-1/other{query}", door.settings(tmp_path))
    text = failed(lambda: variables(store))
    assert "no MWAA environment 'other' in eu-west-1" in text
    assert "aws mwaa list-environments --region eu-west-1" in text


@pytest.mark.parametrize(
    "code", ["ExpiredTokenException", "UnrecognizedClientException", "InvalidSignatureException"]
)
def test_aws_credentials_that_are_refused_are_told_and_nothing_else_is_tried(opened: Open, code: str) -> None:
    door, store = opened(broken={"GetEnvironment": refusal(code, 403)})
    assert "AWS refuses the credentials" in failed(lambda: variables(store))
    assert door.operations() == ["GetEnvironment"]


def test_no_aws_credentials_are_told_with_where_they_are_looked_for(opened: Open, tmp_path: Path) -> None:
    door, _ = opened()
    environ = {"AWS_ENDPOINT_URL_MWAA": door.aws.url}
    store = open_store(ADDRESS, door.settings(tmp_path, environ=environ))
    assert "there are no AWS credentials" in failed(lambda: variables(store))


@pytest.mark.parametrize("status", [401, 403, 400])
def test_a_login_that_refuses_the_token_is_told(opened: Open, status: int) -> None:
    _, store = opened(login_refused=status)
    text = failed(lambda: variables(store))
    assert f"it refuses the web login token of AWS (POST /pluginsv2/aws_mwaa/login answers {status})" in text


def test_a_login_page_that_is_not_mwaas_is_told(opened: Open) -> None:
    _, store = opened(login_refused=404)
    assert "it has no login page of Amazon MWAA" in failed(lambda: variables(store))
    _, store = opened(login_refused=502)
    assert "can't be reached by the gateway in front of it (status 502)" in failed(lambda: variables(store))


@pytest.mark.parametrize(
    "host", ["evil.example:443", "a/b", "user@host", "", "127.0.0.1:8080/x", "evil.example:8080"]
)
def test_a_host_that_aws_would_not_name_gets_no_token(opened: Open, host: str) -> None:
    door, store = opened(broken={"CreateWebLoginToken": Answer(body={"WebToken": "t", "WebServerHostname": host})})
    assert "AWS returned" in failed(lambda: variables(store))
    assert door.web.log == []


def test_an_environment_that_moves_in_mid_run_gets_no_token_at_its_new_host(opened: Open) -> None:
    door, store = opened(session_lasts=2)
    assert variables(store) == {"a"}
    door.switches.host = "127.0.0.1:1"
    with pytest.raises(TargetError, match="AWS names another web server"):
        [variables(store) for _ in range(5)]


def test_credentials_for_other_airflows_are_not_sent_and_named_ones_are_refused(opened: Open, tmp_path: Path) -> None:
    door, _ = opened()
    known = Credentials(token="canary-of-airflow-token", source="AIRCONN_TOKEN")
    store = open_store(ADDRESS, door.settings(tmp_path, credentials=known))
    assert variables(store) == {"a"}
    assert not any("canary-of-airflow-token" in repr(one.headers.items()) for one in (*door.web.log, *door.aws.log))
    store.close()
    with pytest.raises(UsageError, match="needs AWS credentials"):
        open_store(ADDRESS, Settings(credentials=replace(known, of_address=True)))


def test_it_logs_out_at_the_end(opened: Open) -> None:
    for version, path in (("2.11.2", "/logout/"), ("3.3.2", "/api/v2/auth/logout")):
        door, store = opened(version)
        variables(store)
        store.close()
        assert door.web.log[-1].path == path


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("mwaa://", "names no region"),
        ("mwaa://prod", "names no region"),
        ("mwaa://eu-west-1", "names no MWAA environment"),
        ("mwaa://eu-west-1/", "names no MWAA environment"),
        ("mwaa://eu-west-1/1prod", "names no MWAA environment"),
        ("mwaa://eu-west-1/prod/x", "names no MWAA environment"),
        (f"mwaa://eu-west-1/{'p' * 81}", "names no MWAA environment"),
        ("mwaa://evil.example/prod", "names no region"),
        ("mwaa://eu-west-1.evil.example/prod", "names no region"),
        ("mwaa://eu-west-1/prod?through=ssh", "through is web or api"),
        ("mwaa://eu-west-1/prod?endpoint_url=https://evil.example", "not an option"),
        ("mwaa://eu-west-1/prod?region=x", "not an option"),
    ],
)
def test_an_address_that_names_no_environment_is_refused(address: str, words: str) -> None:
    with pytest.raises(UsageError, match=words) as caught:
        open_store(address, Settings())
    assert caught.value.hint


def test_a_profile_that_is_not_there_is_told(opened: Open, tmp_path: Path) -> None:
    door, _ = opened()
    store = open_store(f"{ADDRESS}?profile_name=none", door.settings(tmp_path))
    assert "no such profile" in failed(lambda: variables(store))


def test_the_keys_of_the_environment_sign_requests_to_aws(opened: Open) -> None:
    door, store = opened()
    variables(store)
    assert all(KEYS["AWS_ACCESS_KEY_ID"] in received.headers["Authorization"] for received in door.aws.log)


@pytest.mark.parametrize("query", ["", "&through=api"])
def test_a_role_is_assumed_for_all_calls(opened: Open, tmp_path: Path, query: str) -> None:
    door, _ = opened()
    with FakeAws({"AssumeRole": trusting("AssumeRole", timedelta(hours=1))}) as sts:
        environ = {**door.environ(), "AWS_ENDPOINT_URL_STS": sts.url}
        store = open_store(f"{ADDRESS}?role_arn={IAM_ROLE}{query}", door.settings(tmp_path, environ=environ))
        assert store.describe().text.startswith("airflow 3.3.2")
        store.close()
    assert door.operations()
    assert all("Credential=AKIAROLE" in received.headers["Authorization"] for received in door.aws.log)


def test_a_role_that_may_not_be_assumed_is_told_as_such(opened: Open, tmp_path: Path) -> None:
    door, _ = opened()
    text = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
    with FakeAws({"AssumeRole": Answer(403, text, {"Content-Type": "text/xml"})}) as sts:
        environ = {**door.environ(), "AWS_ENDPOINT_URL_STS": sts.url}
        store = open_store(f"{ADDRESS}?role_arn={IAM_ROLE}", door.settings(tmp_path, environ=environ))
        assert "AWS doesn't allow these credentials to assume" in failed(lambda: variables(store))


def test_a_deadline_that_has_passed_ends_the_run_before_another_login(opened: Open, tmp_path: Path) -> None:
    door, _ = opened(session_lasts=2)
    store = open_store(ADDRESS, door.settings(tmp_path, deadline=time.monotonic() + 3))
    assert variables(store) == {"a"}
    time.sleep(3)
    assert "deadline" in failed(lambda: variables(store))
