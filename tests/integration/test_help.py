"""Every command of the pages in airconn/help/ runs, exits as the page says, and prints what it shows."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.sandbox import Sandbox
from tests import help_pages
from tests.integration.conftest import on_worker_of
from tests.integration.help_worlds import NEWEST, WORLDS

pytestmark = on_worker_of(NEWEST)


@pytest.mark.parametrize("name", help_pages.pages())
def test_a_page_prints_what_it_shows(name: str, tmp_path: Path, shared_sandbox: Callable[[str], Sandbox]) -> None:
    blocks = list(help_pages.blocks((help_pages.HELP / name).read_text()))
    shown = [block for block in blocks if help_pages.commands(block)]
    if not shown:
        return
    assert name in WORLDS, f"{name} has commands, and no surroundings in help_worlds.py in which they run"
    shutil.copytree(help_pages.ROOT / "examples", tmp_path / "examples")
    with WORLDS[name](tmp_path, shared_sandbox) as world:
        for block in shown:
            assert help_pages.played(block, world) == block.text, f"{name}, line {block.line}"
