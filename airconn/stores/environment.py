"""The environment of this process as a place, as Airflow's EnvironmentVariablesBackend looks into it."""

from __future__ import annotations

import re
from typing import ClassVar

from airconn.config import Settings
from airconn.errors import InputError
from airconn.formats import env
from airconn.formats.base import Faults, Note, reading
from airconn.model import ALL_KINDS, AirflowObject, Bundle, Kind, Origin, Selection, rules_for
from airconn.stores.base import Capabilities, Store

ADDRESS = "env:"


def open_store(address: str, settings: Settings) -> Store:
    """The environment that `settings` carry."""
    return EnvironmentStore(address, settings)


class EnvironmentStore(Store):
    """`AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` of the environment, which is read-only.

    Airflow asks for one name at a time, the prefix and the id in capitals, so a variable of another name is none, and
    one that isn't selected is not read and can't be in the way.
    """

    folds_case: ClassVar[bool] = True
    capabilities: ClassVar[Capabilities] = Capabilities(kinds=frozenset(env.PREFIXES.values()), writable=False)

    def __init__(self, address: str, settings: Settings) -> None:
        super().__init__(address)
        self._environ = settings.environ

    def describe(self) -> str:
        return "the environment"

    def read(self, selection: Selection) -> Bundle:
        self.notes = []
        found: list[AirflowObject] = []
        faults = Faults()
        for name, value in sorted(self._environ.items()):
            named = env.named_by(name)
            if named is None:
                continue
            kind, id_ = named
            # Airflow asks for the id in capitals, so that this is also the one that is asked for in others.
            asked = (other for its_kind, other in selection.ids or () if its_kind is kind)
            id_ = next((other for other in asked if env.env_name(kind, other) == name), id_)
            if not selection.wants(kind, id_):
                continue
            origin = Origin(f"{ADDRESS}{name}")
            if reason := _passed_over(kind, id_, name, value):
                self.notes.append(Note(str(origin), f"{reason}: left out", left_out=True))
                continue
            try:
                found.append(env.read_value(kind, id_, value, rules_for(self.reads_for), origin))
            except InputError as error:
                faults.take(error)
        return reading(found, faults, self.notes).checked().bundle

    def listed(self, kinds: frozenset[Kind] = ALL_KINDS) -> frozenset[tuple[Kind, str]]:
        named = ((name, env.named_by(name)) for name in self._environ)
        found = (key for name, key in named if key is not None and name == env.env_name(*key))
        return frozenset(key for key in found if key[0] in kinds)

    def passed_over(self, kind: Kind, id_: str) -> str:
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
"""What is written where one of `env.PREFIXES` was meant."""


def _passed_over(kind: Kind, id_: str, name: str, value: str) -> str:
    """Why Airflow finds nothing under a name, if it doesn't."""
    if (looked_for := env.env_name(kind, id_)) != name:
        return f"Airflow never finds it, as it looks for {looked_for}"
    if kind is Kind.CONNECTIONS and not value.strip():
        return "it is empty, which is no connection to Airflow"
    return ""
