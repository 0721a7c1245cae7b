"""What an update of a Deployment has changed is found, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from airconn.stores.astro.deployment.guard import changed_fields, changed_links, changed_variables, linked, overrides
from airconn.stores.astro.deployment.variable import DeploymentVariable
from tests.stores.astro.deployment.test_request import deployment


def test_the_same_deployment_has_not_changed() -> None:
    assert changed_fields(deployment(), deployment(updatedAt="later", status="DEPLOYING")) == []


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"contactEmails": []}, {"contactEmails": None}),
        ({"description": ""}, {"description": None}),
        ({"isDagDeployEnabled": False}, {"isDagDeployEnabled": None}),
        ({"contactEmails": ["a", "b"]}, {"contactEmails": ["b", "a"]}),
        ({"scalingSpec": {"hibernationSpec": {"override": {"isActive": False}}}}, {"scalingSpec": None}),
    ],
)
def test_what_is_empty_may_be_absent(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert changed_fields(deployment(**before), deployment(**after)) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"contactEmails": None},
            'contactEmails is gone: it was ["oncall@example.com", "data@example.com"]',
        ),
        ({"schedulerSize": "SMALL"}, 'schedulerSize has changed: it was "MEDIUM"'),
        ({"isHighAvailability": False}, "isHighAvailability is gone: it was true"),
        ({"effectiveWorkloadIdentity": None}, "effectiveWorkloadIdentity is gone: it was"),
        ({"remoteExecution": {"enabled": True}}, "remoteExecution is set now, and was not before"),
        ({"scalingSpec": None}, "scalingSpec is gone: it was"),
        ({"workerQueues": []}, "workerQueues is gone: it was"),
    ],
)
def test_a_setting_that_has_changed_is_told_with_what_it_was(change: dict[str, Any], told: str) -> None:
    (found,) = changed_fields(deployment(), deployment(**change))
    assert found.startswith(told)
    assert len(found) < 400


def test_a_queue_that_lost_its_storage_is_told() -> None:
    after = deployment()
    del after["workerQueues"][0]["podEphemeralStorage"]
    (found,) = changed_fields(deployment(), after)
    assert found.startswith("workerQueues has changed: it was ")


def test_variables_are_compared_as_far_as_they_are_shown() -> None:
    wanted = [
        DeploymentVariable("SAME", False, "1"),
        DeploymentVariable("SECRET", True, "new"),
        DeploymentVariable("GONE", True),
        DeploymentVariable("OTHER", False, "1"),
        DeploymentVariable("PLAIN", True),
    ]
    after = [
        DeploymentVariable("SAME", False, "1"),
        DeploymentVariable("SECRET", True),
        DeploymentVariable("OTHER", False, "2"),
        DeploymentVariable("PLAIN", False, "shown"),
        DeploymentVariable("NEW", False, "1"),
    ]
    assert changed_variables(wanted, after) == {
        "GONE": "is gone",
        "OTHER": "has another value",
        "PLAIN": "is no longer a secret",
        "NEW": "is there, and was not sent",
    }


def test_links_that_are_gone_or_have_other_values_are_told() -> None:
    own = {"objectType": "CONNECTION", "scope": "DEPLOYMENT", "scopeEntityId": "d", "updatedAt": "1"}
    first = {"objectKey": "warehouse", "sourceScope": "WORKSPACE", "sourceScopeEntityId": "w"}
    second = {"objectKey": "lake", "connection": {"host": "overridden"}}
    before = linked([{**own, **first}, {**own, **second}])
    assert list(changed_links(before, linked([{**own, **first, "updatedAt": "2"}, {**own, **second}]), {})) == []
    told = list(changed_links(before, linked([{**own, **second, "connection": {"host": "h"}}]), {}))
    lake, warehouse = (f"the connection '{key}' of the" for key in ("lake", "warehouse"))
    where = "in the Environment Manager"
    assert told == [
        f"{lake} Deployment d {where} reaches the Deployment with other values: check its overrides",
        f"{warehouse} Workspace w {where} doesn't reach the Deployment any more: link it again",
    ]


def test_the_overrides_of_a_link_that_is_gone_are_named() -> None:
    link = {
        "scope": "DEPLOYMENT",
        "scopeEntityId": "d",
        "setFields": ["password"],
        "connectionOverrides": {"host": "h"},
    }
    obj = {"objectType": "CONNECTION", "objectKey": "warehouse", "scope": "WORKSPACE", "scopeEntityId": "w"}
    (told,) = changed_links(linked([obj]), {}, overrides([{**obj, "links": [link]}], "d"))
    assert told.endswith("link it again, and give the link its own values again: host, password")
    assert overrides([{**obj, "links": [link]}], "other") == {}
