"""Commands that lead to the `airflow` of a sandbox, as `docker exec -i` leads to that of a container."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from airconn.sandbox import Sandbox
from tests.integration import warm_airflow


class Command:
    """A program in `directory` that runs its arguments where the `airflow` of a sandbox is.

    `lines` of a shell run before that; `first` is a directory that PATH begins with.
    """

    def __init__(
        self,
        directory: Path,
        box: Any,
        *,
        first: Path | None = None,
        environ: Mapping[str, str | Path] | None = None,
        lines: str = "",
        then: str = 'exec "$@"',
    ) -> None:
        self.path = directory / "prefix"
        self.temporary = directory / "temporary"
        self.temporary.mkdir(exist_ok=True)
        search = box.search_path if first is None else f"{first}:{box.search_path}"
        variables = {"AIRFLOW_HOME": box.home, "PATH": search, "TMPDIR": self.temporary, **(environ or {})}
        exports = "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in variables.items())
        self.path.write_text(f"#!/bin/sh\nunset PYTHONPATH\n{exports}{lines}\n{then}\n")
        self.path.chmod(0o755)

    @property
    def address(self) -> str:
        return f"airflow-cli:{self.path}"

    def leftovers(self) -> list[str]:
        """What is left of the files that were there for a moment."""
        return sorted(str(path) for path in self.temporary.rglob("*"))


@contextmanager
def warm(box: Any) -> Iterator[Path]:
    """A directory with an `airflow` that needs no time to start, for as long as the block lasts."""
    with tempfile.TemporaryDirectory(prefix="airconn-") as name:
        directory = Path(name)
        warm_airflow.write_command(directory, box.python, directory / "socket")
        server = subprocess.Popen(
            [box.python, "-I", warm_airflow.__file__, "serve", directory / "socket"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**box.environ(), "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False"},
            cwd=directory,
        )
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            ready = any(line.strip() == b"ready" for line in server.stdout)
            assert ready, f"{sys.executable}: the warm Airflow didn't start"
            yield directory
        finally:
            server.stdin.close()
            server.wait(timeout=120)
            server.stdout.close()


class WarmSandbox(Sandbox):
    """A sandbox with an `airflow` beside its own that needs no time to start."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._warm = ExitStack()
        self._directory: Path | None = None

    @property
    def warm(self) -> Path:
        """The directory of that `airflow`."""
        if self._directory is None:
            self._directory = self._warm.enter_context(warm(self))
        return self._directory

    def close(self) -> None:
        self._warm.close()
        super().close()
