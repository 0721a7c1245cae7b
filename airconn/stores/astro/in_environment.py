"""Objects in environment variables at Astro: those of a Deployment, and those of the Environment Manager."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache

from airconn.errors import InputError
from airconn.formats import env
from airconn.formats.base import WriteOptions, extra_fault, half_characters, holdable_part
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT
from airconn.model import AirflowObject, Connection, Rules, Variable
from airconn.model.reading import Key
from airconn.stores.base import Ids

LARGEST = 131_072
"""The bytes that Linux allows for an environment variable, with its name, `=` and the end (MAX_ARG_STRLEN). With a
longer one, no process of the Deployment would start."""
IDS = Ids("letters, digits, '_', '.' and '-'", re.compile(r"[A-Za-z0-9_.-]+"))
"""The ids that can be a part of the name of an environment variable, as Kubernetes takes them."""
_ASTROS_OWN = frozenset({"astro_s3_logging", "astro_gcs_logging", "astro_azure_logs"})
"""The connections for Astro's own logs ("Global environment variables" in Astro's documentation)."""


def value_of(obj: Connection | Variable, rules: Rules) -> tuple[str, dict[str, str]]:
    """The value of an object's variable, a connection as JSON in one line, and the fields that it doesn't hold."""
    options = _options(rules)
    return env.value_of(holdable_part(obj, options), options)


def changed(obj: AirflowObject) -> dict[str, str]:
    """What is read back in another form that means the same: the name of a variable has no small letters."""
    return {"id": "comes back in small letters, which Airflow finds all the same"} if obj.id != obj.id.lower() else {}


def stored(obj: AirflowObject, rules: Rules) -> AirflowObject:
    """The object that is read back after it was written. Raises `InputError` if Airflow would read none."""
    found = env.stored(obj, _options(rules))
    if found is None:
        return obj
    literal = {name: getattr(obj, name) for name in getattr(obj, "literal", ())}
    return replace(found, **literal) if literal else found


def problems(obj: Connection | Variable, rules: Rules, wanted: frozenset[Key]) -> Sequence[str]:
    """The reasons why an object can't be an environment variable. `wanted` are all that are to be written."""
    if reason := IDS.refusal(obj.id):
        return (reason,)
    if isinstance(obj, Connection) and obj.id.lower() in _ASTROS_OWN:
        return ("Astro sets this connection itself, for its logs",)
    name, found = env.env_name(obj.kind, obj.id), list(half_characters(obj))
    if others := [id_ for id_ in _ids_by_name(wanted).get(name, ()) if id_ != obj.id]:
        found.append(f"{others[0]} would be the same environment variable, {name} (exclude one with --exclude)")
    if isinstance(obj, Connection) and (fault := extra_fault(obj, rules)):
        return (*found, f"its extra {fault}")
    if found:
        return found
    try:
        stored(obj, rules)
    except InputError:
        return ("Airflow couldn't read it from an environment variable",)
    value, _ = value_of(obj, rules)
    if "\0" in value:
        return ("it has a NUL character (U+0000), which environment variables can't hold",)
    if len(name) + len(value.encode()) + 2 > LARGEST:
        return (f"it is larger than the {LARGEST:,} bytes that Linux allows for an environment variable",)
    return ()


@lru_cache(maxsize=4)
def _ids_by_name(wanted: frozenset[Key]) -> Mapping[str, Sequence[str]]:
    """The ids of objects by the names of their variables. Cached, since it is asked for each object."""
    found: dict[str, list[str]] = {}
    for kind, id_ in sorted(wanted):
        if kind in env.KINDS:
            found.setdefault(env.env_name(kind, id_), []).append(id_)
    return found


def _options(rules: Rules) -> WriteOptions:
    return WriteOptions(airflow=rules.version, values={CONNECTION_FORMAT.name: "json"})
