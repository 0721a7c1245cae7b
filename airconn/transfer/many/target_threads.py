"""Reads several targets in threads, while the main thread takes the results and asks the questions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from airconn.errors import AirconnError
from airconn.stores.base import Watch
from airconn.transfer.many.members import Failure, Member
from airconn.transfer.side_by_side import Inbox, parallel_by_default, side_by_side

R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class EndedRead(Generic[R]):
    """A target whose read has ended: with a result, or with the error that kept it from one."""

    member: Member
    result: R | None
    error: AirconnError | None = None

    @property
    def failure(self) -> Failure | None:
        return self.member.failure(self.error) if self.error else None


@dataclass(frozen=True, slots=True)
class Reads:
    """How the targets are read."""

    inbox: Inbox
    """Where questions come in from the threads of the targets."""
    watch: Watch
    parallel: int | None = None
    """How many at a time. None: `parallel_by_default`."""
    fail_fast: bool = False
    """Whether none is begun after one that has failed."""
    _failed: list[bool] = field(default_factory=list)

    def run(self, work: Callable[[Member], R], members: Sequence[Member]) -> Iterator[EndedRead[R]]:
        """Each target as it ends, in no order. Those that aren't begun don't come."""

        def ended(member: Member) -> EndedRead[R]:
            try:
                return EndedRead(member, work(member))
            except AirconnError as error:
                self._failed.append(True)
                return EndedRead(member, None, error)

        parallel = self.parallel or parallel_by_default(len(members))
        what, done = f"reading {len(members)} targets", 0
        self.watch(what, done, len(members))
        try:
            for _, one in side_by_side(ended, members, lambda one: one.server, parallel, self._goes_on, self.inbox):
                yield one
                done += 1
                self.watch(what, done, len(members))
        finally:
            self.watch("", 0, 0)

    def _goes_on(self) -> bool:
        return not (self.fail_fast and self._failed)
