"""Where a file with secrets lies: whether git tracks it, and who can read it."""

from __future__ import annotations

import os
from pathlib import Path

_SECONDS = 5
# What git itself sets for its hooks is about the repository that it runs in, and not about the file's.
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


def is_tracked(path: Path) -> bool:
    """Whether git tracks a file. Where there is no git, no repository or no answer, it is said not to."""
    import subprocess

    real = path.resolve()
    # A repository from elsewhere may name a program as its `core.fsmonitor`, which is not to run.
    command = ["git", "-c", "core.fsmonitor=false", "ls-files", "--error-unmatch", "--", f":(literal){real.name}"]
    environ = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the name of the file is behind the '--'
            command,
            cwd=real.parent,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return done.returncode == 0


def is_open(path: Path) -> bool:
    """Whether others than the owner of a file may do anything with it. Windows has no such modes."""
    return os.name == "posix" and path.is_file() and bool(path.stat().st_mode & 0o077)


def close_up(path: Path) -> None:
    """Takes from others what they may do with a file. Raises `OSError`."""
    path.chmod(path.stat().st_mode & 0o600)
