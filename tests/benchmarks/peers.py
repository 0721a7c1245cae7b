"""The programs that are measured, as commands: airconn, the bare clients, `airflow` and `airflowctl`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airconn.sandbox import Sandbox
from airconn.sandbox.environment import cache_directory
from airconn.sandbox.installer import find_uv, installer_environ
from airconn.sandbox.surroundings import airflow_environ
from tests.benchmarks import bare

AIRFLOWCTL = "0.1.5"


@dataclass(frozen=True, slots=True)
class Command:
    """A command and its environment variables, in which its secrets are."""

    argv: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)


class Peers:
    """Makes the commands. They share a directory, and nothing with the user's own settings.

    Each has its compiled modules there: without, as in many containers, every Airflow takes 2 to 3 s longer.
    """

    def __init__(self, directory: Path) -> None:
        home = directory / "home"
        home.mkdir()
        (home / "config.toml").touch()
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AIRCONN_")}
        self._environ = airflow_environ(kept, home=home) | {
            "HOME": str(home),
            "PYTHONPYCACHEPREFIX": str(directory / "compiled"),
            "AIRCONN_CONFIG": str(home / "config.toml"),
            "AIRCONN_STATE_DIR": str(home / "state"),
        }
        self._home = home

    def python(self, code: str) -> Command:
        return self._command(sys.executable, "-c", code)

    def airconn(self, *args: object, box: Sandbox | None = None) -> Command:
        return self._command(Path(sys.executable).parent / "airconn", *args, **(box.credentials() if box else {}))

    def airconn_at_home(self, box: Sandbox, *args: object) -> Command:
        """airconn on the machine of that Airflow, as it is configured there."""
        return self._command(Path(sys.executable).parent / "airconn", *args, AIRFLOW_HOME=str(box.home))

    def bare(self, *args: object, box: Sandbox | None = None) -> Command:
        return self._command(sys.executable, bare.__file__, *args, **(box.credentials() if box else {}))

    def airflow(self, version: str, *args: object, box: Sandbox | None = None) -> Command:
        """`airflow` of a version, on the database of a sandbox or on none."""
        scripts = (box or Sandbox(version)).prepare().scripts
        return self._command(scripts / "airflow", *args, **({"AIRFLOW_HOME": str(box.home)} if box else {}))

    def airflowctl(self, *args: object, box: Sandbox | None = None) -> Command:
        """`airflowctl`, which has been logged in already."""
        token = {}
        if box:
            (self._home / "production.json").write_text(json.dumps({"api_url": box.url}))
            token = {"AIRFLOW_CLI_TOKEN": bare.Client(box.url, box.username, box.password).token}
        return self._command(_airflowctl(), *args, **token)

    def _command(self, *argv: object, **environ: str) -> Command:
        return Command(tuple(map(str, argv)), {**self._environ, **environ})


def _airflowctl() -> Path:
    """It needs an environment of its own, which stays in the cache of the sandbox."""
    directory = cache_directory(os.environ) / f"airflowctl-{AIRFLOWCTL}"
    made = directory / "complete"
    if not made.exists():
        uv = find_uv(os.environ)
        if uv is None:
            raise SystemExit("airflowctl can't be installed without uv: pip install 'airconn[test]'")
        inside = directory / "bin" / "python"
        for command in (
            ("venv", "--quiet", "--clear", "--no-project", "--python", sys.executable, directory),
            ("pip", "install", "--quiet", "--python", inside, f"apache-airflow-ctl=={AIRFLOWCTL}"),
        ):
            subprocess.run([uv, *command], env=installer_environ(os.environ), check=True)
        made.touch()
    return directory / "bin" / "airflowctl"
