"""Builds the request that updates a Deployment, from the Deployment as it was read.

Astro has no call for one environment variable: `POST /deployments/{id}` takes the whole configuration, and what a
request lacks may be reset. The fields are those of `Update…DeploymentRequest` in Astro's OpenAPI document (v1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from airconn.stores.astro.deployment.variable import DeploymentVariable

Fields = Mapping[str, Any]

_OF_ALL = (
    "type",
    "name",
    "workspaceId",
    "description",
    "executor",
    "isCicdEnforced",
    "isDagDeployEnabled",
    "contactEmails",
)
_OF_HOSTED = (*_OF_ALL, "schedulerSize", "isHighAvailability", "isDevelopmentMode")
_PODS = ("defaultTaskPodCpu", "defaultTaskPodMemory", "resourceQuotaCpu", "resourceQuotaMemory")
"""Astro's CLI leaves these out of a Deployment with remote execution, which has no pods of its own."""
_REQUIRED = {
    "HYBRID": ("name", "workspaceId", "executor", "isCicdEnforced", "isDagDeployEnabled"),
    "STANDARD": (
        *("name", "workspaceId", "executor", "isCicdEnforced", "isDagDeployEnabled"),
        *("schedulerSize", "isHighAvailability"),
    ),
}
_REQUIRED["DEDICATED"] = _REQUIRED["STANDARD"]

_QUEUE = (
    "id",
    "name",
    "isDefault",
    "minWorkerCount",
    "maxWorkerCount",
    "workerConcurrency",
    "podEphemeralStorage",
)
_SCHEDULE = ("description", "hibernateAtCron", "isEnabled", "wakeAtCron")
_OVERRIDE = ("isHibernating", "overrideUntil")
_REMOTE = ("enabled", "allowedIpAddressRanges", "taskLogBucket", "taskLogUrlPattern")

NOT_SENT = frozenset(
    """
    airflowVersion apiUrl astroRuntimeVersion cloudProvider clusterId clusterName createdAt createdBy
    dagTarballVersion desiredDagTarballVersion drExternalIPs drOidcIssuerUrl effectiveDRWorkloadIdentity
    effectiveWorkloadIdentity externalIPs id imageRepository imageTag imageVersion namespace oidcIssuerUrl
    organizationId region runtimeVersion scalingStatus schedulerAu schedulerCpu schedulerMemory schedulerReplicas
    status statusReason uiUrl updatedAt updatedBy webServerAirflowApiUrl webServerCpu webServerIngressHostname
    webServerMemory webServerReplicas webServerUrl workspaceName
    """.split()  # noqa: SIM905 - a list of so many strings helps no reader
)
"""The fields of a Deployment that an update doesn't take by this name. The effective workload identities are among
them: sent back, Astro's default would become the user's own choice, and what isn't sent is kept."""

_KNOWN = NOT_SENT | {
    *_OF_HOSTED,
    *_PODS,
    "environmentVariables",
    "remoteExecution",
    "scalingSpec",
    "taskPodNodePoolId",
    "workerQueues",
}


def unknown_fields(deployment: Fields) -> list[str]:
    """The fields of a Deployment that aren't in the OpenAPI document, so that an update may reset them."""
    found = [name for name in deployment if name not in _KNOWN]
    for number, queue in enumerate(deployment.get("workerQueues") or ()):
        own = {*_QUEUE, "astroMachine", "nodePoolId", "podCpu", "podMemory"}
        found += [f"workerQueues.{number}.{name}" for name in queue if name not in own]
    remote = deployment.get("remoteExecution") or {}
    found += [f"remoteExecution.{name}" for name in remote if name not in (*_REMOTE, "remoteApiUrl")]
    spec = deployment.get("scalingSpec") or {}
    found += [f"scalingSpec.{name}" for name in spec if name != "hibernationSpec"]
    hibernation = spec.get("hibernationSpec") or {}
    where = "scalingSpec.hibernationSpec"
    found += [f"{where}.{name}" for name in hibernation if name not in ("schedules", "override")]
    for number, schedule in enumerate(hibernation.get("schedules") or ()):
        found += [f"{where}.schedules.{number}.{name}" for name in schedule if name not in _SCHEDULE]
    override = hibernation.get("override") or {}
    found += [f"{where}.override.{name}" for name in override if name not in (*_OVERRIDE, "isActive")]
    for variable in deployment.get("environmentVariables") or ():
        found += [f"environmentVariables.{name}" for name in variable if name not in _OF_VARIABLE]
    return sorted(set(found))


_OF_VARIABLE = ("key", "isSecret", "updatedAt", "value")


def missing_fields(deployment: Fields) -> list[str]:
    """The fields that an update has to have and the Deployment doesn't show."""
    type_ = deployment.get("type")
    if type_ not in _REQUIRED:
        return ["type"]
    found = [name for name in _REQUIRED[type_] if deployment.get(name) is None]
    machine = "nodePoolId" if type_ == "HYBRID" else "astroMachine"
    if type_ == "HYBRID":
        found += [name for name in ("schedulerAu", "schedulerReplicas") if deployment.get(name) is None]
    for number, queue in enumerate(_queues(deployment)):
        needed = ("id", "name", "isDefault", "minWorkerCount", "maxWorkerCount", "workerConcurrency", machine)
        found += [f"workerQueues.{number}.{name}" for name in needed if queue.get(name) is None]
    return found


def update_request(deployment: Fields, variables: Sequence[DeploymentVariable]) -> dict[str, Any]:
    """The request that gives a Deployment these environment variables and changes nothing else of it.

    The Deployment has no `missing_fields`.
    """
    is_hybrid = deployment["type"] == "HYBRID"
    sent = {name: deployment[name] for name in sent_fields(deployment) if deployment.get(name) is not None}
    if is_hybrid:
        sent["scheduler"] = {"au": deployment["schedulerAu"], "replicas": deployment["schedulerReplicas"]}
    machines = ("nodePoolId" if is_hybrid else "astroMachine",)
    if queues := [queue_fields(queue, machines) for queue in _queues(deployment)]:
        sent["workerQueues"] = queues
    if not is_hybrid:
        if (remote := deployment.get("remoteExecution")) is not None:
            sent["remoteExecution"] = _only(remote, _REMOTE)
        if (scaling := scaling_spec(deployment)) is not None:
            sent["scalingSpec"] = scaling
    sent["environmentVariables"] = [_variable(variable) for variable in variables]
    return sent


def sent_fields(deployment: Fields) -> tuple[str, ...]:
    """The plain fields that an update of this Deployment has by the names of the Deployment."""
    if deployment.get("type") == "HYBRID":
        pool = ("taskPodNodePoolId",) if deployment.get("executor") == "KUBERNETES" else ()
        return (*_OF_ALL, *pool)
    return _OF_HOSTED if _is_remote(deployment) else (*_OF_HOSTED, *_PODS)


def scaling_spec(deployment: Fields) -> dict[str, Any] | None:
    """The schedules of the hibernation, and what overrides them as long as that is active.

    An override that is over has a time in the past, which the server may refuse. None without any.
    """
    spec = (deployment.get("scalingSpec") or {}).get("hibernationSpec") or {}
    found: dict[str, Any] = {}
    if (schedules := spec.get("schedules")) is not None:
        found["schedules"] = [_only(schedule, _SCHEDULE) for schedule in schedules]
    override = spec.get("override") or {}
    if override.get("isActive"):
        found["override"] = _only(override, _OVERRIDE)
    return {"hibernationSpec": found} if found else None


def _is_remote(deployment: Fields) -> bool:
    return bool((deployment.get("remoteExecution") or {}).get("enabled"))


def _queues(deployment: Fields) -> Sequence[Fields]:
    """The worker queues that an update takes: none with the Kubernetes executor or with remote execution."""
    executor = deployment.get("executor")
    if executor == "KUBERNETES" or (executor == "ASTRO" and _is_remote(deployment)):
        return ()
    return tuple(deployment.get("workerQueues") or ())


def queue_fields(queue: Fields, machines: Sequence[str]) -> dict[str, Any]:
    """The fields of a worker queue that an update has. `machines` are those that say where its workers run."""
    return _only(queue, (*_QUEUE, *machines))


def _variable(variable: DeploymentVariable) -> dict[str, Any]:
    """An entry of the request. Without a value, the server keeps the one of a secret.

    An empty one isn't sent for a secret: in 2024 it erased the secret (astro-cli#1593), which may still be so.
    """
    entry: dict[str, Any] = {"key": variable.key, "isSecret": variable.is_secret}
    if variable.value is not None and not (variable.is_secret and variable.value == ""):
        entry["value"] = variable.value
    return entry


def _only(fields: Fields, names: Sequence[str]) -> dict[str, Any]:
    return {name: fields[name] for name in names if fields.get(name) is not None}
