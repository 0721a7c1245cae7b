"""The places of the matrix that need a real server: Airflows, OpenBao, and moto for both places of AWS."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from airconn.model import AirflowVersion
from airconn.sandbox import Sandbox
from tests.integration import in_airflow, openbao
from tests.integration.airflow_command import Command
from tests.round_trips.places import AIRFLOWS, BACKENDS, Place

VERSIONS = ("2.7.3", "2.11.2", "3.0.6", "3.3.2")
THROUGH_A_SHELL = ("2.11.2", "3.3.2")
_REGION, _ACCOUNT = "eu-west-1", "123456789012"


def minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def airflow(box: Sandbox, directory: Path, first: Path | None = None) -> list[Place]:
    """An Airflow through its REST API, its database and, for two releases, a shell.

    `first` is a directory with an `airflow` that needs no time to start.
    """
    version, name = AirflowVersion.parse(box.version), minor(box.version)
    database = _database(box)
    common = {"group": AIRFLOWS, "clear": lambda: in_airflow.wipe(box.home), "judge": database, "version": version}
    login = {"AIRFLOW_HOME": str(box.home)}
    found = [
        Place(f"REST {name}", address=f"@rest-{name}", url=box.url, login={**login, **box.credentials()}, **common),
        Place(f"`metadb:` {name}", address=database, environ=login, is_written=False, **common),
    ]
    if box.version in THROUGH_A_SHELL:
        command = Command(_made(directory / f"shell-{name}"), box, first=first)
        found.append(Place(f"`airflow-cli:` {name}", address=command.address, login=login, **common))
    return found


def _made(directory: Path) -> Path:
    directory.mkdir()
    return directory


def _database(box: Sandbox) -> str:
    (path,) = box.home.glob("*.db")
    return f"metadb+sqlite:///{path}"


def configuration(boxes: Sequence[Sandbox]) -> str:
    """The user's own config.toml, in which each Airflow has a name and a login."""
    lines = []
    for box in boxes:
        name = minor(box.version)
        lines += [f'[addresses."rest-{name}"]', f'url = "{box.url}"', f'username = "{box.username}"']
        lines += [f'password_env = "{password_name(box)}"']
    return "\n".join(lines) + "\n"


def password_name(box: Sandbox) -> str:
    return f"PASSWORD_OF_{minor(box.version).replace('.', '_')}"


@contextlib.contextmanager
def vault(directory: Path) -> Iterator[list[Place]]:
    """OpenBao with both versions of its engine."""
    with openbao.running(directory) as bao:

        def emptied(mount: str) -> Callable[[], None]:
            return lambda: openbao.empty(bao, mount)

        yield [
            Place(f"`vault://`, KV {version}", BACKENDS, f"vault:///{mount}{query}", bao.environ(), emptied(mount))
            for version, mount, query in ((2, "secret", ""), (1, "old", "?kv_engine_version=1"))
        ]


@contextlib.contextmanager
def aws() -> Iterator[list[Place]]:
    """Both places of AWS, on moto."""
    from moto.backends import get_backend
    from moto.server import ThreadedMotoServer

    from tests.stores import aws_models

    aws_models.read_once()
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        environ = {
            "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "example",
            "AWS_ENDPOINT_URL": f"http://{host}:{port}",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

        def emptied(service: str) -> Callable[[], None]:
            return lambda: get_backend(service)[_ACCOUNT][_REGION].reset()

        services = {"aws-secretsmanager": "secretsmanager", "aws-ssm": "ssm"}
        yield [
            Place(f"`{scheme}://`", BACKENDS, f"{scheme}://{_REGION}", environ, emptied(service))
            for scheme, service in services.items()
        ]
    finally:
        server.stop()
