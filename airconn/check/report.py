"""Writes findings as text, as JSON, as SARIF and as annotations for GitHub, without values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from airconn import __version__
from airconn.check.rules import ALL, Finding, Severity
from airconn.quoting import clean, to_json
from airconn.report.results import SCHEMA_VERSION

_NAMED = 3
"""The objects of a group that are named."""
COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """The number of findings of each severity."""
    numbers = Counter(finding.severity for finding in findings)
    return {severity.value: numbers[severity] for severity in Severity}


def summary(findings: Sequence[Finding], files: int, places: Sequence[str] = ()) -> str:
    """`2 files: 1 error, 0 warnings, 3 notes`. `places`: those that aren't files, in words."""
    shown = [f"{number} {word if number == 1 else f'{word}s'}" for word, number in counts(findings).items()]
    of_files = [f"{files} {'file' if files == 1 else 'files'}"] if files or not places else []
    return f"{' and '.join([*of_files, *map(clean, places)])}: {', '.join(shown)}"


def grouped(findings: Iterable[Finding]) -> list[tuple[Finding, ...]]:
    """The findings, with those together that say the same of several objects of a place. In a file, each is alone."""
    groups: dict[object, list[Finding]] = {}
    for finding in findings:
        same = finding if finding.line else (finding.file, finding.code, finding.kind, finding.message)
        groups.setdefault((finding.severity, same), []).append(finding)
    return [tuple(group) for group in groups.values()]


def describe_all(group: Sequence[Finding]) -> str:
    """The findings of a group as one line, with the names of the first objects."""
    if len(group) == 1 or group[0].kind is None:
        return describe(group[0])
    names = ", ".join(finding.id or "''" for finding in group[:_NAMED])
    rest = f" and {len(group) - _NAMED} more" if len(group) > _NAMED else ""
    return clean(f"{len(group)} {group[0].kind.value} ({names}{rest}): {group[0].message}")


def describe(finding: Finding) -> str:
    """A finding as one line: what it is about, and its message."""
    subject = f"{finding.subject}: " if finding.subject else ""
    return clean(f"{subject}{finding.message}")


def as_json(
    findings: Sequence[Finding], files: Sequence[str], places: Sequence[str], fixed: Sequence[tuple[str, str]]
) -> str:
    """The findings as JSON."""
    report = {
        "schema_version": SCHEMA_VERSION,
        "files": list(files),
        "places": list(places),
        "findings": [
            {
                "code": finding.code,
                "name": finding.rule.name,
                "severity": finding.severity.value,
                "file": finding.file,
                "line": finding.line or None,
                "column": finding.column or None,
                "kind": finding.kind.value if finding.kind else None,
                "id": finding.id or None,
                "message": finding.message,
                "fix": finding.fix,
            }
            for finding in findings
        ],
        "fixed": [{"file": file, "message": message} for file, message in fixed],
        "summary": counts(findings),
    }
    return to_json(report)


def as_sarif(findings: Sequence[Finding]) -> str:
    """The findings in SARIF 2.1.0, as code hosts read it."""
    places = {rule.code: index for index, rule in enumerate(ALL)}
    rules = [
        {
            "id": rule.code,
            "name": rule.name,
            "shortDescription": {"text": rule.what},
            "help": {"text": rule.fix},
            "defaultConfiguration": {"level": rule.severity.value},
        }
        for rule in ALL
    ]
    results = [
        {
            "ruleId": finding.code,
            "ruleIndex": places[finding.code],
            "level": finding.severity.value,
            "message": {"text": f"{describe(finding)}. Fix: {clean(finding.fix)}"},
            "locations": [_location(finding)],
        }
        for finding in findings
    ]
    driver = {"name": "airconn", "version": __version__, "rules": rules}
    run: dict[str, Any] = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [run],
    }
    return to_json(log)


def _location(finding: Finding) -> dict[str, Any]:
    """The place of a finding. An object that is in no file has a logical one."""
    if not finding.line:
        name = f"{finding.place}: {finding.subject}" if finding.subject else finding.file
        return {"logicalLocations": [{"fullyQualifiedName": clean(name)}]}
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": _uri(finding.file)},
            "region": {"startLine": finding.line, "startColumn": finding.column},
        }
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def annotation(finding: Finding) -> str:
    """A line that GitHub turns into an annotation of a line of a file (actions/toolkit, `command.ts`)."""
    command = {Severity.NOTE: "notice"}.get(finding.severity, finding.severity.value)
    place = {"file": clean(finding.file), "line": str(finding.line), "col": str(finding.column)}
    properties = {**(place if finding.line else {}), "title": f"{finding.code} {finding.rule.name}"}
    shown = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    told = describe(finding) if finding.line else f"{clean(finding.place)}: {describe(finding)}"
    return f"::{command} {shown}::{_escaped(f'{told}. Fix: {clean(finding.fix)}')}"


def _escaped(text: str, also: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{also}" else char for char in text)
