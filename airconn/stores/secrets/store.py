"""A secrets backend of Airflow as a place: reads what Airflow would find there, and writes what Airflow reads."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar, cast

from airconn.errors import AirconnError, InputError, own_fault
from airconn.formats import connection_uri
from airconn.formats.base import extra_fault
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
from airconn.model.reading import Key, Note, Reading
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.hidden import hidden_refusal
from airconn.stores.in_parallel import in_order
from airconn.stores.meanwhile import CHANGED, DELETED, is_changed
from airconn.stores.secrets.codec import Codec, losses, stored
from airconn.stores.secrets.service import Foreign, Held, Refused, Service, Taken, Unavailable, Unsure, owned_by
from airconn.stores.silence import SILENT, Silence

T = TypeVar("T", bound=AirflowObject)

SECRET_KINDS = ALL_KINDS - {Kind.POOLS}
"""What a secrets backend of Airflow can hold."""

_SAYS_SOMETHING = re.compile(r"[^\W_]")
"""What a prefix has that sets apart what is behind it."""


@dataclass(slots=True)
class Finds:
    """What a read has found so far."""

    owners: dict[str, Key]
    """The object that each secret belongs to, by what is the same for all that could have it."""
    objects: list[AirflowObject] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passed_over: dict[Key, str] = field(default_factory=dict)
    versions: dict[Key, Held | str] = field(default_factory=dict)
    """What an update needs: of the values only what Airflow doesn't read. A text says why a secret is left alone."""


class _Run:
    """What the threads of one write share."""

    def __init__(self, context: Context, read_by_name: Mapping[str, Sequence[Key]]) -> None:
        """`read_by_name` is what `SecretStore._keys_by_name` makes of what was read before the write."""
        self.context = context
        self.rules = rules_for(context.airflow)
        self.silence = Silence()
        self._read_by_name = read_by_name
        self._written: dict[str, Key] = {}
        self._lock = threading.Lock()

    def claim(self, name: str, key: Key) -> None:
        """Makes sure that no other object has this name. Raises `Taken`."""
        with self._lock:
            first = self._written.setdefault(name, key)
        if first != key:
            raise Taken(f"{owned_by(*first)}, which was written just now")
        for other in self._read_by_name.get(name, ()):
            if other != key:
                raise Taken(owned_by(*other))


class SecretStore(Store):
    """What all secrets backends have in common. A class of each says its capabilities, and brings its service."""

    def __init__(
        self,
        address: str,
        service: Service,
        codec: Codec,
        capabilities: Capabilities = Capabilities(kinds=SECRET_KINDS),  # noqa: B008 - it is frozen
    ) -> None:
        """`address` is the place without options; the kinds of `capabilities` are those that have a prefix."""
        super().__init__(address, replace(capabilities, unprunable=_unprunable(service, capabilities.kinds)))
        self._service = service
        self._codec = codec

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        return Description(self._service.describe(), kinds=self.capabilities.kinds)

    def location(self, kind: Kind) -> object:
        return self._service.account() or self.address, self._service.beginnings(kind)

    def _origin(self, kind: Kind, id_: str, name: str = "") -> Origin:
        return Origin(f"{self.address}/{(name or self._service.name(kind, id_)).lstrip('/')}")

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        finds = Finds({name: keys[0] for name, keys in self._keys_by_name(context.before).items()})
        for kind in (kind for kind in Kind if kind in selection.kinds & self.capabilities.kinds):
            for done, secret in enumerate(self._secrets(kind, selection), 1):
                context.progress(f"reading {kind.value}", done, self.address)
                self._take_in(kind, secret, context, finds)
        return Reading(
            Bundle.of(finds.objects),
            tuple(finds.notes),
            kinds=self.capabilities.kinds,
            passed_over=finds.passed_over,
            versions=finds.versions,
        )

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

    def _take_in(self, kind: Kind, secret: Held | Foreign, context: Context, finds: Finds) -> None:
        """Adds an object to what was found, or why a secret is left alone of which Airflow would make none."""
        key, origin = (kind, secret.id), self._origin(kind, secret.id, secret.name)
        try:
            if isinstance(secret, Foreign):
                raise secret
            if not self.capabilities.keeps_ids:
                owner = finds.owners.setdefault(self._service.shared_name(*key), key)
                if owner != key:
                    raise Foreign(owned_by(*owner), secret.id)
            finds.objects.append(self._codec.decode(*key, secret.payload, rules_for(context.airflow), origin))
            finds.versions[key] = replace(secret, payload=self._codec.kept(kind, secret.payload))
        except (Foreign, InputError) as error:
            finds.versions[key] = error.message
            finds.passed_over[key] = f"{origin}: {error.message}"
            finds.notes.append(Note(str(origin), f"{error.message}: left alone", left_out=True))

    def _keys_by_name(self, before: Reading | None) -> Mapping[str, list[Key]]:
        """The objects that were read, by what is the same for all that could have their secret.

        Empty for a place that tells the ids from the names: there each object has a secret of its own.
        """
        keys: dict[str, list[Key]] = {}
        if before is not None and not self.capabilities.keeps_ids:
            for key, held in before.versions.items():
                if isinstance(held, Held):
                    keys.setdefault(self._service.shared_name(*key), []).append(key)
        return keys

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        if obj.kind not in self.capabilities.kinds or self._unencodable(obj, context):
            return obj
        return cast("T", stored(self._codec, obj, rules_for(context.airflow)))

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        if obj.kind not in self.capabilities.kinds:
            why = "has no place in a secrets backend" if obj.kind is Kind.POOLS else "has no prefix here"
            return (f"a {obj.kind.singular} {why}",)
        found = [reason] if (reason := self.capabilities.ids.refusal(obj.id)) else []
        if not obj.id:
            found.append("it has no id")
        if reason := self._unencodable(obj, context) or self._unwritable(obj):
            return (*found, reason)
        largest = self.capabilities.largest
        if largest is not None and self._size(obj) > largest:
            found.append(f"it is larger than the {largest} bytes that there is room for")
        return tuple(found)

    def _size(self, obj: AirflowObject) -> int:
        """The bytes of the secret of an object, as the service counts them."""
        payload = self._codec.encode(cast("Connection | Variable", obj))
        return len(payload.encode("utf-8", "surrogatepass")) if isinstance(payload, str) else 0

    def _unwritable(self, obj: AirflowObject) -> str:
        """Why no service takes the text of an object's secret. Empty where it does."""
        payload = self._codec.encode(cast("Connection | Variable", obj))
        try:
            payload.encode() if isinstance(payload, str) else None
        except UnicodeEncodeError:
            return "it has half a character (a lone surrogate) in it, which is no text in UTF-8"
        return ""

    def _unencodable(self, obj: AirflowObject, context: Context) -> str:
        """Why an object has no form that Airflow reads. Empty where it has one."""
        if not isinstance(obj, Connection):
            return ""
        if fault := extra_fault(obj, rules_for(context.airflow)):
            return f"its extra {fault}"
        if getattr(self._codec, "connection_format", "json") == "uri" and not connection_uri.is_writable(obj):
            return "its conn_type can't be written in a URI"
        try:
            stored(self._codec, obj, rules_for(context.airflow))
        except InputError:
            return "it has no form that Airflow would read from a secret"
        return ""

    def quick_ids(self, kinds: frozenset[Kind], context: Context = DEFAULT_CONTEXT) -> frozenset[Key]:
        """All ids: the service lists them without the values."""
        return frozenset((kind, id_) for kind in kinds & self.capabilities.kinds for id_ in self._service.ids(kind))

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        reason = found_before((step.kind, step.id), context)
        if step.action is not Action.CREATE or not isinstance(reason, str):
            return ""
        return f"there is a secret of its name that is no {step.kind.singular} ({reason})"

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        run = _Run(context, self._keys_by_name(context.before))
        yield from in_order(partial(self._outcome, run), self._begun(steps, context), self._service.parallel)

    def _begun(self, steps: Iterable[Step], context: Context) -> Iterator[Step]:
        """The steps that write. Unless the place was read, it is asked before the first one whether it lets us in."""
        is_let_in = context.before is not None
        for step in steps:
            if step.action not in WRITES:
                continue
            if not is_let_in and step.kind in self.capabilities.kinds:
                self._service.knock(step.kind)
                is_let_in = True
            yield step

    def _outcome(self, run: _Run, step: Step) -> Outcome:
        if run.silence.is_long:
            return Outcome(step, f"not tried: {self._service.describe()} {SILENT}", untried=True)
        try:
            self._carry_out(run, step)
        except Unavailable as error:
            run.silence.unheard()
            return Outcome(step, error.message)
        except AirconnError as error:
            run.silence.heard()
            return Outcome(step, error.message)
        except Exception as error:  # noqa: BLE001 - one object must not keep the others from their report
            return Outcome(step, own_fault(error))
        run.silence.heard()
        if step.action is Action.DELETE:
            return Outcome(step)
        lost = losses(self._codec, step.result(), run.rules)
        where = f"{step.kind.value}/{step.id}"
        return Outcome(step, notes=tuple(Note(where, f"{name} {why}") for name, why in lost.items()))

    def _carry_out(self, run: _Run, step: Step) -> None:
        kind, id_ = step.kind, step.id
        if not self.capabilities.keeps_ids and kind in self.capabilities.kinds:
            run.claim(self._service.shared_name(kind, id_), (kind, id_))
        if step.action is Action.DELETE:
            held = self._held(run, step)
            if held is not None:
                self._sent(partial(self._service.delete, kind, id_, held), lambda: self._is_gone(kind, id_))
            return
        if step.source is None:
            raise Refused("there is nothing to write")
        obj = step.result()
        if problems := self.problems(obj, run.context):
            raise Refused(problems[0])
        if hidden := hidden_refusal(obj, value_fields(kind)):
            raise Refused(hidden)
        assert not isinstance(obj, Pool)  # noqa: S101 - a problem, told above
        held = None if step.action is Action.CREATE else self._held(run, step)
        if held is None:
            self._sent(partial(self._create, run, obj, self._codec.encode(obj)), partial(self._is_there, run, obj))
        else:
            payload = self._codec.encode_over(obj, held.payload, run.rules)
            self._sent(partial(self._service.update, kind, id_, payload, held), partial(self._is_there, run, obj))

    def _held(self, run: _Run, step: Step) -> Held | None:
        """The secret that a step changes or deletes, None where there is none. Raises `Taken` where it has changed.

        Where no write of the service would notice that, it is looked at again right before.
        """
        can, key = self.capabilities, (step.kind, step.id)
        read = found_before(key, run.context)
        if isinstance(read, Held) and (can.conditional or not (can.versions or step.merges)):
            return read
        now = self._service.get(*key)
        if isinstance(read, Held):
            if now is None and step.action is not Action.DELETE:
                raise Taken(DELETED)
            if now is not None and read.version is not None and now.version != read.version:
                raise Taken(CHANGED)
        stored_form = partial(self.stored_form, context=run.context)
        if step.merges and is_changed(step, self._decoded(run, *key, now), stored_form):
            raise Taken(CHANGED)
        return None if now is None else replace(now, payload=self._codec.kept(step.kind, now.payload))

    def _decoded(self, run: _Run, kind: Kind, id_: str, held: Held | None) -> AirflowObject | None:
        """The object that a secret is. None where Airflow makes none of it."""
        try:
            origin = self._origin(kind, id_)
            return None if held is None else self._codec.decode(kind, id_, held.payload, run.rules, origin)
        except InputError:
            return None

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

    def _create(self, run: _Run, obj: Connection | Variable, payload: object) -> None:
        try:
            self._service.create(obj.kind, obj.id, payload)
        except Taken as taken:
            # An answer may have been lost, and the driver have tried again: then it is ours.
            if not self._is_there(run, obj):
                raise taken from None

    def _is_there(self, run: _Run, obj: Connection | Variable) -> bool:
        """Whether the place holds just this object."""
        try:
            held = self._service.get(obj.kind, obj.id)
        except Foreign:
            return False
        found = self._decoded(run, obj.kind, obj.id, held)
        return found is not None and found == self.stored_form(obj, run.context)

    def close(self) -> None:
        self._service.close()


def found_before(key: Key, context: Context) -> Held | str | None:
    """What was read of an object before a write."""
    return None if context.before is None else cast("Held | str | None", context.before.versions.get(key))


def _unprunable(service: Service, kinds: frozenset[Kind]) -> dict[Kind, str]:
    """The kinds of which what is found may not be Airflow's, and why."""
    found = {}
    for kind in kinds:
        ours = service.beginnings(kind)
        others = [beginning for other in kinds - {kind} for beginning in service.beginnings(other)]
        if not all(_SAYS_SOMETHING.search(beginning) for beginning in ours):
            found[kind] = f"without a prefix, any secret here may be taken for one of Airflow's {kind.value}"
        elif any(beginning in others for beginning in ours):
            found[kind] = f"{kind.value} have the prefix of another kind here, and may be taken for one another"
    return found
