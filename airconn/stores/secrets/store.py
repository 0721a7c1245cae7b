"""A secrets backend of Airflow as a place: reads what Airflow would find there, and writes what Airflow reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import TypeVar, cast

from airconn.errors import AirconnError, InputError, own_fault
from airconn.formats import connection_uri
from airconn.formats.base import Note, extra_fault
from airconn.model import (
    ALL_KINDS,
    WRITES,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Origin,
    Outcome,
    Pool,
    Selection,
    Step,
    Variable,
    rules_for,
    value_fields,
)
from airconn.stores.base import Capabilities, Store
from airconn.stores.hidden import hidden_refusal
from airconn.stores.in_parallel import in_order
from airconn.stores.meanwhile import CHANGED, is_changed
from airconn.stores.secrets.codec import Codec, losses, stored
from airconn.stores.secrets.service import Foreign, Held, Refused, Service, Taken, Unavailable, Unsure
from airconn.stores.silence import SILENT, Silence

T = TypeVar("T", bound=AirflowObject)
Key = tuple[Kind, str]

SECRET_KINDS = ALL_KINDS - {Kind.POOLS}
"""What a secrets backend of Airflow can hold."""

_SAYS_SOMETHING = re.compile(r"[^\W_]")
"""What a prefix has that sets apart what is behind it."""


class SecretStore(Store):
    """What all secrets backends have in common. A class of each says its `capabilities`, and brings its service."""

    capabilities = Capabilities(kinds=SECRET_KINDS)

    def __init__(self, address: str, service: Service, codec: Codec, kinds: frozenset[Kind] = SECRET_KINDS) -> None:
        """`address` is the place without options; `kinds` are those that have a prefix."""
        super().__init__(address)
        self.kinds = kinds
        self._service = service
        self._codec = codec
        self._held: dict[Key, Held] = {}
        """What the last read found, for an update: of the values only what Airflow doesn't read."""
        self._foreign: dict[Key, str] = {}
        """What is there and is no object, and why not."""
        self._let_in = False

    def describe(self) -> str:
        return self._service.describe()

    def location(self, kind: Kind) -> object:
        return self._service.account() or self.address, self._service.beginnings(kind)

    def origin(self, kind: Kind, id_: str) -> Origin:
        """Where an object is."""
        return Origin(f"{self.address}/{self._service.name(kind, id_).lstrip('/')}")

    def read(self, selection: Selection) -> Bundle:
        self.notes = []
        found: list[AirflowObject] = []
        for kind in (kind for kind in Kind if kind in selection.kinds & self.kinds):
            for done, secret in enumerate(self._secrets(kind, selection), 1):
                self._let_in = True
                self.progress(f"reading {kind.value}", done)
                if isinstance(secret, Held):
                    obj = self._decoded(kind, secret)
                    found += [obj] if obj is not None else []
                else:
                    self._leave_alone(kind, secret)
        return Bundle.of(found)

    def _secrets(self, kind: Kind, selection: Selection) -> Iterator[Held | Foreign]:
        """The selected secrets. Those that are asked for by their ids aren't looked for in a list."""
        if selection.ids is None:
            yield from self._service.fetch(kind, partial(selection.wants, kind))
            return
        ids = sorted(id_ for its_kind, id_ in selection.ids if its_kind is kind and selection.wants(kind, id_))
        named = (id_ for id_ in ids if not self.capabilities.ids.refusal(id_))
        for found in in_order(partial(self._service.attempt, kind), named, self._service.parallel):
            if found is not None:
                yield found

    def _decoded(self, kind: Kind, secret: Held) -> AirflowObject | None:
        origin = self.origin(kind, secret.id)
        self._held[kind, secret.id] = self._reduced(kind, secret)
        try:
            return self._codec.decode(kind, secret.id, secret.payload, rules_for(self.reads_for), origin)
        except InputError as error:
            self._leave_alone(kind, Foreign(error.message, where=secret.id))
            return None

    def _reduced(self, kind: Kind, secret: Held) -> Held:
        """A secret with so much of its value as an update has to keep."""
        return Held(secret.id, self._codec.kept(kind, secret.payload), secret.version)

    def _leave_alone(self, kind: Kind, secret: Foreign) -> None:
        """Tells of a secret that Airflow would make nothing of. `where` of it is its id."""
        id_ = secret.where or ""
        self._foreign[kind, id_] = secret.message
        self.notes.append(Note(str(self.origin(kind, id_)), f"{secret.message}: left alone", left_out=True))

    def stored_form(self, obj: T) -> T:
        if obj.kind not in self.kinds or self._unencodable(obj):
            return obj
        return cast("T", stored(self._codec, obj, rules_for(self.reads_for)))

    def problems(self, obj: AirflowObject) -> Sequence[str]:
        if obj.kind not in self.kinds:
            why = "has no place in a secrets backend" if obj.kind is Kind.POOLS else "has no prefix here"
            return (f"a {obj.kind.singular} {why}",)
        found = [reason] if (reason := self.capabilities.ids.refusal(obj.id)) else []
        if not obj.id:
            found.append("it has no id")
        if reason := self._unencodable(obj) or self._unwritable(obj):
            return (*found, reason)
        largest = self.capabilities.largest
        if largest is not None and self.size(obj) > largest:
            found.append(f"it is larger than the {largest} bytes that there is room for")
        return tuple(found)

    def size(self, obj: AirflowObject) -> int:
        """The bytes of the secret of an object, as the service counts them."""
        payload = self._codec.encode(cast("Connection | Variable", obj))
        return len(payload.encode("utf-8", "surrogatepass")) if isinstance(payload, str) else 0

    def _unwritable(self, obj: AirflowObject) -> str:
        """Why the text of an object's secret is none that a service takes, if it is none."""
        payload = self._codec.encode(cast("Connection | Variable", obj))
        try:
            payload.encode() if isinstance(payload, str) else None
        except UnicodeEncodeError:
            return "it has half a character (a lone surrogate) in it, which is no text in UTF-8"
        return ""

    def _unencodable(self, obj: AirflowObject) -> str:
        """Why an object has no form that Airflow reads, if it has none."""
        if not isinstance(obj, Connection):
            return ""
        if fault := extra_fault(obj, rules_for(self.reads_for)):
            return f"its extra {fault}"
        if getattr(self._codec, "connection_format", "json") == "uri" and not connection_uri.is_writable(obj):
            return "its conn_type can't be written in a URI"
        try:
            stored(self._codec, obj, rules_for(self.reads_for))
        except InputError:
            return "it has no form that Airflow would read from a secret"
        return ""

    def at_hand(self, kinds: frozenset[Kind]) -> frozenset[tuple[Kind, str]]:
        return frozenset((kind, id_) for kind in kinds & self.kinds for id_ in self._service.ids(kind))

    def passed_over(self, kind: Kind, id_: str) -> str:
        reason = self._foreign.get((kind, id_))
        return f"{self.origin(kind, id_)}: {reason}" if reason else ""

    def prune_refusal(self, kind: Kind) -> str:
        ours = self._service.beginnings(kind)
        others = [beginning for other in self.kinds - {kind} for beginning in self._service.beginnings(other)]
        if not all(_SAYS_SOMETHING.search(beginning) for beginning in ours):
            return f"without a prefix, any secret here may be taken for one of Airflow's {kind.value}"
        if any(beginning in others for beginning in ours):
            return f"{kind.value} have the prefix of another kind here, and may be taken for one another"
        return ""

    def create_refusal(self, obj: AirflowObject) -> str:
        reason = self._foreign.get((obj.kind, obj.id))
        return f"there is a secret of its name that is no {obj.kind.singular} ({reason})" if reason else ""

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        self.notes = []
        silence = Silence()
        for outcome in in_order(partial(self._outcome, silence), self._begun(steps), self._service.parallel):
            if outcome.error is None and outcome.step.action is not Action.DELETE:
                self._tell_losses(outcome.step)
            yield outcome

    def _begun(self, steps: Iterable[Step]) -> Iterator[Step]:
        """The steps that write. Before the first one, the service is asked whether it lets us in."""
        for step in steps:
            if step.action not in WRITES:
                continue
            if not self._let_in and step.kind in self.kinds:
                self._service.knock(step.kind)
                self._let_in = True
            yield step

    def _outcome(self, silence: Silence, step: Step) -> Outcome:
        if silence.is_long:
            return Outcome(step, f"not tried: {self.describe()} {SILENT}", untried=True)
        try:
            self._carry_out(step)
        except Unavailable as error:
            silence.unheard()
            return Outcome(step, error.message)
        except AirconnError as error:
            silence.heard()
            return Outcome(step, error.message)
        except Exception as error:  # noqa: BLE001 - one object must not keep the others from their report
            return Outcome(step, own_fault(error))
        silence.heard()
        return Outcome(step)

    def _carry_out(self, step: Step) -> None:
        kind, id_ = step.kind, step.id
        if step.action is Action.DELETE:
            held = self._held.get((kind, id_)) or self._service.get(kind, id_)
            if held is not None:
                self._sent(partial(self._service.delete, kind, id_, held), lambda: self._is_gone(kind, id_))
            self._held.pop((kind, id_), None)
            return
        if step.source is None:
            raise Refused("there is nothing to write")
        obj = step.result()
        if problems := self.problems(obj):
            raise Refused(problems[0])
        if hidden := hidden_refusal(obj, value_fields(kind)):
            raise Refused(hidden)
        assert not isinstance(obj, Pool)  # noqa: S101 - a problem, told above
        held = None if step.action is Action.CREATE else self._held_for(kind, id_)
        if step.merges and is_changed(step, self._now(kind, id_), self.stored_form):
            raise Refused(CHANGED)
        if held is None:
            self._sent(partial(self._create, obj, self._codec.encode(obj)), partial(self._is_there, obj))
        else:
            payload = self._codec.encode_over(obj, held.payload, rules_for(self.reads_for))
            self._sent(partial(self._service.update, kind, id_, payload, held), partial(self._is_there, obj))
        # What was read is not there any more, and the next write has to look again.
        self._held.pop((kind, id_), None)

    def _sent(self, write: Callable[[], None], is_done: Callable[[], bool]) -> None:
        """Writes, and looks whether it was done where the answer was lost."""
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

    def _held_for(self, kind: Kind, id_: str) -> Held | None:
        if (known := self._held.get((kind, id_))) is not None:
            return known
        found = self._service.get(kind, id_)
        return None if found is None else self._reduced(kind, found)

    def _now(self, kind: Kind, id_: str) -> AirflowObject | None:
        """The object that is there now, if it is one. What the last read found stays what a write refers to."""
        try:
            held = self._service.get(kind, id_)
            rules, origin = rules_for(self.reads_for), self.origin(kind, id_)
            return None if held is None else self._codec.decode(kind, id_, held.payload, rules, origin)
        except (Foreign, InputError):
            return None

    def _create(self, obj: Connection | Variable, payload: object) -> None:
        try:
            self._service.create(obj.kind, obj.id, payload)
        except Taken as taken:
            # An answer may have been lost, and the driver have tried again: then it is ours.
            if not self._is_there(obj):
                raise taken from None

    def _is_there(self, obj: Connection | Variable) -> bool:
        """Whether the place holds just this object."""
        try:
            held = self._service.get(obj.kind, obj.id)
            rules = rules_for(self.reads_for)
            if held is None:
                return False
            return self._codec.decode(obj.kind, obj.id, held.payload, rules, obj.origin) == self.stored_form(obj)
        except (Foreign, InputError):
            return False

    def _tell_losses(self, step: Step) -> None:
        obj = step.result()
        lost = losses(self._codec, obj, rules_for(self.reads_for))
        self.notes += [Note(f"{obj.kind.value}/{obj.id}", f"{name} {why}") for name, why in lost.items()]

    def close(self) -> None:
        self._service.close()
