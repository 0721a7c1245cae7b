"""The update of a Deployment sends back all that it has, valid by the published schema."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from airconn.stores.astro.deployment.request import missing_fields, unknown_fields, update_request
from airconn.stores.astro.deployment.variable import DeploymentVariable, variables_of
from tests.stores.astro import deployments, schema
from tests.stores.astro.environment_objects import cuid

WORKSPACE = {"id": cuid("wsp", 1), "name": "w", "organizationId": cuid("org", 1)}
KINDS = [
    ("STANDARD", "CELERY"),
    ("STANDARD", "KUBERNETES"),
    ("STANDARD", "ASTRO"),
    ("DEDICATED", "CELERY"),
    ("DEDICATED", "ASTRO"),
    ("HYBRID", "CELERY"),
    ("HYBRID", "KUBERNETES"),
]


def deployment(kind: str = "STANDARD", executor: str = "CELERY", **fields: Any) -> dict[str, Any]:
    return {**deployments.new_record(1, "prod", WORKSPACE, kind, executor), **fields}


def wrong(body: dict[str, Any]) -> list[str]:
    return [f"{one.field}: {one.code}" for one in schema.wrong_in_request("UpdateDeployment", body)]


@pytest.mark.parametrize(("kind", "executor"), KINDS)
def test_every_field_of_the_update_is_as_it_was_read(kind: str, executor: str) -> None:
    held = deployment(kind, executor)
    body = update_request(held, ())
    assert wrong(body) == []
    assert (unknown_fields(held), missing_fields(held)) == ([], [])
    server = deployments.Deployment(copy.deepcopy(held))
    deployments.update(server, body, deployments.Switches())
    assert server.changed_fields() == {}
    known = schema.fields_of(f"Update{kind.title()}DeploymentRequest")
    left = {"workloadIdentity", "drWorkloadIdentity"}
    left |= {"remoteExecution"} if "remoteExecution" not in held else set()
    left |= {"workerQueues"} if executor == "KUBERNETES" else {"taskPodNodePoolId"}
    assert known - body.keys() == left & known


def test_the_workload_identity_is_not_sent() -> None:
    body = update_request(deployment(effectiveDRWorkloadIdentity="dr"), ())
    assert not {name for name in body if "identity" in name.lower()}


def test_worker_queues_keep_their_storage_and_lose_what_is_only_read() -> None:
    queues = update_request(deployment(), ())["workerQueues"]
    assert [(queue["name"], queue["podEphemeralStorage"]) for queue in queues] == [
        ("default", "10Gi"),
        ("heavy", "20Gi"),
    ]
    assert all("id" in queue and not {"podCpu", "podMemory"} & queue.keys() for queue in queues)


def test_remote_execution_goes_without_its_url_and_without_pods() -> None:
    held = deployment(executor="ASTRO", remoteExecution=deployments.remote_execution())
    for name in ("defaultTaskPodCpu", "defaultTaskPodMemory", "resourceQuotaCpu", "resourceQuotaMemory"):
        del held[name]
    del held["workerQueues"]
    body = update_request(held, ())
    assert wrong(body) == []
    assert body["remoteExecution"] == {
        name: value for name, value in held["remoteExecution"].items() if name != "remoteApiUrl"
    }
    server = deployments.Deployment(copy.deepcopy(held))
    deployments.update(server, body, deployments.Switches())
    assert server.changed_fields() == {}


@pytest.mark.parametrize("is_active", [True, False, None])
def test_an_override_of_the_hibernation_is_sent_as_long_as_it_is_active(is_active: bool | None) -> None:
    override = {"isHibernating": True, "overrideUntil": "2027-01-01T00:00:00Z", "isActive": is_active}
    override = {name: value for name, value in override.items() if value is not None}
    schedules = [deployments.hibernation_schedule()]
    body = update_request(
        deployment(scalingSpec={"hibernationSpec": {"schedules": schedules, "override": override}}), ()
    )
    assert wrong(body) == []
    sent = {"isHibernating": True, "overrideUntil": "2027-01-01T00:00:00Z"}
    expected = {"schedules": schedules} | ({"override": sent} if is_active else {})
    assert body["scalingSpec"] == {"hibernationSpec": expected}


def test_the_value_of_a_secret_is_sent_if_it_is_a_new_one() -> None:
    variables = (
        DeploymentVariable("A", is_secret=True),
        DeploymentVariable("B", True, "new"),
        DeploymentVariable("C", True, ""),
        DeploymentVariable("D", False, ""),
        DeploymentVariable("E", False, "e", "2026-01-01T00:00:00Z"),
    )
    body = update_request(deployment(), variables)
    assert wrong(body) == []
    assert body["environmentVariables"] == [
        {"key": "A", "isSecret": True},
        {"key": "B", "isSecret": True, "value": "new"},
        {"key": "C", "isSecret": True},
        {"key": "D", "isSecret": False, "value": ""},
        {"key": "E", "isSecret": False, "value": "e"},
    ]


def test_a_value_that_an_answer_shows_of_a_secret_is_not_sent_back() -> None:
    entry = {"key": "A", "isSecret": True, "value": "", "updatedAt": deployments.EARLIER}
    (variable,) = variables_of({"environmentVariables": [entry]})
    assert variable.value is None
    assert update_request(deployment(), [variable])["environmentVariables"] == [{"key": "A", "isSecret": True}]


def test_a_variable_does_not_show_its_value() -> None:
    assert "s3cret" not in repr(DeploymentVariable("A", True, "s3cret"))


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"future": 1}, ["future"]),
        ({"workerQueues": [{"id": "q", "gpu": 1}]}, ["workerQueues.0.gpu"]),
        ({"remoteExecution": {"enabled": False, "proxy": "x"}}, ["remoteExecution.proxy"]),
        ({"scalingSpec": {"autoscale": {}}}, ["scalingSpec.autoscale"]),
        ({"scalingSpec": {"hibernationSpec": {"mode": 1}}}, ["scalingSpec.hibernationSpec.mode"]),
        (
            {"scalingSpec": {"hibernationSpec": {"schedules": [{"zone": "UTC"}]}}},
            ["scalingSpec.hibernationSpec.schedules.0.zone"],
        ),
        (
            {"scalingSpec": {"hibernationSpec": {"override": {"by": "x"}}}},
            ["scalingSpec.hibernationSpec.override.by"],
        ),
        ({"environmentVariables": [{"key": "A", "scope": "x"}]}, ["environmentVariables.scope"]),
    ],
)
def test_a_field_that_is_not_known_is_found(change: dict[str, Any], found: list[str]) -> None:
    assert unknown_fields(deployment(**change)) == found


def test_every_field_of_the_schema_is_known() -> None:
    assert unknown_fields(dict.fromkeys(schema.fields_of("Deployment"))) == []
    queue = dict.fromkeys(schema.fields_of("WorkerQueue"))
    remote = dict.fromkeys(schema.fields_of("DeploymentRemoteExecution"))
    override = dict.fromkeys(schema.fields_of("DeploymentHibernationOverride"))
    schedule = dict.fromkeys(schema.fields_of("DeploymentHibernationSchedule"))
    variable = dict.fromkeys(schema.fields_of("DeploymentEnvironmentVariable"))
    spec = {"hibernationSpec": {"override": override, "schedules": [schedule]}}
    held = {"workerQueues": [queue], "remoteExecution": remote, "scalingSpec": spec}
    assert unknown_fields({**held, "environmentVariables": [variable]}) == []


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("STANDARD", "type"),
        ("STANDARD", "executor"),
        ("DEDICATED", "schedulerSize"),
        ("STANDARD", "isHighAvailability"),
        ("HYBRID", "schedulerAu"),
    ],
)
def test_a_field_that_an_update_needs_and_that_is_not_there_is_found(kind: str, name: str) -> None:
    held = deployment(kind)
    del held[name]
    assert missing_fields(held) == [name]


def test_a_queue_without_a_machine_is_found() -> None:
    held = deployment()
    del held["workerQueues"][1]["astroMachine"]
    assert missing_fields(held) == ["workerQueues.1.astroMachine"]
