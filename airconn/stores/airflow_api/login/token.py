"""A token that the user gives (AIRCONN_TOKEN)."""

from __future__ import annotations

from collections.abc import Mapping

from airconn.credentials import Credentials
from airconn.stores.airflow_api.login.login_way import BearerWay
from airconn.stores.jwt_claims import has_run_out


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
