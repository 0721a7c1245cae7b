"""Checks that an answer of Astro's API has the shape of a Deployment, so that no part of it is misread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airconn.errors import TargetError


def checked(deployment: dict[str, Any], where: str) -> dict[str, Any]:
    """The Deployment itself. Raises `TargetError` for an answer of another shape, and quotes no value."""
    if wrong := next(_wrong(deployment), None):
        raise TargetError(
            f"Astro's answer isn't that of a Deployment: {wrong} has another type than it should",
            where=where,
            hint="check that AIRCONN_ASTRO_API is the Astro API",
        )
    return deployment


def _wrong(deployment: Mapping[str, Any]) -> Iterator[str]:
    for name in ("id", "status", "type", "executor"):
        if not isinstance(deployment.get(name), str) and (name == "id" or deployment.get(name) is not None):
            yield name
    for name in ("environmentVariables", "workerQueues"):
        if not _is_list_of_objects(deployment.get(name)):
            yield name
            return
    for variable in deployment.get("environmentVariables") or ():
        is_right = isinstance(variable.get("key"), str) and isinstance(variable.get("isSecret"), bool)
        if not is_right or not isinstance(variable.get("value"), str | None):
            yield "environmentVariables"
    for name in ("remoteExecution", "scalingSpec"):
        if not isinstance(deployment.get(name), dict | None):
            yield name
            return
    spec = (deployment.get("scalingSpec") or {}).get("hibernationSpec")
    if not _is_hibernation(spec):
        yield "scalingSpec.hibernationSpec"


def _is_hibernation(spec: Any) -> bool:
    if not isinstance(spec, dict):
        return spec is None
    return isinstance(spec.get("override"), dict | None) and _is_list_of_objects(spec.get("schedules"))


def _is_list_of_objects(value: Any) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(item, dict) for item in value))
