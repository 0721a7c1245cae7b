"""A token that the user gives (AIRCONN_TOKEN)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Mapping

from airconn.credentials import Credentials
from airconn.stores.airflow_api.login.login_way import BearerWay


class GivenToken(BearerWay):
    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return bool(credentials.token)

    def new_token(self, *, late: bool) -> str | None:
        return self.credentials.token

    def renew(self, refused: Mapping[str, str], *, late: bool) -> bool:
        return False

    def secrets(self) -> tuple[str, ...]:
        return (self.credentials.token,) if self.credentials.token else ()

    def has_expired(self) -> bool:
        return has_run_out(self.credentials.token or "")


def has_run_out(token: str) -> bool:
    """Whether a token is a JWT whose expiry has passed."""
    if token.count(".") != 2:
        return False
    try:
        middle = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(middle + "=" * (-len(middle) % 4)))
        return float(claims["exp"]) <= time.time()
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return False
