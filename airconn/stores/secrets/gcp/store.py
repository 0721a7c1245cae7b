"""A project of Google Secret Manager as a place, under the names of Airflow's backend."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.model import AirflowObject, Text, Variable
from airconn.stores import address_options as opts
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Ids
from airconn.stores.secrets.codec import TextCodec
from airconn.stores.secrets.gcp.client import GcpClient
from airconn.stores.secrets.gcp.options import EXAMPLE, GcpOptions, check
from airconn.stores.secrets.gcp.service import GcpSecretManager
from airconn.stores.secrets.store import SecretStore

LONGEST_NAME = 255
"""The most characters of a name (`CreateSecretRequest.secret_id`)."""
LARGEST = 65536
"""The most bytes of a secret (`SecretPayload.data`): 64 KiB."""


def open_store(address: str, settings: Settings) -> GcpSecretManagerStore:
    """The store of `gcp-secretmanager://PROJECT?OPTION=VALUE`. Without PROJECT it is the one of the credentials."""
    parts = opts.split(address, example=EXAMPLE, has_path=False)
    given = {"project_id": parts.host} if parts.host else {}
    options = opts.from_query(GcpOptions, parts.query, **given)
    if str(options.gcp_credential_config_file).lstrip().startswith("{"):
        raise UsageError(
            "gcp_credential_config_file holds the content of a file, and the list of processes shows addresses",
            hint="write the path of the file, or set GOOGLE_APPLICATION_CREDENTIALS to it",
        )
    return _open(options, settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> GcpSecretManagerStore:
    """The store of Airflow's `backend_kwargs`."""
    return _open(opts.from_kwargs(GcpOptions, kwargs, where), settings)


def _open(options: GcpOptions, settings: Settings) -> GcpSecretManagerStore:
    check(options)
    client = GcpClient(options.identity, options.project_id or None, options.api_endpoint, settings)
    codec = TextCodec(options.connection_format)
    service = GcpSecretManager(options.prefixes, options.reserved, options.replication, client)
    return GcpSecretManagerStore(f"gcp-secretmanager://{options.project_id or ''}", service, codec)


class GcpSecretManagerStore(SecretStore):
    """Secrets of one project."""

    def __init__(self, address: str, service: GcpSecretManager, codec: TextCodec) -> None:
        ids = Ids("letters, digits, '-' and '_'", re.compile(r"[A-Za-z0-9_-]+"))
        super().__init__(
            address, service, codec, Capabilities(service.kinds, ids=ids, largest=LARGEST, versions=True)
        )

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        found = list(super().problems(obj, context))
        if isinstance(obj, Variable) and isinstance(obj.value, Text) and not obj.value.text:
            found.append("its value is empty, and Secret Manager can't store empty values")
        if obj.kind in self.capabilities.kinds and len(self._service.name(obj.kind, obj.id)) > LONGEST_NAME:
            found.append(f"with its prefix the id is longer than the {LONGEST_NAME} characters that a name has")
        return found
