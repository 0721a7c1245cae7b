"""The environment variables of a Deployment as Airflow's objects, by the names that Airflow looks for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from airconn.errors import InputError
from airconn.formats import env
from airconn.model import (
    REDACTED,
    UNDESCRIBED,
    AirflowObject,
    Connection,
    Kind,
    Origin,
    Rules,
    Selection,
    Variable,
    hidden_connection,
)
from airconn.model.reading import Key, Note
from airconn.stores.astro.deployment.variable import DeploymentVariable


@dataclass(slots=True)
class VariableFinds:
    """What a list of environment variables holds for Airflow."""

    objects: list[AirflowObject] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    passed_over: dict[Key, str] = field(default_factory=dict)
    versions: dict[Key, DeploymentVariable | str] = field(default_factory=dict)
    """The variables for a later write. A text says why a variable isn't touched."""
    ignored: int = 0
    """The number of variables with names of other programs, such as `AIRFLOW__CORE__PARALLELISM`."""


def find_objects(
    variables: Sequence[DeploymentVariable],
    selection: Selection,
    wanted: Iterable[Key],
    rules: Rules,
    address: str,
) -> VariableFinds:
    """The selected objects. An id is in lower case, unless `wanted` or the selection has it in other capitals."""
    spelled = {env.env_name(*key): key[1] for key in (*wanted, *(selection.ids or ())) if key[0] in env.KINDS}
    numbers = Counter(variable.key for variable in variables)
    found = VariableFinds()
    for variable in variables:
        named = env.named_by(variable.key)
        if named is None:
            found.ignored += 1
            continue
        kind, id_ = named[0], spelled.get(variable.key, named[1])
        if not selection.wants(kind, id_):
            continue
        key, origin = (kind, id_), Origin(f"{address}/{variable.key}")
        try:
            if reason := _passed_over(kind, variable, numbers):
                raise InputError(reason)
            found.objects.append(_object(kind, id_, variable, rules, origin))
            found.versions[key] = variable
        except InputError as error:
            reason = error.message.removeprefix(f"{id_}: ")
            found.notes.append(Note(str(origin), f"{reason}: left alone", left_out=True))
            if variable.key == env.env_name(*key):
                found.versions[key] = reason
            found.passed_over.setdefault(key, f"{origin}: {reason}")
    return found


def _passed_over(kind: Kind, variable: DeploymentVariable, numbers: Mapping[str, int]) -> str:
    """Why Airflow finds nothing in a variable, or airconn doesn't know which one. Empty if it does."""
    looked_for = variable.key.upper()
    if looked_for != variable.key:
        return f"Airflow never finds it, because it looks for {looked_for}"
    if numbers[variable.key] > 1:
        return "the Deployment has several variables of this name"
    if kind is Kind.CONNECTIONS and not variable.is_hidden and not (variable.value or "").strip():
        return "it is empty, which is not a connection to Airflow"
    return ""


def _object(
    kind: Kind, id_: str, variable: DeploymentVariable, rules: Rules, origin: Origin
) -> Connection | Variable:
    if not variable.is_hidden:
        return env.read_value(kind, id_, variable.value or "", rules, origin)
    if kind is Kind.CONNECTIONS:
        return hidden_connection(id_, origin)
    return Variable(key=id_, value=REDACTED, unsaid=UNDESCRIBED, origin=origin)
