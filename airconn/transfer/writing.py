"""Carries out a plan, until all steps are done or there is a reason to stop."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing

from airconn.errors import BlockedError, TargetError
from airconn.model import NEWEST, Action, Outcome, Step, hidden_fields
from airconn.model.placeholder_warnings import summary
from airconn.model.reading import Key
from airconn.plan import Plan
from airconn.stores.base import Context, KeepsMore, Store
from airconn.transfer import reported_reads
from airconn.transfer.recovery import Recovery

_HIDDEN = "--fill ADDRESS gets hidden values from another source; metadb: and airflow-cli: show all values"


def refuse_deletions(plan: Plan, most: int) -> None:
    """Raises `BlockedError` if a plan deletes more than `most` objects."""
    number = len(plan.of(Action.DELETE))
    if number > most:
        raise BlockedError(
            f"{number} object{'s' * (number > 1)} would be deleted, and --max-delete allows {most}",
            hint=f"check the plan with --dry-run, then add --max-delete {number}",
            topic="plans",
        )


def refuse_blocked(plan: Plan) -> None:
    """Raises `BlockedError` if anything in a plan is blocked."""
    if plan.blocked:
        objects = "1 object is" if len(plan.blocked) == 1 else f"{len(plan.blocked)} objects are"
        hides = any(hidden_fields(step.source) for step in plan.blocked if step.source)
        fill = f" ({_HIDDEN})" if hides else ""
        types = summary(step.source for step in plan.blocked if step.source)
        found = f" ({types})" if types else ""
        raise BlockedError(
            f"{objects} blocked, and so is the run",
            hint=f"correct what is listed with '!'{found}{fill}, or exclude it",
            topic="secrets" if hides or types else "plans",
        )


def carry_out(
    plan: Plan,
    target: Store,
    context: Context,
    *,
    recovery: Recovery,
    fail_fast: bool = False,
    stop: Callable[[], bool] = lambda: False,
    on_begin: Callable[[Step], None] = lambda step: None,
) -> Generator[Outcome, None, None]:
    """Carries out the steps of a plan that write, and yields the outcome of each.

    Raises `BlockedError` before the first write if anything is blocked, and `TargetError` as `Store.apply` does.

    `stop` is asked before an object is begun, so that it cuts off no request. With `fail_fast`, an object is begun
    only after the outcome of the one before. Objects that are deleted and created anew are in a file of `recovery`
    until that is done.
    """
    refuse_blocked(plan)
    replaced = [step.source for step in plan.of(Action.REPLACE) if step.source]
    more = target.remainder(plan.of(Action.REPLACE), context) if isinstance(target, KeepsMore) else ()
    recovery.keep(replaced, reported_reads.airflow_of(target, context) if replaced else NEWEST, more)
    begun: set[Key] = set()
    failed = False

    def due() -> Iterator[Step]:
        # A place takes a step from here when it begins it, and a file takes all of them. Steps that have begun are
        # finished and reported, also if several are written at a time.
        for step in plan.writes:
            if stop() or (failed and fail_fast):
                return
            begun.add((step.kind, step.id))
            on_begin(step)
            yield step

    singly = fail_fast and not target.capabilities.at_once
    try:
        with closing(_singly(target, due(), context) if singly else _together(target, due(), context)) as outcomes:
            for outcome in outcomes:
                failed = failed or outcome.error is not None
                if outcome.error is None or outcome.untried or outcome.untouched:
                    recovery.is_safe(outcome.step.kind, outcome.step.id)
                yield outcome
    finally:
        for obj in replaced:
            if (obj.kind, obj.id) not in begun:
                recovery.is_safe(obj.kind, obj.id)
        recovery.settle()


def _together(target: Store, steps: Iterable[Step], context: Context) -> Generator[Outcome, None, None]:
    """The outcomes of steps that the place may carry out together, or several at a time."""
    yield from target.apply(steps, context)


def _singly(target: Store, steps: Iterable[Step], context: Context) -> Generator[Outcome, None, None]:
    """The outcomes of steps that are carried out one after the other."""
    for number, step in enumerate(steps):
        outcomes = target.apply([step], context)
        yield from _going_on(step, outcomes) if number else outcomes


def _going_on(step: Step, outcomes: Iterable[Outcome]) -> Iterator[Outcome]:
    """The outcome of a step that isn't the first one: if the place can't be reached any more, the step has failed."""
    try:
        yield from outcomes
    except TargetError as error:
        yield Outcome(step, str(error))
