"""Real Airflows for the tests: each version is started once, when the first test asks for it, and kept.

Run them with `pytest -n 2 --dist loadgroup`, which keeps the tests of one version on one worker.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from airconn.sandbox import Sandbox
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.integration.airflow_command import WarmSandbox

AIRFLOW_VERSIONS = ["3.3.2", "3.0.6", "2.11.2", "2.7.3"]
EVERY_VERSION = ["3.3.2", "3.2.2", "3.1.8", "3.0.6", "2.11.2", "2.7.3"]
"""For what differs from release to release: which calls keep a secret, and which don't."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.integration)


def on_worker_of(version: str) -> pytest.MarkDecorator:
    """The mark of tests that use the shared Airflow of `version`."""
    return pytest.mark.xdist_group(f"airflow-{version}")


@pytest.fixture(scope="session")
def airflow_versions() -> list[str]:
    """The versions that everything is tested with."""
    return AIRFLOW_VERSIONS


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Callable[[str], WarmSandbox]]:
    running: dict[str, WarmSandbox] = {}
    with ExitStack() as stack:

        def get(version: str) -> WarmSandbox:
            if version not in running:
                plugins = {"core": {"plugins_folder": str(Path(__file__).parent / "airflow_plugins")}}
                running[version] = stack.enter_context(WarmSandbox(version, settings=plugins))
            return running[version]

        yield get


@pytest.fixture(
    scope="session", params=[pytest.param(version, marks=on_worker_of(version)) for version in AIRFLOW_VERSIONS]
)
def sandbox(request: pytest.FixtureRequest, shared_sandbox: Callable[[str], WarmSandbox]) -> WarmSandbox:
    """Each of the versions in turn. Tests share them: use ids of your own and remove what you made."""
    return shared_sandbox(request.param)


@pytest.fixture(
    scope="session", params=[pytest.param(version, marks=on_worker_of(version)) for version in EVERY_VERSION]
)
def every_sandbox(request: pytest.FixtureRequest, shared_sandbox: Callable[[str], WarmSandbox]) -> WarmSandbox:
    """Each of all versions in turn, shared as those of `sandbox` are."""
    return shared_sandbox(request.param)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests are sent again without a pause."""
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))


@pytest.fixture
def make_sandbox() -> Iterator[Callable[..., Sandbox]]:
    """Starts a sandbox of the test's own, with the arguments of `Sandbox`; it ends with the test."""
    with ExitStack() as stack:

        def make(*args: Any, **options: Any) -> Sandbox:
            return stack.enter_context(Sandbox(*args, **options))

        yield make
