"""The door of a Deployment's Airflow at Astro: it takes the tokens of a fake Astro, and a sandbox answers behind it.

The path of the Airflow has the name of a release in front, and its version is that of Astro Runtime.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from urllib.parse import urlencode

import urllib3

from airconn.sandbox import Sandbox
from tests.stores.site import Answer, Received, Site

RELEASE = "/dabc1234"
_KEPT = ("content-type", "location")


@contextlib.contextmanager
def astro_door(box: Sandbox, tokens: Callable[[], frozenset[str]]) -> Iterator[Site]:
    """A door in front of a sandbox that takes these tokens and no others."""
    with urllib3.PoolManager() as pool:
        headers = _credentials(box, pool)

        def answer(received: Received) -> Answer:
            if not received.path.startswith(f"{RELEASE}/"):
                return Answer(404, {"detail": "no such release"})
            path = received.path[len(RELEASE) :]
            kind, _, token = (received.headers.get("Authorization") or "").partition(" ")
            if not path.endswith("/version") and (kind != "Bearer" or token not in tokens()):
                return Answer(401, {"detail": "Unauthorized"})
            body = None if received.body is None else json.dumps(received.body).encode()
            query = f"?{urlencode(received.query)}" if received.query else ""
            reply = pool.request(
                received.method,
                f"{box.url}{path}{query}",
                body=body,
                headers={**headers, "Content-Type": "application/json"},
                redirect=False,
                retries=False,
            )
            text = reply.data
            if path.endswith("/version") and reply.status == 200:
                found = json.loads(text)
                text = json.dumps({**found, "version": f"{found['version']}+astro.1"}).encode()
            kept = {name.title(): value for name, value in reply.headers.items() if name.lower() in _KEPT}
            return Answer(reply.status, text, kept)

        with Site(answer) as site:
            yield site


def _credentials(box: Sandbox, pool: urllib3.PoolManager) -> dict[str, str]:
    credentials = {"username": box.username, "password": box.password}
    reply = pool.request("POST", f"{box.url}/auth/token", json=credentials, redirect=False, retries=False)
    if reply.status == 201:
        return {"Authorization": f"Bearer {reply.json()['access_token']}"}
    return urllib3.make_headers(basic_auth=f"{box.username}:{box.password}")
