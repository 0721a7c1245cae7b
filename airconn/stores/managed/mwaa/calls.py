"""The calls of AWS for an MWAA environment, by boto3. Requests are signed, and go to AWS alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from airconn import trust
from airconn.config import Settings
from airconn.credentials import WebToken
from airconn.errors import TargetError, UsageError
from airconn.stores.managed.mwaa.address import MwaaAddress
from airconn.stores.managed.mwaa.environment import MwaaEnvironment
from airconn.stores.managed.mwaa.faults import MwaaDenied, MwaaUnreached, told
from airconn.stores.secrets.aws.options import AwsOptions
from airconn.stores.secrets.aws.session import make_client

SERVICE = "mwaa"
_LONGEST = 15.0
"""The seconds that AWS may be silent. It ends a request to the REST API after 10 s by itself."""
_RETRIES = 2
_NEWER = "pip install --upgrade boto3, or leave ?through=api out"
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?")
_PREFIX = re.compile(r"(?:api|env|ops)\.")
_OF_AWS = ("airflow.", "airflow-fips.")
"""The beginnings of AWS's own hosts, before which boto3 puts `api.` or `env.`."""


@dataclass(frozen=True, slots=True)
class Invoked:
    """The answer of an Airflow that came through `InvokeRestApi`."""

    status: int
    document: Any


class MwaaCalls:
    """Makes calls for one environment. Threads may share it. Nothing is imported or opened before the first one."""

    def __init__(self, address: MwaaAddress, settings: Settings) -> None:
        left = settings.seconds_left()
        longest = _LONGEST if left is None else max(0.1, min(_LONGEST, left))
        self._address = address
        self._settings = replace(
            settings, timeout=min(settings.timeout, longest), retries=min(settings.retries, _RETRIES)
        )
        self._clients: dict[bool, Any] = {}
        self._lock = threading.Lock()
        self._seen: MwaaEnvironment | None = None

    def environment(self) -> MwaaEnvironment:
        """The environment (`GetEnvironment`). Raises `TargetError` where it isn't there or AWS doesn't show it."""
        found = self._call("GetEnvironment", "get_environment").get("Environment")
        self._seen = MwaaEnvironment.of(found if isinstance(found, Mapping) else {})
        return self._seen

    def visible_environment(self) -> MwaaEnvironment:
        """The environment, or an empty one if these credentials may not see it, or that part of AWS isn't reached.

        A VPC may have an endpoint for the one part and none for the other. Raises `TargetError` for all else.
        """
        try:
            return self.environment()
        except (MwaaDenied, MwaaUnreached):
            return MwaaEnvironment()

    def web_token(self) -> WebToken:
        """A fresh web login token (`CreateWebLoginToken`). Raises `TargetError`."""
        answer = self._call("CreateWebLoginToken", "create_web_login_token")
        host, token = answer.get("WebServerHostname"), answer.get("WebToken")
        if not isinstance(token, str) or not token or not isinstance(host, str) or not _HOST.fullmatch(host):
            raise TargetError("AWS returned no web server, or no token for it", where=str(self._address))
        if ":" in host and not trust.is_this_machine(f"https://{host}"):
            raise TargetError("AWS returned a web server with a port, which isn't expected", where=str(self._address))
        return WebToken(host, token, self._seen.airflow if self._seen else None)

    def invoke(self, method: str, path: str, query: Mapping[str, Any], body: Mapping[str, Any] | None) -> Invoked:
        """The answer to a request that AWS passes on to the Airflow (`InvokeRestApi`), sent once.

        Raises what boto3 raises, which `refusal` translates.
        """
        more: dict[str, Any] = {"QueryParameters": dict(query)} if query else {}
        if body is not None:
            more["Body"] = dict(body)
        client = self._client(repeats=False)
        if not hasattr(client, "invoke_rest_api"):
            raise UsageError("this boto3 is too old for InvokeRestApi", where=str(self._address), hint=_NEWER)
        answer = client.invoke_rest_api(Name=self._address.environment, Path=path, Method=method, **more)
        return Invoked(int(answer.get("RestApiStatusCode") or 0), answer.get("RestApiResponse"))

    def refusal(self, error: Exception, operation: str) -> TargetError | UsageError:
        """The error for a user that an error of boto3 means."""
        return told(error, operation, self._address, self._seen.arn if self._seen else "", self.endpoint())

    def endpoint(self) -> str:
        """The URL that requests go to, if it isn't that of the region. Otherwise empty."""
        client = next(iter(self._clients.values()), None)
        url = client.meta.endpoint_url if client is not None else ""
        return "" if (urlsplit(url).hostname or "").startswith(_OF_AWS) else url

    def _call(self, operation: str, method: str) -> Mapping[str, Any]:
        try:
            answer = getattr(self._client(repeats=True), method)(Name=self._address.environment)
        except Exception as error:  # noqa: BLE001 - boto3 raises what its credential processes raise, too
            raise self.refusal(error, operation) from None
        return answer if isinstance(answer, Mapping) else {}

    def _client(self, *, repeats: bool) -> Any:
        with self._lock:
            if repeats not in self._clients:
                address = self._address
                chosen = AwsOptions(
                    region_name=address.region, profile_name=address.profile_name, role_arn=address.role_arn
                )
                client = make_client(chosen, self._settings, SERVICE, 10, repeats=repeats)
                client.meta.events.register(f"before-call.{SERVICE}", _without_prefix)
                self._clients[repeats] = client
            return self._clients[repeats]

    def close(self) -> None:
        """Closes the connections."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()


def _without_prefix(params: dict[str, Any], **_: Any) -> None:
    """Sends a request to the endpoint that the user names, without the `api.` or `env.` that boto3 puts before it.

    botocore's own setting for that (`inject_host_prefix`) is newer than the oldest one that airconn takes.
    """
    parts = urlsplit(params["url"])
    host = _PREFIX.sub("", parts.netloc, count=1)
    if host != parts.netloc and not host.startswith(_OF_AWS):
        params["url"] = urlunsplit(parts._replace(netloc=host))
