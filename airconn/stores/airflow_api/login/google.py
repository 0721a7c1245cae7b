"""The access token of a Google identity, which its source renews (`Credentials.token_source`)."""

from __future__ import annotations

from collections.abc import Mapping

from airconn.credentials import Credentials
from airconn.stores.airflow_api.login.login_way import BearerWay


class SourcedToken(BearerWay):
    """Asks the source before each request, because it knows when its token expires."""

    _is_refused = False

    @classmethod
    def fits(cls, credentials: Credentials, *, v2: bool) -> bool:
        return credentials.token_source is not None

    def headers(self) -> Mapping[str, str]:
        self._token = self._get(late=False)
        return super().headers()

    def new_token(self, *, late: bool) -> str | None:
        source = self.credentials.token_source
        renew, self._is_refused = self._is_refused, False
        return source(renew=renew) if source else None

    def renew(self, refused: Mapping[str, str], *, late: bool) -> bool:
        self._is_refused = refused.get("Authorization") == f"Bearer {self._token}"
        return super().renew(refused, late=late)
