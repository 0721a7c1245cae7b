"""Questions for a login, and `airconn login`, against real Airflows, on a terminal of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from airconn.sandbox import Sandbox
from tests.cli.at_terminal import AtTerminal
from tests.conftest import ROOT
from tests.integration.conftest import on_worker_of
from tests.integration.help_worlds import NEWEST

WRONG = "canary-of-a-wrong-password"


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=on_worker_of(version)) for version in (NEWEST, "2.11.2")]
)
def test_a_login_is_asked_for_stored_used_and_removed(
    version: str, shared_sandbox: Callable[[str], Sandbox], tmp_path: Path
) -> None:
    sandbox = shared_sandbox(version)
    (tmp_path / "config.toml").touch()
    ring, state = tmp_path / "ring", tmp_path / "state"
    environ = {
        "AIRCONN_CONFIG": str(tmp_path / "config.toml"),
        "AIRCONN_STATE_DIR": str(state),
        "CI": "",
        "PYTHONPATH": str(ROOT),
        "PYTHON_KEYRING_BACKEND": "tests.cli.rings.FileRing",
        "RING": str(ring),
    }
    shown = ""

    asked = AtTerminal(tmp_path, "list", "--pools", "--from", sandbox.url, environ=environ)
    asked.answer("user name: ", sandbox.username)
    asked.answer("password of ", WRONG)
    asked.answer("user name: ", sandbox.username)
    asked.answer("password of ", sandbox.password)
    assert (asked.end(), "it refuses the " in asked.shown, "default_pool" in asked.shown) == (0, True, True)
    shown += asked.shown

    login = AtTerminal(tmp_path, "login", sandbox.url, "--username", sandbox.username, environ=environ)
    login.answer("password of ", sandbox.password)
    # Its arguments are for all to see while it logs in.
    arguments = Path(f"/proc/{login.process.pid}/cmdline")
    assert not arguments.exists() or sandbox.password.encode() not in arguments.read_bytes()
    assert login.end() == 0
    shown += login.shown
    assert json.loads(ring.read_text()) == {f"airconn {sandbox.url}|{sandbox.username}": sandbox.password}

    used = AtTerminal(tmp_path, "list", "--pools", "--from", sandbox.url, environ=environ, stdin=subprocess.DEVNULL)
    assert (used.end(), "default_pool" in used.shown) == (0, True)
    gone = AtTerminal(tmp_path, "logout", sandbox.url, environ=environ)
    assert gone.end() == 0
    assert json.loads(ring.read_text()) == {}
    shown += used.shown + gone.shown
    assert sandbox.password not in shown
    assert WRONG not in shown
    left = [path for path in tmp_path.rglob("*") if path.is_file() and sandbox.password in path.read_text()]
    assert left == []
