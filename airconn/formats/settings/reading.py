"""Reads Astro's `airflow_settings.yaml`, by Astro's rules without its bugs.

The rules are from astro-cli 1.45.0, `settings/settings.go` and `settings/types.go`. Scalars are the text as written,
with a warning where Astro makes another one of it (`0123` is 83, `true` is 1), or the eye expects a truth value. Keys
keep their case below `conn_extra`, an empty variable counts, and a URI is read as Airflow reads it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from airconn.errors import InputError
from airconn.formats import connection_fields, other_tools, tree, yaml_readings, yaml_scalars, yaml_tree
from airconn.formats.base import ReadOptions, show_key
from airconn.formats.documents import whole_number
from airconn.formats.environment.shapes import community_sections
from airconn.formats.object_reader import ObjectReader
from airconn.formats.settings.meant_fields import is_meant, meant
from airconn.formats.uri_problems import OF_QUERY
from airconn.model import (
    MASK,
    UNDESCRIBED,
    Connection,
    Kind,
    Origin,
    Pool,
    Redacted,
    Text,
    Variable,
    hidden_or,
    jsontext,
)
from airconn.model.jsontext import Number
from airconn.model.reading import Note, Reading

FIELDS = {
    Kind.CONNECTIONS: (
        "conn_id", "conn_type", "conn_host", "conn_schema", "conn_login", "conn_password", "conn_port", "conn_uri",
        "conn_extra",
    ),
    Kind.POOLS: ("pool_name", "pool_slot", "pool_description"),
    Kind.VARIABLES: ("variable_name", "variable_value"),
}  # fmt: skip
_KINDS = {kind.value for kind in Kind}
FIELDS_BESIDE_URI = ("conn_type", "conn_host", "conn_login", "conn_password", "conn_schema", "conn_port")


def read(text: str, source: str, options: ReadOptions) -> Reading:
    """The objects of a settings file. Raises `InputError` for a file of another shape."""
    document = yaml_tree.load(text, source, yaml_scalars.ASTRO)
    top = [key for key in document if key.lower() == "airflow"] if isinstance(document, tree.Mapping) else []
    airflow = document[top[0]] if len(top) == 1 else None
    beside = next((key for key in document if key.lower() in _KINDS), None) if len(top) == 1 else None
    if beside is not None:
        raise InputError(
            f"{show_key(beside)} is beside 'airflow', where the Astro CLI doesn't look",
            where=str(document.origin(beside)),
            hint="indent it, so that it is below 'airflow'",
        )
    if airflow is None and len(top) == 1:
        return Reading()
    if not isinstance(airflow, tree.Mapping):
        near = _near([*document], ["airflow"]) if isinstance(document, tree.Mapping) and not top else None
        raise InputError(
            "a settings file has the top-level key 'airflow' with connections, pools and variables under it",
            where=str(document.origin(near)) if near else source,
            hint="did you mean 'airflow'?" if near else "a file of another shape is read with --from-format yaml",
        )
    if community_sections(airflow) and not is_meant(airflow, source):
        raise other_tools.chart_error(source)
    reader = _SettingsReader(options)
    for name, entries in airflow.items():
        if name.lower() in _KINDS:
            reader.section(Kind(name.lower()), entries, airflow.origin(name))
        else:
            kinds = [kind.value for kind in Kind]
            meant = next((kind for kind in kinds if _near([name], [kind])), None)
            reader.faults.add(
                f"'airflow' has connections, pools and variables, but not {show_key(name)}",
                airflow.origin(name),
                f"did you mean {meant!r}?" if meant else "delete it, or move it to the right section",
            )
    return reader.reading()


def _hint_of_id(kind: Kind, entry: tree.Mapping) -> str:
    """The hint for an entry without an id: the field that is meant to be it."""
    name = FIELDS[kind][0]
    other = next((key for key in entry if key.lower() != name and meant(kind, key) == name), None)
    if other is None:
        return f"write each of them as '- {name}: …', with its other fields below"
    return f"did you mean {name!r} where it says {show_key(other)}?"


def _near(names: list[str], known: list[str]) -> str | None:
    """The first of the names that is close to one of the known ones."""
    from difflib import get_close_matches

    return next((name for name in names if get_close_matches(str(name)[:80].lower(), known, cutoff=0.7)), None)


class _SettingsReader(ObjectReader):
    def section(self, kind: Kind, entries: Any, origin: Origin) -> None:
        if entries is None:
            return
        if not isinstance(entries, tree.Sequence):
            hint = f"write each of them as '- {FIELDS[kind][0]}: …', with its other fields below"
            self.faults.add(f"{kind.value} are a list here: each entry starts with '- '", origin, hint)
            return
        read = {Kind.CONNECTIONS: self.connection, Kind.VARIABLES: self.variable, Kind.POOLS: self.pool}[kind]
        for index, entry in enumerate(entries):
            place = entries.origin(index)
            if entry is None:
                continue
            if not isinstance(entry, tree.Mapping):
                self.faults.add(f"an entry of {kind.value} is a mapping", place)
                continue
            try:
                fields = self.known(kind, entry)
                # Astro's template has an empty entry of each kind, which isn't an object.
                if _text(fields, FIELDS[kind][0], place):
                    obj = read(fields, place)
                    if obj is not None:
                        self.found.append(yaml_readings.with_astro(obj, entry) if entry.is_odd else obj)
                elif (
                    (entry and not fields)
                    or any(value not in (None, "") for value in fields.values() if not isinstance(value, dict))
                    or any(value and meant(kind, key) == FIELDS[kind][0] for key, value in entry.items())
                ):
                    self.faults.add(f"this entry has no {FIELDS[kind][0]}", place, _hint_of_id(kind, entry))
            except InputError as error:
                self.faults.take(error)

    def known(self, kind: Kind, entry: tree.Mapping) -> dict[str, Any]:
        """The fields by Astro's names, which are read in any case. Unknown ones get a note and are skipped."""
        fields: dict[str, Any] = {}
        for key, value in entry.items():
            if key.lower() in FIELDS[kind]:
                if key.lower() in fields:
                    raise InputError(f"{key.lower()!r} is written twice in one entry", where=str(entry.origin(key)))
                fields[key.lower()] = entry.written[key].text if isinstance(value, bool) else value
            else:
                near = meant(kind, key)
                hint = f" (did you mean {near!r}?)" if near else ""
                self.note(entry.origin(key), f"unknown field {show_key(key)}{hint}: left out")
        return fields

    def connection(self, fields: dict[str, Any], origin: Origin) -> Connection:
        conn_id = str(_text(fields, "conn_id", origin))
        extra = _extra(fields.get("conn_extra"))
        password = _text(fields, "conn_password", origin)
        uri = _text(fields, "conn_uri", origin)
        beside = [name for name in FIELDS_BESIDE_URI if fields.get(name) not in (None, "")]
        if uri and not beside:
            connection = connection_fields.from_uri(conn_id, uri, self.options.rules, origin, self.uris)
            if extra is not None:
                if connection.extra is not None:
                    self.note(origin, f"{conn_id}: conn_extra is used, not the extra in conn_uri")
                others = tuple(found for found in connection.ambiguities if found.rule not in OF_QUERY)
                connection = replace(connection, extra=extra, ambiguities=others)
        else:
            if uri:
                self.note(origin, f"{conn_id}: conn_uri is not used, because {beside[0]} is set")
            port = fields.get("conn_port")
            connection = Connection(
                conn_id=conn_id,
                conn_type=_text(fields, "conn_type", origin) or "",
                host=hidden_or(_text(fields, "conn_host", origin)),
                schema=hidden_or(_text(fields, "conn_schema", origin)),
                login=hidden_or(_text(fields, "conn_login", origin)),
                # Airflow's core can't hold an empty password: `set_password` ignores it.
                password=hidden_or(password or None),
                port=None if port in (None, "") else whole_number(port, f"{conn_id}: conn_port", origin) or None,
                extra=extra,
                unsaid=UNDESCRIBED,
                origin=origin,
            )
            if not connection.conn_type:
                what = "no conn_type" if uri else "neither conn_type nor conn_uri"
                raise InputError(f"{conn_id} has {what}", where=str(origin))
            if connection.conn_type == MASK:
                raise InputError(f"{conn_id}: conn_type is the mask ***, so the type is unknown", where=str(origin))
        connection_fields.check_extra(connection, self.options.rules)
        return connection

    def variable(self, fields: dict[str, Any], origin: Origin) -> Variable | None:
        key, value = str(_text(fields, "variable_name", origin)), fields.get("variable_value")
        if value is None:
            self.notes.append(
                Note(str(origin), f"{key} has no value: left out (an empty one is written '')", left_out=True)
            )
            return None
        if isinstance(value, dict | list):
            value = jsontext.dumps(value)
        return Variable(key=key, value=Text.of(_scalar(value)), unsaid=UNDESCRIBED, origin=origin)

    def pool(self, fields: dict[str, Any], origin: Origin) -> Pool:
        name = str(_text(fields, "pool_name", origin))
        return Pool(
            name=name,
            slots=whole_number(fields.get("pool_slot"), f"{name}: pool_slot", origin),
            description=hidden_or(_text(fields, "pool_description", origin)),
            origin=origin,
        )


def _extra(value: Any) -> Text | Redacted | None:
    """The extra that is given as a mapping or as JSON text."""
    if value is None or value == "":
        return None
    return Text.of(value if isinstance(value, str) else jsontext.dumps(value))


def _scalar(value: Any) -> str:
    return value.text if isinstance(value, Number) else str(value)


def _text(fields: dict[str, Any], name: str, origin: Origin) -> str | None:
    value = fields.get(name)
    if isinstance(value, dict | list):
        raise InputError(f"{name} is not a text", where=str(origin))
    return None if value is None else _scalar(value)
