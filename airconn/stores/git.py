"""Asks git whether it tracks a file, or would add it with the next `git add`."""

from __future__ import annotations

import os
from pathlib import Path

_SECONDS = 5
# git sets these for its hooks. They are about the repository that it runs in, which may not be that of the file.
_OF_A_HOOK = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")


def is_tracked(path: Path) -> bool:
    """Whether git tracks a file. False without git, a repository or an answer."""
    real = path.resolve()
    return _code(real.parent, "ls-files", "--error-unmatch", "--", f":(literal){real.name}") == 0


def is_not_ignored(path: Path) -> bool:
    """Whether a file is in a work tree of git that doesn't ignore it. False if git has no answer."""
    real = path.resolve()
    if not any((parent / ".git").exists() for parent in real.parents):
        return False
    return _code(real.parent, "check-ignore", "-q", "--", f"./{real.name}") == 1


def _code(directory: Path, *args: str) -> int | None:
    """The exit code of a git command. None if it can't be run."""
    import subprocess

    # A repository from elsewhere may name a program as its `core.fsmonitor`, which must not run.
    command = ["git", "-c", "core.fsmonitor=false", *args]
    environ = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    try:
        done = subprocess.run(  # noqa: S603 - no shell, and the name of the file is behind the '--'
            command,
            cwd=directory,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.returncode
