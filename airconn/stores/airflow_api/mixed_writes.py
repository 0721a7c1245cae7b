"""Finds connections that two writers at once have made of the fields of both.

A server reads a connection, sets its fields, and writes those that differ from what it read. A field that another
writer changes in between, and that is the same for the server, stays the other one's. All fields travel in one
request (`sent_along`), so that no more is left of that than this moment; but in a request of many it lasts as long as
the request. Whichever of two writers comes last finds a field of the other one here.
"""

from __future__ import annotations

from collections.abc import Sequence

from airconn.model import Action, AirflowObject, Connection, Kind, Step, value_fields
from airconn.model.reading import Key, Note
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.late_passwords import may_have_come_late
from airconn.stores.airflow_api.pages import Lister
from airconn.stores.airflow_api.reading import ApiReader
from airconn.stores.airflow_api.session import Session
from airconn.stores.airflow_api.stored_forms import is_shown, stored_form
from airconn.stores.base import unwatched

_MOST = 1000
"""The most passwords that may be new. With more, a list takes minutes: the server masks each of them in its log."""
_UNSEEN = "changes by another import at the same time aren't detected here: --verify detects them"


def mixed(session: Session, api: Api, done: Sequence[Step]) -> tuple[frozenset[Key], tuple[Note, ...]]:
    """The written connections that aren't as they were written, as far as a list shows it.

    A note says where that wasn't looked at.
    """
    steps = {step.id: step for step in _at_risk(done, api)}
    if not steps:
        return frozenset(), ()
    passwords = {getattr(step.source, "password", None) for step in steps.values() if _writes_password(step)}
    if len(passwords) >= _MOST:
        return frozenset(), (Note(session.base, _UNSEEN),)
    found = _held(session, api, steps)
    return frozenset((Kind.CONNECTIONS, id_) for id_ in steps if _differs(steps[id_], found.get(id_), api)), ()


def _at_risk(done: Sequence[Step], api: Api) -> list[Step]:
    """The connections that were changed, and those that may have been created without their passwords."""
    written = [step for step in done if step.kind is Kind.CONNECTIONS]
    updated = [step for step in written if step.action is Action.UPDATE and step.written]
    return updated + may_have_come_late(written, api.dialect)


def _writes_password(step: Step) -> bool:
    return step.action is Action.CREATE or "password" in step.written


def _held(session: Session, api: Api, steps: dict[str, Step]) -> dict[str, AirflowObject]:
    """The connections as the server lists them. In Airflow 2 without extras, which the list lacks."""
    if api.lists_in_full(Kind.CONNECTIONS):
        return ApiReader(session, api, unwatched).find(Kind.CONNECTIONS, steps)
    items = Lister(session, api, Kind.CONNECTIONS, unwatched).read().items
    return {id_: api.parse(Kind.CONNECTIONS, item) for id_, item in items.items() if id_ in steps}


def _differs(step: Step, held: AirflowObject | None, api: Api) -> bool:
    """Whether a connection differs from what was written. A deleted one isn't mixed."""
    if held is None or not isinstance(held, Connection):
        return False
    names = api.sent(step) if step.action is Action.UPDATE else frozenset(value_fields(step.kind)) - {"team_name"}
    return not is_shown(stored_form(step.result(), api.dialect), held, sorted(names))
