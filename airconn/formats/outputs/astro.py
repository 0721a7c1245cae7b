"""Reads what the Astro CLI prints: `astro env … list|get --format json|yaml` and `astro deployment inspect`.

Facts of astro-cli: `cloud/env/format.go` writes the objects of the platform's API, YAML through Go's floats;
`cloud/deployment/inspect` writes the file of a Deployment. A secret that isn't shown is an empty text with
`isSecret`, or a field that `setFields` names and that is missing.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Any

from airconn.formats import connection_fields, env, tree
from airconn.formats.outputs.airflow_command import id_of
from airconn.formats.outputs.output_reader import Fields, OutputReader, is_mapping
from airconn.formats.outputs.shape import Shape, entries, is_list_of
from airconn.model import MASK, REDACTED, Connection, Kind, Origin, Redacted, Str, Text, Variable, jsontext
from airconn.model.jsontext import Number

_TYPES = {
    "CONNECTION": "connection",
    "AIRFLOW_VARIABLE": "airflowVariable",
    "ENVIRONMENT_VARIABLE": "environmentVariable",
    "METRICS_EXPORT": "metricsExport",
}
_LARGEST_EXACT = 2**53
"""The largest whole number up to which Go's floats have each one."""
_SHOW = "astro env … list --include-secrets shows them"


def _is_object(entry: Any) -> bool:
    return is_mapping(entry, "objectKey", "objectType", "scope") and isinstance(entry["objectType"], str)


def _read_objects(document: Any, origin: Origin, reader: OutputReader) -> None:
    for entry, place in entries(document, origin):
        with reader.collecting():
            _read_object(entry, place, reader)


def _read_object(entry: Any, origin: Origin, reader: OutputReader) -> None:
    key, type_ = id_of(entry, "objectKey", origin), entry["objectType"]
    part = entry.get(_TYPES.get(type_, ""))
    held = Fields(key, part if isinstance(part, dict) else {}, origin)
    if type_ == "CONNECTION":
        reader.kinds.add(Kind.CONNECTIONS)
        reader.add(_connection(held, entry, reader))
        name = f"connections/{key}"
    elif type_ == "AIRFLOW_VARIABLE":
        reader.kinds.add(Kind.VARIABLES)
        name = f"variables/{key}"
        value = _value(held, "isSecret")
        if value is None:
            reader.tell(name, f"secrets are hidden in this output; {_SHOW}", origin)
        reader.add(
            Variable(
                key=key,
                value=REDACTED if value is None else Text.of(value),
                description=Fields(key, entry, origin).text("description"),
                origin=origin,
            )
        )
    elif type_ == "ENVIRONMENT_VARIABLE":
        name = key
        if env.named_by(key) is None:
            reader.ignored += 1
        else:
            _environment_variable(key, _value(held, "isSecret"), origin, reader, _SHOW)
    else:
        reader.ignored += 1
        return
    if entry.get("links") or entry.get("excludeLinks"):
        reader.tell(name, "links to Deployments and their overrides are skipped: only Astro can hold them", origin)


def _value(fields: Fields, secret: str) -> str | None:
    """The value of a variable. None if it is a secret that isn't shown."""
    value = fields.plain_text("value")
    return None if not value and fields.truth(secret) else value or ""


def _environment_variable(name: str, value: str | None, origin: Origin, reader: OutputReader, way_out: str) -> None:
    """Reads a variable of the environment in which Airflow finds an object."""
    named = env.named_by(name)
    if named is None:
        reader.ignored += 1
        return
    kind, id_ = named
    reader.kinds |= env.KINDS
    if value is not None and (value.strip() or kind is Kind.VARIABLES):
        reader.add(env.read_value(kind, id_, value, reader.options.rules, origin, reader.uris))
    elif kind is Kind.VARIABLES:
        reader.tell(f"variables/{id_}", f"secrets are hidden in this output; {way_out}", origin)
        reader.add(Variable(key=id_, value=REDACTED, unsaid=frozenset({"description"}), origin=origin))
    elif value is None:
        reader.tell(
            f"connections/{id_}", f"all of it is hidden in this output ({way_out}): left out", origin, left_out=True
        )
    else:
        reader.leave_out(origin, f"{name} is empty, which is not a connection to Airflow")


def _connection(fields: Fields, entry: Any, reader: OutputReader) -> Connection:
    set_fields = entry.get("setFields")
    names = {name for name in set_fields if isinstance(name, str)} if isinstance(set_fields, list) else None

    def text(name: str) -> Str:
        value = fields.text(name)
        is_hidden = not isinstance(value, Redacted) and not value and names is not None and name in names
        return REDACTED if is_hidden else value

    conn_type = fields.plain_text("type")
    if not conn_type or conn_type == MASK:
        raise fields.fail("it has no type")
    password = text("password")
    if names is None and password is None:
        password = REDACTED  # older versions of the platform don't say whether there is one
    extra = _extra(fields, names or set(), reader)
    connection = Connection(
        conn_id=fields.id,
        conn_type=conn_type,
        description=Fields(fields.id, entry, fields.origin).text("description"),
        host=text("host"),
        schema=text("schema"),
        login=text("login"),
        password=None if password == "" else password,
        port=_port(fields),
        extra=extra,
        origin=fields.origin,
    )
    connection_fields.check_extra(connection, reader.options.rules)
    hidden_leaves = isinstance(extra, Text) and extra.hidden
    if password is REDACTED or extra is REDACTED or hidden_leaves:
        reader.tell(f"connections/{fields.id}", f"secrets are hidden in this output; {_SHOW}", fields.origin)
    return connection


def _port(fields: Fields) -> int | None:
    port = fields.fields.get("port")
    if isinstance(port, Number) and (whole := _whole(port.text)) is not None:
        return whole
    return fields.whole("port")


def _extra(fields: Fields, names: set[str], reader: OutputReader) -> Text | Redacted | None:
    """The extra, with what `setFields` names and what is missing as hidden leaves."""
    given = fields.fields.get("extra")
    if given is not None and not isinstance(given, dict):
        text = fields.plain_text("extra")
        return None if text is None else Text.of(text)
    extra: dict[str, Any] = {key: _exact(value, fields, reader) for key, value in (given or {}).items()}
    for name in sorted(names):
        key = name.removeprefix("extra.")
        if key == name or _has(extra, key):
            continue
        if "." in key:
            return REDACTED  # it may be a key with a dot, or one in an object
        extra[key] = MASK
    if given is None and not extra:
        return REDACTED if "extra" in names else None
    return Text.of(jsontext.dumps(extra))


def _has(extra: Any, key: str) -> bool:
    """Whether an extra has a key, or the dotted path of one."""
    if isinstance(extra, dict) and key in extra:
        return True
    first, dot, rest = key.partition(".")
    return bool(dot) and isinstance(extra, dict) and first in extra and _has(extra[first], rest)


def _exact(value: Any, fields: Fields, reader: OutputReader) -> Any:
    """The value with whole numbers in the place of Go's `1e+06`."""
    if isinstance(value, dict):
        return {key: _exact(item, fields, reader) for key, item in value.items()}
    if isinstance(value, list):
        return [_exact(item, fields, reader) for item in value]
    if not isinstance(value, Number):
        return value
    whole = _whole(value.text)
    if whole is not None and abs(whole) > _LARGEST_EXACT:
        reader.tell(
            f"connections/{fields.id}",
            "Astro stores numbers as floats: a number above 2^53 in the extra may have lost digits",
            fields.origin,
        )
    return value if whole is None or not set("eE.") & set(value.text) else Number(str(whole))


def _whole(text: str) -> int | None:
    """The whole number that a number writes in any form. None if it isn't one, or is too long to be one."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    if not number.is_finite() or number.adjusted() > 30 or number != number.to_integral_value():
        return None
    return int(number)


def _is_deployment(document: Any) -> bool:
    """Whether a document is the file of a Deployment."""
    deployment = document.get("deployment") if isinstance(document, tree.Mapping) else None
    if not isinstance(deployment, tree.Mapping):
        return False
    listed = deployment.get("environment_variables")
    is_one = is_mapping(deployment.get("configuration")) or is_mapping(deployment.get("metadata"))
    return is_list_of(listed, lambda entry: is_mapping(entry, "key") and "is_secret" in entry) or (
        is_one and "environment_variables" in deployment and not listed
    )


def _read_deployment(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds |= env.KINDS
    listed = document["deployment"]["environment_variables"]
    for entry, place in entries(listed, origin) if listed else ():
        with reader.collecting():
            name = id_of(entry, "key", place)
            value = _value(Fields(name, entry, place), "is_secret")
            _environment_variable(
                name, value, place, reader, "a Deployment doesn't show secrets; get them from where you set them"
            )


SHAPES = (
    Shape("astro env list", lambda document: _is_object(document) or is_list_of(document, _is_object), _read_objects),
    Shape("astro deployment inspect", _is_deployment, _read_deployment),
)
