"""Stands between airconn and a real server, and lets requests go wrong: one, some by chance, or all from one on."""

from __future__ import annotations

import http.client
import random
import re
import select
import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar
from urllib.parse import urlsplit

FAULTS = ("reset", "502", "lost", "late")
"""The connection breaks before the request is passed on; a gateway answers in place of passing it on; the server does
the work, and the connection breaks before its answer; and it does the work, and its answer never comes."""
PASSING = (*FAULTS, "hangup", "429", "503", "busy", "504", "lost 502", "cut", "half")
"""What goes by when it is tried again. `hangup`: the connection ends before the request is passed on. `429`, `503`
and `busy`, a 503 with a `Retry-After`: a gateway says so in place of passing the request on. `504` and `lost 502`:
the server does the work, and a gateway has another answer. `cut` and `half`: the answer breaks off in its body, or
in its first line."""
STRANGERS = ("login", "page", "redirect", "407", "511", "401")
"""Others answer: a login page, another page, a redirect to a login page, a proxy that wants credentials, a portal,
and somebody who doesn't accept the credentials."""
EVERY_FAULT = (*PASSING, *STRANGERS)
SSO = "https://sso.example.invalid"
_DONE_FIRST = ("lost", "late", "504", "lost 502", "cut", "half")
_HTML = [("Content-Type", "text/html; charset=utf-8")]
_ANSWERS: dict[str, tuple[int, list[tuple[str, str]], bytes]] = {
    "429": (429, [("Retry-After", "0")], b""),
    "502": (502, _HTML, b"<html>Bad Gateway</html>"),
    "lost 502": (502, _HTML, b"<html>Bad Gateway</html>"),
    "503": (503, _HTML, b"<html>Service Unavailable</html>"),
    "busy": (503, [*_HTML, ("Retry-After", "0")], b"<html>Service Unavailable</html>"),
    "504": (504, _HTML, b"<html>Gateway Timeout</html>"),
    "413": (413, _HTML, b"<html>Request Entity Too Large</html>"),
    "login": (200, _HTML, b"<!DOCTYPE html><html><form>Sign in <input type=password></form></html>"),
    "page": (200, _HTML, b"<!DOCTYPE html><html><title>Welcome to nginx!</title></html>"),
    "redirect": (302, [("Location", f"{SSO}/saml/start?RelayState=x")], b""),
    "407": (407, [*_HTML, ("Proxy-Authenticate", "Basic")], b"<html>Proxy Authentication Required</html>"),
    "511": (511, _HTML, b"<html>Network Authentication Required</html>"),
    "403": (403, [("Content-Type", "application/json")], b'{"detail": "Forbidden"}'),
    "401": (401, [("Content-Type", "application/json")], b'{"detail": "Invalid credentials"}'),
}
_NOT_PASSED_ON = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class FaultyProxy:
    """A proxy at an address of its own, for many connections at a time. It is asked like the server itself, or like
    the proxy of `http_proxy`.

    `largest` is the size of the largest body that is let through; others get a 413. The `port` 0 is any that is free.
    """

    def __init__(self, to: str, *, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        proxy = self

        class Handler(_Handler):
            owner = proxy
            goal = urlsplit(to).netloc

        self.at: int | None = None
        self.fault = ""
        self.times: int | None = 1
        self.largest: int | None = None
        self.seen: list[str] = []
        """Each request."""
        self.struck: list[tuple[str, str]] = []
        """Each fault, and the request that met it."""
        self.pairs: Counter[tuple[str, str]] = Counter()
        """How often each fault met each kind of request, of those that were struck at random."""
        self._chance: tuple[float, random.Random, Sequence[str]] | None = None
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._released = threading.Event()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FaultyProxy:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()

    def strike(self, fault: str, at: int | None, times: int | None = 1) -> None:
        """Lets the next run meet `fault` at its request number `at`, counted from 0.

        And at those that follow it, so that it is met so many `times`. None is at all of them.
        """
        self._start_anew()
        with self._lock:
            self.fault, self.at, self.times = fault, at, times

    def strike_at_random(self, share: float, seed: int, faults: Sequence[str] = EVERY_FAULT) -> None:
        """Lets a share of all requests from now on meet one of `faults`: the same of the same requests for a seed.

        It is one of those that requests of this kind have met the least often, so that all pairs are met soon. A
        kind that has met each of them meets a quarter as many from then on.
        """
        self._start_anew()
        with self._lock:
            self._chance = (share, random.Random(seed), faults)
            self.pairs = Counter()

    def _start_anew(self) -> None:
        self._released.set()
        with self._lock:
            self.fault, self.at, self.times, self._chance = "", None, 1, None
            self.seen, self.struck = [], []
        self._released = threading.Event()

    def next_fault(self, request: str) -> str:
        with self._lock:
            self.seen.append(request)
            return self._fault_of(len(self.seen) - 1)

    def met(self, fault: str, request: str) -> None:
        with self._lock:
            self.struck.append((fault, request))

    def _fault_of(self, number: int) -> str:
        if self._chance is not None:
            share, chance, faults = self._chance
            kind = kind_of(self.seen[number])
            least = min(self.pairs[fault, kind] for fault in faults)
            if chance.random() >= (share / 4 if least else share):
                return ""
            fault = chance.choice([fault for fault in faults if self.pairs[fault, kind] == least])
            self.pairs[fault, kind] += 1
            return fault
        begun = self.at is not None and number >= self.at
        return self.fault if begun and (self.times is None or number < (self.at or 0) + self.times) else ""

    def hold(self, waiting: socket.socket) -> None:
        """Waits until nobody waits for an answer any more."""
        released = self._released
        for _ in range(1200):
            if released.wait(0.025):
                return
            if select.select([waiting], [], [], 0)[0] and not _peek(waiting):
                return


def kind_of(request: str) -> str:
    """The method and the path of a request, without the id of its object."""
    return re.sub(r"(/(?:connections|variables|pools)/).+", r"\1ID", request.partition("?")[0])


def _peek(waiting: socket.socket) -> bytes:
    """What comes next, without taking it. Nothing comes from who has gone."""
    try:
        if isinstance(waiting, ssl.SSLSocket):
            return b""  # what comes unasked is the end
        return waiting.recv(1, socket.MSG_PEEK)
    except OSError:
        return b""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # a head and a body in two packets wait for one another
    owner: ClassVar[FaultyProxy]
    goal: ClassVar[str]

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        request = f"{self.command} {path}"
        fault = self.owner.next_fault(request)
        if not fault and self.owner.largest is not None and len(body) > self.owner.largest:
            fault = "413"
        if fault:
            self.owner.met(fault, request)
        if fault == "reset":
            self.break_off()
            return
        if fault == "hangup":
            self.close_connection = True
            return
        if fault and fault not in _DONE_FIRST:
            self.reply(*_ANSWERS[fault])
            return
        connection = http.client.HTTPConnection(self.goal, timeout=60)
        headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
        connection.request(self.command, path, body or None, headers)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        if fault in _ANSWERS:
            self.reply(*_ANSWERS[fault])
        elif fault in ("lost", "late"):
            if fault == "late":
                self.owner.hold(self.connection)
            self.break_off()
        elif fault == "half":
            self.wfile.write(b"HTTP/1.")
            self.close_connection = True
        else:
            self.reply(answer.status, answer.getheaders(), data, cut=fault == "cut")

    do_GET = do_LIST = do_POST = do_PUT = do_PATCH = do_DELETE = pass_on  # noqa: N815

    def do_CONNECT(self) -> None:
        """This proxy lets nobody through whom it couldn't listen to."""
        fault = self.owner.next_fault(f"CONNECT {self.path}")
        self.reply(*_ANSWERS.get(fault, (403, [], b"")))
        self.close_connection = True

    def reply(self, status: int, headers: list[tuple[str, str]], body: bytes, *, cut: bool = False) -> None:
        self.send_response_only(status)
        for name, value in headers:
            if name.lower() not in _NOT_PASSED_ON:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) + cut))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)
        self.wfile.flush()
        self.close_connection = self.close_connection or cut

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
