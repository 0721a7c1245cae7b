"""Asks whether a host that a project or a plan names may have the credentials, once, and remembers the answer."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from airconn import trust
from airconn.errors import AirconnError, BlockedError

_FILE = "trusted-hosts.json"


class Asker(Protocol):
    """Asks and informs the user."""

    directory: Path

    @property
    def state_directory(self) -> Path: ...

    @property
    def has_terminal(self) -> bool:
        """Whether a user may see messages."""

    def confirm(self, question: str) -> bool | None: ...

    def say(self, *lines: str, level: int = 0) -> None: ...

    def warn(self, text: str) -> None: ...


class HostConsent:
    """The hosts that a user agreed to, kept in the state directory, where no project can write."""

    def __init__(self, asker: Asker) -> None:
        self._asker = asker
        self._told: set[str] = set()

    def ask(self, host: str, file: str, source: str) -> bool:
        """Whether the user could be asked, now or earlier. Raises `BlockedError` unless they agreed."""
        asker = self._asker
        project = os.path.realpath(asker.directory)
        if host in self._agreed().get(project, ()):
            return True
        if not asker.has_terminal:
            return False
        hint = f"name the address yourself, or set {trust.VARIABLE}={trust.host_of(host)}"
        said = asker.confirm(f"{file} names {host}: send it the credentials in {source}, now and later?")
        if said is None:
            raise BlockedError(
                f"{host} would get the credentials in {source}, and you haven't agreed to that host for this project",
                where=file,
                hint=f"run a command such as airconn list at a terminal, which asks once; {hint}",
            )
        if not said:
            raise BlockedError(f"the credentials in {source} aren't sent to {host}", where=file, hint=hint)
        self._remember(project, host)
        return True

    def tell_in_clear(self, host: str, source: str) -> None:
        if host not in self._told:
            self._told.add(host)
            text = f"{host}: the credentials in {source} are sent unencrypted, because it isn't https"
            # A network of containers has no TLS most often, and nothing that the user can do about it.
            if trust.is_nearby(host):
                self._asker.say(text, level=1)
            else:
                self._asker.warn(text)

    def tell(self, warning: str) -> None:
        """Warns, once in a run."""
        if warning not in self._told:
            self._told.add(warning)
            self._asker.warn(warning)

    def _agreed(self) -> dict[str, list[str]]:
        """The hosts that the user agreed to, by the directory of the project."""
        import json

        found: Any = None
        with suppress(OSError, ValueError, RecursionError):
            found = json.loads((self._asker.state_directory / _FILE).read_text(encoding="utf-8"))
        projects = found.get("projects") if isinstance(found, dict) else None
        if not isinstance(projects, dict):
            return {}
        return {project: hosts for project, hosts in projects.items() if isinstance(hosts, list)}

    def _remember(self, project: str, host: str) -> None:
        import json

        from airconn.stores.saving import alone_with, write_atomically

        path = self._asker.state_directory / _FILE
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with alone_with(path):
                projects = self._agreed()
                projects[project] = sorted({*projects.get(project, ()), host})
                write_atomically(path, json.dumps({"projects": projects}, indent=2) + "\n")
        except (AirconnError, OSError):
            self._asker.warn(f"{path} can't be written: you will be asked about {host} again")
