"""The real sops with a new age key."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest

SCRIPTS = Path(sys.executable).parent


@dataclass(frozen=True)
class Sops:
    """The program, and a key for it."""

    environ: dict[str, str]
    recipient: str

    def run(self, *args: object, stdin: str | None = None, cwd: Path | None = None) -> str:
        done = subprocess.run(
            [str(SCRIPTS / "sops"), *map(str, args)],
            input=stdin,
            cwd=cwd,
            env={**os.environ, **self.environ},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def encrypt(self, path: Path, *args: str) -> Path:
        """Encrypts a file where it is."""
        self.run(*args, "--encrypt", "--in-place", "--age", self.recipient, path)
        return path

    def decrypt(self, path: Path) -> str:
        return self.run("decrypt", path)


@pytest.fixture(scope="session")
def sops() -> Sops:
    identity = pyrage.x25519.Identity.generate()
    environ = {
        "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
        "SOPS_AGE_KEY": str(identity),
        "SOPS_DISABLE_VERSION_CHECK": "true",
    }
    return Sops(environ, str(identity.to_public()))


@pytest.fixture
def run(
    airconn: Callable[..., object], sops: Sops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., object]:
    """Runs `airconn` in `tmp_path` with the key."""
    monkeypatch.chdir(tmp_path)

    def call(*args: object, env: dict[str, str] | None = None, **rest: object) -> object:
        return airconn(*args, env={**sops.environ, **(env or {})}, **rest)

    return call


@pytest.fixture
def rule(sops: Sops, tmp_path: Path) -> Callable[..., None]:
    """Writes a `.sops.yaml` whose rule is for names with `.enc.`."""

    def write(**more: object) -> None:
        lines = [f"    {name}: {value}\n" for name, value in more.items()]
        text = f"creation_rules:\n  - path_regex: \\.enc\\.\n    age: {sops.recipient}\n"
        (tmp_path / ".sops.yaml").write_text(text + "".join(lines))

    return write
