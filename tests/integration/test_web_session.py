"""The session of real Airflows 2: the password is verified twice in a run, however many requests it has."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.credentials import Credentials
from airconn.errors import TargetError
from airconn.model import Action, Connection, Kind, Selection, Step
from airconn.sandbox import Sandbox
from airconn.stores import open_store
from airconn.stores.airflow_api.login.web_session import log_in
from airconn.stores.base import Store
from airconn.stores.http.transport import Transport
from tests.integration.conftest import on_worker_of
from tests.integration.faulty_proxy import FaultyProxy

IDS = frozenset((Kind.CONNECTIONS, f"c{index}") for index in range(20))
EACH = Selection(ids=IDS)
LIST = Selection(kinds=frozenset({Kind.POOLS}))


class Watched:
    """A store that talks to an Airflow through a proxy, and what that Airflow counts and keeps meanwhile."""

    def __init__(self, box: Sandbox, proxy: FaultyProxy) -> None:
        self.box = box
        self.proxy = proxy
        self._before = self._counts()

    def open(self, password: str = "") -> Store:
        known = Credentials(username=self.box.username, password=password or self.box.password, source="the test")
        return open_store(self.proxy.url, Settings(credentials=known))

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(Path(self.box.home) / "airflow.db", timeout=30)) as database, database:
            return database.execute(sql).fetchall()

    def _counts(self) -> tuple[int, int]:
        ((good, bad),) = self.run("select login_count, fail_login_count from ab_user where username = 'admin'")
        return good or 0, bad or 0

    @property
    def verified(self) -> int:
        """How often a password was found right (FAB `update_user_auth_stat`)."""
        return self._counts()[0] - self._before[0]

    @property
    def refused(self) -> int:
        """How often it was found wrong since it was right the last time."""
        return self._counts()[1]

    @property
    def logins(self) -> int:
        return self.proxy.seen.count("POST /login/")

    @property
    def sessions(self) -> int:
        """How many sessions are open, without those of nobody."""
        return sum(b"_user_id" in data for (data,) in self.run("select data from session"))

    def end_sessions(self) -> None:
        self.run("delete from session")


@pytest.fixture(
    scope="module", params=[pytest.param(version, marks=on_worker_of(version)) for version in ("2.7.3", "2.11.2")]
)
def box(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """An Airflow of these tests' own, which lets a user log in five times an hour.

    By default it is five times in 40 seconds for each of its workers: a slow machine would use them up in one while
    and need them in the next, and a fast one would find the worker that has some left. That it takes sessions is set
    nowhere: Airflow sees to it by itself.
    """
    limit = {"auth_rate_limit": "5 per hour"}  # 2.7 reads it in the one section, 2.11 in the other
    settings = {
        "api": {"auth_backends": "airflow.api.auth.backend.basic_auth"},
        "webserver": {"workers": "1", **limit},
        "fab": limit,
    }
    with Sandbox(request.param, settings=settings) as box:
        yield box


@pytest.fixture
def watched(box: Sandbox) -> Iterator[Watched]:
    with FaultyProxy(box.url) as proxy:
        yield Watched(box, proxy)


def test_reads_and_writes_of_one_run_share_a_session_that_ends_with_it(watched: Watched) -> None:
    store = watched.open()
    objects = [Connection(conn_id=id_, conn_type="http") for _, id_ in sorted(IDS)]
    steps = [Step(Kind.CONNECTIONS, obj.conn_id, Action.CREATE, obj) for obj in objects]
    assert [outcome.error for outcome in store.apply(steps)] == [None] * len(steps)
    assert len(store.read(EACH).bundle) == len(steps)
    deletions = [Step(Kind.CONNECTIONS, obj.conn_id, Action.DELETE, target=obj) for obj in objects]
    assert [outcome.error for outcome in store.apply(deletions)] == [None] * len(steps)
    assert watched.sessions == 1
    store.close()
    assert watched.sessions == 0
    assert (watched.verified, watched.logins) == (2, 1)


def test_a_session_that_ends_in_mid_run_is_followed_by_another(watched: Watched) -> None:
    store = watched.open()
    for _ in range(12):
        store.read(LIST)
    watched.end_sessions()
    for _ in range(12):
        assert len(store.read(LIST).bundle) > 0
    store.close()
    assert (watched.verified, watched.logins, watched.sessions) == (3, 2, 0)


def test_a_wrong_password_is_tried_once(watched: Watched) -> None:
    store = watched.open("wrong")
    before = watched.refused
    with pytest.raises(TargetError, match="it refuses the credentials"):
        store.read(EACH)
    store.close()
    assert (watched.refused - before, watched.verified, watched.logins) == (1, 0, 0)


def test_where_too_many_logged_in_the_password_does_for_each_request(watched: Watched) -> None:
    use_up_logins(watched.box)
    before = watched.verified
    store = watched.open()
    for _ in range(6):
        assert len(store.read(LIST).bundle) > 0
    store.close()
    assert (watched.verified - before, watched.logins) == (6, 1)


def use_up_logins(box: Sandbox) -> None:
    """Logs in as often as `AUTH_RATE_LIMIT` allows."""
    transport = Transport(box.url, Settings())
    done = 0
    while log_in(transport, box.username, box.password, 10):
        done += 1
        assert done < 6, "nothing limits how often one may log in"
    transport.close()
