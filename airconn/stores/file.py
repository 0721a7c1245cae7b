"""Files and standard input as places."""

from __future__ import annotations

import contextlib
import operator
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from airconn import formats
from airconn.config import Settings
from airconn.errors import AirconnError, BlockedError, InputError, UsageError
from airconn.formats import omission
from airconn.formats.base import IsUnchanged, ReadOptions, Rendered, StoredForm, WriteOptions, half_characters
from airconn.model import ALL_KINDS, AirflowObject, AirflowVersion, Bundle, Kind, Outcome, Selection, Step
from airconn.model.reading import Key, Note, Reading
from airconn.quoting import shown_address
from airconn.stores import saving
from airconn.stores.base import Capabilities, Store

if TYPE_CHECKING:
    from airconn.formats.references import ReferenceGuard

T = TypeVar("T", bound=AirflowObject)

STDIN = "-"
Version = tuple[int, int, int]
"""Which file it is, when it was last written to, and how large it is."""


def open_store(address: str, settings: Settings) -> Store:
    """The file at this path, or standard input for `-`."""
    return FileStore(address, settings)


class FileStore(Store):
    """A file in one of the formats. Its text is read once, when it is first asked for."""

    capabilities: ClassVar[Capabilities] = Capabilities(at_once=True)

    def __init__(self, address: str, settings: Settings) -> None:
        super().__init__("<stdin>" if address == STDIN else address)
        self.path = None if address == STDIN else Path(address)
        self.settings = settings
        self._text: str | None = None
        self._seen: Version | None = None
        """Which version of the file was read or written last."""
        self._last: tuple[str, AirflowVersion, Reading] | None = None
        self.chosen: frozenset[Kind] = ALL_KINDS
        """The kinds that are to be written, which decides the shape of a file that isn't there yet."""
        self._is_target = False
        self._forms: tuple[str, AirflowVersion, StoredForm] | None = None
        self._rehearsed: _Rehearsal | None = None

    def describe(self) -> str:
        return self.address

    def location(self, kind: Kind) -> object:
        return os.path.realpath(self.address)

    def holds_something(self) -> bool:
        """Whether there is a file whose content a change is to respect."""
        if self.path is None or saving.is_open_for_writing(self.path):
            return False
        return self.path.is_file() and self.path.stat().st_size > 0

    def text(self) -> str:
        """What the file holds, a byte order mark included. Raises `InputError`."""
        if self._text is None:
            self._text = self._decode(self._bytes())
        return self._text

    def _bytes(self) -> bytes:
        if self.path is None:
            if self.settings.stdin is None:
                raise UsageError("there is no standard input to read")
            return self.settings.stdin.read()
        try:
            with self.path.open("rb") as file:
                self._seen = _version(os.fstat(file.fileno()))
                return file.read()
        except OSError as error:
            reason = {
                FileNotFoundError: "there is no such file",
                IsADirectoryError: "this is a directory",
                PermissionError: "you may not read this file",
            }.get(type(error), "this file can't be read")
            raise InputError(reason, where=shown_address(self.address)) from None

    def _decode(self, data: bytes) -> str:
        try:
            text = data.decode("utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
            if "\0" in text[:2000]:
                raise UnicodeDecodeError("utf-8", data, data.find(b"\0"), data.find(b"\0") + 1, "NUL")
            return text
        except UnicodeDecodeError as error:
            line = data.count(b"\n", 0, error.start) + 1
            raise InputError(
                "this is not UTF-8 text", where=f"{self.address}:{line}", hint="save the file as UTF-8"
            ) from None

    def format_name(self) -> str:
        """The format that was named, or that the content and the name of the file tell.

        Raises `InputError` or, for a file that isn't there yet, `UsageError`.
        """
        if self.settings.from_format:
            return self.settings.from_format
        if self.path is None or self.holds_something():
            return formats.detect(self.address, self.text())
        name = formats.name_of_path(self.address)
        if name is None:
            raise UsageError(
                f"the name of {self.address} doesn't tell the format",
                hint="end it as in x.json, x.yaml, x.env or x.uri; an export and a conversion also take --format, "
                f"one of {', '.join(formats.names())}",
            )
        return name

    def said_values(self) -> Mapping[str, str]:
        """The values of its format's options that the file says of itself. Where it is written anew, they stay."""
        try:
            return formats.get_format(self.format_name()).said_by(self.text()) if self.holds_something() else {}
        except AirconnError:
            return {}

    def read_text(self, airflow: AirflowVersion, *, keeps_uris: bool = False) -> Reading:
        """What the file holds, in its format, with its faults."""
        text = self.text()
        likely = next(iter(self.chosen)) if len(self.chosen) == 1 else None
        options = ReadOptions(airflow, self.settings.kind, likely, self.settings.format_values, keeps_uris)
        return formats.get_format(self.format_name()).read(text, self.address, options)

    def _parsed(self) -> Reading:
        """What the file holds, parsed once for all who ask in a run."""
        text = self.text()
        if self._last is None or self._last[0] is not text or self._last[1] != self.reads_for:
            self._last = text, self.reads_for, self.read_text(self.reads_for).checked()
        return self._last[2]

    def read(self, selection: Selection) -> Bundle:
        parsed = self._parsed()
        self.notes = list(parsed.notes)
        if Kind.VARIABLES in selection.kinds and omission.is_marked(self.text()):
            self.notes.append(Note(self.address, omission.NOTE, left_out=True))
        self.ignored = parsed.ignored
        self.kinds = parsed.kinds
        return selection.of(parsed.bundle)

    def expect(self, kinds: frozenset[Kind]) -> None:
        """A file that is there keeps its shape; a new one gets that of these kinds."""
        self._is_target = True
        self.chosen, there = kinds, kinds
        if self.holds_something():
            there = self._parsed().kinds
        else:
            self.choose(kinds)
        self.kinds = there & formats.get_format(self.format_name()).kinds

    def choose(self, kinds: frozenset[Kind]) -> None:
        """Says of which kinds it is written afresh, which decides its shape. Raises `UsageError`."""
        if self.path is not None and self.format_name() in ("json", "yaml"):
            from airconn.formats.kind_detection import refuse_name

            refuse_name(self.address, kinds)
        self.chosen = kinds

    def problems(self, obj: AirflowObject) -> Sequence[str]:
        if obj.kind not in self.kinds:
            name = self.format_name()
            holds_none = obj.kind not in formats.get_format(name).kinds
            return (f"{f'the {name} format' if holds_none else 'this file'} holds no {obj.kind.value}",)
        return half_characters(obj)

    def stored_form(self, obj: T) -> T:
        """What the file would give back. What it has just so already is that.

        Where a file is compared and not written to, what it has no place for is the comparison's to tell.
        """
        if not self._is_target:
            return obj
        if self.holds_something() and self._parsed().bundle.get(obj.kind, obj.id) == obj:
            return obj
        return self.as_held(obj)

    def as_held(self, obj: T) -> T:
        """What is read back of an object that is written into the file."""
        try:
            back = self._stored_form()(obj)
        except InputError:
            back = None
        if back is None:
            return obj  # which is refused by whoever writes it
        # A *** that is called genuine is a mask again to whoever reads it.
        literal: frozenset[str] = getattr(obj, "literal", frozenset())
        return cast("T", replace(back, **{name: getattr(obj, name) for name in literal}) if literal else back)

    def _stored_form(self) -> StoredForm:
        """What tells the stored form of an object, made once for all that are asked for."""
        text = self.text() if self.holds_something() else ""
        if self._forms is None or self._forms[0] is not text or self._forms[1] != self.reads_for:
            options, name = self._write_options(), self.format_name()
            updater = formats.get_format(name).code_of_updater() if text else None
            fresh = partial(formats.get_format(name).code_of_writer().stored, options=options)
            self._forms = text, self.reads_for, updater.stored_in(text, options) if updater else fresh
        return self._forms[2]

    def _write_options(self) -> WriteOptions:
        kinds = self._parsed().kinds if self.holds_something() else self.chosen
        return WriteOptions(airflow=self.reads_for, kinds=kinds, values=self.settings.format_values)

    def present(self, selection: Selection) -> Bundle:
        """What is there of the selection before a write. A file that isn't there yet holds nothing."""
        return self.read(selection) if self.path is None or self.holds_something() else Bundle()

    def rendered(
        self,
        changes: Mapping[Key, AirflowObject | None],
        options: WriteOptions,
        is_unchanged: IsUnchanged = operator.eq,
    ) -> Rendered:
        """The text of the file with all changes done and, where its format can do that, no other.

        `is_unchanged` says whether an object of the file has to be written at all.
        """
        name = self.format_name()
        updater = formats.get_format(name).code_of_updater()
        if updater is not None and self.holds_something():
            return updater.update(self.text(), changes, options, is_unchanged)
        before = self._parsed().bundle if self.holds_something() else Bundle()
        held = {(obj.kind, obj.id): obj for obj in before}
        wanted = {
            key: obj
            for key, obj in changes.items()
            if obj is None or key not in held or not is_unchanged(held[key], obj)
        }
        objects = [obj for obj in {**held, **wanted}.values() if obj is not None]
        rendered = formats.get_format(name).render(Bundle.of(objects), options)
        if self.holds_something() and omission.is_marked(self.text()):
            text = omission.marked(rendered.text, name, options.kinds)
            rendered = replace(rendered, text=text or rendered.text)
        return rendered

    def guard(self, options: WriteOptions, is_unchanged: IsUnchanged = operator.eq) -> ReferenceGuard:
        """Tells which objects of the file an update may rewrite: those that differ and hold no reference."""
        from airconn.formats.references import ReferenceGuard, guard_of

        if self.settings.replace_references or not self.holds_something():
            return ReferenceGuard(is_unchanged)
        return guard_of(self.format_name(), self.text(), options, is_unchanged)

    def save(self, text: str, *, afresh: bool = False) -> None:
        """Writes the file, whole or not at all. A new one, or one `afresh`, is readable by its owner alone.

        Raises `BlockedError` where somebody else has written to it since it was read, unless it is to be written
        `afresh`, whatever is in it.
        """
        if self.path is None:
            raise UsageError("standard input can't be written to", hint="name a file")
        with saving.alone_with(self.path):
            if not afresh and self.holds_something() and _version(self.path.stat()) != self._seen:
                raise BlockedError(
                    "somebody else has written to this file in the meantime", where=self.address, hint="run it again"
                )
            saving.write_atomically(self.path, text, keep_mode=not afresh)
            self._text = text
            with contextlib.suppress(OSError):
                self._seen = _version(self.path.stat())

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """Carries out all steps in one write: all of them or, where the file can't be written, none.

        What the format can't hold of an object is told in `notes`; an object that it can't hold at all has failed.
        """
        steps = tuple(steps)
        if not steps:
            self.notes = []
            return
        done = self._rehearsed if self._rehearsed and self._rehearsed.steps == steps else self._rehearsal(steps)
        self._rehearsed = None
        if any(step.kind in done.kinds for step in steps):
            self.save(done.rendered.text)
        self.notes = [
            Note(f"{loss.kind.value}/{loss.id}", f"{loss.field} {loss.message}")
            for loss in done.rendered.losses
            if loss.field
        ]
        self.notes += done.rendered.notes
        yield from done.outcomes()

    def rehearse(self, steps: Sequence[Step]) -> Sequence[Outcome]:
        """Makes the text that `apply` then writes, if it is to carry out just these steps."""
        if not steps:
            return ()
        self._rehearsed = self._rehearsal(tuple(steps))
        return [outcome for outcome in self._rehearsed.outcomes() if outcome.error is not None]

    def _rehearsal(self, steps: tuple[Step, ...]) -> _Rehearsal:
        options = self._write_options()
        changes = {
            (step.kind, step.id): None if step.source is None else replace(step.result(), origin=step.source.origin)
            for step in steps
            if step.kind in options.kinds
        }
        guard = self.guard(options)
        rendered = self.rendered(changes, options, guard)
        if guard.kept:
            raise BlockedError(
                f"references ($NAME, {{{{ }}}} and the like) would be written over in {kept_in_words(guard.kept)}",
                where=self.address,
                hint="leave the objects out with --exclude, or change them in the file by hand",
            )
        return _Rehearsal(steps, options.kinds, rendered)


@dataclass(frozen=True, slots=True)
class _Rehearsal:
    """The text of a file with some steps carried out. Whoever writes it looks whether the file is still as it was."""

    steps: tuple[Step, ...]
    kinds: frozenset[Kind]
    """The kinds that the file has room for."""
    rendered: Rendered

    def outcomes(self) -> Iterator[Outcome]:
        """What becomes of each step."""
        refused = {(loss.kind, loss.id): loss.message for loss in self.rendered.losses if not loss.field}
        for step in self.steps:
            other_kind = None if step.kind in self.kinds else f"this file holds no {step.kind.value}"
            yield Outcome(step, other_kind or refused.get((step.kind, step.id)))


def kept_in_words(kept: Iterable[AirflowObject]) -> str:
    """The objects that hold references, with their lines."""
    return ", ".join(
        f"{obj.kind.value}/{obj.id}{f' (line {obj.origin.line})' if obj.origin.line else ''}" for obj in kept
    )


def _version(status: os.stat_result) -> Version:
    return status.st_ino, status.st_mtime_ns, status.st_size
