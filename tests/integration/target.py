"""A real Airflow to import into, and what is in its database, without a word of Airflow or airconn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.integration import in_airflow


class Target:
    """A sandbox, the `airconn` that talks to it, and the truth about what is in it."""

    def __init__(self, box: Any, run: Callable[..., Any], directory: Path) -> None:
        self.box = box
        self.directory = directory
        self.home = Path(box.environ()["AIRFLOW_HOME"])
        self.environ = box.credentials()
        self.airconn = lambda *args, **env: run(*args, env={**self.environ, **env})

    def database(self) -> dict[str, Any]:
        return in_airflow.dump(self.home)  # type: ignore[no-any-return]

    def seed(self, objects: dict[str, Any]) -> None:
        """Makes the database hold these objects, in the shape of `database`, and no others."""
        in_airflow.seed(self.home, objects)

    def wipe(self) -> None:
        in_airflow.wipe(self.home)

    def exported(self) -> dict[str, Any]:
        """What `airflow connections export`, `variables export` and `pools export` write."""
        for kind in ("connections", "variables", "pools"):
            command = [self.box.warm / "airflow", kind, "export", self.directory / f"{kind}.json"]
            done = self.box.run(command, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
        found = {
            kind: json.loads((self.directory / f"{kind}.json").read_text())
            for kind in ("connections", "variables", "pools")
        }
        found["pools"].pop("default_pool")
        return found
