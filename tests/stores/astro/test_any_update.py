"""Random writes to the variables of a Deployment, with edits by others, under random readings of the Astro API.

No field of the Deployment, no variable that isn't ours, no secret and no link is lost, unless an error tells it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.astro.deployments import Deployment, remote_execution
from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.astro.switches import Switches, any_switches

MARK = "s3cret"
OURS = ("AIRFLOW_CONN_DB", "AIRFLOW_CONN_LAKE", "AIRFLOW_VAR_REGION", "AIRFLOW_VAR_API_KEY")
FOREIGN = ("AIRFLOW__CORE__PARALLELISM", "TOKEN", "AIRFLOW_HOME", "lower")
QUICK = settings(
    max_examples=max(10, settings.default.max_examples // 2),  # type: ignore[union-attr]
    suppress_health_check=[*HealthCheck],
)
SWITCHES = any_switches(throttled="never", rate_limits=False, future_fields=st.sampled_from((False,) * 9 + (True,)))

plain = st.sampled_from(("one", "two", "drei ü", " padded ", "a\nb", ""))
secret = st.sampled_from([f"{MARK}-{letter}" for letter in "abc"])
KINDS = (
    ("STANDARD", "CELERY"),
    ("STANDARD", "KUBERNETES"),
    ("DEDICATED", "ASTRO"),
    ("HYBRID", "CELERY"),
    ("HYBRID", "KUBERNETES"),
)


@st.composite
def deployments(draw: st.DrawFn, astro: FakeAstro) -> Deployment:
    """A Deployment with all that one can have, or less."""
    kind, executor = draw(st.sampled_from(KINDS))
    more: dict[str, Any] = {}
    for name in ("description", "contactEmails"):
        if draw(st.integers(0, 3)) == 0:
            more[name] = None
    if kind != "HYBRID":
        if draw(st.booleans()):
            more |= {"isDevelopmentMode": False, "scalingSpec": None}
        elif draw(st.booleans()):
            more["scalingSpec"] = {"hibernationSpec": {"schedules": [], "override": draw(overrides)}}
        if executor == "ASTRO" and draw(st.booleans()):
            without = ("defaultTaskPodCpu", "defaultTaskPodMemory", "resourceQuotaCpu", "resourceQuotaMemory")
            more |= {"remoteExecution": remote_execution(), "workerQueues": None, **dict.fromkeys(without)}
    deployment = astro.deployments[astro.add_deployment("drawn", kind=kind, executor=executor, **more)]
    if draw(st.booleans()):
        deployment.workload_identity = deployment.record["effectiveWorkloadIdentity"] = "arn:of-the-user"
    for key in (*OURS, *FOREIGN):
        if draw(st.integers(0, 3)):
            hidden = draw(st.booleans())
            value = draw(secret if hidden else plain)
            if key.startswith("AIRFLOW_CONN_"):
                value = json.dumps({"conn_type": "http", "host": "h", "password": value})
            deployment.put(key, value, secret=hidden or MARK in value)
    deployment.remember()
    astro.put("CONNECTION", "linked", {"type": "http"}, links={deployment.id: {"host": "x", "password": f"{MARK}-l"}})
    hidden_value = {"value": f"{MARK}-k", "isSecret": True}
    astro.put("AIRFLOW_VARIABLE", "auto", hidden_value, auto_link=True, exclude_links=(astro.deployment,))
    return deployment


overrides = st.sampled_from(
    (
        {"isHibernating": True, "overrideUntil": "2027-01-01T00:00:00Z", "isActive": True},
        {"isHibernating": False, "overrideUntil": "2025-01-01T00:00:00Z", "isActive": False},
    )
)


@st.composite
def sources(draw: st.DrawFn) -> dict[str, Any]:
    found: dict[str, Any] = {"connections": {}, "variables": {}}
    for key in ("db", "lake"):
        if draw(st.integers(0, 2)):
            found["connections"][key] = {"conn_type": "http", "host": draw(plain), "password": draw(secret)}
    for key in ("region", "api_key"):
        if draw(st.integers(0, 2)):
            found["variables"][key] = draw(st.one_of(plain, secret))
    return found


EDITS = ("foreign", "secret", "email", "queue")


def edited(deployment: Deployment, what: str) -> None:
    """Changes something as another user would."""
    if what == "foreign":
        deployment.put("AIRFLOW__CORE__PARALLELISM", "from another user")
    elif what == "secret":
        deployment.put("TOKEN", f"{MARK}-another", secret=True)
    elif what == "email":
        deployment.record["contactEmails"] = ["another@example.com"]
    elif what == "queue" and "workerQueues" in deployment.record:
        deployment.record["workerQueues"][0]["maxWorkerCount"] += 1
    deployment.remember()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))


@dataclass
class Run:
    """What is there before a run, and the edit of another user before its read number `at`."""

    astro: FakeAstro
    deployment: Deployment
    meanwhile: str
    at: int

    def __post_init__(self) -> None:
        self.deployment.remember()
        self.before = {key: one.state() for key, one in self.deployment.variables.items()}
        self.objects = self.astro.state()
        self.restarts = self.deployment.restarts
        self._reads = 0

    def of(self, airconn: Callable[..., Any], command: list[str]) -> Any:
        """The result of a command."""
        self.astro.before = self._look
        result = airconn(*command, env=self.astro.environ())
        self.astro.before = lambda call, received: None
        return result

    def _look(self, call: Any, received: Any) -> None:
        if call.operation != "GetDeployment" or not self.meanwhile:
            return
        self._reads += 1
        if self._reads == self.at and self.deployment.restarts == self.restarts:
            edited(self.deployment, self.meanwhile)
            for key in FOREIGN:
                if key in self.deployment.variables:
                    self.before[key] = self.deployment.variables[key].state()


def judge(run: Run, result: Any) -> None:
    """What changed is named by the plan or told by an error."""
    text = result.out + result.err
    assert MARK not in text
    assert result.code in (0, 1, 3, 4), text
    assert run.deployment.restarts - run.restarts <= 1
    for name, values in run.deployment.changed_fields().items():
        assert result.code != 0, f"{name} was {values}: {text}"
        assert name.strip("()") in result.err, f"{name} was {values}: {text}"
    if run.astro.state() != run.objects:
        assert result.code != 0, text
        assert "Environment Manager" in result.err, text
        assert "link" in result.err, text
    listed = json.loads(result.out)["objects"] if result.out else []
    actions = {(one["kind"], one["id"]): one["action"] for one in listed}
    now = {key: one.state() for key, one in run.deployment.variables.items()}
    for key in run.before.keys() | now.keys():
        if run.before.get(key) != now.get(key):
            judge_variable(key, run.before.get(key), now.get(key), actions)


def judge_variable(key: str, old: Any, new: Any, actions: dict[tuple[str, str], str]) -> None:
    assert key in OURS, f"{key}: {old} {new}"
    kind = "connections" if key.startswith("AIRFLOW_CONN_") else "variables"
    action = actions.get((kind, key.split("_", 2)[2].lower()))
    assert action in ("create", "update", "replace", "delete"), f"{key} has changed, and the plan says {action}"
    assert (new is not None) == (action != "delete"), f"{key}: {action}"
    assert new is None or old is None or new["isSecret"] or not old["isSecret"], f"{key} is no longer a secret"


def judge_success(deployment: Deployment, source: dict[str, Any]) -> None:
    values = deployment.values()
    for id_, value in source["variables"].items():
        assert values[f"AIRFLOW_VAR_{id_.upper()}"] == value
    for id_, fields in source["connections"].items():
        held = json.loads(values[f"AIRFLOW_CONN_{id_.upper()}"])
        assert {name: held.get(name, "") for name in fields} == fields


OPTIONS = st.sampled_from(((), (), ("--prune",), ("--merge",), ("--connections",)))


@QUICK
@given(switches=SWITCHES, data=st.data())
def test_nothing_of_a_deployment_is_lost(
    airconn: Callable[..., Any], tmp_path: Path, switches: Switches, data: st.DataObject
) -> None:
    file = tmp_path / "source.json"
    with running(switches) as astro:
        deployment = data.draw(deployments(astro))
        address = f"astro-vars://{astro.workspace}/{deployment.id}"
        for _ in range(data.draw(st.integers(1, 3))):
            source, options = data.draw(sources().filter(lambda found: any(found.values()))), data.draw(OPTIONS)
            file.write_text(json.dumps(source))
            command = ["import", str(file), "--to", address, "--yes", "--output", "json", *options]
            run = Run(astro, deployment, data.draw(st.sampled_from(("", "", *EDITS))), data.draw(st.integers(2, 3)))
            result = run.of(airconn, command)
            judge(run, result)
            if result.code == 0 and "--connections" not in options:
                judge_success(deployment, source)
                values = deployment.values()
                again = airconn(*command, env=astro.environ())
                # A connection that is a secret is hidden as a whole, so that nothing can be merged into it.
                assert again.code == 0 or (again.code == 4 and "--merge" in options), again.out + again.err
                assert deployment.values() == values
                assert deployment.changed_fields() == {}
