"""The inputs and results that all formats share."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeVar

from airconn.errors import BlockedError, InputError, InputErrors
from airconn.formats.format_option import FormatOption
from airconn.formats.json_breaks import break_of
from airconn.model import (
    ALL_KINDS,
    NEWEST,
    AirflowObject,
    AirflowVersion,
    BeyondPythonError,
    Bundle,
    Connection,
    Kind,
    Origin,
    Rules,
    Text,
    field_values,
    hidden_fields,
    rules_for,
    value_fields,
)
from airconn.model.own_references import PREFIX, own_reference
from airconn.model.reading import FoundUri, Key, Note, Reading

UNSET_COMES_BACK_EMPTY = "is not set, and comes back as an empty text"

T = TypeVar("T", bound=AirflowObject)
ConnectionFormat = Literal["json", "uri"]

IsUnchanged = Callable[[AirflowObject, AirflowObject], bool]
"""Whether the object of a file and the one that it would hold after a change are the same for the source."""

StoredForm = Callable[[AirflowObject], AirflowObject | None]
"""Gives the form in which a text gives back an object that was written into it. None if it can't hold the object."""


class FormatValues:
    """The values of the options that formats declare."""

    __slots__ = ()
    values: Mapping[str, str]
    """The values by the names of the options."""

    def value(self, option: FormatOption) -> str | None:
        """The value of an option, or its default."""
        return self.values.get(option.name, option.default)


@dataclass(frozen=True, slots=True)
class ReadOptions(FormatValues):
    """How a text is read."""

    airflow: AirflowVersion = NEWEST
    """The Airflow that the objects are for. Where versions differ, the text is read as this version reads it."""
    kind: Kind | None = None
    """The kind of a text of one kind, where neither its name nor its content tells."""
    likely: Kind | None = None
    """The kind that a text of one kind most likely holds, where its name doesn't tell."""
    values: Mapping[str, str] = field(default_factory=dict)
    keeps_uris: bool = False
    """Whether the Reading gets the texts of URIs, which `check` needs."""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    """The environment that references in a text may name."""

    @property
    def rules(self) -> Rules:
        return rules_for(self.airflow)


@dataclass(frozen=True, slots=True)
class WriteOptions(FormatValues):
    """How a bundle is written."""

    airflow: AirflowVersion = NEWEST
    kinds: frozenset[Kind] = ALL_KINDS
    """The kinds that were chosen. They decide the shape of JSON and YAML, not the objects that there are."""
    values: Mapping[str, str] = field(default_factory=dict)

    def with_value(self, option: FormatOption, value: str) -> WriteOptions:
        return replace(self, values={**self.values, option.name: value})

    @property
    def rules(self) -> Rules:
        return rules_for(self.airflow)


@dataclass(frozen=True, slots=True)
class Loss:
    """A field that a format can't hold of an object. `field` is empty where the format can't hold the object."""

    kind: Kind
    id: str
    field: str
    message: str
    is_of_kind: bool = False
    """Whether the format can't hold any object of the kind."""
    is_usual: bool = False
    """Whether it happens to every export from an Airflow, such as that of the default pool to a `.env`."""

    @property
    def is_minor(self) -> bool:
        """Whether only a verbose run tells it, because it matters to few."""
        return self.is_usual or self.message == UNSET_COMES_BACK_EMPTY

    @property
    def note(self) -> Note:
        """The loss as a note on the object."""
        return Note(f"{self.kind.value}/{self.id}", f"{self.field} {self.message}".lstrip(), is_minor=self.is_minor)


def loss_notes(obj: AirflowObject, lost: Mapping[str, str]) -> tuple[Note, ...]:
    """The notes on the fields of an object that a text doesn't hold, and what happens to them."""
    return tuple(Loss(obj.kind, obj.id, name, why).note for name, why in lost.items())


def detail_notes(obj: AirflowObject, changed: Mapping[str, str]) -> tuple[Note, ...]:
    """The notes on what comes back in another form and means the same. Only a verbose run tells them."""
    name = f"{obj.kind.value}/{obj.id}"
    return tuple(Note(name, f"{field} {how}", is_detail=True) for field, how in changed.items())


@dataclass(frozen=True, slots=True)
class Rendered:
    """A bundle as text, and the losses: what the text doesn't hold."""

    text: str
    losses: tuple[Loss, ...] = ()
    notes: tuple[Note, ...] = ()


@dataclass(slots=True)
class Faults:
    """Collects the faults of a text, so that all of them are reported at once."""

    errors: list[InputError] = field(default_factory=list)

    def add(self, message: str, origin: Origin, hint: str | None = None) -> None:
        self.errors.append(InputError(message, where=str(origin), hint=hint))

    def take(self, error: InputError) -> None:
        """Adds an error, or each of several in one `InputErrors`."""
        self.errors += errors_of(error)

    def check(self) -> None:
        """Raises `InputErrors` if there were any."""
        if self.errors:
            raise InputErrors(tuple(self.errors))


def errors_of(error: InputError) -> tuple[InputError, ...]:
    """The errors in an `InputErrors`, or the single error itself."""
    return error.errors if isinstance(error, InputErrors) else (error,)


def reading(
    objects: Iterable[AirflowObject],
    faults: Faults,
    notes: Iterable[Note] = (),
    *,
    ignored: int = 0,
    kinds: frozenset[Kind] = ALL_KINDS,
    uris: Iterable[FoundUri] | None = None,
) -> Reading:
    """The Reading of what a reader found, with faults for duplicate ids and texts that can't be encoded added."""
    found = tuple(objects)
    errors = [*faults.errors, *_unencodable(found)]
    try:
        bundle = Bundle.of(found)
    except InputErrors as error:
        errors += error.errors
        bundle = Bundle.of({(obj.kind, obj.id): obj for obj in reversed(found)}.values())
    return Reading(bundle, tuple(notes), tuple(errors), ignored, kinds, found=found, uris=tuple(uris or ()))


def holdable(bundle: Bundle, options: WriteOptions) -> tuple[Bundle, list[Loss]]:
    """`bundle` without the fields that Airflow reads from no format, and these as losses.

    An extra that isn't a JSON object makes Airflow 3 refuse a whole file (3.x `Connection._validate_extra`), and an
    empty password counts as not set (`Connection.set_password`). Raises `InputErrors` for half characters.
    """
    Faults(_unencodable(bundle)).check()
    lost = {id_: whys for id_, obj in bundle.connections.items() if (whys := _unholdable(obj, options.rules))}
    losses = [Loss(Kind.CONNECTIONS, id_, field, why) for id_, whys in lost.items() for field, why in whys.items()]

    def without(obj: AirflowObject) -> AirflowObject:
        return replace(obj, **dict.fromkeys(lost.get(obj.id, ()))) if isinstance(obj, Connection) else obj  # type: ignore[arg-type]

    return (bundle.map(without), losses) if lost else (bundle, losses)


def holdable_part(obj: T, options: WriteOptions) -> T:
    """`obj` without the fields that Airflow reads from no format. Its texts must be encodable."""
    lost = _unholdable(obj, options.rules) if isinstance(obj, Connection) else {}
    return replace(obj, **dict.fromkeys(lost)) if lost else obj  # type: ignore[arg-type]


def _unholdable(connection: Connection, rules: Rules) -> dict[str, str]:
    """The fields of a connection that Airflow reads from no format, and why."""
    reasons: dict[str, str] = {}
    if fault := extra_fault(connection, rules):
        reasons["extra"] = f"{fault}: left out"
    if connection.password == "":
        reasons["password"] = "is an empty text, and comes back as not set"  # noqa: S105
    return reasons


def extra_fault(connection: Connection, rules: Rules) -> str:
    """Why the Airflow of `rules` refuses this extra (`Connection._validate_extra`). Empty if it takes it."""
    extra = connection.extra
    if not isinstance(extra, Text) or not extra.text:
        return ""
    if extra.text.startswith(PREFIX) and extra.text == own_reference(Kind.CONNECTIONS, connection.conn_id, "extra"):
        return ""
    try:
        is_object = extra.is_object()
    except BeyondPythonError:
        return "has a number that is too long, or is nested too deep, for Airflow"
    if rules.extra_is_object and not is_object:
        place = break_of(extra.text)
        breaks = f": its JSON breaks {place}" if place else ""
        return f"is not a JSON object, and Airflow {rules.version} accepts nothing else{breaks}"
    return ""


def _unencodable(objects: Iterable[AirflowObject]) -> list[InputError]:
    """The faults for texts with half a character, which JSON can write but no database or file can hold."""
    return [
        InputError(
            f"{obj.kind.value}/{quoted(obj.id)}: {reason}",
            where=str(obj.origin),
            hint="\\ud800 to \\udfff are only valid in pairs",
        )
        for obj in objects
        if not _is_encodable((obj.id, *field_values(obj)))
        for reason in half_characters(obj)
    ]


def half_characters(obj: AirflowObject) -> Sequence[str]:
    """A message for each text of an object that no file or database can hold."""
    if _is_encodable(values := (obj.id, *field_values(obj))):
        return ()
    names = ("id", *value_fields(obj.kind))
    return [
        f"{name} has half a character (a lone surrogate) in it"
        for name, value in zip(names, values, strict=True)
        if not _is_encodable((value,))
    ]


def _is_encodable(values: tuple[object, ...]) -> bool:
    found = [value.text if isinstance(value, Text) else value for value in values]
    text = "\n".join([value for value in found if isinstance(value, str)])
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def quoted(text: str) -> str:
    """A text for use within a line: printable ASCII, with escapes for all else."""
    return json.dumps(text)[1:-1]


def show_key(key: str) -> str:
    """A key for a message. A key that doesn't look like a name may be a misplaced value, and isn't quoted."""
    return repr(key) if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,79}", key) else "a key"


def hidden_comments(bundle: Bundle) -> str:
    """Comment lines that name the fields written as `***` in the text below."""
    lines = [
        f"# hidden by the source, written as ***: {obj.kind.value}/{quoted(obj.id)} {quoted(', '.join(hidden))}\n"
        for obj in bundle
        if (hidden := hidden_fields(obj))
    ]
    return "".join(lines)


def losses_of_kinds(bundle: Bundle, kinds: Iterable[Kind], format_name: str) -> list[Loss]:
    """The losses of a format that can't hold objects of `kinds`."""
    return [
        Loss(kind, id_, "", f"the {format_name} format holds no {kind.value}", is_of_kind=True)
        for kind in kinds
        for id_ in bundle.of_kind(kind)
    ]


def verify_edit(
    read: Callable[[], Bundle],
    before: Bundle,
    changes: Mapping[Key, AirflowObject | None],
    expected: Mapping[Key, AirflowObject],
) -> None:
    """Raises `BlockedError` unless an edited file reads as before, except for the changes.

    An edit of text can go wrong in unforeseen ways, and would destroy secrets. `read` reads the new text, and
    `expected` are the objects that were written, in the form in which they are read back.
    """
    try:
        after = read()
    except InputError:
        raise not_in_place() from None
    others = {(obj.kind, obj.id): obj for obj in before if (obj.kind, obj.id) not in changes}
    gone = [key for key, wanted in changes.items() if wanted is None]
    if any(after.get(*key) != obj for key, obj in {**others, **expected}.items()) or any(
        after.get(*key) for key in gone
    ):
        raise not_in_place()


def not_in_place() -> BlockedError:
    """The error for a file that can't be changed without changing something else in it."""
    return BlockedError(
        "the file can't be changed in place without changing something else in it",
        hint="change it by hand, or write a new file: airconn convert --replace",
    )
