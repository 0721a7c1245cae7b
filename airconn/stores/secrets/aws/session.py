"""Makes the client for requests to AWS: credentials, role, region and endpoint.

As `AwsConnectionWrapper` and `SessionFactory` of amazon 9.39.0 (aws/utils/connection_wrapper.py, hooks/base_aws.py).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores import drivers
from airconn.stores.http import bodies
from airconn.stores.http.tls import readable_authorities
from airconn.stores.secrets.aws.options import AwsOptions

_KEYS = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
_ENDPOINTS = {"secretsmanager": "AWS_ENDPOINT_URL_SECRETS_MANAGER"}
_ROLE = re.compile(r"arn:[\w-]+:iam::[0-9]{12}:role/\S+")
_BY_ITSELF = "use AWS_PROFILE with a profile that does"


def make_client(
    chosen: AwsOptions, settings: Settings, service: str, connections: int, *, repeats: bool = True
) -> Any:
    """A client of boto3, which several threads may use.

    `repeats`: it sends a request again that failed, which has to be safe for all of its requests.

    Raises `UsageError` for what can't be used, and what boto3 raises.
    """
    boto3 = drivers.load("boto3", "aws")
    keys = _keys(chosen, settings.environ)
    session = boto3.session.Session(profile_name=chosen.profile_name, region_name=region_of(chosen, settings), **keys)
    network = {
        "config": drivers.load("botocore.config", "aws", "boto3").Config(
            connect_timeout=settings.timeout,
            read_timeout=settings.timeout,
            max_pool_connections=connections,
            # It slows down as much as needed: the Parameter Store takes 3 writes a second.
            retries={"mode": "adaptive", "total_max_attempts": settings.retries + 1 if repeats else 1},
        ),
        "verify": _trusted(chosen, settings),
    }
    if chosen.role_arn:
        session = _in_role(session, chosen, settings, network)
    asked = {"api_version": chosen.api_version, "use_ssl": chosen.use_ssl}
    client = session.client(
        service,
        endpoint_url=endpoint_of(chosen, settings, service),
        **network,
        **{name: value for name, value in asked.items() if value is not None},
    )
    _limit(client)
    return client


def _limit(client: Any) -> None:
    """Limits the size of answers that a client reads. botocore has no setting for that, and follows no redirects."""
    classes = client._endpoint.http_session._pool_classes_by_scheme  # also those of its proxies
    classes.update(bodies.limited(classes, lambda method, url: bodies.OBJECT, client.meta.endpoint_url))


def region_of(chosen: AwsOptions, settings: Settings) -> str | None:
    """The region, if it isn't that of the profile."""
    return chosen.region_name or settings.environ.get("AWS_DEFAULT_REGION") or None


def endpoint_of(chosen: AwsOptions, settings: Settings, service: str) -> str | None:
    """The URL of the service. None if it follows from the region or the profile.

    That of STS is never `endpoint_url`, as in Airflow. Raises `UsageError`.
    """
    name, given = "endpoint_url", chosen.endpoint_url
    if service == "sts":
        name = "service_config"
        of_sts = (chosen.service_config or {}).get("sts")
        given = of_sts.get("endpoint_url") if isinstance(of_sts, Mapping) else None
    environ = settings.environ
    if not given and environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() != "true":
        own = _ENDPOINTS.get(service, f"AWS_ENDPOINT_URL_{service.upper()}")
        name = own if environ.get(own) else "AWS_ENDPOINT_URL"
        given = environ.get(name)
    if not given:
        return None
    try:
        parts = urlsplit(given)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise UsageError(f"{name} is not a URL", hint="like https://vpce.example.com, or http://127.0.0.1:4566")
    return str(given)


def _keys(chosen: AwsOptions, environ: Mapping[str, str]) -> dict[str, str]:
    """The keys that are given, all from one place. Empty if boto3 looks for them itself."""
    own = {name: getattr(chosen, name) for name in _KEYS}
    if not (own[_KEYS[0]] and own[_KEYS[1]]):
        own = {name: (chosen.session_kwargs or {}).get(name) for name in _KEYS}
    if not (own[_KEYS[0]] and own[_KEYS[1]]):
        own = {} if chosen.profile_name else {name: environ.get(name.upper()) for name in _KEYS}
    found = {name: str(key) for name, key in own.items() if key}
    for name, other in (_KEYS[:2], _KEYS[1::-1]):
        if name in found and other not in found:
            raise UsageError(f"{name.upper()} is set and {other.upper()} is not", hint=f"set {other.upper()} as well")
    return found if _KEYS[0] in found else {}


def _trusted(chosen: AwsOptions, settings: Settings) -> bool | str | None:
    """The authorities that are trusted. None leaves it to boto3, which knows AWS_CA_BUNDLE and the profile."""
    if settings.ca_bundle is not None:
        return readable_authorities(settings.ca_bundle, "the CA bundle")
    if isinstance(chosen.verify, str):
        return readable_authorities(Path(chosen.verify), "verify")
    if chosen.verify is False:
        # A user who asks for it isn't warned at each request.
        urllib3 = drivers.load("urllib3", "aws")
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    return chosen.verify


@dataclass(frozen=True)
class _Role:
    """Gives boto3 the credentials of a role, and new ones when they end. Asks for them at the first request."""

    fetch: Callable[[], Any]
    METHOD: ClassVar[str] = "assume-role"
    CANONICAL_NAME: ClassVar[str] = "airconn-role"

    def load(self) -> Any:
        credentials = drivers.load("botocore.credentials", "aws", "boto3")
        return credentials.DeferredRefreshableCredentials(self.fetch, self.METHOD)


def _in_role(base: Any, chosen: AwsOptions, settings: Settings, network: Mapping[str, Any]) -> Any:
    """A session in the role of `role_arn`. Raises `UsageError`."""
    if not _ROLE.fullmatch(chosen.role_arn or ""):
        raise UsageError("role_arn is not the ARN of a role", hint="like arn:aws:iam::123456789012:role/airflow")
    credentials = drivers.load("botocore.credentials", "aws", "boto3")
    endpoint = endpoint_of(chosen, settings, "sts")

    def client(service: str, *, config: Any = None, **keys: Any) -> Any:
        merged = {**network, "config": network["config"].merge(config) if config else network["config"]}
        of_sts = base.client(service, endpoint_url=endpoint, **merged, **keys)
        _limit(of_sts)
        return of_sts

    more = {
        "role_arn": chosen.role_arn,
        "extra_args": {"RoleSessionName": "airconn", **(chosen.assume_role_kwargs or {})},
    }
    method = chosen.assume_role_method or "assume_role"
    if method == "assume_role_with_web_identity":
        fetcher = credentials.AssumeRoleWithWebIdentityCredentialFetcher(
            client, _token_of_file(chosen, settings), **more
        )
    elif method == "assume_role":
        source = base.get_credentials()
        if source is None:
            raise drivers.load("botocore.exceptions", "aws", "boto3").NoCredentialsError
        fetcher = credentials.AssumeRoleCredentialFetcher(client, source, **more)
    elif method == "assume_role_with_saml":
        raise UsageError("airconn doesn't assume a role with SAML", hint=_BY_ITSELF)
    else:
        raise UsageError("unknown assume_role_method", hint="it is assume_role or assume_role_with_web_identity")
    inner = drivers.load("botocore.session", "aws", "boto3").get_session()
    inner.get_component("credential_provider").providers.insert(0, _Role(fetcher.fetch_credentials))
    return drivers.load("boto3", "aws").session.Session(botocore_session=inner, region_name=base.region_name)


def _token_of_file(chosen: AwsOptions, settings: Settings) -> Callable[[], str]:
    if chosen.assume_role_with_web_identity_federation not in (None, "file"):
        raise UsageError("airconn reads the token of a web identity only from a file", hint=_BY_ITSELF)
    name = "assume_role_with_web_identity_token_file"
    given = chosen.assume_role_with_web_identity_token_file
    if not given:
        name = "AWS_WEB_IDENTITY_TOKEN_FILE"
        given = settings.environ.get(name)

    def token() -> str:
        try:
            return Path(given or "").read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError(f"{name} names no file with a token", where=given) from None

    if not given:
        raise UsageError("the token of the web identity isn't set", hint=f"set {name}")
    return token
