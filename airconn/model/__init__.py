"""The objects: connections, variables and pools, and what can be done with them. Does no I/O."""

from airconn.airflow import conn_ids
from airconn.airflow.rules import Rules, rules_for
from airconn.airflow.versions import LIKE_TASK_SDK, NEWEST, OLDEST, AirflowVersion
from airconn.model import jsontext
from airconn.model.bundle import Bundle, Selection, matches
from airconn.model.change import WRITES, Action, FieldAction, FieldChange, Outcome, Step
from airconn.model.fill import fill, unfilled, with_type_of
from airconn.model.objects import (
    ALL_KINDS,
    DEFAULT_POOL,
    NOWHERE,
    UNDESCRIBED,
    UNTYPED,
    AirflowObject,
    Connection,
    Kind,
    Origin,
    Pool,
    Str,
    Variable,
    field_values,
    hidden_connection,
    hidden_fields,
    hidden_or,
    is_hidden_whole,
    is_unsaid,
    is_untyped,
    number_of,
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
    "UNTYPED",
    "WRITES",
    "Action",
    "AirflowObject",
    "AirflowVersion",
    "BeyondPythonError",
    "Bundle",
    "Connection",
    "FieldAction",
    "FieldChange",
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
    "hidden_connection",
    "hidden_fields",
    "hidden_or",
    "is_hidden_whole",
    "is_unsaid",
    "is_untyped",
    "jsontext",
    "matches",
    "number_of",
    "rules_for",
    "unfilled",
    "value_fields",
    "with_type_of",
]
