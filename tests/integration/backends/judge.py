"""Asks a real Airflow what it finds in a secrets backend: through the backend's class, its search path, its commands.

    answer = judge.ask("3.3.2", judge.VAULT, {"url": url, "token": token}, connections=["a", "b"], variables=["c"])
    assert answer.connections["a"]["password"] == "secret" and answer.variables == {"c": "value"}

Each call starts one Airflow, with libraries that earlier calls have imported: ask for all ids at once.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pytest

from airconn.sandbox.surroundings import DATABASE_NAME, Secrets, write_config
from airconn.sandbox.versions import resolve
from tests.integration.backends import environment
from tests.integration.backends.environment import AIRFLOW_VERSIONS
from tests.integration.backends.warm_judge import WarmJudge

LOCAL_FILES = "airflow.secrets.local_filesystem.LocalFilesystemBackend"
ENVIRONMENT = "airflow.secrets.environment_variables.EnvironmentVariablesBackend"
METASTORE = "airflow.secrets.metastore.MetastoreBackend"
VAULT = "airflow.providers.hashicorp.secrets.vault.VaultBackend"
AWS_SECRETS_MANAGER = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
AWS_SSM = "airflow.providers.amazon.aws.secrets.systems_manager.SystemsManagerParameterStoreBackend"
GCP_SECRET_MANAGER = "airflow.providers.google.cloud.secrets.secret_manager.CloudSecretManagerBackend"
AZURE_KEY_VAULT = "airflow.providers.microsoft.azure.secrets.key_vault.AzureKeyVaultBackend"
KUBERNETES = "airflow.providers.cncf.kubernetes.secrets.kubernetes_secrets_backend.KubernetesSecretsBackend"
OF_PROVIDERS = (VAULT, AWS_SECRETS_MANAGER, AWS_SSM, GCP_SECRET_MANAGER, AZURE_KEY_VAULT, KUBERNETES)

Via = Literal["class", "search"]
Model = Literal["core", "sdk"]

# No test's Airflow asks the machine of a cloud who it is: the address is one on the network.
_NO_METADATA_SERVICE = {
    "AWS_EC2_METADATA_DISABLED": "true",
    "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    "NO_GCE_CHECK": "true",
}


@dataclass(frozen=True)
class Answer:
    """What Airflow finds: for each id the fields of the connection, or the variable's value.

    None is what it doesn't find, and `{"error": ...}` where it fails at it.
    """

    connections: dict[str, dict[str, Any] | None]
    variables: dict[str, Any]
    log: str = field(repr=False)
    """What it says meanwhile, unmasked."""


def on_worker_of(version: str) -> pytest.MarkDecorator:
    """The mark of tests that ask the Airflow of `version`: one worker runs them all, and builds it only once."""
    return pytest.mark.xdist_group(f"backends-{version}")


EVERY_VERSION = [pytest.param(version, marks=on_worker_of(version)) for version in AIRFLOW_VERSIONS]
"""The versions as the parameters of tests."""


def ask(
    version: str,
    backend: str | None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    connections: Iterable[str] = (),
    variables: Iterable[str] = (),
    via: Via = "class",
    model: Model = "core",
    environ: Mapping[str, str] | None = None,
    database: Mapping[str, Mapping[str, Any]] | None = None,
    prelude: Path | None = None,
    home: Path | None = None,
    timeout: float = 300,
) -> Answer:
    """What Airflow `version` finds under these ids, in one process however many they are.

    `via="class"` asks the backend with this path and these arguments itself. `via="search"` configures Airflow with
    it (with None: without one) and has it look everywhere, in its order: backend, environment, metadata database.

    `model="sdk"`, for Airflow 3, does as a worker: with the connections of the Task SDK, and in a search with
    `[workers] secrets_backend` if it is set, and without the database.

    `environ` are all the environment variables that it sees. `database` are objects, `{"connections": {id: fields},
    "variables": {key: value}}`, to put into its metadata database first. `prelude` is a script that is run before
    Airflow is imported, as to send the client of a service to a fake. `home` is an AIRFLOW_HOME of :func:`make_home`,
    to be used instead of a new one.
    """
    request = {
        "backend": backend,
        "kwargs": dict(kwargs or {}),
        "connections": list(connections),
        "variables": list(variables),
        "via": via,
        "model": model,
        "database": database,
        "prelude": prelude and str(prelude),
    }
    configured = _configuration(backend, kwargs) if via == "search" else {}
    with _home(version, home) as directory:
        surroundings = _environ(version, directory, {**configured, **(environ or {})})
        done = _warm(environment.provide(version)).run([], json.dumps(request), surroundings, directory, timeout)
    assert done.returncode == 0, f"Airflow {version} can't be asked:\n{done.stderr[-4000:]}"
    return Answer(**json.loads(done.stdout), log=done.stderr)


def airflow_cli(
    version: str,
    backend: str | None,
    kwargs: Mapping[str, Any] | None,
    args: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    prelude: Path | None = None,
    home: Path | None = None,
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """Runs `airflow` with these arguments, configured with this backend. The rest is as for :func:`ask`."""
    with _home(version, home) as directory:
        surroundings = _environ(version, directory, {**_configuration(backend, kwargs), **(environ or {})})
        command = ["airflow", prelude or "", *args]
        return _warm(environment.provide(version)).run(command, "", surroundings, directory, timeout)


@functools.cache
def _warm(python: Path) -> WarmJudge:
    return WarmJudge(python)


def make_home(version: str, directory: Path) -> Path:
    """Make `directory` the AIRFLOW_HOME of an Airflow with an empty metadata database."""
    write_config(directory, resolve(version), Secrets(), url="http://127.0.0.1:8080")
    shutil.copyfile(environment.empty_database(version), directory / DATABASE_NAME)
    return directory


@contextmanager
def _home(version: str, given: Path | None) -> Iterator[Path]:
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="airconn-judge-") as directory:
        yield make_home(version, Path(directory).resolve())


def _configuration(backend: str | None, kwargs: Mapping[str, Any] | None) -> dict[str, str]:
    if backend is None:
        return {}
    return {"AIRFLOW__SECRETS__BACKEND": backend, "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps(dict(kwargs or {}))}


def _environ(version: str, home: Path, given: Mapping[str, str]) -> dict[str, str]:
    """Nothing of the caller's but the search path, so that nobody's own cloud is asked."""
    return {
        "PATH": os.pathsep.join((str(environment.provide(version).parent), os.environ.get("PATH", os.defpath))),
        "HOME": str(home),
        "TMPDIR": str(home),
        "AIRFLOW_HOME": str(home),
        "SCARF_ANALYTICS": "false",
        **_NO_METADATA_SERVICE,
        **given,
    }
