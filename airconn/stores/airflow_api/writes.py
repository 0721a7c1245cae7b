"""Carries out steps one by one, and gives the outcome of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from enum import Enum
from functools import partial
from itertools import groupby

from airconn.errors import AirconnError, TargetError, own_fault
from airconn.model import (
    Action,
    AirflowObject,
    Connection,
    FieldAction,
    FieldChange,
    Kind,
    Outcome,
    Pool,
    Step,
    value_fields,
)
from airconn.model.text import hides
from airconn.stores.airflow_api.api import ID_NAMES, Api, NotWritten
from airconn.stores.airflow_api.error_texts import reason
from airconn.stores.airflow_api.reading import ApiReader
from airconn.stores.airflow_api.sent_fields import is_merged
from airconn.stores.airflow_api.session import Session, names_an_object
from airconn.stores.airflow_api.stored_forms import hides_more, is_shown, stored_form
from airconn.stores.base import unwatched
from airconn.stores.concurrent_changes import CHANGED, is_changed
from airconn.stores.hidden_values import hidden_refusal
from airconn.stores.http import gateways
from airconn.stores.http.faults import NoAnswer
from airconn.stores.http.messages import Reply, Request, unknown_fate
from airconn.stores.in_parallel import in_order
from airconn.stores.silence import SILENT, Silence

_DONE = range(200, 300)
_FORBIDDEN = (401, 403, 405)
_AT_A_TIME = {Kind.CONNECTIONS: 4, Kind.VARIABLES: 2, Kind.POOLS: 2}
"""The number of single objects that are written at a time, to an Airflow without bulk requests."""


MAY_NOT = "these credentials may not"
UNKNOWN = "whether it was written is not known"
NO_AIRFLOW = f"the server that answers is not an Airflow: {UNKNOWN}"
_UNSURE = "it exists now, and its hidden values could not be written again"
OTHER_VALUES = "the answer was lost, and one with other values exists now"


class Doubt(Enum):
    """Whether a request without an answer may have created the object."""

    NONE = 0
    WHOLE = 1
    BARE = 2
    """It may have, without its password, which is written afterwards in any case."""


class _NotDeleted(TargetError):
    """The server refused to delete an object."""


class ApiWriter:
    """Writes to one server, one object in each request."""

    def __init__(self, session: Session, api: Api, *, whole: bool = False) -> None:
        """`whole`: an object that another writer may have created in the meantime isn't touched."""
        self._whole = whole
        self._session = session
        self._api = api
        self._silence = Silence()
        self._why = ""
        self._lost = ""
        """The object that was, or may be, deleted and not created again. Empty if there isn't one."""

    def several(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """The outcomes of steps that are carried out several at a time, in their order.

        The first of a kind that is replaced is written alone: if these can't be created, only one is lost.
        """
        met: set[Kind] = set()

        def lot(step: Step) -> tuple[Kind, int]:
            place = 2 if step.kind in met else int(step.action is Action.REPLACE)
            if place:
                met.add(step.kind)
            return step.kind, place

        for (kind, _), of_lot in groupby(steps, lot):
            yield from in_order(self.attempt, of_lot, _AT_A_TIME[kind])

    def attempt(self, step: Step, doubt: Doubt = Doubt.NONE, *, completes: bool = False) -> Outcome:
        """The outcome of one step, carried out by itself. `completes`: without it, an object would be incomplete.

        Safe to call from several threads.
        """
        if why := self.why_not(completes=completes):
            return Outcome(step, f"not tried: {why}", untried=True)
        if self._lost and step.action is Action.REPLACE:
            # Whatever keeps us from creating, a missing right or a gateway, would take one object after the other.
            why = f"it would be deleted first, and {self._lost}"
            return Outcome(step, f"not tried: {why}", untried=True)
        try:
            self._carry_out(step, doubt, completes)
        except NoAnswer as error:
            self.unheard()
            return Outcome(step, told(error))
        except AirconnError as error:
            self.heard()
            return Outcome(step, told(error), untouched=isinstance(error, _NotDeleted))
        except Exception as error:  # noqa: BLE001 - one object must not keep the others from their report
            self.heard()
            return Outcome(step, own_fault(error))
        self.heard()
        return Outcome(step)

    def why_not(self, *, completes: bool = False) -> str:
        """Why no other step is tried. Empty if it is. A step that `completes` is also tried after the deadline."""
        if not self._why and not completes and self._session.transport.deadline.has_passed():
            return "the deadline has passed"
        return self._why

    def heard(self) -> None:
        """Notes that the server has answered."""
        self._silence.heard()

    def unheard(self) -> None:
        """Notes that the server hasn't answered. After several times it isn't asked again."""
        self._silence.unheard()
        if self._silence.is_long:
            self._why = f"{self._session.base} {SILENT}"

    def _carry_out(self, step: Step, doubt: Doubt, completes: bool) -> None:
        if step.action is Action.DELETE:
            self._delete(step)
            return
        if step.source is None:
            raise NotWritten("there is nothing to write")
        names = sorted(self._api.sent(step)) if step.action is Action.UPDATE else value_fields(step.kind)
        if refusal := hidden_refusal(step.source, names):
            raise NotWritten(refusal)
        if is_merged(step) and self.is_changed(step, self._held(step, late=completes)):
            raise NotWritten(CHANGED)
        if step.action is Action.UPDATE:
            if names:
                for number, request in enumerate(self._api.update(step)):
                    request = replace(request, late=completes or number > 0)
                    self._expect(self.sent(request, step), request, step)
            return
        requests = self._api.create(step.source)
        if step.action is Action.REPLACE:
            self._replace(step, step.source, requests)
        else:
            if self._api.dialect.upserts_variables and step.kind is Kind.VARIABLES and self._held(step) is not None:
                raise NotWritten("one exists already, which this call would overwrite")
            self._create(step, step.source, requests, doubt, completes=completes)

    def _replace(self, step: Step, source: AirflowObject, requests: Sequence[Request]) -> None:
        """Deletes an object and creates it anew. If it stays deleted, no other replacement is begun."""
        name = f"{step.kind.value}/{step.id}"
        try:
            self._delete(step)
        except NoAnswer as error:
            if not error.maybe_done:
                raise
            self._lost = f"it is not known whether {name} still is there"
            text = f"{error.message}; it may be deleted by now, and is not created again"
            raise NoAnswer(text, where=self._session.base, maybe_done=True) from None
        try:
            self._create(step, source, requests, completes=True)
        except Exception as error:  # noqa: BLE001 - whatever it was, the object is gone, which has to be told
            self._lost = f"{name} could not be created again"
            why = told(error) if isinstance(error, AirconnError) else own_fault(error)
            raise TargetError(f"it was deleted, and creating it again failed: {why}") from None

    def _create(
        self,
        step: Step,
        source: AirflowObject,
        requests: Sequence[Request],
        doubt: Doubt = Doubt.NONE,
        *,
        completes: bool,
    ) -> None:
        """Creates an object. If the answer is lost, looks whether it exists now, and if not, tries once more."""
        first, *rest = requests
        first = replace(first, late=completes)
        for last in (False, True):
            try:
                reply = self.sent(first, step)
            except NoAnswer as error:
                if not error.maybe_done:
                    raise
                if self._came_to_be(step, doubt, completes=completes):
                    break
                if last or self.why_not(completes=completes):
                    raise
                continue
            known = last or doubt is not Doubt.NONE or reply.doubtful
            if reply.status == 409 and self._came_to_be(step, doubt, known=known, completes=completes):
                break
            self._expect(reply, first, step)
            break
        for request in rest:
            request = replace(request, late=True)
            self._expect(self.sent(request, step), request, step)

    def sent(self, request: Request, step: Step) -> Reply:
        """The answer of the server itself. Raises `NoAnswer` if only something in front of it answers."""
        reply = self._session.send(request)
        if reply.status != 413 and (gateways.fault(reply) or 300 <= reply.status < 400):
            message = failure(reply, request, step)
            raise NoAnswer(message, where=self._session.base, maybe_done=reply.doubtful or unknown_fate(reply))
        return reply

    def _came_to_be(self, step: Step, doubt: Doubt, *, known: bool = True, completes: bool) -> bool:
        """Whether an object that didn't exist exists now with the values that were sent. Raises as `settle`."""
        held = self._held(step, late=completes)
        return held is not None and self.settle(step, held, doubt, known=known)

    def settle(self, step: Step, held: AirflowObject, doubt: Doubt, *, known: bool = True) -> bool:
        """Whether an object that exists now is what a create has sent.

        `known`: a create of ours had no answer, so that it may be ours. Else it was made by a gateway that sent ours
        twice, or by another writer. As it may be either's, what the server doesn't show of it is written once more.
        Raises `NotWritten` where it is one with other values, or where that fails, and `NoAnswer`.
        """
        source = step.source
        if source is None:
            return False
        if not self._is_as_sent(step, source, held, doubt):
            if known:
                raise NotWritten(OTHER_VALUES)
            return False
        unseen = [name for name in value_fields(step.kind) if _is_unseen(name, source, held, doubt)]
        if not unseen or self._whole or (not isinstance(source, Pool) and not source.literal.isdisjoint(unseen)):
            return known or not unseen
        changes = tuple(FieldChange(name, FieldAction.WRITTEN_AGAIN) for name in unseen)
        again = replace(step, action=Action.UPDATE, target=source, changes=changes)
        try:
            for request in self._api.update(again):
                self._expect(self.sent(replace(request, late=True), again), request, again)
        except NoAnswer as error:
            raise NoAnswer(f"{_UNSURE}: {told(error)}", where=self._session.base, maybe_done=True) from None
        except AirconnError as error:
            if known:
                raise NotWritten(f"{_UNSURE}: {told(error)}") from None
            return False
        return True

    def _is_as_sent(self, step: Step, source: AirflowObject, held: AirflowObject, doubt: Doubt) -> bool:
        """Whether an object that exists now is what a create has sent, as far as the server shows it."""
        names = [name for name in value_fields(step.kind) if name != "include_deferred"]
        if step.kind is Kind.VARIABLES and not self._api.dialect.describes_on_create:
            names.remove("description")
        lacking = doubt is Doubt.BARE or not self._whole  # it is written afterwards
        if lacking and isinstance(held, Connection) and held.password is None:
            names.remove("password")
        if hides_more(source, held, names, tells_passwords=self._api.dialect.tells_passwords):
            return False
        return is_shown(stored_form(source, self._api.dialect), held, names)

    def is_changed(self, step: Step, held: AirflowObject | None) -> bool:
        """Whether the object that a step merges with has changed since it was read."""
        return is_changed(step, held, partial(stored_form, dialect=self._api.dialect))

    def _held(self, step: Step, *, late: bool = False) -> AirflowObject | None:
        if not self._api.has_path(step.kind, step.id):
            return ApiReader(self._session, self._api, unwatched).find(step.kind, [step.id]).get(step.id)
        answer = self._session.get(Request("GET", self._api.path(step.kind, step.id), late=late), step.kind)
        return None if answer is None else self._api.parse(step.kind, answer)

    def _delete(self, step: Step) -> None:
        """Deletes an object. If it is gone already, that counts as done.

        Where the answer is lost, looks whether it is there, and if so, tries once more; unless something is to take
        its place, which the first request would take away if it comes late.
        """
        request = self._api.delete(step.kind, step.id)
        for last in (False, True):
            try:
                reply = self.sent(request, step)
                break
            except NoAnswer as error:
                if not error.maybe_done:
                    raise
                try:
                    held = self._held(step)
                except AirconnError as second:
                    text = f"{error.message}, and {second.message}"
                    raise NoAnswer(text, where=self._session.base, maybe_done=True) from None
                if held is None:
                    return
                if last or step.action is not Action.DELETE or self.why_not():
                    raise
        if reply.status in _FORBIDDEN:
            raise _NotDeleted(failure(reply, request, step))
        if reply.status != 404 or not names_an_object(reply):
            self._expect(reply, request, step)

    def _expect(self, reply: Reply, request: Request, step: Step) -> None:
        """Raises an error that says why a request wasn't carried out."""
        if reply.status in _DONE:
            # The answer to a DELETE is a 204 without a body, and to all else the object, by its name.
            if not (reply.status == 204 if request.method == "DELETE" else _names(reply, step)):
                raise TargetError(NO_AIRFLOW)
            return
        said = reason(reply, request.body, self._session.auth.secrets())
        why = f": {said}" if reply.status in (400, 422) and said else ""
        raise TargetError(failure(reply, request, step) + why)


def _is_unseen(name: str, source: AirflowObject, held: AirflowObject, doubt: Doubt) -> bool:
    """Whether a field was sent that the server doesn't show, or doesn't have yet."""
    if getattr(source, name) is None or (name == "password" and doubt is Doubt.BARE):
        return False
    value = getattr(held, name)
    return hides(value) or (name == "password" and not value)


def _names(reply: Reply, step: Step) -> bool:
    """Whether an answer is about the object of a step. Something in front of the Airflow may answer as well."""
    answer = reply.json()
    return isinstance(answer, dict) and answer.get(ID_NAMES[step.kind]) == step.id


def failure(reply: Reply, request: Request, step: Step) -> str:
    """The status of a writing request in words."""
    status = reply.status
    if status == 401:
        return "the credentials are no longer accepted"
    if status == 403:
        return f"{MAY_NOT} {_VERBS.get(request.method, 'write')} {step.kind.value}"
    if status == 404:
        return "it is gone"
    if status == 409:
        return "one with this id exists already"
    if status in (400, 422):
        return f"Airflow refuses it ({status})"
    if fault := gateways.fault(reply):
        return f"the server {fault}"
    if 300 <= status < 400:
        return "something in front of the Airflow redirects to another page, maybe a login page"
    if status >= 500:
        return f"Airflow fails on it ({status}); the server's log has the reason"
    return f"Airflow answers with status {status}"


_VERBS = {"POST": "create", "PATCH": "change", "DELETE": "delete"}


def told(error: AirconnError) -> str:
    """An error in one line, without the address, which is shown beside each outcome anyway."""
    return error.message
