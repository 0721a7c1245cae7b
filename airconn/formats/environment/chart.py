"""Reads the connections, variables and pools in the values of the community's Helm chart.

The rules are those of the chart's scripts (airflow-helm/charts, `charts/airflow/templates/sync/_helpers`): what is
empty is not set, and `${NAME}` is filled in from `connectionsTemplates` and `variablesTemplates`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from airconn.errors import InputError
from airconn.formats import connection_fields, tree
from airconn.formats.base import ReadOptions, show_key
from airconn.formats.documents import whole_number
from airconn.formats.environment import values
from airconn.formats.environment.entries import Program, Scope
from airconn.formats.object_reader import ObjectReader
from airconn.model import MASK, UNDESCRIBED, AirflowObject, Kind, Origin, Pool, Text, Variable, hidden_or
from airconn.model.jsontext import Number

_FIELDS = {
    Kind.CONNECTIONS: frozenset(
        ("id", "type", "description", "host", "login", "password", "schema", "port", "extra")
    ),
    Kind.VARIABLES: frozenset(("key", "value")),
    Kind.POOLS: frozenset(("name", "slots", "description", "include_deferred", "policies")),
}
_IDS = {Kind.CONNECTIONS: "id", Kind.VARIABLES: "key", Kind.POOLS: "name"}
_TEMPLATED = ("host", "login", "password", "schema", "extra")


class ChartReader(ObjectReader):
    """Reads the sections of a chart's values, with the faults of each entry."""

    def __init__(self, options: ReadOptions, source: str) -> None:
        super().__init__(options)
        self.source = source

    def sections(self, airflow: tree.Mapping, scope: Scope) -> None:
        """Reads the three sections, each a list of entries."""
        read: dict[Kind, Callable[[str, dict[str, Any], Origin, frozenset[str]], AirflowObject | None]] = {
            Kind.CONNECTIONS: self.connection,
            Kind.VARIABLES: self.variable,
            Kind.POOLS: self.pool,
        }
        for kind in Kind:
            section = airflow.get(kind.value)
            if not isinstance(section, tree.Sequence):
                continue
            templates = airflow.get(f"{kind.value}Templates")
            names = frozenset(templates) if isinstance(templates, dict) else frozenset()
            for index, entry in enumerate(section):
                place = section.places[index]
                line, column = scope.block.place(*place) if scope.block else place
                origin = Origin(self.source, line, column)
                with self.collecting():
                    id_, fields = self.fields(kind, entry, origin)
                    if odd := _odd_field(entry, fields):
                        self.leave_out(
                            origin, f"{id_}: {odd!r} is read differently without quotes (put it in quotes)"
                        )
                    elif (obj := read[kind](id_, fields, origin, names)) is not None:
                        self.found.append(obj)

    def fields(self, kind: Kind, entry: Any, origin: Origin) -> tuple[str, dict[str, Any]]:
        """The id and the known fields of an entry. Others get a note, since the chart doesn't read them."""
        if not isinstance(entry, dict):
            raise InputError(f"an entry of {kind.value} is a mapping", where=str(origin))
        unknown = [key for key in entry if key not in _FIELDS[kind]]
        for key in unknown:
            self.note(origin, f"{show_key(key)} is not a field of the chart's {kind.value}: left out")
        fields = {key: value for key, value in entry.items() if key not in unknown}
        id_ = _scalar(fields.get(_IDS[kind]))
        if not isinstance(id_, str) or not id_:
            raise InputError(f"this entry has no {_IDS[kind]}", where=str(origin))
        return id_, fields

    def connection(
        self, id_: str, fields: dict[str, Any], origin: Origin, templates: frozenset[str]
    ) -> AirflowObject | None:
        for name in _TEMPLATED:
            value = _scalar(fields.get(name))
            if isinstance(value, dict | list | bool):
                raise InputError(
                    f"{id_}: {name!r} is not a text", where=str(origin), hint="write it as a text, an extra as JSON"
                )
            fields[name] = _filled(value, templates, is_json=name == "extra") if isinstance(value, str) else None
        if not fields.get("type"):
            raise InputError(f"{id_}: this entry has no type", where=str(origin))
        if any(isinstance(value, str) and _is_template(value) for value in fields.values()):
            self.leave_out(origin, f"{id_} has a template ({{ }}) in it")
            return None
        known = {key: value for key, value in fields.items() if key not in ("id", "type")}
        known = {key: value for key, value in known.items() if not connection_fields.is_falsy(value)}
        conn_type = _scalar(fields["type"])
        return connection_fields.from_fields(
            id_, {"conn_type": conn_type, "description": None, **known}, self.options.rules, origin, self.uris
        )

    def variable(
        self, id_: str, fields: dict[str, Any], origin: Origin, templates: frozenset[str]
    ) -> AirflowObject | None:
        found = values.read(fields.get("value"), None, Program.PLAIN)
        if found.text is None:
            self.leave_out(origin, f"{id_} {found.unread}")
            return None
        return Variable(key=id_, value=Text.of(_filled(found.text, templates)), unsaid=UNDESCRIBED, origin=origin)

    def pool(
        self, id_: str, fields: dict[str, Any], origin: Origin, templates: frozenset[str]
    ) -> AirflowObject | None:
        if fields.get("policies"):
            self.note(origin, f"{id_}: the 'policies' that change its slots by the time of day are left out")
        description = _scalar(fields.get("description"))
        include_deferred = fields.get("include_deferred")
        if not isinstance(description, str | None) or not isinstance(include_deferred, bool | None):
            name = "include_deferred" if isinstance(description, str | None) else "description"
            raise InputError(f"{id_}: {name!r} has a value of the wrong type", where=str(origin))
        return Pool(
            name=id_,
            slots=whole_number(fields.get("slots"), f"{id_}: 'slots'", origin),
            description=hidden_or(description),
            include_deferred=include_deferred,
            origin=origin,
        )


def _odd_field(entry: Any, fields: dict[str, Any]) -> str:
    """The first field whose value without quotes may be another to Helm. Empty if no field has such a value."""
    written = entry.written if isinstance(entry, tree.Mapping) else {}
    odd = (key for key in fields if key in written and not _is_switch(key, written[key].text))
    return next(odd, "")


def _is_switch(key: str, written: str) -> bool:
    return key == "include_deferred" and written in ("true", "false")


def _scalar(value: Any) -> Any:
    return value.text if isinstance(value, Number) else value


def _is_template(value: str) -> bool:
    return values.text(value, Program.PLAIN).text is None


_REFERENCE = re.compile(r"\$(?:(?P<escaped>\$)|(?P<bare>[A-Za-z_]\w*)|\{(?P<braced>[A-Za-z_]\w*)\})", re.ASCII)
"""A reference of Python's `string.Template`, as which the chart reads texts if there are any templates."""


def _filled(value: str, templates: frozenset[str], *, is_json: bool = False) -> str:
    """A text with `***` in the place of templates, whose values are in Secrets and ConfigMaps.

    In JSON, a text in it is hidden as a whole.
    """
    if not templates or "$" not in value:
        return value
    number = sum((match["bare"] or match["braced"]) in templates for match in _REFERENCE.finditer(value))

    def filled(match: re.Match[str]) -> str:
        if match["escaped"]:
            return "$"
        return MASK if (match["bare"] or match["braced"]) in templates else match[0]

    result = _REFERENCE.sub(filled, value)
    if not number:
        return result
    text = Text.of(result) if is_json else None
    return result if isinstance(text, Text) and len(text.hidden) >= number else MASK
