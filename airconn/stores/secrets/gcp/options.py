"""Google Cloud Secret Manager, as Airflow's `CloudSecretManagerBackend` (google 22.8.0) reads it.

A secret is named `{prefix}{sep}{id}`, also for prefixes that end in `sep` or are empty. Airflow reads the version
`latest`, which is the newest one, even if it is disabled.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

from airconn.errors import UsageError
from airconn.formats import backend_names
from airconn.model import Kind
from airconn.stores import address_options as opts
from airconn.stores.google_identity import GoogleIdentity

EXAMPLE = "gcp-secretmanager://my-project"
_NAME = re.compile(r"[A-Za-z0-9_-]*")
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]*")
_ENDPOINT = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class GcpOptions:
    """The options of Airflow's backend and, at the end, those of airconn."""

    TOPIC: ClassVar[str] = "gcp"
    connections_prefix: str | None = backend_names.DASHED[Kind.CONNECTIONS]
    variables_prefix: str | None = backend_names.DASHED[Kind.VARIABLES]
    config_prefix: str | None = "airflow-config"
    gcp_keyfile_dict: dict[str, Any] | None = field(default=None, repr=False, metadata={"secret": True})
    gcp_key_path: str | None = None
    gcp_credential_config_file: str | dict[str, Any] | None = field(default=None, repr=False)
    """The path of a file, or its content."""
    gcp_scopes: str | None = None
    project_id: str | None = None
    sep: str = "-"
    impersonation_chain: str | tuple[str, ...] | None = None
    connection_format: str = "json"
    replication: tuple[str, ...] = ()
    """The regions of new secrets, for organizations that don't leave that to Google."""
    api_endpoint: str | None = None
    """The host of a Private Service Connect endpoint."""

    @property
    def prefixes(self) -> dict[Kind, str]:
        """The beginnings of names, for the kinds that have a prefix."""
        found = {Kind.CONNECTIONS: self.connections_prefix, Kind.VARIABLES: self.variables_prefix}
        return {kind: prefix + self.sep for kind, prefix in found.items() if prefix is not None}

    @property
    def reserved(self) -> tuple[str, ...]:
        """The beginnings of all names that Airflow looks for, including those of its configuration."""
        config = () if self.config_prefix is None else (self.config_prefix + self.sep,)
        return (*self.prefixes.values(), *config)

    @property
    def identity(self) -> GoogleIdentity:
        """The identity for Google."""
        chain = self.impersonation_chain or ()
        scopes = tuple(scope.strip() for scope in (self.gcp_scopes or "").split(",") if scope.strip())
        given = GoogleIdentity(
            key_path=self.gcp_key_path,
            keyfile=self.gcp_keyfile_dict,
            config_file=self.gcp_credential_config_file,
            impersonation_chain=(chain,) if isinstance(chain, str) else tuple(chain),
        )
        return replace(given, scopes=scopes) if scopes else given


def check(options: GcpOptions) -> None:
    if any(not _NAME.fullmatch(prefix) for prefix in options.prefixes.values()):
        raise UsageError(
            "prefix or sep has a character that names of secrets can't have",
            hint="use letters, digits, '-' and '_'; Airflow refuses others, too",
        )
    ways = (options.gcp_keyfile_dict, options.gcp_key_path, options.gcp_credential_config_file)
    if sum(way is not None for way in ways) > 1:
        raise UsageError(
            "gcp_keyfile_dict, gcp_key_path and gcp_credential_config_file can't be combined",
            hint="keep one of them",
        )
    if options.project_id and not _PROJECT.fullmatch(options.project_id):
        raise UsageError("the project is not the id or number of a project", hint=f"an address is like {EXAMPLE}")
    opts.check_connection_format(options.connection_format)
    if options.api_endpoint is not None and not _ENDPOINT.fullmatch(options.api_endpoint):
        raise UsageError("api_endpoint is not a host", hint="like secretmanager-mine.p.googleapis.com")
