"""Prepares the deletion of single objects."""

from __future__ import annotations

from dataclasses import replace

from airconn.model import Action, AirflowObject, Step
from airconn.plan import Plan
from airconn.stores.base import Context, Store
from airconn.transfer import reported_reads
from airconn.transfer.importing import Import, effects_of, refuse_read_only
from airconn.transfer.requests import DeleteRequest
from airconn.transfer.showing import find


def prepare_deletion(request: DeleteRequest, target: Store, context: Context) -> Import:
    """A plan that deletes the objects that the request names. Raises as `showing.find` does."""
    refuse_read_only(target)
    context = replace(context, airflow=request.airflow or reported_reads.airflow_of(target, context))
    described = target.describe(context)
    found = find(target, request.ids, request.kinds, context)
    context = replace(context, before=found.reading)

    def step(obj: AirflowObject) -> Step:
        step = Step(obj.kind, obj.id, Action.DELETE, target=obj)
        refusal = target.refusal(step, context)
        return replace(step, action=Action.BLOCKED, reasons=(refusal,)) if refusal else step

    plan = Plan(tuple(map(step, found.objects)))
    restarts = target.capabilities.restarts if plan.writes else ""
    return Import(described, plan, context, restarts=restarts, effects=effects_of(plan, target, context))
