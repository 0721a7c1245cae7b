"""Environments are built once, whole or not at all, by one process at a time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.errors import SandboxError
from airconn.sandbox import environment, installer, pythons
from airconn.sandbox.versions import resolve

RELEASE = resolve("2.7.3")


@pytest.fixture
def builds(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The environments that were built, by a builder that is quick about it."""
    built: list[Path] = []

    def install(release: object, python: object, target: Path, **_: object) -> None:
        (target / "bin").mkdir(parents=True)
        (target / "bin/python").symlink_to(sys.executable)
        built.append(target)

    monkeypatch.setattr(installer, "install", install)
    monkeypatch.setattr(installer, "find_uv", lambda _: None)
    monkeypatch.setattr(pythons, "find", lambda *_, **__: pythons.Python(Path("python"), (3, 11, 7), True, ()))
    monkeypatch.setattr(environment, "_prepare_database", lambda _, made, **__: made.database.touch())
    return built


def provide(cache: Path, said: list[str] | None = None) -> environment.Environment:
    return environment.provide(RELEASE, {"AIRCONN_CACHE_DIR": str(cache)}, (said if said is not None else []).append)


def test_it_is_built_once_and_named_after_airflow_and_python(tmp_path: Path, builds: list[Path]) -> None:
    said: list[str] = []
    first = provide(tmp_path, said)
    assert first.directory == tmp_path / "sandbox/2.7.3-py3.11"
    assert said == [
        "installing Airflow 2.7.3 for Python 3.11 with pip (once)",
        "preparing a database for Airflow 2.7.3 (once)",
    ]
    assert provide(tmp_path, said) == first
    assert len(said) == 2
    assert len(builds) == 1


def test_one_with_other_packages_is_another_one(tmp_path: Path, builds: list[Path]) -> None:
    said: list[str] = []
    environ = {"AIRCONN_CACHE_DIR": str(tmp_path)}
    made = [environment.provide(RELEASE, environ, said.append, names) for names in ((), ("a",), ("a", "b"), ("a",))]
    assert made[1] == made[3]
    assert len({each.directory for each in made}) == len(builds) == 3
    assert said[2] == "installing Airflow 2.7.3 and a for Python 3.11 with pip (once)"


def test_one_that_was_not_finished_is_built_anew(tmp_path: Path, builds: list[Path]) -> None:
    rest = tmp_path / "sandbox/2.7.3-py3.11/bin/rest"
    rest.parent.mkdir(parents=True)
    rest.touch()
    assert provide(tmp_path).is_complete
    assert not rest.exists()


def test_one_whose_python_has_gone_is_built_anew(tmp_path: Path, builds: list[Path]) -> None:
    python = provide(tmp_path).python
    python.unlink()
    python.symlink_to(tmp_path / "gone")
    assert provide(tmp_path).is_complete
    assert len(builds) == 2


@pytest.mark.parametrize("error", [SandboxError("no"), KeyboardInterrupt()])
def test_a_failed_build_leaves_nothing(
    tmp_path: Path, builds: list[Path], monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(environment, "_prepare_database", fail)
    with pytest.raises(type(error)):
        provide(tmp_path)
    assert [path.name for path in (tmp_path / "sandbox").iterdir()] == ["2.7.3-py3.11.lock"]


def test_a_cache_that_can_not_be_written_is_an_error_with_a_way_out(tmp_path: Path, builds: list[Path]) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SandboxError, match="can't be stored there") as caught:
        provide(tmp_path / "file")
    assert caught.value.where == str(tmp_path / "file/sandbox")
    assert "AIRCONN_CACHE_DIR" in (caught.value.hint or "")


def test_the_cache_is_in_the_users_cache_directory() -> None:
    import platformdirs

    assert environment.cache_directory({}) == platformdirs.user_cache_path("airconn") / "sandbox"


# Builds with an installer that takes a while, and writes a line when it begins and one when it ends.
BUILDER = """
import sys
from pathlib import Path
from airconn.sandbox import environment, installer, pythons
from airconn.sandbox.versions import resolve

def install(release, python, target, *, guard, environ, keep, **_):
    python = f"mkdir -p {target}/bin; ln -s {sys.executable} {target}/bin/python"
    script = f"{python}; echo begin >> $1; sleep $2; echo end >> $1"
    guard.run(["sh", "-c", script, "sh", *sys.argv[2:]], log=guard.directory / "log", env=environ, pass_fds=[keep])

installer.install = install
installer.find_uv = lambda _: None
pythons.find = lambda *_, **__: pythons.Python(Path("python"), (3, 11, 7), True, ())
environment._prepare_database = lambda _, made, **__: made.database.touch()
made = environment.provide(resolve("2.7.3"), {"AIRCONN_CACHE_DIR": sys.argv[1], "PATH": "/usr/bin:/bin"}, print)
assert made.is_complete
"""


def start_builder(cache: Path, notes: Path, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", BUILDER, str(cache), str(notes), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})


def test_of_two_at_once_one_builds_and_the_other_waits_for_it(tmp_path: Path) -> None:
    notes = tmp_path / "notes"
    builders = [start_builder(tmp_path, notes, 1) for _ in range(2)]
    said = [builder.communicate(timeout=60)[0] for builder in builders]
    assert [builder.returncode for builder in builders] == [0, 0]
    assert notes.read_text().split() == ["begin", "end"]
    assert sorted("waiting for another airconn" in text for text in said) == [False, True]


def test_after_a_killed_builder_the_next_one_starts_over(tmp_path: Path, eventually: Callable[..., bool]) -> None:
    notes = tmp_path / "notes"
    with start_builder(tmp_path, notes, 600) as first:
        assert eventually(notes.exists)
        first.send_signal(signal.SIGKILL)
    start = time.monotonic()
    with start_builder(tmp_path, notes, 0) as second:
        assert second.wait(timeout=300) == 0
    # The lock is held until the killed builder's installer is dead, which the watchdog sees to.
    assert notes.read_text().split() == ["begin", "begin", "end"]
    assert time.monotonic() - start < 300
