"""The lint of files: what doesn't parse, what Airflow reads otherwise than it looks, and secrets that lie open."""

from airconn.check.checker import Checked, check, check_all
from airconn.check.rules import ALL, BY_CODE, Finding, Rule, Severity

__all__ = ["ALL", "BY_CODE", "Checked", "Finding", "Rule", "Severity", "check", "check_all"]
