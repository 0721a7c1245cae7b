"""The lint of files: what doesn't parse, what Airflow reads otherwise than it looks, and secrets that lie open."""

from airconn.check.checker import Checked, check, check_all
from airconn.check.checking import CheckRequest, CheckResult, Repair, run_check
from airconn.check.rules import ALL, BY_CODE, Finding, Rule, Severity

__all__ = [
    "ALL",
    "BY_CODE",
    "CheckRequest",
    "CheckResult",
    "Checked",
    "Finding",
    "Repair",
    "Rule",
    "Severity",
    "check",
    "check_all",
    "run_check",
]
