"""Finds out what listens at an address: which API it speaks, and which Airflow it is."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airconn.airflow.rest_api import VERSION_PATHS
from airconn.airflow.versions import SUPPORTED
from airconn.errors import TargetError, UsageError
from airconn.model import OLDEST, AirflowVersion
from airconn.stores.airflow_api.session import Session
from airconn.stores.base import Watch
from airconn.stores.http import bodies, gateways
from airconn.stores.http.messages import Reply, Request

_AIRFLOW = re.compile(rb"<title>Airflow(?: \d{3}\b|</title>)")


@dataclass(frozen=True, slots=True)
class AnsweringAirflow:
    """An Airflow that answered. `text` is its version as it says it, such as `3.1.0rc1`."""

    version: AirflowVersion
    text: str
    v2: bool


def probe(session: Session, watch: Watch) -> AnsweringAirflow:
    """The Airflow that answers. Its version needs no credentials, unless something in front of it requires them.

    Raises `TargetError` that says what is wrong with the address, the network or the credentials.
    """
    replies = []
    once = False
    for path, v2 in VERSION_PATHS:
        session.v2 = v2
        watch(f"asking {session.base}", 0, None)
        try:
            reply = session.transport.send(Request("GET", path, once=once, largest=bodies.SMALL), {})
        finally:
            watch("", 0, 0)  # the credentials may come from a command that asks for something on the terminal
        if reply.status >= 500 and gateways.fault(reply):
            # No server seems to be there, or a gateway knows only the paths of Airflow 2, which one request tells.
            once = True
        elif reply.status != 200 and reply.status != 404 and session.auth.given:
            reply = _with_credentials(session, path) or reply
        version = _version(reply)
        if version:
            return _checked(session, version, v2)
        replies.append(reply)
    raise _explain(session, replies)


def _with_credentials(session: Session, path: str) -> Reply | None:
    """The answer with a token or basic authentication: a gateway in front of the API has no `/auth/token`."""
    return session.transport.send(Request("GET", path, largest=bodies.SMALL), session.auth.headers(v2=False))


def _version(reply: Reply) -> str | None:
    answer = reply.json() if reply.status == 200 else None
    text = answer.get("version") if isinstance(answer, dict) else None
    return text if isinstance(text, str) and re.fullmatch(r"\d+\.\d+[\w.+-]{0,60}", text) else None


def _checked(session: Session, text: str, v2: bool) -> AnsweringAirflow:
    try:
        version = AirflowVersion.parse(text)
    except UsageError:
        raise TargetError(f"its version {text} is none that airconn can read", where=session.base) from None
    if version < OLDEST:
        raise TargetError(
            f"this is Airflow {text}, which is older than {OLDEST.series}",
            where=session.base,
            hint=f"airconn speaks with {SUPPORTED}",
        )
    return AnsweringAirflow(version, text, v2)


def _is_airflows(reply: Reply) -> bool:
    """Whether an answer is Airflow's own page for unknown addresses.

    In Airflow 2 it is that of an error (www/templates/airflow/error.html), and in 3 the start page for all of them.
    """
    return gateways.is_page(reply) and bool(_AIRFLOW.search(reply.body[: gateways.LONGEST]))


def _explain(session: Session, replies: list[Reply]) -> TargetError:
    """The error if no answer was from an Airflow, by the most telling one."""
    for reply in replies:
        if reply.status in (401, 403):
            return session.shut_out(reply.status, "read its version")
    for reply in replies:
        if 300 <= reply.status < 400:
            return session.redirected(reply)
    for reply in replies:
        if gateways.wants_https(reply):
            return TargetError("it speaks TLS", where=session.base, hint=f"use https:{session.base[5:]}")
        if fault := gateways.fault(reply):
            return TargetError(f"it {fault}", where=session.base, hint="is the Airflow behind it up?")
        if reply.status >= 500:
            return TargetError(
                f"it answers with status {reply.status}", where=session.base, hint="is the Airflow behind it up?"
            )
    if any(_is_airflows(reply) for reply in replies):
        return TargetError(
            "this is an Airflow of which no API answers here",
            where=session.base,
            hint="give the address of its start page, without what comes after it",
        )
    for (path, _), reply in zip(VERSION_PATHS, replies, strict=True):
        if reply.status == 200 and gateways.is_page(reply):
            return gateways.instead_of_json(reply, session.server, f"GET {path}")
    return TargetError(
        "what answers here is no Airflow",
        where=session.base,
        hint="/api/v2/version and /api/v1/version don't tell a version; "
        f"the address comes from {session.server.named_by}",
    )
