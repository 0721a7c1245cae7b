"""The rules of Deployments: what an update of the whole does to each part. No HTTP here."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import Any

from tests.stores.astro.environment_objects import BadRequest, cuid
from tests.stores.astro.switches import Switches

EARLIER = "2026-05-01T10:00:00Z"
LATER = "2026-11-30T12:00:00Z"
_BY = {"id": cuid("usr", 1), "subjectType": "USER", "username": "ops@example.com", "fullName": "Ops"}
_QUEUE_READ_ONLY = {"podCpu": "2", "podMemory": "4Gi"}
_OPTIONAL = (
    "description",
    "defaultTaskPodCpu",
    "defaultTaskPodMemory",
    "resourceQuotaCpu",
    "resourceQuotaMemory",
    "isDevelopmentMode",
    "remoteExecution",
    "workerQueues",
    "taskPodNodePoolId",
)
_READ_ONLY = ("updatedAt", "updatedBy", "environmentVariables")


@dataclass
class DeploymentVariable:
    """An environment variable of a Deployment, with its value even if it is a secret."""

    key: str
    value: str
    is_secret: bool = False
    updated_at: str = EARLIER

    def state(self) -> dict[str, Any]:
        return {"value": self.value, "isSecret": self.is_secret}


@dataclass
class Deployment:
    """A Deployment as the server holds it. `record` has the fields of its answer but the environment variables."""

    record: dict[str, Any]
    variables: dict[str, DeploymentVariable] = field(default_factory=dict)
    restarts: int = 0
    workload_identity: str = ""
    """What a user pinned; empty: the platform's default."""
    origin: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.remember()

    @property
    def id(self) -> str:
        return str(self.record["id"])

    @property
    def workspace(self) -> str:
        return str(self.record["workspaceId"])

    def put(self, key: str, value: str, *, secret: bool = False) -> None:
        """Sets a variable as somebody else would in the user interface."""
        self.variables[key] = DeploymentVariable(key, value, secret)

    def values(self) -> dict[str, str]:
        return {key: one.value for key, one in self.variables.items()}

    def remember(self) -> None:
        """Makes what it is now what later changes are compared with."""
        self.origin = self._comparable()

    def changed_fields(self) -> dict[str, tuple[Any, Any]]:
        """Each field but the environment variables that isn't what it was: before and after."""
        now = self._comparable()
        return {
            name: (self.origin.get(name), now.get(name))
            for name in sorted(self.origin.keys() | now.keys())
            if self.origin.get(name) != now.get(name)
        }

    def shown(self) -> dict[str, Any]:
        """The Deployment as an answer has it: secrets never."""
        variables = [
            {"key": one.key, "isSecret": one.is_secret, "updatedAt": one.updated_at}
            | ({} if one.is_secret else {"value": one.value})
            for one in self.variables.values()
        ]
        record = copy.deepcopy(self.record)
        if variables:
            record["environmentVariables"] = variables
        return record

    def _comparable(self) -> dict[str, Any]:
        record = {name: value for name, value in self.record.items() if name not in _READ_ONLY}
        record = copy.deepcopy({**record, "(workloadIdentity)": self.workload_identity})
        hibernation = record.get("scalingSpec", {}).get("hibernationSpec", {})
        if not hibernation.get("override", {}).get("isActive"):
            hibernation.pop("override", None)  # it is over, and does nothing
        return record


def new_record(number: int, name: str, workspace: dict[str, Any], kind: str, executor: str) -> dict[str, Any]:
    """The record of a Deployment with every field that its type has."""
    key = cuid("dep", number)
    host = f"{workspace['organizationId'][-5:]}.astronomer.run/d{number:04d}"
    record: dict[str, Any] = {
        "id": key,
        "name": name,
        "description": f"All that {name} needs",
        "type": kind,
        "workspaceId": workspace["id"],
        "workspaceName": workspace["name"],
        "organizationId": workspace["organizationId"],
        "airflowVersion": "3.1.2+astro.1",
        "astroRuntimeVersion": "3.1-2",
        "runtimeVersion": "3.1-2",
        "apiUrl": f"https://{host}/api/v2",
        "webServerAirflowApiUrl": f"{host}/api/v2",
        "uiUrl": f"https://{host}?orgId=org_1",
        "webServerUrl": f"{host}?orgId=org_1",
        "webServerIngressHostname": host,
        "webServerCpu": "1",
        "webServerMemory": "2Gi",
        "contactEmails": ["oncall@example.com", "data@example.com"],
        "createdAt": EARLIER,
        "createdBy": dict(_BY),
        "updatedAt": EARLIER,
        "updatedBy": dict(_BY),
        "effectiveWorkloadIdentity": "arn:aws:iam::123456789012:role/AirflowS3Logs",
        "executor": executor,
        "externalIPs": ["203.0.113.7"],
        "imageRepository": "images.example.com/astro",
        "imageTag": "deploy-2026-05-01",
        "isCicdEnforced": True,
        "isDagDeployEnabled": True,
        "namespace": f"terrestrial-gravity-{number:04d}",
        "schedulerCpu": "2",
        "schedulerMemory": "4Gi",
        "schedulerReplicas": 2,
        "status": "HEALTHY",
    }
    if kind == "HYBRID":
        record |= {"schedulerAu": 10, "clusterId": cuid("clu", 1)}
    else:
        record |= {
            "schedulerSize": "MEDIUM",
            "isHighAvailability": True,
            "isDevelopmentMode": True,
            "defaultTaskPodCpu": "0.25",
            "defaultTaskPodMemory": "0.5Gi",
            "resourceQuotaCpu": "10",
            "resourceQuotaMemory": "20Gi",
            "scalingSpec": {"hibernationSpec": {"schedules": [hibernation_schedule()]}},
        }
    if executor != "KUBERNETES":
        record["workerQueues"] = [worker_queue(number, "default", kind), worker_queue(number, "heavy", kind)]
    elif kind == "HYBRID":
        record["taskPodNodePoolId"] = cuid("nod", 2)
    return record


def worker_queue(number: int, name: str, kind: str) -> dict[str, Any]:
    """A queue as it is read."""
    machine = {"nodePoolId": cuid("nod", 1)} if kind == "HYBRID" else {"astroMachine": "A20"}
    return {
        "id": cuid(name, number),
        "name": name,
        "isDefault": name == "default",
        "minWorkerCount": 0,
        "maxWorkerCount": 10,
        "workerConcurrency": 16,
        "podEphemeralStorage": "20Gi" if name == "heavy" else "10Gi",
        **machine,
        **_QUEUE_READ_ONLY,
    }


def hibernation_schedule() -> dict[str, Any]:
    return {
        "description": "nights",
        "hibernateAtCron": "0 20 * * *",
        "wakeAtCron": "0 6 * * *",
        "isEnabled": True,
    }


def remote_execution(number: int = 1) -> dict[str, Any]:
    return {
        "enabled": True,
        "allowedIpAddressRanges": ["198.51.100.0/24"],
        "taskLogBucket": "s3://logs",
        "taskLogUrlPattern": "https://logs.example.com/{{ dag_id }}",
        "remoteApiUrl": f"https://remote-{number}.astronomer.run",
    }


def update(deployment: Deployment, body: dict[str, Any], switches: Switches) -> None:
    """Does what an update does: all of it, or nothing. Its components restart."""
    record = copy.deepcopy(deployment.record)
    _refuse_wrong(deployment, body, switches)
    variables = _updated_variables(deployment, body["environmentVariables"], switches)
    _take_fields(record, body, switches)
    deployment.record, deployment.variables = record, variables
    if "workloadIdentity" in body:
        deployment.workload_identity = record["effectiveWorkloadIdentity"] = body["workloadIdentity"]
    record["updatedAt"] = LATER
    deployment.restarts += 1


def _refuse_wrong(deployment: Deployment, body: dict[str, Any], switches: Switches) -> None:
    record = deployment.record
    for name in ("type", "workspaceId"):
        if body[name] != record[name]:
            raise BadRequest(name, "immutable")
    if body.get("isDevelopmentMode") and not record.get("isDevelopmentMode"):
        raise BadRequest("isDevelopmentMode", "invalid", "a Deployment can't become one for development")
    queues = body.get("workerQueues", [])
    with_queues = body["executor"] == "CELERY" or (
        body["executor"] == "ASTRO" and not body.get("remoteExecution", {}).get("enabled")
    )
    if with_queues != bool(queues):
        raise BadRequest("workerQueues", "required" if with_queues else "excluded_with")
    if queues and [queue["name"] for queue in queues if queue["isDefault"]] != ["default"]:
        raise BadRequest("workerQueues", "invalid", "one queue has to be the default one")
    remote = body.get("remoteExecution", {}).get("enabled")
    for name in ("defaultTaskPodCpu", "defaultTaskPodMemory", "resourceQuotaCpu", "resourceQuotaMemory"):
        if body["type"] != "HYBRID" and not remote and not body.get(name):
            raise BadRequest(name, "required")
        if remote and name in body:
            raise BadRequest(name, "excluded_with")
    hibernation = body.get("scalingSpec", {}).get("hibernationSpec", {})
    if hibernation and not body.get("isDevelopmentMode"):
        raise BadRequest("scalingSpec", "invalid", "only Deployments for development hibernate")
    until = hibernation.get("override", {}).get("overrideUntil")
    if until and until < LATER and switches.expired_override == "refused":
        raise BadRequest("scalingSpec.hibernationSpec.override.overrideUntil", "invalid", "it is over")


def _take_fields(record: dict[str, Any], body: dict[str, Any], switches: Switches) -> None:
    for name in ("name", "executor", "schedulerSize", "isCicdEnforced", "isDagDeployEnabled", "isHighAvailability"):
        if name in body:
            record[name] = body[name]
    if "scheduler" in body:
        record |= {"schedulerAu": body["scheduler"]["au"], "schedulerReplicas": body["scheduler"]["replicas"]}
    for name in _OPTIONAL:
        if name in body:
            record[name] = _read_form(name, body[name], record.get(name))
        elif switches.deployment_fields_omitted == "cleared":
            record.pop(name, None)
    for name, omitted in (
        ("contactEmails", switches.contact_emails_omitted),
        ("scalingSpec", switches.scaling_spec_omitted),
    ):
        if name in body:
            record[name] = _read_form(name, body[name], record.get(name))
        elif omitted == "cleared":
            record.pop(name, None)


def _read_form(name: str, sent: Any, old: Any) -> Any:
    """A field as it is read after it was sent: with what the server adds."""
    if name == "remoteExecution":
        ranges = sent.get("allowedIpAddressRanges", [])
        return {**sent, "allowedIpAddressRanges": ranges, "remoteApiUrl": (old or remote_execution())["remoteApiUrl"]}
    if name == "scalingSpec":
        spec = copy.deepcopy(sent)
        if "override" in spec.get("hibernationSpec", {}):
            spec["hibernationSpec"]["override"]["isActive"] = True
        return spec
    if name == "workerQueues":
        known = {queue["id"]: queue for queue in old or []}
        return [_read_queue(queue, known.get(queue.get("id", "")), number) for number, queue in enumerate(sent)]
    return copy.deepcopy(sent)


def _read_queue(sent: dict[str, Any], old: dict[str, Any] | None, number: int) -> dict[str, Any]:
    if "id" in sent and old is None:
        raise BadRequest(f"workerQueues.{number}.id", "invalid")
    # Without an id it is a new queue, and the tasks of the old one are lost.
    return {"id": cuid("new", number), **_QUEUE_READ_ONLY, **sent}


def _updated_variables(
    deployment: Deployment, sent: list[dict[str, Any]], switches: Switches
) -> dict[str, DeploymentVariable]:
    result: dict[str, DeploymentVariable] = {}
    for number, one in enumerate(sent):
        key, where = one["key"], f"environmentVariables.{number}"
        if not key or key in result or "=" in key:
            raise BadRequest(f"{where}.key", "invalid", f"{key!r} is empty, or there twice")
        old = deployment.variables.get(key)
        value = _updated_value(old, one, where, switches)
        if old is not None and (old.value, old.is_secret) == (value, one["isSecret"]):
            result[key] = old
        else:
            result[key] = DeploymentVariable(key, value, one["isSecret"], LATER)
    return result


def _updated_value(old: DeploymentVariable | None, sent: dict[str, Any], where: str, switches: Switches) -> str:
    value = sent.get("value")
    if sent["isSecret"]:
        if old is not None and old.is_secret:
            return old.value if value is None or (value == "" and switches.secret_variable_empty == "kept") else value
        if value is None and switches.new_secret_without_value == "refused":
            raise BadRequest(f"{where}.value", "required")
        return value or ""
    if old is not None and old.is_secret:
        if switches.secret_made_plain == "refused":
            raise BadRequest(f"{where}.isSecret", "immutable")
        if value is None:
            return old.value if switches.secret_made_plain == "shown" else ""
        return str(value)
    if value is None:
        return old.value if old is not None and switches.plain_value_absent == "kept" else ""
    return str(value)
