"""Asks Google for an environment, and judges the answer: its state, its release, and where its Airflow is.

The fields are those of `projects.locations.environments` in the REST reference of the Cloud Composer API v1.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, urlsplit

from airconn import trust
from airconn.config import Settings
from airconn.errors import TargetError, UsageError
from airconn.stores.airflow_api.address import base_url
from airconn.stores.http import bodies
from airconn.stores.http.messages import Reply, Request
from airconn.stores.http.rest_client import RestClient
from airconn.stores.http.transport import Transport
from airconn.stores.managed.composer.address import ComposerAddress, listing

ENDPOINT_VARIABLE = "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPOSER"
"""The variable of gcloud for another endpoint of the API."""
ROLES = "composer.environments.get and the role Composer User (roles/composer.user) on the project"
_BY_GOOGLE = "Google; check the network"
_ENDPOINT = "https://composer.googleapis.com"
_HOSTS = re.compile(r"([a-z0-9-]+\.)+composer\.(byoid\.)?googleusercontent\.com")
_IMAGE = re.compile(r"composer-(?P<release>[0-9]+)(?:\.[0-9]+)*(?:-|$)")
_CODE = re.compile(r"[A-Z][A-Z_]{1,60}")
_EVERYWHERE = frozenset({"0.0.0.0/0", "::0/0", "::/0"})
_STATES = {
    "CREATING": ("is being created", "try again when it is RUNNING"),
    "UPDATING": (
        "is being updated, and what is written during an upgrade can be lost",
        "try again when it is RUNNING; add ?any_state=true to continue anyway",
    ),
    "DELETING": ("is being deleted", "name another one"),
    "ERROR": (
        "is in the state ERROR",
        "check it in the Google Cloud console; if its Airflow works, add ?any_state=true to continue",
    ),
}


@dataclass(frozen=True, slots=True)
class ComposerEnvironment:
    """An environment, as far as it matters."""

    airflow: str
    """The URL of its Airflow, for Google accounts."""
    external_airflow: str
    """The URL of its Airflow for external identities. Empty if it has none."""
    allowed_ranges: tuple[str, ...] | None
    """The ranges of IP addresses that its web server lets in. None for all."""


def endpoint(settings: Settings) -> str:
    """The URL of the Cloud Composer API. Raises `UsageError` for one that would get the token in clear."""
    given = settings.environ.get(ENDPOINT_VARIABLE, "").strip()
    if not given:
        return _ENDPOINT
    if not given.lower().startswith("https://") and not trust.is_this_machine(given):
        raise UsageError(
            f"{ENDPOINT_VARIABLE} is not a URL with https://, and gets a token of Google Cloud",
            hint=f"unset it; the API is at {_ENDPOINT}",
        )
    return base_url(given)


class ComposerApi(RestClient):
    """The Cloud Composer API, for one environment."""

    def __init__(self, settings: Settings, address: ComposerAddress, source: str) -> None:
        """`source` says where the token comes from."""
        by = ENDPOINT_VARIABLE if settings.environ.get(ENDPOINT_VARIABLE, "").strip() else _BY_GOOGLE
        transport = Transport(endpoint(settings), replace(settings, named_by=by), name="the Cloud Composer API")
        super().__init__(transport)
        self._address = address
        self._source = source

    def ask(self, headers: Mapping[str, str]) -> Reply:
        """The answer about the environment, with any status. Raises `NoAnswer` if there isn't one."""
        return self.transport.send(self._request(), headers)

    def environment(self, reply: Reply) -> ComposerEnvironment:
        """The environment in an answer. Raises `TargetError` for a refusal, and for one that isn't ready."""
        found = self.object_in(reply, self._request())
        if str(found.get("name")).rpartition("/locations/")[2] != self._address.resource.rpartition("/locations/")[2]:
            raise self.strange("its answer is about another environment")
        return self._judged(found)

    def refusal(self, reply: Reply, request: Request) -> TargetError:
        place, project = str(self._address), self._address.project
        reason, code = _codes(reply)
        if reply.status == 401:
            return TargetError(
                "Google doesn't accept the token",
                where=place,
                hint=f"the token comes from {self._source}",
                topic="composer",
            )
        if reply.status == 403 and reason == "SERVICE_DISABLED":
            return TargetError(
                "the Cloud Composer API is not enabled in the project",
                where=place,
                hint=f"gcloud services enable composer.googleapis.com --project {project}",
            )
        if reply.status == 403 and reason == "ACCESS_TOKEN_SCOPE_INSUFFICIENT":
            return TargetError(
                "the token lacks the scope cloud-platform",
                where=place,
                hint=f"the token comes from {self._source}; renew it with that scope",
                topic="composer",
            )
        if reply.status == 403:
            told = f" ({code})" if code else ""
            return TargetError(
                f"Google doesn't let this account see the environment{told}",
                where=place,
                hint=f"check the project; the account needs {ROLES}; the token comes from {self._source}",
                topic="composer",
            )
        if reply.status in (400, 404):
            told = f" ({code})" if code else ""
            return TargetError(
                f"Google knows no environment of this name in this location{told}",
                where=place,
                hint=listing(project, self._address.location),
            )
        return super().refusal(reply, request)

    def said(self, reply: Reply) -> str:
        return _codes(reply)[1]

    def login_hint(self) -> str:
        return f"the token comes from {self._source}"

    def _request(self) -> Request:
        return Request("GET", f"/v1/{quote(self._address.resource, safe='/:')}", largest=bodies.OBJECT)

    def _judged(self, found: Mapping[str, Any]) -> ComposerEnvironment:
        place = str(self._address)
        config = _table(found.get("config"))
        image = str(_table(config.get("softwareConfig")).get("imageVersion") or "")
        release = _IMAGE.match(image)
        if release and int(release["release"]) < 2:
            raise TargetError(
                "this is Composer 1, whose Airflow is behind Identity-Aware Proxy",
                where=place,
                hint="airconn opens Composer 2 and 3; for this one give the https:// URL of its Airflow, and in "
                "AIRCONN_TOKEN_COMMAND a command that prints an ID token for its proxy",
                topic="composer",
            )
        state = str(found.get("state") or "")
        if state != "RUNNING" and not self._address.options.any_state:
            what, hint = _STATES.get(state, ("is in an unknown state", "add ?any_state=true to continue anyway"))
            raise TargetError(f"the environment {what}", where=place, hint=hint, topic="composer")
        airflow = self._checked(config.get("airflowUri"))
        if not airflow:
            raise TargetError(
                "the environment has no Airflow yet", where=place, hint="try again when its state is RUNNING"
            )
        return ComposerEnvironment(airflow, self._checked(config.get("airflowByoidUri")), _ranges(config))

    def _checked(self, uri: object) -> str:
        """The base URL in a field, if it may get a token. Empty if there isn't one."""
        if not uri:
            return ""
        if isinstance(uri, str) and (_is_composers(uri) or _both_on_this_machine(uri, self.base)):
            return base_url(uri)
        raise TargetError(
            "Google's answer has an address of the Airflow that isn't one of Composer; no token is sent to it",
            where=str(self._address),
            hint="the addresses of Composer end in .composer.googleusercontent.com; "
            f"is {ENDPOINT_VARIABLE} or a proxy set?",
        )


def _is_composers(uri: str) -> bool:
    """Whether a URL is that of a web server of Composer: over https, with nothing but a host."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return False
    plain = parts.path in ("", "/") and not (parts.query or parts.fragment or "@" in parts.netloc or "\\" in uri)
    is_https = parts.scheme == "https" and port in (None, 443)
    return plain and is_https and _HOSTS.fullmatch(parts.hostname or "") is not None


def _both_on_this_machine(uri: str, api: str) -> bool:
    """Whether the Airflow and the API are on this machine, as in tests. Google's API never gives such an address."""
    return trust.is_this_machine(uri) and trust.is_this_machine(api)


def _codes(reply: Reply) -> tuple[str, str]:
    """The reason (`google.rpc.ErrorInfo`) and the status of an error of Google. Its text isn't shown."""
    answer = reply.json()
    error = _table(answer.get("error") if isinstance(answer, dict) else None)
    details = error.get("details")
    reasons = [str(_table(detail).get("reason") or "") for detail in details] if isinstance(details, list) else []
    found = next((reason for reason in reasons if _CODE.fullmatch(reason)), "")
    code = str(error.get("status") or "")
    return found, code if _CODE.fullmatch(code) else ""


def _ranges(config: Mapping[str, Any]) -> tuple[str, ...] | None:
    control = _table(config.get("webServerNetworkAccessControl")).get("allowedIpRanges")
    if not isinstance(control, list):
        return None
    ranges = tuple(str(_table(entry).get("value") or "") for entry in control)
    return None if _EVERYWHERE & set(ranges) else ranges


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
