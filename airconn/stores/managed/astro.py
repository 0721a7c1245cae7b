"""The Airflow of a Deployment at Astro, found by the names of its Workspace and Deployment."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from airconn import trust
from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import AirconnError, TargetError
from airconn.model import Kind
from airconn.model.reading import Key, Note
from airconn.quoting import some
from airconn.stores.address_options import from_query
from airconn.stores.airflow_api.access import Access, access
from airconn.stores.airflow_api.address import base_url
from airconn.stores.airflow_api.store import AirflowApiStore
from airconn.stores.astro.address import AstroAddress, split_deployment
from airconn.stores.astro.client import AstroApi
from airconn.stores.astro.finding import find_deployment
from airconn.stores.base import Context

if TYPE_CHECKING:
    from airconn.stores.astro.environment.store import EnvironmentManagerStore

_AIRFLOW = re.compile(r"https://([\w-]+\.)+[\w-]+(:[0-9]+)?(/[\w./~%-]*)?", re.IGNORECASE | re.ASCII)
"""The URL of an Airflow, without a user and whatever a parser of URLs may read differently."""
_SHOWN = 5
"""The most ids that a message names."""


@dataclass(frozen=True, slots=True)
class DeploymentAirflowOptions:
    """The options of an address."""

    TOPIC: ClassVar[str] = "astro"
    organization: str | None = None
    """The id of the organization, for a token that doesn't tell it."""


class DeploymentAirflow(AirflowApiStore):
    """The Airflow of a Deployment, in which the Environment Manager comes before the metadata database."""

    def __init__(
        self, parts: AstroAddress, find: Callable[[], Access], open_manager: Callable[[], EnvironmentManagerStore]
    ) -> None:
        super().__init__(str(parts), find)
        self._open_manager = open_manager

    def shadowed(self, keys: frozenset[Key], context: Context) -> Sequence[Note]:
        kinds = frozenset(kind for kind, _ in keys) - {Kind.POOLS}
        if not kinds:
            return ()
        try:
            with closing(self._open_manager()) as manager:
                found = sorted(keys & manager.quick_ids(kinds, context))
        except AirconnError as error:
            unknown = "unknown whether the Environment Manager has objects with the same ids"
            return (Note(self.address, f"{unknown}: {error}", is_detail=True),)
        names = [f"{kind.value}/{id_}" for kind, id_ in found]
        shown = some(names, _SHOWN)
        message = f"the Environment Manager has {shown} too, and comes first: tasks don't get the values written here"
        return (Note(self.address, message),) if names else ()


def open_store(address: str, settings: Settings) -> AirflowApiStore:
    """The Airflow of `astro-airflow://WORKSPACE/DEPLOYMENT`. Nothing is asked yet. Raises `UsageError`."""
    parts = split_deployment(address)
    organization = from_query(DeploymentAirflowOptions, parts.query).organization
    return DeploymentAirflow(
        parts, lambda: _find(parts, organization, settings), lambda: _manager(parts, organization, settings)
    )


def _manager(parts: AstroAddress, organization: str | None, settings: Settings) -> EnvironmentManagerStore:
    """The Environment Manager of the Deployment, with all that reaches it."""
    from airconn.stores.astro.environment.store import open_store

    query = "?linked=true" + (f"&organization={quote(organization, safe='')}" if organization else "")
    return open_store(f"{replace(parts, scheme='astro-env')}{query}", settings)


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
        raise TargetError("Astro returned no https:// address of this Deployment's Airflow", where=where)
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
