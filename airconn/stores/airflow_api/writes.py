"""Carries out steps, one after the other, and says of each what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from airconn.errors import AirconnError, TargetError
from airconn.model import WRITES, Action, AirflowObject, Kind, Outcome, Step, value_fields
from airconn.stores.airflow_api.api import Api, Refused
from airconn.stores.airflow_api.faults import NoAnswer
from airconn.stores.airflow_api.forms import matches, stored_form
from airconn.stores.airflow_api.reasons import reason
from airconn.stores.airflow_api.session import Session
from airconn.stores.airflow_api.transport import Reply, Request
from airconn.stores.masks import holds_mask

_DONE = range(200, 300)
_PATIENCE = 2
"""After so many steps in a row without an answer, the others aren't tried any more."""


class Writer:
    """Writes to one server."""

    def __init__(self, session: Session, api: Api) -> None:
        self._session = session
        self._api = api

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """The outcome of each step that writes.

        Raises `TargetError` before the first write, where the server doesn't answer or doesn't let us in.
        """
        silent = 0
        ready = False
        for step in steps:
            if step.action not in WRITES:
                continue
            if not ready:
                self._knock(step.kind)
                ready = True
            if silent >= _PATIENCE:
                yield Outcome(step, f"not tried: {self._session.base} doesn't answer any more")
                continue
            try:
                self._carry_out(step)
                silent = 0
                yield Outcome(step)
            except NoAnswer as error:
                silent += 1
                yield Outcome(step, _told(error))
            except AirconnError as error:
                silent = 0
                yield Outcome(step, _told(error))
            except Exception as error:  # noqa: BLE001 - one object must not keep the others from their report
                silent = 0
                yield Outcome(step, f"a fault of airconn itself: {type(error).__name__}")

    def _knock(self, kind: Kind) -> None:
        """Makes sure that these credentials are let in, unless they were already."""
        if not self._session.let_in:
            self._session.get(Request("GET", self._api.path(kind), (("limit", "1"),)), kind)

    def _carry_out(self, step: Step) -> None:
        if step.action is Action.DELETE:
            self._delete(step)
            return
        if step.source is None:
            raise Refused("there is nothing to write")
        names = sorted(step.written) if step.action is Action.UPDATE else value_fields(step.kind)
        masked = holds_mask(step.source, names)
        if masked:
            raise Refused(
                f"{', '.join(masked)} {'is' if len(masked) == 1 else 'are'} hidden (***) and wasn't written"
            )
        if step.action is Action.UPDATE:
            if names:
                for request in self._api.update(step):
                    self._expect(self._session.send(request), request, step)
            return
        requests = self._api.create(step.source)
        if step.action is Action.REPLACE:
            self._delete(step)
            try:
                self._create(step, step.source, requests)
            except AirconnError as error:
                raise TargetError(f"it was deleted, and creating it again failed: {_told(error)}") from None
        else:
            if self._api.dialect.upserts_variables and step.kind is Kind.VARIABLES and self._held(step) is not None:
                raise Refused("there is one already, which this call would overwrite")
            self._create(step, step.source, requests)

    def _create(self, step: Step, source: AirflowObject, requests: Sequence[Request]) -> None:
        """Creates an object. Where the answer is lost, looks whether it is there now, and if not, tries once more."""
        first, *rest = requests
        for last in (False, True):
            try:
                reply = self._session.send(first)
            except NoAnswer as error:
                if not error.maybe_done:
                    raise
                if self._came_to_be(step, source):
                    break
                if last:
                    raise
                continue
            if last and reply.status == 409 and self._came_to_be(step, source):
                break
            self._expect(reply, first, step)
            break
        for request in rest:
            self._expect(self._session.send(request), request, step)

    def _came_to_be(self, step: Step, source: AirflowObject) -> bool:
        """Whether an object that wasn't there is there now with the values that were sent.

        Raises `Refused` where it has others.
        """
        held = self._held(step)
        if held is None:
            return False
        names = [name for name in value_fields(step.kind) if name != "include_deferred"]
        if step.kind is Kind.VARIABLES and not self._api.dialect.describes_on_create:
            names.remove("description")
        if matches(held, stored_form(source, self._api.dialect), names):
            return True
        raise Refused("the answer was lost, and there is one now with other values")

    def _held(self, step: Step) -> AirflowObject | None:
        answer = self._session.get(Request("GET", self._api.path(step.kind, step.id)), step.kind)
        return None if answer is None else self._api.parse(step.kind, answer)

    def _delete(self, step: Step) -> None:
        """Deletes an object. One that is gone already is as good."""
        request = self._api.delete(step.kind, step.id)
        try:
            reply = self._session.send(request)
        except NoAnswer as error:
            if not error.maybe_done or self._held(step) is not None:
                raise
            return
        if reply.status != 404:
            self._expect(reply, request, step)

    def _expect(self, reply: Reply, request: Request, step: Step) -> None:
        """Raises an error that says why a request wasn't carried out."""
        if reply.status in _DONE:
            if request.method != "DELETE" and not isinstance(reply.json(), dict):
                raise TargetError("what answers is no Airflow: whether it was written is not known")
            return
        said = reason(reply, request.body, self._session.auth.secrets())
        told = f": {said}" if reply.status in (400, 422) and said else ""
        raise TargetError(_failure(reply, request, step) + told)


def _failure(reply: Reply, request: Request, step: Step) -> str:
    """A status of a writing request in words."""
    status = reply.status
    if status == 401:
        return "the credentials are not accepted any more"
    if status == 403:
        return f"these credentials may not {_VERBS.get(request.method, 'write')} {step.kind.value}"
    if status == 404:
        return "it is gone"
    if status == 409:
        return "there is one with this id already"
    if status in (400, 422):
        return f"Airflow refuses it ({status})"
    if status >= 500:
        return f"Airflow fails on it ({status}); the server's log has the reason"
    return f"Airflow answers with status {status}"


_VERBS = {"POST": "create", "PATCH": "change", "DELETE": "delete"}


def _told(error: AirconnError) -> str:
    """An error in one line, without the address, which stands beside each outcome anyway."""
    return error.message
