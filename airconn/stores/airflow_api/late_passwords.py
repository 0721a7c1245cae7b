"""Sends the passwords of new connections in a second request, only because that is faster.

A server of Airflow 3 that creates a connection with a password makes it known to the mask of its log, which gets
slower with each one that it knows: 1,000 take 20 seconds. Created without their passwords and then updated with them,
they take half a second (`Connection.__init__` and `_secrets_masker`, 3.0 to 3.3; an update doesn't pass by there).
The server learns them when it next reads its connections.

It is off, and each password travels with its connection,

* for `MANY_PASSWORDS` or fewer in one request, which take no time that shows,
* in Airflow 2, which takes no request of many, and before 3.0.4, where an update clears what it doesn't name,
* where a later run would not complete a connection that was left without (`Context.whole`),
* for connections of a team, and for a password that is `***` (`can_come_late`),
* with credentials that may create connections and not change them, which a harmless request finds out,
* once one of the second requests has failed.

What is created and then doesn't get its password fails with an error that says so.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from airconn.airflow.rest_api import RestDialect
from airconn.errors import AirconnError
from airconn.model import Action, Connection, FieldAction, FieldChange, Kind, Outcome, Step
from airconn.model.reading import PutOff
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.bulk import BulkContent, BulkEntry, BulkKey, is_result
from airconn.stores.airflow_api.session import Session
from airconn.stores.http.messages import Request

MANY_PASSWORDS = 20
LACKS = "if it exists now, its password is missing: import it again"
_WITHOUT = "it was created without its password, which could not be written; import it again"
_PASSWORD = FieldChange("password", FieldAction.CHANGED)
_TELLING = 1000
_LEARNS = (
    "the next list of its connections takes {} once: Airflow then learns the {:,} new passwords, to mask them in its "
    "log (--settle waits for that in the run)"
)
_SECONDS = 20.0
"""The time that a server needs to learn 1,000 passwords (3.0 to 3.3). It grows with the square of their number."""


class LatePasswords:
    """Decides for one run whether passwords are sent late, and sends them."""

    def __init__(self, session: Session, api: Api, *, whole: bool) -> None:
        """`whole`: no connection is created without its password, because no later run would complete it."""
        self._session = session
        self._api = api
        self._off = whole or not api.dialect.bulk_keeps_unnamed
        self._may_update = False
        """Whether these credentials are known to be allowed to update connections, and not only to create them."""
        self._lacking: set[str] = set()
        """The connections that were created without their passwords and haven't got them yet."""
        self._sent: set[Any] = set()
        """The passwords that were sent late."""

    def are_due(self, key: BulkKey | None, entries: Sequence[BulkEntry]) -> bool:
        """Whether to send the passwords of what one request creates late. May ask the server."""
        if len(entries) < 2 or key != BulkKey(Kind.CONNECTIONS, Action.CREATE):
            return False
        if self._off or len({_password(item) for item in entries}) <= MANY_PASSWORDS:
            return False
        if not self._may_update:
            try:
                reply = self._session.send(_may_update(self._api))
            except AirconnError:
                return False  # the next request fails in the same way, and reports it
            self._may_update = reply.status in range(200, 300) and is_result(reply, Action.UPDATE)
            self._off = reply.status == 403
        return self._may_update

    def sent_late(
        self,
        entries: Sequence[BulkEntry],
        create: Callable[[Sequence[BulkEntry]], Iterator[Outcome]],
        update: Callable[[Sequence[BulkEntry]], Iterator[Outcome]],
    ) -> Iterator[Outcome]:
        """The outcomes of creating connections without their passwords, by `create`, and of `update` with these.

        `create` calls `note_lacking` for each one that was created without its password.
        """
        self._lacking.clear()
        created = list(create([_without_password(item) for item in entries]))
        later = [
            (place, _password_alone(self._api, item))
            for place, (item, outcome) in enumerate(zip(entries, created, strict=True))
            if outcome.error is None and item.step.id in self._lacking and can_come_late(item.step)
        ]
        outcomes = update([password for _, password in later]) if later else iter(())
        for (place, _), outcome in zip(later, outcomes, strict=True):
            if outcome.error is None:
                self._sent.add(_password(entries[place]))
            else:
                self._off = True
                created[place] = replace(created[place], error=f"{_WITHOUT}: {outcome.error}")
        yield from created

    def note_lacking(self, item: BulkEntry) -> None:
        """Notes that an entry was, or may have been, created, if it was sent without its password."""
        if item.content is BulkContent.BARE:
            self._lacking.add(item.step.id)

    def notes(self) -> tuple[PutOff, ...]:
        """A note on the server's time for the passwords that were sent late, if that is much."""
        many = len(self._sent)
        return (PutOff(self._session.base, _LEARNS.format(_time_to_learn(many), many)),) if many >= _TELLING else ()


def _time_to_learn(passwords: int) -> str:
    """About how long a server takes that masked nothing before."""
    seconds = _SECONDS * (passwords / 1000) ** 2
    if seconds < 100:
        return f"about {round(seconds, -1):.0f} s"
    minutes = round(seconds / 60)
    return f"about {minutes} min" if minutes < 100 else f"about {round(minutes / 60)} h"


def can_come_late(step: Step) -> bool:
    """Whether the password of a connection can be sent late. An update takes `***` for the present value.

    For a connection of a team, credentials that may create it may not be allowed to update it.
    """
    source = step.source
    plain = isinstance(source, Connection) and not source.team_name and "password" not in source.literal
    return plain and bool(getattr(source, "password", None))


def may_have_come_late(done: Sequence[Step], dialect: RestDialect) -> list[Step]:
    """The steps that may have been carried out in two requests."""
    created = [step for step in done if step.action is Action.CREATE and can_come_late(step)]
    return created if dialect.bulk_keeps_unnamed and len(created) > MANY_PASSWORDS else []


def _password(item: BulkEntry) -> Any:
    """The password in an entry. None if it has none."""
    return None if isinstance(item.entity, str) else item.entity.get("password")


def _without_password(item: BulkEntry) -> BulkEntry:
    """The entry without its password, if that can be sent late."""
    if not can_come_late(item.step) or isinstance(item.entity, str):
        return item
    values = {name: value for name, value in item.entity.items() if name != "password"}
    return replace(item, entity=values, content=BulkContent.BARE)


def _password_alone(api: Api, item: BulkEntry) -> BulkEntry:
    """The update that gives a connection its password, with the fields that the password belongs to."""
    step = replace(item.step, action=Action.UPDATE, target=item.step.source, changes=(_PASSWORD,))
    return BulkEntry(step, BulkKey(step.kind, step.action), api.entity(step), BulkContent.PASSWORD)


def _may_update(api: Api) -> Request:
    """A request that changes nothing, and is refused to credentials that may not update connections."""
    absent = {"connection_id": f"airconn-{secrets.token_hex(16)}", "conn_type": "generic"}
    action = {"action": "update", "entities": [absent], "action_on_non_existence": "skip"}
    return Request("PATCH", api.path(Kind.CONNECTIONS), body={"actions": [action]}, repeatable=True)
