"""The options that Airflow's two backends for AWS share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.model import Kind
from airconn.stores import address_options
from airconn.stores.secrets.store import SECRET_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsOptions:
    """The options of both of Airflow's backends: their own, and those of an AWS connection's extra that they use.

    The rest of the extra (`config_kwargs`) is accepted without effect, as in Airflow.
    """

    TOPIC: ClassVar[str] = "aws"
    connections_prefix: str | None = None
    variables_prefix: str | None = None
    config_prefix: str | None = None
    connections_lookup_pattern: str | None = None
    variables_lookup_pattern: str | None = None
    config_lookup_pattern: str | None = None
    region_name: str | None = None
    profile_name: str | None = None
    role_arn: str | None = None
    assume_role_method: str | None = None
    assume_role_kwargs: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    assume_role_with_saml: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    assume_role_with_web_identity_federation: str | None = None
    assume_role_with_web_identity_federation_audience: str | None = None
    assume_role_with_web_identity_token_file: str | None = None
    endpoint_url: str | None = None
    verify: bool | str | None = None
    use_ssl: bool | None = None
    api_version: str | None = None
    config_kwargs: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    service_config: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    session_kwargs: dict[str, Any] | None = field(default=None, repr=False, metadata={"internal": True})
    aws_access_key_id: str | None = address_options.secret()
    aws_secret_access_key: str | None = address_options.secret()
    aws_session_token: str | None = address_options.secret()
    connection_format: str = "json"
    """An option of airconn: how a connection is written, as JSON or as a URI."""
    kms_key_id: str | None = None
    """An option of airconn: the key for new secrets, if it isn't the account's key for the service."""

    def joined(self, prefix: str) -> str:
        """The text before an id, with a prefix of this text."""
        raise NotImplementedError

    def prefix(self, kind: Kind) -> str | None:
        """The text before the ids of a kind. None if Airflow doesn't look for this kind."""
        given = self.connections_prefix if kind is Kind.CONNECTIONS else self.variables_prefix
        return None if given is None else self.joined(given)

    def others_below(self, kind: Kind) -> tuple[str, ...]:
        """The longer prefixes of other kinds that begin with the one of this kind."""
        own = self.prefix(kind) or ""
        given = (self.connections_prefix, self.variables_prefix, self.config_prefix)
        joined = {self.joined(prefix) for prefix in given if prefix is not None}
        return tuple(other for other in joined if other != own and other.startswith(own))


Chosen = TypeVar("Chosen", bound=AwsOptions)


def of_address(cls: type[Chosen], address: str, example: str, settings: Settings) -> Chosen:
    """The options of `scheme://REGION?…`. Without a region, it is that of the environment or of the profile."""
    parts = address_options.split(address, example=example)
    if parts.path:
        raise UsageError(
            "the address has a path after the region",
            hint=f"prefixes are options: {example}?connections_prefix=…&variables_prefix=…",
        )
    # Neither boto3 nor Airflow knows AWS_REGION, but other tools of AWS do.
    region = parts.host or ("" if "region_name" in parts.query else settings.environ.get("AWS_REGION"))
    given = {"region_name": region} if region else {}
    return _checked(address_options.from_query(cls, parts.query, **given))


def of_kwargs(cls: type[Chosen], kwargs: Mapping[str, Any], where: str) -> Chosen:
    """The options in Airflow's `backend_kwargs`."""
    return _checked(address_options.from_kwargs(cls, kwargs, where))


def _checked(chosen: Chosen) -> Chosen:
    address_options.check_connection_format(chosen.connection_format)
    for kind in SECRET_KINDS:
        pattern_of(chosen, kind)
    return chosen


def pattern_of(chosen: AwsOptions, kind: Kind) -> re.Pattern[str] | None:
    """The pattern of the ids that Airflow looks for. None for all. Raises `UsageError`."""
    text = chosen.connections_lookup_pattern if kind is Kind.CONNECTIONS else chosen.variables_lookup_pattern
    try:
        return re.compile(text, re.IGNORECASE) if text else None
    except re.error:
        raise UsageError(
            f"{kind.value}_lookup_pattern is not a regular expression",
            hint="write a Python regular expression, which the beginning of an id must match",
        ) from None
