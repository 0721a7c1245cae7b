"""Checks the objects of a place that is not a file: a running Airflow, its database, or a secrets backend."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from airconn.check import migration, objects
from airconn.check.rules import BY_CODE, Finding, Severity
from airconn.errors import InputError, InputErrors
from airconn.formats.base import extra_fault
from airconn.model import (
    AirflowObject,
    AirflowVersion,
    Connection,
    Kind,
    Selection,
    hidden_fields,
    number_of,
    rules_for,
)
from airconn.model.reading import Note, Reading
from airconn.stores.base import Context, Description, Store
from airconn.transfer import reported_reads

_BESIDE_OBJECTS = 0
"""The line and column of a finding that is in no file."""


@dataclass(frozen=True, slots=True)
class CheckedPlace:
    """The findings of one place, and what it holds."""

    description: str
    findings: tuple[Finding, ...]
    objects: tuple[AirflowObject, ...]
    notes: tuple[Note, ...]


def check_place(store: Store, selection: Selection, context: Context) -> CheckedPlace:
    """The findings about the objects of a place, for the Airflow of the context. Raises `TargetError` as its read."""
    described = reported_reads.describe(store, context)
    reading, faults = _read(store, selection, context)
    checker = _PlaceChecker(store, described, reading, context.airflow)
    found = [*checker.faults(faults), *checker.notes(), *checker.objects()]
    worst = list(Severity)
    order = sorted(dict.fromkeys(found), key=lambda finding: (worst.index(finding.severity), finding.order))
    return CheckedPlace(described.text, tuple(order), checker.found, reading.notes)


def _read(store: Store, selection: Selection, context: Context) -> tuple[Reading, Sequence[InputError]]:
    """What a place holds, and the faults that keep the Airflow of the context from reading all of it.

    Where it has any, its objects are those that the newest Airflow 2 reads.
    """
    try:
        reading = reported_reads.read(store, selection, context)
    except InputErrors as error:
        faults: Sequence[InputError] = error.errors
        reading = Reading()
    else:
        if store.capabilities.is_airflow or not any(note.left_out for note in reading.notes):
            return reading, ()
        faults = ()
    from airconn.airflow.versions import NEWEST_AIRFLOW_2

    try:
        in_2 = reported_reads.read(store, selection, replace(context, airflow=NEWEST_AIRFLOW_2))
    except InputErrors:
        return reading, faults
    kept = {(obj.kind, obj.id) for obj in reading.bundle}
    only_in_2 = [obj for obj in in_2.bundle if (obj.kind, obj.id) not in kept]
    bundle = type(reading.bundle).of([*reading.bundle, *only_in_2])
    return replace(reading, bundle=bundle, notes=in_2.notes), ()


class _PlaceChecker:
    def __init__(self, store: Store, described: Description, reading: Reading, airflow: AirflowVersion) -> None:
        self._store = store
        self._reading = reading
        self._airflow = airflow
        self._shows_variables = not store.capabilities.hides or described.airflow.is_airflow_2
        self.found = tuple(reading.bundle)
        self._taken = {kind: {obj.id for obj in self.found if obj.kind is kind} for kind in Kind}

    def faults(self, faults: Sequence[InputError]) -> Iterator[Finding]:
        for fault in faults:
            yield self._finding("AC101", self._said(fault.where, fault.message), fix=fault.hint or "")

    def notes(self) -> Iterator[Finding]:
        """The findings for what the place doesn't give, and for what it hides."""
        for note in self._reading.notes:
            if note.left_out or note.failed:
                severity = Severity.ERROR if note.failed else None
                message = self._said(note.where, note.message)
                yield self._finding("AC102", message, severity=severity, fix="correct it there, or leave it behind")
        hidden = [obj for obj in self.found if self._is_unjudged(obj)]
        if hidden:
            ways = self._store.capabilities.real_values
            message = f"values of {number_of(len(hidden))} are hidden there, and can't be checked"
            yield self._finding("AC514", message, fix=f"check them where they are shown: {ways}" if ways else "")

    def objects(self) -> Iterator[Finding]:
        """The findings about each object, and about the packages that all of them need."""
        for obj in self.found:
            if isinstance(obj, Connection) and extra_fault(obj, rules_for(self._airflow)):
                yield self._of(obj, "AC103", f"the extra {extra_fault(obj, rules_for(self._airflow))}")
            for code, message, severity in objects.problems(obj, self._airflow, is_uri=False):
                if code != "AC501" or not self._is_unjudged(obj):
                    yield self._of(obj, code, message, severity)
            if not self._airflow.is_airflow_2:
                for code, message, fix in migration.problems(obj):
                    yield self._of(obj, code, message, fix=fix)
            for ambiguity in obj.ambiguities:
                message = f"{ambiguity.field}: {ambiguity.message}" if ambiguity.field else ambiguity.message
                severity = Severity.ERROR if ambiguity.blocks else Severity.NOTE if ambiguity.is_minor else None
                yield self._of(obj, ambiguity.rule, message, severity, fix=ambiguity.way_out)
        needed = None if self._airflow.is_airflow_2 else migration.packages(self.found)
        if needed:
            yield self._finding("AC315", needed[0], fix=needed[1])

    def _is_unjudged(self, obj: AirflowObject) -> bool:
        """Whether the place hides values of an object. A *** that it shows is the value, or a part of it."""
        is_shown = self._shows_variables if obj.kind is Kind.VARIABLES else not self._store.capabilities.hides
        return not is_shown and bool(hidden_fields(obj))

    def _of(
        self, obj: AirflowObject, code: str, message: str, severity: Severity | None = None, *, fix: str = ""
    ) -> Finding:
        rule = BY_CODE[code]
        option = migration.way_to(code, obj, self._taken[obj.kind])
        fix = "; ".join(part for part in (fix or rule.fix, option) if part)
        return Finding(
            rule,
            self._store.address,
            _BESIDE_OBJECTS,
            _BESIDE_OBJECTS,
            message,
            severity or rule.severity,
            obj.kind,
            obj.id,
            fix,
        )

    def _finding(self, code: str, message: str, *, severity: Severity | None = None, fix: str = "") -> Finding:
        rule, nowhere = BY_CODE[code], _BESIDE_OBJECTS
        severity = severity or rule.severity
        return Finding(rule, self._store.address, nowhere, nowhere, message, severity, fix=fix or rule.fix)

    def _said(self, where: str | None, message: str) -> str:
        """A message with the object that it is about, if the place says which."""
        rest = (where or "").removeprefix(self._store.address).lstrip(": /")
        return f"{rest}: {message}" if rest else message
