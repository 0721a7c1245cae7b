"""Translates errors of AWS and of boto3. Their own words aren't shown: they could quote a value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from airconn.errors import AirconnError, UsageError
from airconn.stores import drivers
from airconn.stores.http.redirects import NamedServers
from airconn.stores.secrets.service import Denied, SecretRefused, Unavailable

_FROM = "AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or `aws sso login`"
LOG_IN = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or run `aws sso login`"

_REFUSES = "AWS refuses the credentials"
_ENDED = "set the credentials of a new session, or log in again"
_UNKNOWN = f"check that the access key exists and the region is enabled. They come from {_FROM}"
_WRONG = f"check that AWS_SECRET_ACCESS_KEY belongs to this access key, and the clock. They come from {_FROM}"
_NOT_US = {
    "ExpiredToken": (f"{_REFUSES}: their session has ended", _ENDED),
    "ExpiredTokenException": (f"{_REFUSES}: their session has ended", _ENDED),
    "TokenRefreshRequired": (f"{_REFUSES}: their session has ended", _ENDED),
    "RequestExpired": (f"{_REFUSES}: their session has ended, or the clock is wrong", _ENDED),
    "RequestTimeTooSkewed": (f"{_REFUSES}: the clock of this machine is wrong", "set the clock"),
    "AuthFailure": (_REFUSES, _UNKNOWN),
    "InvalidAccessKeyId": (f"{_REFUSES}: the access key is unknown", _UNKNOWN),
    "InvalidClientTokenId": (f"{_REFUSES}: the access key is unknown", _UNKNOWN),
    "UnrecognizedClientException": (f"{_REFUSES}: the access key is unknown", _UNKNOWN),
    "IncompleteSignature": (_REFUSES, _WRONG),
    "IncompleteSignatureException": (_REFUSES, _WRONG),
    "InvalidSignatureException": (f"{_REFUSES}: the secret doesn't fit the access key", _WRONG),
    "SignatureDoesNotMatch": (f"{_REFUSES}: the secret doesn't fit the access key", _WRONG),
    "MissingAuthenticationToken": (_REFUSES, _WRONG),
    "MissingAuthenticationTokenException": (_REFUSES, _WRONG),
    "OptInRequired": ("AWS refuses: the account isn't signed up for this", "enable the region or the service"),
}
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})
_TOO_MUCH = frozenset(
    {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)
_KEY = re.compile("KMS|InvalidKeyId|DecryptionFailure|EncryptionFailure")
_KEY_HINT = "check that the key exists and is enabled, and that this role may use it"
_WORDS = {
    "HierarchyTypeMismatchException": (
        "it isn't of the type SecureString, and AWS can't change that: delete it and import it again"
    ),
    "InvalidParameterException": "AWS doesn't accept this name or value",
    "InvalidRequestException": "it is marked for deletion, a replica, or another service's: AWS doesn't change it",
    "LimitExceededException": "the limit of AWS for secrets, or for versions of this one, is reached",
    "ParameterLimitExceeded": "the account has reached its limit of parameters (10,000 of the standard tier)",
    "ParameterMaxVersionLimitExceeded": "its oldest version has a label, so AWS can't add a new one",
    "ParameterNotFound": "it doesn't exist",
    "ParameterPatternMismatchException": "its AllowedPattern doesn't allow this value",
    "ResourceNotFoundException": "it doesn't exist",
    "TooManyUpdates": "another program is changing it right now",
    "ValidationException": "AWS doesn't accept this name or value",
}
_FILES = "~/.aws/config and ~/.aws/credentials, or those of AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE"
_LOGIN = (
    "AWS refuses the login of the profile, or it has ended",
    "run `aws sso login`, or log in to it in another way",
)
_FAULTS: tuple[tuple[str, type[AirconnError], str, str], ...] = (
    (
        "NoRegionError",
        UsageError,
        "no region is set",
        "name it in the address (aws-ssm://eu-west-1), in AWS_DEFAULT_REGION or in the profile",
    ),
    ("InvalidRegionError", UsageError, "unknown region", "write it like eu-west-1"),
    (
        "ProfileNotFound",
        UsageError,
        "no such profile",
        "`aws configure list-profiles` lists them",
    ),
    ("ConfigParseError", UsageError, "the configuration files of AWS can't be read", _FILES),
    ("InvalidConfigError", UsageError, "the configuration files of AWS have settings that can't be used", _FILES),
    ("DataNotFoundError", UsageError, "boto3 doesn't know this api_version", "leave it out, or update boto3"),
    ("NoCredentialsError", Unavailable, "there are no AWS credentials", LOG_IN),
    ("PartialCredentialsError", Unavailable, "the AWS credentials are incomplete", LOG_IN),
    ("CredentialRetrievalError", Unavailable, *_LOGIN),
    ("SSOError", Unavailable, *_LOGIN),
    ("TokenRetrievalError", Unavailable, *_LOGIN),
    ("LoginError", Unavailable, *_LOGIN),
    (
        "SSLError",
        Unavailable,
        "the TLS connection to AWS fails",
        "--ca-bundle FILE with the authority of its certificate",
    ),
    (
        "ProxyConnectionError",
        Unavailable,
        "the proxy can't be reached",
        "check HTTPS_PROXY, and NO_PROXY for hosts without a proxy",
    ),
    ("ConnectTimeoutError", Unavailable, "AWS can't be reached in time", "check the network and the proxy"),
    ("ReadTimeoutError", Unavailable, "AWS doesn't answer in time", "--timeout SECONDS waits longer"),
)
"""Errors of botocore by the names of their classes, which older versions may lack."""
_NETWORK = frozenset({"SSLError", "ProxyConnectionError", "ConnectTimeoutError", "ReadTimeoutError"})
"""Those that have nothing to do with AWS."""


@dataclass(frozen=True, slots=True)
class AwsEndpoint:
    """The endpoint of a request, for messages."""

    address: str
    service: str
    """The name of the service in policies."""
    region: str
    url: str
    """The endpoint, if it isn't that of the region. Otherwise empty."""
    topic: str = "aws"
    """The page of the guide."""


class Answered(SecretRefused):
    """An answer of AWS about one secret, by its code."""

    def __init__(self, code: str) -> None:
        shown = re.sub(r"[^A-Za-z]", "", code)
        super().__init__(_WORDS.get(code) or f"AWS answers {shown or 'with an error'}")
        self.code = code


class KeyFailed(SecretRefused):
    """The key of one secret can't be used."""


def told(error: Exception, asked: AwsEndpoint) -> AirconnError:
    """The error of airconn for any error of boto3."""
    # An error of a broken connection has a `response` as well, without a value.
    return of_answer(error, asked) if isinstance(getattr(error, "response", None), dict) else of_fault(error, asked)


def of_answer(error: Any, asked: AwsEndpoint) -> AirconnError:
    """The error for a `ClientError`: about the credentials, about the place, or about one secret."""
    found = error.response.get("Error", {})
    code, text = str(found.get("Code", "")).rpartition("#")[2], str(found.get("Message", ""))
    if code.isdigit() and (in_xml := re.search(r"<Code>(\w+)</Code>", text)):
        code = in_xml[1]  # from a gateway, or a substitute for AWS, which boto3 doesn't parse
    metadata = error.response.get("ResponseMetadata", {})
    status, to = metadata.get("HTTPStatusCode", 400), metadata.get("HTTPHeaders", {}).get("location")
    if 300 <= status < 400 and to:
        return NamedServers(asked.address).refusal(
            to, asked.url, "use that endpoint if you trust it: endpoint_url or AWS_ENDPOINT_URL"
        )
    operation = re.sub(r"\W", "", str(getattr(error, "operation_name", "")))
    if code in _NOT_US:
        message, hint = _NOT_US[code]
        return Unavailable(message, where=asked.address, hint=hint, topic=asked.topic)
    if operation.startswith("AssumeRole"):
        return Unavailable(
            "AWS doesn't allow these credentials to assume role_arn",
            where=asked.address,
            hint="check that the role exists, and that its trust policy allows it",
            topic=asked.topic,
        )
    if code in _TOO_MUCH or status == 429:
        return Unavailable(
            "AWS gets too many requests from this account", where=asked.address, hint="try again later"
        )
    if code in _DENIED:
        # The message names the key, or what the policy lacks. Both is said here without it.
        if re.search(r"\bkms\b", text, re.IGNORECASE):
            return KeyFailed("its key (KMS) may not be used", hint=_KEY_HINT)
        action = f"{asked.service}:{operation}"
        return Denied(f"these credentials may not do {action} here", hint=f"a policy must allow {action}")
    if _KEY.search(code):
        return KeyFailed("its key (KMS) can't be used", hint=_KEY_HINT)
    if status >= 500:
        return Unavailable("AWS has an internal error", where=asked.address, hint="try again later")
    if not re.fullmatch(r"[A-Za-z.]+", code):
        return no_aws(asked)
    return Answered(code)


def no_aws(asked: AwsEndpoint) -> Unavailable:
    """The error for an answer that isn't from AWS."""
    return Unavailable(
        "its answer isn't an answer of AWS", where=asked.address, hint="check endpoint_url and the proxy"
    )


def of_fault(error: Exception, asked: AwsEndpoint) -> AirconnError:
    """The error for a failure on the way, or for options that boto3 can't use."""
    if isinstance(inner := getattr(error, "kwargs", {}).get("error"), AirconnError):
        return inner  # botocore wraps it like all errors within a request
    names = {cls.__name__ for cls in type(error).__mro__}
    for name, kind, message, hint in _FAULTS:
        if name in names:
            return kind(message, where=asked.address, hint=hint, topic=None if name in _NETWORK else asked.topic)
    if "ParamValidationError" in names:
        return SecretRefused("AWS doesn't accept this name, value or option")
    if names.isdisjoint(("BotoCoreError", "OSError")):
        return Unavailable(f"boto3 fails ({type(error).__name__})", where=asked.address)
    return Unavailable("AWS can't be reached", where=asked.address, hint=_way_there(asked))


_IN_BOTO3 = {"airflow": "mwaa"}
"""The names in boto3 of services that policies call otherwise."""


def _way_there(asked: AwsEndpoint) -> str:
    if asked.url:
        return "check that a server runs at endpoint_url or AWS_ENDPOINT_URL"
    regions = _regions(asked.service)
    if asked.region not in regions and (near := get_close_matches(asked.region, regions, n=1)):
        return f"did you mean {near[0]}? boto3 doesn't know a region {asked.region}"
    return f"is {asked.region} the right region, and this machine online? For a proxy, set HTTPS_PROXY"


def _regions(service: str) -> list[str]:
    """The regions that the installed boto3 knows. There may be newer ones."""
    session = drivers.load("botocore.session", "aws", "boto3").get_session()
    partitions, in_boto3 = session.get_available_partitions(), _IN_BOTO3.get(service, service)
    return [region for name in partitions for region in session.get_available_regions(in_boto3, name)]
