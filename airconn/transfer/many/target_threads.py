"""Works on several targets in threads, while the main thread takes the results and asks the questions."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Generic, TypeVar

from airconn.errors import AirconnError
from airconn.stores.base import Watch
from airconn.transfer.many.members import Member
from airconn.transfer.side_by_side import side_by_side

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Ended(Generic[R]):
    """A target whose work has ended: with a result, or with the error that kept it from one."""

    member: Member
    result: R | None
    error: AirconnError | None = None


@dataclass(frozen=True, slots=True)
class _Over:
    """No target is worked on any more, maybe because of a fault of airconn itself."""

    fault: BaseException | None = None


@dataclass(frozen=True, slots=True)
class _Call:
    """A function that another thread wants to have called in the main thread."""

    function: Callable[[], Any]
    result: Future[Any]


class TargetThreads:
    """Runs the same work on several targets at a time, never on two at one server.

    Ctrl-C reaches the main thread at once, which waits for no server then: nothing is written in the other threads.
    """

    def __init__(self) -> None:
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._stopped = False

    def call(self, function: Callable[[], Any]) -> Any:
        """The result of a function that the main thread calls. One call follows the other."""
        call = _Call(function, Future())
        self._inbox.put(call)
        return call.result.result()

    def run(
        self, work: Callable[[Member], R], members: Sequence[Member], parallel: int, *, fail_fast: bool, watch: Watch
    ) -> Iterator[Ended[R]]:
        """Each target as it ends. With `fail_fast`, none is begun after one that has failed.

        `watch` is told how many have ended.
        """

        def ended(member: Member) -> Ended[R]:
            try:
                return Ended(member, work(member))
            except AirconnError as error:
                self._stopped |= fail_fast
                return Ended(member, None, error)

        def conduct() -> None:
            try:
                for _, one in side_by_side(
                    ended, members, lambda member: member.server, parallel, lambda: not self._stopped
                ):
                    self._inbox.put(one)
                self._inbox.put(_Over())
            except BaseException as fault:  # noqa: BLE001 - raised again in the main thread
                self._inbox.put(_Over(fault))

        threading.Thread(target=conduct, name="airconn-targets", daemon=True).start()
        done = 0
        try:
            watch(f"reading {len(members)} targets", done, len(members))
            while not isinstance(item := self._inbox.get(), _Over):
                if isinstance(item, _Call):
                    _answer(item)
                    continue
                yield item
                done += 1
                watch(f"reading {len(members)} targets", done, len(members))
            if item.fault is not None:
                raise item.fault
        finally:
            self._stopped = True
            watch("", 0, 0)


def _answer(call: _Call) -> None:
    try:
        call.result.set_result(call.function())
    except Exception as error:  # noqa: BLE001 - it belongs to the thread that asks
        call.result.set_exception(error)
