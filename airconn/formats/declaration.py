"""What a format declares of itself: its name, its kinds, its options, and the modules that have its code.

Every start of airconn loads all declarations, so that they load nothing themselves: not even the model.
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
    """What the module has that reads a format."""

    def read(self, text: str, source: str, options: ReadOptions) -> Reading:
        """The objects of a text, with its faults. `source` names it in origins.

        Raises `InputError` where a fault keeps it from finding anything.
        """


class FormatWriter(Protocol):
    """What the module has that writes a format."""

    def render(self, bundle: Bundle, options: WriteOptions) -> Rendered:
        """The bundle as text, and what of it the text doesn't hold."""

    def stored(self, obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
        """What is read back of an object that was rendered, if it can be. May raise `InputError` where it can't.

        This is a way past the text where many objects are asked for, one at a time.
        """


class FormatUpdater(Protocol):
    """What the module has that changes a text of a format in place."""

    def update(
        self, text: str, changes: Mapping[Key, AirflowObject | None], options: WriteOptions, is_unchanged: IsUnchanged
    ) -> Rendered:
        """`text` with the objects of `changes`, where None takes one out, and all else in it as it was."""

    def stored_in(self, text: str, options: WriteOptions) -> StoredForm:
        """What is read back of an object that was written into `text`, in the style of the one that it replaces."""


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write objects as text."""

    name: str
    patterns: tuple[str, ...]
    """Names of files that are of this format."""
    sniff: Callable[[str], bool]
    """Whether a text looks like this format."""
    reader: str
    """The module that is a `FormatReader`."""
    writer: str
    """The module that is a `FormatWriter`."""
    updater: str = ""
    """The module that is a `FormatUpdater`. Empty for a format that is always written anew."""
    kind_names: tuple[str, ...] = ("connections", "variables", "pools")
    options: tuple[FormatOption, ...] = ()
    always: tuple[tuple[str, str], ...] = ()
    """Options of other formats, with the values that they would have here: giving these changes nothing."""
    refines: tuple[str, ...] = ()
    """The formats whose files are of this one if they look like it."""
    check_options: Callable[[Mapping[str, str], bool], None] = lambda values, afresh: None
    """Raises `UsageError` for values of its options that don't go together. `afresh`: no text is there yet."""

    said_by: Callable[[str], Mapping[str, str]] = lambda text: {}
    """The values of its options that a text says of itself."""

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that it has room for."""
        from airconn.model import Kind

        return frozenset(map(Kind, self.kind_names))

    def read(self, text: str, source: str, options: ReadOptions) -> Reading:
        """The objects of a text, and what is wrong with it. `source` names it in origins."""
        from airconn.errors import InputError
        from airconn.formats.base import errors_of
        from airconn.model.reading import Reading

        try:
            return cast(FormatReader, import_module(self.reader)).read(text, source, options)
        except InputError as error:
            return Reading(faults=errors_of(error))

    def parse(self, text: str, source: str, options: ReadOptions) -> Reading:
        """The objects of a text without faults. Raises `InputErrors` with all of them where there are some."""
        return self.read(text, source, options).checked()

    def render(self, bundle: Bundle, options: WriteOptions) -> Rendered:
        """The bundle as text, and what of it the text doesn't hold."""
        return self.code_of_writer().render(bundle, options)

    def code_of_writer(self) -> FormatWriter:
        return cast(FormatWriter, import_module(self.writer))

    def code_of_updater(self) -> FormatUpdater | None:
        return cast(FormatUpdater, import_module(self.updater)) if self.updater else None
