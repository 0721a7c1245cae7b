"""Reads a file as Airflow's LocalFilesystemBackend does, and writes objects so that it reads them back.

The rules are from airflow 2.11.2 and 3.3.2, `secrets/local_filesystem.py`. The backend reads a whole file for each
lookup, and finds nothing if one entry is wrong.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import PurePath
from typing import Any

import yaml

from airconn.errors import InputError
from airconn.formats import (
    connection_fields,
    connection_uri,
    documents,
    json_tree,
    tree,
    uri_lines,
    yaml_readings,
    yaml_scalars,
    yaml_tree,
)
from airconn.formats.base import Faults, ReadOptions, extra_fault, show_key
from airconn.formats.object_reader import ObjectReader
from airconn.model import (
    UNDESCRIBED,
    Connection,
    Kind,
    Origin,
    Rules,
    Text,
    Variable,
    value_fields,
)
from airconn.model.reading import Key, Note, Reading

TYPES = ("env", "json", "yaml", "yml")
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""The line ends of `str.splitlines`."""


USELESS = "an entry that Airflow ignores"
"""The version of an entry that isn't an object."""


def type_of(path: str, rules: Rules) -> str:
    """The format that Airflow expects in a file of this name. Raises `InputError` for a name that it doesn't read."""
    name = PurePath(path).suffix.lstrip(".") if rules.type_is_suffix else path.rsplit(".", 2)[-1]
    if name.lower() not in TYPES:
        raise InputError(
            f"Airflow {rules.version} reads no file with this name",
            where=path,
            hint=f"it must end in {', '.join(f'.{name}' for name in TYPES)}"
            + (", with a name in front" if PurePath(path).name.startswith(".") else ""),
        )
    return name.lower()


def read(text: str, kind: Kind, path: str, options: ReadOptions) -> Reading:
    """The objects that Airflow finds in a file. Raises `InputErrors` for a fault after which it finds nothing.

    The versions are those of the entries that it ignores.
    """
    reader = _LocalReader(kind, options)
    file_type = type_of(path, options.rules)
    if text.startswith("\ufeff") and file_type in ("env", "json"):
        raise InputError(
            "it starts with a byte order mark, which Airflow can't read", where=path, hint="save it without one"
        )
    if file_type == "env":
        reader.env(text, path)
    else:
        reader.document(*_documents(text, path, file_type), path)
    found = reader.reading().checked()
    useless: dict[Key, object] = {(kind, id_): USELESS for id_ in reader.ids if found.bundle.get(kind, id_) is None}
    return Reading(found.bundle, found.notes, versions=useless)


def ids(content: Reading, kind: Kind) -> frozenset[str]:
    """The ids of all entries of a file, also of those that Airflow ignores."""
    return frozenset((*content.bundle.of_kind(kind), *(id_ for _, id_ in content.versions)))


def _documents(text: str, path: str, file_type: str) -> tuple[Any, Any]:
    """The document with the line and column of each value, and the same document as Airflow reads it."""
    if file_type == "json":
        return json_tree.load(text, path), json.loads(text)
    document = yaml_tree.load(text, path, yaml_scalars.AIRFLOW)
    try:
        return document, yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - it is a safe one
    except (yaml.YAMLError, ValueError, TypeError, RecursionError):
        raise InputError(
            "Airflow can't read this YAML",
            where=path,
            hint="it may have a tag (!x), an invalid date, or a list or mapping as a key",
        ) from None


def _with_texts(key: str, value: Any, origin: Origin) -> Any:
    """The value of a variable with texts for dates, which Airflow's backend gives to tasks as Python's objects.

    Raises `InputError` for bytes, which have no text.
    """
    if isinstance(value, tree.NotJson):
        if not value.text:
            raise InputError(
                f"{key} is or has {value.what}", where=str(origin), hint="write its text, without the tag"
            )
        return value.text
    if isinstance(value, dict):
        return {name: _with_texts(key, inner, origin) for name, inner in value.items()}
    if isinstance(value, list):
        return [_with_texts(key, inner, origin) for inner in value]
    return value


class _LocalReader(ObjectReader):
    def __init__(self, kind: Kind, options: ReadOptions) -> None:
        super().__init__(options)
        self.kind = kind
        self.rules = options.rules
        self.ids: set[str] = set()

    def env(self, text: str, path: str) -> None:
        for id_, value, origin, column in env_entries(text, path, self.faults):
            self.ids.add(id_)
            if self.kind is Kind.VARIABLES:
                self.found.append(Variable(key=id_, value=Text.of(value), unsaid=UNDESCRIBED, origin=origin))
            else:
                self.uri(id_, value, origin, column)

    def document(self, document: Any, as_airflow: Any, path: str) -> None:
        if not isinstance(document, tree.Mapping) or not isinstance(as_airflow, dict):
            raise InputError("Airflow reads an object of ids here, and this isn't one", where=path)
        if self.kind is Kind.CONNECTIONS and _is_sectioned(document):
            raise InputError(
                "this file has a section for each kind; Airflow's backend reads one file for each kind",
                where=path,
                hint="airconn convert --connections writes a file of its connections",
            )
        for id_, value in document.items():
            origin = document.origin(id_)
            self.ids.add(id_)
            if id_ not in as_airflow:
                self.leave_out(origin, f"the key {show_key(id_)} isn't a text, so Airflow doesn't find it")
                continue
            try:
                if document.is_odd and self.kind is Kind.CONNECTIONS:
                    yaml_readings.refuse(self.kind, id_, document)
                self.entry(id_, value, as_airflow[id_], origin)
            except InputError as error:
                self.faults.errors.append(error)

    def entry(self, id_: str, value: Any, as_airflow: Any, origin: Origin) -> None:
        if isinstance(value, list) and (self.kind is Kind.CONNECTIONS or not self.rules.variable_lists):
            if len(value) > 1 or (not value and self.kind is Kind.VARIABLES):
                raise InputError(f"{id_} has several values, or none, in a list", where=str(origin))
            if not value:
                self.leave_out(origin, f"{id_} is an empty list, not a connection")
                return
            value, as_airflow = value[0], as_airflow[0]
        if self.kind is Kind.VARIABLES:
            self.variable(id_, value, as_airflow, origin)
        elif isinstance(as_airflow, str):
            self.uri(id_, as_airflow, origin, None)
        else:
            self.fields(id_, value, as_airflow, origin)

    def variable(self, key: str, value: Any, as_airflow: Any, origin: Origin) -> None:
        if as_airflow is None:
            self.leave_out(origin, f"{key} is null, which Airflow reads as missing")
            return
        if not isinstance(as_airflow, str):
            self.notes.append(Note(str(origin), f"{key} isn't a text, and tasks get it as it is"))
        text = (
            Text.of(as_airflow)
            if isinstance(as_airflow, str)
            else documents.variable_text(_with_texts(key, value, origin))
        )
        self.found.append(Variable(key=key, value=text, unsaid=UNDESCRIBED, origin=origin))

    def uri(self, conn_id: str, text: str, origin: Origin, column: int | None) -> None:
        if text.lstrip().startswith("{"):
            self.leave_out(origin, f"{conn_id} is JSON in a text, which Airflow's backend reads as a URI")
            return
        try:
            self.found.append(connection_fields.from_uri(conn_id, text, self.rules, origin, column=column))
        except InputError as error:
            self.faults.errors.append(error)

    def fields(self, conn_id: str, value: Any, as_airflow: Any, origin: Origin) -> None:
        connection = connection_fields.from_fields(conn_id, value, self.rules, origin)
        if connection.team_name is not None and not self.rules.team_names:
            raise InputError(f"{conn_id}: Airflow {self.rules.version} doesn't know 'team_name'", where=str(origin))
        for name in ("conn_type", "description", "host", "login", "password", "schema"):
            if not isinstance(as_airflow.get(name), str | None):
                note = f"{conn_id}: {name} isn't a text; put it in quotes"
                self.note(origin, note)
        self.found.append(connection)


def _is_sectioned(document: tree.Mapping) -> bool:
    names = {kind.value for kind in Kind}
    return bool(document) and all(
        key in names and isinstance(section, tree.Mapping) and not set(section) & connection_fields.FILE_KEYS
        for key, section in document.items()
    )


def env_entries(text: str, path: str, faults: Faults) -> Iterator[tuple[str, str, Origin, int]]:
    """The entries of a file of NAME=VALUE lines (`_parse_env_file`): nothing is quoted, and blanks count."""
    lines: dict[str, int] = {}
    for (line, column), content in uri_lines.lines_of(text):
        if not content or content.lstrip().startswith("#"):
            continue
        origin = Origin(path, line)
        name, equals, value = content.partition("=")
        if not equals or not name or not value:
            faults.add("this line is not NAME=VALUE, or one of the two is empty", origin)
        elif "://" in name or "@" in name:
            faults.add("the text before the '=' can't be an id", origin)  # and isn't shown: it may hold a secret
        elif name in lines:
            faults.add(f"{show_key(name)} is in line {lines[name]} already", origin, "remove one of the two")
        else:
            lines[name] = line
            yield name, value, origin, column + len(name) + 1


def entry(obj: Connection | Variable) -> Any:
    """The value under the id of an object in a file of JSON or YAML."""
    if isinstance(obj, Variable):
        return connection_fields.shown(obj.value)
    # Airflow takes an empty password for a missing one, and fails on the name of a team where it has no teams.
    password = None if obj.password == "" else obj.password
    return connection_fields.to_fields(replace(obj, team_name=None, password=password))


def line(obj: Connection | Variable) -> str:
    """The text after the `=` of an object."""
    return str(connection_fields.shown(obj.value)) if isinstance(obj, Variable) else connection_uri.build(obj)


def refusal(obj: Connection | Variable, file_type: str, rules: Rules) -> str:
    """Why an object can't be written so that Airflow reads it. Empty if it can."""
    if isinstance(obj, Connection) and (fault := extra_fault(obj, rules)):
        return f"its extra {fault}"
    if file_type != "env":
        return ""
    if obj.id.lstrip()[:1] in ("#", "\ufeff") or set(obj.id) & set(f"=@{LINE_ENDS}") or "://" in obj.id:
        return "its id can't be written in a line NAME=VALUE"
    if isinstance(obj, Connection):
        return "" if connection_uri.is_writable(obj) else "its conn_type can't be written in a URI"
    value = line(obj)
    if not value:
        return "its value is empty, and Airflow reads nothing from a file with such a line"
    return "its value has a line break, which Airflow's .env files can't hold" if set(value) & set(LINE_ENDS) else ""


def stored(obj: Connection | Variable, file_type: str, options: ReadOptions) -> Connection | Variable:
    """The object that Airflow reads after `obj` was written. Raises `InputError` if it reads none."""
    if isinstance(obj, Variable):
        value = obj.value if "value" in obj.literal else Text.of(str(connection_fields.shown(obj.value)))
        return replace(obj, value=value, description=None, team_name=None, unsaid=UNDESCRIBED)
    if file_type == "env":
        back = connection_fields.from_uri(obj.conn_id, line(obj), options.rules, obj.origin)
    else:
        back = connection_fields.from_fields(obj.conn_id, entry(obj), options.rules, obj.origin)
    literal = {name: getattr(obj, name) for name in obj.literal}
    return replace(back, **literal) if literal else back


def losses(obj: Connection | Variable, file_type: str, options: ReadOptions) -> dict[str, str]:
    """The fields of an object that aren't read back, and why."""
    if isinstance(obj, Connection) and file_type == "env":
        return connection_uri.losses(obj, line(obj), options.rules)
    back = stored(obj, file_type, options)
    changed = [name for name in value_fields(obj.kind) if getattr(obj, name) != getattr(back, name)]
    return dict.fromkeys(changed, "has no field in this file, and is skipped")
