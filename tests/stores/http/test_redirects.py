"""A redirect takes no credentials and no data to a host that wasn't named, whichever driver meets it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml

from airconn.stores.http.redirects import NamedServers
from tests.conftest import Result
from tests.stores.secrets import fake_key_vault
from tests.stores.site import Answer, Received, Site

SECRET = "c4n4ry-s3cr3t"
SOURCE = {"connections": {"warehouse": {"conn_type": "postgres", "host": "db", "password": SECRET}}}
Run = Callable[..., Result]
STATUSES = (301, 302, 303, 307, 308)


@dataclass
class Place:
    """How a place behind a door is named, and what its driver has to know."""

    address: str
    env: dict[str, str] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)
    """What a driver reads from the environment of the process."""


class Doors:
    """A door that redirects to a canary, and the canary, which must hear nothing."""

    def __init__(self, directory: Path, *, tls: bool) -> None:
        self.directory = directory
        self.status = 307
        self.first: Callable[[Received], Answer | None] = lambda received: None
        """What the door answers before it redirects."""
        authority = trustme.CA()
        self.bundle = directory / "ca.pem"
        authority.cert_pem.write_to_path(str(self.bundle))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if tls else None
        if self._context:
            authority.issue_cert("127.0.0.1").configure_cert(self._context)

    @contextmanager
    def open(self, *, canary_tls: bool = True) -> Iterator[Doors]:
        self.canary = Site(lambda received: Answer(200, {}), tls=self._context if canary_tls else None)
        self.door = Site(self._redirect, tls=self._context)
        with self.canary, self.door:
            yield self

    def _redirect(self, received: Received) -> Answer:
        to = f"{self.canary.url}{received.path}?next={SECRET}"
        return self.first(received) or Answer(self.status, "", {"Location": to})


def _kubeconfig(doors: Doors) -> Path:
    path = doors.directory / "kubeconfig"
    text = {
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": doors.door.url}}],
        "users": [{"name": "u", "user": {"token": SECRET}}],
    }
    path.write_text(yaml.safe_dump(text))
    return path


def _aws(doors: Doors, service: str) -> Place:
    env = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": SECRET}
    return Place(f"{service}://eu-west-1?endpoint_url={doors.door.url}", env)


def _azure(doors: Doors) -> Place:
    """Its login is let through, and what comes with the token is redirected."""
    vault = fake_key_vault.KeyVault()
    vault.url = doors.door.url
    doors.first = lambda received: None if "Authorization" in received.headers else vault.answer(received)
    return _azure_login(doors)


def _azure_login(doors: Doors) -> Place:
    vault = fake_key_vault.Fake(doors.door, doors.bundle, fake_key_vault.KeyVault())
    return Place(vault.address, own=vault.environ)


def _azure_challenge(doors: Doors) -> Place:
    """The vault answers, and the login is redirected."""
    vault = fake_key_vault.KeyVault()
    vault.url = doors.door.url
    doors.first = lambda received: None if "token" in received.path else vault.answer(received)
    return _azure_login(doors)


def _google_token(doors: Doors) -> Place:
    subject, key = doors.directory / "subject", doors.directory / "key.json"
    subject.write_text(SECRET)
    config = {
        "type": "external_account",
        "audience": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/q",
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": f"{doors.door.url}/token",
        "credential_source": {"file": str(subject)},
    }
    key.write_text(json.dumps(config))
    own = {"GOOGLE_APPLICATION_CREDENTIALS": str(key), "NO_GCE_CHECK": "true"}
    return Place("gcp-secretmanager://project", own={**own, "REQUESTS_CA_BUNDLE": str(doors.bundle)})


def _vault(doors: Doors, query: str = "", **env: str) -> Place:
    return Place(f"vault://127.0.0.1:{doors.door.port}/secret{query}", env or {"VAULT_TOKEN": SECRET})


PLACES: dict[str, tuple[bool, Callable[[Doors], Place]]] = {
    "airflow, token": (False, lambda doors: Place(doors.door.url, {"AIRCONN_TOKEN": SECRET})),
    "airflow, password": (
        False,
        lambda doors: Place(doors.door.url, {"AIRCONN_USERNAME": "u", "AIRCONN_PASSWORD": SECRET}),
    ),
    "vault": (False, _vault),
    "vault, login": (
        False,
        lambda doors: _vault(doors, "?auth_type=userpass&username=u", VAULT_PASSWORD=SECRET),
    ),
    "k8s": (False, lambda doors: Place("k8s://c/n", {"KUBECONFIG": str(_kubeconfig(doors))})),
    "aws-ssm": (False, lambda doors: _aws(doors, "aws-ssm")),
    "aws-secretsmanager": (False, lambda doors: _aws(doors, "aws-secretsmanager")),
    "azure-keyvault": (True, _azure),
    "azure-keyvault, login": (True, _azure_challenge),
    "gcp-secretmanager, token": (True, _google_token),
}
"""Each way to a place over HTTP: whether its driver wants TLS, and how it is named. Secret Manager itself is asked
through gRPC, which knows no redirects."""


def outcome(airconn: Run, place: Place, command: str, directory: Path, *options: str) -> Result:
    if command == "export":
        return airconn("export", "--from", place.address, "--retries", "0", *options, env=place.env)
    source = directory / "in.json"
    source.write_text(json.dumps(SOURCE))
    return airconn("import", source, "--to", place.address, "--retries", "0", *options, env=place.env)


@pytest.mark.usefixtures("no_other_aws")
@pytest.mark.parametrize("command", ["import", "export"])
@pytest.mark.parametrize("name", PLACES)
def test_a_redirect_gets_no_credential_and_no_data(
    airconn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, command: str
) -> None:
    tls, named = PLACES[name]
    with Doors(tmp_path, tls=tls).open() as doors:
        place = named(doors)
        for variable, value in place.own.items():
            monkeypatch.setenv(variable, value)
        for doors.status in STATUSES:
            result = outcome(airconn, place, command, tmp_path)
            assert result.code == 5, result.err
            assert f"redirects to {doors.canary.url}" in result.err
            assert "\nhint:  " in result.err
            assert SECRET not in result.err + result.out
            assert "next=" not in result.err
        assert doors.door.log
        assert doors.canary.log == []


def test_a_page_that_says_the_next_one_is_elsewhere_is_not_followed(
    airconn: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Doors(tmp_path, tls=True).open() as doors:
        vault = fake_key_vault.KeyVault()
        vault.url = doors.door.url

        def first(received: Received) -> Answer:
            if "Authorization" in received.headers and received.method == "GET":
                return Answer(200, {"value": [], "nextLink": f"{doors.canary.url}/secrets?next={SECRET}"})
            return vault.answer(received)

        doors.first = first
        place = _azure_login(doors)
        for variable, value in place.own.items():
            monkeypatch.setenv(variable, value)
        result = outcome(airconn, place, "export", tmp_path)
        assert result.code == 5
        assert f"redirects to {doors.canary.url}" in result.err
        assert "next=" not in result.err
        assert doors.canary.log == []


ALLOWED: list[Any] = ["option", "environment", "configuration"]


@pytest.mark.parametrize("way", ALLOWED)
def test_a_redirect_of_vault_to_a_host_that_is_allowed_is_followed(airconn: Run, tmp_path: Path, way: str) -> None:
    with Doors(tmp_path, tls=False).open() as doors:
        place, host = _vault(doors), f"127.0.0.1:{doors.canary.port}"
        options = ["--allow-redirect", host] if way == "option" else []
        if way == "environment":
            place.env["AIRCONN_ALLOW_REDIRECT"] = f"elsewhere.example.com, {host}"
        if way == "configuration":
            (tmp_path.parent / f"{tmp_path.name}-user.toml").write_text(f'allow_redirect = ["{host}"]')
        outcome(airconn, place, "export", tmp_path, *options)
        assert {received.headers["X-Vault-Token"] for received in doors.canary.log} == {SECRET}


def test_no_redirect_from_https_to_http_is_followed_even_to_a_host_that_is_allowed(
    airconn: Run, tmp_path: Path
) -> None:
    with Doors(tmp_path, tls=True).open(canary_tls=False) as doors:
        place = _vault(doors, "?tls=true")
        options = ["--allow-redirect", "127.0.0.1", "--ca-bundle", str(doors.bundle)]
        for command in ("import", "export"):
            result = outcome(airconn, place, command, tmp_path, *options)
            assert result.code == 5
            assert f"redirects to {doors.canary.url}" in result.err
            assert "https to http" in result.err
        assert doors.canary.log == []


def test_a_redirect_to_another_scheme_of_the_same_host_is_not_followed() -> None:
    named = NamedServers("vault://v", "http://v:8200", ())
    assert named.admits("http://V:8200/v1/x", "http://v:8200/v1/x")
    assert not named.admits("https://v:8200/v1/x", "http://v:8200/v1/x")
    assert not named.admits("http://v:8201/v1/x", "http://v:8200/v1/x")
    assert not named.admits("file:///etc/passwd", "http://v:8200")
    assert not named.admits("http://[x", "http://v:8200")
    assert NamedServers("", "http://v:8200", ("v",)).admits("https://v:8200/v1/x", "http://v:8200/v1/x")
    assert NamedServers("", "https://v", ("[::1]:8200",)).admits("https://[::1]:8200/", "https://v")


def test_a_project_can_not_allow_a_redirect(airconn: Run, tmp_path: Path) -> None:
    (tmp_path / "airconn.toml").write_text('allow_redirect = ["evil.example.com"]')
    result = airconn("list", "--from", "vault://127.0.0.1/secret")
    assert (result.code, result.out) == (2, "")
    assert "'allow_redirect' decides which host gets your credentials" in result.err


@pytest.mark.parametrize("host", ["https://h", "h/path", "u:p@h", "h:1:2", "*", ""])
def test_what_is_no_host_is_refused(airconn: Run, host: str) -> None:
    result = airconn("list", "--from", "vault://127.0.0.1/secret", "--allow-redirect", host)
    assert (result.code, result.out) == (2, "")
