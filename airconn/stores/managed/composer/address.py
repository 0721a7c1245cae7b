"""Takes apart the addresses of environments of Google Cloud Composer."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from airconn.errors import UsageError
from airconn.stores import address_options
from airconn.stores.google_identity import GoogleIdentity

EXAMPLE = "composer://PROJECT/LOCATION/ENVIRONMENT"
_PROJECT = re.compile(r"[A-Za-z0-9][A-Za-z0-9.:-]*")
_LOCATION = re.compile(r"[a-z]+-[a-z]+[0-9]+")
_ENVIRONMENT = re.compile(r"[a-z]([a-z0-9-]{0,62}[a-z0-9])?")
_RESOURCE = re.compile(r"locations/([^/]+)/environments/([^/]+)")
"""The path of the name that Google's own tools print: `projects/P/locations/L/environments/E`."""


@dataclass(frozen=True, slots=True)
class ComposerOptions:
    """The options of an address. Those for the identity have the names of Airflow's Google connection."""

    TOPIC: ClassVar[str] = "composer"
    gcp_key_path: str | None = None
    """The path of a key file of a service account."""
    gcp_credential_config_file: str | None = None
    """The path of a credential configuration, such as that of workload identity federation."""
    impersonation_chain: tuple[str, ...] | None = None
    """The service accounts to impersonate, each by the one before it."""
    byoid: bool | None = None
    """Whether to use the URL for external identities (`airflowByoidUri`). None: as the credentials are."""
    any_state: bool = False
    """Whether to go on even if the state of the environment isn't RUNNING."""


@dataclass(frozen=True, slots=True)
class ComposerAddress:
    """The parts of `composer://PROJECT/LOCATION/ENVIRONMENT?OPTION=VALUE`."""

    project: str
    location: str
    environment: str
    options: ComposerOptions = ComposerOptions()

    def __str__(self) -> str:
        """The address without its options."""
        return f"composer://{self.project}/{self.location}/{self.environment}"

    @property
    def resource(self) -> str:
        """The name of the environment in Google's API."""
        return f"projects/{self.project}/locations/{self.location}/environments/{self.environment}"

    @property
    def identity(self) -> GoogleIdentity:
        """The identity for Google."""
        return GoogleIdentity(
            key_path=self.options.gcp_key_path,
            config_file=self.options.gcp_credential_config_file,
            impersonation_chain=self.options.impersonation_chain or (),
        )


def split(address: str) -> ComposerAddress:
    """The parts of an address. Raises `UsageError`, which quotes none of the options."""
    parts = address_options.split(address, example=EXAMPLE)
    project, path = parts.host, parts.path
    if project == "projects":
        project, _, path = path.partition("/")
        if named := _RESOURCE.fullmatch(path):
            path = f"{named[1]}/{named[2]}"
    location, _, environment = path.partition("/")
    options = address_options.from_query(ComposerOptions, parts.query)
    _check_options(options)
    if not project or not _PROJECT.fullmatch(project):
        raise UsageError("the address names no project of Google Cloud", hint=f"it is {EXAMPLE}", topic="composer")
    if not location or not environment:
        raise UsageError(
            "the address needs the project, the location and the name of an environment",
            hint=f"it is {EXAMPLE}; {listing(project)}",
        )
    if not _LOCATION.fullmatch(location):
        raise UsageError(
            "the location isn't a region of Google Cloud",
            hint=f"such as europe-west1; {listing(project)}",
        )
    if not _ENVIRONMENT.fullmatch(environment):
        raise UsageError(
            "the name of the environment has characters that aren't allowed there",
            hint=f"they are lowercase letters, digits and '-'; {listing(project, location)}",
        )
    return ComposerAddress(project, location, environment, options)


def listing(project: str, location: str = "REGION") -> str:
    """How to list the environments, as a hint."""
    return f"list them with: gcloud composer environments list --project {project} --locations {location}"


def _check_options(options: ComposerOptions) -> None:
    if options.gcp_key_path and options.gcp_credential_config_file:
        raise UsageError("gcp_key_path and gcp_credential_config_file can't be combined", hint="keep one of them")
    for name in ("gcp_key_path", "gcp_credential_config_file"):
        if str(getattr(options, name)).lstrip().startswith("{"):
            raise UsageError(
                f"{name} holds the content of a file, and the list of processes shows addresses",
                hint="write the path of the file, or set GOOGLE_APPLICATION_CREDENTIALS to it",
            )
