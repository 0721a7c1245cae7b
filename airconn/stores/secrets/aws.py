"""What AWS's two places for secrets share: options, who we are, one call, and what errors mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.model import Kind
from airconn.stores import drivers
from airconn.stores.secrets import options
from airconn.stores.secrets.service import Refused, Service, Unavailable
from airconn.stores.secrets.store import SECRET_KINDS

PARALLEL = 6
"""Below the 40 reads a second that both services give every account, at what a request takes."""

_LOG_IN = "AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws sso login`"
_NOT_US = frozenset(
    {
        "AccessDenied",
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "IncompleteSignatureException",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
_TOO_MUCH = frozenset({"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"})


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsOptions:
    """What both of Airflow's backends take beside their prefixes; the rest goes to boto3 there, and is named here."""

    connections_lookup_pattern: str | None = None
    variables_lookup_pattern: str | None = None
    config_lookup_pattern: str | None = None
    region_name: str | None = None
    profile_name: str | None = None
    role_arn: str | None = None
    assume_role_method: str | None = None
    assume_role_kwargs: dict[str, Any] | None = field(default=None, metadata={"internal": True})
    endpoint_url: str | None = None
    verify: bool | str | None = None
    use_ssl: bool | None = None
    api_version: str | None = None
    connection_format: str = "json"
    """airconn's own: how a connection is written, as JSON or as a URI."""
    aws_access_key_id: str | None = options.secret()
    aws_secret_access_key: str | None = options.secret()
    aws_session_token: str | None = options.secret()


Chosen = TypeVar("Chosen", bound=AwsOptions)


def of_address(cls: type[Chosen], address: str, example: str) -> Chosen:
    """The options of `scheme://REGION?…`."""
    parts = options.split(address, example=example)
    if parts.path:
        raise UsageError(
            "the address goes on behind the region",
            hint=f"prefixes are options: {example}?connections_prefix=…&variables_prefix=…",
        )
    given = {"region_name": parts.host} if parts.host else {}
    return _checked(options.from_query(cls, parts.query, **given))


def of_kwargs(cls: type[Chosen], kwargs: Mapping[str, Any], where: str) -> Chosen:
    """The options that Airflow's `backend_kwargs` say."""
    return _checked(options.from_kwargs(cls, kwargs, where))


def _checked(chosen: Chosen) -> Chosen:
    if chosen.connection_format not in ("json", "uri"):
        raise UsageError("connection_format is json or uri")
    try:
        for kind in SECRET_KINDS:
            pattern_of(chosen, kind)
    except re.error:
        raise UsageError("a lookup_pattern is no regular expression") from None
    return chosen


def pattern_of(chosen: AwsOptions, kind: Kind) -> re.Pattern[str] | None:
    """What an id has to match for Airflow to look for it."""
    text = chosen.connections_lookup_pattern if kind is Kind.CONNECTIONS else chosen.variables_lookup_pattern
    return re.compile(text, re.IGNORECASE) if text else None


class AwsService(Service):
    """One account and region, through boto3. Its own retries take care of throttling and of what comes to grief."""

    parallel = PARALLEL
    service_name: str
    words: str

    def __init__(self, chosen: AwsOptions, settings: Settings, scheme: str) -> None:
        self._chosen = chosen
        environ = settings.environ
        region = chosen.region_name or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
        self._settings = settings
        self.region = region or ""
        self.address = f"{scheme}://{self.region}"
        self._made: Any = None

    def describe(self) -> str:
        return f"{self.words} in {self.region or 'the region of the profile'}"

    def passes(self, kind: Kind, id_: str) -> bool:
        """Whether Airflow looks for this id at all."""
        pattern = pattern_of(self._chosen, kind)
        return pattern is None or pattern.match(id_) is not None

    def prepare(self) -> None:
        """Makes the client, which several threads may then use. Raises `Unavailable` and `UsageError`."""
        self._client()

    def call(self, name: str, **arguments: Any) -> Any:
        """One request. Raises `botocore.exceptions.ClientError` for what is about the one secret."""
        exceptions = drivers.load("botocore.exceptions", "aws", "boto3")
        try:
            return getattr(self._client(), name)(**arguments)
        except exceptions.ClientError as error:
            raise self._told(error) from None
        except exceptions.BotoCoreError as error:
            raise self._broken(error, exceptions) from None

    def _client(self) -> Any:
        if self._made is None:
            self._made = self._make()
        return self._made

    def _make(self) -> Any:
        boto3 = drivers.load("boto3", "aws")
        exceptions = drivers.load("botocore.exceptions", "aws", "boto3")
        chosen, environ, settings = self._chosen, self._settings.environ, self._settings
        keys = {
            name: getattr(chosen, name) or (None if chosen.profile_name else environ.get(name.upper()))
            for name in ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
        }
        try:
            session = boto3.session.Session(
                profile_name=chosen.profile_name or environ.get("AWS_PROFILE"),
                region_name=self.region or None,
                **{name: key for name, key in keys.items() if key},
            )
            config = drivers.load("botocore.config", "aws", "boto3").Config(
                connect_timeout=settings.timeout,
                read_timeout=settings.timeout,
                max_pool_connections=PARALLEL + 2,
                retries={"mode": "standard", "max_attempts": settings.retries + 1},
            )
            variable = f"AWS_ENDPOINT_URL_{self.service_name.upper().replace('SECRETSMANAGER', 'SECRETS_MANAGER')}"
            endpoint = chosen.endpoint_url or environ.get(variable) or environ.get("AWS_ENDPOINT_URL")
            more = {"verify": str(settings.ca_bundle) if settings.ca_bundle else chosen.verify, "config": config}
            if chosen.role_arn:
                session = self._in_role(boto3, session, {**more, "endpoint_url": environ.get("AWS_ENDPOINT_URL")})
            return session.client(self.service_name, endpoint_url=endpoint, **more)
        except exceptions.NoRegionError:
            raise UsageError(
                "nothing says which region is meant",
                hint=f"name it like {self.address}eu-west-1, or set AWS_REGION",
            ) from None
        except exceptions.ProfileNotFound:
            raise UsageError(
                "there is no such profile", hint="aws configure list-profiles shows those that are"
            ) from None
        except exceptions.ClientError as error:
            raise self._told(error) from None
        except (exceptions.BotoCoreError, ValueError) as error:
            raise self._broken(error, exceptions) from None

    def _in_role(self, boto3: Any, session: Any, more: Mapping[str, Any]) -> Any:
        """A session in another role, for the hour that AWS gives it."""
        given = self._chosen.assume_role_kwargs or {}
        got = session.client("sts", **more).assume_role(
            RoleArn=self._chosen.role_arn, **{"RoleSessionName": "airconn", **given}
        )["Credentials"]
        return boto3.session.Session(
            aws_access_key_id=got["AccessKeyId"],
            aws_secret_access_key=got["SecretAccessKey"],
            aws_session_token=got["SessionToken"],
            region_name=session.region_name,
        )

    def _told(self, error: Any) -> Exception:
        """An error of AWS: about us, or about one secret. Its own message could quote a value, and isn't shown."""
        code = str(error.response.get("Error", {}).get("Code", ""))
        if code in _NOT_US:
            return Unavailable("AWS refuses the credentials", where=self.address, hint=_LOG_IN)
        if code in _TOO_MUCH:
            return Unavailable(
                "AWS has too many requests from this account", where=self.address, hint="try again later"
            )
        if code == "AccessDeniedException":
            operation = re.sub(r"\W", "", str(getattr(error, "operation_name", "it")))
            return Denied(
                f"these credentials may not do {operation} here", hint="the policy of the role has to allow it"
            )
        if "KMS" in code or code == "DecryptionFailure":
            return Refused("its key (KMS) can't be used", hint="is the key enabled, and may this role use it?")
        return Answered(code)

    def _broken(self, error: Exception, exceptions: Any) -> Exception:
        if isinstance(error, exceptions.NoCredentialsError | exceptions.PartialCredentialsError):
            return Unavailable("there are no AWS credentials", where=self.address, hint=_LOG_IN)
        if isinstance(error, exceptions.TokenRetrievalError | exceptions.SSOError):
            return Unavailable("AWS refuses the login, which has ended", where=self.address, hint="aws sso login")
        if isinstance(error, exceptions.SSLError):
            return Unavailable("the TLS connection fails", where=self.address, hint="--ca-bundle names the authority")
        if isinstance(error, exceptions.ParamValidationError):
            return Refused("AWS takes no such name or value")
        return Unavailable(
            "AWS can't be reached", where=self.address, hint="is there such a region, and a way to it?"
        )


class Answered(Refused):
    """What AWS says of one secret, by its code."""

    def __init__(self, code: str) -> None:
        super().__init__(f"AWS answers {re.sub(r'[^A-Za-z]', '', code) or 'with an error'}")
        self.code = code


class Denied(Refused):
    """The credentials are good, and may not do this."""
