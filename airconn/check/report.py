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

COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}


def counts(findings: Iterable[Finding]) -> dict[str, int]:
    """The number of findings of each severity."""
    numbers = Counter(finding.severity for finding in findings)
    return {severity.value: numbers[severity] for severity in Severity}


def summary(findings: Sequence[Finding], files: int) -> str:
    """`2 files: 1 error, 0 warnings, 3 notes`."""
    shown = [f"{number} {word if number == 1 else f'{word}s'}" for word, number in counts(findings).items()]
    return f"{files} {'file' if files == 1 else 'files'}: {', '.join(shown)}"


def describe(finding: Finding) -> str:
    """A finding as one line: what it is about, and its message."""
    subject = f"{finding.subject}: " if finding.subject else ""
    return clean(f"{subject}{finding.message}")


def as_json(findings: Sequence[Finding], files: Sequence[str], fixed: Sequence[tuple[str, str]]) -> str:
    """The findings as JSON."""
    report = {
        "schema_version": SCHEMA_VERSION,
        "files": list(files),
        "findings": [
            {
                "code": finding.code,
                "name": finding.rule.name,
                "severity": finding.severity.value,
                "file": finding.file,
                "line": finding.line,
                "column": finding.column,
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
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": _uri(finding.file)},
                        "region": {"startLine": finding.line, "startColumn": finding.column},
                    }
                }
            ],
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


def _uri(file: str) -> str:
    path = PurePath(file)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


def annotation(finding: Finding) -> str:
    """A line that GitHub turns into an annotation of a line of a file (actions/toolkit, `command.ts`)."""
    command = {Severity.NOTE: "notice"}.get(finding.severity, finding.severity.value)
    properties = {
        "file": clean(finding.file),
        "line": str(finding.line),
        "col": str(finding.column),
        "title": f"{finding.code} {finding.rule.name}",
    }
    shown = ",".join(f"{key}={_escaped(value, ':,')}" for key, value in properties.items())
    return f"::{command} {shown}::{_escaped(f'{describe(finding)}. Fix: {clean(finding.fix)}')}"


def _escaped(text: str, also: str = "") -> str:
    return "".join(f"%{ord(char):02X}" if char in f"%\r\n{also}" else char for char in text)
