"""`python -m tests.integration.play_help TOPIC...` prints pages with what their commands print now.

With `--write`, the pages are written anew.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from airconn.sandbox import Sandbox
from tests import help_pages
from tests.integration.help_worlds import WORLDS


def main(*arguments: str) -> None:
    topics = [argument for argument in arguments if not argument.startswith("--")]
    with ExitStack() as stack:
        os.environ["AIRCONN_STATE_DIR"] = stack.enter_context(tempfile.TemporaryDirectory())
        running: dict[str, Sandbox] = {}

        def get(version: str) -> Sandbox:
            if version not in running:
                running[version] = stack.enter_context(Sandbox(version))
            return running[version]

        for topic in topics:
            page = help_pages.HELP / f"{topic}.md"
            text = _played(page, get)
            if "--write" in arguments:
                page.write_text(text)
            else:
                print(text)


def _played(page: Path, get: Callable[[str], Sandbox]) -> str:
    text = page.read_text()
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shutil.copytree(help_pages.ROOT / "examples", directory / "examples")
        with WORLDS[page.name](directory, get) as world:
            for block in help_pages.blocks(text):
                if block.language == "console":
                    printed = help_pages.played(block, world)
                    text = text.replace(f"```console\n{block.text}", f"```console\n{printed}", 1)
                elif help_pages.commands(block):
                    help_pages.played(block, world)
    return text


if __name__ == "__main__":
    main(*sys.argv[1:])
