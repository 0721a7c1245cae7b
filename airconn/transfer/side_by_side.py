"""Runs the same work on several targets at a time, but never two at one server."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from typing import Generic, TypeVar

from airconn.addresses import is_file
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
    threads = _Threads(work, server_of, max(1, parallel), inbox or Inbox())
    waiting = list(items)
    while True:
        waiting = [item for item in waiting if not (goes_on() and threads.begin(item))]
        if not threads.running:
            if threads.error is not None:
                raise threads.error
            return
        yield from threads.ended()


class _Threads(Generic[T, R]):
    """The items that are worked on."""

    def __init__(
        self, work: Callable[[T], R], server_of: Callable[[T], Hashable], parallel: int, inbox: Inbox
    ) -> None:
        self._work = work
        self._server_of = server_of
        self._parallel = parallel
        self._inbox = inbox
        self._results: list[tuple[T, R]] = []
        self._begun = 0
        self.running: dict[int, Hashable] = {}
        """The servers of the items that run."""
        self.error: BaseException | None = None

    def begin(self, item: T) -> bool:
        """Begins an item, if there is room for it, its server is free, and none has failed."""
        server = self._server_of(item)
        if self.error is not None or len(self.running) >= self._parallel or server in self.running.values():
            return False
        self._begun += 1
        self.running[self._begun] = server
        name = f"airconn-target-{self._begun}"
        threading.Thread(target=self._run, args=(item, self._begun), name=name, daemon=True).start()
        return True

    def ended(self) -> list[tuple[T, R]]:
        """The items that have ended since the last call, with their results. Empty if one has failed."""
        before = len(self.running)
        while len(self.running) == before:
            self._inbox.serve()
        results, self._results = self._results, []
        return results

    def _run(self, item: T, number: int) -> None:
        """Works on an item, in a thread of its own."""
        try:
            result = self._work(item)
        except BaseException as error:  # noqa: BLE001 - raised again by the thread of the caller
            self._inbox.tell(partial(self._end, number, error=error))
        else:
            self._inbox.tell(partial(self._end, number, (item, result)))

    def _end(self, number: int, result: tuple[T, R] | None = None, *, error: BaseException | None = None) -> None:
        del self.running[number]
        self.error = self.error or error
        self._results += [result] if result is not None else []


def parallel_by_default(number: int) -> int:
    """How many of so many targets are worked on at a time, if the user doesn't say it."""
    return min(number, _MOST)


_MOST = 16
"""More at a time are hardly faster (`python -m tests.benchmarks.many`): this process is the limit then."""


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
