"""Finding a Python on a machine: here one that is made of scripts which answer like interpreters."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.errors import SandboxError
from airconn.sandbox import pythons
from airconn.sandbox.versions import resolve

MakePython = Callable[..., Path]
WriteScript = Callable[[Path, str], Path]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment variables of a machine where no Python is but those that a test puts there."""
    monkeypatch.setattr(pythons, "_USUAL_PLACES", ())
    monkeypatch.setattr(pythons, "_current", list)
    return {"PATH": f"{tmp_path / 'bin'}:{tmp_path / 'more'}", "HOME": str(tmp_path)}


@pytest.fixture
def make_python(write_script: WriteScript, tmp_path: Path) -> MakePython:
    def make(place: str, version: str, *, usable: bool = True, lacking: list[str] | None = None) -> Path:
        path = tmp_path / place
        answer = {
            "path": str(path),
            "version": [int(part) for part in version.split(".")],
            "usable": usable,
            "lacking": lacking or [],
        }
        return write_script(path, f"echo '{json.dumps(answer)}'")

    return make


def test_the_newest_supported_one_is_taken(machine: dict[str, str], make_python: MakePython) -> None:
    make_python("bin/python3.8", "3.8.18")
    wanted = make_python("more/python3.11", "3.11.7")
    make_python("bin/python3.10", "3.10.1")
    make_python("bin/python3.12", "3.12.1")
    assert pythons.find(resolve("2.7.3"), uv=None, environ=machine).path == wanted


def test_one_that_pyenv_has_is_found_though_its_shim_does_not_work(
    write_script: WriteScript, machine: dict[str, str], make_python: MakePython, tmp_path: Path
) -> None:
    write_script(tmp_path / "bin/python3.11", "echo 'pyenv: python3.11: command not found' >&2; exit 127")
    wanted = make_python(".pyenv/versions/3.11.7/bin/python", "3.11.7")
    assert pythons.find(resolve("2.7.3"), uv=None, environ=machine).path == wanted


def test_pyenv_may_be_elsewhere(machine: dict[str, str], make_python: MakePython, tmp_path: Path) -> None:
    wanted = make_python("env/versions/3.9.18/bin/python", "3.9.18")
    environ = {**machine, "PYENV_ROOT": str(tmp_path / "env")}
    assert pythons.find(resolve("2.7.3"), uv=None, environ=environ).path == wanted


def test_one_that_only_uv_knows_is_found(
    write_script: WriteScript, machine: dict[str, str], make_python: MakePython, tmp_path: Path
) -> None:
    wanted = make_python("hidden/cpython-3.11.9/bin/python3.11", "3.11.9")
    rows = json.dumps([{"path": str(tmp_path / "gone/python3.11")}, {"path": str(wanted)}])
    uv = write_script(tmp_path / "uv", f"echo \"$@\" > {tmp_path}/asked; echo '{rows}'")
    assert pythons.find(resolve("2.7.3"), uv=uv, environ=machine).path == wanted
    assert "--no-python-downloads" in (tmp_path / "asked").read_text()


def test_a_uv_that_fails_is_no_obstacle(
    write_script: WriteScript, machine: dict[str, str], make_python: MakePython, tmp_path: Path
) -> None:
    wanted = make_python("bin/python3.11", "3.11.7")
    uv = write_script(tmp_path / "uv", "exit 2")
    assert pythons.find(resolve("2.7.3"), uv=uv, environ=machine).path == wanted


def test_the_name_of_a_file_is_not_believed(machine: dict[str, str], make_python: MakePython) -> None:
    make_python("bin/python3.11", "3.13.0")
    wanted = make_python("bin/python3", "3.10.4")
    assert pythons.find(resolve("2.7.3"), uv=None, environ=machine).path == wanted


def test_a_build_that_can_not_carry_airflow_is_passed_over(machine: dict[str, str], make_python: MakePython) -> None:
    make_python("bin/python3.11", "3.11.7", lacking=["sqlite3"])
    make_python("more/python3.10", "3.10.0", usable=False)
    wanted = make_python("bin/python3.9", "3.9.18")
    assert pythons.find(resolve("2.7.3"), uv=None, environ=machine).path == wanted


def test_where_none_fits_the_error_says_what_is_needed_what_there_is_and_what_to_do(
    machine: dict[str, str], make_python: MakePython
) -> None:
    make_python("bin/python3.12", "3.12.1")
    make_python(".pyenv/versions/3.13.0/bin/python", "3.13.0")
    make_python("bin/python3.11", "3.11.7", lacking=["sqlite3"])
    make_python("bin/python3.10", "3.10.0", usable=False)
    make_python("bin/python3", "3.12.1")
    with pytest.raises(SandboxError) as caught:
        pythons.find(resolve("2.7.3"), uv=None, environ=machine)
    assert caught.value.message == (
        "Airflow 2.7.3 needs Python 3.8 to 3.11, and none was found here that can be used; found: "
        "3.10.0 (not a final release of standard CPython), 3.11.7 (without sqlite3), 3.12.1, 3.13.0"
    )
    assert caught.value.hint is not None
    assert "uv python install 3.11" in caught.value.hint


def test_where_there_is_no_python_at_all_the_error_says_so(machine: dict[str, str]) -> None:
    with pytest.raises(SandboxError, match="found: none at all"):
        pythons.find(resolve("2.7.3"), uv=None, environ=machine)


def test_the_running_interpreter_tells_what_it_is() -> None:
    python = pythons.probe(Path(sys.executable), ["json", "no_such_module"])
    assert python is not None
    assert python.version == sys.version_info[:3]
    assert python.lacking == ("no_such_module",)
    # Of a virtual environment the Python below it counts: an environment on top of another would break with it.
    assert python.path == Path(getattr(sys, "_base_executable", sys.executable))


@pytest.mark.parametrize("body", ["exit 1", "echo nonsense", "echo '{}'", "echo '[1]'"])
def test_what_does_not_answer_like_a_python_is_none(write_script: WriteScript, tmp_path: Path, body: str) -> None:
    assert pythons.probe(write_script(tmp_path / "python", body)) is None
    assert pythons.probe(tmp_path / "nothing") is None
