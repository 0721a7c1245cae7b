"""The door of an Airflow 3 with the Keycloak auth manager, as its provider 0.11.2 has it (`routes/token.py`,
`datamodels/token.py`, `services/token.py`), with a switch for each thing that differs between its versions.

Its statuses and claims were compared with those of a real Airflow 3.3.2 with the providers 0.9.0, 0.10.0 and 0.11.2.
"""

from __future__ import annotations

import base64
import itertools
import json
import time
from dataclasses import dataclass, field
from typing import Any

from tests.stores.site import Answer, Received

CLIENT = {"client_id": "airflow", "client_secret": "canary-client-secret"}
USER = {"username": "ann", "password": "canary-user-password"}
_BODIES = {"password": {"grant_type", *USER}, "client_credentials": {"grant_type", *CLIENT}}


def jwt(claims: dict[str, Any]) -> str:
    head, middle = (
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({"alg": "none"}, claims)
    )
    return f"{head}.{middle}.c2ln"


@dataclass
class Keycloak:
    """Answers `/auth/token`, and lets requests pass that bring a token of its own. None for what it lets pass."""

    refuses_with: int = 403
    """What wrong credentials are answered with: 403, and 401 in the first versions."""
    issues_with: int = 201
    loses_users: int = 0
    """The status for tokens that it has issued itself (0.9.0, apache/airflow#72351): 500. 0: it accepts them."""
    ends_with: int = 403
    """The status for a token that holds one of Keycloak which has ended: 403, or 500 (apache/airflow#73232)."""
    minutes: float = 5
    """How long a token of Keycloak lives in that of Airflow (`accessTokenLifespan`)."""
    issued: dict[str, float] = field(default_factory=dict)
    """The tokens, and when that of Keycloak within ends."""
    bodies: list[Any] = field(default_factory=list)
    _number: Any = field(default_factory=itertools.count)

    def __call__(self, received: Received) -> Answer | None:
        if received.path == "/auth/token":
            return self._token(received)
        if "version" in received.path:
            return None
        scheme, _, token = (received.headers.get("Authorization") or "").partition(" ")
        if scheme != "Bearer" or token not in self.issued:
            return Answer(401, {"detail": "Not authenticated"})
        if self.loses_users:
            return Answer(self.loses_users, {"detail": "Forbidden"} if self.loses_users == 403 else "Internal error")
        if self.issued[token] <= time.time():
            return Answer(self.ends_with, {"detail": "Forbidden"})
        return None

    def _token(self, received: Received) -> Answer:
        body = received.body
        self.bodies.append(body)
        if received.method != "POST" or not isinstance(body, dict):
            return Answer(405, {"detail": "Method Not Allowed"})
        grant = body.get("grant_type", "password")
        wanted = _BODIES.get(grant)
        if wanted is None or {"grant_type", *body} != wanted or not all(isinstance(x, str) for x in body.values()):
            # The strict models of pydantic echo what was sent.
            return Answer(422, {"detail": [{"type": "extra_forbidden", "loc": ["body"], "input": body}]})
        known = CLIENT if grant == "client_credentials" else USER
        if {name: body[name] for name in known} != known:
            detail = "Client credentials authentication failed" if known is CLIENT else "Invalid credentials"
            return Answer(self.refuses_with, {"detail": detail})
        ends = time.time() + 60 * self.minutes
        claims = {"user_id": f"u{next(self._number)}", "name": "service-account-airflow", "exp": time.time() + 86400}
        if not self.loses_users:
            claims |= {"access_token": jwt({"exp": ends}), "refresh_token": None}
        token = jwt(claims)
        self.issued[token] = ends
        return Answer(self.issues_with, {"access_token": token})
