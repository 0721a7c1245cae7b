"""Reads and writes objects as Airflow's environment variables (`secrets/environment_variables.py`).

The name is a prefix and the id in capitals. The value of a connection is JSON or a URI.
"""

from __future__ import annotations

from airconn.formats import connection_fields, connection_uri
from airconn.formats.base import Faults, WriteOptions, holdable_part
from airconn.formats.connection_fields import Uris
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT
from airconn.model import UNDESCRIBED, AirflowObject, Bundle, Connection, Kind, Origin, Rules, Text, Variable

PREFIXES = {"AIRFLOW_CONN_": Kind.CONNECTIONS, "AIRFLOW_VAR_": Kind.VARIABLES}
KINDS = frozenset(PREFIXES.values())
_PREFIX_OF = {kind: prefix for prefix, kind in PREFIXES.items()}


def env_name(kind: Kind, id_: str) -> str:
    """The name of the environment variable in which Airflow looks for an id."""
    return _PREFIX_OF[kind] + id_.upper()


def named_by(name: str) -> tuple[Kind, str] | None:
    """The kind and the id (in lower case, as is the custom) of an environment variable. None for other names."""
    for prefix, kind in PREFIXES.items():
        if name.startswith(prefix) and name != prefix:
            return kind, name[len(prefix) :].lower()
    return None


def read_value(
    kind: Kind,
    id_: str,
    value: str,
    rules: Rules,
    origin: Origin,
    uris: Uris = None,
    *,
    column: int | None = None,
) -> Connection | Variable:
    """The object that Airflow reads from the value of an environment variable: a connection is JSON or a URI.

    `column` is where the value starts in its line, if it is written there unescaped. Raises `InputError`.
    """
    if kind is Kind.VARIABLES:
        return Variable(key=id_, value=Text.of(value), unsaid=UNDESCRIBED, origin=origin)
    stripped = value.strip()  # Airflow does so for connections, but not for variables
    if stripped.startswith("{"):
        return connection_fields.from_json(id_, stripped, rules, origin, uris)
    column = column and column + value.find(stripped)
    return connection_fields.from_uri(id_, stripped, rules, origin, uris, column=column)


def nameable(bundle: Bundle) -> list[Connection | Variable]:
    """The objects of the kinds that Airflow looks for in its environment."""
    return [obj for obj in bundle if isinstance(obj, Connection | Variable)]


def refuse_collisions(bundle: Bundle, where: str, way_out: str = "") -> None:
    """Raises `InputErrors` for objects with the same name of an environment variable.

    `way_out` is what can be done besides leaving one out.
    """
    names: dict[str, AirflowObject] = {}
    faults = Faults()
    for obj in nameable(bundle):
        name = env_name(obj.kind, obj.id)
        other = names.setdefault(name, obj)
        if other is not obj:
            message = f"{obj.kind.value}/{obj.id} and {other.id} are both {name} in {where}"
            faults.add(message, obj.origin, f"leave one out with --exclude{way_out}")
    faults.check()


def no_value(obj: AirflowObject, options: WriteOptions) -> str:
    """Why an object can't be the value of an environment variable. Empty if it can."""
    if (
        isinstance(obj, Connection)
        and options.value(CONNECTION_FORMAT) == "uri"
        and not connection_uri.is_writable(obj)
    ):
        return "the conn_type can't be written in a URI"
    return ""


def options_like(value: str, obj: AirflowObject, options: WriteOptions) -> WriteOptions:
    """`options` with the form of the connection in `value`, if the new one can be written in it.

    An empty value and `# secret`, which Astro writes for a hidden one, have no form.
    """
    value = value.lstrip()
    if not value or value.startswith("#") or not isinstance(obj, Connection) or not connection_uri.is_writable(obj):
        return options
    if value.startswith("{"):
        return options.with_value(CONNECTION_FORMAT, "json")
    as_it_was = {"host", "schema", "login"}  # in a URI, these can't be both empty and set
    lost = connection_uri.losses(obj, connection_uri.build(obj), options.rules).keys() - as_it_was
    return options.with_value(CONNECTION_FORMAT, "json" if lost else "uri")


def value_of(obj: Connection | Variable, options: WriteOptions) -> tuple[str, dict[str, str]]:
    """The value of an object's environment variable, and the fields that it doesn't hold, with the reasons."""
    if isinstance(obj, Variable):
        return str(connection_fields.shown(obj.value)), _variable_losses(obj)
    if options.value(CONNECTION_FORMAT) == "json":
        return connection_fields.to_json(obj), connection_fields.json_losses(obj)
    uri = connection_uri.build(obj)
    return uri, connection_uri.losses(obj, uri, options.rules)


def stored(obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
    """The object that is read back after its value was written. None if it can't be a value."""
    if not isinstance(obj, Connection | Variable) or no_value(obj, options):
        return None
    value, _ = value_of(holdable_part(obj, options), options)
    return read_value(obj.kind, obj.id, value, options.rules, obj.origin)


def _variable_losses(variable: Variable) -> dict[str, str]:
    return {
        name: "has no field in an environment variable"
        for name in ("description", "team_name")
        if getattr(variable, name) is not None
    }
