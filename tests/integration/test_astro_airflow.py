"""The Airflow of an Astro Deployment: real Airflows behind a door that takes the tokens of a fake Astro."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from airconn.sandbox import Sandbox
from tests.integration.astro_door import RELEASE, astro_door
from tests.integration.conftest import on_worker_of
from tests.integration.managed_rounds import check_rounds
from tests.integration.target import Target
from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.site import Site

ADDRESS = "astro-airflow://Data Platform/production"


class DeployedAirflow(NamedTuple):
    """A Deployment of a fake Astro, and its Airflow."""

    astro: FakeAstro
    door: Site
    box: Sandbox

    @property
    def environ(self) -> dict[str, str]:
        return {**self.astro.environ(), "AIRCONN_TOKEN": "of-other-airflows"}


@pytest.fixture(params=[pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")])
def deployed(request: pytest.FixtureRequest, shared_sandbox: Callable[[str], Sandbox]) -> Iterator[DeployedAirflow]:
    box = shared_sandbox(request.param)
    api = "/api/v2" if request.param.startswith("3.") else "/api/v1"
    with ExitStack() as stack:
        astro = stack.enter_context(running())
        door = stack.enter_context(astro_door(box, lambda: frozenset(astro.tokens)))
        astro.deployments[astro.deployment].record["apiUrl"] = f"{door.url}{RELEASE}{api}"
        yield DeployedAirflow(astro, door, box)


def test_objects_of_all_sorts_come_to_the_airflow_and_back(
    deployed: DeployedAirflow, airconn: Callable[..., Any], tmp_path: Path
) -> None:
    target = Target(deployed.box, airconn, tmp_path)
    said: list[str] = []

    def run(*args: object) -> Any:
        ran = airconn(*args, env=deployed.environ)
        said.extend((ran.out, ran.err))
        return ran

    check_rounds(target, run, ADDRESS)
    assert deployed.astro.token not in "".join(said)
    sent = {received.headers.get("Authorization") for received in deployed.door.log}
    assert sent <= {None, f"Bearer {deployed.astro.token}"}
    assert all(served.operation.startswith(("List", "Get")) for served in deployed.astro.log)
    target.wipe()


def test_a_deployment_that_hibernates_or_a_token_that_has_ended_is_told_before_the_airflow_is_asked(
    deployed: DeployedAirflow, airconn: Callable[..., Any]
) -> None:
    record = deployed.astro.deployments[deployed.astro.deployment].record
    record["status"] = "HIBERNATING"
    ran = airconn("list", "--from", ADDRESS, env=deployed.environ)
    assert ran.code == 5
    assert "hibernates" in ran.err
    assert f"astro deployment wake-up {deployed.astro.deployment}" in ran.err
    record["status"] = "HEALTHY"
    environ = {**deployed.environ, "ASTRO_API_TOKEN": "unknown-token"}
    ran = airconn("list", "--from", f"{ADDRESS}?organization={deployed.astro.organization}", env=environ)
    assert ran.code == 5
    assert "unknown-token" not in ran.err
    assert deployed.door.log == []
