"""The sdist and the wheel of this tree, built by the commands of the workflow that makes a release."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import venv
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
RELEASE = ROOT / ".github/workflows/release.yaml"


@cache
def built() -> Path:
    """The folder with both files. It goes with the process."""
    directory = Path(tempfile.mkdtemp(prefix="airconn-dist-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    venv.create(directory / "venv", with_pip=True)
    tree = directory / "tree"
    shutil.copytree(ROOT, tree, ignore=shutil.ignore_patterns(".git", ".venv", ".*_cache", ".hypothesis", "dist"))
    from airconn import __version__

    path = os.pathsep.join((str(directory / "venv/bin"), os.environ["PATH"]))
    for step in yaml.safe_load(RELEASE.read_text())["jobs"]["build"]["steps"]:
        if "run" in step:
            subprocess.run(
                ["bash", "-ec", step["run"]],
                cwd=tree,
                env={**os.environ, "PATH": path, "GITHUB_REF_NAME": f"v{__version__}"},
                check=True,
                stdout=subprocess.DEVNULL,
            )
    return tree / "dist"


def environ_of_recipes() -> dict[str, str]:
    """The variables with which recipes for a CI install the wheel of this tree."""
    (wheel,) = built().glob("*.whl")
    found = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    return {**found, "AIRCONN_SOURCE": wheel.as_uri()}
