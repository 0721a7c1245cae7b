"""How an environment is made: with programs in place of uv and Python that write down what they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from airconn.installed import command_for
from airconn.sandbox import installer
from airconn.sandbox.guard import ProcessGuard
from airconn.sandbox.output import ProgramFailed
from airconn.sandbox.pythons import Python
from airconn.sandbox.versions import Release, resolve

WriteScript = Callable[[Path, str], Path]


@dataclass
class Machine:
    folder: Path
    uv: Path
    python: Python
    install: Callable[..., None]

    @property
    def target(self) -> Path:
        return self.folder / "target"

    def asked(self) -> list[str]:
        return (self.folder / "asked").read_text().splitlines()


@pytest.fixture
def machine(write_script: WriteScript, tmp_path: Path) -> Iterator[Machine]:
    note = f'echo "$(basename $0) $*" >> {tmp_path}/asked'
    inside = tmp_path / "target/bin"
    uv = write_script(tmp_path / "uv", note)
    python = write_script(
        tmp_path / "python3.11",
        f'{note}\ncase "$*" in *"-m venv"*) mkdir -p {inside}; cp "$0" {inside}/python;; esac',
    )
    with ProcessGuard() as guard, (tmp_path / "lock").open("w") as lock:

        def install(release: Release, *, uv: Path | None, **environ: str) -> None:
            installer.install(
                release,
                Python(python, (3, 11, 7), usable=True, lacking=()),
                tmp_path / "target",
                uv=uv,
                guard=guard,
                environ={"PATH": "/usr/bin:/bin", **environ},
                keep=lock.fileno(),
            )

        yield Machine(tmp_path, uv, Python(python, (3, 11, 7), usable=True, lacking=()), install)


def test_uv_installs_what_there_was_at_the_release_for_that_very_python(machine: Machine) -> None:
    machine.install(resolve("2.7.3"), uv=machine.uv)
    cutoff = "--exclude-newer 2023-11-07T00:00:00Z"
    assert machine.asked() == [
        f"uv venv --quiet --no-project --python {machine.python.path} {machine.target}",
        f"uv pip install --quiet --python {machine.target}/bin/python {cutoff} apache-airflow==2.7.3",
    ]


def test_without_uv_pip_is_brought_up_to_date_and_does_the_same(machine: Machine) -> None:
    machine.install(resolve("2.7.3"), uv=None)
    assert machine.asked() == [
        f"python3.11 -I -m venv {machine.target}",
        "python -I -m pip install --quiet --upgrade pip",
        "python -I -m pip install --quiet --uploaded-prior-to 2023-11-07T00:00:00Z apache-airflow==2.7.3",
    ]


@pytest.mark.parametrize("with_uv", [True, False])
def test_a_release_whose_day_is_not_known_is_installed_with_what_there_is_today(
    machine: Machine, with_uv: bool
) -> None:
    machine.install(replace(resolve("3.3.2"), cutoff=None), uv=machine.uv if with_uv else None)
    assert "exclude-newer" not in machine.asked()[-1]
    assert "uploaded-prior-to" not in machine.asked()[-1]
    assert machine.asked()[-1].endswith("apache-airflow==3.3.2")


def test_settings_that_would_change_what_is_installed_are_not_passed_on(
    write_script: WriteScript, machine: Machine
) -> None:
    write_script(machine.uv, f"env > {machine.folder}/env")
    unwanted = {"UV_EXCLUDE_NEWER": "2020-01-01", "UV_OVERRIDE": "x", "PIP_TARGET": "x", "VIRTUAL_ENV": "x"}
    machine.install(resolve("3.3.2"), uv=machine.uv, UV_INDEX_URL="https://index.example", **unwanted)
    given = dict(line.split("=", 1) for line in (machine.folder / "env").read_text().splitlines())
    assert not unwanted.keys() & given.keys()
    assert given["UV_INDEX_URL"] == "https://index.example"
    assert given["UV_PYTHON_DOWNLOADS"] == "never"


@pytest.mark.parametrize(
    ("said", "with_uv", "hint"),
    [
        ("no solution found, https://me:pass@index.example/simple", True, "UV_INDEX_URL"),
        (
            "ERROR: Index https://me:pass@index.example/ does not provide upload-time metadata.",
            False,
            command_for("sandbox"),
        ),
        ("no such option: --uploaded-prior-to", False, command_for("sandbox")),
        ("Could not connect to https://me:pass@index.example", False, "PIP_INDEX_URL"),
    ],
)
def test_when_it_fails_the_error_has_the_installers_last_words_and_a_way_out(
    write_script: WriteScript, machine: Machine, said: str, with_uv: bool, hint: str
) -> None:
    failing = f"echo '{said}'; exit 1"
    write_script(machine.uv, failing)
    write_script(machine.python.path, failing)
    with pytest.raises(ProgramFailed, match=r"2\.7\.3 could not be installed for Python 3.11 with") as caught:
        machine.install(resolve("2.7.3"), uv=machine.uv if with_uv else None)
    assert caught.value.said == (said.replace("me:pass", "***"),)
    assert hint in (caught.value.hint or "")


def test_a_uv_that_does_not_run_is_as_good_as_none(
    write_script: WriteScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer.sysconfig, "get_path", lambda _: str(tmp_path / "scripts"))
    write_script(tmp_path / "scripts/uv", "exit 127")
    environ = {"PATH": str(tmp_path / "bin")}
    assert installer.find_uv(environ) is None
    on_path = write_script(tmp_path / "bin/uv", "echo uv 1.0")
    assert installer.find_uv(environ) == on_path


def test_the_uv_that_came_with_airconn_is_preferred(
    write_script: WriteScript, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installer.sysconfig, "get_path", lambda _: str(tmp_path / "scripts"))
    write_script(tmp_path / "bin/uv", "echo uv 1.0")
    beside = write_script(tmp_path / "scripts/uv", "echo uv 1.0")
    assert installer.find_uv({"PATH": str(tmp_path / "bin")}) == beside
