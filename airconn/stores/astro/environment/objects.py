"""Makes connections and variables of the objects of the Environment Manager, and says which of them it can hold."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from airconn.errors import InputError
from airconn.formats import env
from airconn.formats.base import half_characters
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
from airconn.stores.astro import in_environment
from airconn.stores.astro.environment import go_numbers
from airconn.stores.astro.environment.managed_object import ManagedObject

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
            return cast("T", in_environment.stored(obj, rules))
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
        if self.as_env and isinstance(obj, Connection | Variable):
            yield from in_environment.problems(obj, rules, wanted)
            return
        yield from half_characters(obj)
        description = getattr(obj, "description", None)
        if isinstance(description, str) and len(description) > LONGEST_DESCRIPTION:
            yield f"its description is longer than the {LONGEST_DESCRIPTION} characters that Astro can store"
        if isinstance(obj, Connection):
            yield from _problems_of_connection(obj)

    def losses(self, obj: AirflowObject, rules: Rules) -> dict[str, str]:
        """The fields of `obj` that aren't read back as they are, and what happens to them."""
        if self.as_env and isinstance(obj, Connection | Variable):
            return {
                name: why for name, why in in_environment.value_of(obj, rules)[1].items() if name not in obj.unsaid
            }
        lost = {}
        if not self.as_env and isinstance(obj, Connection) and isinstance(obj.extra, Text):
            for path in go_numbers.losing_digits(_parsed(obj.extra)):
                lost[leaf_name("extra", path)] = "is a number with so many digits that Astro may lose the last ones"
        if not self.as_env and getattr(obj, "team_name", None) is not None:
            lost["team_name"] = "can't be stored by Astro, and is left out"
        return lost

    def changed(self, obj: AirflowObject, rules: Rules) -> dict[str, str]:
        """What of `obj` is read back in another form that means the same, and in which."""
        if self.as_env:
            return in_environment.changed(obj)
        again = self.stored_form(obj, rules, None)
        found = {}
        for name in ("description", "host", "schema", "login", "password", "extra"):
            value = getattr(obj, name, None)
            if value == "" or (isinstance(value, Text) and not value.text):
                found[name] = "is an empty text, and comes back as not set"
            elif name == "extra" and value != getattr(again, name, None):
                found[name] = "comes back as Astro writes JSON: with its keys sorted"
        return found

    def value_of(self, obj: Connection | Variable, rules: Rules) -> str:
        """The value of an object's environment variable: a connection as JSON."""
        return in_environment.value_of(obj, rules)[0]


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
        raise InputError("the Astro API returned it without a type")

    def text(name: str) -> Str:
        value = part.get(name)
        if name in hidden:
            return REDACTED
        if value is not None and not isinstance(value, str):
            raise InputError(f"the Astro API returned a {name} that is not a text")
        return hidden_or(value or None)

    port = part.get("port")
    if isinstance(port, float) and port.is_integer():
        port = int(port)
    if port is not None and (isinstance(port, bool) or not isinstance(port, int)):
        raise InputError("the Astro API returned a port that is not a whole number")
    if port is None and "port" in (found.set_fields or ()):
        raise InputError("the Astro API says that it has a port, but didn't return it")
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
        raise InputError("the Astro API returned an extra that is not a JSON object")
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
        raise InputError("the Astro API returned a value that is not a text")
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
        yield "it has no conn_type, which Astro's Environment Manager requires"
    if not isinstance(obj.extra, Text):
        return
    value = _parsed(obj.extra)
    if not isinstance(value, dict):
        yield "its extra is not a JSON object with each key once, and Astro accepts nothing else"
    elif paths := list(go_numbers.unsendable(value)):
        names = ", ".join(leaf_name("extra", path) for path in paths)
        yield f"{names} is a number that JSON can't hold, and Astro accepts nothing else"
