"""Objects, and the plan for one of them."""

from __future__ import annotations

from typing import Any

from airconn.model import (
    AirflowObject,
    Bundle,
    Connection,
    Redacted,
    Step,
    Text,
    Variable,
)
from airconn.plan import Lacking, OnExisting, Policy, make_plan


def extra(text: str) -> Text:
    value = Text.of(text)
    assert not isinstance(value, Redacted)
    return value


def conn(**fields: object) -> Connection:
    return Connection(**{"conn_id": "c", "conn_type": "http", **fields})  # type: ignore[arg-type]


def var(value: Text | Redacted | str, description: str | None = None) -> Variable:
    return Variable(key="v", value=Text(value) if isinstance(value, str) else value, description=description)


class Place:
    """One that gives back what it was given, and takes no password away, as Airflow's API."""

    hides_no_password = False

    def stored_form(self, obj: Any) -> Any:
        return obj

    def create_refusal(self, obj: AirflowObject) -> str:
        return ""

    def update_refusal(self, step: Step) -> str:
        cleared = isinstance(step.source, Connection) and "password" in step.written and not step.source.password
        return "no update takes a password away" if cleared else ""

    def replace_refusal(self, step: Step) -> str:
        return "this one stays" if step.id == "default_pool" else ""


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
    (step,) = make_plan(Bundle.of([source]), present, Place(), policy).steps
    return step
