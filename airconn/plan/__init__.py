"""Compares the objects of the sources with those of the target, and says what would change and why."""

from airconn.plan.merging import merged
from airconn.plan.planning import Plan, make_plan, with_deletions
from airconn.plan.policy import Lacking, OnExisting, Policy
from airconn.plan.target import TargetRules

__all__ = ["Lacking", "OnExisting", "Plan", "Policy", "TargetRules", "make_plan", "merged", "with_deletions"]
