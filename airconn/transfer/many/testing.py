"""Has several Airflows test connections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from airconn.stores.base import unwatched
from airconn.targets import Target
from airconn.transfer.many.members import Failure, Member, beside, in_turn, open_members
from airconn.transfer.many.target_threads import Reads
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.testing import (
    ConnectionTestRequest,
    ConnectionTests,
    OpenedTests,
    refuse_other_kinds,
    refuse_other_places,
    run_opened,
    selection_of,
)


@dataclass(frozen=True, slots=True)
class TestedTarget:
    """An Airflow with the results of its tests."""

    member: Member
    tests: ConnectionTests


@dataclass(frozen=True, slots=True)
class TestedTargets:
    """The Airflows that tested, in the order in which they were named, and those that couldn't."""

    targets: Sequence[TestedTarget]
    failures: Sequence[Failure]
    skipped: Sequence[str] = ()
    """The names of those that weren't begun after a failure."""


def test_targets(
    request: ConnectionTestRequest, targets: Sequence[Target], places: Places, reads: Reads
) -> TestedTargets:
    """The tests of each Airflow, with the values of the sources of the request, or with its own.

    Raises `UsageError` where an address is wrong, or isn't one of an Airflow.
    """
    refuse_other_kinds(request.names)
    members, unopened = open_members(targets, places)
    for member in members:
        refuse_other_places(member.store)
    sources = beside(places.open(source, request.source_format) for source in request.sources)
    fills = beside(places.open_fills(request.fills, request.source_format))
    change = in_turn(make_change(request.changes, selection_of(request), places))
    context = replace(places.context(), watch=unwatched)

    def tested(member: Member) -> ConnectionTests:
        own = replace(request, airflow=request.airflow or member.target.airflow)
        return run_opened(own, OpenedTests(member.store, sources, fills, change), context)

    ended = {one.member.label: one for one in reads.run(tested, members)}
    in_order = [ended[member.label] for member in members if member.label in ended]
    found = [TestedTarget(one.member, one.result) for one in in_order if one.result is not None]
    failures = [*unopened, *(failure for one in in_order if (failure := one.failure))]
    return TestedTargets(found, failures, [member.label for member in members if member.label not in ended])
