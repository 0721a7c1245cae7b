"""Carries out `edit`: gives objects of a place as text, and imports what was changed in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import starmap

from airconn import formats
from airconn.errors import InputError, InputErrors, UsageError
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.yaml_readings import RULE
from airconn.model import (
    ALL_KINDS,
    NEWEST,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Selection,
    Text,
    field_values,
    jsontext,
    matches,
)
from airconn.model.ambiguity_warnings import warnings
from airconn.model.reading import Note, Reading
from airconn.override.edit import with_tree
from airconn.plan import Policy
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.file import FileStore
from airconn.stores.saving import refuse_unwritable
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import nearest, suggestions
from airconn.transfer.engine import Events, Host, import_objects
from airconn.transfer.importing import Import, OpenedImport, refuse_read_only
from airconn.transfer.new_connections import new_connection_text
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.request_parts import AS_THEY_TELL, ObjectChanges, SourceFormat
from airconn.transfer.requests import Conduct, ImportRequest
from airconn.transfer.showing import find, parse_name

NAME = "edited.yaml"
"""The name of the text in messages."""
_HEAD = """\
# Save and close to see the plan; an unchanged text changes nothing.
# *** is a hidden value, and stays. Removing an object here doesn't delete it.
"""
_EXTRA = "    extra: "
_EMPTY_SECTION = re.compile(r"^(?:connections|variables|pools): \{\}\n", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class EditRequest:
    """Which objects of which place to edit."""

    names: tuple[str, ...]
    """The objects, each KIND/ID or an id that one of the selected kinds has. Without any, all that are selected."""
    place: str | None = None
    """The address of the place, if it isn't the one of the configuration."""
    source_format: SourceFormat = AS_THEY_TELL
    selection: Selection = field(default_factory=Selection)
    airflow: AirflowVersion | None = None
    new_type: str | None = None
    """The conn_type of a connection to create, instead of objects that are there."""
    fills: tuple[str, ...] = ()
    """The addresses that show what the place hides."""
    literal_masks: tuple[str, ...] = ()
    """The places at which a `***` or a placeholder is the value itself."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The text to edit, and what an import of it needs."""

    target: Store
    place: str | None
    """The address of the place, as it was given."""
    airflow: AirflowVersion
    text: str = field(repr=False)
    given: Bundle
    """The objects of the unchanged text."""
    held: Bundle
    """The same objects as the place has them."""
    notes: tuple[Note, ...] = ()
    fills: tuple[Store, ...] = ()
    """The places that show what the place hides."""
    literal_masks: tuple[str, ...] = ()
    is_new: bool = False
    """Whether it is a connection that must not be there yet."""

    @property
    def is_encrypted(self) -> bool:
        """Whether the place is a file that SOPS has encrypted, so that its values may not come to a disk."""
        return isinstance(self.target, FileStore) and self.target.sealed_text() is not None


@dataclass(frozen=True, slots=True)
class Edited:
    """The objects that were changed in a text."""

    objects: Bundle
    removed: tuple[str, ...] = ()
    """The objects that the text lacks, each as KIND/ID."""


def draft(request: EditRequest, places: Places) -> Draft:
    """The text to edit. Raises as `showing.find` does, and `UsageError` for a place that can't be written to."""
    target = places.open_target(request.place, request.source_format)
    refuse_read_only(target)
    if isinstance(target, FileStore) and target.path is not None:
        refuse_unwritable(target.path)
    context = places.context(request.airflow or NEWEST)
    airflow = request.airflow or reported_reads.airflow_of(target, context)
    context = places.context(airflow)
    if request.new_type is not None:
        id_ = _new_id(request)
        text = new_connection_text(request.new_type, id_)
        return Draft(
            target, request.place, airflow, text, Bundle(), Bundle(), literal_masks=request.literal_masks, is_new=True
        )
    if isinstance(target, FileStore):
        # As a target of a write, so that references in it are kept.
        context = replace(context, writes=ALL_KINDS)
    held, notes = _found(target, request, context)
    options = WriteOptions(airflow, ALL_KINDS)
    rendered = formats.get_format("yaml").render(held, options)
    if rendered.losses:
        lost = rendered.losses[0]
        raise UsageError(
            f"{lost.kind.value}/{lost.id} can't be edited as text: {lost.field} {lost.message}".replace("  ", " "),
            hint="airconn set changes a single field of it",
        )
    text = _HEAD + _with_json_in_lines(_EMPTY_SECTION.sub("", rendered.text))
    fills = tuple(places.open_fills(request.fills, request.source_format))
    return Draft(
        target, request.place, airflow, text, _parsed(text, airflow), held, notes, fills, request.literal_masks
    )


def _found(target: Store, request: EditRequest, context: Context) -> tuple[Bundle, tuple[Note, ...]]:
    """The objects to edit, and the notes on the read."""
    if request.names:
        found = find(target, request.names, request.selection.kinds, context)
        return Bundle.of(found.objects), found.reading.notes
    reading = reported_reads.read(target, request.selection, context)
    keys = [(obj.kind, obj.id) for obj in reading.bundle]
    for glob in request.selection.include:
        if not any(matches(glob, *key) for key in keys):
            near = nearest(glob.strip("*?"), suggestions([target], request.selection.kinds, context))
            hint = f"did you mean {near[0]}?" if near else "airconn list shows the ids"
            raise InputError(f"--include {glob!r} matches nothing", where=target.address, hint=hint)
    if not keys:
        raise InputError("it holds nothing that is selected", where=target.address)
    return reading.bundle, reading.notes


def _new_id(request: EditRequest) -> str:
    if len(request.names) > 1:
        raise UsageError("--new makes one connection", hint="write one ID, or none and set it in the editor")
    for name in request.names:
        kinds, id_ = parse_name(name, frozenset({Kind.CONNECTIONS}))
        if kinds != (Kind.CONNECTIONS,):
            raise UsageError("--new makes a connection", where=name, hint="airconn set creates variables and pools")
        return id_
    return f"new_{request.new_type}"


def _with_json_in_lines(text: str) -> str:
    """The text with each extra in several lines, as people write JSON.

    An extra is a quoted text in one line there, four spaces deep in the section of connections, which comes first.
    """
    import yaml

    lines = text.splitlines(keepends=True)
    end = next((number for number, line in enumerate(lines) if re.match("variables:|pools:", line)), len(lines))
    for number in range(end):
        if not lines[number].startswith(_EXTRA):
            continue
        held = yaml.safe_load(lines[number][len(_EXTRA) :])
        try:
            tree = jsontext.loads(held) if isinstance(held, str) else None
        except ValueError:
            tree = None
        if isinstance(tree, dict) and tree:
            block = jsontext.dumps(tree, indent=2).splitlines()
            lines[number] = "".join(f"{line}\n" for line in (f"{_EXTRA}|-", *(f"      {line}" for line in block)))
    return "".join(lines)


def _parsed(text: str, airflow: AirflowVersion) -> Bundle:
    return formats.get_format("yaml").parse(text, NAME, ReadOptions(airflow)).bundle


def changes_in(text: str, draft: Draft) -> Edited:
    """The objects that differ from those of the unchanged text. Raises `InputErrors` with the lines of all faults."""
    bundle = _parsed(text, draft.airflow) if _says_something(text) else Bundle()
    known = {(obj.kind, obj.id): obj for obj in draft.given}
    changed = [obj for obj in bundle if _differs(known.get((obj.kind, obj.id)), obj)]
    if draft.is_new and any(obj.kind is not Kind.CONNECTIONS for obj in bundle):
        raise InputError(
            "only a connection can be created here", where=NAME, hint="airconn set creates variables and pools"
        )
    _refuse_mistakable(changed)
    removed = tuple(f"{kind.value}/{id_}" for kind, id_ in known if bundle.get(kind, id_) is None)
    return Edited(Bundle.of(_in_old_style(obj, draft.held) for obj in changed), removed)


def _refuse_mistakable(objects: Sequence[AirflowObject]) -> None:
    """Raises `InputErrors` for values that YAML makes another value of, such as 1.50 and yes.

    The text that airconn wrote has none of these: they were typed, and meant as they are written.
    """
    faults = [
        InputError(
            f"{obj.kind.value}/{obj.id}: {found.field}: {found.message}",
            where=f"{NAME}:{found.line or obj.origin.line}",
            hint=found.way_out,
        )
        for obj in objects
        for found in obj.ambiguities
        if found.rule == RULE
    ]
    if faults:
        raise InputErrors(tuple(faults))


def _says_something(text: str) -> bool:
    return any(line.strip() and not line.lstrip().startswith("#") for line in text.splitlines())


def _differs(given: AirflowObject | None, obj: AirflowObject) -> bool:
    return given is None or field_values(given) != field_values(obj)


def _in_old_style(obj: AirflowObject, held: Bundle) -> AirflowObject:
    """`obj` with the text of its extra as the place has it, changed only where its JSON was changed."""
    before = held.get(obj.kind, obj.id)
    if not isinstance(obj, Connection) or not isinstance(before, Connection):
        return obj
    if not isinstance(obj.extra, Text) or not isinstance(before.extra, Text):
        return obj
    try:
        tree, old = obj.extra.value(), before.extra.value()
    except ValueError:
        return obj
    if not isinstance(tree, dict) or not isinstance(old, dict):
        return obj
    changed = with_tree(before, "extra", tree, NAME)
    return replace(obj, extra=changed.extra) if isinstance(changed, Connection) else obj


def import_edited(
    draft: Draft,
    edited: Edited,
    places: Places,
    conduct: Conduct,
    host: Host,
    expect: Callable[[Import], None],
) -> Events:
    """Imports the objects that were changed. `expect` gets the plan before the first write, and may refuse it."""
    policy = Policy("fail") if draft.is_new else Policy()
    request = ImportRequest((), draft.place, airflow=draft.airflow, policy=policy)
    change = make_change(ObjectChanges(literal_masks=draft.literal_masks), Selection(), places, resolves=False)
    opened = OpenedImport(draft.target, [_EditedObjects(edited.objects)], draft.fills, change)
    return (yield from import_objects(request, places, conduct, host, expect, opened))


class _EditedObjects(Store):
    """Objects that were read already, as a source."""

    def __init__(self, objects: Bundle) -> None:
        super().__init__(NAME, Capabilities(writable=False))
        self._objects = objects

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        return Description(self.address)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        notes = tuple(starmap(Note, warnings(self._objects, knows_release=context.knows_release)))
        return Reading(selection.of(self._objects), notes)


def with_errors(text: str, errors: Sequence[Exception]) -> str:
    """The text to edit again, with the errors as comments at its top, and their lines as they are then."""
    faults = [one for error in errors for one in (error.errors if isinstance(error, InputErrors) else (error,))]
    comments = []
    for fault in faults:
        comments.append(f"{_ERROR} {_one_line(str(fault))}")
        if hint := getattr(fault, "hint", None):
            comments.append(f"{_HINT}  {_one_line(hint)}")
    known = re.compile(rf"(?<![\w.]){re.escape(NAME)}:(\d+)(?::\d+)?")
    number = len(comments)
    moved = (known.sub(lambda found: f"line {int(found[1]) + number}", line) for line in comments)
    return "".join(f"{line}\n" for line in moved) + text


_ERROR, _HINT = "# error:", "# hint:"


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def without_errors(text: str) -> str:
    """The text without the errors at its top."""
    lines = text.removeprefix("\ufeff").splitlines(keepends=True)
    while lines and lines[0].startswith((_ERROR, _HINT)):
        del lines[0]
    return "".join(lines)
