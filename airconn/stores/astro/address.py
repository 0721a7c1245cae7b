"""Takes apart the addresses of places at Astro."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from airconn.errors import UsageError
from airconn.stores import address_options

_ID = re.compile(r"c[a-z0-9]{24}")


@dataclass(frozen=True, slots=True)
class AstroAddress:
    """The parts of `SCHEME://WORKSPACE/DEPLOYMENT?OPTION=VALUE`. Both names are ids or names, or empty."""

    scheme: str
    workspace: str
    deployment: str
    query: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        """The address without its options."""
        rest = f"/{quote(self.deployment, safe=' ')}" if self.deployment else ""
        return f"{self.scheme}://{quote(self.workspace, safe=' ')}{rest}"


def split(address: str) -> AstroAddress:
    """The parts of an address, percent-decoded. Raises `UsageError`, which quotes none of them."""
    scheme = address.partition("://")[0].lower()
    example = f"{scheme}://WORKSPACE" + ("[/DEPLOYMENT]" if scheme == "astro-env" else "/DEPLOYMENT")
    parts = address_options.split(address, example=example)
    return AstroAddress(scheme, parts.host, parts.path, parts.query)


def split_deployment(address: str) -> AstroAddress:
    """The same of an address that has to name a Deployment."""
    parts = split(address)
    if not parts.deployment:
        hint = f"it is {parts.scheme}://WORKSPACE/DEPLOYMENT"
        raise UsageError("the address names no Deployment", where=str(parts), hint=hint)
    return parts


def is_id(name: str) -> bool:
    """Whether a name has the form of an id at Astro: `c` and 24 small letters and digits (a CUID)."""
    return _ID.fullmatch(name) is not None
