"""Carries out steps many at a time, where the API has a call for that, and says of each what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from airconn.errors import AirconnError, own_fault
from airconn.formats.base import Note
from airconn.model import WRITES, Action, AirflowObject, Kind, Outcome, Selection, Step
from airconn.stores.airflow_api import bulk
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.bulk import Entry, Key
from airconn.stores.airflow_api.faults import NoAnswer
from airconn.stores.airflow_api.pages import Lister
from airconn.stores.airflow_api.reading import Reader
from airconn.stores.airflow_api.sent_fields import is_merged
from airconn.stores.airflow_api.session import Session
from airconn.stores.airflow_api.writes import (
    MAY_NOT,
    NO_AIRFLOW,
    UNKNOWN,
    Doubt,
    Writer,
    failure,
    told,
)
from airconn.stores.base import unwatched
from airconn.stores.meanwhile import CHANGED

_FIRST = 25
"""The first request is a small one, so that what goes wrong with all objects goes wrong with few; then they grow."""
_MOST = 500
_LARGEST = 500_000
"""In characters. Many a gateway takes no body beyond a megabyte."""
MANY_PASSWORDS = 20
_TELLING = 1000
_LEARNS = (
    "when it next lists its connections, it makes {:,} new passwords known to the mask of its log, which takes it "
    "a while (about a minute for 2,000, and half an hour for 10,000)"
)
_DONE = range(200, 300)
_WITHOUT = "it was created without its password, which could not be written; import it again"
_LACKS = "if it is there now, it lacks its password: import it again"


def carry_out(
    session: Session, api: Api, steps: Iterable[Step], notes: list[Note], *, whole: bool
) -> Iterator[Outcome]:
    """The outcome of each step that writes, in their order, by the calls that the API has.

    `whole`: no object may come into being in two steps, for no later run would complete it. `notes` gets what there
    is to tell at the end. Raises `TargetError` before the first write, where the server doesn't answer or doesn't let
    us in.
    """
    writer = Writer(session, api, whole=whole)
    writes = (step for step in steps if step.action in WRITES)
    first = next(writes, None)
    if first is None:
        return
    if not session.let_in:
        Lister(session, api, first.kind, unwatched).count()
    all_of_them = chain((first,), writes)
    with session.transport.finishing():
        if not api.dialect.bulk:
            yield from writer.several(all_of_them)
            return
        batches = BatchWriter(writer, session, api, whole=whole)
        yield from batches.apply(all_of_them)
    if len(batches.put_off) >= _TELLING:
        notes.append(Note(session.base, _LEARNS.format(len(batches.put_off))))


@dataclass(frozen=True, slots=True)
class _Part:
    """Entries that go into one request."""

    key: Key
    entries: Sequence[Entry]
    doubtful: bool = False
    """What is to be created may be there by now."""
    bare: bool = False
    """It lacks its password, which comes later."""
    completes: bool = False
    """Without it, objects would be left half done, so that it is sent after the deadline as well."""
    refused: bool = False
    """A request with it was answered, and it wasn't among what was done. It may be there: a gateway sent it twice."""
    again: bool = False
    """It was sent before, and somebody else has answered."""

    @property
    def doubt(self) -> Doubt:
        return (Doubt.BARE if self.bare else Doubt.WHOLE) if self.doubtful else Doubt.NONE

    def failed(self, message: str) -> Iterator[Outcome]:
        """The outcomes where nothing has come of the entries now."""
        yield from (self.told(Outcome(item.step, message)) for item in self.entries)

    def unknown(self, message: str) -> Iterator[Outcome]:
        """The outcomes where it isn't known what became of the entries."""
        yield from replace(self, doubtful=True).failed(message)

    def told(self, outcome: Outcome) -> Outcome:
        """An outcome that says what may be there without its password."""
        lacks = outcome.error and self.doubtful and self.bare and bulk.is_put_off(outcome.step)
        return replace(outcome, error=f"{outcome.error}; {_LACKS}") if lacks else outcome


class BatchWriter:
    """Writes to one server of Airflow 3, one request after the other: on SQLite, writers wait for one another.

    Connections that are created come without their passwords, and these in a second request, where there are many. A
    server that creates a connection with a password makes it known to its log mask, which gets slower with each one
    that it knows: 1,000 take 20 seconds, and half a second this way (`Connection.__init__` and `_secrets_masker`, 3.0
    to 3.3; an update doesn't pass by there). It learns them when it next reads them.
    """

    def __init__(self, writer: Writer, session: Session, api: Api, *, whole: bool) -> None:
        """`whole`: no connection is created without its password, for no later run would complete it."""
        self._writer = writer
        self._session = session
        self._api = api
        self._whole = whole or not api.dialect.bulk_keeps_unnamed
        self._may_update = False
        """Whether we are known to be allowed to change connections, beside creating them."""
        self._lacking: set[str] = set()
        """The connections that were created without their passwords and haven't got them yet."""
        self.put_off: set[Any] = set()
        """The passwords that connections got afterwards."""
        self._most = _FIRST
        self._ceiling = _MOST

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """The outcome of each step, in their order."""
        for entries in self._grouped(steps):
            left = list(entries)
            try:
                for outcome in self._unless_changed(entries):
                    left.pop(0)
                    yield outcome
            except Exception as error:  # noqa: BLE001 - what was sent before has to get its report
                for item in left:
                    lacks = f"; {_LACKS}" if bulk.is_put_off(item.step) else ""
                    yield Outcome(item.step, f"{own_fault(error)}{lacks}")

    def _grouped(self, steps: Iterable[Step]) -> Iterator[list[Entry]]:
        """The steps as they go into requests. No more are taken than are due, but for one that needs another."""
        group: list[Entry] = []
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

    def _unless_changed(self, entries: Sequence[Entry]) -> Iterator[Outcome]:
        """The outcomes of entries of one key. What is merged with what was read is read again right before."""
        merging = [item.step for item in entries if is_merged(item.step)]
        if len(entries) == 1 or not merging or self._writer.why_not():
            yield from self._carry_out(entries)
            return
        try:
            reader = Reader(self._session, self._api, unwatched)
            kind, ids = merging[0].kind, frozenset((step.kind, step.id) for step in merging)
            held = {obj.id: obj for obj in reader.read(kind, Selection(kinds=frozenset({kind}), ids=ids))}
        except AirconnError as error:
            yield from (Outcome(item.step, f"not tried: {told(error)}", untried=True) for item in entries)
            return
        changed = {step.id for step in merging if self._writer.is_changed(step, held.get(step.id))}
        rest = [item for item in entries if item.step.id not in changed]
        outcomes = self._carry_out(rest) if rest else iter(())
        for item in entries:
            yield Outcome(item.step, CHANGED) if item.step.id in changed else next(outcomes)

    def _carry_out(self, entries: Sequence[Entry], *, completes: bool = False) -> Iterator[Outcome]:
        """The outcomes of entries of one key."""
        key = entries[0].key
        may_put_off = len(entries) > 1 and key == Key(Kind.CONNECTIONS, Action.CREATE)
        puts_off = may_put_off and not self._writer.why_not() and self._puts_off(entries)
        if key is None or len(entries) == 1 or self._writer.why_not(completes=completes):
            yield from (self._writer.attempt(item.step, completes=completes) for item in entries)
        elif puts_off:
            yield from self._in_two(key, entries)
        else:
            yield from self._send(_Part(key, entries, completes=completes))

    def _puts_off(self, entries: Sequence[Entry]) -> bool:
        """Whether the passwords come later."""
        passwords = {bulk.password(item) for item in entries}
        if self._whole or len(passwords) <= MANY_PASSWORDS:
            return False
        if not self._may_update:
            try:
                reply = self._session.send(bulk.may_update(self._api))
            except AirconnError:
                return False  # what is sent next meets the same, and tells of it
            self._may_update = reply.status in _DONE and bulk.is_result(reply, Action.UPDATE)
            self._whole = reply.status == 403
        return self._may_update

    def _in_two(self, key: Key, entries: Sequence[Entry]) -> Iterator[Outcome]:
        """Creates connections without their passwords, and gives them those."""
        self._lacking.clear()
        bare = [bulk.without_password(item) for item in entries]
        created = list(self._send(_Part(key, bare, bare=True)))
        later = [
            (place, bulk.password_of(self._api, item))
            for place, (item, outcome) in enumerate(zip(entries, created, strict=True))
            if outcome.error is None and item.step.id in self._lacking and bulk.is_put_off(item.step)
        ]
        outcomes = self._carry_out([password for _, password in later], completes=True) if later else iter(())
        for (place, _), outcome in zip(later, outcomes, strict=True):
            if outcome.error is None:
                self.put_off.add(bulk.password(entries[place]))
            else:
                self._whole = True
                created[place] = replace(created[place], error=f"{_WITHOUT}: {outcome.error}")
        yield from created

    def _send(self, part: _Part) -> Iterator[Outcome]:
        """Sends entries in one request, and what it doesn't do in smaller ones."""
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
        part = replace(part, doubtful=part.doubtful or reply.doubtful)
        succeeded = bulk.done(reply, key, entries) if reply.status in _DONE else frozenset()
        if succeeded is None and part.completes and not part.again:
            yield from self._send(replace(part, again=True))
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
            if part.bare:
                self._lacking |= succeeded
            doubtful = part.doubtful or reply.status >= 500
            yield from self._rest(replace(part, doubtful=doubtful, refused=reply.status in _DONE), succeeded)

    def _shrink(self, size: int) -> None:
        """Lets no other request be as large as one that was too large, or took too long."""
        self._ceiling = self._most = max(1, size // 2)

    def _rest(self, part: _Part, succeeded: frozenset[str]) -> Iterator[Outcome]:
        """The outcomes where only some were dealt with, or none: the others are tried in halves, down to one each."""
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

    def _singly(self, part: _Part, item: Entry) -> Outcome:
        """The outcome of an entry by itself, with its password, and the server's own reason if it is refused."""
        if part.bare and part.doubtful:
            self._lacking.add(item.step.id)  # it may be there already, without
        outcome = self._writer.attempt(item.step, part.doubt, completes=part.completes)
        if outcome.untried and (part.doubtful or part.refused):
            error = f"{UNKNOWN}; {outcome.error}".replace("not tried", "not tried again")
            return replace(part, doubtful=True).told(Outcome(item.step, error))
        return part.told(outcome)

    def _perhaps_singly(self, part: _Part) -> Iterator[Outcome]:
        """Where this call wants other rights than that for a single object. One that is refused is enough to see."""
        refusal = ""
        for item in part.entries:
            if refusal:
                yield part.told(Outcome(item.step, refusal))
                continue
            outcome = self._singly(part, item)
            if outcome.error and outcome.error.startswith(MAY_NOT):
                refusal = outcome.error.removesuffix(f"; {_LACKS}")
            yield outcome

    def _after_silence(self, part: _Part, error: NoAnswer) -> Iterator[Outcome]:
        """The outcomes where the answer is missing. What was to be created is looked for, all else is done again."""
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
        doubtful = replace(part, doubtful=True)
        outcomes: dict[str, Outcome] = {}
        for item in part.entries:
            if (there := held.get(item.step.id)) is not None:
                outcomes[item.step.id] = self._settled(item.step, there, doubtful.doubt)
                if part.bare and outcomes[item.step.id].error is None:
                    self._lacking.add(item.step.id)
        left = [item for item in part.entries if item.step.id not in outcomes]
        again = self._halved(replace(doubtful, entries=left)) if left else ()
        outcomes |= {outcome.step.id: outcome for outcome in again}
        yield from (outcomes[item.step.id] for item in part.entries)

    def _settled(self, step: Step, held: AirflowObject, doubt: Doubt) -> Outcome:
        """The outcome of a create that had no answer, where the object is there now."""
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
        """What there is by now of what was to be created; for all else, only whether the server is there.

        Raises `AirconnError` where it isn't.
        """
        kind = part.key.kind
        if part.completes:
            return {}  # whether the server is there shows in what is sent next
        if part.key.action is not Action.CREATE:
            Lister(self._session, self._api, kind, unwatched).count()
            return {}
        reader = Reader(self._session, self._api, unwatched)
        return {obj.id: obj for obj in reader.read_these(kind, [item.step.id for item in part.entries])}
