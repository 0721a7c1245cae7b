"""The Airflow of a Deployment at Astro, found by the names of its Workspace and Deployment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from airconn import trust
from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError, UsageError
from airconn.stores.airflow_api.access import Access, access
from airconn.stores.airflow_api.address import base_url
from airconn.stores.airflow_api.store import AirflowApiStore
from airconn.stores.astro.address import AstroAddress, split
from airconn.stores.astro.client import AstroApi
from airconn.stores.astro.finding import find_deployment

_AIRFLOW = re.compile(r"https://([\w-]+\.)+[\w-]+(:[0-9]+)?(/[\w./~%-]*)?", re.IGNORECASE | re.ASCII)
"""The URL of an Airflow, without a user and whatever a parser of URLs may read differently."""


def open_store(address: str, settings: Settings) -> AirflowApiStore:
    """The Airflow of `astro-airflow://WORKSPACE/DEPLOYMENT`. Nothing is asked yet. Raises `UsageError`."""
    parts = split(address)
    organization = parts.query.get("organization")
    if unknown := set(parts.query) - {"organization"}:
        raise UsageError(
            f"unknown option {sorted(unknown)[0]!r}", where=str(parts), hint="the only option is organization"
        )
    if not parts.deployment:
        raise UsageError(
            "the address names no Deployment", where=str(parts), hint="it is astro-airflow://WORKSPACE/DEPLOYMENT"
        )
    return AirflowApiStore(str(parts), lambda: _find(parts, organization, settings))


def _find(parts: AstroAddress, organization: str | None, settings: Settings) -> Access:
    api = AstroApi(settings, organization)
    try:
        deployment = find_deployment(api, parts.workspace, parts.deployment, str(parts))
        _check_status(deployment, str(parts))
        identity = api.identity
    finally:
        api.close()
    base = _url(deployment, str(parts))
    credentials = Credentials(token=identity.token, source=identity.source, looked_at=(identity.source,))
    return access(base, replace(settings, credentials=credentials, named_by=str(parts)))


def _url(deployment: Mapping[str, Any], where: str) -> str:
    """The address of the Airflow that the Astro API gives, which gets the token.

    `webServerAirflowApiUrl` has no scheme, and may have a query (astro-cli 1.45.0, airflow.go).
    """
    given = str(deployment.get("apiUrl") or deployment.get("webServerAirflowApiUrl") or "").partition("?")[0]
    url = given if "://" in given else f"https://{given}"
    if not given or not (_AIRFLOW.fullmatch(url) or trust.is_this_machine(url)):
        raise TargetError("Astro gives no https:// address of this Deployment's Airflow", where=where)
    return base_url(url)


def _check_status(deployment: Mapping[str, Any], where: str) -> None:
    """Raises `TargetError` for a Deployment whose Airflow isn't running."""
    status, id_ = deployment.get("status"), deployment.get("id")
    if status == "HIBERNATING":
        raise TargetError(
            "the Deployment hibernates, and its Airflow with it",
            where=where,
            hint=f"astro deployment wake-up {id_}",
        )
    if status == "CREATING":
        raise TargetError("the Deployment is being created", where=where, hint="try again when it is healthy")
