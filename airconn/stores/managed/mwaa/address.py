"""The address of an MWAA environment: `mwaa://REGION/ENVIRONMENT`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from airconn.errors import UsageError
from airconn.stores import address_options

EXAMPLE = "mwaa://eu-west-1/prod"

_REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
_ENVIRONMENT = re.compile(r"[a-zA-Z][0-9a-zA-Z_-]{0,79}")
"""As the shape `EnvironmentName` of botocore's service model, which botocore doesn't check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MwaaAddress:
    """An environment, and the identity and the way that requests to it take."""

    TOPIC: ClassVar[str] = "mwaa"
    region: str
    environment: str
    profile_name: str | None = None
    """The profile in the user's AWS configuration."""
    role_arn: str | None = None
    """The role that the credentials assume."""
    through: str = "web"
    """`web`: a login at the web server. `api`: each request by AWS's `InvokeRestApi`."""

    def __str__(self) -> str:
        return f"mwaa://{self.region}/{self.environment}"

    @property
    def through_api(self) -> bool:
        return self.through == "api"


def split(address: str) -> MwaaAddress:
    """The parts of an address. Raises `UsageError`, which doesn't quote it."""
    parts = address_options.split(address, example=EXAMPLE)
    if not _REGION.fullmatch(parts.host):
        raise UsageError("the address names no region of AWS", hint=f"it is like {EXAMPLE}", topic="mwaa")
    if not _ENVIRONMENT.fullmatch(parts.path):
        raise UsageError(
            "the address names no MWAA environment",
            hint=f"it is like {EXAMPLE}; a name has letters, digits, '-' and '_', at most 80",
            topic="mwaa",
        )
    found = address_options.from_query(MwaaAddress, parts.query, region=parts.host, environment=parts.path)
    if found.through not in ("web", "api"):
        raise UsageError("through is web or api", hint=f"such as {EXAMPLE}?through=api", topic="mwaa")
    return found
