"""Reads the objects of Airflow's environment variables out of the files of other tools."""

from __future__ import annotations

import re
from dataclasses import replace

from airconn.errors import InputError
from airconn.formats import shared_tree
from airconn.formats.base import ReadOptions
from airconn.formats.env import KINDS, env_name, named_by, read_value
from airconn.formats.environment import chart, key_refs, systemd
from airconn.formats.environment.entries import FoundVariable
from airconn.formats.environment.walk import Walk
from airconn.formats.k8s.reading import ManifestReader
from airconn.formats.object_reader import ObjectReader
from airconn.model import ALL_KINDS, REDACTED, UNDESCRIBED, AirflowObject, Connection, Kind, Origin, Variable
from airconn.model.ambiguity import Ambiguity
from airconn.model.reading import Reading
from airconn.model.secret_names import is_secret_name

_POSSIBLE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,253}")
_NAME_HINT = "AIRFLOW_CONN_ or AIRFLOW_VAR_ and the id, with a blank between the ':' and the value"
_WHOLE_REFERENCE = re.compile(r"\$(?:\w+|\{[^}]*\}|\([^)]*\))")
_EXPANDED = {
    "Docker Compose": "'docker compose config' prints the file with its references filled in",
    "Kubernetes": "write the value itself, or $$( for a $(",
    "GitLab": "write the value itself, or $$ for a $",
    "systemd": "write %% for a %",
}
"""What settles a reference, by the program that expands it."""


def read(text: str, source: str, options: ReadOptions) -> Reading:
    """The objects of all environment variables of a text, and those of the sections of a Helm chart.

    A variable whose value can't be read is left out with a note. Raises `InputError` for a text that is neither
    JSON, YAML nor a unit of systemd.
    """
    reader = _VariablesReader(options, source)
    if systemd.sniff(text):
        reader.take(systemd.entries(text))
        return reader.reading(KINDS)
    walk = Walk(text, source)
    walk.documents(shared_tree.load(text, source))
    secrets = ManifestReader(options)
    secrets.uris = reader.uris
    for secret in walk.secrets:
        secrets.labelled_objects(secret)
    reader.found += secrets.found
    reader.notes += secrets.notes
    reader.faults.errors += secrets.faults.errors
    charts = chart.ChartReader(options, source)
    charts.uris = reader.uris
    for node, scope in walk.sections:
        charts.sections(node, scope)
    reader.take(key_refs.resolved(walk.entries, walk.secrets, walk.config_maps))
    reader.found += charts.found
    reader.notes += charts.notes
    reader.faults.errors += charts.faults.errors
    return reader.reading(ALL_KINDS if walk.sections else KINDS)


_SEVERAL_VALUES = Ambiguity(
    "AC431",
    "has several values in one file",
    "keep one, or exclude it with --exclude",
    blocks=True,
    is_minor=True,
)
"""For `check` and for plans. A note with the places says the same to other commands."""


class _VariablesReader(ObjectReader):
    def __init__(self, options: ReadOptions, source: str) -> None:
        super().__init__(options)
        self.source = source

    def take(self, entries: list[FoundVariable]) -> None:
        """Reads the variables by name, each of which may be in several places."""
        by_name: dict[str, list[FoundVariable]] = {}
        for entry in entries:
            by_name.setdefault(entry.name, []).append(entry)
        for name, found in by_name.items():
            if not _POSSIBLE_NAME.fullmatch(name):  # it may have a value in it, and is not shown
                self.faults.add("an environment variable can't have this name", self._origin(found[0]), _NAME_HINT)
                continue
            if name != name.upper():
                self.note(self._origin(found[0]), f"Airflow never finds {name}: it looks for {name.upper()}")
                if name.upper() in by_name:
                    continue
            with self.collecting():
                self._variable(name, found)

    def _origin(self, entry: FoundVariable) -> Origin:
        return Origin(self.source, entry.line, entry.column)

    def _variable(self, name: str, entries: list[FoundVariable]) -> None:
        used = [entry for entry in entries if not entry.is_template] or entries
        used = self._last_of_each(name, used)
        readable = [entry for entry in used if entry.value is not None]
        hidden = [entry for entry in used if entry.hidden]
        if not readable and not hidden:
            self.leave_out(self._origin(used[0]), f"{name} {used[0].unread}")
            return
        chosen = (readable or hidden)[0]
        if not readable:
            self._hidden(name, chosen)
            return
        for other in used:
            if other.unread:
                self.leave_out(self._origin(other), f"{name} of {other.holder} {other.unread}")
        others = [
            entry for entry in used if entry.hidden or (entry.value is not None and entry.value != chosen.value)
        ]
        self._read(name, chosen, others)

    def _last_of_each(self, name: str, entries: list[FoundVariable]) -> list[FoundVariable]:
        """The variables without those that are set again in the same list, of which the last one counts."""
        last: dict[int, FoundVariable] = {}
        for number, entry in enumerate(entries, -len(entries)):
            owner = entry.owner or number
            before = last.get(owner)
            if before is not None and before.value != entry.value:
                message = f"{name} is set again in {entry.holder}; the value of line {before.line} is not used"
                self.note(self._origin(entry), message)
            last[owner] = entry
        return list(last.values())

    def _hidden(self, name: str, entry: FoundVariable) -> None:
        """Adds a variable with a hidden value. A connection that is hidden as a whole is left out."""
        kind, id_ = _id_of(entry)
        origin = self._origin(entry)
        if kind is Kind.CONNECTIONS:
            self.leave_out(origin, f"{name} {entry.hidden}, so this file doesn't have its value")
        else:
            self.found.append(Variable(key=id_, value=REDACTED, unsaid=UNDESCRIBED, origin=origin))

    def _read(self, name: str, chosen: FoundVariable, others: list[FoundVariable]) -> None:
        kind, id_ = _id_of(chosen)
        origin, value = self._origin(chosen), chosen.value or ""
        if kind is Kind.CONNECTIONS and not value.strip():
            self.leave_out(origin, f"{name} is empty, which Airflow reads as a missing connection")
            return
        if kind is Kind.CONNECTIONS and chosen.expanded_by and _WHOLE_REFERENCE.fullmatch(value.strip()):
            self.leave_out(origin, f"{name} is a reference that {chosen.expanded_by} expands, not the value")
            return
        try:
            obj: AirflowObject = read_value(kind, id_, value, self.options.rules, origin, self.uris)
        except InputError:
            if not chosen.expanded_by:
                raise
            self.leave_out(origin, f"{name} can't be read before {chosen.expanded_by} expands a reference in it")
            return
        ambiguities = []
        if chosen.expanded_by:
            message = f"{chosen.expanded_by} expands a reference in it"
            ambiguities.append(Ambiguity("AC407", message, _EXPANDED[chosen.expanded_by], blocks=True))
        if others:
            self._say_differences(name, chosen, others)
            if any(other.value is not None for other in others) and _is_secret(obj):
                ambiguities.append(_SEVERAL_VALUES)
        self.found.append(replace(obj, ambiguities=(*obj.ambiguities, *ambiguities)) if ambiguities else obj)

    def _say_differences(self, name: str, chosen: FoundVariable, others: list[FoundVariable]) -> None:
        other = others[0]
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        what = "is hidden" if other.hidden else "has another value"
        self.note(
            self._origin(other),
            f"{name} {what} in {other.holder}{more}; the value of {chosen.holder} (line {chosen.line}) is used",
        )


def _is_secret(obj: AirflowObject) -> bool:
    """Whether the wrong one of several values may give away or destroy a secret."""
    return isinstance(obj, Connection) or (isinstance(obj, Variable) and is_secret_name(obj.key))


def _id_of(entry: FoundVariable) -> tuple[Kind, str]:
    kind, id_ = named_by(entry.name) or (Kind.VARIABLES, entry.name)
    is_known = bool(entry.true_id) and env_name(kind, entry.true_id) == entry.name
    return kind, entry.true_id if is_known else id_
