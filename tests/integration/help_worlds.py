"""The surroundings of each page of `airconn/help/`: the doors and Airflows that its commands run against.

A page without an entry fails the tests as soon as it has a command. `get` starts an Airflow of a version, or gives
the one that runs already; import what is heavy inside the functions.
"""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tests.help_pages import HELP, ROOT, World, blocks, write_files
from tests.integration import secrets_worlds

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


def filled(box: Sandbox, directory: Path) -> Sandbox:
    """The Airflow with the objects of examples/.env and nothing else."""
    command = [sys.executable, "-m", "airconn", "import", str(ROOT / "examples/.env"), "-q"]
    emptied(box).run(command, check=True, cwd=directory, capture_output=True)
    return box


def bearer(box: Sandbox) -> str:
    """A token of an Airflow 3."""
    import urllib3

    body = {"username": box.username, "password": box.password}
    return str(urllib3.request("POST", f"{box.url}/auth/token", json=body).json()["access_token"])


@contextlib.contextmanager
def composer(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """An environment of Google Cloud Composer, in front of an Airflow, and the default credentials for it."""
    from cryptography.hazmat.primitives.asymmetric import rsa

    from tests.stores.managed import fake_composer

    box = emptied(get(NEWEST))
    shutil.copy(ROOT / "examples/.env", directory)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    header = fake_composer.jwt_of(box.url, box.username, box.password)
    with fake_composer.running(key, box.url, header) as fake:
        # Google's library has no variable for the endpoint at which an account is impersonated.
        endpoint = f"{fake.urls['tokens']}/iam/{{}}:generateAccessToken"
        site = directory / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(
            f"import google.auth.iam\ngoogle.auth.iam._IAM_ENDPOINT = {endpoint!r}\n"
        )
        environ = {
            **fake.environ,
            "GOOGLE_APPLICATION_CREDENTIALS": str(fake.write_key(directory / "key.json")),
            "NO_GCE_CHECK": "true",
            "PYTHONPATH": str(site),
        }
        shown = "https://7eca3d3d-dot-europe-west1.composer.googleusercontent.com"
        yield World(directory, environ, {shown: fake.urls["front"]})


@contextlib.contextmanager
def logins(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """An Airflow that knows the logins of the page; one with Keycloak; and one behind a door that needs a header."""
    from tests.integration.login_door import LoginDoor

    box = emptied(get(NEWEST))
    with (
        LoginDoor(box, swaps=True) as door,
        LoginDoor(box, swaps=True) as keycloak,
        LoginDoor(
            box, swaps=True, headers={"CF-Access-Client-Id": "id", "CF-Access-Client-Secret": "example"}
        ) as far,
    ):
        names = {"airflow": door.url, "keycloak": keycloak.url, "behind": far.url}
        yield World(directory, {}, {f"https://{name}.example.com": url for name, url in names.items()})


@contextlib.contextmanager
def astro(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """The fake of Astro with the Deployment `prod` of the Workspace `analytics`, and a real Airflow behind it. It has
    also two Deployments with the name `staging`, and the Workspace `ml`.

    That Airflow is also the one outside of Astro, https://airflow.example.com, and has the objects of examples/.env.
    """
    from tests.integration.astro_door import RELEASE, astro_door
    from tests.stores.astro.fake_astro import running

    box = filled(get(NEWEST), directory)
    with running() as fake, astro_door(box, lambda: frozenset(fake.tokens)) as door:
        fake.workspaces[fake.workspace]["name"] = "analytics"
        record = fake.deployments[fake.deployment].record
        record |= {"name": "prod", "workspaceName": "analytics", "apiUrl": f"{door.url}{RELEASE}/api/v2"}
        for _ in range(2):
            fake.add_deployment("staging")
        fake.add_workspace("ml")
        environ = {"AIRCONN_USERNAME": box.username, "AIRCONN_PASSWORD": box.password, **fake.environ()}
        names = {
            "https://airflow.example.com": box.url,
            "https://cm1234.01.astronomer.run/dabc1234": f"{door.url}{RELEASE}",
            "https://api.astronomer.io/v1": fake.url,
        }
        yield World(directory, environ, names)


@contextlib.contextmanager
def mwaa(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """The environment `prod` of MWAA in eu-west-1, with the objects of examples/.env, and keys of AWS for it.

    Its secrets backend has the connection `reports`.
    """
    import boto3
    from moto.server import ThreadedMotoServer

    from airconn.addresses import REGISTRY
    from tests.stores.managed.mwaa_door import KEYS, REGION, MwaaDoor, MwaaSwitches, forwarding, with_headers

    box = filled(get(NEWEST), directory)
    token = bearer(box)
    options = {
        "secrets.backend": REGISTRY["aws-secretsmanager"].backends[0],
        "secrets.backend_kwargs": json.dumps(
            {"connections_prefix": "prod/connections", "variables_prefix": "prod/v"}
        ),
    }
    switches = MwaaSwitches(version=box.version, options=options)
    invoked = with_headers(forwarding(box.url), lambda: {"Authorization": f"Bearer {token}"})
    moto = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    moto.start()
    try:
        host, port = moto.get_host_and_port()
        keys = {name.lower(): key for name, key in KEYS.items()}
        secrets = boto3.client("secretsmanager", endpoint_url=f"http://{host}:{port}", region_name=REGION, **keys)
        secrets.create_secret(Name="prod/connections/reports", SecretString=json.dumps({"conn_type": "postgres"}))
        with MwaaDoor(forwarding(box.url), lambda: bearer(box), switches, invoked=invoked) as door:
            environ = {
                **door.environ(),
                "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://{host}:{port}",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AIRCONN_CA_BUNDLE": str(door.bundle(directory)),
            }
            yield World(directory, environ, {"https://1a2b3c.c9.eu-west-1.airflow.amazonaws.com": door.web.url})
    finally:
        moto.stop()


@contextlib.contextmanager
def objects(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """An Airflow that tests connections, and a PostgreSQL, which the page calls db.example.com."""
    from airconn.sandbox import Sandbox
    from airconn.sandbox.environment import cache_directory
    from tests.integration.postgres import Postgres

    provider = "apache-airflow-providers-postgres"
    tests = {"core": {"test_connection": "Enabled"}}
    with Postgres() as server, Sandbox(NEWEST, packages=(provider,), settings=tests) as box:
        fields = {"conn_type": "postgres", "host": "127.0.0.1", "port": server.port, "schema": "postgres"}
        fields |= {"login": "postgres", "password": server.password}
        lines = f"AIRFLOW_CONN_WAREHOUSE='{json.dumps(fields)}'\nAIRFLOW_VAR_REGION=eu-central-1\n"
        (directory / ".env").write_text(lines)
        (directory / "wrong").write_text("not-the-passw0rd\n")
        known = ("AIRCONN_USERNAME", "AIRCONN_PASSWORD")
        environ = {name: value for name, value in box.environ().items() if name in known}
        environ["AIRCONN_CACHE_DIR"] = str(cache_directory(os.environ).parent)
        names = {"https://airflow.example.com": box.environ()["AIRCONN_URL"], "db.example.com": "127.0.0.1"}
        yield World(directory, environ, names)


@contextlib.contextmanager
def port_8080(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """An Airflow at AIRCONN_URL, which the page calls http://127.0.0.1:8080."""
    box = emptied(get(NEWEST))
    environ = {name: value for name, value in box.environ().items() if name.startswith("AIRCONN_")}
    yield World(directory, environ, {"127.0.0.1:8080": box.environ()["AIRCONN_URL"].removeprefix("http://")})


@contextlib.contextmanager
def two_addresses(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """One Airflow at @old and at @new, whose metadata database is read, too."""
    box = filled(get(NEWEST), directory)
    port = box.url.rpartition(":")[2]
    text = f'[addresses]\nold = "http://127.0.0.1:{port}"\nnew = "http://localhost:{port}"\n'
    (directory / "airconn.toml").write_text(text)
    yield World(directory, {name: value for name, value in box.environ().items() if name.startswith("AIR")})


@contextlib.contextmanager
def migration(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """An Airflow 2 at @old, with some objects that Airflow 3 refuses, and an empty Airflow 3 at @new.

    Commands run where the old one has its airflow.cfg.
    """
    old, new = filled(get("2.11.2"), directory), emptied(get(NEWEST))
    page = (HELP / "migrating.md").read_text()
    write_files(page, directory)
    troubled = {
        "lake": {"conn_type": "aws", "extra": '{"host": "https://s3.example.com"}'},
        "legacy": {"conn_type": "generic", "extra": "verbose"},
        "team/api": {"conn_type": "http", "host": "api.example.com", "password": "example-api"},
    }
    command = [old.python, Path(__file__).parent / "in_airflow.py", "add"]
    old.run(command, input=json.dumps({"connections": troubled}), text=True, check=True)
    names = {
        "https://old.example.com": old.url,
        "https://new.example.com": new.url,
        "/old/airflow.db": str(old.home / "airflow.db"),
        "/new/airflow.db": str(new.home / "airflow.db"),
    }
    config = next(block.text for block in blocks(page) if block.language == "toml")
    for written, here in names.items():
        config = config.replace(written, here)
    settings = directory / ".config/airconn"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text(config.replace('"admin"', f'"{old.username}"'))
    environ = {name: value for name, value in old.environ().items() if name.startswith("AIRFLOW_")}
    environ |= {"OLD_PASSWORD": old.password, "NEW_PASSWORD": new.password}
    environ |= {f"{name}_FERNET_KEY": fernet_key(box) for name, box in (("OLD", old), ("NEW", new))}
    yield World(directory, environ, names)


def fernet_key(box: Sandbox) -> str:
    """The key that a sandbox encrypts values with."""
    import configparser

    config = configparser.ConfigParser(interpolation=None)
    config.read(box.home / "airflow.cfg")
    return config["core"]["fernet_key"]


@contextlib.contextmanager
def new_machine(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """A machine of a CI: a virtual environment with pip alone, and a wheel of this tree as `AIRCONN_SOURCE`.

    The Airflow at AIRCONN_URL has the objects of examples/.env.
    """
    import venv

    from airconn.sandbox.environment import cache_directory
    from tests.integration import distribution

    box = filled(get(NEWEST), directory)
    venv.create(directory / "machine", with_pip=True)
    environ = {name: value for name, value in box.environ().items() if name.startswith("AIRCONN_")}
    environ |= distribution.environ_of_recipes()
    environ |= {
        "AIRCONN_CACHE_DIR": str(cache_directory(os.environ).parent),
        "AIRFLOW_OBJECTS": "examples/.env",
    }
    yield World(directory, environ, programs=directory / "machine/bin")


@contextlib.contextmanager
def own_sandbox(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """The installed Airflows, and a free port for 8080."""
    import socket

    from airconn.sandbox.environment import cache_directory

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environ = {"AIRCONN_CACHE_DIR": str(cache_directory(os.environ).parent)}
    yield World(directory, environ, {"8080": str(port)})


def files(page: str) -> MakeWorld:
    """The files that a page shows, and no Airflow."""

    @contextlib.contextmanager
    def make(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
        write_files((HELP / page).read_text(), directory)
        yield World(directory)

    return make


@contextlib.contextmanager
def sops(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
    """A repository with the files that the page shows, and the real sops with a new age key."""
    import subprocess

    import pyrage

    write_files((HELP / "sops.md").read_text(), directory)
    identity = pyrage.x25519.Identity.generate()
    environ = {"SOPS_AGE_KEY": str(identity), "SOPS_DISABLE_VERSION_CHECK": "true"}
    shown = "age1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqwwptaq"
    rules = directory / ".sops.yaml"
    rules.write_text(rules.read_text().replace(shown, str(identity.to_public())))
    subprocess.run(["git", "init", "-q", str(directory)], check=True)
    yield World(directory, environ)


def airflow(page: str) -> MakeWorld:
    """The files that a page shows, and an Airflow with the objects of examples/.env, which is the default address.

    The page calls it https://airflow.example.com, and `docker exec -i scheduler COMMAND` runs a command in it.
    """

    @contextlib.contextmanager
    def make(directory: Path, get: Callable[[str], Sandbox]) -> Iterator[World]:
        box = filled(get(NEWEST), directory)
        write_files((HELP / page).read_text(), directory)
        programs = directory / ".programs"
        programs.mkdir()
        inside = f"export PATH={shlex.quote(box.environ()['PATH'])}"
        (programs / "docker").write_text(f'#!/bin/sh\n{inside}\nshift 3\nexec "$@"\n')
        (programs / "docker").chmod(0o755)
        named = {name: value for name, value in box.environ().items() if name.startswith(("AIRCONN_", "AIRFLOW_"))}
        named["AIRCONN_STATE_DIR"] = str(directory / ".state")
        names = {"https://airflow.example.com": named["AIRCONN_URL"], "/opt/airflow": named["AIRFLOW_HOME"]}
        yield World(directory, named, programs=programs, names=names)

    return make


WORLDS: Mapping[str, MakeWorld] = {
    "addresses.md": airflow("addresses.md"),
    **secrets_worlds.WORLDS,
    "astro.md": astro,
    "check.md": files("check.md"),
    "ci.md": new_machine,
    "comparing.md": files("comparing.md"),
    "completion.md": files("completion.md"),
    "composer.md": composer,
    "doctor.md": plain,
    "dotenv.md": files("dotenv.md"),
    "exit-codes.md": files("exit-codes.md"),
    "formats.md": files("formats.md"),
    "git.md": airflow("git.md"),
    "json-schema.md": files("json-schema.md"),
    "login.md": logins,
    "lookup.md": airflow("lookup.md"),
    "migrating.md": migration,
    "mwaa.md": mwaa,
    "objects.md": objects,
    "overlays.md": files("overlays.md"),
    "plans.md": airflow("plans.md"),
    "running.md": files("running.md"),
    "sandboxes.md": own_sandbox,
    "sops.md": sops,
    "references.md": files("references.md"),
    "reports.md": airflow("reports.md"),
    "secrets.md": airflow("secrets.md"),
    "targets.md": files("targets.md"),
    "troubleshooting.md": port_8080,
    "undo.md": airflow("undo.md"),
    "upgrading.md": two_addresses,
}
"""The pages with commands, and what makes their surroundings."""
