"""The environments that sandboxes run from: built once for each version, kept in the user's cache directory."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from airconn.errors import SandboxError
from airconn.sandbox import _airflow_side, installer, pythons
from airconn.sandbox.guard import ProcessGuard
from airconn.sandbox.output import ProgramFailed, tail
from airconn.sandbox.packages import suffix
from airconn.sandbox.surroundings import DATABASE_NAME, Secrets, airflow_environ, write_config
from airconn.sandbox.versions import Release

Progress = Callable[[str], None]

# Written last: an environment without it is incomplete, and is built anew. The number grows when a newer airconn
# needs what older environments don't have.
_MARKER = "airconn-sandbox-1"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment with one Airflow, and a migrated, empty database to start from."""

    directory: Path

    @property
    def python(self) -> Path:
        return self.directory / "bin" / "python"

    @property
    def scripts(self) -> Path:
        return self.directory / "bin"

    @property
    def database(self) -> Path:
        return self.directory / DATABASE_NAME

    @property
    def is_complete(self) -> bool:
        # The interpreter is a link to one that may have been removed or replaced since.
        return (self.directory / _MARKER).exists() and self.python.exists()


def cache_directory(environ: Mapping[str, str]) -> Path:
    """The directory of the environments: `AIRCONN_CACHE_DIR`, else the user's cache directory."""
    if chosen := environ.get("AIRCONN_CACHE_DIR"):
        return Path(chosen).absolute() / "sandbox"
    from platformdirs import user_cache_path

    return user_cache_path("airconn") / "sandbox"


def provide(
    release: Release, environ: Mapping[str, str], progress: Progress, packages: Sequence[str] = ()
) -> Environment:
    """The environment for `release` with further packages, built if it doesn't exist yet. Raises `SandboxError`."""
    root = cache_directory(environ)
    mark = suffix(packages)
    for minor in release.pythons:
        if (built := Environment(root / f"{release}-py3.{minor}{mark}")).is_complete:
            return built
    uv = installer.find_uv(environ)
    python = pythons.find(release, uv=uv, environ=environ)
    environment = Environment(root / f"{release}-py3.{python.version[1]}{mark}")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with _locked(environment.directory, progress) as lock:
            # Another airconn may have built it while this one waited for the lock.
            if not environment.is_complete:
                made = _Recipe(release, tuple(packages), python, uv)
                _build(made, environment, environ=environ, lock=lock, progress=progress)
    except OSError as error:
        raise SandboxError(
            f"the environment of Airflow {release} can't be stored there: {error.strerror or error}",
            where=str(root),
            hint="set AIRCONN_CACHE_DIR to another directory",
        ) from error
    return environment


@dataclass(frozen=True, slots=True)
class _Recipe:
    """What an environment is built of."""

    release: Release
    packages: tuple[str, ...]
    python: pythons.Python
    uv: Path | None

    def __str__(self) -> str:
        also = f" and {', '.join(self.packages)}" if self.packages else ""
        tool = "uv" if self.uv else "pip"
        return f"Airflow {self.release}{also} for Python 3.{self.python.version[1]} with {tool}"


def _build(
    recipe: _Recipe, environment: Environment, *, environ: Mapping[str, str], lock: int, progress: Progress
) -> None:
    release = recipe.release
    progress(f"installing {recipe} (once)")
    # In place and not beside it: a virtual environment can't be moved.
    shutil.rmtree(environment.directory, ignore_errors=True)
    try:
        with ProcessGuard() as guard:
            installer.install(
                release,
                recipe.python,
                environment.directory,
                uv=recipe.uv,
                guard=guard,
                environ=environ,
                keep=lock,
                packages=recipe.packages,
            )
            progress(f"preparing a database for Airflow {release} (once)")
            _prepare_database(release, environment, guard=guard, environ=environ, lock=lock)
        (environment.directory / _MARKER).touch()
    except BaseException:
        shutil.rmtree(environment.directory, ignore_errors=True)
        raise


def _prepare_database(
    release: Release, environment: Environment, *, guard: ProcessGuard, environ: Mapping[str, str], lock: int
) -> None:
    secret = Secrets()
    home = guard.directory
    write_config(home, release, secret, url="http://127.0.0.1:8080")
    log = home / "prepare.log"
    failed = guard.run(
        [environment.python, "-I", _airflow_side.__file__, "prepare", home / DATABASE_NAME, environment.database],
        log=log,
        env=airflow_environ(environ, home=home),
        pass_fds=[lock],
    )
    if failed:
        raise ProgramFailed(
            f"Airflow {release} is installed, but can't create its database", said=tail(log, secret.values())
        )


@contextlib.contextmanager
def _locked(directory: Path, progress: Progress) -> Iterator[int]:
    """Holds the lock on `directory` against other processes. The system releases it when its holders have died."""
    import fcntl  # not there on Windows, where Airflow doesn't run either

    lock = os.open(f"{directory}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another airconn that is installing the same")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)
