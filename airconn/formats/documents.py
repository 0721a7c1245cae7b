"""Reads and writes the shapes of JSON and YAML files: Airflow's own for one kind, and the one with three sections.

Connections: `airflow connections export`, and every shape that its import takes (`secrets/local_filesystem.py`).
Variables: `airflow variables export` of 2.x and 3.x. Pools: `airflow pools export`, and airflowctl's list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from airconn.errors import InputError
from airconn.formats import connection_fields, tree
from airconn.formats.base import (
    Loss,
    ReadOptions,
    WriteOptions,
    holdable_part,
    show_key,
)
from airconn.formats.connection_fields import shown
from airconn.formats.kind_detection import (
    AIRFLOWCTL_POOL_FIELDS,
    POOL_FIELDS,
    RUNTIME_FIELDS,
    WRAPPER,
    is_sectioned,
    kind_of,
    kind_of_name,
    refuse_one_connection,
    unknown_kind,
)
from airconn.formats.object_reader import ObjectReader
from airconn.formats.variables_shape import PLAIN, VARIABLES_SHAPE, WRAPPED, WRAPPER_RULE
from airconn.model import (
    ALL_KINDS,
    UNDESCRIBED,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Origin,
    Pool,
    Text,
    Variable,
    hidden_or,
    is_untyped,
    jsontext,
)
from airconn.model.ambiguity import Ambiguity
from airconn.model.jsontext import Number
from airconn.model.reading import Reading


def read(document: Any, source: str, options: ReadOptions) -> Reading:
    """The objects of a document in any of the shapes.

    Raises `InputError` with a hint if it can't be told what the document holds.
    """
    if not isinstance(document, tree.Mapping | tree.Sequence):
        raise InputError(
            "this is neither an object nor a list, so it holds no objects",
            where=source,
            hint='write {"ID": …}, or ID: … in YAML',
        )
    reader = _DocumentReader(options)
    kind = options.kind or kind_of_name(source)
    kinds = ALL_KINDS
    if isinstance(document, tree.Mapping) and is_sectioned(document, kind, options, source):
        for name, section in document.items():
            reader.section(Kind(name), section, document.origin(name), wrapped=True)
    else:
        from airconn.formats import other_tools

        other_tools.refuse(document, source, options.kind, kind_of_name(source))
        kind = kind_of(document, source, options)
        if kind in (None, Kind.CONNECTIONS):
            refuse_one_connection(document, source)
        if kind is None:
            raise unknown_kind(document, source)
        kinds = frozenset({kind})
        reader.section(kind, document, Origin(source, 1), wrapped=False)
    return reader.reading(kinds)


class _DocumentReader(ObjectReader):
    def __init__(self, options: ReadOptions) -> None:
        super().__init__(options)
        self.shape = options.value(VARIABLES_SHAPE)

    def section(self, kind: Kind, section: Any, origin: Origin, *, wrapped: bool) -> None:
        """Reads the entries of one kind. `wrapped`: the shape is airconn's own, where wrappers always count."""
        if section is None:
            return
        if isinstance(section, tree.Sequence) and kind is not Kind.POOLS:
            hint = f'write {{"ID": …}}: each {kind.id_field} before its value'
            self.faults.add(f"{kind.value} are an object of {kind.id_field} and value, not a list", origin, hint)
            return
        read: Callable[[str, Any, Origin], AirflowObject | None] = {
            Kind.CONNECTIONS: self.connection,
            Kind.VARIABLES: self.wrapped_variable if wrapped else self.variable,
            Kind.POOLS: self.pool,
        }[kind]
        odd = section if isinstance(section, tree.Mapping) and section.is_odd else None
        for id_, value, place in _entries(section):
            try:
                if id_ is None:
                    raise InputError("a pool in a list needs a 'name'", where=str(place))
                if odd is None:
                    obj = read(id_, value, place)
                else:
                    from airconn.formats import yaml_readings

                    yaml_readings.refuse(kind, id_, odd)
                    found = read(id_, value, place)
                    obj = None if found is None else yaml_readings.with_ambiguities(found, odd)
                if obj is not None:
                    self.found.append(obj)
            except InputError as error:  # noqa: PERF203 - a context manager for each entry takes longer
                self.faults.take(error)

    def connection(self, conn_id: str, value: Any, origin: Origin) -> Connection | None:
        if isinstance(value, list):
            if not value:
                # Airflow passes over it silently (`secrets/local_filesystem.py`, `load_connections_dict`).
                self.leave_out(origin, f"{conn_id} is an empty list, which is not a connection to Airflow")
                return None
            if len(value) > 1:
                raise InputError(
                    f"{conn_id} has several connections; Airflow 2.0 and later read only one for each id",
                    where=str(origin),
                    hint="keep one of them, or give each an id of its own",
                )
            value = value[0]
        if isinstance(value, str):
            if value.lstrip().startswith("{"):
                return connection_fields.from_json(conn_id, value.strip(), self.options.rules, origin, self.uris)
            return connection_fields.from_uri(conn_id, value, self.options.rules, origin, self.uris)
        return connection_fields.from_fields(conn_id, value, self.options.rules, origin, self.uris)

    def wrapped_variable(self, key: str, value: Any, origin: Origin) -> Variable:
        """An entry of the three-section shape: a text, or `{"value", "description"}` around one."""
        if isinstance(value, dict) and "value" in value and set(value) <= WRAPPER | {"team_name"}:
            return self.unwrapped(key, value, origin)
        return Variable(key=key, value=variable_text(value), unsaid=UNDESCRIBED, origin=origin)

    def variable(self, key: str, value: Any, origin: Origin) -> Variable:
        """An entry of Airflow's own shape, in which 3.x has wrappers and 2.x hasn't."""
        found = Variable(key=key, value=variable_text(value), unsaid=UNDESCRIBED, origin=origin)
        if not isinstance(value, dict) or "value" not in value or self.shape == PLAIN:
            return found
        rules = self.options.rules
        if self.shape is None:
            if not rules.variable_descriptions:
                return replace(found, ambiguities=(_WHOLE,))
            if not rules.wraps_falsy_values and connection_fields.is_falsy(value["value"]):
                return found
            if set(value) != WRAPPER:
                raise self.ambiguous(key, value, origin)
        elif not set(value) <= WRAPPER:
            raise self.ambiguous(key, value, origin)
        unwrapped = self.unwrapped(key, value, origin)
        return unwrapped if self.shape else replace(unwrapped, ambiguities=(_UNWRAPPED,))

    def ambiguous(self, key: str, value: dict[str, Any], origin: Origin) -> InputError:
        """The error for an object with a `value` that Airflow 3 takes for the whole of it."""
        version = self.options.rules.version if self.shape is None else 3
        both = f"{VARIABLES_SHAPE.flag_of_sources} {WRAPPED} takes the value, {PLAIN} the object"
        return InputError(
            f"{key}: Airflow {version} takes only the 'value' of this object, and Airflow 2 takes the object",
            where=str(origin),
            hint=both if set(value) <= WRAPPER else f"{VARIABLES_SHAPE.flag_of_sources} {PLAIN} takes the object",
        )

    def unwrapped(self, key: str, value: dict[str, Any], origin: Origin) -> Variable:
        return Variable(
            key=key,
            value=variable_text(value["value"]),
            description=hidden_or(_text(key, value, "description", origin)),
            team_name=_text(key, value, "team_name", origin),
            origin=origin,
        )

    def pool(self, name: str, value: Any, origin: Origin) -> Pool:
        if not isinstance(value, dict) or "slots" not in value:
            raise InputError(
                f"{name}: a pool is an object with 'slots'",
                where=str(origin),
                hint='like {"slots": 4}',
            )
        unknown = [key for key in value if key not in AIRFLOWCTL_POOL_FIELDS | RUNTIME_FIELDS]
        if unknown:
            raise InputError(
                f"{name}: {show_key(unknown[0])} is not a field of a pool",
                where=str(origin),
                hint=f"the fields are {', '.join(sorted(POOL_FIELDS))}",
            )
        include_deferred = value.get("include_deferred")
        if not isinstance(include_deferred, bool | None):
            raise InputError(f"{name}: 'include_deferred' is neither true nor false", where=str(origin))
        return Pool(
            name=name,
            slots=whole_number(value["slots"], f"{name}: 'slots'", origin),
            description=hidden_or(_text(name, value, "description", origin)),
            include_deferred=include_deferred,
            team_name=_text(name, value, "team_name", origin),
            origin=origin,
        )


_SAY_SO = f"{VARIABLES_SHAPE.flag_of_sources} {PLAIN} takes the object, {WRAPPED} its 'value'"
_UNWRAPPED = Ambiguity(
    WRAPPER_RULE,
    "an object with 'value' and 'description' is read as Airflow 3 exports it; to Airflow 2 it is the value itself",
    _SAY_SO,
)
_WHOLE = Ambiguity(
    WRAPPER_RULE,
    "an object with 'value' is read as the value itself, as Airflow 2 does; Airflow 3 takes its 'value'",
    _SAY_SO,
)


def _text(id_: str, fields: dict[str, Any], name: str, origin: Origin) -> str | None:
    """A field that is text or not set. A number, and a date of YAML, is read as its text."""
    value = fields.get(name)
    if isinstance(value, Number | tree.NotJson):
        return value.text
    if value is not None and not isinstance(value, str):
        raise InputError(f"{id_}: {name!r} is not a text", where=str(origin), hint="put it in quotes")
    return value


def _entries(section: tree.Mapping | tree.Sequence) -> Iterator[tuple[str | None, Any, Origin]]:
    """The id, value and place of each entry, with None as the id of an entry without a name."""
    if isinstance(section, tree.Mapping):
        for key, value in section.items():
            yield key, value, section.origin(key)
        return
    for index, entry in enumerate(section):
        name = (entry.get("name") or entry.get("pool")) if isinstance(entry, dict) else None
        yield name if isinstance(name, str) else None, entry, section.origin(index)


def whole_number(value: Any, what: str, origin: Origin) -> int:
    """The integer that a document has as a number or as text. `what` names it in the error."""
    text = value.text if isinstance(value, Number) else value
    if isinstance(text, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
        return int(text)
    problem = "is missing" if value is None else "is not a whole number"
    raise InputError(f"{what} {problem}", where=str(origin), hint="write it in digits")


def variable_text(value: Any) -> Any:
    """The text that `airflow variables import` stores: a string as it is, all else as JSON with an indent of 2."""
    return Text.of(value if isinstance(value, str) else jsontext.dumps(value, indent=2))


def write(bundle: Bundle, options: WriteOptions) -> tuple[dict[str, Any], list[Loss]]:
    """The bundle as a tree of plain values, and the losses.

    With exactly one kind chosen, it has the shape that `airflow KIND import` reads, else the shape with three
    sections, which holds everything.
    """
    if len(options.kinds) != 1:
        kinds = [kind for kind in Kind if kind in options.kinds]
        return {kind.value: {id_: entry_of(obj) for id_, obj in bundle.of_kind(kind).items()} for kind in kinds}, []
    (kind,) = options.kinds
    tree_: dict[str, Any] = {}
    losses: list[Loss] = []
    for id_, obj in bundle.of_kind(kind).items():
        lost = _losses(obj, options)
        losses += [Loss(kind, id_, field, message) for field, message in lost.items()]
        if is_untyped(obj):
            losses.append(Loss(kind, id_, "conn_type", "isn't known, and airflow connections import needs it"))
        tree_[id_] = entry_of(replace(obj, **dict.fromkeys(lost)) if lost else obj)  # type: ignore[arg-type]
    return tree_, losses


def stored(obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
    """The object that is read back after it was written: without what is lost."""
    if obj.kind not in options.kinds:
        return None
    obj = holdable_part(obj, options)
    lost = _losses(obj, options) if len(options.kinds) == 1 else {}
    return replace(obj, **dict.fromkeys(lost)) if lost else obj  # type: ignore[arg-type]


def entry_of(obj: AirflowObject) -> Any:
    """An object as the value of its id in a document, as plain values."""
    if isinstance(obj, Connection):
        return connection_fields.to_fields(obj)
    if isinstance(obj, Pool):
        return _pool_entry(obj)
    entry = {"value": shown(obj.value)}
    for name in ("description", "team_name"):
        if getattr(obj, name) is not None:
            entry[name] = shown(getattr(obj, name))
    return entry if len(entry) > 1 else entry["value"]


def _pool_entry(pool: Pool) -> dict[str, Any]:
    entry: dict[str, Any] = {"slots": pool.slots, "description": shown(pool.description)}
    for name in ("include_deferred", "team_name"):
        if getattr(pool, name) is not None:
            entry[name] = getattr(pool, name)
    return entry


def _losses(obj: AirflowObject, options: WriteOptions) -> dict[str, str]:
    """The fields that `airflow KIND import` has no field for, and why."""
    rules, lost = options.rules, {}
    command = f"airflow {obj.kind.value} import of {rules.version}"
    if obj.team_name is not None and (isinstance(obj, Variable) or not rules.team_names):
        lost["team_name"] = f"{command} knows no team"
    if isinstance(obj, Variable) and obj.description is not None:
        if not rules.variable_descriptions:
            lost["description"] = f"{command} knows none"
        elif shown(obj.value) == "" and not rules.wraps_falsy_values:
            lost["description"] = f"{command} takes none with an empty value"
    return lost
