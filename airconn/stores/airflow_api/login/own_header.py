"""An Authorization header that the user gives (AIRCONN_HEADER_AUTHORIZATION), such as a bare key without `Bearer`."""

from __future__ import annotations

from collections.abc import Mapping

from airconn.credentials import Credentials
from airconn.stores.airflow_api.login.login_way import LoginWay


class OwnHeader(LoginWay):
    """The transport sends it with each request."""

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return credentials.has_authorization

    def headers(self) -> Mapping[str, str]:
        return {}
