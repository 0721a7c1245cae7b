"""Keyrings for tests, as `PYTHON_KEYRING_BACKEND=tests.cli.rings.FileRing` names them."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked, PasswordDeleteError


class FileRing(KeyringBackend):
    """A keyring in the file that `RING` names."""

    priority = 1
    name = "Ring of the tests"

    def get_password(self, service: str, username: str) -> str | None:
        return self._read().get(f"{service}|{username}")

    def set_password(self, service: str, username: str, password: str) -> None:
        self._write({**self._read(), f"{service}|{username}": password})

    def delete_password(self, service: str, username: str) -> None:
        held = self._read()
        if held.pop(f"{service}|{username}", None) is None:
            raise PasswordDeleteError(service)
        self._write(held)

    @staticmethod
    def _read() -> dict[str, str]:
        path = Path(os.environ["RING"])
        return json.loads(path.read_text()) if path.exists() else {}

    @staticmethod
    def _write(held: dict[str, str]) -> None:
        Path(os.environ["RING"]).write_text(json.dumps(held))


class LockedRing(FileRing):
    """A keyring that gives nothing out."""

    name = "Locked ring"

    def get_password(self, service: str, username: str) -> str | None:
        raise KeyringLocked("canary-of-the-backend")


class SilentRing(FileRing):
    """A keyring that waits for its user."""

    name = "Silent ring"

    def get_password(self, service: str, username: str) -> str | None:
        time.sleep(30)
        return None


class PlaintextRing(FileRing):
    """A keyring that encrypts nothing, as keyrings.alt has one."""

    name = "Plain ring"


class ForgetfulRing(FileRing):
    """A keyring that keeps nothing."""

    name = "Forgetful ring"

    def set_password(self, service: str, username: str, password: str) -> None:
        pass
