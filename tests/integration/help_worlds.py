"""The surroundings of each page of `airconn/help/`: the doors and Airflows that its commands run against.

A page without an entry fails the tests as soon as it has a command. `get` starts an Airflow of a version, or gives
the one that runs already; import what is heavy inside the functions.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.help_pages import ROOT, World

if TYPE_CHECKING:
    from airconn.sandbox import Sandbox

NEWEST = "3.3.2"
MakeWorld = Callable[[Path, Callable[[str], "Sandbox"]], contextlib.AbstractContextManager[World]]


def emptied(box: Sandbox) -> Sandbox:
    """The Airflow without an object but `default_pool`."""
    box.run([box.python, Path(__file__).parent / "in_airflow.py", "wipe"], check=True)
    return box


@contextlib.contextmanager
def plain(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """An Airflow, which the page calls https://airflow.example.com, with its credentials in the environment."""
    box = emptied(get(NEWEST))
    environ = {
        name: value for name, value in box.environ().items() if name in ("AIRCONN_USERNAME", "AIRCONN_PASSWORD")
    }
    yield World(directory, environ, {"https://airflow.example.com": box.environ()["AIRCONN_URL"]})


@contextlib.contextmanager
def astro(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """The fake of Astro with the Deployment `prod` of the Workspace `analytics`, and a real Airflow behind it.

    That Airflow is also the one outside of Astro, https://airflow.example.com, and has the objects of examples/.env.
    """
    from tests.integration.astro_door import RELEASE, astro_door
    from tests.stores.astro.fake_astro import running

    box = emptied(get(NEWEST))
    command = [sys.executable, "-m", "airconn", "import", str(ROOT / "examples/.env"), "-q"]
    box.run(command, check=True, cwd=directory, capture_output=True)
    with running() as fake, astro_door(box, lambda: frozenset(fake.tokens)) as door:
        fake.workspaces[fake.workspace]["name"] = "analytics"
        record = fake.deployments[fake.deployment].record
        record |= {"name": "prod", "workspaceName": "analytics", "apiUrl": f"{door.url}{RELEASE}/api/v2"}
        environ = {"AIRCONN_USERNAME": box.username, "AIRCONN_PASSWORD": box.password, **fake.environ()}
        names = {
            "https://airflow.example.com": box.url,
            "https://cm1234.01.astronomer.run/dabc1234": f"{door.url}{RELEASE}",
            "https://api.astronomer.io/v1": fake.url,
        }
        yield World(directory, environ, names)


WORLDS: Mapping[str, MakeWorld] = {
    "astro.md": astro,
    "composer.md": plain,
    "login.md": plain,
    "mwaa.md": plain,
}
"""The pages with commands, and what makes their surroundings."""
