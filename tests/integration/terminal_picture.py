"""The pictures of a terminal in the README, which `python -m tests.integration.play_readme` makes anew.

The commands run in a pseudo-terminal beside a real Airflow. What they print, with its colours, becomes
`examples/terminal-dark.svg` and `examples/terminal-light.svg`.
"""

from __future__ import annotations

import fcntl
import html
import io
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from airconn.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
COLUMNS = 86
COMMANDS = (
    "airconn import .env --dry-run",
    "airconn import .env -q",
    "airconn set variables/region.value=us-east-1",
    "airconn diff .env http://localhost:8080 --show-values",
    "airconn import broken.env",
)
BROKEN = "AIRFLOW_CONN_DB=postgres://etl:pa/ss@db.example.com:5432/sales\n"


def _theme(background: str, text: str, normal: str, bright: str) -> TerminalTheme:
    """The theme of colours in hex, where each of the last two has black, red, green, yellow, blue, magenta, cyan and
    white."""

    def colours(names: str) -> list[tuple[int, int, int]]:
        return [(int(name[:2], 16), int(name[2:4], 16), int(name[4:], 16)) for name in names.split()]

    return TerminalTheme(colours(background)[0], colours(text)[0], colours(normal), colours(bright))


DARK = _theme(
    "0d1117",
    "e6edf3",
    "484f58 ff7b72 3fb950 d29922 58a6ff bc8cff 39c5cf b1bac4",
    "6e7681 ffa198 56d364 e3b341 79c0ff d2a8ff 56d4dd ffffff",
)
LIGHT = _theme(
    "ffffff",
    "1f2328",
    "24292f cf222e 116329 825000 0969da 8250df 1b7c83 6e7781",
    "57606a a40e26 1a7f37 633c01 218bff a475f9 3192aa 8c959f",
)
PICTURES = {"terminal-dark.svg": DARK, "terminal-light.svg": LIGHT}
# Rich's own one, without fonts from another site, which code hosts don't load.
_SVG = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
font-size: {char_height}px; line-height: {line_height}px; }}
.{unique_id}-title {{ font-size: 18px; font-weight: bold; font-family: sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />\
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def session(box: Sandbox) -> str:
    """What the commands print on a terminal, with its colours, each behind its prompt."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        shutil.copy(ROOT / "examples/.env", directory)
        (directory / "broken.env").write_text(BROKEN)
        printed = ""
        for command in COMMANDS:
            printed += f"\x1b[1;32m$\x1b[0m \x1b[1m{command}\x1b[0m\n{_on_terminal(command, directory, box)}"
    return printed


def _on_terminal(command: str, directory: Path, box: Sandbox) -> str:
    environ = {name: value for name, value in box.environ().items() if name.startswith("AIRCONN_")}
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environ |= {"PATH": path, "HOME": str(directory), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    command = command.replace("http://localhost:8080", box.url)
    running = subprocess.Popen(
        ["bash", "-c", command],
        cwd=directory,
        env=environ,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    found = b""
    try:
        while chunk := os.read(ours, 65536):
            found += chunk
    except OSError:  # Linux says so that the other end is closed
        pass
    os.close(ours)
    running.wait()
    text = found.decode().replace("\r\n", "\n").replace(box.url, "http://localhost:8080")
    took = re.compile(r" \((?:[\d.]+ ?(?:min|m|s) ?)+\)$", re.MULTILINE)  # another time with each run
    text = took.sub("", text)
    return re.sub(r"[^\n]*\r|\x1b\[\d*K", "", text)  # lines of progress that have gone again


def picture(printed: str, theme: TerminalTheme) -> str:
    """The SVG of what was printed."""
    console = Console(
        record=True,
        width=COLUMNS,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        legacy_windows=False,
    )
    console.print(Text.from_ansi(printed.rstrip("\n")), soft_wrap=False)
    return console.export_svg(title="airconn", theme=theme, code_format=_SVG, unique_id="airconn")


def plain(printed: str) -> str:
    """What was printed, without colours."""
    return "".join(f"{line.rstrip()}\n" for line in Text.from_ansi(printed).plain.splitlines())


def shown_by(svg: str) -> str:
    """The text in a picture that `picture` made."""
    lines: dict[int, str] = {}
    width = 12.2  # of a character, as rich has it
    for x, number, text in re.findall(r'<text [^>]*x="([\d.]+)"[^>]*line-(\d+)\)">(.*?)</text>', svg):
        line = lines.get(int(number), "")
        lines[int(number)] = line.ljust(round(float(x) / width)) + html.unescape(text).replace("\xa0", " ")
    return "".join(f"{lines.get(number, '').rstrip()}\n" for number in range(max(lines) + 1))
