"""Real Airflows with the providers whose secrets backends are tested: built once for each version, and kept.

They are beside the environments of the sandboxes, which stay as they are: Airflow and nothing else.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from airconn.sandbox import environment as sandboxes
from airconn.sandbox import installer, pythons
from airconn.sandbox.guard import ProcessGuard
from airconn.sandbox.output import ProgramFailed, tail
from airconn.sandbox.versions import resolve

AIRFLOW_VERSIONS = ("2.11.2", "3.3.2")

# The newest ones, each of which supports Airflow 2.11 and 3.3.
PROVIDERS = {
    "amazon": "9.39.0",
    "cncf-kubernetes": "10.25.0",
    "common-compat": "1.23.0",
    "google": "22.8.0",
    "hashicorp": "4.8.4",
    "microsoft-azure": "15.2.1",
}
OLDEST_PYTHON = 11  # of these providers

# What their secrets backends import. All that the providers ask for, above all Google's, is more than a gigabyte.
CLIENTS = (
    "asgiref",
    "azure-identity",
    "azure-keyvault-secrets",
    "boto3",
    "gcloud-aio-auth",
    "google-api-python-client",
    "google-auth-httplib2",
    "google-cloud-secret-manager",
    "hvac",
    "kubernetes>=36.0.1,<37",
    "msrest",
    "psycopg2-binary",
)
CLIENTS_CUTOFF = "2026-11-25T00:00:00Z"
"""Nothing uploaded from this moment on is installed, so that these tests fail only when airconn changes."""

# Written last, as in a sandbox's environment. The number grows with each change of what is installed.
_MARKER = "airconn-backends-1"


@dataclass(frozen=True)
class Backends:
    """A virtual environment with one Airflow and the providers in it."""

    directory: Path

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def airflow(self) -> Path:
        return self.directory / "bin" / "airflow"

    @property
    def is_complete(self) -> bool:
        return (self.directory / _MARKER).exists() and self.python.exists()


@cache
def provide(version: str) -> Path:
    """The Python of the environment for Airflow `version`, built now if there is none yet."""
    return _provide(version).python


@cache
def empty_database(version: str) -> Path:
    """A migrated and empty metadata database of Airflow `version`: a SQLite file, to be copied."""
    return sandboxes.provide(resolve(version), os.environ, _say_nothing).database


def _provide(version: str) -> Backends:
    release = resolve(version)
    release = replace(release, pythons=tuple(minor for minor in release.pythons if minor >= OLDEST_PYTHON))
    root = sandboxes.cache_directory(os.environ)
    for minor in release.pythons:
        if (built := Backends(root / f"{release}-py3.{minor}-backends")).is_complete:
            return built
    uv = installer.find_uv(os.environ)
    assert uv, "there is no uv: `pip install -e '.[test]'` brings it"
    python = pythons.find(release, uv=uv, environ=os.environ)
    backends = Backends(root / f"{release}-py3.{python.version[1]}-backends")
    root.mkdir(parents=True, exist_ok=True)
    with sandboxes._locked(backends.directory, _say_nothing) as lock:
        # Another worker may have built it while this one waited for the lock.
        if backends.is_complete:
            return backends
        shutil.rmtree(backends.directory, ignore_errors=True)
        try:
            with ProcessGuard() as guard:
                installer.install(
                    release, python, backends.directory, uv=uv, guard=guard, environ=os.environ, keep=lock
                )
                _add_providers(str(release), backends, uv=uv, guard=guard, lock=lock)
            (backends.directory / _MARKER).touch()
        except BaseException:
            shutil.rmtree(backends.directory, ignore_errors=True)
            raise
    return backends


def _add_providers(version: str, backends: Backends, *, uv: Path, guard: ProcessGuard, lock: int) -> None:
    # Airflow is named again so that no library becomes newer than it allows.
    clients = (f"apache-airflow=={version}", *CLIENTS)
    providers = (f"apache-airflow-providers-{name}=={number}" for name, number in PROVIDERS.items())
    log = guard.directory / "providers.log"
    for requirements in (clients, ("--no-deps", *providers)):
        command: list[str | Path] = [uv, "pip", "install", "--quiet", "--python", backends.python]
        command += ["--exclude-newer", CLIENTS_CUTOFF, *requirements]
        if guard.run(command, log=log, env=installer.installer_environ(os.environ), pass_fds=[lock]):
            raise ProgramFailed(f"the providers of Airflow {version} could not be installed", said=tail(log))


def _say_nothing(_: str) -> None:
    pass
