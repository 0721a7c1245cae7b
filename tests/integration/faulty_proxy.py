"""Stands between airconn and a real Airflow, and lets one request of a run go wrong."""

from __future__ import annotations

import http.client
import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import urlsplit

FAULTS = ("reset", "502", "lost", "late")
"""The connection breaks before the request is passed on; a gateway answers in place of passing it on; the server does
the work, and the connection breaks before its answer; and it does the work, and its answer never comes."""
_NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class FaultyProxy:
    """A proxy at an address of its own. `fault` strikes once, at the request of the number `at`, counted from 0."""

    def __init__(self, to: str) -> None:
        proxy = self

        class Handler(_Handler):
            owner = proxy
            goal = urlsplit(to).netloc

        self.at: int | None = None
        self.fault = ""
        self.seen: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._released = threading.Event()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FaultyProxy:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def strike(self, fault: str, at: int | None) -> None:
        """Lets the next run meet `fault` at its request number `at`."""
        self._released.set()
        with self._lock:
            self.fault, self.at, self.seen = fault, at, []
        self._released = threading.Event()

    def next_fault(self, request: str) -> str:
        with self._lock:
            self.seen.append(request)
            return self.fault if len(self.seen) - 1 == self.at else ""

    def hold(self) -> None:
        """Waits until nobody waits for an answer any more."""
        self._released.wait(30)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # a head and a body in two packets wait for one another
    owner: ClassVar[FaultyProxy]
    goal: ClassVar[str]

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.owner.next_fault(f"{self.command} {self.path}")
        if fault == "reset":
            self.break_off()
        elif fault == "502":
            self.reply(502, [("Content-Type", "text/html")], b"<html>Bad Gateway</html>")
        else:
            connection = http.client.HTTPConnection(self.goal, timeout=30)
            headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            connection.request(self.command, self.path, body or None, headers)
            answer = connection.getresponse()
            data = answer.read()
            connection.close()
            if fault in ("lost", "late"):
                if fault == "late":
                    self.owner.hold()
                self.break_off()
            else:
                self.reply(answer.status, answer.getheaders(), data)

    do_GET = do_LIST = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def break_off(self) -> None:
        """Ends the connection with a reset instead of an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.close()

    def finish(self) -> None:
        if self.connection.fileno() >= 0:
            super().finish()

    def log_message(self, *args: Any) -> None:
        pass
