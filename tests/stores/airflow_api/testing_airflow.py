"""An Airflow that tests connections, as its sources say: it takes only bodies that fit its schema."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from tests.stores.site import Answer, Received

DISABLED = "Testing connections is disabled in Airflow configuration. Contact your deployment admin to enable it."
_FIELDS = {
    "connection_id": str,
    "conn_type": str,
    "description": str,
    "host": str,
    "login": str,
    "schema": str,
    "port": int,
    "password": str,
    "extra": str,
}


class TestingDoor:
    """Answers `POST /connections/test`. `result` gives status and message for a body."""

    __test__ = False  # for pytest

    def __init__(
        self,
        version: str,
        result: Callable[[dict[str, Any]], tuple[bool, str]] = lambda body: (True, "Connection successfully tested"),
        *,
        enabled: bool = True,
        allowed: bool = True,
    ) -> None:
        self.is_v2 = version.startswith("3")
        self.bodies: list[dict[str, Any]] = []
        self._result = result
        self._enabled = enabled
        self._allowed = allowed

    def __call__(self, received: Received) -> Answer | None:
        if received.path != f"/api/{'v2' if self.is_v2 else 'v1'}/connections/test":
            return None
        assert received.method == "POST"
        if not self._allowed:
            return Answer(403, {"detail": "Forbidden"} if self.is_v2 else {"title": "Forbidden", "status": 403})
        if not self._enabled:
            return Answer(403, {"detail": DISABLED} if self.is_v2 else DISABLED)
        body = received.body
        for name, value in body.items():
            assert isinstance(value, _FIELDS[name]), name
        assert "conn_type" in body
        assert re.fullmatch(r"[\w.-]{1,200}", body["connection_id"])
        self.bodies.append(body)
        status, message = self._result(body)
        return Answer(body={"status": status, "message": message})
