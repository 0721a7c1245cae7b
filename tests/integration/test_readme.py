"""Every command block of README.md runs and prints what it says, and its pictures show what is printed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme

from airconn.sandbox import Sandbox
from tests import help_pages
from tests.help_pages import World
from tests.integration import play_readme, terminal_picture
from tests.integration.conftest import on_worker_of
from tests.integration.help_worlds import NEWEST, emptied

pytestmark = on_worker_of(NEWEST)

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    return [block.text for block in help_pages.blocks(text) if block.language == language]


@pytest.fixture
def box(shared_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    return emptied(shared_sandbox(NEWEST))


def test_the_tour_prints_what_it_shows(box: Sandbox, tmp_path: Path) -> None:
    world = play_readme.world_of(box, tmp_path)
    shown = [block for block in help_pages.blocks(README) if block.language == "console"]
    assert [help_pages.played(block, world) for block in shown] == [block.text for block in shown]


def test_the_pictures_show_what_is_printed(box: Sandbox) -> None:
    printed = terminal_picture.plain(terminal_picture.session(box))
    for name in terminal_picture.PICTURES:
        assert terminal_picture.shown_by((ROOT / "examples" / name).read_text()) == printed, (
            "python -m tests.integration.play_readme"
        )


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


def test_the_completion_line_runs(tmp_path: Path) -> None:
    (line,) = (block.strip() for block in blocks("sh")[2:])
    printed, code = help_pages.run(f"{line} && complete -p airconn", World(tmp_path))
    assert code == 0
    assert printed.startswith("complete ")
    assert printed.rstrip().endswith("airconn")


def test_the_configuration_is_read(airconn: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The airconn.toml of the page on addresses."""
    (text,) = (
        text for text in blocks("toml", (help_pages.HELP / "addresses.md").read_text()) if "airconn.toml" in text
    )
    (tmp_path / "airconn.toml").write_text(f'ca_bundle = "company-ca.pem"\n{text}')
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "company-ca.pem"))
    monkeypatch.chdir(tmp_path)
    result = airconn("list", "--from", "@dev", "--timeout", "1", env={"AIRCONN_RETRIES": "0"})
    assert "http://localhost:8080" in result.err


def test_no_block_of_the_readme_goes_without_being_run() -> None:
    assert help_pages.unplayed(README) == []
    assert re.findall(r"^```(\w+)$", README, re.MULTILINE).count("sh") == 3
