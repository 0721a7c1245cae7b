"""A secrets backend of Airflow as a place: reads what Airflow finds there, and writes what Airflow reads."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import TypeVar, cast

from airconn.errors import AirconnError, InputError
from airconn.formats import connection_uri
from airconn.formats.base import extra_fault
from airconn.model import (
    ALL_KINDS,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Origin,
    Outcome,
    Selection,
    Step,
    Variable,
    rules_for,
)
from airconn.model.reading import Key, Note, Reading
from airconn.patterns import pattern
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.health import Health, HealthCheck, HealthQuestions, failed
from airconn.stores.in_parallel import in_order
from airconn.stores.secrets.codec import Codec, stored
from airconn.stores.secrets.service import Foreign, Held, Service, owned_by
from airconn.stores.secrets.writing import SecretWriter, found_before, notes_of_losses

T = TypeVar("T", bound=AirflowObject)

SECRET_KINDS = ALL_KINDS - {Kind.POOLS}
"""The kinds that a secrets backend of Airflow can hold."""

_SAYS_SOMETHING = pattern(r"[^\W_]")
"""A character that a prefix needs to set its secrets apart from others."""


@dataclass(slots=True)
class Finds:
    """The findings of a read so far."""

    owners: dict[str, Key]
    """The object that each secret belongs to, by the shared name of the objects that could have it."""
    objects: list[AirflowObject] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passed_over: dict[Key, str] = field(default_factory=dict)
    versions: dict[Key, Held | str] = field(default_factory=dict)
    """The secrets for later updates, whose values have only the parts that Airflow doesn't read. A text says why a
    secret isn't touched."""


class SecretStore(Store):
    """The common base of all secrets backends. A subclass has the capabilities and the service."""

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
        self._let_in = Event()

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        return Description(self._service.describe(), kinds=self.capabilities.kinds)

    def health(self, questions: HealthQuestions, context: Context) -> Iterator[HealthCheck]:
        """Whether the service answers and accepts the credentials, and whether each kind can be listed."""
        area = "Backend"
        try:
            self._service.knock(next(kind for kind in Kind if kind in self.capabilities.kinds))
        except AirconnError as error:
            yield failed(area, "access", error)
            return
        yield HealthCheck(area, "access", Health.FINE, f"{self._service.describe()} accepts the credentials")
        for kind in (kind for kind in Kind if kind in self.capabilities.kinds):
            try:
                is_empty = next(iter(self._service.ids(kind)), None) is None
            except AirconnError as error:
                yield HealthCheck(area, kind.value, Health.WARNING, error.message, error.hint or "")
                continue
            found = "none are there" if is_empty else "there are some"
            yield HealthCheck(area, kind.value, Health.FINE, f"you may list them; {found}")
        rights = "what you may read and write shows only in a read or a write"
        yield HealthCheck(area, "rights", Health.UNKNOWN, rights)

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
        """The selected secrets. Those that are selected by their ids aren't looked for in a list."""
        if selection.ids is None:
            yield from self._service.fetch(kind, partial(selection.wants, kind))
            return
        ids = sorted(id_ for its_kind, id_ in selection.ids if its_kind is kind and selection.wants(kind, id_))
        named = (id_ for id_ in ids if not self.capabilities.ids.refusal(id_))
        for found in in_order(partial(self._service.attempt, kind), named, self._service.parallel):
            if found is not None:
                yield found

    def _take_in(self, kind: Kind, secret: Held | Foreign, context: Context, finds: Finds) -> None:
        """Adds an object to the findings, or the reason why Airflow reads none from a secret."""
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
        """The objects that were read, by the shared name of the objects that could have their secret.

        Empty for a place whose names tell the ids: there each object has a secret of its own.
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
            why = "can't be in a secrets backend" if obj.kind is Kind.POOLS else "has no prefix here"
            return (f"a {obj.kind.singular} {why}",)
        found = [reason] if (reason := self.capabilities.ids.refusal(obj.id)) else []
        if not obj.id:
            found.append("it has no id")
        if reason := self._unencodable(obj, context):
            return (*found, reason)
        try:
            size = len(self._text(obj).encode())
        except UnicodeEncodeError:
            # Some servers would silently replace the character.
            return (*found, "it has half a character (a lone surrogate), which is not UTF-8 text")
        largest = self.capabilities.largest
        if largest is not None and size > largest:
            found.append(f"it is larger than the {largest} bytes that are allowed")
        return tuple(found)

    def _text(self, obj: AirflowObject) -> str:
        """The secret of an object, in the form whose bytes the service counts."""
        return str(self._codec.encode(cast("Connection | Variable", obj)))

    def _unencodable(self, obj: AirflowObject, context: Context) -> str:
        """Why an object can't be written so that Airflow reads it. Empty if it can."""
        if not isinstance(obj, Connection):
            return ""
        if fault := extra_fault(obj, rules_for(context.airflow)):
            return f"its extra {fault}"
        if self._codec.connection_format == "uri" and not connection_uri.is_writable(obj):
            return "its conn_type can't be written in a URI"
        try:
            stored(self._codec, obj, rules_for(context.airflow))
        except InputError:
            return "Airflow couldn't read it from a secret"
        return ""

    def quick_ids(self, kinds: frozenset[Kind], context: Context = DEFAULT_CONTEXT) -> frozenset[Key]:
        """The ids of all objects, which the service lists without their values."""
        return frozenset((kind, id_) for kind in kinds & self.capabilities.kinds for id_ in self._service.ids(kind))

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        reason = found_before((step.kind, step.id), context)
        if step.action is not Action.CREATE or not isinstance(reason, str):
            return ""
        return f"a secret of its name exists that is not a {step.kind.singular} ({reason})"

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        rules = rules_for(context.airflow)
        ours = (step for step in steps if step.kind in self.capabilities.kinds)
        return [note for step in ours for note in notes_of_losses(step, self._codec, rules)]

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        by_name = self._keys_by_name(context.before)
        return SecretWriter(self, self._service, self._codec, context, by_name, self._let_in).write(steps)

    def close(self) -> None:
        self._service.close()


def _unprunable(service: Service, kinds: frozenset[Kind]) -> dict[Kind, str]:
    """The kinds whose secrets may not be Airflow's, and why."""
    found = {}
    for kind in kinds:
        ours = service.beginnings(kind)
        others = [beginning for other in kinds - {kind} for beginning in service.beginnings(other)]
        if not all(_SAYS_SOMETHING.search(beginning) for beginning in ours):
            found[kind] = f"without a prefix, any secret here may be read as one of Airflow's {kind.value}"
        elif any(beginning in others for beginning in ours):
            found[kind] = f"{kind.value} have the prefix of another kind here, and may be mistaken for each other"
    return found
