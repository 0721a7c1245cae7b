"""Compares the objects of the sources with those of the target, and says what would change and why."""

from airconn.plan.lost_values import deleted_hidden, overwritten_hidden
from airconn.plan.merging import merged
from airconn.plan.planning import Plan, make_plan, with_deletions
from airconn.plan.policy import Lacking, OnExisting, Policy
from airconn.plan.target import TargetRules

__all__ = [
    "Lacking",
    "OnExisting",
    "Plan",
    "Policy",
    "TargetRules",
    "deleted_hidden",
    "make_plan",
    "merged",
    "overwritten_hidden",
    "with_deletions",
]
