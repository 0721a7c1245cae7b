"""Every command block of README.md runs, and prints what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
import yaml
from moto.server import ThreadedMotoServer

from airconn.sandbox import Sandbox
from tests.integration import openbao

# One Airflow serves all tests of this file.
pytestmark = pytest.mark.xdist_group("readme")

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
NEWEST = "3.3.2"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """An empty folder with the examples in it."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


@pytest.fixture(scope="module")
def shared_box() -> Iterator[Sandbox]:
    with Sandbox(NEWEST) as box:
        yield box


@pytest.fixture
def box(shared_box: Sandbox) -> Sandbox:
    shared_box.run([shared_box.python, Path(__file__).parent / "in_airflow.py", "wipe"], check=True)
    return shared_box


SCRIPTS = Path(sys.executable).parent


def shell(command: str, directory: Path, environ: dict[str, str], scripts: Path = SCRIPTS) -> str:
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env={**environ, "PATH": os.pathsep.join((str(scripts), environ["PATH"]))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def test_the_tour_prints_what_it_shows(box: Sandbox, checkout: Path) -> None:
    tour = "".join(block for block in blocks("console"))
    environ = box.environ()
    printed = ""
    for command in re.findall(r"^\$ (.*)$", tour, re.MULTILINE):
        printed += f"$ {command}\n{shell(command, checkout, environ)}"
    assert re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8080", printed) == tour


def played(block: str, directory: Path, environ: dict[str, str]) -> str:
    """What the commands of a block print, with addresses as the README has them."""
    printed = ""
    for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE):
        printed += f"$ {command}\n{shell(command, directory, {'PATH': os.environ['PATH'], **environ})}"
    return re.sub(r"http://127\.0\.0\.1:\d+", "http://localhost:8200", printed)


def test_the_example_of_vault_prints_what_it_shows(checkout: Path) -> None:
    (block,) = (block for block in blocks("shell-session") if "vault://" in block)
    with openbao.running(checkout) as bao:
        assert played(block, checkout, bao.environ()) == block


def test_the_example_of_aws_prints_what_it_shows(checkout: Path) -> None:
    (block,) = (block for block in blocks("shell-session") if "aws-" in block)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "x"}
    try:
        assert played(block, checkout, {**keys, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}) == block
    finally:
        server.stop()


def test_the_first_command_does_the_main_job_in_an_empty_folder(tmp_path: Path) -> None:
    command = blocks("sh")[0].strip()
    clone = ["git", "clone", "-q", str(ROOT), str(tmp_path / "clone")]
    if (ROOT / ".git").exists():
        subprocess.run(clone, check=True)
        for name in ("airconn", "examples", "pyproject.toml", "README.md", "LICENSE"):
            _lay_over(ROOT / name, tmp_path / "clone" / name)
    else:
        shutil.copytree(ROOT, tmp_path / "clone", ignore=shutil.ignore_patterns(".venv", ".*cache"))
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("AIR", "VIRTUAL_ENV", "PYTEST"))
    }
    done = subprocess.run(
        ["bash", "-c", command], cwd=tmp_path / "clone", env=environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert ": 15 created, 0 updated, 0 unchanged\n" in done.stdout
    assert "\nwarehouse=postgres://etl%40corp:" in done.stdout
    assert "p%40ss" not in done.stdout


def _lay_over(source: Path, target: Path) -> None:
    """The working tree's own files, so that the test is of what stands here and not of the last commit."""
    if source.is_dir():
        shutil.rmtree(target)
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copy(source, target)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with nothing in it but pip, and beside it a wheel of this tree."""
    directory = tmp_path_factory.mktemp("machine")
    venv.create(directory, with_pip=True)
    command = [directory / "bin/pip", "wheel", "-q", "--no-deps", "-w", directory / "wheels", ROOT]
    subprocess.run(command, check=True)
    return directory


def test_a_wheel_has_the_pages_of_the_guide(machine: Path) -> None:
    (wheel,) = (machine / "wheels").glob("airconn-*.whl")
    found = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("airconn/help/")}
    assert found == {f"airconn/help/{path.name}" for path in (ROOT / "airconn/help").glob("*.md")}


def recipes() -> list[tuple[str, list[str]]]:
    found = []
    for block in blocks("yaml"):
        recipe = yaml.safe_load(block)
        if "jobs" in recipe:
            (job,) = recipe["jobs"].values()
            found.append(("GitHub Actions", [step["run"] for step in job["steps"] if "run" in step]))
        else:
            (job,) = recipe.values()
            found.append(("GitLab CI", job["script"]))
    return found


@pytest.mark.parametrize(("name", "commands"), recipes(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_recipe_runs_on_a_new_machine(
    box: Sandbox, machine: Path, checkout: Path, name: str, commands: list[str]
) -> None:
    environ = box.environ()
    # What pip finds as "airconn" is a wheel of this very tree.
    environ["PIP_FIND_LINKS"] = f"{environ.get('PIP_FIND_LINKS', '')} {machine}/wheels".strip()
    printed = shell(" && ".join([*commands, "echo passed"]), checkout, environ, machine / "bin")
    assert printed.endswith("passed\n"), printed


def test_the_completion_line_runs(tmp_path: Path) -> None:
    (line,) = (block.strip() for block in blocks("sh")[2:])
    printed = shell(f"{line} && complete -p airconn", tmp_path, dict(os.environ))
    assert printed.startswith("complete ")
    assert printed.rstrip().endswith("airconn")


def test_the_configuration_is_read(airconn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (text,) = blocks("toml")
    (tmp_path / "airconn.toml").write_text(text)
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "company-ca.pem"))
    monkeypatch.chdir(tmp_path)
    result = airconn("list", "--from", "@dev", "--timeout", "1", env={"AIRCONN_RETRIES": "0"})
    assert "http://localhost:8080" in result.err
