"""The files of a directory, or of a glob, as one place that is only read."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from airconn.config import Settings
from airconn.errors import InputError, InputErrors, UsageError
from airconn.formats.base import errors_of
from airconn.model import AirflowObject, Bundle, Kind, Selection, number_of
from airconn.model.reading import Key, Note, Reading
from airconn.stores import file_tree
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.file import FileStore
from airconn.stores.file_tree import FoundFiles

_READ_ONLY = (
    "it is a directory",
    "airconn export --split DIR writes a directory, with a file for each object; to write one file, name it",
)
_ONE_BY_ONE = 3
"""The most objects in two files at once that are told one by one."""


def open_store(address: str, settings: Settings) -> Store:
    """The files of this directory, or of this glob."""
    return DirectoryStore(address, settings)


class DirectoryStore(Store):
    """All files of a directory, and of those below it, or of a glob. Each has its own format."""

    def __init__(self, address: str, settings: Settings) -> None:
        super().__init__(address, Capabilities(writable=False, read_only_hint=_READ_ONLY))
        self._settings = settings
        self._stores: dict[str, FileStore] = {}
        """The files by their paths. Each version of a text is parsed once."""

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        return Description(self.address)

    def location(self, kind: Kind) -> object:
        root, pattern = file_tree.root_and_pattern(self.address)
        return (os.path.realpath(root or "."), pattern) if pattern else os.path.realpath(root)

    def files(self) -> list[FileStore]:
        """The files, in the order of their paths. Raises as `found`."""
        return [self._store(path) for path in self.found().paths]

    def found(self) -> FoundFiles:
        """The paths of the files, and what was passed over.

        Raises `InputErrors` for links out of the directory, and where there are no files or too many.
        """
        found = file_tree.find(self.address)
        if found.faults:
            raise InputErrors(tuple(found.faults))
        if not found.paths:
            passed = found.remark()
            is_glob = bool(file_tree.root_and_pattern(self.address)[1])
            what = "this glob matches no file" if is_glob else "this directory has no file with objects"
            raise InputErrors((InputError(f"{what} ({passed})" if passed else what, where=self.address),))
        return found

    def would_read(self, path: str) -> bool:
        """Whether a file at this path, which may not exist yet, is one of the files."""
        root, pattern = file_tree.root_and_pattern(self.address)
        real, root = os.path.realpath(path), os.path.realpath(root or ".")
        return os.path.commonpath([real, root]) == root and file_tree.is_taken(os.path.relpath(real, root), pattern)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        """The selected objects of all files.

        Raises `InputErrors` with the faults of all files, and for objects that are in two files, even if they are
        equal there: a change of one of them would be lost.
        """
        found = self.found()
        readings, faults = list[Reading](), list[InputError]()
        for number, path in enumerate(found.paths):
            context.progress(f"reading {self.address}", number, self.address)
            try:
                readings.append(self._store(path).read(selection, context))
            except InputError as error:
                faults += (self._with_way_out(fault, path) for fault in errors_of(error))
        faults += _doubles(readings)
        if faults:
            raise InputErrors(tuple(faults))
        notes = [note for reading in readings for note in reading.notes]
        if passed := found.remark():
            notes.insert(0, Note(self.address, passed, is_remark=True))
        kinds = frozenset(kind for reading in readings for kind in reading.kinds)
        bundle = Bundle.of(obj for reading in readings for obj in reading.bundle)
        return Reading(bundle, tuple(notes), ignored=sum(reading.ignored for reading in readings), kinds=kinds)

    def _store(self, path: str) -> FileStore:
        return self._stores.setdefault(path, FileStore(path, self._settings))

    def _with_way_out(self, fault: InputError, path: str) -> InputError:
        """A fault of a whole file, with the hint that names the others."""
        if fault.where != path:
            return fault
        root, pattern = file_tree.root_and_pattern(self.address)
        example = Path(root, "**", f"*{Path(path).suffix or '.yaml'}")
        only = "narrow the glob" if pattern else f"a glob in quotes reads only some files, such as '{example}'"
        return InputError(fault.message, where=fault.where, hint=f"{fault.hint}; {only}" if fault.hint else only)


def refuse_as_target(sources: Iterable[Store], path: Path | None) -> None:
    """Raises `UsageError` for a file that would be one of those of a source, which then has each object twice."""
    for store in sources:
        if path is not None and isinstance(store, DirectoryStore) and store.would_read(str(path)):
            raise UsageError(
                f"{path} would be a file of the source {store.address}, which then has each object twice",
                hint="write it to another directory",
            )


def _doubles(readings: Iterable[Reading]) -> list[InputError]:
    """The errors for objects that are in two files. Many in the same two files are one error."""
    first: dict[Key, AirflowObject] = {}
    again: defaultdict[tuple[str, str], list[tuple[AirflowObject, AirflowObject]]] = defaultdict(list)
    for obj in (obj for reading in readings for obj in reading.bundle):
        known = first.setdefault((obj.kind, obj.id), obj)
        if known is not obj:
            again[known.origin.source, obj.origin.source].append((known, obj))
    return [fault for pairs in again.values() for fault in _faults_of_two(pairs)]


def _faults_of_two(pairs: Sequence[tuple[AirflowObject, AirflowObject]]) -> list[InputError]:
    hint = "remove one of the two, or read only one of the files"
    known, obj = pairs[0]
    if len(pairs) > _ONE_BY_ONE:
        return [
            InputError(
                f"{number_of(len(pairs))} are in {known.origin.source} already, the first is "
                f"{obj.kind.value}/{obj.id} ({known.origin})",
                where=str(obj.origin),
                hint=hint,
            )
        ]
    return [
        InputError(f"{obj.kind.value}/{obj.id} is in {known.origin} already", where=str(obj.origin), hint=hint)
        for known, obj in pairs
    ]
