"""Compares a Deployment before and after an update: what was sent back as it was read has to be as it was.

What the API does with a field that a request lacks isn't known for all of them, and updates have dropped the links of
Environment Manager objects (terraform-provider-astro#218).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airconn.quoting import clean
from airconn.stores.astro.deployment.request import Fields, queue_fields, scaling_spec, sent_fields
from airconn.stores.astro.deployment.variable import DeploymentVariable

_LONGEST = 300
_ALWAYS = (
    *("effectiveWorkloadIdentity", "effectiveDRWorkloadIdentity", "taskPodNodePoolId", "schedulerAu"),
    *("schedulerReplicas", "schedulerSize", "isHighAvailability", "isDevelopmentMode"),
    *("defaultTaskPodCpu", "defaultTaskPodMemory", "resourceQuotaCpu", "resourceQuotaMemory"),
)
"""The fields that stay as they are although not every update has them."""


def changed_fields(before: Fields, after: Fields) -> list[str]:
    """The settings of a Deployment that an update has changed, each in words with its value before.

    None of them is a secret. The environment variables aren't among them.
    """
    names = dict.fromkeys((*sent_fields(before), *_ALWAYS))
    pairs = [(name, before.get(name), after.get(name)) for name in names]
    pairs += [(name, _settings(before, name), _settings(after, name)) for name in _PARTS]
    return [_told(name, old, new) for name, old, new in pairs if _plain(old) != _plain(new)]


_PARTS = ("remoteExecution", "scalingSpec", "workerQueues")


def _settings(deployment: Fields, name: str) -> Any:
    """A compound field without what the server finds out by itself."""
    value = deployment.get(name)
    if name == "scalingSpec":
        return scaling_spec(deployment)
    if name == "remoteExecution" and value:
        return {key: item for key, item in value.items() if key != "remoteApiUrl"}
    if name == "workerQueues":
        queues = [queue_fields(queue, ("astroMachine", "nodePoolId")) for queue in value or ()]
        return sorted(queues, key=lambda queue: (str(queue.get("id")), str(queue.get("name"))))
    return value


def _plain(value: Any) -> Any:
    """A value in which nothing is the same as empty: the API leaves out what is false, 0 or an empty text or list."""
    if isinstance(value, Mapping):
        kept = {name: plain for name, item in value.items() if (plain := _plain(item)) is not None}
        return kept or None
    if isinstance(value, list):
        items = [_plain(item) for item in value]
        return sorted(items, key=str) or None
    return value or None


def _told(name: str, old: Any, new: Any) -> str:
    if _plain(old) is None:
        return f"{name} is set now, and was not before"
    was = clean(json.dumps(old, ensure_ascii=False))
    was = was if len(was) <= _LONGEST else was[:_LONGEST] + "…"
    return f"{name} {'is gone' if _plain(new) is None else 'has changed'}: it was {was}"


def changed_variables(wanted: Sequence[DeploymentVariable], after: Sequence[DeploymentVariable]) -> dict[str, str]:
    """What is wrong with environment variables after an update, by their names. Quotes no value.

    `wanted` are those of the request. A secret value can't be compared.
    """
    found: dict[str, str] = {}
    held = {variable.key: variable for variable in after}
    for variable in wanted:
        now = held.pop(variable.key, None)
        if now is None:
            found[variable.key] = "is gone"
        elif now.is_secret != variable.is_secret:
            found[variable.key] = "is a secret now" if now.is_secret else "is no longer a secret"
        elif not variable.is_secret and (now.value or "") != (variable.value or ""):
            found[variable.key] = "has another value"
    return found | dict.fromkeys(held, "is there, and was not sent")


LinkKey = tuple[str, str, str, str]
"""The type and the key of an environment object, and the scope that it comes from."""


def linked(objects: Sequence[Fields]) -> dict[LinkKey, str]:
    """The environment objects that a Deployment gets, with a text that is the same as long as nothing changes.

    They are those of a list with `resolveLinked`, which has the overrides of the Deployment in the values.
    """
    return {
        (
            str(obj.get("objectType")),
            str(obj.get("objectKey")),
            str(obj.get("sourceScope") or obj.get("scope") or ""),
            str(obj.get("sourceScopeEntityId") or obj.get("scopeEntityId") or ""),
        ): json.dumps({name: value for name, value in obj.items() if name not in _OF_TIME}, sort_keys=True)
        for obj in objects
    }


_OF_TIME = frozenset({"id", "createdAt", "createdBy", "updatedAt", "updatedBy"})
_TYPES = {"CONNECTION": "connection", "AIRFLOW_VARIABLE": "Airflow variable"}


def overrides(objects: Sequence[Fields], deployment_id: str) -> dict[LinkKey, tuple[str, ...]]:
    """The fields that links to a Deployment override, by name, of the objects of a list without `resolveLinked`."""
    found: dict[LinkKey, tuple[str, ...]] = {}
    for obj in objects:
        for link in obj.get("links") or ():
            if link.get("scopeEntityId") == deployment_id:
                shown = [name for key, part in link.items() if key.endswith("Overrides") for name in part or ()]
                names = tuple(sorted({*map(str, link.get("setFields") or ()), *shown}))
                found |= dict.fromkeys(linked([obj]), names)
    return found


def changed_links(
    before: Mapping[LinkKey, str], after: Mapping[LinkKey, str], overridden: Mapping[LinkKey, Sequence[str]]
) -> Iterator[str]:
    """The environment objects that reached a Deployment before an update and don't after it, or in another form.

    `overridden` are the fields that their links had values of their own for.
    """
    for key, text in sorted(before.items()):
        if key not in after:
            names = ", ".join(overridden.get(key, ()))
            own = f", and give the link its own values again: {clean(names)}" if names else ""
            yield f"{_object(key)} doesn't reach the Deployment any more: link it again{own}"
        elif after[key] != text:
            yield f"{_object(key)} reaches the Deployment with other values: check its overrides"


def _object(key: LinkKey) -> str:
    type_, name, scope, entity = key
    words = _TYPES.get(type_, type_.lower().replace("_", " "))
    home = f" of the {scope.capitalize()} {entity}" if scope and entity else ""
    return clean(f"the {words} {name!r}{home} in the Environment Manager")
