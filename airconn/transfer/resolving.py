"""Replaces references in objects by the values that they name: `env:`, `file:`, `ref:` and `op://`.

A value is asked for once in a run, and a place is read once for all that is needed of it. What a reference brings is
never looked at for further references.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from airconn.errors import AirconnError, BlockedError, InputError, InputErrors, TargetError
from airconn.formats import secret_values
from airconn.model import NEWEST, AirflowObject, AirflowVersion, Bundle, Connection, Kind, Rules, rules_for
from airconn.model.placeholders import all_placeholders
from airconn.model.reference_forms import ReferenceKind, reference_kind
from airconn.model.references import WHOLE, FoundReference, almost_references, references
from airconn.model.sensitive import is_sensitive_place
from airconn.override import edit
from airconn.override.allowed import Allowed
from airconn.override.overrides import Given, Settled
from airconn.override.places import FieldPlace
from airconn.override.references import ObjectReference, parse, shown
from airconn.override.values import Surroundings, Value
from airconn.quoting import some
from airconn.transfer.places import Places
from airconn.transfer.referred_places import ReferredPlaces
from airconn.transfer.referred_values import LocalValues


@dataclass(frozen=True, slots=True, repr=False)
class Asked:
    """A reference that is to be resolved, and where it is."""

    text: str
    kind: ReferenceKind
    where: str
    """The file and the line."""
    name: str
    """The leaf, such as `connections/x.password`."""
    literal: str = ""
    """The same, as `--literal` names it. Empty for a text that isn't in a source."""
    whole: Kind | None = None
    """The kind of the object that the reference is as a whole."""


Got: TypeAlias = str | AirflowObject | AirconnError
"""What a reference gave: a text, a whole object, or why it gave nothing."""


class References:
    """The values of references, each of which is asked for once. Threads may share it."""

    def __init__(self, places: Places, allowed: Allowed, surroundings: Surroundings) -> None:
        self.allowed = allowed
        self._places = places
        self._local = LocalValues(allowed, surroundings, places.config.credential_names(), self._seconds_left)
        self._referred = ReferredPlaces(places, allowed)
        self._got: dict[tuple[str, Rules], Got] = {}
        self._lock = threading.RLock()

    def _seconds_left(self) -> float | None:
        deadline = self._places.deadline
        return None if deadline is None else deadline - time.monotonic()

    def follow(self, bundle: Bundle, settled: Settled, given: Sequence[Given], airflow: AirflowVersion) -> Bundle:
        """`bundle` with the allowed references replaced, except at leaves in `settled`, which are set afterwards.

        Values in `given` that are in other places are got as well, for `value`. Raises `InputErrors` for references
        that lead nowhere, `TargetError` where a place can't be reached, and `BlockedError` where it hides the value
        or may not be asked.
        """
        found = {
            (obj.kind, obj.id): [each for each in references(obj) if not _is_settled(obj, each, settled)]
            for obj in bundle
        }
        self._tell_of_others(bundle, found)
        self._tell_of_faulty(bundle)
        asked = [
            _asked(obj, each) for obj in bundle for each in found[obj.kind, obj.id] if each.kind in self.allowed.kinds
        ]
        rules = rules_for(airflow)
        self._get([*asked, *(each for given_ in given if (each := self._given(*given_)))], airflow, rules)

        def resolved(obj: AirflowObject) -> AirflowObject:
            for each in found[obj.kind, obj.id]:
                if each.kind in self.allowed.kinds:
                    obj = _with(obj, each, self._got[each.text, rules], rules)
            return obj

        return bundle.map(resolved)

    def allows(self, text: str) -> bool:
        """Whether a text is a reference to another place that the user allows."""
        return self._given(text, "") is not None

    def allows_any(self, text: str) -> bool:
        """Whether a text is a reference that the user allows, `env:` and `file:` among them."""
        return reference_kind(text) in self.allowed.kinds

    def value(self, text: str, where: str) -> str | None:
        """The value of a reference in an overlay or an option. None for other texts, and raises as `follow`."""
        asked = self._given(text, where)
        return None if asked is None else self._text(asked)

    def any_value(self, text: str, where: str) -> str | None:
        """The value of a reference in a file that only a project names, where all need the user's permission."""
        kind = reference_kind(text)
        return self._text(Asked(text, kind, where, "")) if kind in self.allowed.kinds else None

    def _text(self, asked: Asked) -> str | None:
        known = next((got for (text, _), got in self._got.items() if text == asked.text), None)
        if isinstance(known, str) and _error_of(asked, known) is None:
            return known
        self._get([asked], NEWEST, rules_for(NEWEST))
        got = self._got[asked.text, rules_for(NEWEST)]
        return got if isinstance(got, str) else None

    def _given(self, text: str, where: str) -> Asked | None:
        kind = reference_kind(text)
        if kind in (ReferenceKind.REF, ReferenceKind.OP) and kind in self.allowed.kinds:
            return Asked(text, kind, where, "")
        return None

    def _get(self, asked: Sequence[Asked], airflow: AirflowVersion, rules: Rules) -> None:
        """Gets what isn't known yet. What can be judged without a network is judged first."""
        with self._lock:
            self._get_new(asked, airflow, rules)

    def _get_new(self, asked: Sequence[Asked], airflow: AirflowVersion, rules: Rules) -> None:
        new = {each.text: each for each in asked if (each.text, rules) not in self._got}
        objects: dict[str, ObjectReference] = {}
        for text, each in new.items():
            if each.kind is ReferenceKind.REF:
                try:
                    objects[text] = parse(text)
                except InputError as error:
                    self._got[text, rules] = error
            elif each.kind is not ReferenceKind.OP:
                self._got[text, rules] = self._local.get(each.kind, text, each.where)
        self._refuse(asked, rules)
        of_op = [text for text, each in new.items() if each.kind is ReferenceKind.OP]
        self._got |= {(text, rules): got for text, got in self._local.of_one_password(of_op)}
        by_address: defaultdict[str, dict[str, ObjectReference]] = defaultdict(dict)
        for text, reference in objects.items():
            by_address[reference.address][text] = reference
        for address, wanted in by_address.items():
            first = new[next(iter(wanted))]
            found = self._referred.read(address, wanted, first.where, airflow)
            self._got |= {(text, rules): got for text, got in found.items()}
        self._refuse(asked, rules)

    def _refuse(self, asked: Sequence[Asked], rules: Rules) -> None:
        """Raises the errors of these references, if there are any yet."""
        faults = [
            (each, error)
            for each in asked
            if (error := _error_of(each, self._got.get((each.text, rules), ""))) is not None
        ]
        wrong = tuple(_told(each, error) for each, error in faults if isinstance(error, InputError))
        if wrong:
            raise InputErrors(tuple(error for error in wrong if isinstance(error, InputError)))
        others = sorted(faults, key=lambda fault: not isinstance(fault[1], TargetError))
        if others:
            same = [_told(each, error) for each, error in others if error is others[0][1]]
            names = [each.name for each, error in others if error is others[0][1]]
            first = same[0] if len(same) == 1 else _told(replace(others[0][0], name=some(names)), others[0][1])
            rest = len(others) - len(same)
            first.message += f" (and {rest} more that can't be followed)" if rest else ""
            raise first

    def _tell_of_others(self, bundle: Bundle, found: Mapping[tuple[Kind, str], Sequence[FoundReference]]) -> None:
        """Says which references `--resolve` doesn't allow, unless another message does."""
        names: list[str] = []
        kinds: set[str] = set()
        for obj in bundle:
            others = [each for each in found[obj.kind, obj.id] if each.kind not in self.allowed.kinds]
            told = {(each.field, each.path) for each in all_placeholders(obj)} if others else set()
            for each in others:
                if (each.field, each.path) not in told:
                    names.append(f"{obj.kind.value}/{obj.id}.{each.name}")
                    kinds.add(each.kind.value)
        if names and self._places.config.consent:
            self._places.config.consent.tell(
                f"{some(names)}: taken as text, because --resolve doesn't allow {', '.join(sorted(kinds))}"
            )

    def _tell_of_faulty(self, bundle: Bundle) -> None:
        """Says which texts begin like references that `--resolve` allows, and aren't any."""
        found = [
            (f"{obj.kind.value}/{obj.id}.{name}", kind)
            for obj in bundle
            for name, kind in almost_references(obj)
            if kind in self.allowed.kinds
        ]
        if found and self._places.config.consent:
            kinds = ", ".join(sorted({f"{kind.value}:" for _, kind in found}))
            self._places.config.consent.tell(
                f"{some([name for name, _ in found])}: begins with {kinds}, but is not a reference; taken as text "
                "(airconn help references)"
            )


def _is_settled(obj: AirflowObject, found: FoundReference, settled: Settled) -> bool:
    """Whether a leaf, or all that it is in, is set afterwards."""
    return not found.is_whole and any(
        (obj.kind, obj.id, found.field, found.path[:end]) in settled for end in range(len(found.path) + 1)
    )


def _asked(obj: AirflowObject, found: FoundReference) -> Asked:
    own = f"{obj.kind.value}/{obj.id}"
    is_value = obj.kind is Kind.VARIABLES and not found.path
    return Asked(
        found.text,
        found.kind,
        str(obj.origin),
        own if found.is_whole or is_value else f"{own}.{found.name}",
        f"{own}.{found.name}",
        Kind.CONNECTIONS if found.is_whole else None,
    )


def _error_of(asked: Asked, got: Got) -> AirconnError | None:
    """Why a reference gives no value where it is. None if it gives one, or wasn't followed yet."""
    if isinstance(got, AirconnError):
        return got
    if isinstance(got, str):
        if reference_kind(got) in (ReferenceKind.REF, ReferenceKind.OP):
            return BlockedError("the value there is a reference itself, and these are followed once only")
        return None
    if got.kind is not asked.whole:
        return InputError(
            f"that is a whole {got.kind.singular}, not a value",
            hint="name a field of it, such as #password",
            topic="references",
        )
    return None


def _told(asked: Asked, error: AirconnError) -> AirconnError:
    """The error of a reference, with the place of the reference and that to which it leads."""
    hint = error.hint
    if isinstance(error, InputError) and asked.literal:
        hint = hint or f"--literal {asked.literal} takes the text itself as the value (airconn help references)"
    parts = (asked.name, shown(asked.text), error.where if error.where != asked.where else "", error.message)
    return type(error)(": ".join(part for part in parts if part), where=asked.where, hint=hint)


def _with(obj: AirflowObject, found: FoundReference, got: Got, rules: Rules) -> AirflowObject:
    """`obj` with what a reference gave in its place."""
    where = str(obj.origin)
    place = FieldPlace(obj.kind, obj.id, found.field, found.path)
    if isinstance(got, AirconnError):
        raise got
    if found.is_whole and isinstance(obj, Connection):
        other = _connection(obj, found, got, rules) if isinstance(got, str) else got
        if not isinstance(other, Connection):
            raise TypeError("a whole connection is one")
        return replace(other, conn_id=obj.id, origin=obj.origin, elsewhere=frozenset({(WHOLE, ())}))
    if not isinstance(got, str):
        raise TypeError("a leaf is a text")
    if not got and is_sensitive_place(obj, found.field, found.path):
        raise InputError(f"{place}: {shown(found.text)}: this secret is empty", where=where)
    changed = edit.with_value(obj, place, Value(got, adapts=False), where)
    return edit.marked(edit.checked(changed, found.field, rules, where), found.field, (found.path,))


def _connection(obj: Connection, found: FoundReference, text: str, rules: Rules) -> AirflowObject:
    """The connection in the text that a reference has brought. Raises `InputError`, which quotes nothing of it."""
    try:
        return secret_values.read_text(Kind.CONNECTIONS, obj.id, text, rules, obj.origin)
    except InputError as error:
        reason = error.message.removeprefix(f"{obj.id}: ").replace("this secret", "the value there")
        raise InputError(
            f"connections/{obj.id}: {shown(found.text)}: {reason}", where=str(obj.origin), hint=error.hint
        ) from None
