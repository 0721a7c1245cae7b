"""Lists the objects of several targets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from airconn.model import NEWEST
from airconn.stores.base import unwatched
from airconn.targets import Target
from airconn.transfer.listing import ListedObjects, ListRequest, list_store
from airconn.transfer.many.members import Failure, Member, open_members
from airconn.transfer.many.target_threads import Reads
from airconn.transfer.places import Places
from airconn.transfer.standard_input import refuse_second_use


@dataclass(frozen=True, slots=True)
class ListedTarget:
    """A target with its objects."""

    member: Member
    listed: ListedObjects


@dataclass(frozen=True, slots=True)
class ListedTargets:
    """The targets that could be read, in the order in which they were named, and those that couldn't."""

    targets: Sequence[ListedTarget]
    failures: Sequence[Failure]
    skipped: Sequence[str] = ()
    """The names of those that weren't begun after a failure."""


def list_targets(request: ListRequest, targets: Sequence[Target], places: Places, reads: Reads) -> ListedTargets:
    """The objects of each target. Raises `UsageError` where an address or the configuration is wrong."""
    refuse_second_use([target.address for target in targets])
    members, unopened = open_members(targets, places, request.source_format)
    context = replace(places.context(), watch=unwatched)

    def listed(member: Member) -> ListedObjects:
        own = replace(request, selection=member.selection(request.selection))
        return list_store(
            own, member.store, replace(context, airflow=request.airflow or member.target.airflow or NEWEST)
        )

    ended = {one.member.label: one for one in reads.run(listed, members)}
    found, failures = [], list(unopened)
    for member in members:
        one = ended.get(member.label)
        if one is None:
            continue
        if one.result is not None and not one.result.error:
            found.append(ListedTarget(member, one.result))
        elif error := one.error or (one.result.error if one.result else None):
            failures.append(member.failure(error))
    skipped = [member.label for member in members if member.label not in ended]
    return ListedTargets(found, failures, skipped)
