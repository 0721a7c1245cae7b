"""What `airconn doctor` finds at a secrets backend: whether it answers, and which kinds can be listed."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from airconn.config import Settings
from airconn.errors import ExitCode
from airconn.model import Kind
from airconn.stores.base import DEFAULT_CONTEXT
from airconn.stores.health import Health, HealthCheck, HealthQuestions, TellsHealth
from airconn.stores.secrets.service import SecretRefused, Unavailable
from tests.stores.secrets import made_up

NAME = "vault-of-health"


def checks() -> dict[str, HealthCheck]:
    store = made_up.open_store(f"made-up://{NAME}", Settings())
    assert isinstance(store, TellsHealth)
    return {check.name: check for check in store.health(HealthQuestions(Settings()), DEFAULT_CONTEXT)}


def test_a_backend_tells_which_kinds_it_lists(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(made_up.HELD, NAME, {"variables/a": "hunter2"})
    found = checks()
    assert found["access"].text == f"the vault {NAME} accepts the credentials"
    assert found["variables"].text == "you may list them; there are some"
    assert found["connections"].text == "you may list them; none are there"
    assert found["rights"].health is Health.UNKNOWN
    assert "hunter2" not in str(found)


def test_a_kind_that_can_not_be_listed_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: made_up.MadeUpService, kind: Kind) -> Iterable[str]:
        raise SecretRefused("it may not be listed", hint="grant list")

    monkeypatch.setattr(made_up.MadeUpService, "ids", refused)
    monkeypatch.setattr(made_up.MadeUpService, "knock", lambda self, kind: None)
    found = checks()["connections"]
    assert (found.health, found.hint) == (Health.WARNING, "grant list")


def test_a_backend_that_refuses_the_credentials_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(self: made_up.MadeUpService, kind: Kind) -> None:
        raise Unavailable("it refuses the credentials", where="made-up://")

    monkeypatch.setattr(made_up.MadeUpService, "knock", refused)
    found = checks()
    assert list(found) == ["access"]
    assert (found["access"].health, found["access"].exit_code) == (Health.FAILED, ExitCode.TARGET)
