"""A tiny HTTP server on 127.0.0.1, whose answers a test writes as a function: real sockets, and nothing is mocked."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Received:
    """A request as it came over the wire. `path` is as it was sent, percent-encoded."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Message
    body: Any


@dataclass(frozen=True)
class Answer:
    """An answer: JSON, or text and bytes as they are. `fate` is how it comes to grief: reset, cut, stall."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    fate: str = ""


class Site:
    """Answers requests until its `with` block ends, and remembers them in `log`."""

    def __init__(
        self, answer: Callable[[Received], Answer], *, tls: ssl.SSLContext | None = None, port: int = 0
    ) -> None:
        self.log: list[Received] = []
        self._answer = answer
        self._tls = tls
        self._server = _Server(("127.0.0.1", port), self._handler())
        self.port: int = self._server.server_address[1]
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}"

    def __enter__(self) -> Site:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._server.hang_up()
        self._thread.join()

    def sent(self, method: str, path: str = "") -> list[Received]:
        """The requests of a method whose path ends with `path`."""
        return [received for received in self.log if received.method == method and received.path.endswith(path)]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True  # else a body waits 40 ms for the client to confirm its headers

            def log_message(self, *_: object) -> None:
                pass

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                raw = self.rfile.read(length)
                parts = urlsplit(self.path)
                is_json = "json" in self.headers.get("Content-Type", "json")
                body = json.loads(raw or b"null") if is_json else raw.decode()
                received = Received(self.command, parts.path, parse_qsl(parts.query), self.headers, body)
                site.log.append(received)
                _send(self, site._answer(received))

            do_GET = do_LIST = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815

            def do_CONNECT(self) -> None:
                site.log.append(Received("CONNECT", self.path, [], self.headers, None))
                self.close_connection = True
                self.send_response(403)
                self.send_header("Content-Length", "0")
                self.end_headers()

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._open: set[socket.socket] = set()

    def process_request(self, request: Any, client_address: Any) -> None:
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """Ends the connections that are kept alive."""
        for request in list(self._open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """A client that gives up is part of many tests."""


def _send(handler: BaseHTTPRequestHandler, answer: Answer) -> None:
    if answer.fate == "stall":
        time.sleep(1)
    if answer.fate in ("reset", "stall"):
        handler.close_connection = True
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return
    raw = isinstance(answer.body, bytes | str)
    data = answer.body if raw else json.dumps(answer.body)
    data = data.encode() if isinstance(data, str) else data
    handler.send_response(answer.status)
    for name, value in {"Content-Type": "text/html" if raw else "application/json", **answer.headers}.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(data) + (9 if answer.fate == "cut" else 0)))
    handler.end_headers()
    handler.wfile.write(data)
    handler.close_connection = answer.fate == "cut"
