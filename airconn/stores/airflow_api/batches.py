"""Carries out steps many at a time, where the API has a call for that, and says of each what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

from airconn.errors import AirconnError, TargetError
from airconn.model import Action, Kind, Outcome, Selection, Step
from airconn.stores.airflow_api import bulk
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.bulk import Entry, Key
from airconn.stores.airflow_api.faults import NoAnswer
from airconn.stores.airflow_api.reading import Reader
from airconn.stores.airflow_api.session import Session
from airconn.stores.airflow_api.transport import Reply, unknown_fate
from airconn.stores.airflow_api.writes import NO_AIRFLOW, OTHER_VALUES, Doubt, Writer, failure, told
from airconn.stores.base import unwatched

_FIRST = 25
"""The first request is a small one, so that what goes wrong with all objects goes wrong with few; then they grow."""
_MOST = 500
_LARGEST = 500_000
"""In characters. Many a gateway takes no body beyond a megabyte."""
_MANY_PASSWORDS = 20
_DONE = range(200, 300)


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
        self._whole = whole
        self._may_update = False
        """Whether we are known to be allowed to change connections, beside creating them."""
        self._most = _FIRST
        self._ceiling = _MOST

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """The outcome of each step, in their order."""
        for entries in self._grouped(steps):
            yield from self._carry_out(entries)

    def _grouped(self, steps: Iterable[Step]) -> Iterator[list[Entry]]:
        """The steps as they go into requests. One is taken when its request is next."""
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

    def _carry_out(self, entries: Sequence[Entry]) -> Iterator[Outcome]:
        """The outcomes of entries of one key."""
        key = entries[0].key
        if key is None or len(entries) == 1 or self._writer.gave_up:
            yield from (self._writer.attempt(item.step) for item in entries)
        elif key.kind is Kind.CONNECTIONS and key.action is Action.CREATE and self._puts_off(entries):
            yield from self._in_two(key, entries)
        else:
            yield from self._send(key, entries)

    def _puts_off(self, entries: Sequence[Entry]) -> bool:
        """Whether the passwords come later."""
        passwords = {item.entity.get("password") for item in entries if not isinstance(item.entity, str)}
        if self._whole or len(passwords) <= _MANY_PASSWORDS:
            return False
        if not self._may_update:
            with suppress(AirconnError):  # what is sent next meets the same, and tells of it
                self._may_update = self._session.send(bulk.may_update(self._api)).status in _DONE
            self._whole = not self._may_update
        return self._may_update

    def _in_two(self, key: Key, entries: Sequence[Entry]) -> Iterator[Outcome]:
        """Creates connections without their passwords, and gives them those."""
        created = list(self._send(key, [bulk.without_password(item) for item in entries], bare=True))
        later = [
            (place, password)
            for place, (item, outcome) in enumerate(zip(entries, created, strict=True))
            if outcome.error is None and (password := bulk.password_of(self._api, item)) is not None
        ]
        outcomes = self._carry_out([password for _, password in later]) if later else iter(())
        for (place, _), outcome in zip(later, outcomes, strict=True):
            if outcome.error is not None:
                created[place] = replace(created[place], error=f"{_WITHOUT}: {outcome.error}")
        yield from created

    def _send(
        self, key: Key, entries: Sequence[Entry], *, doubtful: bool = False, bare: bool = False
    ) -> Iterator[Outcome]:
        """Sends entries in one request, and what it doesn't do in smaller ones.

        `doubtful`: what is to be created may be there by now. `bare`: it lacks its password, which comes later.
        """
        request = bulk.request(self._api, key, [item.entity for item in entries])
        try:
            reply = self._session.send(request)
            if key.action is Action.CREATE and unknown_fate(reply):
                raise NoAnswer(failure(reply, request, entries[0].step), where=self._session.base, maybe_done=True)
            self._writer.heard()
        except NoAnswer as error:
            self._writer.unheard(error)
            self._shrink(len(entries))
            yield from self._after_silence(key, entries, error, bare=bare)
            return
        except AirconnError as error:
            yield from (Outcome(item.step, told(error)) for item in entries)
            return
        succeeded = bulk.done(reply, key, entries) if reply.status in _DONE else frozenset()
        if succeeded is None or reply.status == 401:
            said = NO_AIRFLOW if succeeded is None else failure(reply, request, entries[0].step)
            yield from (Outcome(item.step, said) for item in entries)
        elif reply.status == 403:
            yield from self._perhaps_singly(entries, reply)
        else:
            if reply.status == 413:
                self._shrink(len(entries))
            elif len(succeeded) == len(entries) >= self._most:
                self._most = min(self._ceiling, 2 * self._most)
            yield from self._rest(key, entries, succeeded, doubtful=doubtful, bare=bare)

    def _shrink(self, size: int) -> None:
        """Lets no other request be as large as one that was too large, or took too long."""
        self._ceiling = self._most = max(1, size // 2)

    def _rest(
        self, key: Key, entries: Sequence[Entry], succeeded: frozenset[str], *, doubtful: bool, bare: bool
    ) -> Iterator[Outcome]:
        """The outcomes where only some were dealt with, or none: the others are tried in halves, down to one each."""
        left = [item for item in entries if item.step.id not in succeeded]
        again = {outcome.step.id: outcome for outcome in self._halved(key, left, doubtful=doubtful, bare=bare)}
        yield from (again.get(item.step.id) or Outcome(item.step) for item in entries)

    def _halved(self, key: Key, left: Sequence[Entry], *, doubtful: bool, bare: bool) -> Iterator[Outcome]:
        middle = (len(left) + 1) // 2
        for part in (left[:middle], left[middle:]):
            if len(part) > 1 and not self._writer.gave_up:
                yield from self._send(key, part, doubtful=doubtful, bare=bare)
            else:
                # By itself it gets its password at once, and the server's own reason if it is refused.
                yield from (self._writer.attempt(item.step, _doubt(doubtful, bare)) for item in part)

    def _perhaps_singly(self, entries: Sequence[Entry], reply: Reply) -> Iterator[Outcome]:
        """Before 3.1, this call wants other rights than that for a single object. One is enough to see."""
        first, *others = entries
        outcome = self._writer.attempt(first.step)
        yield outcome
        for item in others:
            yield Outcome(item.step, outcome.error) if outcome.error else self._writer.attempt(item.step)

    def _after_silence(self, key: Key, entries: Sequence[Entry], error: NoAnswer, *, bare: bool) -> Iterator[Outcome]:
        """The outcomes where the answer is missing. What was to be created is looked for, all else is done again."""
        if not error.maybe_done or self._writer.gave_up:
            yield from (Outcome(item.step, told(error)) for item in entries)
            return
        if key.action is not Action.CREATE:
            yield from self._halved(key, entries, doubtful=False, bare=False)
            return
        try:
            ids = frozenset((key.kind, item.step.id) for item in entries)
            reader = Reader(self._session, self._api, unwatched)
            held = {obj.id: obj for obj in reader.read(key.kind, Selection(kinds=frozenset({key.kind}), ids=ids))}
        except TargetError as second:
            yield from (Outcome(item.step, f"{told(error)}, and {told(second)}") for item in entries)
            return
        self._writer.heard()
        outcomes: dict[str, Outcome] = {}
        for item in entries:
            if (there := held.get(item.step.id)) is not None:
                is_ours = self._writer.is_as_sent(item.step, there, _doubt(doubtful=True, bare=bare))
                outcomes[item.step.id] = Outcome(item.step, None if is_ours else OTHER_VALUES)
        left = [item for item in entries if item.step.id not in outcomes]
        again = self._halved(key, left, doubtful=True, bare=bare) if left else ()
        outcomes |= {outcome.step.id: outcome for outcome in again}
        yield from (outcomes[item.step.id] for item in entries)


_WITHOUT = "it was created without its password, which could not be written; import it again"


def _doubt(doubtful: bool, bare: bool) -> Doubt:
    return (Doubt.BARE if bare else Doubt.WHOLE) if doubtful else Doubt.NONE
