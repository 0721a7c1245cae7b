"""Writes the environment variables of a Deployment: one update with all changes, guarded before and after.

Astro's API has no conditional update. What other writers have changed since the plan is found by a read right before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airconn.errors import BlockedError, TargetError
from airconn.formats import env
from airconn.model import Action, Connection, Outcome, Step, Text, Variable, rules_for, value_fields
from airconn.model.reading import Note
from airconn.model.secrecy import secret_leaves
from airconn.quoting import clean
from airconn.stores.astro import in_environment
from airconn.stores.astro.client import AstroApi, AstroRefusal
from airconn.stores.astro.deployment import guard
from airconn.stores.astro.deployment.request import missing_fields, unknown_fields, update_request
from airconn.stores.astro.deployment.shape import checked
from airconn.stores.astro.deployment.variable import DeploymentVariable, variables_of
from airconn.stores.base import Context, Store
from airconn.stores.concurrent_changes import CHANGED, DELETED
from airconn.stores.hidden_values import hidden_refusal
from airconn.stores.http.faults import NoAnswer

_BUSY = {"CREATING": "is being created", "DEPLOYING": "is being deployed"}
EMPTY_SECRET = "the value of a secret at Astro can't be empty"  # noqa: S105 - it is a message
EXISTS = "it exists already; run again"


def refuse_unready(deployment: Mapping[str, Any], where: str) -> None:
    """Raises `BlockedError` for a Deployment that can't be sent back as it is, or that is just being changed."""
    if deployment.get("status") in _BUSY:
        raise BlockedError(
            f"the Deployment {_BUSY[str(deployment['status'])]}, and an update now may undo another change",
            where=where,
            hint="try again when it is healthy",
        )
    if unknown := unknown_fields(deployment):
        raise BlockedError(
            f"the Deployment has settings that this airconn doesn't know ({clean(', '.join(unknown[:5]))}), and an "
            "update of its variables, which sends all of it back, may reset them",
            where=where,
            hint="update airconn, or change the variables in the Astro UI",
        )
    if missing := missing_fields(deployment):
        raise BlockedError(
            f"Astro's answer has no fields that an update needs: {', '.join(missing[:5])}",
            where=where,
            hint="check that the token may see the whole Deployment",
        )


def is_secret(obj: Connection | Variable, held: DeploymentVariable | None, chosen: str) -> bool:
    """Whether the variable of an object is written as a secret. `chosen` is `all`, `none` or empty.

    A secret stays one, for Astro has no way back. A new connection is one, and a new variable whose name or value
    looks like a secret.
    """
    if held is not None:
        return held.is_secret or chosen == "all"
    if chosen:
        return chosen == "all"
    return isinstance(obj, Connection) or any(True for _ in secret_leaves(obj))


@dataclass(slots=True)
class _VariableChanges:
    """The changes of one update."""

    variables: dict[str, DeploymentVariable | None] = field(default_factory=dict)
    """The new ones by their names, with None for those to delete."""
    errors: dict[int, str] = field(default_factory=dict)
    """Why a step isn't carried out, by its number."""


@dataclass(frozen=True, slots=True)
class _Links:
    """What a Deployment gets of the Environment Manager before an update."""

    objects: Mapping[guard.LinkKey, str]
    overrides: Mapping[guard.LinkKey, tuple[str, ...]]


class _UnsureError(Exception):
    """An update was sent, and its answer was lost."""


class VariablesWriter:
    """Carries out the steps of one write in one update."""

    def __init__(
        self,
        store: Store,
        api: AstroApi,
        read: Callable[[], dict[str, Any]],
        losses: Callable[[Sequence[Step]], Sequence[Note]],
        secret: str,
        context: Context,
    ) -> None:
        """`read` gives the Deployment as it is now, and `losses` the notes on fields that a variable doesn't hold."""
        self._store = store
        self._api = api
        self._read = read
        self._losses = losses
        self._secret = secret
        self._context = context

    def write(self, steps: Sequence[Step]) -> list[Outcome]:
        """The outcomes. Raises `TargetError` and `BlockedError` if nothing was written."""
        first = self._read()
        refuse_unready(first, self._store.address)
        links = self._links(first)
        before = self._read()  # right before the update, which has all of it
        refuse_unready(before, self._store.address)
        changes = self._changes(steps, variables_of(before))
        wanted = _with_changes(variables_of(before), changes.variables)
        notes: list[Note] = []
        wrong: dict[str, str] = {}
        if changes.variables:
            try:
                wrong, notes = self._update(before, wanted, changes.variables, links)
            except _UnsureError as error:
                return [Outcome(step, changes.errors.get(number, str(error))) for number, step in enumerate(steps)]
        return [self._outcome(number, step, changes, wrong, notes) for number, step in enumerate(steps)]

    def _outcome(
        self, number: int, step: Step, changes: _VariableChanges, wrong: Mapping[str, str], notes: list[Note]
    ) -> Outcome:
        told = tuple(notes)
        notes.clear()  # they are about the Deployment, and told once
        if error := changes.errors.get(number):
            return Outcome(step, error, untouched=True, notes=told)
        if reason := wrong.get(env.env_name(step.kind, step.id)):
            return Outcome(step, f"not as it was written: the variable {reason}", notes=told)
        return Outcome(step, notes=(*told, *self._losses([step])))

    def _changes(self, steps: Sequence[Step], present: Sequence[DeploymentVariable]) -> _VariableChanges:
        held = {variable.key: variable for variable in present}
        numbers = Counter(variable.key for variable in present)
        found = _VariableChanges()
        for number, step in enumerate(steps):
            if step.kind not in env.KINDS:
                found.errors[number] = f"a {step.kind.singular} can't be an environment variable"
                continue
            name = env.env_name(step.kind, step.id)
            if numbers[name] > 1:
                found.errors[number] = f"the Deployment has several variables named {name}"
            elif name in found.variables:
                found.errors[number] = f"another object of this run has the same variable, {name}"
            elif error := self._refusal(step, held.get(name)):
                found.errors[number] = error
            elif step.action is not Action.DELETE:
                found.variables[name] = self._variable(step, name, held.get(name))
            elif name in held:
                found.variables[name] = None
        return found

    def _refusal(self, step: Step, now: DeploymentVariable | None) -> str:
        """Why a step can't be carried out as the Deployment is now. Empty if it can."""
        if error := self._conflict(step, now):
            return error
        if step.action is Action.DELETE:
            return ""
        if step.source is None:
            return "there is nothing to write"
        obj = step.result()
        if problems := self._store.problems(obj, self._context):
            return problems[0]
        if hidden := hidden_refusal(obj, value_fields(step.kind)):
            return hidden
        if isinstance(obj, Variable) and obj.value == Text("") and is_secret(obj, now, self._secret):
            return EMPTY_SECRET
        return ""

    def _conflict(self, step: Step, now: DeploymentVariable | None) -> str:
        """Whether another writer has changed a variable since the plan."""
        if step.action is Action.CREATE:
            return EXISTS if now is not None else ""
        before = self._context.before
        read = before.versions.get((step.kind, step.id)) if before is not None else None
        if isinstance(read, str):
            return read
        if not isinstance(read, DeploymentVariable):
            return ""
        if now is None:
            return "" if step.action is Action.DELETE else DELETED
        is_same = (now.is_secret, now.value) == (read.is_secret, read.value)
        return "" if is_same and not (now.is_hidden and now.updated_at != read.updated_at) else CHANGED

    def _variable(self, step: Step, name: str, held: DeploymentVariable | None) -> DeploymentVariable:
        obj = step.result()
        assert isinstance(obj, Connection | Variable)  # noqa: S101 - a pool is a problem
        value, _ = in_environment.value_of(obj, rules_for(self._context.airflow))
        return DeploymentVariable(name, is_secret(obj, held, self._secret), value)

    def _update(
        self,
        before: Mapping[str, Any],
        wanted: Sequence[DeploymentVariable],
        changes: Mapping[str, DeploymentVariable | None],
        links: _Links,
    ) -> tuple[dict[str, str], list[Note]]:
        """Sends the update, and compares. Gives what is wrong with our variables, and notes on all else."""
        id_ = str(before["id"])
        try:
            answer = self._api.post(f"/deployments/{id_}", update_request(before, wanted))
            after = checked(answer, self._store.address)
        except TargetError as error:
            after = self._after_all(before, wanted, changes, error)
        wrong = guard.changed_variables(wanted, variables_of(after))
        told = guard.changed_fields(before, after)
        told += [f"the environment variable {clean(key)} {why}" for key, why in wrong.items() if key not in changes]
        unknown = ""
        try:
            told += guard.changed_links(links.objects, self._linked(id_), links.overrides)
        except TargetError as error:
            unknown = f"unknown whether the Deployment still gets all objects of the Environment Manager ({error})"
        texts = [f"the update has changed more of the Deployment: {text}" for text in told]
        notes = [Note(self._store.address, text, failed=True) for text in (*texts, unknown) if text]
        return {key: why for key, why in wrong.items() if key in changes}, notes

    def _links(self, deployment: Mapping[str, Any]) -> _Links:
        try:
            return _Links(self._linked(str(deployment["id"])), self._overrides(deployment))
        except AstroRefusal as error:
            if error.status != 403:
                raise
            raise TargetError(
                "the token may not list the objects of the Environment Manager, without which airconn can't check "
                "that an update of the variables leaves their links alone",
                where=self._store.address,
                hint="use a token of the Workspace, or change the variables in the Astro UI",
            ) from None

    def _linked(self, id_: str) -> dict[guard.LinkKey, str]:
        query = (("deploymentId", id_), ("resolveLinked", "true"), ("sorts", "objectKey:asc"))
        return guard.linked(self._api.pages("/environment-objects", query, "environmentObjects"))

    def _overrides(self, deployment: Mapping[str, Any]) -> dict[guard.LinkKey, tuple[str, ...]]:
        """The overrides of the links to a Deployment, as far as the token may see them."""
        query = (("workspaceId", str(deployment["workspaceId"])), ("sorts", "objectKey:asc"))
        try:
            found = self._api.pages("/environment-objects", query, "environmentObjects")
        except AstroRefusal:
            return {}  # a token of one Deployment; what is gone is told without them
        return guard.overrides(found, str(deployment["id"]))

    def _after_all(
        self,
        before: Mapping[str, Any],
        wanted: Sequence[DeploymentVariable],
        changes: Mapping[str, DeploymentVariable | None],
        error: TargetError,
    ) -> dict[str, Any]:
        """The Deployment after an update whose answer was lost, if it was carried out.

        Raises `error` if it certainly wasn't, and `_UnsureError` if that isn't known.
        """
        if isinstance(error, AstroRefusal):
            is_certain = error.status < 500
        else:
            is_certain = isinstance(error, NoAnswer) and not error.maybe_done
        if is_certain:
            raise error
        try:
            after = self._read()
        except TargetError:
            raise _UnsureError(f"{error.message}; it may have been written anyway") from None
        now = variables_of(after)
        is_undone = any(key in changes for key in guard.changed_variables(wanted, now))
        # The value of a secret can't be compared, but it has a time of its own.
        old = {one.key: one.updated_at for one in variables_of(before)}
        is_undone = is_undone or any(one.key in changes and one.updated_at == old.get(one.key) for one in now)
        if is_undone or after.get("updatedAt") == before.get("updatedAt"):
            raise _UnsureError(f"{error.message}; the Deployment doesn't have it now") from None
        return after


def _with_changes(
    present: Sequence[DeploymentVariable], changes: Mapping[str, DeploymentVariable | None]
) -> list[DeploymentVariable]:
    """All variables of the update: those that aren't changed as they were read, then the new ones."""
    found = [changed for one in present if (changed := changes.get(one.key, one)) is not None]
    names = {one.key for one in present}
    return found + [one for key, one in changes.items() if one is not None and key not in names]
