"""The declaration of a format: its name, kinds and options, and the modules that have its code.

Every start of airconn loads all declarations, so they load nothing themselves: not even the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Protocol, cast

from airconn.formats.format_option import FormatOption

if TYPE_CHECKING:
    from airconn.formats.base import IsUnchanged, ReadOptions, Rendered, StoredForm, WriteOptions
    from airconn.model import AirflowObject, Bundle, Kind
    from airconn.model.reading import Key, Reading


class FormatReader(Protocol):
    """The functions of a module that reads a format."""

    def read(self, text: str, source: str, options: ReadOptions) -> Reading:
        """The objects of a text, with its faults. `source` names it in origins.

        Raises `InputError` for a fault after which nothing can be read.
        """


class FormatWriter(Protocol):
    """The functions of a module that writes a format."""

    def render(self, bundle: Bundle, options: WriteOptions) -> Rendered:
        """The bundle as text, with the losses."""

    def stored(self, obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
        """The object that is read back after `obj` was rendered. None, or `InputError`, if it can't be read back.

        It does without the text, which is faster for many objects one at a time.
        """


class FormatUpdater(Protocol):
    """The functions of a module that changes a text of a format in place."""

    def update(
        self, text: str, changes: Mapping[Key, AirflowObject | None], options: WriteOptions, is_unchanged: IsUnchanged
    ) -> Rendered:
        """`text` with the objects of `changes`, where None removes an object. All else stays as it was."""

    def stored_in(self, text: str, options: WriteOptions) -> StoredForm:
        """Gives the object that is read back from `text`, written in the style of the one that it replaces."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format: a way to write objects as text."""

    name: str
    patterns: tuple[str, ...]
    """Globs for the names of files of this format."""
    sniff: Callable[[str], bool]
    """Whether a text looks like this format."""
    reader: str
    """The module that is a `FormatReader`."""
    writer: str = ""
    """The module that is a `FormatWriter`. Empty for a format that is only read."""
    updater: str = ""
    """The module that is a `FormatUpdater`. Empty for a format that is always written anew."""
    kind_names: tuple[str, ...] = ("connections", "variables", "pools")
    options: tuple[FormatOption, ...] = ()
    always: tuple[tuple[str, str], ...] = ()
    """Options of other formats with the values that this format always has. They may be given, and change nothing."""
    refines: tuple[str, ...] = ()
    """The formats whose files are of this format if their text looks like it."""
    recognizes: Callable[[str, str], bool] | None = None
    """Whether a text is of this format, by the path of its file and the text. None if its content alone decides."""
    yields_to_kind: bool = False
    """Whether a file isn't of this format if the user says that it holds one kind."""
    check_options: Callable[[Mapping[str, str], bool], None] = lambda values, afresh: None
    """Raises `UsageError` for values of its options that don't go together. `afresh`: a new text is written."""

    values_in_text: Callable[[str], Mapping[str, str]] = lambda text: {}
    """Gives the values of its options that a text itself names."""

    def fits(self, path: str, text: str) -> bool:
        """Whether a text in the file at `path` looks like this format."""
        return self.recognizes(path, text) if self.recognizes else self.sniff(text)

    @property
    def is_writable(self) -> bool:
        """Whether files of this format can be written."""
        return bool(self.writer)

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that it can hold."""
        from airconn.model import Kind

        return frozenset(map(Kind, self.kind_names))

    def read(self, text: str, source: str, options: ReadOptions) -> Reading:
        """The objects of a text, with its faults. `source` names it in origins."""
        from airconn.errors import InputError
        from airconn.formats import deceptive_texts, foreign_texts, own_references
        from airconn.formats.base import errors_of
        from airconn.model.reading import Reading

        try:
            found = cast(FormatReader, import_module(self.reader)).read(text, source, options)
        except InputError as error:
            found = Reading(faults=errors_of(error))
        if found.faults and (conflict := foreign_texts.merge_conflict(text, source)):
            return Reading(faults=(conflict,))
        return deceptive_texts.marked(own_references.hidden(found), text.removeprefix("\ufeff"))

    def parse(self, text: str, source: str, options: ReadOptions) -> Reading:
        """The objects of a text. Raises `InputErrors` with all faults of the text."""
        return self.read(text, source, options).checked()

    def render(self, bundle: Bundle, options: WriteOptions) -> Rendered:
        """The bundle as text, with the losses."""
        return self.load_writer().render(bundle, options)

    def load_writer(self) -> FormatWriter:
        """The module that writes this format. Raises `UsageError` for a format that is only read."""
        if not self.writer:
            from airconn.errors import UsageError

            raise UsageError(f"files of the {self.name} format can only be read")
        return cast(FormatWriter, import_module(self.writer))

    def load_updater(self) -> FormatUpdater | None:
        return cast(FormatUpdater, import_module(self.updater)) if self.updater else None
