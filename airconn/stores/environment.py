"""The environment of this process as a place, as Airflow's EnvironmentVariablesBackend looks into it."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import starmap

from airconn.config import Settings
from airconn.errors import InputError
from airconn.formats import env
from airconn.formats.base import Faults, reading
from airconn.model import AirflowObject, Kind, Origin, Selection, rules_for
from airconn.model.ambiguity_warnings import warnings
from airconn.model.reading import Key, Note, Reading
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store

ADDRESS = "env:"
_KINDS = frozenset(env.PREFIXES.values())


def open_store(address: str, settings: Settings) -> Store:
    """The store of the environment in `settings`."""
    return EnvironmentStore(address, settings)


class EnvironmentStore(Store):
    """`AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` of the environment, which is read-only.

    Airflow asks for one name at a time, the prefix and the id in capitals, so a variable of another name isn't an
    object, and one that isn't selected is not read and can't be in the way.
    """

    def __init__(self, address: str, settings: Settings) -> None:
        super().__init__(address, Capabilities(kinds=_KINDS, writable=False, folds_case=True))
        self._environ = settings.environ

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        return Description("the environment", kinds=_KINDS)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        notes: list[Note] = []
        found: list[AirflowObject] = []
        faults = Faults()
        for name, value in sorted(self._environ.items()):
            named = env.named_by(name)
            if named is None:
                continue
            kind, id_ = named
            # Airflow asks for the id in capitals, so that this object also answers an id in other capitals.
            asked = (other for its_kind, other in (*(selection.ids or ()), *context.wanted) if its_kind is kind)
            id_ = next((other for other in asked if env.env_name(kind, other) == name), id_)
            if not selection.wants(kind, id_):
                continue
            origin = Origin(f"{ADDRESS}{name}")
            if reason := _passed_over(kind, id_, name, value):
                notes.append(Note(str(origin), f"{reason}: left out", left_out=True))
                continue
            try:
                found.append(env.read_value(kind, id_, value, rules_for(context.airflow), origin))
            except InputError as error:
                faults.take(error)
        asked_for = [key for key in selection.ids or () if key[0] in _KINDS]
        passed_over = {key: why for key in asked_for if (why := self._passed_over(*key))}
        notes += starmap(Note, warnings(found, knows_release=context.knows_release))
        return replace(reading(found, faults, notes, kinds=_KINDS).checked(), found=(), passed_over=passed_over)

    def ids(self, kinds: frozenset[Kind], context: Context = DEFAULT_CONTEXT) -> frozenset[Key]:
        named = ((name, env.named_by(name)) for name in self._environ)
        found = (key for name, key in named if key is not None and name == env.env_name(*key))
        return frozenset(key for key in found if key[0] in kinds)

    def _passed_over(self, kind: Kind, id_: str) -> str:
        """Why Airflow passes over the variable with the name of an object, or with a similar one."""
        looked_for = env.env_name(kind, id_)
        for name, value in sorted(self._environ.items()):
            if name.upper() == looked_for:
                if reason := _passed_over(kind, id_, name, value):
                    return f"{ADDRESS}{name}: {reason}"
            elif (match := _PREFIX_SLIPS.match(name)) and name[match.end() :].upper() == id_.upper():
                is_connection = match[1].upper().startswith("CONN")
                if is_connection is (kind is Kind.CONNECTIONS) and name not in _names_of(id_):
                    return f"{ADDRESS}{name}: Airflow never finds it, as it looks for {looked_for}"
        return ""


def _names_of(id_: str) -> set[str]:
    return {env.env_name(kind, id_) for kind in env.PREFIXES.values()}


_PREFIX_SLIPS = re.compile(r"AIRFLOW_+(CONN|CONNECTION|CONNECTIONS|VAR|VARS|VARIABLE|VARIABLES)_+", re.IGNORECASE)
"""Prefixes that people write instead of those in `env.PREFIXES`."""


def _passed_over(kind: Kind, id_: str, name: str, value: str) -> str:
    """Why Airflow finds nothing under a name. Empty if it does."""
    if (looked_for := env.env_name(kind, id_)) != name:
        return f"Airflow never finds it, as it looks for {looked_for}"
    if kind is Kind.CONNECTIONS and not value.strip():
        return "it is empty, which is not a connection to Airflow"
    return ""
