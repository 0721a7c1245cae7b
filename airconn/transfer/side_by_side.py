"""Runs the same work on several targets at a time, but never two at one server."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Generic, TypeVar

from airconn.addresses import is_file
from airconn.browser_urls import airflow_endpoint
from airconn.trust import is_airflow
from airconn.urls import endpoint

T = TypeVar("T")
R = TypeVar("R")


class Inbox:
    """What the threads of the targets ask the thread of the run to do: to show something, or to ask the user.

    So questions come one after the other, nothing is written into one, and Ctrl-C ends one.
    """

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], object]] = SimpleQueue()
        self._owner = threading.current_thread()

    def tell(self, call: Callable[[], object]) -> None:
        """Has `call` made by the thread of the run, some time."""
        self._calls.put(call)

    def ask(self, call: Callable[[], R]) -> R:
        """The result of `call`, made by the thread of the run. Raises what it raises."""
        if threading.current_thread() is self._owner:
            return call()
        answer: Future[R] = Future()

        def answered() -> None:
            try:
                answer.set_result(call())
            except BaseException as error:
                answer.set_exception(error)
                if not isinstance(error, Exception):  # a Ctrl-C is for the run
                    raise

        self._calls.put(answered)
        return answer.result()

    def serve(self) -> None:
        """Waits for the next call, and makes it."""
        self._calls.get()()


@dataclass(frozen=True, slots=True)
class _Ended(Generic[T, R]):
    """An item that is done, with its result or its error."""

    item: T
    result: R | None
    error: BaseException | None


def side_by_side(
    work: Callable[[T], R],
    items: Sequence[T],
    server_of: Callable[[T], Hashable],
    parallel: int,
    goes_on: Callable[[], bool] = lambda: True,
    inbox: Inbox | None = None,
) -> Iterator[tuple[T, R]]:
    """Each item with the result of `work`, in the order in which they end, with up to `parallel` at a time.

    Items of one server wait for each other, in their order. `goes_on` is asked before each item begins: where it says
    no, the items that haven't begun are skipped. Where `work` raises, no other is begun, and the error is raised when
    those that run have ended. The work may ask the thread of the caller by the `inbox`.

    A Ctrl-C is raised at once, and what runs is left behind, which a program that ends doesn't wait for.
    """
    inbox = inbox or Inbox()
    waiting: list[tuple[T, Hashable]] = [(item, server_of(item)) for item in items]
    running: dict[int, Hashable] = {}
    """The servers of the items that run."""
    ended: list[_Ended[T, R]] = []
    first_error: BaseException | None = None

    def run(item: T, number: int) -> None:
        result: R | None = None
        error: BaseException | None = None
        try:
            result = work(item)
        except BaseException as raised:  # noqa: BLE001 - raised again by the thread of the caller
            error = raised

        def end() -> None:
            del running[number]
            ended.append(_Ended(item, result, error))

        inbox.tell(end)

    begun = 0
    while True:
        busy = set(running.values())
        left: list[tuple[T, Hashable]] = []
        for item, server in waiting:
            is_free = len(running) < max(1, parallel) and server not in busy
            if not is_free or first_error is not None or not goes_on():
                left.append((item, server))
                continue
            busy.add(server)
            running[begun] = server
            _start(run, item, begun)
            begun += 1
        waiting = left
        if not running:
            if first_error is not None:
                raise first_error
            return
        while not ended:
            inbox.serve()
        for one in ended:
            first_error = first_error or one.error
        for one in ended:
            if one.error is None:
                yield one.item, one.result  # type: ignore[misc]  # it is None only where the work gives that
        ended.clear()


def _start(run: Callable[[T, int], None], item: T, number: int) -> None:
    name = f"airconn-target-{number}"
    threading.Thread(target=run, args=(item, number), name=name, daemon=True).start()


def parallel_by_default(number: int) -> int:
    """How many of so many targets are worked on at a time, if the user doesn't say it."""
    return min(number, _MOST)


_MOST = 16
"""More at a time are hardly faster: the work of this process is the limit then (`python -m tests.benchmarks.many`)."""


def server_at(address: str) -> str:
    """The server behind an address, as far as its text tells: the same for all paths on one host.

    The services of clouds are many servers under one name, so that each address of these is one of its own.
    """
    if is_airflow(address):
        return endpoint(address)[0]
    if is_file(address):
        return os.path.realpath(address)
    scheme, mark, rest = address.partition("://")
    if not mark or not scheme.lower().startswith(("vault", "metadb")):
        return address
    return f"{scheme}://{re.split(r'[/?#]', rest, maxsplit=1)[0].rpartition('@')[2]}".lower()


def place_at(address: str) -> str:
    """The place of an address, as far as its text tells: the same for all spellings of it."""
    if is_airflow(address):
        return "".join(airflow_endpoint(address))
    return os.path.realpath(address) if is_file(address) else address.rstrip("/")
