"""Runs every rule over files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from airconn.airflow.versions import NEWEST_AIRFLOW_2
from airconn.check import encrypted_files, env_lines, file_modes, migration, objects
from airconn.check.reading import by_place, line_and_column
from airconn.check.rules import BY_CODE, Finding, Severity
from airconn.errors import InputError
from airconn.formats import uri_problems
from airconn.formats.base import extra_fault
from airconn.formats.dotenv.declaration import DIALECT
from airconn.formats.env import PREFIXES, env_name
from airconn.formats.json_breaks import break_of
from airconn.formats.variables_shape import WRAPPER_RULE
from airconn.model import (
    NEWEST,
    AirflowObject,
    AirflowVersion,
    Connection,
    Kind,
    Selection,
    Text,
    Variable,
    hidden_fields,
    is_untyped,
    number_of,
    rules_for,
)
from airconn.model.ambiguity import Ambiguity
from airconn.model.reading import Reading
from airconn.model.reference_forms import ReferenceKind
from airconn.model.references import references
from airconn.model.secrecy import secret_leaves
from airconn.stores import git
from airconn.stores.base import Context
from airconn.stores.file import FileStore
from airconn.stores.sops.exposure import in_clear


@dataclass(frozen=True, slots=True)
class Checked:
    """The findings of one file, sorted by place and code, and its objects."""

    file: str
    findings: tuple[Finding, ...]
    objects: tuple[AirflowObject, ...]


def check_all(
    stores: Sequence[FileStore],
    selection: Selection,
    airflow: AirflowVersion = NEWEST,
    ignore: frozenset[str] = frozenset(),
    resolved: frozenset[ReferenceKind] = frozenset(),
    *,
    migrates: bool = False,
) -> list[Finding]:
    """The findings of each file, and those of all files together.

    References of the kinds `resolved` are values. `migrates`: also which providers the files need.
    """
    checked = [check(store, selection, airflow, resolved) for store in stores]
    found = [finding for file in checked for finding in file.findings]
    found += [finding for file in checked if migrates for finding in _needs(file)]
    found += _doubles([obj for file in checked for obj in file.objects])
    kept = (finding for finding in dict.fromkeys(found) if finding.code not in ignore)
    return sorted(kept, key=lambda finding: finding.order)


def _needs(file: Checked) -> Iterator[Finding]:
    """The finding for the providers that the connections of a file need."""
    if needed := migration.packages(file.objects):
        rule = BY_CODE["AC315"]
        yield Finding(rule, file.file, 1, 1, needed[0], rule.severity, fix=needed[1])


def check(
    store: FileStore,
    selection: Selection,
    airflow: AirflowVersion = NEWEST,
    resolved: frozenset[ReferenceKind] = frozenset(),
) -> Checked:
    """The findings of one file, read for `airflow`. Raises `UsageError` for an unknown format."""
    checker = _Checker(store, selection, airflow, resolved)
    checker.run()
    found = sorted(dict.fromkeys(checker.found), key=lambda finding: finding.order)
    return Checked(store.address, tuple(found), tuple(checker.objects))


class _Checker:
    def __init__(
        self, store: FileStore, selection: Selection, airflow: AirflowVersion, resolved: frozenset[ReferenceKind]
    ) -> None:
        self.resolved = resolved
        self.store = store
        self.file = store.address
        self.selection = selection
        self.airflow = airflow
        self.found: list[Finding] = []
        self.objects: list[AirflowObject] = []
        self.columns: dict[int, int] = {}
        """The column at which each entry of a .env file starts, by its line."""

    def add(
        self,
        code: str,
        where: tuple[int, int],
        message: str,
        kind: Kind | None = None,
        id_: str = "",
        *,
        severity: Severity | None = None,
        fix: str | None = None,
    ) -> None:
        if kind is None or self.selection.wants(kind, id_):
            rule = BY_CODE[code]
            severity = severity or rule.severity
            self.found.append(Finding(rule, self.file, *where, message, severity, kind, id_, fix or rule.fix))

    def run(self) -> None:
        try:
            text = self.store.text()
            is_env = self.store.format_name() == "env"
        except InputError as error:
            self.fault(error)
            return
        reading = self.read(self.airflow)
        alike = _reads_alike(reading)
        in_2 = reading if alike or self.airflow == NEWEST_AIRFLOW_2 else self.read(NEWEST_AIRFLOW_2)
        # A connection whose extra Airflow 3 refuses is only in the reading for Airflow 2, and is checked as well.
        places = by_place(reading) if in_2 is reading else {**by_place(in_2), **by_place(reading)}
        found = [self.taken(obj) for obj in places.values() if self.wants(obj)]
        settings = env_lines.settings(text, self.store.format_values().get(DIALECT.name)) if is_env else []
        lines = env_lines.by_line(settings)
        self.columns = {line: entry.column for line, entry in lines.items()}
        self.objects = found
        self.faults(reading, found)
        if is_env:
            for code, line, column, kind, id_, message in env_lines.problems(lines, found):
                self.add(code, (line, column), message, kind, id_)
            for line, column, message in env_lines.near_misses(settings):
                self.add("AC406", (line, column), message)
            known = {finding.line for finding in self.found}
            for note in reading.notes:
                where = line_and_column(self.file, note.where)
                if note.left_out and where[0] not in known:
                    self.add("AC102", where, note.message)
        else:
            for note in reading.notes:
                self.add("AC102", line_and_column(self.file, note.where), note.message)
        self.faulty_uris(reading, found)
        self.single_objects(reading, found)
        self.open_secrets(found)

    def single_objects(self, reading: Reading, found: Iterable[AirflowObject]) -> None:
        """Adds the findings about each object by itself."""
        of_uris = {(seen.conn_id, seen.origin) for seen in reading.uris}
        for obj in found:
            self.object(obj, reading, is_uri=bool(of_uris) and (obj.id, obj.origin) in of_uris)

    def object(self, obj: AirflowObject, reading: Reading, *, is_uri: bool) -> None:
        """Adds the findings of one object."""
        # Values that --fill has are written so on purpose.
        is_referred = set(hidden_fields(obj)) <= {*reading.referred.get((obj.kind, obj.id), ())}
        for code, message, severity in objects.problems(obj, self.airflow, is_uri=is_uri):
            if code == "AC501" and is_referred:
                continue
            if code == "AC313" and is_untyped(obj) and self.store.format_name() in ("json", "yaml"):
                message = "conn_type is missing; 'airflow connections import' fails without it"
                severity = Severity.ERROR
            self.add(code, self.place(obj), message, obj.kind, obj.id, severity=severity)
        for code, message, fix in () if self.airflow.is_airflow_2 else migration.problems(obj):
            self.add(code, self.place(obj), message, obj.kind, obj.id, fix=fix)
        for ambiguity in obj.ambiguities:
            self.ambiguity(obj, ambiguity)

    def read(self, airflow: AirflowVersion) -> Reading:
        return self.store.read_text(Context(airflow), keeps_uris=True)

    def wants(self, obj: AirflowObject) -> bool:
        return self.selection.wants(obj.kind, obj.id)

    def taken(self, obj: AirflowObject) -> AirflowObject:
        """`obj`, in which the references that are resolved are taken as values."""
        if obj.kind is Kind.POOLS or not self.resolved:
            return obj
        found = {(each.field, each.path) for each in references(obj) if each.kind in self.resolved}
        changed: dict[str, Any] = {"genuine": getattr(obj, "genuine", frozenset()) | found}
        return replace(obj, **changed) if found else obj

    def place(self, obj: AirflowObject) -> tuple[int, int]:
        line = obj.origin.line or 1
        return line, obj.origin.column or self.columns.get(line, 1)

    def ambiguity(self, obj: AirflowObject, ambiguity: Ambiguity) -> None:
        line, column = self.place(obj)
        place = (ambiguity.line or line, ambiguity.column or column)
        message = f"{ambiguity.field}: {ambiguity.message}" if ambiguity.field else ambiguity.message
        message = f"{message}: {ambiguity.detail}" if ambiguity.detail else message
        severity = _severity(ambiguity)
        fix = ambiguity.way_out or None
        self.add(ambiguity.rule, place, message, obj.kind, obj.id, severity=severity, fix=fix)

    def fault(self, fault: InputError) -> None:
        where = line_and_column(self.file, fault.where, fault.message)
        self.add("AC101", where, fault.message, fix=fault.hint)

    def faults(self, reading: Reading, found: Iterable[AirflowObject]) -> None:
        """Adds what the reader refuses. An extra that only Airflow 3 refuses has a rule of its own."""
        extras: set[str] = set()
        for obj in found:
            if isinstance(obj, Connection) and extra_fault(obj, rules_for(NEWEST)):
                extras.add(str(obj.origin))
                refused = rules_for(self.airflow).extra_is_object
                self.add(
                    "AC103",
                    self.place(obj),
                    f"the extra is not a JSON object{_break(obj)}, and Airflow 3 refuses the connection",
                    obj.kind,
                    obj.id,
                    severity=None if refused else Severity.WARNING,
                )
        for fault in reading.faults:
            if fault.where not in extras:
                self.fault(fault)

    def faulty_uris(self, reading: Reading, found: Iterable[AirflowObject]) -> None:
        """Adds the findings in URIs that Airflow refuses. The readers have attached those in the others."""
        connections = {(obj.id, obj.origin) for obj in found if isinstance(obj, Connection)}
        for seen in reading.uris:
            if (seen.conn_id, seen.origin) in connections:
                continue
            for code, offset, message in uri_problems.problems(seen.text, rules_for(self.airflow)):
                # A URI that the text has in another form is reported at its entry.
                column = seen.column + offset if seen.column else seen.origin.column or 1
                self.add(code, (seen.origin.line or 1, column), message, Kind.CONNECTIONS, seen.conn_id)

    def open_secrets(self, found: Iterable[AirflowObject]) -> None:
        """Adds who else can read the file, if it has secrets."""
        path = self.store.path
        if path is None:
            return
        self.plain_twins(path)
        is_tracked, is_open = git.is_tracked(path), file_modes.is_open_to_others(path)
        holders = [obj for obj in found if _holds_secrets(obj)] if is_tracked or is_open else []
        holders = in_clear(self.store, holders) if holders else holders
        if not holders:
            return
        number = number_of(len(holders))
        if self.store.sealed_text() is not None:
            number = f"{number} in clear, although sops has encrypted other values"
        if is_tracked:
            self.add("AC511", (1, 1), f"git tracks this file, which holds secrets of {number}")
        if is_open:
            self.add("AC512", (1, 1), f"others can read this file, which holds secrets of {number}")

    def plain_twins(self, path: Path) -> None:
        """Adds the file in clear beside an encrypted one, if git has it or would take it up."""
        is_encrypted = self.store.sealed_text() is not None
        for twin in encrypted_files.plain_twins(path, is_encrypted=is_encrypted):
            if git.is_not_ignored(twin):
                name = f"{twin.name} is the same file in clear" if is_encrypted else "the same file is here encrypted"
                does = "tracks" if git.is_tracked(twin) else "doesn't ignore"
                what = "it" if is_encrypted else "this one in clear"
                self.add("AC513", (1, 1), f"{name}, and git {does} {what}")


def _holds_secrets(obj: AirflowObject) -> bool:
    """Whether an object has secrets in it, and not only references to them."""
    plain: dict[str, Any] = {} if obj.kind is Kind.POOLS else {"genuine": frozenset()}
    found = list(references(replace(obj, **plain)))
    is_referred = {(each.field, each.path) for each in found}
    return not any(each.is_whole for each in found) and any(leaf not in is_referred for leaf in secret_leaves(obj))


def _severity(ambiguity: Ambiguity) -> Severity:
    """An error where an import is blocked, a note where no other command says it."""
    if ambiguity.blocks:
        return Severity.ERROR
    if ambiguity.is_minor:
        return Severity.NOTE
    severity = BY_CODE[ambiguity.rule].severity
    return Severity.WARNING if severity is Severity.ERROR else severity


def _reads_alike(reading: Reading) -> bool:
    """Whether every Airflow reads a file alike: connections, wrapped variables, faults and notes can differ."""
    return not (reading.faults or reading.notes) and not any(
        isinstance(obj, Connection) or any(found.rule == WRAPPER_RULE for found in obj.ambiguities)
        for obj in reading.found
    )


def _break(obj: Connection) -> str:
    """Where the JSON of an extra breaks, if it is meant to be an object."""
    place = break_of(obj.extra.text) if isinstance(obj.extra, Text) else ""
    return f" (it breaks {place})" if place else ""


def _doubles(found: Iterable[AirflowObject]) -> Iterator[Finding]:
    """The findings for objects that are there twice, and for ids that are the same environment variable."""
    by_id: dict[tuple[Kind, str], AirflowObject] = {}
    by_name: dict[str, AirflowObject] = {}
    for obj in found:
        known = by_id.setdefault((obj.kind, obj.id), obj)
        if known is not obj:
            # The same values in two files do no harm, and the reader refuses other values in one file.
            is_same_file = known.origin.source == obj.origin.source
            if known.origin != obj.origin and (known == obj) == is_same_file:
                how = "as well" if is_same_file else "with other values"
                yield _double("AC401", obj, f"it is in {known.origin} {how}")
            continue
        if isinstance(obj, Connection | Variable) and obj.kind in PREFIXES.values():
            name = env_name(obj.kind, obj.id)
            other = by_name.setdefault(name, obj)
            if other is not obj:
                yield _double("AC402", obj, f"it is the same environment variable as {other.id!r} in {other.origin}")


def _double(code: str, obj: AirflowObject, message: str) -> Finding:
    rule, origin = BY_CODE[code], obj.origin
    line, column = origin.line or 1, origin.column or 1
    return Finding(rule, origin.source, line, column, message, rule.severity, obj.kind, obj.id, rule.fix)
