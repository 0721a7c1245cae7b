"""Finds out what listens at an address: which API it speaks, and which Airflow it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airconn.airflow.rest_api import VERSION_PATHS
from airconn.airflow.versions import SUPPORTED
from airconn.errors import TargetError, UsageError
from airconn.model import OLDEST, AirflowVersion
from airconn.stores.airflow_api.access import Access
from airconn.stores.base import Watch
from airconn.stores.http import bodies, gateways
from airconn.stores.http.messages import Reply, Request

_AIRFLOW = re.compile(rb"<title>Airflow(?: \d{3}\b|</title>)")


@dataclass(frozen=True, slots=True)
class AnsweringAirflow:
    """An Airflow that answered. `text` is its version as it says it, such as `3.1.0rc1`."""

    version: AirflowVersion
    text: str


def probe(access: Access, watch: Watch) -> AnsweringAirflow:
    """Asks for the version, which needs no credentials in any Airflow; with them if something in front wants some.

    Raises `TargetError` that says what is wrong with the address, the network or the credentials.
    """
    replies = []
    once = False
    for path in VERSION_PATHS:
        watch(f"asking {access.base}", 0, None)
        try:
            reply = access.transport.send(Request("GET", path, once=once, largest=bodies.SMALL), {})
        finally:
            watch("", 0, 0)  # the credentials may come from a command that asks for something on the terminal
        if reply.status >= 500 and gateways.fault(reply):
            # No server seems to be there, or a gateway knows only the paths of Airflow 2, which one request tells.
            once = True
        elif reply.status != 200 and reply.status != 404 and access.auth.given:
            reply = _with_credentials(access, path) or reply
        version = _version(reply)
        if version:
            return _checked(access, version)
        replies.append(reply)
    raise _explain(access, replies)


def _with_credentials(access: Access, path: str) -> Reply | None:
    """The same with a token, or with basic authentication: whatever is in front of the API knows no `/auth/token`."""
    headers = access.auth.probe_headers()
    return access.transport.send(Request("GET", path, largest=bodies.SMALL), headers) if headers else None


def _version(reply: Reply) -> str | None:
    answer = reply.json() if reply.status == 200 else None
    text = answer.get("version") if isinstance(answer, dict) else None
    return text if isinstance(text, str) and re.fullmatch(r"\d+\.\d+[\w.+-]{0,60}", text) else None


def _checked(access: Access, text: str) -> AnsweringAirflow:
    try:
        version = AirflowVersion.parse(text)
    except UsageError:
        raise TargetError(f"airconn can't read its version {text}", where=access.base) from None
    if version < OLDEST:
        raise TargetError(
            f"this is Airflow {text}, which is older than {OLDEST.series}",
            where=access.base,
            hint=f"airconn speaks with {SUPPORTED}",
        )
    return AnsweringAirflow(version, text)


def _is_airflows(reply: Reply) -> bool:
    """Whether an answer is Airflow's own page for unknown addresses.

    In Airflow 2 it is that of an error (www/templates/airflow/error.html), and in 3 the start page for all of them.
    """
    return gateways.is_page(reply) and bool(_AIRFLOW.search(reply.body[: gateways.LONGEST]))


def _explain(access: Access, replies: list[Reply]) -> TargetError:
    """Why no answer was an Airflow's, from the one that tells most."""
    for reply in replies:
        if reply.status in (401, 403):
            return access.kept_out(reply.status)
    for reply in replies:
        if 300 <= reply.status < 400:
            return access.redirected(reply)
    for reply in replies:
        if gateways.wants_https(reply):
            return TargetError("it speaks TLS", where=access.base, hint=f"use https:{access.base[5:]}")
        if fault := gateways.fault(reply):
            return TargetError(f"it {fault}", where=access.base, hint="check that the Airflow behind it runs")
        if reply.status >= 500:
            return TargetError(
                f"it answers with status {reply.status}",
                where=access.base,
                hint="check that the Airflow behind it runs",
            )
    if any(_is_airflows(reply) for reply in replies):
        return TargetError(
            "this is an Airflow, but its API doesn't answer here",
            where=access.base,
            hint="use the address of its start page, without the rest",
        )
    for path, reply in zip(VERSION_PATHS, replies, strict=True):
        if reply.status == 200 and gateways.is_page(reply):
            return gateways.instead_of_json(reply, access.server, f"GET {path}")
    return TargetError(
        "the server that answers is not an Airflow",
        where=access.base,
        hint="/api/v2/version and /api/v1/version don't tell a version; "
        f"the address comes from {access.server.named_by}",
    )
