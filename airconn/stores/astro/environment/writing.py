"""Writes objects of the Environment Manager, several at a time, and checks what each write did.

Nothing at Astro is conditional: an object is read again right before its update, all that it has is sent back
(`bodies.py`), and the answer is compared with what was there (`guard.py`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import cast

from airconn.errors import AirconnError, TargetError, own_fault
from airconn.formats.base import detail_notes, loss_notes
from airconn.model import (
    NOWHERE,
    WRITES,
    Action,
    AirflowObject,
    Outcome,
    Step,
    rules_for,
    value_fields,
)
from airconn.model.reading import Key, Note
from airconn.stores.astro.client import AstroApi, AstroRefusal
from airconn.stores.astro.environment import guard
from airconn.stores.astro.environment.bodies import Body, create_body, recreate_body, restore_body, update_body
from airconn.stores.astro.environment.effects import is_secret
from airconn.stores.astro.environment.listing import PATH, ObjectLister
from airconn.stores.astro.environment.managed_object import ManagedObject
from airconn.stores.astro.environment.objects import KINDS, ObjectForm
from airconn.stores.astro.environment.options import EnvironmentOptions
from airconn.stores.astro.environment.pacing import Paces
from airconn.stores.astro.environment.refusals import refusal
from airconn.stores.base import Context, Store
from airconn.stores.concurrent_changes import CHANGED, DELETED, is_changed
from airconn.stores.hidden_values import hidden_refusal
from airconn.stores.http.faults import NoAnswer
from airconn.stores.in_parallel import in_order
from airconn.stores.silence import SILENT, Silence

_AT_A_TIME = 6
"""The writes at a time: enough for 10 POST a second, each of which takes a second GET, at 300 ms a request."""
_AGAIN = (0.5, 1.0, 2.0, 4.0)
"""The seconds before each try to create an object that was just deleted and still is in the way."""


class ObjectNotWritten(AirconnError):
    """An object was not written, and is as it was."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a write has to know of its place."""

    api: AstroApi
    lister: ObjectLister
    form: ObjectForm
    options: EnvironmentOptions
    paces: Paces


class EnvironmentWriter:
    """Carries out the steps of one write."""

    def __init__(self, store: Store, place: Place, context: Context) -> None:
        self._store = store
        self._place = place
        self._context = context
        self._rules = rules_for(context.airflow)
        self._silence = Silence()
        self._lock = threading.Lock()
        self._gone = ""
        """Why nothing more is replaced: an object that was deleted could not be created again."""

    def write(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """The outcome of each step, as `Store.apply` gives it."""
        yield from in_order(self._outcome, self._begun(steps), _AT_A_TIME)

    def _begun(self, steps: Iterable[Step]) -> Iterator[Step]:
        """The steps that write. Before the first one, the place is asked whether it lets us in."""
        let_in = bool(self._context.before and self._context.before.versions)
        for step in steps:
            if step.action not in WRITES:
                continue
            if not let_in and step.kind in KINDS:
                self._find((step.kind, step.id))
                let_in = True
            yield step

    def _outcome(self, step: Step) -> Outcome:
        if self._silence.is_long:
            return Outcome(step, f"not tried: the Astro API {SILENT}", untried=True)
        try:
            self._carry_out(step)
        except NoAnswer as error:
            self._silence.unheard()
            return Outcome(step, error.message, untouched=not error.maybe_done)
        except ObjectNotWritten as error:
            self._silence.heard()
            return Outcome(step, error.message, untouched=True)
        except AirconnError as error:
            self._silence.heard()
            return Outcome(step, _told(error))
        except Exception as error:  # noqa: BLE001 - one object must not keep the others from their report
            return Outcome(step, own_fault(error))
        self._silence.heard()
        return Outcome(step, notes=losses(step, self._place.form, self._context))

    def _carry_out(self, step: Step) -> None:
        if problems := self._store.problems(step.source, self._context) if step.source else ():
            raise ObjectNotWritten(problems[0])
        if step.action is Action.DELETE:
            self._delete_step(step)
            return
        if step.source is None:
            raise ObjectNotWritten("there is nothing to write")
        if reason := self._hidden_in(step, step.source):
            raise ObjectNotWritten(reason)
        if step.action is Action.CREATE:
            self._create_step(step, step.source)
            return
        held = self._find((step.kind, step.id))
        if held is None:
            if step.action is Action.UPDATE:
                raise ObjectNotWritten(DELETED)
            self._create_step(step, step.source)
            return
        merged = step.merges and is_changed(step, self._decoded(step, held), self._stored_form(held))
        if merged or (step.action is Action.REPLACE and self._has_changed(step, held)):
            raise ObjectNotWritten(CHANGED)
        if reason := refusal(step, held, self._place.form):
            raise ObjectNotWritten(reason)
        if step.action is Action.REPLACE:
            self._replace(step, step.source, held)
        elif step.written:
            self._update(step, held)

    def _hidden_in(self, step: Step, source: AirflowObject) -> str:
        """Why a step would write something that is hidden. Empty if it doesn't."""
        if step.action is not Action.UPDATE:
            return hidden_refusal(source, value_fields(step.kind))
        reason = hidden_refusal(source, sorted(step.written))
        if reason or not self._place.form.as_env:
            return reason
        # One value has all fields of a connection, also those that aren't written.
        return hidden_refusal(step.result(), value_fields(step.kind))

    # Reading -----------------------------------------------------------------------------------------------------

    def _find(self, key: Key) -> ManagedObject | None:
        """The present object of a kind and an id, with its secrets if they are shown."""
        form = self._place.form
        if key[0] not in KINDS or not key[1]:
            return None
        found = self._place.lister.find(form.type_of(key[0]), form.key_of(*key))
        return found[0] if found else None

    def _decoded(self, step: Step, held: ManagedObject) -> AirflowObject:
        return self._place.form.decode(held, step.kind, step.id, self._rules, NOWHERE)

    def _has_changed(self, step: Step, held: ManagedObject) -> bool:
        """Whether another writer has changed what a replacement deletes. Its links are carried over."""
        before = self._context.before
        planned = cast("ManagedObject | None", before.versions.get((step.kind, step.id))) if before else None
        return planned is not None and (planned.part, planned.description) != (held.part, held.description)

    def _stored_form(self, held: ManagedObject) -> Callable[[AirflowObject], AirflowObject]:
        return lambda obj: self._place.form.stored_form(obj, self._rules, held)

    # Creating ----------------------------------------------------------------------------------------------------

    def _create_step(self, step: Step, source: AirflowObject) -> None:
        options, scope = self._place.options, self._place.lister.scope
        body = create_body(
            source,
            self._place.form,
            self._rules,
            (scope.type, scope.id),
            is_secret=is_secret(source, options.secret),
            auto_link=options.auto_link,
        )
        self._create(step, body)

    def _create(self, step: Step, body: Body, *, is_ours: bool = False, late: bool = False) -> None:
        """Creates an object. If the answer is lost or a failure, looks whether it is there now.

        `is_ours`: one that is there already may be what an earlier request of this run has created.
        """
        try:
            self._post(PATH, body, late=late)
        except TargetError as error:
            if isinstance(error, AstroRefusal) and error.status == 409:
                self._refuse_existing(step, body, is_ours=is_ours)
            elif not (_is_doubtful(error) and self._came_to_be(step, body)):
                raise

    def _came_to_be(self, step: Step, body: Body) -> bool:
        """Whether an object that didn't exist exists now as it was sent. False if that can't be found out."""
        try:
            held = self._find((step.kind, step.id))
        except AirconnError:
            return False
        return held is not None and guard.is_as_sent(held, body)

    def _refuse_existing(self, step: Step, body: Body, *, is_ours: bool) -> None:
        """Raises the error for a key that is taken, unless the object is exactly the one that was sent."""
        held = self._find((step.kind, step.id))
        if held is None:
            raise ObjectNotWritten(
                "Astro has the key already, in another scope (the Workspace or one of its Deployments): use "
                "that one, or delete it"
            )
        if not (guard.is_as_sent(held, body) and (is_ours or not held.hidden_fields())):
            raise ObjectNotWritten("it exists already; run again to update it")

    # Updating ----------------------------------------------------------------------------------------------------

    def _update(self, step: Step, held: ManagedObject) -> None:
        body = update_body(step, held, self._place.form, self._rules)
        try:
            after = ManagedObject(self._post(f"{PATH}/{held.id}", body), shows_secrets=False)
        except TargetError as error:
            found = self._found_again(step) if _is_doubtful(error) else None
            if found is None or found.raw == held.raw:
                raise
            after = found
        self._refuse_changed(held, after, body)

    def _refuse_changed(self, before: ManagedObject, after: ManagedObject, body: Body) -> None:
        """Raises `TargetError` for an object that isn't as it was before, except for what was sent."""
        links = list(guard.changed_links(before, after))
        if wrong := [*links, *guard.changed_fields(before, after, body)]:
            back = guard.way_back(before) if links else ""
            raise TargetError(
                f"it was written, but Astro's result isn't what was sent: {'; '.join(wrong)}"
                + (f". To restore the links: {back}" if back else "")
            )

    def _found_again(self, step: Step) -> ManagedObject | None:
        try:
            return self._find((step.kind, step.id))
        except AirconnError:
            return None

    # Replacing ---------------------------------------------------------------------------------------------------

    def _replace(self, step: Step, source: AirflowObject, held: ManagedObject) -> None:
        """Deletes an object and creates it anew with its links. If that fails, puts the old one back."""
        with self._lock:
            if self._gone:
                raise ObjectNotWritten(f"not tried: {self._gone}")
        body, old = recreate_body(source, held, self._place.form, self._rules), restore_body(held)
        try:
            self._delete(step, held.id)
        except AstroRefusal as error:
            if _is_doubtful(error):
                raise
            raise ObjectNotWritten(_told(error)) from None
        try:
            self._create_in_place(step, body)
        except Exception as error:  # noqa: BLE001 - whatever it was, the object is gone, which has to be told
            why = _told(error) if isinstance(error, AirconnError) else own_fault(error)
            self._put_back(step, old, held, why)
        if (now := self._found_again(step)) is not None:
            self._refuse_changed(held, now, body)

    def _create_in_place(self, step: Step, body: Body) -> None:
        """Creates an object whose predecessor was just deleted, and may be in the way for a moment."""
        for pause in _AGAIN:
            with suppress(ObjectNotWritten):
                self._create(step, body, is_ours=True, late=True)
                return
            time.sleep(pause)
        self._create(step, body, is_ours=True, late=True)

    def _put_back(self, step: Step, old: Body, held: ManagedObject, why: str) -> None:
        """Raises the error for an object that was deleted and not created, after the old one was created again."""
        try:
            self._create_in_place(step, old)
        except Exception:  # noqa: BLE001 - the same
            name = f"{step.kind.value}/{step.id}"
            with self._lock:
                self._gone = f"{name} could not be created again"
            back = guard.way_back(held)
            links = f". Its links: {back}" if back else ""
            raise TargetError(f"it was deleted, and creating it again failed: {why}{links}") from None
        raise ObjectNotWritten(f"creating it again failed, and the old one was restored: {why}")

    # Deleting ----------------------------------------------------------------------------------------------------

    def _delete_step(self, step: Step) -> None:
        before = self._context.before
        held = before.versions.get((step.kind, step.id)) if before else None
        found = cast("ManagedObject | None", held) or self._find((step.kind, step.id))
        if found is None:
            return
        self._delete(step, found.id)

    def _is_gone(self, step: Step, id_: str) -> bool:
        """Whether an object is known to be deleted."""
        try:
            now = self._find((step.kind, step.id))
        except AirconnError:
            return False
        return now is None or now.id != id_

    def _delete(self, step: Step, id_: str) -> None:
        """Deletes an object. If the answer is lost or a failure, looks whether it is gone."""
        self._place.paces.deletes.wait()
        try:
            self._place.api.delete(f"{PATH}/{id_}")
        except TargetError as error:
            if not (_is_doubtful(error) and self._is_gone(step, id_)):
                raise

    def _post(self, path: str, body: Body, *, late: bool = False) -> Body:
        self._place.paces.posts.wait()
        return self._place.api.post(path, body, late=late)


def losses(step: Step, form: ObjectForm, context: Context) -> tuple[Note, ...]:
    """The notes on fields that Astro doesn't hold of the object of a step."""
    if step.action not in WRITES or step.action is Action.DELETE or step.source is None or step.kind not in KINDS:
        return ()
    obj, rules = step.result(), rules_for(context.airflow)
    return loss_notes(obj, form.losses(obj, rules)) + detail_notes(obj, form.changed(obj, rules))


def _is_doubtful(error: TargetError) -> bool:
    """Whether a write that failed may have been carried out."""
    if isinstance(error, NoAnswer):
        return error.maybe_done
    return not (isinstance(error, AstroRefusal) and error.status < 500)


def _told(error: AirconnError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
