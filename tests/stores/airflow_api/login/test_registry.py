"""A new way to log in is one module and one line: here a made-up one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.model import Kind, Selection
from airconn.stores.airflow_api.login import registry
from airconn.stores.airflow_api.login.login_way import LoginWay
from airconn.stores.base import Store
from airconn.stores.http.messages import Request
from tests.stores.airflow_api.conftest import PASSWORD, airflow
from tests.stores.site import Answer, Received, Site

Serve = Callable[..., Site]
Connect = Callable[..., Store]
VARIABLES = Selection(kinds=frozenset({Kind.VARIABLES}))


class Stamp(LoginWay):
    """Exchanges a user's name for a stamp, which is good for a number of requests."""

    stamp = ""

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return credentials.username == "stamped"

    def headers(self) -> Mapping[str, str]:
        if not self.stamp:
            reply = self.transport.send(Request("POST", "/stamps", body={"for": self.credentials.username}), {})
            if reply.status != 200:
                raise TargetError("it gives no stamp", where=self.transport.base)
            self.stamp = reply.json()["stamp"]
        return {"X-Stamp": self.stamp}

    def renew(self, refused: Mapping[str, str], *, late: bool) -> bool:
        if refused.get("X-Stamp") == self.stamp:
            self.stamp = ""
        return True

    def secrets(self) -> tuple[str, ...]:
        return (self.stamp,)

    def close(self) -> None:
        if self.stamp:
            self.transport.send(Request("DELETE", "/stamps"), {"X-Stamp": self.stamp})


class Office:
    """Gives out stamps, and lets in who has the newest."""

    def __init__(self) -> None:
        self.given = 0
        self.returned: list[str] = []

    def __call__(self, received: Received) -> Answer | None:
        stamp = received.headers.get("X-Stamp") or ""
        if received.path == "/stamps" and received.method == "POST":
            self.given += 1
            return Answer(body={"stamp": f"stamp-{self.given}"})
        if received.path == "/stamps":
            self.returned.append(stamp)
            return Answer(204, "")
        if "version" in received.path or stamp == f"stamp-{self.given}":
            return None
        return Answer(401, {"detail": f"not with {stamp}"})


@pytest.fixture(autouse=True)
def _one_more_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "WAYS", (Stamp, *registry.WAYS))


def settings(username: str) -> Settings:
    return Settings(credentials=Credentials(username=username, password=PASSWORD, source="the test"), retries=0)


@pytest.mark.parametrize("version", ["2.11.2", "3.3.2"])
def test_a_made_up_way_logs_in_and_again_when_its_stamp_has_expired(
    version: str, serve: Serve, connect: Connect
) -> None:
    office = Office()
    site = serve(airflow(version, office))
    store = connect(site.url, settings("stamped"))
    store.read(VARIABLES)
    assert site.log[-1].headers["X-Stamp"] == "stamp-1"
    assert "Authorization" not in site.log[-1].headers
    office.given += 1
    store.read(VARIABLES)
    assert site.log[-1].headers["X-Stamp"] == "stamp-3"
    store.close()
    assert office.returned == ["stamp-3"]


def test_its_refusals_are_told_and_its_secrets_are_not(serve: Serve, connect: Connect) -> None:
    def respond(received: Received) -> Answer | None:
        if received.path == "/stamps":
            return Answer(body={"stamp": "a-secret-stamp"})
        if "version" in received.path:
            return None
        return Answer(400, {"detail": f"not with {received.headers['X-Stamp']}"})

    with pytest.raises(TargetError) as caught:
        connect(serve(airflow("3.3.2", respond)).url, settings("stamped")).read(VARIABLES)
    assert caught.value.message == "GET /api/v2/variables answers with status 400"
    with pytest.raises(TargetError, match="it gives no stamp"):
        connect(serve(airflow("3.3.2")).url, settings("stamped")).read(VARIABLES)


def test_other_credentials_go_the_ways_that_they_went(serve: Serve, connect: Connect) -> None:
    site = serve(airflow("3.3.2"))
    connect(site.url, settings("ann")).read(VARIABLES)
    assert site.log[-1].headers["Authorization"] == "Bearer fresh-token"


@pytest.mark.parametrize("v2", [True, False])
@pytest.mark.parametrize(
    ("credentials", "ways"),
    [
        (Credentials(token="t"), ("GivenToken", "GivenToken")),
        (Credentials(token_command=("t",)), ("TokenCommand", "TokenCommand")),
        (Credentials(username="u", password="p"), ("PasswordToken", "PasswordSession")),
        (Credentials(), ("AnonymousToken", "AnonymousToken")),
    ],
    ids=["token", "command", "password", "none"],
)
def test_each_kind_of_credentials_has_its_way(credentials: Credentials, ways: tuple[str, str], v2: bool) -> None:
    found = next(way for way in registry.WAYS if way.fits(credentials, v2=v2))
    assert found.__name__ == ways[0 if v2 else 1]
