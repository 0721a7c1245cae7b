"""Puts refusals of AWS for an MWAA environment into words.

AWS's own words aren't shown: they may quote what was sent.
"""

from __future__ import annotations

import re
from typing import Any

from airconn.errors import TargetError, UsageError
from airconn.stores.managed.mwaa.address import MwaaAddress
from airconn.stores.secrets.aws.errors import AwsEndpoint
from airconn.stores.secrets.aws.errors import told as told_by_aws

_DENIED = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_ON_ROLE = ("CreateWebLoginToken", "InvokeRestApi")
"""The operations that IAM allows on an Airflow role of an environment, and not on the environment itself."""
_UNREACHED = ("EndpointConnectionError", "ConnectTimeoutError", "ConnectionClosedError", "ReadTimeoutError")


class MwaaDenied(TargetError):
    """IAM doesn't allow these credentials a call."""


class MwaaUnreached(TargetError):
    """AWS's endpoint for a call can't be reached."""


def told(error: Exception, operation: str, address: MwaaAddress, arn: str, endpoint: str) -> TargetError | UsageError:
    """The error for a user that an error of boto3 means.

    `arn` is that of the environment, if it is known. `endpoint` is where requests go, if it isn't the region's.
    """
    where = str(address)
    if isinstance(error, UsageError | TargetError):
        return error
    code, message = code_of(error), message_of(error)
    if code in _DENIED and _is_of_call(error, operation):
        return _denied(operation, address, arn, where)
    if code == "ResourceNotFoundException":
        return TargetError(
            f"no MWAA environment {address.environment!r} in {address.region}",
            where=where,
            hint=f"aws mwaa list-environments --region {address.region}",
        )
    if code == "ValidationException" and "update your environment" in message.lower():
        return TargetError(
            "the environment is too old for InvokeRestApi",
            where=where,
            hint="update it in the AWS console, or leave ?through=api out",
        )
    if code == "ValidationException":
        return TargetError(
            f"AWS refuses {operation} as invalid",
            where=where,
            hint=f"is {address.environment!r} the name of the environment?",
            topic="mwaa",
        )
    asked = AwsEndpoint(where, "airflow", address.region, endpoint, topic="mwaa")
    found = told_by_aws(error, asked)
    names = {cls.__name__ for cls in type(error).__mro__}
    if isinstance(found, TargetError) and not names.isdisjoint(_UNREACHED):
        return MwaaUnreached(found.message, where=where, hint=found.hint)
    if isinstance(found, TargetError | UsageError):
        return found
    return TargetError(f"{operation}: {found.message}", where=where, hint=found.hint)


def code_of(error: Exception) -> str:
    """The code of an answer of AWS. Empty for an error of another kind."""
    return str(_part(error).get("Code", "")).rpartition("#")[2]


def message_of(error: Exception) -> str:
    """AWS's words, which are looked at and never shown."""
    return str(_part(error).get("Message", ""))


def status_of(error: Exception) -> int:
    """The HTTP status of an answer of AWS. 0 for an error of another kind."""
    response = getattr(error, "response", None)
    metadata = response.get("ResponseMetadata", {}) if isinstance(response, dict) else {}
    return int(metadata.get("HTTPStatusCode") or 0)


def _part(error: Exception) -> dict[str, Any]:
    response = getattr(error, "response", None)
    found = response.get("Error", {}) if isinstance(response, dict) else {}
    return found if isinstance(found, dict) else {}


def _is_of_call(error: Exception, operation: str) -> bool:
    """Whether it is the call itself that failed, and not the login to a role before it."""
    return getattr(error, "operation_name", operation) == operation


def _denied(operation: str, address: MwaaAddress, arn: str, where: str) -> MwaaDenied:
    """The error for a call that IAM doesn't allow, with the resource that a policy has to name."""
    known = re.fullmatch(r"arn:(aws[a-z-]*):airflow:[a-z0-9-]+:([0-9]{12}):environment/.+", arn)
    partition, account = known.groups() if known else (_partition(address.region), "ACCOUNT")
    resource = f"arn:{partition}:airflow:{address.region}:{account}:"
    if operation in _ON_ROLE:
        resource += f"role/{address.environment}/Op"
        role = " (Op or Admin, an Airflow role and not one of IAM)"
    else:
        resource += f"environment/{address.environment}"
        role = ""
    return MwaaDenied(
        f"IAM doesn't allow these credentials airflow:{operation}",
        where=where,
        hint=f"a policy must allow it on {resource}{role}",
        topic="mwaa",
    )


def _partition(region: str) -> str:
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"
