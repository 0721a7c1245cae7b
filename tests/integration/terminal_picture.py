"""The pictures of a terminal in the README: `python -m tests.integration.terminal_picture` makes them anew.

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
    "airconn check broken.env",
    "airconn import broken.env",
)
BROKEN = "AIRFLOW_CONN_DB=postgres://etl:pa/ss@db.example.com:5432/sales\n"
DARK = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [
        (72, 79, 88),
        (255, 123, 114),
        (63, 185, 80),
        (210, 153, 34),
        (88, 166, 255),
        (188, 140, 255),
        (57, 197, 207),
        (177, 186, 196),
    ],
    [
        (110, 118, 129),
        (255, 161, 152),
        (86, 211, 100),
        (227, 179, 65),
        (121, 192, 255),
        (210, 168, 255),
        (86, 212, 221),
        (255, 255, 255),
    ],
)
LIGHT = TerminalTheme(
    (255, 255, 255),
    (31, 35, 40),
    [
        (36, 41, 47),
        (207, 34, 46),
        (17, 99, 41),
        (130, 80, 0),
        (9, 105, 218),
        (130, 80, 223),
        (27, 124, 131),
        (110, 119, 129),
    ],
    [
        (87, 96, 106),
        (164, 14, 38),
        (26, 127, 55),
        (99, 60, 1),
        (33, 139, 255),
        (164, 117, 249),
        (49, 146, 170),
        (140, 149, 159),
    ],
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
        for file, text in ((directory / ".env", None), (directory / "broken.env", BROKEN)):
            if text is not None:
                file.write_text(text)
            file.chmod(0o600)
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


def main() -> None:
    with Sandbox("3.3.2") as box:
        printed = session(box)
    for name, theme in PICTURES.items():
        (ROOT / "examples" / name).write_text(picture(printed, theme))
    print(plain(printed), end="")


if __name__ == "__main__":
    main()
