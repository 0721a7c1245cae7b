"""Doors in front of a real Airflow: one that needs headers and a cookie, and one that swaps made-up logins."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from airconn.sandbox import Sandbox
from tests.integration.web_login import patient_log_in

LOGIN = "https://team.cloudflareaccess.com/cdn-cgi/access/login/x"
_NOT_PASSED_ON = ("connection", "transfer-encoding", "content-length", "keep-alive")


class LoginDoor:
    """Passes on requests that have `headers` and `cookie`, and sends others to a login page elsewhere.

    `swaps`: the logins of Airflow 3 that the guide names (ann, the client airflow, the token example, all with
    `example` for a secret) take the place of those of the sandbox, and these don't work.
    """

    def __init__(
        self, box: Sandbox, *, headers: Mapping[str, str] | None = None, cookie: str = "", swaps: bool = False
    ) -> None:
        door = self
        self.box = box
        self.headers = headers or {}
        self.cookie = cookie
        self.passed: list[str] = []
        self.refused: list[str] = []
        self.sessions = 0
        self._token = ""

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def log_message(self, *_: object) -> None:
                pass

            def pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                cookies = [pair.strip() for line in self.headers.get_all("Cookie", []) for pair in line.split(";")]
                request = f"{self.command} {self.path}"
                is_known = all(self.headers[name] == value for name, value in door.headers.items())
                if not is_known or (door.cookie and door.cookie not in cookies):
                    door.refused.append(request)
                    self.answer(302, [("Location", LOGIN)], b"")
                    return
                door.passed.append(request)
                door.sessions += any(pair.startswith("session=") for pair in cookies)
                headers = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
                if swaps and self.path == "/auth/token":
                    status, body = door.swapped(body)
                    headers["Content-Length"] = str(len(body))
                    if status:
                        self.answer(status, [("Content-Type", "application/json")], body)
                        return
                if swaps and headers.get("Authorization") in ("Bearer example", "example"):
                    headers["Authorization"] = f"Bearer {door.token()}"
                self.answer(*door.ask(self.command, self.path, body, headers))

            def answer(self, status: int, headers: Any, data: bytes) -> None:
                self.send_response(status)
                for name, value in headers:
                    if name.lower() not in _NOT_PASSED_ON:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            do_GET = do_POST = do_PATCH = do_DELETE = pass_on  # noqa: N815

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LoginDoor:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def ask(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, Any, bytes]:
        connection = http.client.HTTPConnection(urlsplit(self.box.url).netloc, timeout=60)
        connection.request(method, path, body or None, dict(headers))
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, answer.getheaders(), data

    def swapped(self, body: bytes) -> tuple[int, bytes]:
        """A login of the sandbox, or the status and the answer of a refusal."""
        client = {"grant_type": "client_credentials", "client_id": "airflow", "client_secret": "example"}
        if json.loads(body or b"null") in ({"username": "ann", "password": "example"}, client):
            return 0, self._login()
        return 403, b'{"detail": "Invalid credentials"}'

    def token(self) -> str:
        if not self._token:
            headers = {"Content-Type": "application/json"}
            self._token = json.loads(self.ask("POST", "/auth/token", self._login(), headers)[2])["access_token"]
        return self._token

    def browser_cookie(self) -> str:
        """The cookie of a user of Airflow 2 who has logged in on its page."""
        return patient_log_in(self.box).headers()["Cookie"]

    def _login(self) -> bytes:
        return json.dumps({"username": self.box.username, "password": self.box.password}).encode()
