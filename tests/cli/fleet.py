"""Several fake Airflows as targets of a project, for tests of commands that read more than one."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

LOCKED = "locked"
"""An Airflow with a connection of this name refuses every token."""
TOKEN = {"AIRCONN_TOKEN": "a-token"}


@dataclass
class Fleet:
    """Airflows that are running, by their names."""

    sites: dict[str, Site] = field(default_factory=dict)
    most_at_a_time: int = 0
    _running: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer_of(self, version: str, hosts: Mapping[str, Any], slow: float) -> Any:
        def respond(received: Received) -> Answer | None:
            kind = received.path.rpartition("/")[2]
            if kind != "connections":
                return None
            with self._lock:
                self._running += 1
                self.most_at_a_time = max(self.most_at_a_time, self._running)
            time.sleep(slow)
            with self._lock:
                self._running -= 1
            if LOCKED in hosts:
                return Answer(401, {"detail": "Unauthorized"})
            found = [_connection(id_, host) for id_, host in sorted(hosts.items())]
            return Answer(body={"connections": found, "total_entries": len(found)})

        return airflow(version, respond)


def _connection(id_: str, host: str) -> dict[str, Any]:
    return {
        "connection_id": id_,
        "conn_type": "http",
        "host": host,
        "password": "***",
        "extra": None,
        "description": None,
        "login": None,
        "port": None,
        "schema": None,
    }


@contextmanager
def fleet(
    project: Path, hosts: Mapping[str, Mapping[str, Any]], *, version: str = "3.0.6", slow: float = 0, more: str = ""
) -> Iterator[Fleet]:
    """Airflows with these connections, `{"eu": {"db": "eu.example.com"}}`, as the targets of `airconn.toml`."""
    running = Fleet()
    with ExitStack() as stack:
        text = more
        for name, objects in hosts.items():
            site = stack.enter_context(Site(running.answer_of(version, objects, slow)))
            running.sites[name] = site
            text += f'[targets.{name}]\naddress = "{site.url}"\n'
        # They are the user's own, so that they may have the credentials.
        (project.parent / f"{project.name}-user.toml").write_text(text)
        yield running
