"""A client id and a client secret: `POST /auth/token` of an Airflow 3 with the Keycloak auth manager.

The provider takes only those of the client that the Airflow itself is configured with (keycloak provider 0.11.2,
auth_manager/services/token.py `create_client_credentials_token`).
"""

from __future__ import annotations

from collections.abc import Mapping

from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.stores.airflow_api.login.issued_token import PATH, IssuedToken
from airconn.stores.airflow_api.login.login_way import LoginWay
from airconn.stores.http.messages import Reply

_INSTEAD = "set AIRCONN_USERNAME and AIRCONN_PASSWORD, or AIRCONN_TOKEN (airconn help login)"


class ClientCredentials(IssuedToken):
    what = "a client id"

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return bool(credentials.client_id) and v2

    def body(self) -> Mapping[str, str]:
        known = self.credentials
        client = {"client_id": known.client_id or "", "client_secret": known.client_secret or ""}
        return {"grant_type": "client_credentials", **client}

    def refused(self, reply: Reply) -> TargetError | None:
        base, source = self.transport.base, self.credentials.source
        if reply.status in (401, 403):
            return TargetError(
                "it refuses the client id or the client secret",
                where=base,
                hint=f"they come from {source}, and must be those of the client in this Airflow's "
                "configuration ([keycloak_auth_manager] client_id), whose service account is enabled in Keycloak",
            )
        if reply.status in (400, 404, 405, 422):
            # The simple and the FAB auth manager miss a user name in the body.
            return TargetError(
                f"its auth manager takes no client id (POST {PATH} answers {reply.status})",
                where=base,
                hint=f"Keycloak's does; {source} are for such an Airflow: {_INSTEAD}",
            )
        return None


class ClientWithoutKeycloak(LoginWay):
    """A client id at an Airflow 2, which has no login for it, or before the version is known."""

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return bool(credentials.client_id) and not v2

    def headers(self) -> Mapping[str, str]:
        raise TargetError(
            "this is Airflow 2, which has no login with a client id",
            where=self.transport.base,
            hint=f"{self.credentials.source} are for an Airflow 3 with the Keycloak auth manager: {_INSTEAD}",
        )

    def probe_headers(self) -> Mapping[str, str]:
        return {}
