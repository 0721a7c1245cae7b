"""Starting a server and waiting for it: here small ones in place of Airflow's."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from airconn.errors import SandboxError
from airconn.sandbox.guard import ProcessGuard
from airconn.sandbox.output import ProgramFailed
from airconn.sandbox.server import Server, listen
from airconn.sandbox.surroundings import Secrets
from airconn.sandbox.versions import resolve

ANSWERING = """
import socket, sys
password = sys.stdin.readline().strip()
listener = socket.socket(fileno=int(sys.argv[1]))
for status in ["503 Not Yet", "200 OK"]:
    connection, _ = listener.accept()
    print(connection.recv(1000).split()[1].decode(), password, flush=True)
    connection.sendall(f"HTTP/1.0 {status}\\r\\n\\r\\n".encode())
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)  # until the answer has been read
    connection.close()
"""


class Servers:
    def __init__(self, folder: Path, guard: ProcessGuard) -> None:
        self.folder = folder
        self.guard = guard
        self.secret = Secrets()

    def start(self, script: str, version: str = "3.3.2") -> Server:
        (self.folder / "server.py").write_text(script)
        python = self.folder / "python"
        # Called as: python -I <what runs Airflow> serve <descriptor>
        python.write_text(f'#!/bin/sh\nexec {sys.executable} {self.folder}/server.py "$4"\n')
        python.chmod(0o755)
        return Server(resolve(version), python, listen(0), guard=self.guard, environ={}, secret=self.secret)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    with ProcessGuard() as guard:
        yield Servers(tmp_path, guard)


@pytest.mark.parametrize(("version", "path"), [("2.7.3", "/api/v1/version"), ("3.3.2", "/api/v2/version")])
def test_it_is_ready_when_it_answers_that_it_is(servers: Servers, version: str, path: str) -> None:
    server = servers.start(ANSWERING, version)
    server.wait_until_it_answers(30)
    asked = (servers.guard.directory / "server.log").read_text().splitlines()
    assert asked == [f"{path} {servers.secret.password}"] * 2


def test_one_that_dies_is_an_error_with_its_last_words_but_not_its_secrets(servers: Servers) -> None:
    server = servers.start("import sys; sys.exit('bad password: ' + sys.stdin.readline())")
    with pytest.raises(ProgramFailed, match=r"the server of Airflow 3\.3\.2 ended before it answered") as caught:
        server.wait_until_it_answers(30)
    assert caught.value.said == ("bad password: ***",)


def test_one_that_does_not_answer_is_an_error_after_the_time_given(servers: Servers) -> None:
    server = servers.start("import time; print('still at it', flush=True); time.sleep(300)")
    start = time.monotonic()
    with pytest.raises(ProgramFailed, match="didn't answer within 1 s") as caught:
        server.wait_until_it_answers(1)
    assert time.monotonic() - start < 60
    assert caught.value.said == ("still at it",)
    assert "--timeout" in (caught.value.hint or "")


def test_one_that_ends_later_ends_the_waiting(servers: Servers) -> None:
    server = servers.start(ANSWERING)
    server.wait_until_it_answers(30)
    with pytest.raises(ProgramFailed, match=r"the server of Airflow 3\.3\.2 has ended"):
        server.wait()


def test_a_port_in_use_is_an_error_that_names_it() -> None:
    with listen(0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SandboxError, match=f"port {port} of 127.0.0.1 is in use") as caught:
            listen(port)
    assert "--port" in (caught.value.hint or "")


def test_a_port_is_taken_on_this_machine_alone() -> None:
    with listen(0) as listener:
        assert listener.family == socket.AF_INET
        assert listener.getsockname()[0] == "127.0.0.1"
