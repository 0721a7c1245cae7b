"""`python -m tests.integration.play_help astro` prints a page with what its commands print now.

With `--write`, the page is written anew.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from airconn.sandbox import Sandbox
from tests import help_pages
from tests.integration.help_worlds import WORLDS


def main(topic: str, *flags: str) -> None:
    page = help_pages.HELP / f"{topic}.md"
    text = page.read_text()
    with ExitStack() as stack, tempfile.TemporaryDirectory() as name:
        running: dict[str, Sandbox] = {}

        def get(version: str) -> Sandbox:
            if version not in running:
                running[version] = stack.enter_context(Sandbox(version))
            return running[version]

        directory = Path(name)
        shutil.copytree(help_pages.ROOT / "examples", directory / "examples")
        with WORLDS[page.name](directory, get) as world:
            for block in help_pages.blocks(text):
                if block.language == "console":
                    printed = help_pages.played(block, world)
                    text = text.replace(f"```console\n{block.text}", f"```console\n{printed}", 1)
                elif help_pages.commands(block):
                    help_pages.played(block, world)
    if "--write" in flags:
        page.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main(*sys.argv[1:])
