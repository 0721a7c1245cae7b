"""What airconn is measured against: the least that does the same work. Run as a script, with urllib3 and no airconn.

`bare.py push KIND FILE` and `bare.py pull KIND FILE` talk to the Airflow at AIRCONN_URL, after they have logged in. A
push does nothing but write: it neither looks at what is there nor at what became of each object. `bare.py to-json ENV
JSON` and `bare.py to-env JSON ENV` convert files.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

IDS = {"connections": "connection_id", "variables": "key"}
FIELDS = ("conn_type", "description", "login", "password", "host", "port", "schema", "extra")
PREFIX = "AIRFLOW_CONN_"


class Client:
    """A connection that is kept, with the API that the server has."""

    def __init__(self, url: str, username: str, password: str) -> None:
        import urllib3

        self.url = url
        self._pool = urllib3.PoolManager(maxsize=8, timeout=urllib3.Timeout(connect=10, read=3600), retries=False)
        self._headers: dict[str, str] = {}
        self.api = "/api/v2" if self._pool.request("GET", f"{url}/api/v2/version").status == 200 else "/api/v1"
        if self.api == "/api/v2":
            given = {"username": username, "password": password}
            self.token = self.call("POST", "/auth/token", given)["access_token"]
            self._headers = {"Authorization": f"Bearer {self.token}"}
        else:
            self._log_in(username, password)

    def _log_in(self, username: str, password: str) -> None:
        """As the form does. With its session, Airflow 2 doesn't hash the password for each request."""
        form = self._pool.request("GET", f"{self.url}/login/")
        found = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', form.data.decode())
        fields = {"csrf_token": found[1] if found else "", "username": username, "password": password}
        headers = {"Cookie": form.headers["Set-Cookie"].split(";")[0]}
        done = self._pool.request_encode_body(
            "POST", f"{self.url}/login/", fields=fields, headers=headers, encode_multipart=False, redirect=False
        )
        if done.status != 302:
            raise SystemExit(f"the login form answers {done.status}")
        self._headers = {"Cookie": done.headers["Set-Cookie"].split(";")[0]}

    def call(self, method: str, path: str, body: Any = None) -> Any:
        headers = {**self._headers, **({"Content-Type": "application/json"} if body is not None else {})}
        data = json.dumps(body).encode() if body is not None else None
        answer = self._pool.request(method, f"{self.url}{path}", body=data, headers=headers)
        if not 200 <= answer.status < 300:
            raise SystemExit(f"{method} {path}: {answer.status}")
        return json.loads(answer.data)

    def list(self, kind: str) -> list[dict[str, Any]]:
        """All of a kind, in pages of 100, two at a time."""
        first = self.call("GET", f"{self.api}/{kind}?limit=100")
        offsets = range(100, first["total_entries"], 100)
        pages = _each(2, lambda at: self.call("GET", f"{self.api}/{kind}?limit=100&offset={at}"), offsets)
        return [item for page in (first, *pages) for item in page[kind]]

    def pull(self, kind: str) -> list[dict[str, Any]]:
        """All of a kind with all that the API shows. The list of Airflow 2 lacks the extra of connections."""
        items = self.list(kind)
        if self.api == "/api/v1" and kind == "connections":
            return _each(4, lambda item: self.call("GET", f"/api/v1/connections/{item['connection_id']}"), items)
        return items

    def push(self, kind: str, items: list[dict[str, Any]]) -> None:
        if self.api == "/api/v1":
            _each(2, lambda item: self.call("POST", f"/api/v1/{kind}", item), items)
        elif len({item.get("password") for item in items}) <= 20:
            self._bulk(kind, "create", items)
        else:
            # Airflow 3 takes 20 s to create 1,000 connections with a password each, and half a second this way.
            for start in range(0, len(items), 500):
                part = items[start : start + 500]
                create = [{name: value for name, value in item.items() if name != "password"} for item in part]
                names = ("connection_id", "conn_type", "password")
                self._bulk(kind, "create", create)
                self._bulk(kind, "update", [{name: item[name] for name in names} for item in part])

    def _bulk(self, kind: str, action: str, items: list[dict[str, Any]]) -> None:
        for start in range(0, len(items), 500):
            part = items[start : start + 500]
            what = {"action": action, "entities": part}
            done = self.call("PATCH", f"/api/v2/{kind}", {"actions": [what]})
            if len(done[action]["success"]) != len(part):
                raise SystemExit(f"bulk {action} of {kind}: {len(done[action]['success'])} of {len(part)}")


def _each(threads: int, call: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(call, items))


def push(kind: str, source: str) -> None:
    objects = json.loads(Path(source).read_text())
    if kind == "connections":
        items = [{"connection_id": id_, **fields} for id_, fields in objects.items()]
    else:
        items = [{"key": key, "value": value} for key, value in objects.items()]
    _client().push(kind, items)


def pull(kind: str, target: str) -> None:
    items = _client().pull(kind)
    Path(target).write_text(json.dumps({item.pop(IDS[kind]): item for item in items}, indent=2))


def _client() -> Client:
    return Client(*(os.environ[name] for name in ("AIRCONN_URL", "AIRCONN_USERNAME", "AIRCONN_PASSWORD")))


def to_json(source: str, target: str) -> None:
    from dotenv import dotenv_values

    found = {}
    for name, value in dotenv_values(source, interpolate=False).items():
        given = json.loads(value or "")
        given["extra"] = json.dumps(given["extra"])
        found[name.removeprefix(PREFIX).lower()] = {field: given.get(field) for field in FIELDS}
    Path(target).write_text(json.dumps({"connections": found}, indent=2))


def to_env(source: str, target: str) -> None:
    lines = []
    for id_, fields in json.loads(Path(source).read_text()).items():
        given = {**fields, "extra": json.loads(fields["extra"])}
        text = json.dumps({name: value for name, value in given.items() if value is not None})
        escaped = text.replace("\\", "\\\\").replace("'", "\\'")
        lines.append(f"{PREFIX}{id_.upper()}='{escaped}'\n")
    Path(target).write_text("".join(lines))


if __name__ == "__main__":
    {"push": push, "pull": pull, "to-json": to_json, "to-env": to_env}[sys.argv[1]](*sys.argv[2:])
