"""Writes objects into a directory with a file for each object, for a repository in which changes are reviewed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from airconn import formats
from airconn.errors import BlockedError, InputError, InputErrors, TargetError, UsageError
from airconn.formats import split_files, split_mark
from airconn.formats.base import Loss, ReadOptions, WriteOptions, errors_of
from airconn.model import Bundle, Kind, hidden_fields
from airconn.model.reading import Key
from airconn.model.secrecy import masked
from airconn.quoting import some
from airconn.stores import saving
from airconn.stores.base import Context, Store
from airconn.stores.directory import refuse_as_target
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import refuse_empty
from airconn.transfer.exporting import ExportRequest
from airconn.transfer.hiding import settle_hidden
from airconn.transfer.loading import Loaded, load
from airconn.transfer.losses import refuse_losses
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.results import Result

_CLEAR = "export from a source that shows its secrets; they are not written in clear either"


@dataclass(frozen=True, slots=True)
class Splitting:
    """Into which directory objects are split, and what happens to files of objects that are gone."""

    directory: Path
    prune: bool = False
    """Whether such files are deleted."""
    max_delete: int = 10
    """The most files that may be deleted."""


@dataclass(frozen=True, slots=True)
class Split(Result):
    """The result of a split: paths of files, sorted, and what the files lack."""

    bundle: Bundle
    created: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    """The files of objects that the source doesn't have any more, and that were left."""
    unchanged: int = 0
    losses: tuple[Loss, ...] = ()
    ignored: tuple[tuple[str, int], ...] = ()
    hidden: int = 0
    """The number of objects with secrets, which are written as references or masks."""


@dataclass(frozen=True, slots=True)
class _SplitFile:
    """A file that an earlier split wrote, with the object in it."""

    path: Path
    key: Key


def split(request: ExportRequest, splitting: Splitting, sources: Sequence[Store], places: Places) -> Split:
    """Reads the sources, and writes a file for each object whose file has another text. Secrets are never in clear.

    Each file is written as a whole or not at all, one after the other. Raises `AirconnError` before the first write,
    and `TargetError` if a file can't be written.
    """
    format_name = _format(request)
    directory = splitting.directory
    _refuse_directory(directory)
    refuse_as_target(sources, directory / Kind.CONNECTIONS.value / f"x.{format_name}")
    change = make_change(request.changes, request.selection, places)
    fills = places.open_fills(request.fills, request.source_format)
    version = request.airflow or sources[0].describe(places.context()).airflow
    knows = request.airflow is not None or sources[0].capabilities.is_airflow
    context = replace(places.context(version), knows_release=knows)
    loaded = load(sources, request.selection, context, fills=fills, change=change)
    if not request.allow_empty:
        refuse_empty(request.selection, loaded, sources, context, unless_empty=not request.only_files)
    with reported_reads.ended(context):
        return _SplitRun(request, splitting, format_name, context).run(loaded, sources)


def _format(request: ExportRequest) -> str:
    """The format of the files. Raises `UsageError` for one that isn't possible, and for options of one file."""
    writing = request.writing
    name = writing.format or "yaml"
    formats.get_format(name)
    if name not in split_files.FORMATS:
        raise UsageError(
            f"--split writes files of the formats yaml and json, and not of {name}",
            hint="add --format json, or leave --format out for yaml",
        )
    flags = {
        "-o": writing.out is not None,
        "--encrypt": bool(writing.encrypt),
        "--replace": writing.replace,
        "--replace-references": writing.replace_references,
        **{option.flag: option.name in writing.values for option in formats.options()},
    }
    for flag, is_given in flags.items():
        if is_given:
            raise UsageError(
                f"{flag} is for one file, and --split writes one for each object", hint=f"leave {flag} or --split out"
            )
    return name


def _refuse_directory(directory: Path) -> None:
    """Raises `TargetError` for a directory that can't be written to, or whose own directory isn't there."""
    if not directory.exists():
        saving.refuse_unwritable(directory)
    elif not directory.is_dir():
        raise TargetError("can't be written: this is a file, and --split needs a directory", where=str(directory))
    elif not os.access(directory, os.W_OK | os.X_OK):
        raise TargetError("can't be written: Permission denied", where=str(directory))


class _SplitRun:
    def __init__(self, request: ExportRequest, splitting: Splitting, format_name: str, context: Context) -> None:
        self.request = request
        self.splitting = splitting
        self.directory = splitting.directory
        self.format_name = format_name
        self.context = context
        self.losses: list[Loss] = []
        self.faults: list[InputError] = []

    def run(self, loaded: Loaded, sources: Sequence[Store]) -> Split:
        writing = self.request.writing
        bundle, _ = settle_hidden(loaded.bundle, "fail" if writing.redacted == "fail" else "mask", sources, _CLEAR)
        bundle = bundle.map(masked)
        texts = self._texts(bundle)
        if writing.strict:
            refuse_losses(bundle, self.losses, loaded.notes)
        old = {path: _text_of(path) for path in texts}
        self._refuse_others(old)
        found = list(self._found())
        moved = [one.path for one in found if bundle.get(*one.key) is not None and one.path not in texts]
        gone = [one.path for one in found if self._is_gone(one.key, loaded)]
        if self.splitting.prune:
            self._refuse_doubtful(gone, loaded)
        created = [path for path, text in old.items() if text is None]
        changed = [path for path, text in old.items() if text not in (None, texts[path])]
        for path in (*created, *changed):
            self._write(path, texts[path], old[path])
        removed = [*moved, *(gone if self.splitting.prune else ())]
        for path in removed:
            self._remove(path)
        return Split(
            bundle,
            _names(created),
            _names(changed),
            _names(removed),
            () if self.splitting.prune else _names(gone),
            len(texts) - len(created) - len(changed),
            tuple(self.losses),
            loaded.ignored,
            sum(bool(hidden_fields(obj)) for obj in bundle),
            notes=loaded.notes,
        )

    def _texts(self, bundle: Bundle) -> Mapping[Path, str]:
        """The texts of all files by their paths. Raises `InputErrors` for objects that no file can hold."""
        texts: dict[Path, str] = {}
        options = WriteOptions(self.context.airflow)
        masks = self.request.writing.redacted == "mask"
        for number, obj in enumerate(bundle):
            self.context.progress(f"preparing {self.directory}", number, str(self.directory))
            path = self.directory / obj.kind.value / split_files.file_name(obj.id, self.format_name)
            try:
                rendered = split_files.render(obj, str(path), self.format_name, options, masks=masks)
            except InputError as error:
                self.faults += errors_of(error)
                continue
            texts[path] = rendered.text
            self.losses += rendered.losses
        if self.faults:
            raise InputErrors(tuple(self.faults))
        return texts

    def _refuse_others(self, old: Mapping[Path, str | None]) -> None:
        """Raises `BlockedError` for files that would be written over, and that no split has written."""
        others = [path for path, text in old.items() if text is not None and not split_mark.is_marked(text)]
        others += [path for path in {path.parent for path in old} if path.is_symlink()]
        if others:
            raise BlockedError(
                f"--split hasn't written {some(_names(others))}, and would overwrite it",
                where=str(self.directory),
                hint="move it away or delete it, or split into another directory",
            )

    def _found(self) -> Iterator[_SplitFile]:
        """The files that an earlier split has written, each under the name that it has for its object."""
        options = ReadOptions(self.context.airflow)
        for kind in Kind:
            folder = self.directory / kind.value
            if folder.is_symlink() or not folder.is_dir():
                continue
            for path in sorted(folder.iterdir()):
                name = path.suffix.removeprefix(".")
                text = _text_of(path) if name in split_files.FORMATS and not path.is_symlink() else None
                obj = split_files.object_of(text, str(path), name, options) if text is not None else None
                if obj is not None and obj.kind is kind and split_files.file_name(obj.id, name) == path.name:
                    yield _SplitFile(path, (kind, obj.id))

    def _is_gone(self, key: Key, loaded: Loaded) -> bool:
        """Whether an object is among the selected ones, and the sources, which could hold it, don't."""
        kind, id_ = key
        selected = self.request.selection.wants(kind, id_) and kind in loaded.kinds
        return selected and loaded.bundle.get(kind, id_) is None

    def _refuse_doubtful(self, gone: Sequence[Path], loaded: Loaded) -> None:
        """Raises `BlockedError` if the sources may have objects that they failed to give, or for too many files."""
        where = str(self.directory)
        doubtful = next((note for note in loaded.notes if note.left_out or note.failed), None)
        if gone and doubtful:
            raise BlockedError(
                f"{doubtful.message}, and --prune would delete its file",
                where=doubtful.where,
                hint="correct the source first, or leave out --prune",
            )
        if len(gone) > self.splitting.max_delete:
            raise BlockedError(
                f"--prune would delete {len(gone)} files, and --max-delete allows {self.splitting.max_delete}",
                where=where,
                hint=f"if that is meant: --max-delete {len(gone)}",
            )

    def _write(self, path: Path, text: str, old: str | None) -> None:
        if old is None:
            _make(self.directory)
            _make(path.parent)
        with saving.alone_with(path):
            _refuse_changed(path, old)
            saving.write_atomically(path, text, keep_mode=True)

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            reason = error.strerror or "the system refuses"
            raise TargetError(f"can't be deleted: {reason}", where=str(path)) from None


def _make(directory: Path) -> None:
    try:
        directory.mkdir(exist_ok=True)
    except OSError as error:
        reason = error.strerror or "the system refuses"
        raise TargetError(f"the directory can't be made: {reason}", where=str(directory)) from None


def _refuse_changed(path: Path, old: str | None) -> None:
    if _text_of(path) != old:
        raise BlockedError("another program has changed this file in the meantime", where=str(path))


def _text_of(path: Path) -> str | None:
    """The text of a file, and None without a file. What no split can have written counts as an empty text."""
    if not os.path.lexists(path):
        return None
    try:
        if path.is_symlink() or not path.is_file():
            return ""
        return path.read_bytes().decode().replace("\r\n", "\n")  # git may have made these line ends
    except (OSError, UnicodeDecodeError):
        return ""


def _names(paths: Sequence[Path]) -> tuple[str, ...]:
    return tuple(sorted(map(str, paths)))
