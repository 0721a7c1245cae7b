"""Makes connections and variables of the objects of the Environment Manager, and says which of them it can hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar, cast

from airconn.errors import InputError
from airconn.formats import env
from airconn.formats.base import WriteOptions, extra_fault
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT
from airconn.model import (
    MASK,
    REDACTED,
    UNDESCRIBED,
    AirflowObject,
    Connection,
    Kind,
    Origin,
    Redacted,
    Rules,
    Str,
    Text,
    Variable,
    hidden_connection,
    hidden_or,
    jsontext,
)
from airconn.model.leaves import leaf_name
from airconn.model.reading import Key
from airconn.stores.astro.environment import go_numbers
from airconn.stores.astro.environment.managed_object import ManagedObject
from airconn.stores.astro.environment_limits import ASTROS_OWN, LARGEST
from airconn.stores.limits import is_broken

T = TypeVar("T", bound=AirflowObject)

KINDS = frozenset({Kind.CONNECTIONS, Kind.VARIABLES})
LONGEST_DESCRIPTION = 500
"""The most characters of a description (schema `CreateEnvironmentObjectRequest`)."""
_TYPES = {Kind.CONNECTIONS: "CONNECTION", Kind.VARIABLES: "AIRFLOW_VARIABLE"}
_KIND_OF = {type_: kind for kind, type_ in _TYPES.items()}
_ENVIRONMENT = "ENVIRONMENT_VARIABLE"


@dataclass(frozen=True, slots=True)
class ObjectForm:
    """The form in which the Environment Manager holds the objects of a store."""

    as_env: bool = False
    """Whether an object is an environment variable `AIRFLOW_CONN_*` or `AIRFLOW_VAR_*`."""

    def type_of(self, kind: Kind) -> str:
        """The `objectType` of a kind."""
        return _ENVIRONMENT if self.as_env else _TYPES[kind]

    def key_of(self, kind: Kind, id_: str) -> str:
        """The `objectKey` of an object."""
        return env.env_name(kind, id_) if self.as_env else id_

    def named_by(self, found: ManagedObject) -> tuple[Kind, str] | None:
        """The kind and the id of an object. None for one that isn't read in this form."""
        if self.as_env:
            return env.named_by(found.key) if found.type == _ENVIRONMENT else None
        kind = _KIND_OF.get(found.type)
        return (kind, found.key) if kind is not None else None

    def decode(self, found: ManagedObject, kind: Kind, id_: str, rules: Rules, origin: Origin) -> AirflowObject:
        """The connection or the variable that an object is. What the API hides is `REDACTED`.

        Raises `InputError` for one that Airflow would read nothing from.
        """
        if self.as_env:
            return _of_environment(found, kind, id_, rules, origin)
        return _connection(found, id_, origin) if kind is Kind.CONNECTIONS else _variable(found, id_, origin)

    def stored_form(self, obj: T, rules: Rules, held: ManagedObject | None) -> T:
        """The object that is read back after `obj` was written. `held` is what is there before that."""
        if self.as_env:
            return cast("T", _stored_in_environment(obj, rules))
        if isinstance(obj, Connection):
            exact = held is not None and go_numbers.keeps_digits(held.part.get("extra"))
            texts = {name: getattr(obj, name) for name in ("description", "host", "schema", "login", "password")}
            changes: dict[str, Any] = {name: None for name, value in texts.items() if value == ""}
            changes |= {"extra": _stored_extra(obj.extra, exact=exact), "team_name": None}
            return cast("T", replace(obj, **changes))
        if isinstance(obj, Variable):
            described = None if obj.description == "" else obj.description
            return cast("T", replace(obj, description=described, team_name=None))
        return obj

    def problems(self, obj: AirflowObject, rules: Rules, wanted: frozenset[Key] = frozenset()) -> Iterator[str]:
        """The reasons why the Environment Manager can't hold an object. `wanted` are all that are to be written."""
        if obj.kind not in KINDS:
            yield f"the Environment Manager of Astro can't hold a {obj.kind.singular}"
            return
        if not obj.id:
            yield "it has no id"
        for name in ("id", "conn_type", "host", "schema", "login", "password", "description", "extra", "value"):
            value = getattr(obj, name, None)
            text = value.text if isinstance(value, Text) else value
            if isinstance(text, str) and is_broken(text):
                yield f"its {name} has half a character (a lone surrogate) in it, which is not text in UTF-8"
        if self.as_env:
            yield from _problems_in_environment(obj, rules, wanted)
            return
        description = getattr(obj, "description", None)
        if isinstance(description, str) and len(description) > LONGEST_DESCRIPTION:
            yield f"its description is longer than the {LONGEST_DESCRIPTION} characters that Astro has room for"
        if isinstance(obj, Connection):
            yield from _problems_of_connection(obj)

    def losses(self, obj: AirflowObject, rules: Rules) -> dict[str, str]:
        """The fields of `obj` that aren't read back as they are, and what happens to them."""
        if self.as_env and isinstance(obj, Connection | Variable):
            return {
                name: why for name, why in env.value_of(obj, _options(rules))[1].items() if name not in obj.unsaid
            }
        lost = {}
        if not self.as_env and isinstance(obj, Connection) and isinstance(obj.extra, Text):
            for path in go_numbers.losing_digits(_parsed(obj.extra)):
                lost[leaf_name("extra", path)] = "is a number of so many digits that Astro may lose the last of them"
        if not self.as_env and getattr(obj, "team_name", None) is not None:
            lost["team_name"] = "can't be held by Astro, and is left out"
        return lost

    def value_of(self, obj: Connection | Variable, rules: Rules) -> str:
        """The value of an object's environment variable: a connection as JSON."""
        return env.value_of(obj, _options(rules))[0]


def text_of_extra(value: Any) -> str:
    """An extra, numbers as `Number`, as the text in which the store gives it: its keys sorted."""
    return jsontext.dumps(value)


def sent_extra(extra: Text) -> dict[str, Any]:
    """An extra as it is sent. `problems` has made sure that it is a JSON object."""
    return cast("dict[str, Any]", go_numbers.plain(_parsed(extra)))


def _connection(found: ManagedObject, id_: str, origin: Origin) -> Connection:
    part = found.part
    hidden = found.hidden_texts()
    conn_type = part.get("type")
    if not isinstance(conn_type, str) or conn_type == MASK:
        raise InputError("the Astro API gives no type of it")

    def text(name: str) -> Str:
        value = part.get(name)
        if name in hidden:
            return REDACTED
        if value is not None and not isinstance(value, str):
            raise InputError(f"the Astro API gives a {name} that is not a text")
        return hidden_or(value or None)

    port = part.get("port")
    if isinstance(port, float) and port.is_integer():
        port = int(port)
    if port is not None and (isinstance(port, bool) or not isinstance(port, int)):
        raise InputError("the Astro API gives a port that is not a whole number")
    if port is None and "port" in (found.set_fields or ()):
        raise InputError("the Astro API says that it has a port, and doesn't give it")
    return Connection(
        conn_id=id_,
        conn_type=conn_type,
        description=hidden_or(found.description or None),
        host=text("host"),
        schema=text("schema"),
        login=text("login"),
        password=text("password"),
        port=port,
        extra=_extra(found),
        origin=origin,
    )


def _extra(found: ManagedObject) -> Text | Redacted | None:
    given, hidden = found.part.get("extra"), found.hidden_keys()
    if given is not None and not isinstance(given, Mapping):
        raise InputError("the Astro API gives an extra that is not a JSON object")
    if "" in hidden:
        return REDACTED
    if not given and not hidden:
        return None
    shown = go_numbers.shown({**(given or {}), **dict.fromkeys(hidden, MASK)})
    return Text.of(text_of_extra(shown))


def _variable(found: ManagedObject, id_: str, origin: Origin) -> Variable:
    return Variable(
        key=id_,
        value=REDACTED if found.hidden_fields() else Text.of(_value(found)),
        description=hidden_or(found.description or None),
        origin=origin,
    )


def _value(found: ManagedObject) -> str:
    value = found.part.get("value", "")
    if not isinstance(value, str):
        raise InputError("the Astro API gives a value that is not a text")
    return value


def _of_environment(found: ManagedObject, kind: Kind, id_: str, rules: Rules, origin: Origin) -> AirflowObject:
    if found.key != env.env_name(kind, id_):
        raise InputError(f"Airflow never finds it, because it looks for {env.env_name(kind, id_)}")
    if found.hidden_fields():
        if kind is Kind.CONNECTIONS:
            return hidden_connection(id_, origin)
        return Variable(key=id_, value=REDACTED, unsaid=UNDESCRIBED, origin=origin)
    value = _value(found)
    if kind is Kind.CONNECTIONS and not value.strip():
        raise InputError("it is empty, which is not a connection to Airflow")
    return env.read_value(kind, id_, value, rules, origin)


def _stored_extra(extra: Text | Redacted | None, *, exact: bool) -> Text | Redacted | None:
    if not isinstance(extra, Text):
        return extra
    value = _parsed(extra)
    if not isinstance(value, dict):
        return extra  # `problems` refuses it
    if not value:
        return None
    return Text(text_of_extra(go_numbers.stored(value, exact=exact)), extra.hidden)


def _parsed(extra: Text) -> Any:
    """The value of an extra, of which an empty text has no keys. None if it isn't JSON with each key once."""
    if not extra.text.strip():
        return {}
    try:
        return jsontext.loads(extra.text)
    except ValueError:
        return None


def _problems_of_connection(obj: Connection) -> Iterator[str]:
    if not obj.conn_type and "conn_type" not in obj.unsaid:
        yield "it has no conn_type, which the Environment Manager of Astro needs"
    if not isinstance(obj.extra, Text):
        return
    value = _parsed(obj.extra)
    if not isinstance(value, dict):
        yield "its extra is not a JSON object with each key once, and Astro takes nothing else"
    elif paths := list(go_numbers.unsendable(value)):
        names = ", ".join(leaf_name("extra", path) for path in paths)
        yield f"{names} is a number that JSON can't hold, and Astro takes nothing else"


def _problems_in_environment(obj: AirflowObject, rules: Rules, wanted: frozenset[Key]) -> Iterator[str]:
    name = env.env_name(obj.kind, obj.id)
    if not _ENV_ID.fullmatch(obj.id):
        yield "the id has other characters than letters, digits, '_', '-' and '.', for an environment variable"
    if twins := [id_ for id_ in _by_name(wanted).get(name, ()) if id_ != obj.id]:
        yield f"{twins[0]} would have the same environment variable, {name} (leave one out with --exclude)"
    if isinstance(obj, Connection):
        if obj.id.lower() in ASTROS_OWN:
            yield "Astro sets this connection itself, for its logs"
        if fault := extra_fault(obj, rules):
            yield f"its extra {fault}"
            return
        if not obj.conn_type and "conn_type" not in obj.unsaid:
            yield "it has no conn_type"
            return
        try:
            _stored_in_environment(obj, rules)
        except InputError:
            yield "it has no form that Airflow would read from an environment variable"
            return
    value = env.value_of(cast("Connection | Variable", obj), _options(rules))[0]
    if "\0" in value:
        yield "it has a NUL character (U+0000) in it, which no environment variable can have"
    if len(name) + len(value.encode(errors="replace")) + 2 > LARGEST:
        yield f"it is larger than the {LARGEST:,} bytes that Linux has for an environment variable"


_ENV_ID = re.compile(r"[A-Za-z0-9_.-]+")
"""An id that can be a part of the name of an environment variable, as Kubernetes takes them."""


@lru_cache(maxsize=4)
def _by_name(wanted: frozenset[Key]) -> dict[str, list[str]]:
    """The ids of objects by the names of their environment variables."""
    found: dict[str, list[str]] = {}
    for kind, id_ in sorted(wanted):
        if kind in KINDS:
            found.setdefault(env.env_name(kind, id_), []).append(id_)
    return found


def _stored_in_environment(obj: AirflowObject, rules: Rules) -> AirflowObject:
    found = env.stored(obj, _options(rules))
    if found is None or not isinstance(found, Connection | Variable):
        return obj
    literal = {name: getattr(obj, name) for name in getattr(obj, "literal", ())}
    return replace(found, **literal) if literal else found


def _options(rules: Rules) -> WriteOptions:
    return WriteOptions(airflow=rules.version, values={CONNECTION_FORMAT.name: "json"})
