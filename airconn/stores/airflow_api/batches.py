"""Carries out many steps in one request, if the API has a call for that, and gives the outcome of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain

from airconn.errors import AirconnError, own_fault
from airconn.model import WRITES, Action, AirflowObject, Outcome, Step
from airconn.stores.airflow_api import bulk
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.bulk import BulkContent, BulkEntry, BulkKey
from airconn.stores.airflow_api.late_passwords import LACKS, LatePasswords, can_come_late
from airconn.stores.airflow_api.pages import Lister
from airconn.stores.airflow_api.reading import ApiReader
from airconn.stores.airflow_api.sent_fields import is_merged
from airconn.stores.airflow_api.session import Session
from airconn.stores.airflow_api.writes import (
    MAY_NOT,
    NO_AIRFLOW,
    UNKNOWN,
    ApiWriter,
    Doubt,
    failure,
    told,
)
from airconn.stores.base import unwatched
from airconn.stores.concurrent_changes import CHANGED
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply

_FIRST = 25
"""The entries of the first request. It is small, so that what fails for all objects fails for few; then they grow."""
_LARGEST = 500_000
"""The most characters of a request. Many gateways refuse a body of more than a megabyte."""
_DONE = range(200, 300)


def carry_out(session: Session, api: Api, steps: Iterable[Step], *, whole: bool) -> Iterator[Outcome]:
    """The outcome of each step that writes, in their order, by the calls that the API has.

    `whole`: no object may be created in two steps, since no later run would complete it. Raises `TargetError`
    before the first write, where the server doesn't answer or doesn't let us in.
    """
    writer = ApiWriter(session, api, whole=whole)
    writes = (step for step in steps if step.action in WRITES)
    first = next(writes, None)
    if first is None:
        return
    if not session.let_in:
        Lister(session, api, first.kind, unwatched).count()
    all_of_them = chain((first,), writes)
    with session.transport.deadline.finishing():
        if api.dialect.bulk:
            yield from BatchWriter(writer, session, api, whole=whole).apply(all_of_them)
        else:
            yield from writer.several(all_of_them)


class Fate(Enum):
    """What is known about entries that were sent and may not have been carried out."""

    OPEN = "they weren't sent, or certainly not done"
    NOT_DONE = "the answer to a request doesn't name them; a gateway may have sent it twice"
    MAYBE_DONE = "what is to be created may be there by now"
    NOT_FROM_AIRFLOW = "passwords that were sent, and something that is not the Airflow answered"

    def after(self, reply: Reply) -> Fate:
        """What is known after another request with the same entries was answered."""
        if self in (Fate.MAYBE_DONE, Fate.NOT_FROM_AIRFLOW):
            return self
        if reply.doubtful or reply.status >= 500:
            return Fate.MAYBE_DONE
        return Fate.NOT_DONE if reply.status in _DONE else self


@dataclass(frozen=True, slots=True)
class _Part:
    """Entries that go into one request."""

    key: BulkKey
    entries: Sequence[BulkEntry]
    fate: Fate = Fate.OPEN

    @property
    def completes(self) -> bool:
        return _completes(self.entries)

    def doubt(self, item: BulkEntry) -> Doubt:
        if self.fate is not Fate.MAYBE_DONE:
            return Doubt.NONE
        return Doubt.BARE if item.content is BulkContent.BARE else Doubt.WHOLE

    def failed(self, message: str) -> Iterator[Outcome]:
        """The outcomes of entries that this request didn't carry out."""
        yield from (self.told(item, Outcome(item.step, message)) for item in self.entries)

    def unknown(self, message: str) -> Iterator[Outcome]:
        """The outcomes of entries that may have been carried out."""
        yield from replace(self, fate=Fate.MAYBE_DONE).failed(message)

    def told(self, item: BulkEntry, outcome: Outcome) -> Outcome:
        """The outcome, with an error that says so if the connection may exist without its password."""
        lacks = outcome.error and self.doubt(item) is Doubt.BARE
        return replace(outcome, error=f"{outcome.error}; {LACKS}") if lacks else outcome


class BatchWriter:
    """Writes to one server of Airflow 3, one request after the other: on SQLite, writers wait for one another."""

    def __init__(self, writer: ApiWriter, session: Session, api: Api, *, whole: bool) -> None:
        self._writer = writer
        self._session = session
        self._api = api
        self._passwords = LatePasswords(session, api, whole=whole)
        self._ceiling = api.most_in_bulk
        self._most = min(_FIRST, self._ceiling)

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """The outcome of each step, in their order. The last one has the notes about all of them."""
        ahead = _Ahead(steps)
        is_told = False
        for entries in self._grouped(ahead):
            for number, outcome in enumerate(self._reported(entries), 1):
                notes = self._passwords.notes() if number == len(entries) and not is_told else ()
                is_told = is_told or (bool(notes) and ahead.is_over())
                yield replace(outcome, notes=notes) if notes and is_told else outcome

    def _reported(self, entries: Sequence[BulkEntry]) -> Iterator[Outcome]:
        """The outcomes of entries of one key, one for each, whatever happens."""
        left = list(entries)
        try:
            for outcome in self._unless_changed(entries):
                left.pop(0)
                yield outcome
        except Exception as error:  # noqa: BLE001 - what was sent before has to get its report
            for item in left:
                lacks = f"; {LACKS}" if can_come_late(item.step) else ""
                yield Outcome(item.step, f"{own_fault(error)}{lacks}")

    def _grouped(self, steps: Iterable[Step]) -> Iterator[list[BulkEntry]]:
        """Groups steps into requests, taking one step more than needed to see where a group ends."""
        group: list[BulkEntry] = []
        weight = 0
        for step in steps:
            item = bulk.entry(self._api, step)
            if group and (item.key is None or item.key != group[0].key or weight + item.weight > _LARGEST):
                yield group
                group, weight = [], 0
            group.append(item)
            weight += item.weight
            if len(group) >= self._most:
                yield group
                group, weight = [], 0
        if group:
            yield group

    def _unless_changed(self, entries: Sequence[BulkEntry]) -> Iterator[Outcome]:
        """The outcomes of entries of one key. Objects that are merged with what was read are read again before."""
        merging = [item.step for item in entries if is_merged(item.step)]
        if self._is_single(entries) or not merging or self._writer.why_not():
            yield from self._carry_out(entries)
            return
        try:
            reader = ApiReader(self._session, self._api, unwatched)
            held = reader.find(merging[0].kind, [step.id for step in merging])
        except AirconnError as error:
            yield from (Outcome(item.step, f"not tried: {told(error)}", untried=True) for item in entries)
            return
        changed = {step.id for step in merging if self._writer.is_changed(step, held.get(step.id))}
        rest = [item for item in entries if item.step.id not in changed]
        outcomes = self._carry_out(rest) if rest else iter(())
        for item in entries:
            yield Outcome(item.step, CHANGED) if item.step.id in changed else next(outcomes)

    def _is_single(self, entries: Sequence[BulkEntry]) -> bool:
        """Whether entries are a single one that is written by the path of its object."""
        return len(entries) == 1 and (entries[0].key is None or not self._api.singles_in_bulk)

    def _carry_out(self, entries: Sequence[BulkEntry]) -> Iterator[Outcome]:
        """The outcomes of entries of one key."""
        key, completes = entries[0].key, _completes(entries)
        in_two = not self._writer.why_not() and self._passwords.are_due(key, entries)
        if key is None or self._is_single(entries) or self._writer.why_not(completes=completes):
            yield from (self._writer.attempt(item.step, completes=completes) for item in entries)
        elif in_two:
            yield from self._passwords.sent_late(entries, lambda bare: self._send(_Part(key, bare)), self._carry_out)
        else:
            yield from self._send(_Part(key, entries))

    def _send(self, part: _Part) -> Iterator[Outcome]:
        """Sends entries in one request, and those that it doesn't carry out in smaller ones."""
        key, entries = part.key, part.entries
        first = entries[0].step
        request = replace(bulk.request(self._api, key, [item.entity for item in entries]), late=part.completes)
        try:
            reply = self._writer.sent(request, first)
        except NoAnswer as error:
            self._writer.unheard()
            self._shrink(len(entries))
            yield from self._after_silence(part, error)
            return
        except AirconnError as error:
            yield from part.failed(told(error))
            return
        self._writer.heard()
        part = replace(part, fate=part.fate.after(reply))
        succeeded = bulk.done(reply, key, entries) if reply.status in _DONE else frozenset()
        if succeeded is None and part.completes and part.fate is not Fate.NOT_FROM_AIRFLOW:
            yield from self._send(replace(part, fate=Fate.NOT_FROM_AIRFLOW))
        elif succeeded is None:
            yield from part.unknown(NO_AIRFLOW)
        elif reply.status == 401:
            yield from part.failed(failure(reply, request, first))
        elif reply.status == 403:
            yield from self._perhaps_singly(part)
        else:
            if reply.status == 413:
                self._shrink(len(entries))
            elif len(succeeded) == len(entries) >= self._most:
                self._most = min(self._ceiling, 2 * self._most)
            for item in entries:
                if item.step.id in succeeded:
                    self._passwords.note_lacking(item)
            yield from self._rest(part, succeeded)

    def _shrink(self, size: int) -> None:
        """Makes further requests smaller than one that was too large, or took too long."""
        self._ceiling = self._most = max(1, size // 2)

    def _rest(self, part: _Part, succeeded: frozenset[str]) -> Iterator[Outcome]:
        """The outcomes after a request that left entries undone. These are tried in halves, down to one each."""
        left = [item for item in part.entries if item.step.id not in succeeded]
        again = {outcome.step.id: outcome for outcome in self._halved(replace(part, entries=left))}
        yield from (again.get(item.step.id) or Outcome(item.step) for item in part.entries)

    def _halved(self, part: _Part) -> Iterator[Outcome]:
        middle = (len(part.entries) + 1) // 2
        for entries in (part.entries[:middle], part.entries[middle:]):
            if len(entries) > 1 and not self._writer.why_not(completes=part.completes):
                yield from self._send(replace(part, entries=entries))
            else:
                yield from (self._singly(part, item) for item in entries)

    def _singly(self, part: _Part, item: BulkEntry) -> Outcome:
        """The outcome of an entry by itself, with its password, and the server's own reason if it is refused."""
        doubt = part.doubt(item)
        if doubt is not Doubt.NONE:
            self._passwords.note_lacking(item)  # it may exist already without its password
        outcome = self._writer.attempt(item.step, doubt, completes=part.completes)
        if outcome.untried and part.fate is not Fate.OPEN:
            error = f"{UNKNOWN}; {outcome.error}".replace("not tried", "not tried again")
            return replace(part, fate=Fate.MAYBE_DONE).told(item, Outcome(item.step, error))
        return part.told(item, outcome)

    def _perhaps_singly(self, part: _Part) -> Iterator[Outcome]:
        """The outcomes if this call needs other rights than that for a single object, until one is refused."""
        refusal = ""
        for item in part.entries:
            if refusal:
                yield part.told(item, Outcome(item.step, refusal))
                continue
            outcome = self._singly(part, item)
            if outcome.error and outcome.error.startswith(MAY_NOT):
                refusal = outcome.error.removesuffix(f"; {LACKS}")
            yield outcome

    def _after_silence(self, part: _Part, error: NoAnswer) -> Iterator[Outcome]:
        """The outcomes if the answer is missing. Created objects are looked for, and all else is sent again."""
        if not error.maybe_done:
            yield from part.failed(told(error))
            return
        if self._writer.why_not(completes=True):
            yield from part.unknown(told(error))
            return
        try:
            held = self._held(part)
        except AirconnError as second:
            yield from part.unknown(f"{told(error)}, and {told(second)}")
            return
        self._writer.heard()
        doubtful = replace(part, fate=Fate.MAYBE_DONE)
        outcomes: dict[str, Outcome] = {}
        for item in part.entries:
            if (there := held.get(item.step.id)) is not None:
                outcomes[item.step.id] = self._settled(item.step, there, doubtful.doubt(item))
                if outcomes[item.step.id].error is None:
                    self._passwords.note_lacking(item)
        left = [item for item in part.entries if item.step.id not in outcomes]
        again = self._halved(replace(doubtful, entries=left)) if left else ()
        outcomes |= {outcome.step.id: outcome for outcome in again}
        yield from (outcomes[item.step.id] for item in part.entries)

    def _settled(self, step: Step, held: AirflowObject, doubt: Doubt) -> Outcome:
        """The outcome of a create without an answer, if the object exists now."""
        if why := self._writer.why_not(completes=True):
            return Outcome(step, f"{UNKNOWN}; not tried again: {why}")
        try:
            self._writer.settle(step, held, doubt)
        except AirconnError as error:
            if isinstance(error, NoAnswer):
                self._writer.unheard()
            return Outcome(step, told(error))
        self._writer.heard()
        return Outcome(step)

    def _held(self, part: _Part) -> dict[str, AirflowObject]:
        """The objects of the entries that exist by now. Of entries that create nothing, only asks the server at all.

        Raises `AirconnError` where it isn't.
        """
        kind = part.key.kind
        if part.completes:
            return {}  # the next request shows whether the server answers
        if part.key.action is not Action.CREATE:
            Lister(self._session, self._api, kind, unwatched).count()
            return {}
        reader = ApiReader(self._session, self._api, unwatched)
        return reader.find_singly(kind, [item.step.id for item in part.entries])


class _Ahead:
    """An iterator of steps that can be asked whether it has ended, for which it takes the next step."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = iter(steps)
        self._taken: list[Step] = []

    def __iter__(self) -> Iterator[Step]:
        while not self.is_over():
            yield self._taken.pop()

    def is_over(self) -> bool:
        if not self._taken:
            self._taken = [step for step in (next(self._steps, None),) if step is not None]
        return not self._taken


def _completes(entries: Sequence[BulkEntry]) -> bool:
    """Whether objects would be incomplete without these entries, so that they are sent after the deadline as well."""
    return any(item.content is BulkContent.PASSWORD for item in entries)
