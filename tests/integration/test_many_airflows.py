"""One import into twelve targets, some of them real Airflows: what each has after faults, and after a re-run."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pyrage
import pytest

from airconn.sandbox import Sandbox
from tests.integration import in_airflow, openbao
from tests.integration.conftest import on_worker_of
from tests.integration.faulty_proxy import FaultyProxy

NEW, OLD = "3.3.2", "2.11.2"
SECRETS = ("s3cret-warehouse", "s3cret-old", "wrong-passw0rd")
SCRIPTS = Path(sys.executable).parent
SOURCES = {
    "objects/connections/warehouse.yaml": (
        "connections:\n  seen_db: {conn_type: postgres, host: db.internal, password: s3cret-warehouse}\n"
    ),
    "objects/connections/web.yaml": ("connections:\n  seen_web: {conn_type: http, host: web.internal}\n"),
    "objects/variables.env": "AIRFLOW_VAR_SEEN_REGION=all\nAIRFLOW_VAR_SEEN_SIZE=7\n",
}
ON_LOCKED = {"connections/seen_db": "seen_locked_db", "connections/seen_web": "seen_locked_web"} | {
    "variables/seen_region": "seen_locked_region",
    "variables/seen_size": "seen_locked_size",
}


class BreaksOff(FaultyProxy):
    """A gateway that answers nothing any more after the first deletion."""

    is_breaking = False
    has_broken = False

    def next_fault(self, request: str) -> str:
        super().next_fault(request)
        fault = "502" if self.is_breaking and self.has_broken else ""
        self.has_broken = self.has_broken or request.startswith("DELETE")
        return fault


class World:
    """A directory with sources and twelve targets."""

    def __init__(self, directory: Path, sandbox: Callable[[str], Sandbox], stack: ExitStack) -> None:
        self.directory = directory
        self._stack = stack
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = free.getsockname()[1]
        self.box = sandbox
        new, old = sandbox(NEW), sandbox(OLD)
        self.bao = stack.enter_context(openbao.running(directory))
        self.old = stack.enter_context(BreaksOff(old.environ()["AIRCONN_URL"]))
        locked = stack.enter_context(FaultyProxy(new.environ()["AIRCONN_URL"]))
        self.environ = {**os.environ, "AIRCONN_CONFIG": str(directory / "config.toml"), "AIRCONN_RETRIES": "0"}
        for name in [name for name in self.environ if name.startswith(("AIRFLOW_", "VAULT_"))]:
            del self.environ[name]
        for name in ("AIRCONN_URL", "AIRCONN_USERNAME", "AIRCONN_PASSWORD", "AIRCONN_TOKEN"):
            self.environ.pop(name, None)
        identity = pyrage.x25519.Identity.generate()
        self.environ |= {
            "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
            "SOPS_AGE_KEY": str(identity),
            "AIRCONN_STATE_DIR": str(directory / "state"),
            "VAULT_TOKEN": openbao.TOKEN,
        }
        for name, box in (("NEW", new), ("OLD", old)):
            own = box.environ()
            for key in ("USERNAME", "PASSWORD"):
                self.environ[f"{name}_{key}"] = own[f"AIRCONN_{key}"]
        self.right = self.environ["NEW_PASSWORD"]
        self.environ["LOCKED_PASSWORD"] = "wrong-passw0rd"
        at_new = 'username_env = "NEW_USERNAME"\npassword_env = "NEW_PASSWORD"\n'
        renamed = ", ".join(f"{name!r} = {new_id!r}" for name, new_id in ON_LOCKED.items())
        self.addresses = {
            "new": new.environ()["AIRCONN_URL"],
            "old": self.old.url,
            "locked": locked.url,
            "down": f"vault://127.0.0.1:{self._port}/old?kv_engine_version=1",
            "bao": f"vault://{self.bao.host}/secret",
            "local": f"local:{directory}/conns.json,{directory}/vars.json",
            "yaml": "out.yaml",
            "json": "out.json",
            "env": "out.env",
            "astro": "airflow_settings.yaml",
            "sops": "out.enc.yaml",
            "k8s": "manifest.yaml",
        }
        more = {
            "new": at_new,
            "old": 'username_env = "OLD_USERNAME"\npassword_env = "OLD_PASSWORD"\n',
            "locked": at_new.replace("NEW_P", "LOCKED_P") + f"rename = {{ {renamed} }}\n",
        }
        config = ""
        for name, address in self.addresses.items():
            (directory / f"{name}.overlay.yaml").write_text(f"variables:\n  seen_region: {{value: {name}}}\n")
            config += (
                f"[targets.{name}]\naddress = {address!r}\noverlay = '{name}.overlay.yaml'\n{more.get(name, '')}"
            )
        config += '[groups]\nairflows = ["@new", "@old", "@locked"]\nprod = ["@airflows", '
        config += ", ".join(f'"@{name}"' for name in list(self.addresses)[3:]) + "]\n"
        (directory / "config.toml").write_text(config)
        for path, text in SOURCES.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(text)
        (directory / ".sops.yaml").write_text(
            f"creation_rules:\n  - path_regex: \\.enc\\.\n    age: {identity.to_public()}\n"
        )
        (directory / "manifest.yaml").write_text("apiVersion: v1\nkind: Secret\nmetadata:\n  name: airflow\n")

    def run(self, *args: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "airconn", *map(str, args)]
        done = subprocess.run(
            command, env=self.environ, cwd=self.directory, capture_output=True, text=True, check=False, timeout=180
        )
        for secret in SECRETS:
            assert secret not in done.stdout + done.stderr
        return done

    def listen(self) -> None:
        """Lets something listen at the address of `@down`."""
        self._stack.enter_context(FaultyProxy(self.bao.url, port=self._port))


@pytest.fixture
def world(shared_sandbox: Callable[[str], Sandbox], tmp_path: Path) -> Iterator[World]:
    with ExitStack() as stack:
        world = World(tmp_path, shared_sandbox, stack)
        yield world
        world.environ["LOCKED_PASSWORD"] = world.right
        world.old.is_breaking = False
        world.run("delete", "--include", "seen_*", "--from", "@new", "--from", "@old", "--yes")


def expected(name: str) -> dict[str, Any]:
    """What a target has in the end, without what is empty."""
    return {
        "connections": {
            "seen_db": {"conn_type": "postgres", "host": "db.internal", "password": "s3cret-warehouse"},
            "seen_web": {"conn_type": "http", "host": "web.internal"},
        },
        "variables": {"seen_region": name, "seen_size": "7"},
    }


def stored(database: dict[str, Any], beginning: str) -> dict[str, Any]:
    """The objects of a database in the same shape, by their ids with another beginning."""
    connections = {
        f"seen_{id_.removeprefix(beginning)}": {
            name: value for name, value in fields.items() if value and name in ("conn_type", "host", "password")
        }
        for id_, fields in database["connections"].items()
        if id_.startswith(beginning)
    }
    variables = {
        f"seen_{id_.removeprefix(beginning)}": variable["value"]
        for id_, variable in database["variables"].items()
        if id_.startswith(beginning)
    }
    return {"connections": connections, "variables": variables}


def before(world: World) -> None:
    """Lets `@old` have a connection that only a deletion makes as the sources have it."""
    held = {"conn_type": "http", "host": "x", "password": "s3cret-old", "extra": {"a": 1}}
    (world.directory / "before.json").write_text(json.dumps({"connections": {"seen_web": held}}))
    made = world.run("import", "before.json", "--to", "@old")
    assert made.returncode == 0, made


def database(world: World, version: str) -> dict[str, Any]:
    return in_airflow.dump(Path(world.box(version).environ()["AIRFLOW_HOME"]))  # type: ignore[no-any-return]


@on_worker_of(NEW)
def test_twelve_targets_of_which_some_fail_and_a_second_run_that_finishes(world: World) -> None:
    before(world)
    args = ("import", "objects/", "--to", "@prod", "--exact")
    planned = world.run(*args, "--dry-run")
    lines = planned.stdout.splitlines()
    assert planned.returncode == 5
    assert lines[:8] == [
        "in all 10 targets:",
        "  + connections/seen_db    postgres  objects/connections/warehouse.yaml:2:3",
        "  + variables/seen_region            objects/variables.env:1",
        "  + variables/seen_size              objects/variables.env:2",
        "different:",
        "  A  @new, @bao and 7 more",
        "  B  @old",
        "                          A  B",
    ]
    assert lines[8] == "    connections/seen_web  +  ±  host, password (cleared), extra (cleared)"
    assert "@locked: not reached, nothing was written" in lines
    assert "@down: not reached, nothing was written" in lines
    assert lines[-1] == "12 targets: 10 would change, 2 not reached"
    assert (
        f"error: @locked, {world.addresses['locked']}: it refuses the user name or the password\n" in planned.stderr
    )
    assert re.search(r"error: @down, vault://\S+/old: it can't be reached at http", planned.stderr)

    world.old.is_breaking = True
    faulty = world.run(*args, "--output", "json")
    assert faulty.returncode == 5, faulty
    sections = {one["name"]: one for one in json.loads(faulty.stdout)["targets"]}
    assert list(sections) == [f"@{name}" for name in world.addresses]
    old, failing = sections["@old"], {"@old", "@locked", "@down"}
    for name, section in sections.items():
        if name not in failing:
            assert (section["status"], section["exit_code"], section["summary"]["created"]) == ("done", 0, 4), name
    for name in ("@locked", "@down"):
        refused = sections[name]
        assert (refused["status"], refused["exit_code"], refused["objects"]) == ("not reached", 5, [])
    assert (old["status"], old["exit_code"]) == ("failed", 1)
    assert [(one["id"], one["status"]) for one in old["objects"]] == [
        ("seen_db", "done"),
        ("seen_web", "failed"),
        ("seen_region", "failed"),
        ("seen_size", "failed"),
    ]
    assert old["objects"][1]["error"].startswith("it was deleted, and creating it again failed: ")
    (saved,) = json.loads(Path(old["recovery"]).read_text())["connections"].items()
    assert (saved[0], saved[1]["host"]) == ("seen_web", "web.internal")
    assert stored(database(world, OLD), "seen_")["connections"].keys() == {"seen_db"}
    assert f"airconn import {old['recovery']} --exact --to @old\n" in faulty.stderr

    # Each target that was begun can be undone by itself, and they are numbered as they were named.
    begun = [section["backup"] for section in sections.values() if "backup" in section]
    assert [name.rpartition(".")[2] for name in begun] == ["001", "002", *(f"{n:03}" for n in range(5, 13))]
    listed = {line.split()[0]: line for line in world.run("undo", "--list").stdout.splitlines()}
    assert set(begun) < set(listed)
    assert listed[old["backup"]].endswith("1 created, not complete")

    world.environ["LOCKED_PASSWORD"] = world.right
    world.old.is_breaking = False
    world.listen()
    again = world.run(*args)
    assert (again.returncode, again.stdout.splitlines()[-1]) == (0, "12 targets: 12 done"), again
    assert re.search(r"^@old, .*: 3 created, 1 updated, 0 unchanged$", again.stdout, re.MULTILINE)
    assert stored(database(world, OLD), "seen_") == expected("old")
    assert stored(database(world, NEW), "seen_locked_") == expected("locked")

    only = ("--include", "seen_*", "--exclude", "seen_locked_*")
    compared = world.run("diff", "@prod", *only, "--exit-code")
    text = compared.stdout.splitlines()
    assert compared.returncode == 6, compared
    assert text[0].startswith("  ~ variables/seen_region  value: 11 values: ")
    assert text[1].startswith("  ? fields of 2 objects aren't compared, because @new, @old, @locked hide them")
    assert text[-1] == "12 targets: 1 different, 2 can't be known, 1 equal"
    (world.directory / "got").mkdir()
    exported = world.run("export", "--from", "@prod", *only, "-o", "got/{target}.json")
    assert exported.returncode == 0, exported
    for name in list(world.addresses)[3:]:
        found = json.loads((world.directory / f"got/{name}.json").read_text())
        connections = {
            id_: {key: value for key, value in fields.items() if value is not None}
            for id_, fields in found["connections"].items()
        }
        assert {"connections": connections, "variables": found["variables"]} == expected(name)
    assert "ENC[" in (world.directory / "out.enc.yaml").read_text()
    assert SECRETS[0] not in (world.directory / "out.enc.yaml").read_text()


@on_worker_of(NEW)
def test_a_canary_that_breaks_off_leaves_the_others_untouched(world: World) -> None:
    before(world)
    world.old.is_breaking = True
    args = ("import", "objects/", "--to", "@old", "--to", "@new", "--to", "@yaml", "--exact", "--canary", "@old")
    broken = world.run(*args)
    assert (broken.returncode, broken.stdout.splitlines()[-1]) == (1, "3 targets: 1 failed, 2 not begun"), broken
    for label in ("@new, airflow 3.3.2 at", "@yaml, out.yaml"):
        assert re.search(
            f"^{label}.*: nothing was written, because the canary @old is not whole$", broken.stdout, re.M
        )
    assert stored(database(world, NEW), "seen_") == {"connections": {}, "variables": {}}
    assert not (world.directory / "out.yaml").exists()
    assert "--exact --to @old\n" in broken.stderr

    world.old.is_breaking = False
    whole = world.run(*args)
    assert (whole.returncode, whole.stdout.splitlines()[-1]) == (0, "3 targets: 3 done"), whole
    assert re.search(r"^@old, .*: 3 created, 1 updated, 0 unchanged, verified$", whole.stdout, re.M)
    assert stored(database(world, OLD), "seen_") == expected("old")
    assert stored(database(world, NEW), "seen_") == expected("new")
