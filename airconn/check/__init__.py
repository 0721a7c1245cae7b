"""Lints files and other places: syntax errors, values that Airflow reads differently, exposed secrets."""

from airconn.check.checker import check, check_all
from airconn.check.checking import CheckRequest, Repair, run_check
from airconn.check.rules import ALL, Finding, Severity

__all__ = ["ALL", "CheckRequest", "Finding", "Repair", "Severity", "check", "check_all", "run_check"]
