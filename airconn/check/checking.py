"""Carries out an `airconn check`: runs the rules over files and places, and fixes what has one right answer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from airconn import formats
from airconn.check.checker import check_all
from airconn.check.fixes import fix
from airconn.check.rules import BY_CODE, Finding, Severity
from airconn.check.stored import check_place
from airconn.errors import ExitCode, UsageError
from airconn.model import NEWEST, AirflowVersion, Selection
from airconn.model.reference_forms import ReferenceKind
from airconn.stores.base import Context, Store
from airconn.stores.directory import DirectoryStore
from airconn.stores.file import FileStore
from airconn.targets import targets_of
from airconn.transfer.empty_runs import refuse_unmatched, suggestions
from airconn.transfer.overriding import allowed_by
from airconn.transfer.places import Places
from airconn.transfer.request_parts import AS_THEY_TELL, SourceFormat
from airconn.transfer.standard_input import STDIN, one_name, refuse_second_use
from airconn.transfer.target_request import selection_of


@dataclass(frozen=True, slots=True)
class CheckRequest:
    """Which files and places to check, and how."""

    sources: tuple[str, ...]
    """The addresses of the files."""
    places: tuple[str, ...] = ()
    """The addresses of other places, such as a running Airflow."""
    source_format: SourceFormat = AS_THEY_TELL
    selection: Selection = field(default_factory=Selection)
    airflow: AirflowVersion = NEWEST
    """The Airflow that the objects are for."""
    migrates: bool = False
    """Whether the user has said so, and may move to it, so that the providers are named which files need there."""
    ignore: tuple[str, ...] = ()
    """The codes of rules that are turned off."""
    fix: bool = False
    """Whether to fix in place what has one right answer."""
    strict: bool = False
    """Whether a warning has the exit code of an error."""
    allow_empty: bool = False
    """Whether a glob may match nothing."""
    resolve: tuple[str, ...] = ()
    """Which references are taken as values, in the words of `--resolve`. None is followed."""


@dataclass(frozen=True, slots=True)
class Repair:
    """The fixes in a file, and why other findings weren't fixed."""

    file: str
    done: tuple[str, ...]
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The findings that are left after the repairs."""

    findings: tuple[Finding, ...]
    files: tuple[str, ...]
    places: tuple[str, ...] = ()
    """The addresses of the places that are not files."""
    descriptions: tuple[str, ...] = ()
    """These places in words."""
    repairs: tuple[Repair, ...] = ()
    strict: bool = False
    remarks: tuple[str, ...] = ()
    """What of directories was passed over."""

    @property
    def exit_code(self) -> ExitCode:
        bad = {Severity.ERROR, Severity.WARNING} if self.strict else {Severity.ERROR}
        return ExitCode.INPUT if any(finding.severity in bad for finding in self.findings) else ExitCode.OK


def run_check(request: CheckRequest, places: Places) -> CheckResult:
    """Checks files and other places, and fixes files if the request says so.

    Raises `UsageError` for a source that isn't a file and for an unknown rule, `InputErrors` for globs that match
    nothing, `TargetError` as the read of a place does, and `AirconnError` for a file that can't be written.
    """
    if request.fix and STDIN in map(one_name, request.sources):
        raise UsageError("--fix changes files, and can't change standard input", hint="name the file")
    refuse_second_use((*request.sources, *request.places))
    codes, selection = _codes(request.ignore), request.selection
    opened = _opened(request, places)
    files, others = opened.files, opened.others
    if request.fix and not files:
        raise UsageError(
            "--fix changes files, and none is named", hint="airconn check shows what to do about each finding"
        )
    context = replace(places.context(request.airflow), knows_release=request.migrates)
    migrates = request.migrates and not request.airflow.is_airflow_2
    allowed = allowed_by(request.resolve, places.config)
    resolved = allowed.kinds if allowed else frozenset[ReferenceKind]()
    findings = check_all(files, selection, request.airflow, codes, resolved, migrates=migrates)
    checked = [check_place(store, selected, context) for store, selected in others]
    of_places = [finding for place in checked for finding in place.findings if finding.code not in codes]
    # A file with errors may hold an object for each glob, and not be readable.
    is_readable = not any(finding.severity is Severity.ERROR for finding in findings)
    if selection.include and not request.allow_empty and is_readable:
        found = [key for key in suggestions(files, selection.kinds, context) if selection.wants(*key)]
        found += [(obj.kind, obj.id) for place in checked for obj in place.objects]
        notes = [note for place in checked for note in place.notes]
        refuse_unmatched(selection, found, [*files, *(store for store, _ in others)], notes, context)
    repairs: tuple[Repair, ...] = ()
    if request.fix:
        repairs = _repaired(files, findings, context)
        if any(repair.done for repair in repairs):
            findings = check_all(files, selection, request.airflow, codes, resolved, migrates=migrates)
    return CheckResult(
        (*findings, *of_places),
        tuple(file.address for file in files),
        tuple(store.address for store, _ in others),
        tuple(place.description for place in checked),
        repairs,
        request.strict,
        opened.remarks,
    )


@dataclass(frozen=True, slots=True)
class _Opened:
    """The files and the other places of a request, and remarks on what of directories was passed over."""

    files: list[FileStore]
    others: list[tuple[Store, Selection]]
    """Each with what is selected of it: a target of the configuration can be a part of its place."""
    remarks: tuple[str, ...]


def _opened(request: CheckRequest, places: Places) -> _Opened:
    if request.source_format.name:
        formats.get_format(request.source_format.name)  # so that a wrong name is told without a file
    files: list[FileStore] = []
    others: list[tuple[Store, Selection]] = []
    remarks: list[str] = []
    targets = targets_of(places.config, request.places)
    named = [*((source, None) for source in request.sources), *((target.address, target) for target in targets)]
    for address, target in named:
        store = places.open(address, request.source_format)
        if isinstance(store, DirectoryStore):
            found = store.found()
            files += store.files()
            if passed := found.remark():
                remarks.append(f"{store.address}: {passed}")
        elif isinstance(store, FileStore):
            files.append(store)
        elif target is None:
            raise UsageError(f"{store.address} is not a file", hint=f"airconn check --from {address} reads it")
        else:
            others.append((store, selection_of(request.selection, target)))
    return _Opened(files, others, tuple(remarks))


def _codes(ignore: Sequence[str]) -> frozenset[str]:
    codes = [code.upper() for code in ignore]
    for code in codes:
        if code not in BY_CODE:
            from difflib import get_close_matches

            near = get_close_matches(code, list(BY_CODE), n=1)
            raise UsageError(
                f"{code!r} is not the code of a rule",
                hint=f"did you mean {near[0]}?" if near else "codes are like AC101 (airconn help check)",
            )
    return frozenset(codes)


def _repaired(files: Sequence[FileStore], findings: Sequence[Finding], context: Context) -> tuple[Repair, ...]:
    by_path = {os.path.realpath(file.address): file for file in reversed(files)}  # named twice, or by a link
    repairs = []
    for file in files:
        if by_path[os.path.realpath(file.address)] is file:
            of_file = [finding for finding in findings if finding.file == file.address]
            repairs.append(Repair(file.address, *fix(file, of_file, context)))
    return tuple(repairs)
