"""Carries out exports and conversions: reads the sources, makes the new text of a file, and writes it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from airconn import formats
from airconn.config import Settings
from airconn.errors import AirconnError, BlockedError, InputError, UsageError
from airconn.formats.base import WriteOptions
from airconn.model import ALL_KINDS, AirflowObject, AirflowVersion, Kind, Selection
from airconn.stores.base import Context, Store
from airconn.stores.directory import DirectoryStore, refuse_as_target
from airconn.stores.file import FileStore, kept_in_words
from airconn.stores.saving import refuse_unwritable
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import ALLOW, refuse_empty
from airconn.transfer.hiding import way_to_values
from airconn.transfer.loading import Change, load
from airconn.transfer.new_text import NewText, TargetFile, make_text
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.request_parts import Writing
from airconn.transfer.results import ChangeRequest, Result
from airconn.transfer.standard_input import refuse_second_use

DEFAULT_FORMAT = "json"


@dataclass(frozen=True, slots=True)
class ExportRequest(ChangeRequest):
    """Which objects to write as text, and how."""

    sources: tuple[str, ...] = ()
    """The addresses of the sources. Without any, the Airflow of the configuration."""
    only_files: bool = False
    """Whether all sources are files, as in a conversion, so that an empty one is likely a mistake."""
    writing: Writing = field(default_factory=Writing)


@dataclass(frozen=True, slots=True)
class Export(Result):
    """The result of an export: the text that was written, and notes."""

    made: NewText
    nothing: str = ""
    """Why nothing was written of the objects of the sources. Empty if something was, or the sources are empty."""
    is_done: bool = True
    """Whether the text was written, or is for standard output."""
    in_clear: int = 0
    """The number of objects whose secrets were written in clear, if a user may not expect that."""
    is_encrypted: bool = False
    """Whether SOPS has encrypted the file. `in_clear` then counts what its rules leave in clear."""
    is_exposed: bool = False
    """Whether git would add the file."""
    format: str = ""
    """The name of the format of the text."""
    kinds: frozenset[Kind] = ALL_KINDS
    """The selected kinds that it can hold."""
    way_to_values: str = ""
    """How to get the hidden values, as a hint."""


@dataclass(frozen=True, slots=True)
class OpenedExport:
    """The places of an export, opened and judged as far as that needs no request."""

    sources: Sequence[Store]
    out: FileStore
    fills: Sequence[Store] = ()
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class UnsavedExport:
    """An export whose text is made, and not yet written to its file."""

    export: Export
    request: ExportRequest
    out: FileStore
    version: object = None
    """The version of the file that the text takes the place of."""


def open_sources(request: ExportRequest, places: Places) -> Sequence[Store]:
    """The places of the sources. Raises `UsageError`."""
    refuse_second_use(request.sources, request.fills, request.changes.overlays)
    if not request.sources:
        return [places.open_target(None, request.source_format)]
    stores = [places.open(source, request.source_format) for source in request.sources]
    for store in stores if request.only_files else ():
        if not isinstance(store, FileStore | DirectoryStore):
            raise UsageError(
                f"{store.address} is not a file", hint="airconn export --from reads servers and backends"
            )
    refuse_as_target(stores, request.writing.out)
    return stores


def export(request: ExportRequest, sources: Sequence[Store], places: Places) -> Export:
    """Reads the sources, and writes their objects to the file, if there is one.

    Raises `AirconnError` where nothing is written, and there is nothing else to say.
    """
    out = open_out(request, places)
    if request.writing.out is not None:
        refuse_unwritable(request.writing.out)
    change = make_change(request.changes, request.selection, places)
    fills = places.open_fills(request.fills, request.source_format)
    return save(make_export(request, OpenedExport(sources, out, fills, change), places.context()))


def open_out(request: ExportRequest, places: Places) -> FileStore:
    """The file to write, or standard output. Raises `AirconnError` where its format or content speaks against it."""
    writing, selection = request.writing, request.selection
    out = _out(writing, places)
    if writing.encrypt == "sops" and writing.out is None:
        raise UsageError("--encrypt needs a file to write", hint="name it with -o FILE")
    formats.get_format(out.format_name())
    out.refuse_read_only()
    out.refuse_name(selection.kinds)
    formats.refuse_unused(out.format_name(), writing.values, afresh=writing.replace or not out.holds_something())
    return out


def make_export(request: ExportRequest, opened: OpenedExport, context: Context) -> UnsavedExport:
    """Reads the sources, and makes the text of the file. Writes nothing.

    `context` has the deadline and the watch of the run. Raises as `export`.
    """
    writing, selection = request.writing, request.selection
    sources, out = opened.sources, opened.out
    version = _version(sources[0], out, replace(context, writes=selection.kinds), afresh=writing.replace)
    context = replace(
        context,
        airflow=request.airflow or version,
        knows_release=request.airflow is not None or sources[0].capabilities.is_airflow,
    )
    options = WriteOptions(
        airflow=context.airflow,
        kinds=selection.kinds,
        values={**out.settings.format_defaults, **out.said_values(), **writing.values},
    )
    of_target = replace(context, writes=selection.kinds)
    held = None
    if out.holds_something() and not writing.replace:
        held = reported_reads.read(out, Selection(), of_target)
    loaded = load(sources, selection, context, fills=opened.fills, change=opened.change)
    if not request.allow_empty:
        refuse_empty(selection, loaded, sources, context, unless_empty=not request.only_files)
    made = make_text(
        loaded,
        sources,
        TargetFile(out, options, of_target, held.bundle if held else None),
        redacted=writing.redacted or "mask",
        mask_secrets=writing.mask_secrets,
        strict=bool(writing.strict),
    )
    nothing = _why_nothing(made, out)
    export = Export(
        made,
        nothing,
        is_done=False,
        format=out.format_name(),
        kinds=selection.kinds & formats.get_format(out.format_name()).kinds,
        way_to_values=way_to_values(sources),
        notes=made.notes,
        error=InputError(nothing, hint=ALLOW) if nothing and not request.allow_empty else None,
    )
    return UnsavedExport(export, request, out, held.version if held else None)


def save(unsaved: UnsavedExport) -> Export:
    """Writes the text to its file, if there is one and nothing speaks against it.

    Raises `AirconnError` if the file can't be written, or isn't the one that was read before.
    """
    export, writing, out = unsaved.export, unsaved.request.writing, unsaved.out
    if export.error:
        return export
    made = export.made
    if writing.out is not None:
        out.save(made.text, unsaved.version, afresh=writing.replace)
    error = _keeps_references(made, out) if made.kept else None
    export = replace(export, is_done=True, error=error, is_encrypted=out.sealed_text() is not None)
    if export.is_encrypted:
        from airconn.stores.sops.exposure import in_clear as shown_by

        return export if made.masked else replace(export, in_clear=_with_secrets(shown_by(out, made.written)))
    in_clear, is_exposed = _in_clear(made, writing)
    return replace(export, in_clear=in_clear, is_exposed=is_exposed)


def _out(writing: Writing, places: Places) -> FileStore:
    """The store of the file to write, or of standard output.

    A file that is replaced keeps the format of its content. If that is only read, its name decides.
    """
    settings = Settings(
        from_format=writing.format or (None if writing.out else DEFAULT_FORMAT),
        format_values=writing.values,
        format_defaults=places.config.format_defaults(),
        replace_references=writing.replace_references or writing.replace,
        environ=places.config.environ,
        sops=places.config.sops,
        deadline=places.deadline,
        encrypt=writing.encrypt,
    )
    out = FileStore(str(writing.out or "-"), settings)
    if writing.replace and not formats.get_format(out.format_name()).is_writable:
        return FileStore(out.address, replace(settings, from_format=out.format_of_name()))
    return out


def _version(source: Store, out: FileStore, context: Context, *, afresh: bool) -> AirflowVersion:
    """The Airflow of the source. It is asked after all that can be judged without it: a fault of the file is told
    whether a server runs or not."""
    fault: InputError | None = None
    if out.holds_something() and not afresh:
        try:
            reported_reads.read(out, Selection(), context)
        except InputError as error:
            fault = error
    try:
        return source.describe(replace(context, writes=None)).airflow
    except AirconnError:
        if fault:
            raise fault from None
        raise


def _keeps_references(made: NewText, out: FileStore) -> BlockedError:
    """The error for an export that had to keep objects of the file for their references."""
    return BlockedError(
        f"not changed, because the new values would replace references ($NAME, {{{{ }}}} and the like): "
        f"{kept_in_words(made.kept)}",
        where=out.address,
        hint="--replace-references writes the new values; --exclude excludes the objects",
    )


def _why_nothing(made: NewText, out: FileStore) -> str:
    if not len(made.bundle):
        return "every object has hidden values" if made.hidden else ""
    return "" if len(made.written) or made.kept else f"the {out.format_name()} format can't hold anything"


def _in_clear(made: NewText, writing: Writing) -> tuple[int, bool]:
    """The number of objects whose secrets are in clear although the user may take them to be masked or unseen, and
    whether git would take the file up."""
    if made.masked:
        return 0, False
    is_exposed = False
    if writing.out is not None:
        from airconn.stores import git

        is_exposed = git.is_not_ignored(writing.out)
    if writing.redacted not in ("mask", "omit") and not is_exposed:
        return 0, False
    return _with_secrets(made.written), is_exposed


def _with_secrets(objects: Iterable[AirflowObject]) -> int:
    from airconn.model.secrecy import secret_leaves

    return sum(any(secret_leaves(obj)) for obj in objects)
