"""What `airconn doctor` asks an Airflow: its version, its clock, whether it lets us in, what we may do. No writes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from airconn import trust
from airconn.airflow.rest_api import VERSION_PATHS
from airconn.errors import AirconnError, ExitCode, TargetError
from airconn.model import Kind
from airconn.stores.airflow_api.access import Access
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.permissions import KindRights, Permissions
from airconn.stores.airflow_api.probe import AnsweringAirflow
from airconn.stores.airflow_api.session import Session
from airconn.stores.health import Health, HealthCheck, HealthQuestions, failed
from airconn.stores.http import bodies
from airconn.stores.http.messages import Reply, Request
from airconn.stores.http.network_health import network_health

AREA = "Airflow"
_SKEW = 60.0
"""The seconds between two clocks from which tokens fail. Airflow 3 allows 10 (`api_auth.jwt_leeway`), others more."""


@dataclass(frozen=True, slots=True)
class AirflowUnderCheck:
    """An Airflow in steps, each of which may fail. Each gives the same at every call."""

    address: str
    """A URL, or the name that a vendor has for it."""
    access: Callable[[], Access]
    """Finds the Airflow, which may ask a vendor, and its credentials, which may run a command."""
    probe: Callable[[], AnsweringAirflow]
    session: Callable[[], Session]
    api: Callable[[], Api]


def airflow_health(airflow: AirflowUnderCheck, questions: HealthQuestions) -> Iterator[HealthCheck]:
    """The checks of an Airflow, from the way to it to what we may do there."""
    # The network of a URL comes before its credentials, which may fail for reasons of their own.
    is_url = trust.is_airflow(airflow.address)
    if is_url and not (yield from _is_reached(airflow.address, questions)):
        return
    try:
        access = airflow.access()
    except AirconnError as error:
        yield failed(AREA, "login" if is_url else "address", error)
        if is_url:
            yield HealthCheck(AREA, "version", Health.UNKNOWN, "not asked, since the credentials can't be read")
        return
    if not is_url and not (yield from _is_reached(access.base, questions, unreached=access.server.unreached)):
        return
    try:
        found = airflow.probe()
    except AirconnError as error:
        yield failed(AREA, "version", error)
        return
    api = airflow.api()
    yield HealthCheck(AREA, "version", Health.FINE, f"Airflow {found.text}, whose REST API is {api.prefix}")
    yield _clock(access, v2=api.dialect.v2)
    yield from _let_in(airflow, api, questions)


def _is_reached(base: str, questions: HealthQuestions, *, unreached: str = "") -> Generator[HealthCheck, None, bool]:
    """The checks of the way to the Airflow. Returns whether there is one."""
    if not trust.is_airflow(base):
        yield HealthCheck(AREA, "connection", Health.UNUSED, "requests go through an API of the vendor")
        return True
    is_reached = True
    for check in network_health(base, questions.settings, unreached=unreached):
        is_reached &= check.health is not Health.FAILED
        yield check
    if not is_reached:
        yield HealthCheck(AREA, "version", Health.UNKNOWN, "not asked, since the connection failed")
    return is_reached


def _clock(access: Access, *, v2: bool) -> HealthCheck:
    request = Request("GET", VERSION_PATHS[0 if v2 else 1], once=True, largest=bodies.SMALL)
    before = time.time()
    try:
        reply = access.transport.send(request, {})
        there = parsedate_to_datetime(reply.date or "").timestamp()
    except (TargetError, ValueError, OverflowError):
        return HealthCheck(AREA, "clock", Health.UNKNOWN, "the server doesn't tell its time")
    after = time.time()
    # The header has whole seconds, so that the server's time is up to one second later.
    apart = there - after if there > after else min(0.0, there + 1 - before)
    if abs(apart) < _SKEW:
        return HealthCheck(AREA, "clock", Health.FINE, "the clocks agree")
    which = "ahead of" if apart > 0 else "behind"
    return HealthCheck(
        AREA,
        "clock",
        Health.WARNING,
        f"the server's clock is {_duration(abs(apart))} {which} the one of this machine",
        "tokens and certificates may be refused as expired or not yet valid: set the clock that is wrong",
    )


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} seconds"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.0f} hours"


def _let_in(airflow: AirflowUnderCheck, api: Api, questions: HealthQuestions) -> Iterator[HealthCheck]:
    """Whether the credentials are accepted and, if so, what the user may do with each kind."""
    try:
        session = airflow.session()
        replies = _first_of_each(session, api)
    except AirconnError as error:
        yield failed(AREA, "login", error)
        return
    if not session.let_in and all(reply.status in (401, 403) for reply in replies.values()):
        wish = "read connections, variables or pools"
        # Airflow 2 answers 403 where a right is missing, and some releases also where the password is wrong.
        status = min(reply.status for reply in replies.values())
        yield failed(AREA, "login", session.shut_out(status, wish))
        return
    if session.let_in:
        source = session.credentials.sources
        text = f"accepted: {source}" if source else "accepted, without credentials"
        yield HealthCheck(AREA, "login", Health.FINE, text)
    permissions = Permissions(session, api, f"airconn-doctor-{secrets.token_hex(8)}")
    for kind, reply in replies.items():
        if reply.status not in (200, 401, 403):
            yield failed(AREA, kind.value, session.refusal(reply, Request("GET", api.path(kind))))
            continue
        try:
            rights = permissions.of_kind(kind, may_read=reply.status == 200, asks_writes=questions.asks_writes)
        except AirconnError as error:
            yield failed(AREA, kind.value, error)
            continue
        yield _rights(kind, rights, _total(reply))


def _first_of_each(session: Session, api: Api) -> dict[Kind, Reply]:
    """The answers to a request for one object of each kind, up to a 401: no password is tried again."""
    replies: dict[Kind, Reply] = {}
    for kind in Kind:
        request = Request("GET", api.path(kind), (("limit", "1"),), largest=bodies.LIST)
        replies[kind] = session.send(request)
        if replies[kind].status == 401:
            break
    return replies


def _total(reply: Reply) -> int | None:
    answer = reply.json() if reply.status == 200 else None
    total = answer.get("total_entries") if isinstance(answer, dict) else None
    return total if isinstance(total, int) else None


def _rights(kind: Kind, rights: KindRights, total: int | None) -> HealthCheck:
    """The check for a kind, such as `12 found; you may read and create; you may not delete`."""
    parts = [f"{total} found"] if total is not None else []
    parts += [f"you may {_listed(rights.allowed)}"] if rights.allowed else []
    parts += [f"you may not {_listed(rights.refused, 'or')}"] if rights.refused else []
    parts += [f"not asked: {', '.join(rights.unasked)}"] if rights.unasked else []
    parts += [f"no clear answer: {', '.join(rights.unclear)}"] if rights.unclear else []
    health = Health.WARNING if rights.refused else Health.UNKNOWN if rights.unasked or rights.unclear else Health.FINE
    hint = ""
    if rights.unasked:
        hint = "--ask-writes asks, which changes nothing, but leaves lines in Airflow's audit log"
    return HealthCheck(AREA, kind.value, health, "; ".join(parts), hint, ExitCode.OK)


def _listed(words: tuple[str, ...], last: str = "and") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]
