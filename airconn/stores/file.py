"""Files and standard input as places."""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import starmap
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from airconn import formats
from airconn.config import Settings
from airconn.errors import AirconnError, BlockedError, InputError, UsageError
from airconn.formats import omission
from airconn.formats.base import IsUnchanged, ReadOptions, Rendered, StoredForm, WriteOptions, half_characters
from airconn.formats.dotenv.declaration import EXPAND
from airconn.model import ALL_KINDS, AirflowObject, Bundle, Kind, Outcome, Selection, Step
from airconn.model.ambiguity_warnings import warnings
from airconn.model.reading import Key, Note, Reading
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.textfile import Content, TextFile, Version, refuse_directory

if TYPE_CHECKING:
    from airconn.formats.references import ReferenceGuard

T = TypeVar("T", bound=AirflowObject)
Made = TypeVar("Made")

STDIN = "-"


def open_store(address: str, settings: Settings) -> Store:
    """The file at this path, or standard input for `-`."""
    return FileStore(address, settings)


class FileStore(Store):
    """A file in one of the formats. Each version of its text is read and parsed once."""

    def __init__(self, address: str, settings: Settings) -> None:
        is_stdin = address == STDIN
        super().__init__("<stdin>" if is_stdin else address, Capabilities(writable=not is_stdin, at_once=True))
        self._file = TextFile(self.address, None if is_stdin else Path(address), settings)
        self._settings = settings
        self._memos: dict[str, tuple[tuple[object, ...], Any]] = {}
        """The last result of each calculation, with the key that it depends on."""

    @property
    def path(self) -> Path | None:
        """The path of the file. None for standard input."""
        return self._file.path

    @property
    def settings(self) -> Settings:
        return self._settings

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        """The file by its name. A target that exists keeps its shape, and a new one gets that of the chosen kinds.

        Raises as `read`, and `UsageError` for a new file whose name belongs to another kind.
        """
        return Description(self.address, kinds=self._kinds(context))

    def location(self, kind: Kind) -> object:
        return os.path.realpath(self.address)

    def holds_something(self) -> bool:
        """Whether the file has content that a change must respect."""
        return self._file.version() is not None

    def text(self) -> str:
        """The text of the file, with its byte order mark; of an encrypted file in clear. Raises `InputError`."""
        return self._file.content().text

    def sealed_text(self) -> str | None:
        """The text of a file that SOPS has encrypted, as the file has it. None for others. Doesn't decrypt it."""
        return self._file.sealed()

    def _there(self) -> Content | None:
        """The content that a change must respect."""
        return self._file.content_to_respect()

    def _once(self, what: str, key: tuple[object, ...], make: Callable[[], Made]) -> Made:
        """The result of `make`, which depends only on `key` and isn't calculated again for the same one."""
        known = self._memos.get(what)
        if known is None or known[0] != key:
            known = self._memos[what] = key, make()
        return cast("Made", known[1])

    def format_name(self) -> str:
        """The format that was named, or else that of the file's name and content.

        Raises `InputError` or, for a file that doesn't exist yet, `UsageError`.
        """
        if self._settings.from_format:
            return self._settings.from_format
        if self.path is None or self.holds_something():
            content = self._file.content()
            has_kind = self._settings.kind is not None
            detect = partial(formats.detect, self.address, content.text, has_kind=has_kind)
            return self._once("format", (content,), detect)
        return self.format_of_name()

    def format_of_name(self) -> str:
        """The format in which a file of this name is written anew. Raises `UsageError` if the name doesn't tell."""
        name = formats.name_of_path(self.address, is_new=True)
        if name is None:
            refuse_directory(self.address)
            is_empty = self.path is not None and self.path.is_file() and not self.holds_something()
            what = f"{self.address} is empty, and its name" if is_empty else f"the name of {self.address}"
            raise UsageError(
                f"{what} doesn't show the format",
                hint="use a name like x.json, x.yaml, x.env or x.uri, or with export and convert "
                f"--format, one of {', '.join(formats.writable_names())}",
            )
        return name

    def refuse_read_only(self) -> None:
        """Raises `BlockedError` for a file that can't be changed, since its format is only read."""
        self._file.refuse_without_sops()
        name = self.format_name()
        if not formats.get_format(name).is_writable:
            raise BlockedError(
                f"files of the {name} format can only be read, not changed",
                where=self.address,
                hint="write to another file; airconn convert --replace and export --replace overwrite this one",
            )

    def said_values(self) -> Mapping[str, str]:
        """The values of its format's options that the file itself names. They stay if it is written anew."""
        try:
            return (
                formats.get_format(self.format_name()).values_in_text(self.text()) if self.holds_something() else {}
            )
        except AirconnError:
            return {}

    def read_text(self, context: Context = DEFAULT_CONTEXT, *, keeps_uris: bool = False) -> Reading:
        """All objects of the file, with its faults."""
        return self._read(self.text(), context, keeps_uris=keeps_uris)

    def _read(self, text: str, context: Context, *, keeps_uris: bool = False) -> Reading:
        likely = next(iter(context.writes)) if context.writes is not None and len(context.writes) == 1 else None
        values = dict(self.format_values())
        if context.writes is not None:
            values.pop(EXPAND.name, None)  # a target keeps its references
        options = ReadOptions(
            context.airflow, self._settings.kind, likely, values, keeps_uris, environ=self._settings.environ
        )
        name = self.format_name()
        reading = formats.get_format(name).read(text, self.address, options)
        if name != "env" and values.get(EXPAND.name) == "environment" and "${" in text:
            note = Note(self.address, "--expand is for .env files: references in this file are not expanded")
            return replace(reading, notes=(*reading.notes, note))
        return reading

    def format_values(self) -> Mapping[str, str]:
        """The values of formats' options: those given, else what the text says, else those of the configuration."""
        said = self.said_values() if self._settings.format_defaults else {}
        return {**self._settings.format_defaults, **said, **self._settings.format_values}

    def _parsed(self, context: Context, content: Content | None = None) -> Reading:
        key = (content or self._file.content(), context.airflow, context.writes)
        return self._once("parsed", key, lambda: self.read_text(context).checked())

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        """The selected objects. A target that doesn't exist yet holds nothing."""
        if context.writes is not None and self.path is not None and not self.holds_something():
            return Reading(kinds=self._kinds(context))
        content, parsed = self._file.content(), self._parsed(context)
        notes = parsed.notes
        if omitted := selection.kinds & omission.omitted_kinds(content.text):
            notes = (*notes, Note(self.address, omission.note(omitted), left_out=True))
        chosen = selection.of(parsed.bundle)
        if context.writes is None:  # what a target holds is only compared
            notes = (*notes, *starmap(Note, warnings(chosen, knows_release=context.knows_release)))
        return Reading(
            chosen,
            notes,
            ignored=parsed.ignored,
            kinds=parsed.kinds,
            version=content.version,
        )

    def _kinds(self, context: Context) -> frozenset[Kind]:
        """The kinds that a target can hold."""
        if context.writes is None:
            return ALL_KINDS
        content = self._there()
        return self._once("kinds", (content, context.airflow, context.writes), lambda: self._shape(context))

    def _shape(self, context: Context) -> frozenset[Kind]:
        kinds = context.writes or frozenset()
        self.refuse_read_only()
        if self.holds_something():
            kinds = self._parsed(context).kinds
        else:
            self.refuse_name(kinds)
        return kinds & formats.get_format(self.format_name()).kinds

    def refuse_name(self, kinds: frozenset[Kind]) -> None:
        """Raises `UsageError` if a file with objects of these kinds, written afresh, is read as another kind."""
        if self.path is not None and self.format_name() in ("json", "yaml"):
            from airconn.formats.kind_detection import refuse_name

            refuse_name(self.address, kinds)

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        if obj.kind not in self._kinds(context):
            name = self.format_name()
            holds_none = obj.kind not in formats.get_format(name).kinds
            return (f"{f'the {name} format' if holds_none else 'this file'} holds no {obj.kind.value}",)
        return half_characters(obj)

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        """The object that the file gives back. An object that it has already is given back unchanged.

        For a file that is only compared, `obj` keeps the fields that the file can't hold, so that they are reported.
        """
        if context.writes is None:
            return obj
        content = self._there()
        if content is not None and self._parsed(context, content).bundle.get(obj.kind, obj.id) == obj:
            return obj
        return self.as_held(obj, context)

    def as_held(self, obj: T, context: Context) -> T:
        """The object that is read back after `obj` was written into the file."""
        try:
            back = self._stored_form(context)(obj)
        except InputError:
            back = None
        if back is None:
            return obj  # the write refuses it
        # A *** that the user calls genuine is a mask again for the next reader.
        literal: frozenset[str] = getattr(obj, "literal", frozenset())
        return cast("T", replace(back, **{name: getattr(obj, name) for name in literal}) if literal else back)

    def _stored_form(self, context: Context) -> StoredForm:
        """The function that gives the stored form of an object, built once for all objects."""
        content = self._there()

        def make() -> StoredForm:
            options, name = self._write_options(context), self.format_name()
            updater = formats.get_format(name).load_updater() if content else None
            fresh = partial(formats.get_format(name).load_writer().stored, options=options)
            return updater.stored_in(content.text, options) if updater and content else fresh

        return self._once("form", (content, context.airflow, context.writes), make)

    def _write_options(self, context: Context) -> WriteOptions:
        self.refuse_read_only()
        chosen = ALL_KINDS if context.writes is None else context.writes
        kinds = self._parsed(context).kinds if self.holds_something() else chosen
        return WriteOptions(airflow=context.airflow, kinds=kinds, values=self.format_values())

    def rendered(
        self,
        changes: Mapping[Key, AirflowObject | None],
        options: WriteOptions,
        is_unchanged: IsUnchanged = operator.eq,
        context: Context = DEFAULT_CONTEXT,
    ) -> Rendered:
        """The text of the file with all changes and, if its format can be updated in place, no others.

        `is_unchanged` says whether an object of the file stays as it is.
        """
        name, content = self.format_name(), self._there()
        updater = formats.get_format(name).load_updater()
        if updater is not None and content is not None:
            rendered = updater.update(content.text, changes, options, is_unchanged)
            if content.sealed is not None:
                from airconn.stores.sops.comments import with_note

                return with_note(rendered, content.text, content.sealed, self.address)
            return rendered
        before = self._parsed(context).bundle if content else Bundle()
        held = {(obj.kind, obj.id): obj for obj in before}
        wanted = {
            key: obj
            for key, obj in changes.items()
            if obj is None or key not in held or not is_unchanged(held[key], obj)
        }
        objects = [obj for obj in {**held, **wanted}.values() if obj is not None]
        rendered = formats.get_format(name).render(Bundle.of(objects), options)
        if content is not None and (omitted := omission.omitted_kinds(content.text)):
            text = omission.marked(rendered.text, name, options.kinds, omitted)
            rendered = replace(rendered, text=text or rendered.text)
        return rendered

    def guard(self, options: WriteOptions, is_unchanged: IsUnchanged = operator.eq) -> ReferenceGuard:
        """The guard for an update, which rewrites objects that differ and hold no reference."""
        from airconn.formats.references import ReferenceGuard, guard_of

        if self._settings.replace_references or not self.holds_something():
            return ReferenceGuard(is_unchanged)
        return guard_of(self.format_name(), self.text(), options, is_unchanged)

    def save(self, text: str, version: object, *, afresh: bool = False) -> None:
        """Writes the file, whole or not at all. A new one, or one `afresh`, is readable only by its owner.

        Raises `BlockedError` if the file isn't the `version` any more that was read, unless it is written `afresh`.
        """
        kept: frozenset[tuple[str, ...]] = frozenset()
        if not afresh and self._file.sealed() is not None and self.format_name() in ("json", "yaml"):
            from airconn.stores.sops.unchanged import unchanged_places

            kept = unchanged_places(self.read_text(), self._read(text, DEFAULT_CONTEXT))
        self._file.save(text, version, afresh=afresh, kept=kept)

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        """Carries out all steps in one write, or none if the file can't be written.

        A field that the format can't hold is a note, and an object that it can't hold has failed.
        """
        steps = tuple(steps)
        if not steps:
            return
        if context.before is not None:
            self._file.refuse_changed(context.before.version)
        done = self._rehearsal(steps, context)
        if any(step.kind in done.kinds for step in steps):
            self.save(done.rendered.text, done.version)
        yield from done.outcomes()

    def text_after(self, steps: Sequence[Step], context: Context) -> str:
        """The text that the file has after these steps. Raises as `apply` does. Writes nothing."""
        return self._rehearsal(tuple(steps), context).rendered.text

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        if not steps:
            return ()
        lost = (loss for loss in self._rehearsal(tuple(steps), context).rendered.losses if loss.field)
        return [loss.note for loss in lost]

    def rehearse(self, steps: Sequence[Step], context: Context) -> Sequence[Outcome]:
        """The outcomes with an error. Makes the text that `apply` then writes for the same steps."""
        if not steps:
            return ()
        done = self._rehearsal(tuple(steps), context)
        return [outcome for outcome in done.outcomes() if outcome.error is not None]

    def _rehearsal(self, steps: tuple[Step, ...], context: Context) -> _Rehearsal:
        content = self._there()
        key = content, context.airflow, context.writes, steps
        return self._once("rehearsal", key, lambda: self._rehearsed(steps, content, context))

    def _rehearsed(self, steps: tuple[Step, ...], content: Content | None, context: Context) -> _Rehearsal:
        options = self._write_options(context)
        changes = {
            (step.kind, step.id): None if step.source is None else replace(step.result(), origin=step.source.origin)
            for step in steps
            if step.kind in options.kinds
        }
        guard = self.guard(options)
        rendered = self.rendered(changes, options, guard, context)
        if guard.kept:
            raise BlockedError(
                f"references ($NAME, {{{{ }}}} and the like) would be overwritten in {kept_in_words(guard.kept)}",
                where=self.address,
                hint="exclude the objects with --exclude, or change them by hand",
            )
        return _Rehearsal(steps, options.kinds, rendered, content.version if content else None)


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """The text of a file with some steps carried out, which is written only if the file hasn't changed."""

    steps: tuple[Step, ...]
    kinds: frozenset[Kind]
    """The kinds that the file can hold."""
    rendered: Rendered
    version: Version | None
    """The version of the file that the text was made from."""

    def outcomes(self) -> Iterator[Outcome]:
        """The outcome of each step."""
        refused = {(loss.kind, loss.id): loss.message for loss in self.rendered.losses if not loss.field}
        notes: dict[Key, tuple[Note, ...]] = {}
        for loss in self.rendered.losses:
            if loss.field:
                notes[loss.kind, loss.id] = (*notes.get((loss.kind, loss.id), ()), loss.note)
        for step in self.steps:
            other_kind = None if step.kind in self.kinds else f"this file holds no {step.kind.value}"
            error = other_kind or refused.get((step.kind, step.id))
            said = notes.pop((step.kind, step.id), ())
            if step is self.steps[-1]:
                said = (*said, *(note for rest in notes.values() for note in rest), *self.rendered.notes)
            yield Outcome(step, error, notes=said)


def kept_in_words(kept: Iterable[AirflowObject]) -> str:
    """The objects that hold references, with their lines."""
    return ", ".join(
        f"{obj.kind.value}/{obj.id}{f' (line {obj.origin.line})' if obj.origin.line else ''}" for obj in kept
    )
