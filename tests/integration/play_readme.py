"""`python -m tests.integration.play_readme` renews README.md: its tables, what its commands print, its pictures."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from airconn.sandbox import Sandbox
from tests import help_pages, readme_tables
from tests.help_pages import World
from tests.integration import terminal_picture
from tests.integration.help_worlds import NEWEST, emptied


def world_of(box: Sandbox, directory: Path) -> World:
    """An Airflow, which the README calls http://127.0.0.1:8080, and the examples."""
    shutil.copytree(help_pages.ROOT / "examples", directory / "examples")
    environ = {name: value for name, value in box.environ().items() if name.startswith("AIRCONN_")}
    return World(directory, environ, {"http://127.0.0.1:8080": box.url})


def main() -> None:
    readme_tables.main()
    text = readme_tables.README.read_text()
    with Sandbox(NEWEST) as box, tempfile.TemporaryDirectory() as name:
        world = world_of(box, Path(name))
        for block in help_pages.blocks(text):
            if block.language == "console":
                printed = help_pages.played(block, world)
                text = text.replace(f"```console\n{block.text}", f"```console\n{printed}", 1)
        readme_tables.README.write_text(text)
        printed = terminal_picture.session(emptied(box))
    for picture, theme in terminal_picture.PICTURES.items():
        (help_pages.ROOT / "examples" / picture).write_text(terminal_picture.picture(printed, theme))


if __name__ == "__main__":
    main()
