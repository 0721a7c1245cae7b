"""The places of the matrix: how each is addressed, emptied, written by a user's command and looked into."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

from airconn.formats.dotenv import marks
from airconn.model import AirflowVersion

FILES, BACKENDS, AIRFLOWS = "files", "backends", "airflows"


def _nothing() -> None:
    pass


@dataclass(frozen=True)
class Place:
    """A row and a column of the matrix."""

    name: str
    """As the guide calls it, in Markdown."""
    group: str
    address: str
    """What a user types: a path, an address or `@name`."""
    environ: Mapping[str, str] = field(default_factory=dict)
    """What a command needs to reach it."""
    clear: Callable[[], None] = _nothing
    """Removes all objects."""
    export: tuple[str, ...] = ()
    """The options of `airconn export` that write such a file. Other places are the target of `airconn import`."""
    is_written: bool = True
    is_read: bool = True
    judge: str = ""
    """Another address of the same place that hides nothing, by which is looked what was written."""
    version: AirflowVersion | None = None
    login: Mapping[str, str] = field(default_factory=dict)
    """The credentials of this Airflow alone, for when it is looked into without the name of its address."""
    url: str = ""

    @property
    def is_file(self) -> bool:
        return bool(self.export)


def _file(directory: Path, name: str, file: str, *export: str) -> Place:
    path = directory / file
    return Place(name, FILES, str(path), clear=lambda: path.unlink(missing_ok=True), export=export)


def files(directory: Path) -> Iterator[Place]:
    """Each format that airconn writes, `.env` in each dialect."""
    for dialect in marks.NAMES:
        yield _file(directory, f"`env`, {dialect}", f"{dialect}.env", "--format", "env", "--env-dialect", dialect)
    yield _file(directory, "`env`, URIs", "uris.env", "--format", "env", "--connection-format", "uri")
    yield _file(directory, "`uri`", "objects.uri", "--format", "uri")
    yield _file(directory, "`json`", "objects.json", "--format", "json")
    yield _file(directory, "`yaml`", "objects.yaml", "--format", "yaml")
    yield _file(directory, "`settings`", "airflow_settings.yaml", "--format", "settings")
    yield _file(directory, "`k8s`", "objects.k8s.yaml", "--format", "k8s")
    yield _file(directory, "`k8s`, one Secret", "one.k8s.yaml", "--format", "k8s", "--k8s-layout", "env")


def local(directory: Path) -> Place:
    paths = [directory / "local-connections.json", directory / "local-variables.json"]

    def clear() -> None:
        for path in paths:
            path.write_text("{}")

    clear()
    return Place("`local:`", BACKENDS, f"local:{paths[0]},{paths[1]}", clear=clear)


@contextlib.contextmanager
def key_vault(directory: Path) -> Iterator[Place]:
    from tests.stores.secrets import fake_key_vault

    with fake_key_vault.running(directory) as fake, _in_environment(fake.environ):
        yield Place("`azure-keyvault://`", BACKENDS, fake.address, fake.environ, fake.vault.secrets.clear)


@contextlib.contextmanager
def secret_manager(directory: Path) -> Iterator[Place]:
    from tests.stores.secrets import fake_secret_manager

    with fake_secret_manager.running(directory) as fake:
        address = f"gcp-secretmanager://{fake_secret_manager.PROJECT}?api_endpoint={fake.endpoint}"
        yield Place(
            "`gcp-secretmanager://`",
            BACKENDS,
            f"{address}&gcp_key_path={fake.key_file}",
            {"AIRCONN_CA_BUNDLE": str(fake.bundle)},
            fake.service.secrets.clear,
        )


@contextlib.contextmanager
def kubernetes(directory: Path) -> Iterator[Place]:
    from tests.stores.secrets.fake_kubernetes import FakeKubernetes

    with FakeKubernetes() as cluster:
        config = cluster.kubeconfig(directory / "kubeconfig")
        yield Place("`k8s://`", BACKENDS, "k8s://test/airflow", {"KUBECONFIG": str(config)}, cluster.secrets.clear)


@contextlib.contextmanager
def astro() -> Iterator[list[Place]]:
    """The Environment Manager and the variables of a Deployment, which airconn doesn't spare here."""
    from airconn.stores.astro.environment import pacing
    from tests.stores.astro.fake_astro import running

    with mock.patch.object(pacing, "WINDOW", 0.0), running(checks_answers=False) as fake:
        own = fake.environ()
        address = f"astro-vars://{fake.workspace}/{fake.deployment}"
        yield [
            Place("`astro-env://`", BACKENDS, f"astro-env://{fake.workspace}", own, lambda: fake.objects.clear()),
            Place(
                "`astro-vars://`",
                BACKENDS,
                address,
                own,
                lambda: fake.deployments[fake.deployment].variables.clear(),  # each update makes another dict
            ),
        ]


@contextlib.contextmanager
def _in_environment(values: Mapping[str, str]) -> Iterator[None]:
    """Sets variables of this process, of which Microsoft's library takes its credentials."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def without_servers(directory: Path) -> Iterator[list[Place]]:
    """All places that need nothing but this process."""
    with contextlib.ExitStack() as stack:
        found = [*files(directory), local(directory)]
        for world in (key_vault, secret_manager, kubernetes):
            found.append(stack.enter_context(world(directory)))
        found += stack.enter_context(astro())
        yield found
