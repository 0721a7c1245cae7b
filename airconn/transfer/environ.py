"""Writes objects as environment variables, where Airflow's EnvironmentVariablesBackend finds them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from airconn.errors import InputError, UsageError
from airconn.formats import env
from airconn.formats.base import ConnectionFormat, Loss, WriteOptions, holdable
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT
from airconn.model import ALL_KINDS, DEFAULT_POOL, AirflowObject, Bundle, Kind
from airconn.transfer import reported_reads
from airconn.transfer.empty_runs import refuse_empty
from airconn.transfer.hiding import Hidden, settle_hidden, way_to_values
from airconn.transfer.loading import load
from airconn.transfer.losses import refuse_losses
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.results import ChangeRequest, Result
from airconn.transfer.standard_input import refuse_second_use


@dataclass(frozen=True, slots=True)
class RunRequest(ChangeRequest):
    """Which objects a command gets in its environment, and in which form."""

    source: str | None = None
    """The address of the place, if it isn't the one of the configuration."""
    connection_format: ConnectionFormat = "json"
    redacted: Literal["omit", "fail"] = "fail"
    """What happens to fields that the source hides."""
    strict: bool = False
    """Whether a loss, or a warning about what is read, is an error."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The system's limits for one environment variable."""

    encoding: str = "utf-8"
    longest: int | None = None
    """The most bytes of NAME=VALUE. None without a limit."""


@dataclass(frozen=True, slots=True)
class Environ(Result):
    """The result: objects as environment variables, with losses and notes."""

    variables: Mapping[str, str] = field(repr=False)
    """The values by their names, sorted."""
    losses: tuple[Loss, ...] = ()
    hidden: Hidden = ()
    ignored: tuple[tuple[str, int], ...] = ()
    nothing: str = ""
    """Why there aren't any variables. Empty if there are."""
    way_to_values: str = ""
    """How to get the hidden values, as a hint."""

    def around(self, environ: Mapping[str, str], *, without: Collection[str], clean: bool) -> dict[str, str]:
        """`environ` with these variables, and without those named in `without`.

        With `clean`, it has no other variables that Airflow reads as connections or variables.
        """
        kept = {
            name: value
            for name, value in environ.items()
            # The system refuses an empty name, though a process may be started with one.
            if name and name not in without and not (clean and name.startswith(tuple(env.PREFIXES)))
        }
        return {**kept, **self.variables}


def make_environ(request: RunRequest, places: Places, limits: Limits) -> Environ:
    """The objects of a place as environment variables for the Airflow of the request, else that of the place.

    Raises `UsageError` where only pools are selected, `BlockedError` for hidden fields unless they are to be omitted,
    and `InputErrors` where two ids fall on the same name, and under `strict` for losses and
    for notes on what was read.
    """
    selection = request.selection
    refuse_second_use((request.source or "",), request.fills, request.changes.overlays)
    source = places.open_target(request.source, request.source_format)
    fills = places.open_fills(request.fills, request.source_format)
    change = make_change(request.changes, selection, places)
    if selection.kinds == {Kind.POOLS}:
        raise UsageError("Airflow doesn't read pools from the environment", hint="leave out --pools")
    context = places.context()
    context = replace(
        context,
        airflow=request.airflow or reported_reads.airflow_of(source, context),
        knows_release=request.airflow is not None or source.capabilities.is_airflow,
    )
    values = {CONNECTION_FORMAT.name: request.connection_format}
    options = WriteOptions(airflow=context.airflow, values=values)
    loaded = load([source], selection, context, fills=fills, change=change)
    if not request.allow_empty:
        refuse_empty(selection, loaded, [source], context, unless_empty=True)
    # Objects that the environment can't hold needn't be readable.
    bundle, strangers = _without_pools(loaded.bundle, asked_for=selection.kinds != ALL_KINDS)
    bundle, hidden = settle_hidden(
        bundle,
        request.redacted,
        [source],
        "--fill ADDRESS gets it from a source that shows it; --redacted omit skips it",
    )
    variables, losses = variables_of(bundle, options, limits)
    losses += strangers
    if request.strict:
        refuse_losses(loaded.bundle, losses, loaded.notes)
    nothing, error = "", None
    if not variables:
        left_out = bool(losses or hidden)
        nothing = "all selected objects are omitted" if left_out else "no connection or variable is selected"
        if left_out and not request.allow_empty:
            error = InputError(f"nothing is set: {nothing}", hint="--allow-empty runs COMMAND anyway")
    way = way_to_values([source])
    return Environ(variables, tuple(losses), hidden, loaded.ignored, nothing, way, notes=loaded.notes, error=error)


def _without_pools(bundle: Bundle, *, asked_for: bool) -> tuple[Bundle, list[Loss]]:
    # Every Airflow has the default pool, so that it is only missed where pools were asked for.
    missed = [id_ for id_ in bundle.pools if asked_for or id_ != DEFAULT_POOL]
    why = "Airflow doesn't read pools from the environment"
    losses = [Loss(Kind.POOLS, id_, "", why, is_of_kind=True) for id_ in missed]
    return Bundle(bundle.connections, bundle.variables), losses


def variables_of(bundle: Bundle, options: WriteOptions, limits: Limits) -> tuple[dict[str, str], list[Loss]]:
    """The environment variables of connections and variables, by their names, and the losses.

    Raises `InputErrors` where two ids fall on the same name.
    """
    env.refuse_collisions(bundle, "an environment")
    bundle, losses = holdable(bundle, options)
    variables: dict[str, str] = {}
    for obj in env.nameable(bundle):
        name = env.env_name(obj.kind, obj.id)
        reason = _no_name(obj, name) or env.no_value(obj, options)
        value, lost = ("", {}) if reason else env.value_of(obj, options)
        if reason := reason or _unfit(name, value, limits):
            losses.append(Loss(obj.kind, obj.id, "", reason))
            continue
        variables[name] = value
        losses += [Loss(obj.kind, obj.id, field, message) for field, message in lost.items()]
    return dict(sorted(variables.items())), losses


def _no_name(obj: AirflowObject, name: str) -> str:
    if not obj.id or "=" in name or "\0" in name:
        return "the id can't be part of the name of an environment variable"
    return ""


def _unfit(name: str, value: str, limits: Limits) -> str:
    """Why the system doesn't take a variable. Empty if it does. The id is known to be harmless in a message."""
    if "\0" in value:
        return "the value has a NUL character in it, which ends the value of an environment variable"
    try:
        size = len(f"{name}={value}".encode(limits.encoding))
    except UnicodeEncodeError:
        return f"the encoding of this environment ({limits.encoding}) can't hold a character of it"
    if limits.longest is not None and size > limits.longest:
        return f"it is longer than the {limits.longest} bytes that the system allows for one environment variable"
    return ""
