"""Which token is for Astro, and what it is for."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import AirconnError, TargetError, UsageError
from airconn.stores.astro.identity import API_VARIABLE, AstroIdentity, api_url, find_identity

CANARY = "canary-of-astro"


def jwt(**claims: Any) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJub25lIn0.{middle}.{CANARY}"


def found(home: Path, credentials: Credentials | None = None, **environ: str) -> AstroIdentity:
    given = {"HOME": str(home), **environ}
    return find_identity(Settings(environ=given, credentials=credentials or Credentials()))


def log_in(home: Path, text: str) -> Path:
    path = home / ".astro" / "config.yaml"
    path.parent.mkdir()
    path.write_text(text)
    return path


def test_the_organization_and_the_workspace_are_those_of_the_token(tmp_path: Path) -> None:
    permissions = ["organizationId:org1", "odd", 7, "workspaceId:ws1", "workspaceId:ws2"]
    token = jwt(permissions=permissions, exp=time.time() + 60)
    identity = found(tmp_path, ASTRO_API_TOKEN=f" {token} ")
    assert identity == AstroIdentity(token, "ASTRO_API_TOKEN", "org1", "ws1")
    assert CANARY not in repr(identity)


def test_a_token_without_permissions_is_for_no_organization_yet(tmp_path: Path) -> None:
    for token in (jwt(permissions=[]), jwt(), "opaque"):
        identity = found(tmp_path, ASTRO_API_TOKEN=token)
        assert (identity.organization, identity.workspace) == ("", "")


def test_an_own_token_of_the_address_comes_first_and_that_of_airflows_never(tmp_path: Path) -> None:
    own = Credentials(token="own", source="PROD_ASTRO", of_address=True)
    assert found(tmp_path, own, ASTRO_API_TOKEN="general").source == "PROD_ASTRO"
    general = Credentials(token=CANARY, source="AIRCONN_TOKEN")
    assert found(tmp_path, general, ASTRO_API_TOKEN="general").token == "general"
    with pytest.raises(TargetError, match="Astro needs a token, and none is set"):
        found(tmp_path, general)


def test_the_login_of_the_astro_cli_is_read_and_never_written(tmp_path: Path) -> None:
    text = """
cloud: {api: {protocol: https}}
context: astronomer.io
contexts:
    astronomer_io:
        domain: astronomer.io
        organization: org1
        workspace: ws1
        token: Bearer abc
        ExpiresIn: 2999-01-01T00:00:00.5+02:00
    other_example_com: {token: Bearer other, organization: org2}
"""
    path = log_in(tmp_path, text)
    identity = found(tmp_path)
    assert (identity.token, identity.organization, identity.workspace) == ("abc", "org1", "ws1")
    assert str(path) in identity.source
    assert found(tmp_path / "nowhere", ASTRO_HOME=str(tmp_path)).token == "abc"
    other = found(tmp_path, ASTRO_DOMAIN="other.example.com")
    assert (other.token, other.domain) == ("other", "other.example.com")
    assert path.read_text() == text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "context: astronomer.io\ncontexts: {astronomer_io: {token: Bearer x, ExpiresIn: 2020-01-01T00:00:00Z}}",
            "expired",
        ),
        ("context: astronomer.io\ncontexts: {astronomer_io: {token: Bearer x, expiresin: '2020-01-01'}}", "expired"),
        ("context: a.io\ncontexts: {a_io: {token: Bearer x, expiresin: 0001-01-01 00:00:00}}", "expired"),
        ("contexts: {astronomer_io: {token: Bearer x}}", "none is set"),
        ("[1]", "none is set"),
        ("context: astronomer.io\ncontexts: [x]", "none is set"),
        ("a: [", "not YAML"),
        ("", "none is set"),
        ("context: 'canary evil/x'\ncontexts: {'canary evil/x': {token: Bearer x}}", "not the name of a domain"),
    ],
)
def test_a_login_that_is_of_no_use_is_told(tmp_path: Path, text: str, message: str) -> None:
    log_in(tmp_path, text)
    with pytest.raises(AirconnError, match=message) as caught:
        found(tmp_path)
    assert "canary" not in f"{caught.value}"


def test_a_token_that_has_expired_isnt_sent(tmp_path: Path) -> None:
    with pytest.raises(TargetError, match="the token in ASTRO_API_TOKEN has expired") as caught:
        found(tmp_path, ASTRO_API_TOKEN=jwt(exp=time.time() - 1))
    assert CANARY not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("domain", "url"),
    [
        ("astronomer.io", "https://api.astronomer.io/v1"),
        ("cloud.astronomer.io", "https://api.astronomer.io/v1"),
        ("pr12.astronomer-dev.io", "https://pr12.api.astronomer-dev.io/v1"),
    ],
)
def test_the_api_is_that_of_the_domain(domain: str, url: str) -> None:
    assert api_url(Settings(), AstroIdentity("t", "x", domain=domain))[0] == url


def test_the_token_goes_to_another_api_over_https_or_on_this_machine_only() -> None:
    identity = AstroIdentity("t", "x")
    for url in ("https://api.example.com/v1", "http://127.0.0.1:80/v1", "http://localhost:1/v1"):
        assert api_url(Settings(environ={API_VARIABLE: url + "/"}), identity) == (url, API_VARIABLE)
        assert api_url(Settings(astro_api=url), identity)[0] == url
    for url in ("http://api.example.com/v1", "ftp://x", "canary"):
        with pytest.raises(UsageError, match="not a URL with https://"):
            api_url(Settings(environ={API_VARIABLE: url}), identity)
