"""What the files for CIs run does what it says, on real servers and with the real pre-commit."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from airconn import __version__
from airconn.sandbox import Sandbox
from tests.integration import distribution
from tests.integration.conftest import on_worker_of
from tests.integration.help_worlds import NEWEST, filled

pytestmark = on_worker_of(NEWEST)

ROOT = Path(__file__).parents[2]
DRIFT = ROOT / "examples/drift"
SCRIPTS = Path(sys.executable).parent


@pytest.fixture
def box(shared_sandbox: Callable[[str], Sandbox], tmp_path: Path) -> Sandbox:
    """An Airflow with the objects of examples/.env, and objects.yaml, which says the same without secrets."""
    box = filled(shared_sandbox(NEWEST), tmp_path)
    airconn(box, "export", "-q", "-o", tmp_path / "objects.yaml")
    return box


def airconn(box: Sandbox, *arguments: str | Path) -> None:
    subprocess.run([SCRIPTS / "airconn", *arguments], env={**os.environ, **box.environ()}, check=True)


def test_a_release_has_the_guide_and_no_tests() -> None:
    (wheel,) = distribution.built().glob("*.whl")
    assert wheel.name == f"airconn-{__version__}-py3-none-any.whl"
    names = zipfile.ZipFile(wheel).namelist()
    found = {name for name in names if name.startswith("airconn/help/")}
    assert found == {f"airconn/help/{path.name}" for path in (ROOT / "airconn/help").iterdir()}
    assert {name.partition("/")[0] for name in names} == {"airconn", f"airconn-{__version__}.dist-info"}


def test_the_cron_job_fails_with_6_once_the_airflow_has_changed(box: Sandbox, tmp_path: Path) -> None:
    manifest = yaml.safe_load((DRIFT / "kubernetes.yaml").read_text())
    (container,) = manifest["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    (script,) = container["args"]
    script = script.replace("/tmp/", f"{tmp_path}/").replace("/objects/", f"{tmp_path}/")
    environ = {name: value for name, value in box.environ().items() if name.startswith("AIRCONN_")}
    environ |= {"HOME": str(tmp_path), "PATH": os.environ["PATH"], **distribution.environ_of_recipes()}

    def run() -> tuple[int, str]:
        done = subprocess.run(
            [*container["command"], script], env=environ, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    code, printed = run()
    assert code == 0, printed
    airconn(box, "set", "-q", "variables/region.value=us-east-1")
    code, printed = run()
    assert code == 6, printed
    assert "variables/region" in printed


def test_the_dag_fails_once_the_airflow_has_changed(box: Sandbox, tmp_path: Path) -> None:
    shutil.copy(DRIFT / "airflow_dag.py", tmp_path)
    environ = {**box.environ(), "AIRFLOW__CORE__DAGS_FOLDER": str(tmp_path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    # Airflow finds the connection in its environment, as a worker may.
    environ["AIRFLOW_CONN_AIRCONN"] = (
        f'{{"conn_type": "http", "host": "{box.url}", "login": "{box.username}", "password": "{box.password}"}}'
    )
    environ["PATH"] = os.pathsep.join((environ["PATH"], str(SCRIPTS)))

    def run() -> tuple[int, str]:
        command = ["airflow", "dags", "test", "airconn_drift", "--dagfile-path", str(tmp_path / "airflow_dag.py")]
        done = subprocess.run(
            command,
            env=environ,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout

    code, printed = run()
    assert code == 0, printed
    assert "exit code 6" not in printed
    airconn(box, "set", "-q", "variables/region.value=us-east-1")
    _, printed = run()
    assert "non-zero exit code 6" in printed
    assert box.password not in printed


def test_pre_commit_installs_the_hook_and_finds_a_tracked_secret(tmp_path: Path) -> None:
    tree = tmp_path / "airconn"
    tree.mkdir()
    for name in ("airconn", ".pre-commit-hooks.yaml", "pyproject.toml", "README.md", "LICENSE"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, tree / name)
    project = tmp_path / "project"
    project.mkdir()
    (project / "secrets.env").write_text("AIRFLOW_CONN_DB=postgres://etl:correct-horse@db.example.com/sales\n")
    (project / "package.json").write_text('{"name": "x"}\n')
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PRE_COMMIT_HOME": str(tmp_path / "hooks"),
        **{name: value for name, value in os.environ.items() if name.startswith("PIP_")},
    }
    for directory in (tree, project):
        subprocess.run(["git", "init", "-q"], cwd=directory, check=True)
        subprocess.run(["git", "add", "-A", "-f"], cwd=directory, check=True)
        who = ["-c", "user.name=a", "-c", "user.email=a@example.com"]
        subprocess.run(["git", *who, "commit", "-qm", "x"], cwd=directory, check=True, env=environ)

    command = [sys.executable, "-m", "pre_commit", "try-repo", str(tree), "airconn-check", "--all-files"]
    done = subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "secrets.env:1:1: error AC511 git tracks this file" in done.stdout
    assert "package.json" not in done.stdout
    assert "correct-horse" not in done.stdout
