"""Objects, and the plan for one of them."""

from __future__ import annotations

from airconn.model import (
    Action,
    AirflowObject,
    Bundle,
    Connection,
    Redacted,
    Step,
    Text,
    Variable,
)
from airconn.plan import Lacking, OnExisting, Policy, TargetRules, make_plan


def extra(text: str) -> Text:
    value = Text.of(text)
    assert not isinstance(value, Redacted)
    return value


def conn(**fields: object) -> Connection:
    return Connection(**{"conn_id": "c", "conn_type": "http", **fields})  # type: ignore[arg-type]


def var(value: Text | Redacted | str, description: str | None = None) -> Variable:
    return Variable(key="v", value=Text(value) if isinstance(value, str) else value, description=description)


def refusal(step: Step) -> str:
    """Why Airflow's API refuses a step: no update takes a password away, and one pool stays."""
    if step.action is Action.UPDATE:
        cleared = isinstance(step.source, Connection) and "password" in step.written and not step.source.password
        return "no update takes a password away" if cleared else ""
    return "this one stays" if step.action is Action.REPLACE and step.id == "default_pool" else ""


RULES = TargetRules(refusal=refusal)
"""Those of a place that gives back what it was given."""


def planned(
    source: AirflowObject,
    target: AirflowObject | None,
    on_existing: OnExisting = "overwrite",
    lacking: Lacking = "clear",
    *,
    hidden_is_equal: bool = False,
) -> Step:
    present = Bundle.of([target] if target else [])
    policy = Policy(on_existing, lacking, hidden_is_equal)
    (step,) = make_plan(Bundle.of([source]), present, RULES, policy).steps
    return step
