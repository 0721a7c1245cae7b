"""The report of a run into several targets as JSON: a section for each."""

from __future__ import annotations

from collections import Counter
from typing import Any

from airconn.errors import ExitCode
from airconn.model import WRITES, Step
from airconn.plan import Plan
from airconn.quoting import to_json
from airconn.report.many import error_entries
from airconn.report.results import SCHEMA_VERSION, counts, step_json
from airconn.transfer.many.results import ManyResult, TargetResult

_UNWRITTEN = {
    ExitCode.USAGE: "refused",
    ExitCode.INPUT: "refused",
    ExitCode.BLOCKED: "blocked",
    ExitCode.TARGET: "not reached",
}


def many_json(result: ManyResult, *, dry_run: bool) -> str:
    """What was planned and what became of it, at each target in their order, and the counts of all together."""
    sections = [_section(one, dry_run=dry_run) for one in result.targets]
    total: Counter[str] = Counter()
    for section in sections:
        total.update(section["summary"])
    return to_json(
        {
            "schema_version": SCHEMA_VERSION,
            "dry_run": dry_run,
            "targets": sections,
            "summary": dict(total),
        }
    )


def _section(result: TargetResult, *, dry_run: bool) -> dict[str, Any]:
    plan = Plan(result.plan.steps if result.plan else ())
    done = None if dry_run else result.done or ()
    error = result.error
    status = status_of(result, dry_run=dry_run)
    return {
        "name": result.label,
        "target": result.plan.text if result.plan else None,
        "status": status,
        "exit_code": int(result.exit_code),
        **(error_entries(error) if error else {}),
        **({"held_back": result.held_back or "the run ended before"} if status == "not begun" else {}),
        **({"verified": True} if result.is_verified else {}),
        **({"restarts": result.plan.restarts} if result.plan and result.plan.restarts else {}),
        **({"recovery": str(result.recovery.path)} if result.recovery else {}),
        **({"backup": result.backup} if result.backup else {}),
        "objects": [_object(step, result, dry_run=dry_run) for step in plan.steps],
        "summary": {
            **counts(plan, done),
            **({"not as written": len(result.wrong)} if result.wrong else {}),
        },
    }


def _object(step: Step, result: TargetResult, *, dry_run: bool) -> dict[str, Any]:
    entry = step_json(step)
    if step.action in WRITES:
        outcomes = (*(result.done or ()), *result.wrong)
        outcome = next((one for one in reversed(outcomes) if one.step is step), None)
        status = "planned" if dry_run else "not done"
        if outcome is not None:
            status = "failed" if outcome.error else "done"
        entry |= {"status": status, "error": outcome.error if outcome else None}
    return entry


def status_of(result: TargetResult, *, dry_run: bool) -> str:
    """What became of a target, in the words of the text and the JSON.

    `refused`, `blocked` and `not reached`: nothing was written there. `failed`: some objects did, or all.
    """
    if result.held_back or (result.plan is None and result.error is None):
        return "not begun"
    if result.error is not None and not result.is_written:
        return _UNWRITTEN.get(result.exit_code, "failed")
    if dry_run:
        return "planned"
    if result.exit_code is ExitCode.INTERRUPTED:
        return "interrupted"
    return "done" if result.is_whole else "failed"
