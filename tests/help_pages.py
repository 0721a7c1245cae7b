"""Reads the pages of `airconn/help/` and plays their commands.

What a block is follows from its language:

- `console`: commands behind `$ `, each with what it prints below it (both streams). It has to print exactly that, and
  to exit with 0. A command goes on in the next line behind a backslash. One that fails is shown as in the README:
  `airconn ... || echo "exit code $?"`.
- `sh`: commands alone, one a line. Each has to exit with 0.
- `yaml` with `jobs`, or with `script` in a job: a recipe for a CI, whose commands run as those of `sh`.
- `toml`: a user's `config.toml`, which has to be read without an error.
- all other languages in `DATA` are data, and may not hold a command.

A block of data whose first line is a comment with the name of a file, such as `# prod.yaml`, is that file, where the
world of the page writes it (`write_files`).

All commands of a page are one session in one folder with the repository's `examples/` in it: what one exports or
writes, the next finds. In which surroundings it runs is the page's `World`, in `tests/integration/help_worlds.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).parents[1]
HELP = ROOT / "airconn/help"
DATA = frozenset({"toml", "ini", "json", "yaml", "text", "dotenv"})
"""The languages of blocks that hold data."""
_SCRIPTS = Path(sys.executable).parent
_TIMEOUT = 120


@dataclass
class World:
    """The surroundings in which the commands of a page run."""

    directory: Path
    environ: dict[str, str] = field(default_factory=dict)
    """Variables besides `PATH` and `HOME`. What a command exports is added."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names in the page, and what takes their place here: `https://airflow.example.com`, and the URL of a sandbox.
    Commands get the latter, and in what they print the former takes its place again."""
    programs: Path | None = None
    """A folder of programs that come before those of the machine."""


class Block(NamedTuple):
    """A block of a page between two fences."""

    line: int
    language: str
    text: str


def pages() -> list[str]:
    return sorted(path.name for path in HELP.glob("*.md"))


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page in their order. Raises `ValueError` for a fence that isn't closed."""
    opened: tuple[int, str, list[str]] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        fence = re.fullmatch(r" *(?:```|~~~)(.*)", line)
        if fence and opened:
            yield Block(opened[0], opened[1], "".join(opened[2]))
            opened = None
        elif fence:
            opened = (number, fence[1].strip(), [])
        elif opened:
            opened[2].append(f"{line}\n")
    if opened:
        raise ValueError(f"line {opened[0]}: a block without an end")


def write_files(text: str, directory: Path) -> None:
    """Writes each block of data of a page that begins with the name of a file."""
    for block in blocks(text):
        named = re.match(r"# ([\w.-]+)\n", block.text)
        if named and block.language in DATA:
            (directory / named[1]).write_text(block.text)


def recipe(block: Block) -> list[str]:
    """The commands of a recipe for a CI. Empty for other blocks."""
    if block.language != "yaml":
        return []
    document = yaml.safe_load(block.text)
    if not isinstance(document, dict):
        return []
    jobs = document.get("jobs", document)
    found: list[str] = []
    for job in jobs.values() if isinstance(jobs, dict) else ():
        if isinstance(job, dict):
            found += [step["run"] for step in job.get("steps", ()) if "run" in step]
            found += job.get("script", ())
    return found


def unplayed(text: str) -> list[str]:
    """What would not be run of a page, although it looks like a command, each with its line."""
    found = []
    for block in blocks(text):
        if block.language in ("console", "sh"):
            if block.language == "console" and not block.text.startswith("$ "):
                found.append(f"line {block.line}: a console block begins with a command")
        elif block.language not in DATA:
            found.append(f"line {block.line}: the language {block.language!r} is not one of those that are known")
        elif not recipe(block):
            commands = [line for line in block.text.splitlines() if re.match(r" *(\$ |airconn )", line)]
            found += [f"line {block.line}: a command in a block of data: {line}" for line in commands]
    return found


def commands(block: Block) -> list[str]:
    """The commands of a block, as they are written."""
    if block.language == "console":
        return re.findall(r"^\$ ((?:.*\\\n)*.*)$", block.text, re.MULTILINE)
    if block.language == "sh":
        return [line for line in block.text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]
    return recipe(block)


def played(block: Block, world: World) -> str:
    """The text of a block as its commands print it here. Raises `AssertionError` for one that exits with another code
    than 0."""
    if block.language != "console":
        for command in commands(block):
            printed, code = run(command, world)
            assert code == 0, f"line {block.line}: {command}: exit code {code}\n{printed}"
        return block.text
    text = ""
    for command in commands(block):
        printed, code = run(command, world)
        assert code == 0, f"line {block.line}: {command}: exit code {code}\n{printed}"
        text += f"$ {command}\n{printed}"
    return text


def run(command: str, world: World) -> tuple[str, int]:
    """What a command of a page prints, as the page would have it, and its exit code."""
    for written, here in world.names.items():
        command = command.replace(written, here)
    kept = world.directory / ".exported"
    first = () if world.programs is None else (str(world.programs),)
    path = os.pathsep.join((*first, str(_SCRIPTS), os.environ["PATH"]))
    done = subprocess.run(
        ["bash", "-c", f'{command}\ncode=$?\nenv -0 > "$_EXPORTED"\nexit $code'],
        cwd=world.directory,
        env={"PATH": path, "HOME": str(world.directory), **world.environ, "_EXPORTED": str(kept)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_TIMEOUT,
    )
    exported = dict(line.split("=", 1) for line in kept.read_text().split("\0") if "=" in line)
    kept.unlink()
    own = ("PATH", "PWD", "OLDPWD", "SHLVL", "_", "_EXPORTED")
    world.environ = {name: value for name, value in exported.items() if name not in own}
    printed = done.stdout
    for written, here in world.names.items():
        printed = printed.replace(here, written)
    return printed, done.returncode
