"""A user at a terminal, in this process, and Airflows that need a login."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import keyring
import pytest

from airconn.cli import run
from airconn.cli.app import App
from tests.cli import rings
from tests.cli.password_door import PASSWORD, WRONG, PasswordDoor
from tests.cli.test_consent import Keyboard
from tests.conftest import Terminal
from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Site

TOKEN = "fresh-token"  # the one that the fake takes


class User:
    """A user at a terminal, who types `lines` where the terminal shows them, and `hidden` where it doesn't."""

    def __init__(self, directory: Path, monkeypatch: pytest.MonkeyPatch, stack: ExitStack) -> None:
        self.directory = directory
        self.state = directory / "state"
        self.lines: list[str] = []
        self.hidden: list[str] = []
        self.asked: list[str] = []
        self.terminal = True
        self.environ: dict[str, str] = {}
        self._stack = stack
        monkeypatch.setattr("getpass.getpass", self._type)
        monkeypatch.setenv("RING", str(directory / "ring"))
        (directory / "config.toml").touch()

    def _type(self, prompt: str) -> str:
        self.asked.append(prompt)
        if not self.hidden:
            raise EOFError
        return self.hidden.pop(0)

    def airflow(self, version: str = "3.3.2", **options: str) -> tuple[Site, PasswordDoor]:
        door = PasswordDoor(v2=version.startswith("3"), **options)
        return self._stack.enter_context(Site(airflow(version, door))), door

    def app(self) -> App:
        """The surroundings of a run at the terminal."""
        environ = {
            "AIRCONN_CONFIG": str(self.directory / "config.toml"),
            "AIRCONN_STATE_DIR": str(self.state),
            "NO_COLOR": "1",
            **self.environ,
        }
        stdin = Keyboard("".join(f"{line}\n" for line in self.lines).encode())
        if not self.terminal:
            stdin.isatty = lambda: False  # type: ignore[method-assign]
        return App(stdin, Terminal(), Terminal(), environ, self.directory, clock=lambda: 0.0)

    def run(self, *args: object) -> tuple[int, str]:
        """The exit code, and all that is shown."""
        app = self.app()
        code = run([str(arg) for arg in args], app)
        shown = app.stdout.getvalue() + app.stderr.getvalue()  # type: ignore[attr-defined]
        assert not any(secret in shown for secret in (PASSWORD, WRONG, TOKEN, "canary"))
        return code, shown

    def log_in(self, url: str, *args: object) -> None:
        """Stores the login of ann."""
        self.hidden = [PASSWORD]
        code, shown = self.run("login", url, "--username", "ann", *args)
        assert (code, self.hidden) == (0, []), shown
        self.asked.clear()

    @property
    def ring(self) -> dict[str, str]:
        path = self.directory / "ring"
        return json.loads(path.read_text()) if path.exists() else {}

    @property
    def kept(self) -> dict[str, dict[str, str]]:
        return json.loads((self.state / "logins.json").read_text())["logins"]


@contextmanager
def a_user(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A user whose keyring is a file in `directory`."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    before = keyring.get_keyring()
    keyring.set_keyring(rings.FileRing())
    with ExitStack() as stack:
        yield User(directory, monkeypatch, stack)
    keyring.set_keyring(before)
