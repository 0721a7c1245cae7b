"""Finds a Python on this machine that a given Airflow supports.

Every candidate is run and asked for its version: a file named python3.11 may be a pyenv shim for a version that isn't
active, a broken symlink, or a build without SQLite.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from airconn.errors import SandboxError
from airconn.sandbox.versions import Release

_PROBE = """
import importlib, json, platform, sys, sysconfig
def lacks(name):
    try:
        importlib.import_module(name)
    except ImportError:
        return True
print(json.dumps({
    "path": getattr(sys, "_base_executable", None) or sys.executable,
    "version": list(sys.version_info[:3]),
    "usable": platform.python_implementation() == "CPython" and sys.version_info.releaselevel == "final"
        and not sysconfig.get_config_var("Py_GIL_DISABLED"),
    "lacking": [name for name in sys.argv[1:] if lacks(name)],
}))
"""
_PROBE_SECONDS = 15

_USUAL_PLACES = (
    "/usr/local/bin/python3.{minor}",
    "/opt/homebrew/bin/python3.{minor}",
    "/opt/local/bin/python3.{minor}",
    "/usr/bin/python3.{minor}",
    "/opt/python/3.{minor}*/bin/python3",
    "/Library/Frameworks/Python.framework/Versions/3.{minor}/bin/python3.{minor}",
)


@dataclass(frozen=True, slots=True)
class Python:
    """An interpreter that runs, and what it says about itself."""

    path: Path
    version: tuple[int, int, int]
    usable: bool
    """Whether it is a final release of CPython with the GIL, as Airflow's dependencies need."""
    lacking: tuple[str, ...]
    """The modules that a sandbox needs and that this interpreter doesn't have."""

    def __str__(self) -> str:
        text = ".".join(map(str, self.version))
        if not self.usable:
            return f"{text} (not a final release of standard CPython)"
        return f"{text} (without {', '.join(self.lacking)})" if self.lacking else text


def find(release: Release, *, uv: Path | None, environ: Mapping[str, str]) -> Python:
    """The newest Python here that `release` supports. Raises `SandboxError` that lists the ones that were found."""
    # Without uv the environment is made by that Python's own venv and pip.
    needs = ("sqlite3", "ssl") if uv else ("sqlite3", "ssl", "venv", "ensurepip")
    found: dict[tuple[int, int, int], Python] = {}
    for candidate in _candidates(release.pythons, uv=uv, environ=environ):
        python = probe(candidate, needs)
        if python is None:
            continue
        if python.usable and not python.lacking and _minor(python) in release.pythons:
            return python
        found[python.version] = python
    listed = ", ".join(str(found[version]) for version in sorted(found)) or "none at all"
    raise SandboxError(
        f"Airflow {release} needs Python {release.describe_pythons()}, and none was found here that "
        f"can be used; found: {listed}",
        hint=f"install one, for example with `uv python install 3.{release.pythons[0]}`, or choose another --airflow",
    )


def probe(path: Path, needs: Sequence[str] = ()) -> Python | None:
    """The interpreter at `path`. None if it doesn't run, such as a shim whose version isn't active."""
    try:
        answer = subprocess.run(  # noqa: S603 - asking interpreters what they are is the purpose
            [path, "-I", "-c", _PROBE, *needs],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            timeout=_PROBE_SECONDS,
        ).stdout
        said = json.loads(answer)
        major, minor, patch = said["version"]
        return Python(
            path=Path(said["path"]),
            version=(major, minor, patch),
            usable=said["usable"],
            lacking=tuple(said["lacking"]),
        )
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return None


def _minor(python: Python) -> int | None:
    return python.version[1] if python.version[0] == 3 else None


def _candidates(minors: Sequence[int], *, uv: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    """Files that may be Pythons: first those named like one of `minors`, in that order, then all others."""
    everywhere = [*_current(), *_in_pyenv(environ), *(_known_to_uv(uv) if uv else ())]
    seen: set[Path] = set()
    for minor in minors:
        name = re.compile(rf"\b3\.{minor}(?!\d)")
        for path in [
            *(path for path in everywhere if name.search(str(path))),
            *_on_path(f"python3.{minor}", environ),
            *_in_usual_places(minor),
        ]:
            if path not in seen:
                seen.add(path)
                yield path
    rest = [*everywhere, *_on_path("python3", environ), *_on_path("python", environ)]
    yield from dict.fromkeys(path for path in rest if path not in seen)


def _current() -> Iterable[Path]:
    return [Path(path) for path in (getattr(sys, "_base_executable", None), sys.executable) if path]


def _on_path(name: str, environ: Mapping[str, str]) -> Iterable[Path]:
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    return [path for folder in folders if folder and (path := Path(folder).absolute() / name).exists()]


def _in_pyenv(environ: Mapping[str, str]) -> Iterable[Path]:
    """The Pythons that pyenv has installed, active or not."""
    home = environ.get("HOME")
    root = environ.get("PYENV_ROOT") or (home and str(Path(home, ".pyenv")))
    return sorted(Path(root, "versions").glob("3.*/bin/python"), reverse=True) if root else []


def _known_to_uv(uv: Path) -> Iterable[Path]:
    """The Pythons that uv has installed or found itself (the registry of Conda, its managed Pythons, …)."""
    command = [str(uv), "python", "list", "--only-installed", "--no-python-downloads", "--output-format", "json"]
    try:
        done = subprocess.run(  # noqa: S603
            command, stdin=subprocess.DEVNULL, capture_output=True, check=True, timeout=4 * _PROBE_SECONDS, cwd="/"
        )
        return [Path(row["path"]) for row in json.loads(done.stdout)]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError):
        return []


def _in_usual_places(minor: int) -> Iterable[Path]:
    patterns = (place.format(minor=minor).lstrip("/") for place in _USUAL_PLACES)
    return [path for pattern in patterns for path in sorted(Path("/").glob(pattern), reverse=True)]
