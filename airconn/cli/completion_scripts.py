"""The completion scripts of shells, and where a shell looks for them."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

from airconn.errors import UsageError

if TYPE_CHECKING:
    from click.shell_completion import ShellComplete

_VARIABLE = "_AIRCONN_COMPLETE"
_BASH_COMPLETION = (
    "/usr/share/bash-completion/bash_completion",
    "/usr/local/share/bash-completion/bash_completion",
    "/opt/homebrew/etc/profile.d/bash_completion.sh",
    "/usr/local/etc/profile.d/bash_completion.sh",
    "/etc/bash_completion",
)
"""Where the package bash-completion is, which loads scripts when they are needed."""


@dataclass(frozen=True, slots=True)
class InstalledScript:
    """A script that is where its shell looks."""

    shell: str
    path: Path
    is_new: bool
    """Whether it wasn't there before, or was another one."""
    settings: str = ""
    """The file of the user's settings that lacks `lines`."""
    lines: tuple[str, ...] = ()
    """What is to be added to `settings`, since the shell looks there only then."""

    @property
    def command(self) -> str:
        """The command that loads it into a shell that runs."""
        return "exec zsh" if self.shell == "zsh" else f"source {shlex.quote(str(self.path))}"


def script_of(shell: str) -> str:
    """The script that completes airconn's command lines in a shell.

    It is that of click, but adds no space behind what is only the beginning of a word, such as `connections/`.
    """
    from click.shell_completion import get_completion_class

    from airconn.cli.main import group

    completion = cast("type[ShellComplete]", get_completion_class(shell))  # click has one for each shell here
    source = completion(group, {}, "airconn", _VARIABLE).source()
    if shell == "bash":
        source = source.replace(
            "COMPREPLY+=($value)", "COMPREPLY+=($value); [[ $value == *[/.=] ]] && compopt -o nospace"
        )
    if shell == "zsh":
        source = source.replace("local -a completions\n", "local -a completions beginnings\n")
        source = source.replace(
            'completions+=("$key")', '[[ "$key" == *[/.=] ]] && beginnings+=("$key") || completions+=("$key")'
        )
        added = "compadd -U -V unsorted -a completions\n    fi"
        then = '\n    if [ -n "$beginnings" ]; then\n        compadd -S "" -U -V unsorted -a beginnings\n    fi'
        source = source.replace(added, added + then)
    return source + "\n"


def install_script(shell: str, environ: Mapping[str, str]) -> InstalledScript:
    """Writes the script of a shell to the directory of the user where the shell looks for it.

    Raises `UsageError` without a home directory and where another file is in the way, and `AirconnError` where it
    can't be written.
    """
    from airconn.stores.saving import write_atomically

    if not environ.get("HOME"):
        raise UsageError("HOME isn't set: the script goes into your home directory")
    home = Path(environ["HOME"])
    path = {"bash": _of_bash, "zsh": _of_zsh, "fish": _of_fish}[shell](home, environ)
    script = script_of(shell)
    before = _text(path)
    if before is not None and _VARIABLE not in before:
        raise UsageError("this file isn't a completion script of airconn", where=str(path), hint="move it away")
    if before != script:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(error.strerror or "can't be created", where=str(path.parent)) from None
        write_atomically(path, script)
    settings, lines = _lacking(shell, path, home, environ)
    return InstalledScript(shell, path, before != script, settings, lines)


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None


def _directory(environ: Mapping[str, str], variable: str, default: Path) -> Path:
    """The directory that a variable of the XDG Base Directory Specification names. A relative one doesn't count."""
    named = Path(environ.get(variable, ""))
    return named if named.is_absolute() else default


def _of_bash(home: Path, environ: Mapping[str, str]) -> Path:
    data = _directory(environ, "XDG_DATA_HOME", home / ".local/share") / "bash-completion"
    return _directory(environ, "BASH_COMPLETION_USER_DIR", data) / "completions/airconn"


def _of_zsh(home: Path, environ: Mapping[str, str]) -> Path:
    ours = home / ".oh-my-zsh/completions"
    return (ours if ours.parent.is_dir() else home / ".zfunc") / "_airconn"


def _of_fish(home: Path, environ: Mapping[str, str]) -> Path:
    return _directory(environ, "XDG_CONFIG_HOME", home / ".config") / "fish/completions/airconn.fish"


def _lacking(shell: str, path: Path, home: Path, environ: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The file of the user's settings, and the lines that it needs so that the shell finds the script."""
    if shell == "bash" and not any(Path(known).exists() for known in _BASH_COMPLETION):
        line = f"source {shlex.quote(str(path))}"
        return _unless_there(home / ".bashrc", (line,), str(path))
    if shell == "zsh" and path.parent.name == ".zfunc":
        settings = _directory(environ, "ZDOTDIR", home) / ".zshrc"
        return _unless_there(settings, ("fpath+=~/.zfunc", "autoload -Uz compinit && compinit"), ".zfunc")
    return "", ()


def _unless_there(settings: Path, lines: tuple[str, ...], mark: str) -> tuple[str, tuple[str, ...]]:
    return ("", ()) if mark in (_text(settings) or "") else (str(settings), lines)
