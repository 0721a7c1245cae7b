"""Creates a virtual environment with one Airflow: with uv if it is there, else with venv and pip."""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from pathlib import Path

from airconn.installed import command_for
from airconn.sandbox.guard import ProcessGuard
from airconn.sandbox.output import ProgramFailed, tail
from airconn.sandbox.pythons import Python
from airconn.sandbox.surroundings import without_python
from airconn.sandbox.versions import Release

# Settings of the caller that would install other packages, or in other places. Those that say where packages come
# from are kept.
_UNWANTED = frozenset(
    {
        "UV_BUILD_CONSTRAINT",
        "UV_CONSTRAINT",
        "UV_EXCLUDE",
        "UV_EXCLUDE_NEWER",
        "UV_EXCLUDE_NEWER_PACKAGE",
        "UV_NO_DEPS",
        "UV_OVERRIDE",
        "UV_PRERELEASE",
        "UV_PROJECT",
        "UV_PROJECT_ENVIRONMENT",
        "UV_PYTHON",
        "UV_REQUIRE_HASHES",
        "UV_RESOLUTION",
        "UV_SYSTEM_PYTHON",
        "UV_WORKING_DIRECTORY",
        "PIP_CONSTRAINT",
        "PIP_DRY_RUN",
        "PIP_NO_DEPS",
        "PIP_PRE",
        "PIP_PREFIX",
        "PIP_PYTHON",
        "PIP_REQUIRE_HASHES",
        "PIP_REQUIRE_VIRTUALENV",
        "PIP_REQUIREMENT",
        "PIP_ROOT",
        "PIP_TARGET",
        "PIP_UPLOADED_PRIOR_TO",
        "PIP_USER",
    }
)


def find_uv(environ: Mapping[str, str]) -> Path | None:
    """The path of a uv that runs: the one that came with airconn, else the one on PATH."""
    beside = shutil.which("uv", path=sysconfig.get_path("scripts"))
    for found in (beside, shutil.which("uv", path=environ.get("PATH", os.defpath))):
        if found and _runs([found, "--version"]):
            return Path(found).absolute()
    return None


def install(
    release: Release,
    python: Python,
    target: Path,
    *,
    uv: Path | None,
    guard: ProcessGuard,
    environ: Mapping[str, str],
    keep: int,
    packages: Sequence[str] = (),
) -> None:
    """Creates the environment `target` with `release` and `packages` in it.

    Raises `ProgramFailed` with the installer's last lines.

    `keep` is a file descriptor that the installers inherit: the lock on `target`, which is held until the last of
    them has ended, even if airconn is killed.
    """
    requirement = f"apache-airflow=={release}"
    inside = target / "bin" / "python"
    steps: list[Sequence[str | Path]]
    if uv:
        cutoff = ["--exclude-newer", release.cutoff] if release.cutoff else []
        steps = [
            [uv, "venv", "--quiet", "--no-project", "--python", python.path, target],
            [uv, "pip", "install", "--quiet", "--python", inside, *cutoff, requirement, *packages],
        ]
    else:
        cutoff = ["--uploaded-prior-to", release.cutoff] if release.cutoff else []
        steps = [
            [python.path, "-I", "-m", "venv", target],
            [inside, "-I", "-m", "pip", "install", "--quiet", "--upgrade", "pip"],
            [inside, "-I", "-m", "pip", "install", "--quiet", *cutoff, requirement, *packages],
        ]
    log = guard.directory / "install.log"
    beside = f" with {', '.join(packages)}" if packages else ""
    for command in steps:
        if guard.run(command, log=log, env=installer_environ(environ), pass_fds=(keep,)):
            raise ProgramFailed(
                f"Airflow {release}{beside} could not be installed for Python 3.{python.version[1]} "
                f"with {'uv' if uv else 'pip'}",
                hint=_hint(log.read_text(errors="replace"), uv),
                said=tail(log),
            )


def installer_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment without the settings that would change what an installer does."""
    kept = {name: value for name, value in without_python(environ).items() if name not in _UNWANTED}
    return kept | {
        "NO_COLOR": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "UV_NO_PROGRESS": "1",
        "UV_PYTHON_DOWNLOADS": "never",
    }


def _hint(said: str, uv: Path | None) -> str:
    if uv:
        return (
            "check that the package index can be reached and gives upload dates; uv "
            "takes its address from UV_INDEX_URL or its own settings"
        )
    if "--uploaded-prior-to" in said or "upload-time" in said:
        return (
            "this pip, or this package index, can't install the dependencies of an old release; "
            f"uv often can: `{command_for('sandbox', 'uv')}` installs it"
        )
    return "check that the package index can be reached; pip takes its address from PIP_INDEX_URL or its own settings"


def _runs(command: Sequence[str]) -> bool:
    """Whether `command` runs, and isn't a shim for a program that isn't there."""
    try:
        return not subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=30).returncode  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return False
