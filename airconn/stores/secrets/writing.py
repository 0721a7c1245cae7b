"""Writes secrets: checks what is there before, reports losses, and stops when the service doesn't answer."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from airconn.errors import AirconnError, InputError, own_fault
from airconn.formats.base import loss_notes
from airconn.model import (
    WRITES,
    Action,
    AirflowObject,
    Connection,
    Kind,
    Origin,
    Outcome,
    Pool,
    Rules,
    Step,
    Variable,
    rules_for,
    value_fields,
)
from airconn.model.reading import Key, Note
from airconn.stores.base import Context, Store
from airconn.stores.concurrent_changes import CHANGED, DELETED, is_changed
from airconn.stores.hidden_values import hidden_refusal
from airconn.stores.in_parallel import in_order
from airconn.stores.secrets.codec import Codec, losses
from airconn.stores.secrets.service import (
    Foreign,
    Held,
    SecretRefused,
    Service,
    Taken,
    Unavailable,
    Unsure,
    owned_by,
)
from airconn.stores.silence import SILENT, Silence


def found_before(key: Key, context: Context) -> Held | str | None:
    """The secret of an object that was read before a write, or the reason why it isn't touched."""
    return None if context.before is None else cast("Held | str | None", context.before.versions.get(key))


def notes_of_losses(step: Step, codec: Codec, rules: Rules) -> tuple[Note, ...]:
    """The notes on fields that a secret doesn't hold of the object of a step."""
    if step.action not in WRITES or step.action is Action.DELETE or step.source is None:
        return ()
    return loss_notes(step.result(), losses(codec, step.result(), rules))


class SecretWriter:
    """Carries out the steps of one write, several at a time."""

    def __init__(
        self,
        store: Store,
        service: Service,
        codec: Codec,
        context: Context,
        read_by_name: Mapping[str, Sequence[Key]],
        let_in: threading.Event,
    ) -> None:
        """`read_by_name` are the objects that were read before, by the names that several objects may have.

        `let_in` is set once the place is known to let us in.
        """
        self._store = store
        self._service = service
        self._codec = codec
        self._context = context
        self._rules = rules_for(context.airflow)
        self._silence = Silence()
        self._read_by_name = read_by_name
        self._let_in = let_in
        self._written: dict[str, Key] = {}
        self._lock = threading.Lock()

    def write(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """The outcome of each step, as `Store.apply` gives it."""
        yield from in_order(self._outcome, self._begun(steps), self._service.parallel)

    def _begun(self, steps: Iterable[Step]) -> Iterator[Step]:
        """The steps that write. Before the first one, the place is asked whether it lets us in, unless a secret of it
        was read: where all is refused, it may look as if nothing was there."""
        if self._context.before is not None and self._context.before.versions:
            self._let_in.set()
        for step in steps:
            if step.action not in WRITES:
                continue
            if not self._let_in.is_set() and step.kind in self._store.capabilities.kinds:
                self._service.knock(step.kind)
                self._let_in.set()
            yield step

    def _outcome(self, step: Step) -> Outcome:
        if self._silence.is_long:
            return Outcome(step, f"not tried: {self._service.describe()} {SILENT}", untried=True)
        try:
            self._carry_out(step)
        except Unavailable as error:
            self._silence.unheard()
            return Outcome(step, error.message)
        except AirconnError as error:
            self._silence.heard()
            return Outcome(step, error.message)
        except Exception as error:  # noqa: BLE001 - one object must not keep the others from their report
            return Outcome(step, own_fault(error))
        self._silence.heard()
        return Outcome(step, notes=notes_of_losses(step, self._codec, self._rules))

    def _carry_out(self, step: Step) -> None:
        kind, id_ = step.kind, step.id
        if not self._store.capabilities.keeps_ids and kind in self._store.capabilities.kinds:
            self._claim(self._service.shared_name(kind, id_), (kind, id_))
        if step.action is Action.DELETE:
            held = self._held(step)
            if held is not None:
                self._sent(partial(self._service.delete, kind, id_, held), lambda: self._is_gone(kind, id_))
            return
        if step.source is None:
            raise SecretRefused("there is nothing to write")
        obj = step.result()
        if problems := self._store.problems(obj, self._context):
            raise SecretRefused(problems[0])
        if hidden := hidden_refusal(obj, value_fields(kind)):
            raise SecretRefused(hidden)
        assert not isinstance(obj, Pool)  # noqa: S101 - a problem, told above
        held = None if step.action is Action.CREATE else self._held(step)
        if held is None:
            self._sent(partial(self._create, obj, self._codec.encode(obj)), partial(self._is_there, obj))
        else:
            payload = self._codec.encode_over(obj, held.payload, self._rules)
            self._sent(partial(self._service.update, kind, id_, payload, held), partial(self._is_there, obj))

    def _held(self, step: Step) -> Held | None:
        """The secret that a step changes or deletes. None if it is gone. Raises `Taken` if it has changed.

        A service that refuses the write of a changed secret (`conditional`) needs no second look. For others it is
        read again right before the write if they keep versions, and for each merge.
        """
        can = self._store.capabilities
        key = step.kind, step.id
        read = found_before(key, self._context)
        if isinstance(read, Held) and (can.conditional or not (can.versions or step.merges)):
            return read
        now = self._service.get(*key)
        if isinstance(read, Held):
            if now is None and step.action is not Action.DELETE:
                raise Taken(DELETED)
            if now is not None and read.version is not None and now.version != read.version:
                raise Taken(CHANGED)
        stored_form = partial(self._store.stored_form, context=self._context)
        if step.merges and is_changed(step, self._decoded(*key, now), stored_form):
            raise Taken(CHANGED)
        return None if now is None else replace(now, payload=self._codec.kept(step.kind, now.payload))

    def _decoded(self, kind: Kind, id_: str, held: Held | None) -> AirflowObject | None:
        """The object in a secret. None if Airflow reads none from it."""
        try:
            origin = Origin(self._service.name(kind, id_))
            return None if held is None else self._codec.decode(kind, id_, held.payload, self._rules, origin)
        except InputError:
            return None

    def _sent(self, write: Callable[[], None], is_done: Callable[[], bool]) -> None:
        """Writes. If the answer was lost, looks whether the write was carried out."""
        try:
            write()
        except Unsure as error:
            try:
                done = is_done()
            except AirconnError:
                done = False
            if not done:
                raise error from None

    def _is_gone(self, kind: Kind, id_: str) -> bool:
        return self._service.get(kind, id_) is None

    def _create(self, obj: Connection | Variable, payload: object) -> None:
        try:
            self._service.create(obj.kind, obj.id, payload)
        except Taken as taken:
            # If an answer was lost and the driver tried again, the secret is ours.
            if not self._is_there(obj):
                raise taken from None

    def _is_there(self, obj: Connection | Variable) -> bool:
        """Whether the place holds exactly this object."""
        try:
            held = self._service.get(obj.kind, obj.id)
        except Foreign:
            return False
        found = self._decoded(obj.kind, obj.id, held)
        return found is not None and found == self._store.stored_form(obj, self._context)

    def _claim(self, name: str, key: Key) -> None:
        """Makes sure that no other object has this name. Raises `Taken`."""
        with self._lock:
            first = self._written.setdefault(name, key)
        if first != key:
            raise Taken(f"{owned_by(*first)}, which was written just now")
        for other in self._read_by_name.get(name, ()):
            if other != key:
                raise Taken(owned_by(*other))
