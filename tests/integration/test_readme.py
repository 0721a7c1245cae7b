"""Every command block of README.md runs, and prints what it says."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

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


@pytest.fixture
def box(make_sandbox: Callable[..., Any]) -> Any:
    return make_sandbox(NEWEST)


def shell(command: str, directory: Path, environ: dict[str, str]) -> str:
    scripts = str(Path(sys.executable).parent)
    done = subprocess.run(
        ["bash", "-c", command],
        cwd=directory,
        env={**environ, "PATH": os.pathsep.join((scripts, environ["PATH"]))},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def test_the_tour_prints_what_it_shows(box: Any, checkout: Path) -> None:
    tour = "".join(block for block in blocks("console"))
    environ = box.environ()
    printed = ""
    for command in re.findall(r"^\$ (.*)$", tour, re.MULTILINE):
        printed += f"$ {command}\n{shell(command, checkout, environ)}".replace(box.url, "http://localhost:8080")
    assert printed == tour


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
def test_a_recipe_runs(box: Any, checkout: Path, name: str, commands: list[str]) -> None:
    assert shell(" && ".join(commands) + " && echo passed", checkout, box.environ()).endswith("passed\n")


def test_the_completion_line_runs(tmp_path: Path) -> None:
    (line,) = (block.strip() for block in blocks("sh")[2:])
    printed = shell(f"{line} && complete -p airconn", tmp_path, dict(os.environ))
    assert printed.startswith("complete ")
    assert printed.rstrip().endswith("airconn")


def test_the_configuration_is_read(airconn: Any, tmp_path: Path) -> None:
    (text,) = blocks("toml")
    (tmp_path / "airconn.toml").write_text(text)
    result = airconn("list", "--from", "@dev", "--timeout", "1", env={"AIRCONN_RETRIES": "0"})
    assert "http://localhost:8080" in result.err
