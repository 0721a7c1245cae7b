"""What an object is. No I/O here, and nothing of airconn but its errors is imported."""

from airconn.model import conn_ids, jsontext
from airconn.model.airflow import LIKE_TASK_SDK, NEWEST, OLDEST, AirflowVersion, Rules, rules_for
from airconn.model.bundle import Bundle, Selection, matches
from airconn.model.change import WRITES, Action, FieldChange, How, Outcome, Step
from airconn.model.fill import fill, unfilled
from airconn.model.objects import (
    ALL_KINDS,
    DEFAULT_POOL,
    NOWHERE,
    UNDESCRIBED,
    AirflowObject,
    Connection,
    Kind,
    Origin,
    Pool,
    Str,
    Variable,
    field_values,
    hidden_fields,
    hidden_or,
    is_unsaid,
    value_fields,
)
from airconn.model.redacted import MASK, REDACTED, Redacted
from airconn.model.text import BeyondPythonError, Text

__all__ = [
    "ALL_KINDS",
    "DEFAULT_POOL",
    "LIKE_TASK_SDK",
    "MASK",
    "NEWEST",
    "NOWHERE",
    "OLDEST",
    "REDACTED",
    "UNDESCRIBED",
    "WRITES",
    "Action",
    "AirflowObject",
    "AirflowVersion",
    "BeyondPythonError",
    "Bundle",
    "Connection",
    "FieldChange",
    "How",
    "Kind",
    "Origin",
    "Outcome",
    "Pool",
    "Redacted",
    "Rules",
    "Selection",
    "Step",
    "Str",
    "Text",
    "Variable",
    "conn_ids",
    "field_values",
    "fill",
    "hidden_fields",
    "hidden_or",
    "is_unsaid",
    "jsontext",
    "matches",
    "rules_for",
    "unfilled",
    "value_fields",
]
