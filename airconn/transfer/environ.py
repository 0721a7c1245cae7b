"""Objects as environment variables, where Airflow's EnvironmentVariablesBackend finds them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from airconn.errors import UsageError
from airconn.formats import env
from airconn.formats.base import ConnectionFormat, Faults, Loss, Note, WriteOptions, holdable
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT
from airconn.model import ALL_KINDS, DEFAULT_POOL, AirflowObject, AirflowVersion, Bundle, Kind, Selection
from airconn.stores.base import Store
from airconn.transfer import Change, Hidden, Loaded, load, refuse_losses, settle_hidden


@dataclass(frozen=True, slots=True)
class Limits:
    """What the system takes as one environment variable."""

    encoding: str = "utf-8"
    longest: int | None = None
    """How many bytes NAME=VALUE has at most."""


@dataclass(frozen=True, slots=True)
class Environ:
    """Objects as environment variables, and everything there is to say about it."""

    variables: Mapping[str, str] = field(repr=False)
    """Name -> value, sorted."""
    losses: tuple[Loss, ...] = ()
    notes: tuple[Note, ...] = ()
    hidden: Hidden = ()
    ignored: tuple[tuple[str, int], ...] = ()

    def around(self, environ: Mapping[str, str], *, without: Collection[str], clean: bool) -> dict[str, str]:
        """`environ` with these variables in it, and those named in `without` not.

        With `clean`, what else Airflow would take for a connection or a variable isn't in it either.
        """
        kept = {
            name: value
            for name, value in environ.items()
            # The system takes no name that is empty, though a process may be started with one.
            if name and name not in without and not (clean and name.startswith(tuple(env.PREFIXES)))
        }
        return {**kept, **self.variables}


def make_environ(
    sources: Sequence[Store],
    selection: Selection,
    *,
    limits: Limits,
    airflow: AirflowVersion | None = None,
    connection_format: ConnectionFormat = "json",
    redacted: Literal["omit", "fail"] = "fail",
    strict: bool = False,
    fills: Sequence[Store] = (),
    change: Change | None = None,
    on_loaded: Callable[[Loaded], None] = lambda loaded: None,
) -> Environ:
    """What the sources hold, as environment variables for `airflow`, which is that of the first source by default.

    Raises `UsageError` where only pools are selected, `BlockedError` for hidden fields unless they are to be omitted,
    and `InputErrors` where two ids fall on the same name, and for losses under `strict`.
    """
    if selection.kinds == {Kind.POOLS}:
        raise UsageError("Airflow looks for no pools in its environment", hint="leave out --pools")
    values = {CONNECTION_FORMAT.name: connection_format}
    options = WriteOptions(airflow=airflow or sources[0].airflow(), values=values)
    loaded = load(sources, selection, options.airflow, fills=fills, change=change)
    on_loaded(loaded)
    # What has no place there needn't be shown either.
    bundle, strangers = _without_pools(loaded.bundle, asked_for=selection.kinds != ALL_KINDS)
    bundle, hidden = settle_hidden(
        bundle,
        redacted,
        sources,
        "--fill ADDRESS takes it from a place that shows it, --redacted omit leaves it out",
    )
    variables, losses = variables_of(bundle, options, limits)
    losses += strangers
    if strict:
        refuse_losses(loaded.bundle, losses)
    return Environ(variables, tuple(losses), loaded.notes, hidden, loaded.ignored)


def _without_pools(bundle: Bundle, *, asked_for: bool) -> tuple[Bundle, list[Loss]]:
    # Every Airflow has the default pool, so that nobody misses it who didn't ask for pools.
    missed = [id_ for id_ in bundle.pools if asked_for or id_ != DEFAULT_POOL]
    losses = [Loss(Kind.POOLS, id_, "", "Airflow looks for no pools in its environment") for id_ in missed]
    return Bundle(bundle.connections, bundle.variables), losses


def variables_of(bundle: Bundle, options: WriteOptions, limits: Limits) -> tuple[dict[str, str], list[Loss]]:
    """The environment variables of connections and variables, name -> value, and what they don't hold of them.

    Raises `InputErrors` where two ids fall on the same name.
    """
    _refuse_collisions(bundle)
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


def _refuse_collisions(bundle: Bundle) -> None:
    faults = Faults()
    for obj, other in env.collisions(bundle):
        faults.add(
            f"{obj.kind.value}/{obj.id} and {other.id} are both {env.env_name(obj.kind, obj.id)} in an environment",
            obj.origin,
            "leave one out with --exclude",
        )
    faults.check()


def _no_name(obj: AirflowObject, name: str) -> str:
    if not obj.id or "=" in name or "\0" in name:
        return "the id can't be part of the name of an environment variable"
    return ""


def _unfit(name: str, value: str, limits: Limits) -> str:
    """Why the system doesn't take a variable, if it doesn't. The id is known to do no harm."""
    if "\0" in value:
        return "the value has a NUL character in it, which ends the value of an environment variable"
    try:
        size = len(f"{name}={value}".encode(limits.encoding))
    except UnicodeEncodeError:
        return f"the encoding of this environment ({limits.encoding}) lacks a character of it"
    if limits.longest is not None and size > limits.longest:
        return f"it is longer than the {limits.longest} bytes that the system takes as one environment variable"
    return ""
