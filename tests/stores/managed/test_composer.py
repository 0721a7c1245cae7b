"""An environment of Google Cloud Composer by its name: who we are, where its Airflow is, and what is told."""

from __future__ import annotations

import json
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import google.auth._exponential_backoff
import google.auth.iam
import google.oauth2.credentials
import pytest
import requests
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import AirconnError, TargetError, UsageError
from airconn.model import Action, Kind, Selection, Step, Text, Variable
from airconn.stores import open_store
from airconn.stores.base import Store
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.airflow_api.conftest import airflow
from tests.stores.managed import fake_composer
from tests.stores.managed.fake_composer import ADDRESS, CANARY, MOVER, OTHER, FakeGoogle, error
from tests.stores.site import Answer, Received, Site

VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))
BEHIND = "Bearer the-airflow's-own"
Open = Callable[..., Store]


BOTH = pytest.mark.parametrize("version", ["3.3.2", "2.11.2"])


def airflow_of_one_variable(version: str) -> Site:
    def respond(received: Received) -> Answer | None:
        if "version" not in received.path and received.headers["Authorization"] != BEHIND:
            return Answer(401, {"detail": "Unauthorized"})
        if received.path.endswith("/variables") and received.method == "GET":
            body = {"variables": [{"key": "region", "value": "eu-west-1", "description": None}], "total_entries": 1}
            return Answer(200, body)
        return None

    return Site(airflow(version, respond))


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[FakeGoogle, dict[str, str]]]:
    """The fake, and the Airflows that can be behind it."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with (
        airflow_of_one_variable("3.3.2") as new,
        airflow_of_one_variable("2.11.2") as old,
        fake_composer.running(key, new.url, lambda: BEHIND) as fake,
    ):
        yield fake, {"3.3.2": new.url, "2.11.2": old.url}


@pytest.fixture
def version() -> str:
    """The Airflow behind the front."""
    return "3.3.2"


@pytest.fixture
def google_(
    running: tuple[FakeGoogle, dict[str, str]], version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> FakeGoogle:
    """The fake as it was in the beginning, and an environment that says who we are."""
    fake, airflows = running
    fake.reset(airflows[version])
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(fake.write_key(tmp_path / "key.json")))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path / "gcloud"))
    endpoint = f"{fake.urls['tokens']}/iam/{{}}:generateAccessToken"
    monkeypatch.setattr(google.auth.iam, "_IAM_ENDPOINT", endpoint)
    token_uri = f"{fake.urls['tokens']}/token"
    monkeypatch.setattr(google.oauth2.credentials, "_GOOGLE_OAUTH2_TOKEN_ENDPOINT", token_uri)
    at_once = SimpleNamespace(sleep=lambda seconds: None)
    monkeypatch.setattr(google.auth._exponential_backoff, "time", at_once)
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return fake


@pytest.fixture
def make(google_: FakeGoogle) -> Iterator[Open]:
    made: list[Store] = []

    def make(address: str = ADDRESS, **others: Any) -> Store:
        given = {"environ": google_.environ, "retries": 1, "timeout": 10.0, **others}
        made.append(open_store(address, Settings(**given)))
        return made[-1]

    yield make
    for store in made:
        store.close()


def region(store: Store) -> object:
    return store.read(VARIABLES).bundle.variables["region"].value


def refused(store: Store) -> AirconnError:
    """The error of a read, which shows no token and nothing that Google's texts quote."""
    with pytest.raises(AirconnError) as caught:
        store.read(VARIABLES)
    assert CANARY not in f"{caught.value} {caught.value.hint} {caught.value!r}"
    assert "s3cr3t" not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint
    return caught.value


@BOTH
def test_an_airflow_is_found_by_its_name_and_opened_with_the_default_credentials(
    make: Open, google_: FakeGoogle, version: str
) -> None:
    store = make()
    assert google_.log == []
    assert region(store) == Text("eu-west-1")
    assert store.describe().text == f"airflow {version} at {google_.urls['front']}"
    assert [seen.path for seen in google_.sent("api")] == [
        "/v1/projects/airflow-prod/locations/europe-west1/environments/main"
    ]
    (exchange,) = google_.sent("tokens")
    assert b"assertion=" in exchange.body
    assert set(google_.accounts.values()) == {MOVER}
    assert {seen.headers.get("Authorization") for seen in google_.sent("front")} == {None, *bearers(google_)}


def bearers(google_: FakeGoogle) -> list[str]:
    return [f"Bearer {token}" for token in google_.accounts]


@pytest.mark.parametrize(
    "address",
    [
        "composer://projects/airflow-prod/locations/europe-west1/environments/main",
        "COMPOSER://airflow-prod/europe-west1/main",
        f"{ADDRESS}/",
    ],
)
def test_other_spellings_of_an_address_are_the_same_place(make: Open, address: str) -> None:
    store = make(address)
    assert store.address == ADDRESS
    assert {store.location(kind) for kind in Kind} == {make().location(Kind.POOLS)}


@pytest.mark.parametrize(
    ("address", "message", "hint"),
    [
        ("composer://p/main", "needs the project, the location and the name", "gcloud composer environments list"),
        ("composer://p", "needs the project, the location and the name", "--project p"),
        ("composer://", "names no project", "composer://PROJECT/LOCATION/ENVIRONMENT"),
        ("composer://p/-/main", "isn't a region", "europe-west1"),
        ("composer://p/europe-west1/Main", "aren't allowed there", "--locations europe-west1"),
        ("composer://p/europe-west1/main/x", "aren't allowed there", "list"),
        ("composer://p/europe-west1/main?impersonate=x", "not an option", "impersonation_chain"),
        ("composer://p/europe-west1/main?gcp_key_path={}", "the content of a file", "write the path of the file"),
        ("composer://p/europe-west1/main?gcp_key_path=a&gcp_credential_config_file=b", "can't be combined", "keep"),
        ("composer://a:b@p/europe-west1/main", "user name or a password", "environment"),
    ],
)
def test_an_address_that_is_wrong_is_told_before_anything_is_sent(address: str, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        open_store(address, Settings())
    assert hint in (caught.value.hint or "")


def test_an_endpoint_that_would_get_the_token_in_clear_is_refused() -> None:
    environ = {"CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPOSER": "http://composer.example.com/"}
    with pytest.raises(UsageError, match="is not a URL with https://"):
        open_store(ADDRESS, Settings(environ=environ))


# Who we are


def test_a_key_file_of_the_address_comes_before_the_default(make: Open, google_: FakeGoogle, tmp_path: Path) -> None:
    path = google_.write_key(tmp_path / "own.json", "own@x.iam.gserviceaccount.com")
    assert region(make(f"{ADDRESS}?gcp_key_path={path}")) == Text("eu-west-1")
    assert set(google_.accounts.values()) == {"own@x.iam.gserviceaccount.com"}


def test_an_account_is_impersonated(make: Open, google_: FakeGoogle) -> None:
    assert region(make(f"{ADDRESS}?impersonation_chain=etl@x.iam.gserviceaccount.com")) == Text("eu-west-1")
    sent = {seen.headers.get("Authorization", "").removeprefix("Bearer ") for seen in google_.sent("front")} - {""}
    assert {google_.accounts[token] for token in sent} == {"etl@x.iam.gserviceaccount.com"}


def test_an_account_that_may_not_be_impersonated_is_told(make: Open, google_: FakeGoogle) -> None:
    google_.impersonators = frozenset()
    told = refused(make(f"{ADDRESS}?impersonation_chain=etl@x.iam.gserviceaccount.com"))
    assert "no token for the account to impersonate" in told.message
    assert "roles/iam.serviceAccountTokenCreator" in (told.hint or "")


def test_a_users_login_is_taken_with_its_quota_project(
    make: Open, google_: FakeGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = google_.write_user(tmp_path / "user.json", quota_project_id="billing")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    assert region(make()) == Text("eu-west-1")
    assert google_.sent("api")[0].headers["X-Goog-User-Project"] == "billing"
    assert not any("X-Goog-User-Project" in seen.headers for seen in google_.sent("front"))


def test_a_login_that_has_ended_is_told(
    make: Open, google_: FakeGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = google_.write_user(tmp_path / "user.json", refresh_token="revoked")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    told = refused(make())
    assert "Google refuses the credentials" in told.message
    assert "gcloud auth application-default login" in (told.hint or "")
    assert google_.sent("api") == []


def test_without_any_credentials_it_says_how_to_get_some(make: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS")
    told = refused(make())
    assert "no usable credentials for Google Cloud were found" in told.message
    assert "gcloud auth application-default login" in (told.hint or "")


def test_a_workforce_identity_uses_the_url_for_external_identities(
    make: Open, google_: FakeGoogle, tmp_path: Path
) -> None:
    path = google_.write_workforce(tmp_path / "staff.json")
    assert region(make(f"{ADDRESS}?gcp_credential_config_file={path}")) == Text("eu-west-1")
    assert google_.sent("front") == []
    assert google_.sent("external front")
    told = refused(make(f"{ADDRESS}?gcp_credential_config_file={path}&byoid=false"))
    assert "refuses the credentials" in told.message


def test_an_environment_without_a_url_for_external_identities_is_told(
    make: Open, google_: FakeGoogle, tmp_path: Path
) -> None:
    google_.config["airflowByoidUri"] = None
    path = google_.write_workforce(tmp_path / "staff.json")
    assert "no URL for external identities" in refused(make(f"{ADDRESS}?gcp_credential_config_file={path}")).message
    assert region(make()) == Text("eu-west-1")


def test_the_token_that_the_users_configuration_has_for_this_address_is_taken(
    make: Open, google_: FakeGoogle
) -> None:
    token = google_.new_token(MOVER)
    own = Credentials(token=token, source="PROD_TOKEN", of_address=True)
    assert region(make(credentials=own)) == Text("eu-west-1")
    assert google_.sent("tokens") == []
    google_.forget_tokens()
    told = refused(make(credentials=own))
    assert "Google doesn't accept the token" in told.message
    assert "PROD_TOKEN" in (told.hint or "")


def test_an_own_token_that_is_not_set_is_never_replaced_by_another_identity(make: Open, google_: FakeGoogle) -> None:
    told = refused(make(credentials=Credentials(looked_at=("PROD_TOKEN",), of_address=True)))
    assert "PROD_TOKEN" in (told.hint or "")
    assert google_.log == []


def test_the_token_for_other_airflows_is_never_sent(make: Open, google_: FakeGoogle) -> None:
    assert region(make(credentials=Credentials(token="of-others", source="AIRCONN_TOKEN"))) == Text("eu-west-1")
    assert not any("of-others" in str(seen.headers) for seen in google_.log)


def test_credentials_of_another_cloud_are_refused_and_their_token_is_not_sent(
    make: Open, google_: FakeGoogle, tmp_path: Path
) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "universe_domain": "cloud.example"}))
    assert "another cloud" in refused(make()).message
    assert google_.log == []


# Tokens that end


@BOTH
@pytest.mark.parametrize("answer", [401, 302])
def test_a_token_that_ends_in_mid_run_is_renewed(make: Open, google_: FakeGoogle, answer: int) -> None:
    google_.expired_answer = answer
    store = make()
    assert region(store) == Text("eu-west-1")
    google_.forget_tokens()
    assert region(store) == Text("eu-west-1")
    assert len(google_.sent("tokens")) == 2
    google_.uses = 2
    for _ in range(6):
        assert region(store) == Text("eu-west-1")


def test_a_token_is_renewed_before_it_ends(make: Open, google_: FakeGoogle) -> None:
    google_.lifetime = 1  # google-auth takes it as ended some minutes before
    store = make()
    assert region(store) == Text("eu-west-1")
    asked = len(google_.sent("tokens"))
    assert asked > 1
    google_.lifetime = 3600
    for _ in range(3):
        assert region(store) == Text("eu-west-1")
    assert len(google_.sent("tokens")) == asked + 1
    assert len({seen.headers.get("Authorization") for seen in google_.sent("front")}) <= asked + 2


@BOTH
@pytest.mark.parametrize("answer", [401, 302])
def test_a_token_that_is_never_accepted_is_told_after_one_renewal(
    make: Open, google_: FakeGoogle, answer: int
) -> None:
    google_.expired_answer = answer
    google_.uses = 0
    told = refused(make())
    assert "refuses the credentials" in told.message
    assert "Google's application default credentials" in (told.hint or "")
    assert "roles/composer.user" in (told.hint or "")
    assert len(google_.sent("tokens")) <= 3


def test_a_renewal_that_google_refuses_is_told(make: Open, google_: FakeGoogle) -> None:
    store = make()
    assert region(store) == Text("eu-west-1")
    google_.forget_tokens()
    google_.tokens_answer = (400, {"error": "invalid_grant", "error_description": f"of {CANARY}-1"})
    assert "Google refuses the credentials" in refused(store).message
    google_.tokens_answer = (503, {"error": "temporarily_unavailable"})
    assert isinstance(refused(make()), TargetError)


# What is told


@pytest.mark.parametrize(
    ("state", "message", "hint"),
    [
        ("CREATING", "is being created", "RUNNING"),
        ("UPDATING", "is being updated", "any_state=true"),
        ("DELETING", "is being deleted", "another"),
        ("ERROR", "in the state ERROR", "any_state=true"),
        ("STATE_UNSPECIFIED", "an unknown state", "any_state=true"),
        ("", "an unknown state", "any_state=true"),
    ],
)
def test_an_environment_that_is_not_running_is_told(
    make: Open, google_: FakeGoogle, state: str, message: str, hint: str
) -> None:
    google_.state = state
    told = refused(make())
    assert message in told.message
    assert hint in (told.hint or "")
    assert told.where == ADDRESS
    assert google_.sent("front") == []
    assert region(make(f"{ADDRESS}?any_state=true")) == Text("eu-west-1")


@pytest.mark.parametrize(
    "image",
    [
        *("composer-2.9.7-airflow-2.9.3", "composer-2-airflow-2", "composer-3-airflow-3.1.0", "composer-3-airflow-2"),
        *("composer-3-airflow-2.10.5-build.4", "composer-latest-airflow-2", "something-new", ""),
        *("composer-2.0.0-preview.3-airflow-2.1.2", "composer-10.0.1-airflow-4.0.0"),
    ],
)
def test_every_image_version_but_those_of_composer_1_is_opened(make: Open, google_: FakeGoogle, image: str) -> None:
    google_.image = image
    assert region(make()) == Text("eu-west-1")


@pytest.mark.parametrize("image", ["composer-1.20.12-airflow-1.10.15", "composer-1-airflow-2", "composer-1.17.0"])
def test_composer_1_is_refused_with_what_to_do(make: Open, google_: FakeGoogle, image: str) -> None:
    google_.image = image
    told = refused(make())
    assert "Composer 1" in told.message
    assert "AIRCONN_TOKEN_COMMAND" in (told.hint or "")
    assert google_.sent("front") == []


def test_an_unknown_environment_says_how_to_list_them(make: Open, google_: FakeGoogle) -> None:
    told = refused(make("composer://airflow-prod/europe-west1/mian"))
    assert "no environment of this name in this location (NOT_FOUND)" in told.message
    assert told.hint == (
        "list them with: gcloud composer environments list --project airflow-prod --locations europe-west1"
    )
    assert google_.sent("front") == []


def test_an_account_that_may_not_see_the_environment_is_told_which_role_it_needs(
    make: Open, google_: FakeGoogle
) -> None:
    google_.blind = frozenset({MOVER})
    for address in (ADDRESS, "composer://another-project/europe-west1/main"):
        told = refused(make(address))
        assert "doesn't let this account see the environment" in told.message
        assert "composer.environments.get" in (told.hint or "")
        assert "roles/composer.user" in (told.hint or "")


@pytest.mark.parametrize(
    ("answer", "message", "hint"),
    [
        (error(403, "PERMISSION_DENIED", "SERVICE_DISABLED"), "API is not enabled", "gcloud services enable"),
        (
            error(403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
            "lacks the scope cloud-platform",
            "renew it",
        ),
        (error(400, "INVALID_ARGUMENT"), "no environment of this name", "list them with"),
        (error(429, "RESOURCE_EXHAUSTED"), "gets too many requests", "try again"),
        (error(500, "INTERNAL"), "fails with status 500: INTERNAL", None),
        (
            (200, {"name": "projects/x/locations/europe-west1/environments/other"}, {}),
            "another environment",
            "gateway",
        ),
        ((200, [], {}), "not a JSON object", "gateway"),
        ((200, "<html>hello</html>", {}), "an HTML page answers", "browser"),
        ((302, "", {"Location": "https://elsewhere.example.com/"}), "redirects to https://elsewhere", None),
    ],
)
def test_an_answer_of_the_api_that_is_not_an_environment_is_told(
    make: Open, google_: FakeGoogle, answer: Any, message: str, hint: str | None
) -> None:
    google_.api_answer = lambda found: answer
    with pytest.raises(TargetError, match=message) as caught:
        make().read(VARIABLES)
    assert hint is None or hint in (caught.value.hint or "")
    assert CANARY not in f"{caught.value} {caught.value.hint}"
    assert google_.sent("front") == []


def test_a_network_that_keeps_us_out_is_told_apart_from_a_role_that_is_missing(
    make: Open, google_: FakeGoogle
) -> None:
    google_.shut = True
    told = refused(make())
    assert "before it reaches the Airflow (an HTML page with status 403)" in told.message
    google_.allowed_ranges = ["10.0.0.0/8"]
    told = refused(make())
    assert "network access control lets in 1 range of IP addresses" in (told.hint or "")


def test_a_front_that_shuts_in_mid_run_fails_what_is_still_to_be_written(make: Open, google_: FakeGoogle) -> None:
    store = make()
    assert region(store) == Text("eu-west-1")
    google_.shut = True
    steps = [Step(Kind.VARIABLES, key, Action.CREATE, Variable(key=key, value=Text("x"))) for key in ("a", "b")]
    errors = [outcome.error or "" for outcome in store.apply(steps)]
    assert len(errors) == 2
    assert all("before it reaches the Airflow" in error for error in errors)


@BOTH
def test_an_account_that_the_airflow_refuses_is_told_what_it_needs(
    make: Open, google_: FakeGoogle, tmp_path: Path
) -> None:
    told = refused(make(f"{ADDRESS}?gcp_key_path={google_.write_key(tmp_path / 'other.json', OTHER)}"))
    assert "refuses the credentials, or they may not" in told.message
    assert "the key file in gcp_key_path" in (told.hint or "")
    assert OTHER in (told.hint or "")
    assert "a role such as Op" in (told.hint or "")


def test_an_email_address_that_is_too_long_to_be_registered_is_told(
    make: Open, google_: FakeGoogle, tmp_path: Path
) -> None:
    long = f"{'a' * 30}@{'b' * 30}.iam.gserviceaccount.com"
    google_.barred = frozenset({long})
    told = refused(make(f"{ADDRESS}?gcp_key_path={google_.write_key(tmp_path / 'long.json', long)}"))
    assert "accounts.google.com:NUMERIC_ID" in (told.hint or "")


def test_a_server_of_tokens_that_is_not_there_is_told(make: Open, google_: FakeGoogle, tmp_path: Path) -> None:
    path = tmp_path / "key.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "token_uri": "http://127.0.0.1:1/token"}))
    told = refused(make())
    assert "Google's token server can't be reached" in told.message


# Where the token goes


@pytest.mark.parametrize(
    "uri",
    [
        "http://x-dot-europe-west1.composer.googleusercontent.com",
        "https://composer.googleusercontent.com",
        "https://x.composer.googleusercontent.com.example.com",
        "https://xcomposer.googleusercontent.com",
        "https://x.composer.googleusercontent.com@example.com",
        "https://example.com/x.composer.googleusercontent.com",
        "https://example.com\\.composer.googleusercontent.com",
        "https://x.composer.googleusercontent.com:8443",
        "https://x.composer.googleusercontent.com/a",
        "https://x.composer.googleusercontent.com?x",
        "https://x.googleusercontent.com",
        "//x.composer.googleusercontent.com",
        "https://[::1",
        "ftp://127.0.0.1",
        {"a": 1},
    ],
)
def test_an_address_of_the_airflow_that_is_not_one_of_composer_gets_no_token(
    make: Open, google_: FakeGoogle, uri: Any
) -> None:
    for name in ("airflowUri", "airflowByoidUri"):
        google_.config = {name: uri}
        assert "no token is sent" in refused(make()).message
    assert google_.sent("front") == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("switch", ["api", "front", "tokens", "impersonation"])
def test_a_token_never_follows_a_redirect(
    make: Open, google_: FakeGoogle, monkeypatch: pytest.MonkeyPatch, switch: str, status: int
) -> None:
    to = {"Location": f"{google_.urls['elsewhere']}/api/v2/version"}
    if switch == "api":
        google_.api_answer = lambda found: (status, "", to)
    elif switch == "front":
        monkeypatch.setattr(FakeGoogle, "front", lambda self, seen: (status, "", to))
    elif switch == "tokens":
        google_.tokens_answer = (status, "", to)
    else:
        monkeypatch.setattr(FakeGoogle, "_impersonated", lambda self, seen: (status, "", to))
    chain = "?impersonation_chain=a@x.iam.gserviceaccount.com" if switch == "impersonation" else ""
    with pytest.raises(TargetError):
        make(f"{ADDRESS}{chain}", allow_redirect=("127.0.0.1",)).read(VARIABLES)
    assert google_.sent("elsewhere") == []


def test_an_airflow_on_this_machine_is_taken_only_from_an_api_on_this_machine(
    google_: FakeGoogle, make: Open, tmp_path: Path
) -> None:
    from airconn.stores.http.messages import Reply
    from airconn.stores.managed.composer.address import split
    from airconn.stores.managed.composer.environment import ComposerApi

    api = ComposerApi(Settings(), split(ADDRESS), "x")
    body = json.dumps(google_.environment()).encode()
    with pytest.raises(TargetError, match="no token is sent"):
        api.environment(Reply(200, "application/json", None, body))
    found = replace(
        Reply(200, "application/json", None, body),
        body=body.replace(
            google_.urls["front"].encode(), b"https://abc-dot-europe-west1.composer.googleusercontent.com"
        ).replace(
            google_.urls["external front"].encode(),
            b"https://abc-dot-europe-west1.composer.byoid.googleusercontent.com/",
        ),
    )
    environment = api.environment(found)
    assert environment.airflow == "https://abc-dot-europe-west1.composer.googleusercontent.com"
    assert environment.external_airflow == "https://abc-dot-europe-west1.composer.byoid.googleusercontent.com"
    api.close()


def test_an_address_in_a_projects_file_is_refused_and_one_of_the_user_is_not(
    airconn: Callable[..., Any], google_: FakeGoogle, tmp_path: Path
) -> None:
    project = tmp_path / "airconn.toml"
    project.write_text(f'url = "{ADDRESS}"\n')
    done = airconn("list", env=google_.environ)
    assert done.code == 2
    assert "a project's file may not do that" in done.err
    assert "config.toml" in done.err
    assert google_.log == []
    project.unlink()
    done = airconn("list", env={**google_.environ, "AIRCONN_URL": ADDRESS})
    assert done.code == 0, done.err
    user = tmp_path.parent / f"{tmp_path.name}-user.toml"
    user.write_text(f'[addresses]\nprod = "{ADDRESS}"\n')
    done = airconn("list", "--from", "@prod", env=google_.environ)
    assert done.code == 0, done.err
    assert "region" in done.out


def test_a_library_that_is_missing_is_asked_for(make: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "google.auth", None)
    with pytest.raises(UsageError, match="google-auth, which isn't installed") as caught:
        make().read(VARIABLES)
    assert "gcp" in (caught.value.hint or "")


def test_a_command_of_the_users_configuration_prints_the_token(
    airconn: Callable[..., Any], google_: FakeGoogle, tmp_path: Path
) -> None:
    script = tmp_path / "token.py"
    script.write_text(f"print({google_.new_token(MOVER)!r})")
    entry = f'url = "{ADDRESS}"\ntoken_command = [{sys.executable!r}, {str(script)!r}]\n'
    user = tmp_path.parent / f"{tmp_path.name}-user.toml"
    user.write_text(f"[addresses.prod]\n{entry}".replace("'", '"'))
    done = airconn("list", "--from", "@prod", env=google_.environ)
    assert done.code == 0, done.err
    assert google_.sent("tokens") == []
    user.write_text(f'[addresses.prod]\nurl = "{ADDRESS}"\nusername_env = "U"\npassword_env = "P"\n')
    done = airconn("list", "--from", "@prod", env={**google_.environ, "U": "ann", "P": "canary-word"})
    assert done.code == 2
    assert "the credentials of this address are of another kind (U and P)" in done.err
    assert "canary-word" not in done.err


@pytest.mark.parametrize(
    ("options", "message"),
    [({"timeout": 0.3}, "Google's token server can't be reached"), ({"deadline": 0.3}, "before the deadline")],
)
def test_a_server_of_tokens_that_is_silent_is_not_waited_for_longer_than_was_said(
    make: Open, tmp_path: Path, options: dict[str, float], message: str
) -> None:
    path = tmp_path / "key.json"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://127.0.0.1:{silent.getsockname()[1]}/token"
        path.write_text(json.dumps({**json.loads(path.read_text()), "token_uri": uri}))
        began = time.monotonic()
        given = {name: began + value if name == "deadline" else value for name, value in options.items()}
        told = refused(make(**given))
        assert time.monotonic() - began < 60
    assert message in told.message


def test_a_certificate_of_the_users_is_asked_for_in_each_request_for_a_token(
    make: Open, google_: FakeGoogle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "ca.pem"
    trustme.CA().cert_pem.write_to_path(str(bundle))
    asked: list[object] = []
    request = requests.Session.request

    def noted(self: requests.Session, *args: Any, **given: Any) -> Any:
        asked.append(given["verify"])
        return request(self, *args, **given)

    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "of-others.pem"))
    monkeypatch.setattr(requests.Session, "request", noted)
    assert region(make(ca_bundle=bundle)) == Text("eu-west-1")
    assert asked == [str(bundle)]


def test_a_token_that_cant_be_renewed_for_another_reason_is_told(
    make: Open, google_: FakeGoogle, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    store = make()
    assert region(store) == Text("eu-west-1")
    google_.forget_tokens()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nowhere.pem"))
    key = tmp_path / "key.json"
    key.unlink()
    google_.tokens_answer = (200, {"expires_in": "soon"})
    assert isinstance(refused(store), TargetError)
