"""The options of an `astro-env://` address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from airconn.errors import UsageError
from airconn.stores import address_options
from airconn.stores.astro.address import AstroAddress


@dataclass(frozen=True, slots=True)
class EnvironmentOptions:
    """The options of an address. `as` is a word of Python, so that its field has another name."""

    TOPIC: ClassVar[str] = "astro"
    organization: str | None = None
    """The id of the organization, for a token that doesn't tell it."""
    linked: bool = False
    """Whether all that reaches a Deployment is read: what is linked to it, with the overrides of the links."""
    auto_link: bool = False
    """Whether new objects of a Workspace are linked to all its Deployments."""
    secret: str | None = None
    """`all` or `none`: which new variables are secrets. None: those that look like secrets."""
    as_env: bool = False
    """Whether objects are environment variables `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*`."""


def options_of(parts: AstroAddress) -> EnvironmentOptions:
    """The options in an address. Raises `UsageError` for unknown ones, and for those that don't fit together."""
    query = dict(parts.query)
    form = query.pop("as", None)
    if form not in (None, "env"):
        raise _wrong(parts, "as is env", "without it, Environment Manager objects are read")
    if "as_env" in query:
        raise _wrong(parts, "unknown option 'as_env'", "did you mean as=env?")
    options = address_options.from_query(EnvironmentOptions, query, as_env=form == "env")
    if options.secret not in (None, "all", "none"):
        raise _wrong(parts, "secret is all or none", "without it, names and values decide")
    if options.linked and not parts.deployment:
        raise _wrong(parts, "linked needs a Deployment", "astro-env://WORKSPACE/DEPLOYMENT?linked=true")
    if options.linked and (options.auto_link or options.secret):
        raise _wrong(parts, "linked is only for reading", "leave out auto_link and secret")
    if options.auto_link and parts.deployment:
        raise _wrong(parts, "auto_link is for objects of a Workspace", "an object of a Deployment exists only there")
    return options


def _wrong(parts: AstroAddress, message: str, hint: str) -> UsageError:
    return UsageError(message, where=str(parts), hint=hint)
