"""Connections, variables and pools as Airflow has them, each with its origin."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import Enum
from operator import attrgetter
from typing import Any, ClassVar, TypeAlias

from airconn.model.ambiguity import Ambiguity
from airconn.model.jsontext import JsonPath
from airconn.model.leaves import leaf_name
from airconn.model.redacted import MASK, REDACTED, Redacted
from airconn.model.text import Text


class Kind(str, Enum):
    """The kind of an object, by the name of its list in Airflow."""

    CONNECTIONS = "connections"
    VARIABLES = "variables"
    POOLS = "pools"

    @property
    def singular(self) -> str:
        return self.value[:-1]

    @property
    def id_field(self) -> str:
        """The name of the field with the id in Airflow."""
        return {"connections": "conn_id", "variables": "key", "pools": "pool"}[self.value]


ALL_KINDS = frozenset(Kind)
DEFAULT_POOL = "default_pool"
"""The pool that every Airflow has and refuses to delete. Its description is Airflow's own."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something was read: a path or an address, with a line and a column (both from 1) if known."""

    source: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.source, self.line, self.column if self.line else None]
        return ":".join(str(part) for part in parts if part is not None)


NOWHERE = Origin("(made here)")

Str: TypeAlias = str | Redacted | None
"""A field of text. `None` and `''` are different, as they are in Airflow's database."""


UNDESCRIBED = frozenset({"description"})
"""The `unsaid` of a source that has no field for a description."""
UNTYPED = frozenset({"conn_type"})
"""The `unsaid` of a connection without a conn_type, whose conn_type is the empty text."""


def hidden_or(value: str | None) -> Str:
    """The value of a text field that was read from a file or an API: the mask alone is a hidden value."""
    return REDACTED if value == MASK else value


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Connection:
    """An Airflow connection (`airflow.models.connection.Connection`).

    `port` has no range here, as in Airflow's model and database. `extra` is text, which in Airflow 3 has to be a
    JSON object. `team_name` exists since Airflow 3.2.
    """

    kind: ClassVar[Kind] = Kind.CONNECTIONS

    conn_id: str
    conn_type: str
    description: Str = None
    host: Str = None
    schema: Str = None
    login: Str = None
    password: Str = None
    port: int | None = None
    extra: Text | Redacted | None = None
    team_name: str | None = None
    unsaid: frozenset[str] = field(default=frozenset(), compare=False)
    """The fields that the source can't hold: None says nothing about them."""
    literal: frozenset[str] = field(default=frozenset(), compare=False)
    """The fields in which `***` isn't a mask but the text itself, because the user says so."""
    genuine: frozenset[tuple[str, JsonPath]] = field(default=frozenset(), compare=False)
    """The leaves that look like a placeholder and hold the value itself, because the user says so."""
    ambiguities: tuple[Ambiguity, ...] = field(default=(), compare=False)
    """What other readers of the source read differently."""
    stands_for: str = field(default="", compare=False)
    """The placeholder that the whole value was, before it was read as a URI (`model/placeholders.py`)."""
    elsewhere: frozenset[tuple[str, JsonPath]] = field(default=frozenset(), compare=False)
    """The leaves whose values a reference has brought. `("conn_type", ())` is all of the connection."""
    origin: Origin = field(default=NOWHERE, compare=False)

    @property
    def id(self) -> str:
        return self.conn_id

    def __repr__(self) -> str:
        return _safe_repr(self, "conn_type")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Variable:
    """An Airflow variable: a text, never decoded, under a key."""

    kind: ClassVar[Kind] = Kind.VARIABLES

    key: str
    value: Text | Redacted
    description: Str = None
    team_name: str | None = None
    unsaid: frozenset[str] = field(default=frozenset(), compare=False)
    """The fields that the source can't hold: None says nothing about them."""
    literal: frozenset[str] = field(default=frozenset(), compare=False)
    """The fields in which `***` isn't a mask but the text itself, because the user says so."""
    genuine: frozenset[tuple[str, JsonPath]] = field(default=frozenset(), compare=False)
    """The leaves that look like a placeholder and hold the value itself, because the user says so."""
    ambiguities: tuple[Ambiguity, ...] = field(default=(), compare=False)
    """What other readers of the source read differently."""
    elsewhere: frozenset[tuple[str, JsonPath]] = field(default=frozenset(), compare=False)
    """The leaves whose values a reference has brought."""
    origin: Origin = field(default=NOWHERE, compare=False)

    @property
    def id(self) -> str:
        return self.key

    def __repr__(self) -> str:
        return _safe_repr(self)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Pool:
    """An Airflow pool. Slots of -1 mean no limit."""

    kind: ClassVar[Kind] = Kind.POOLS

    name: str
    slots: int
    description: Str = None
    include_deferred: bool | None = None
    """None where the source doesn't give it."""
    team_name: str | None = None
    unsaid: frozenset[str] = field(default=frozenset(), compare=False)
    """The fields that the source can't hold: None says nothing about them."""
    ambiguities: tuple[Ambiguity, ...] = field(default=(), compare=False)
    """What other readers of the source read differently."""
    origin: Origin = field(default=NOWHERE, compare=False)

    @property
    def id(self) -> str:
        return self.name

    def __repr__(self) -> str:
        return _safe_repr(self, "slots", "include_deferred")


OWN_POOL = Pool(name=DEFAULT_POOL, slots=128, description="Default pool", include_deferred=False)
"""The default pool as each Airflow creates it (utils/db.py `add_default_pool_if_not_exists`). A bundle without it
isn't different, and loses nothing."""


AirflowObject: TypeAlias = Connection | Variable | Pool

CLASS_OF: dict[Kind, type[Connection] | type[Variable] | type[Pool]] = {
    Kind.CONNECTIONS: Connection,
    Kind.VARIABLES: Variable,
    Kind.POOLS: Pool,
}


_NO_VALUES = frozenset(
    {"conn_id", "key", "name", "unsaid", "literal", "genuine", "ambiguities", "stands_for", "elsewhere", "origin"}
)
_VALUE_FIELDS = {
    kind: tuple(f.name for f in fields(cls) if f.name not in _NO_VALUES) for kind, cls in CLASS_OF.items()
}
_VALUES_OF = {kind: attrgetter(*names) for kind, names in _VALUE_FIELDS.items()}


def value_fields(kind: Kind) -> tuple[str, ...]:
    """The names of the fields that can differ between two objects of the same id, in Airflow's order."""
    return _VALUE_FIELDS[kind]


def field_values(obj: AirflowObject) -> tuple[Any, ...]:
    """The values of the fields that `value_fields` names, in that order."""
    return _VALUES_OF[obj.kind](obj)


_NEVER_NONE = frozenset({"include_deferred", "team_name"})


def is_unsaid(obj: AirflowObject, name: str) -> bool:
    """Whether None in this field means that the source doesn't say, and not that the field is empty.

    For `include_deferred` and `team_name` it always means that. The description of default_pool is Airflow's own.
    """
    own = obj.kind is Kind.POOLS and obj.id == DEFAULT_POOL and name == "description"
    return own or name in _NEVER_NONE or name in obj.unsaid


def is_untyped(obj: AirflowObject) -> bool:
    """Whether the source of a connection doesn't say its conn_type."""
    return isinstance(obj, Connection) and not obj.conn_type and "conn_type" in obj.unsaid


_SET_AS_A_WHOLE = frozenset({"conn_type", "port"})


def hidden_connection(conn_id: str, origin: Origin = NOWHERE) -> Connection:
    """A connection that its source hides as a whole, as one value: its conn_type and its port are not said."""
    return Connection(
        conn_id=conn_id,
        conn_type="",
        description=REDACTED,
        host=REDACTED,
        schema=REDACTED,
        login=REDACTED,
        password=REDACTED,
        extra=REDACTED,
        unsaid=_SET_AS_A_WHOLE,
        origin=origin,
    )


def is_hidden_whole(obj: AirflowObject | None) -> bool:
    """Whether the source hides all of a connection, so that it is compared and written as one value."""
    if not isinstance(obj, Connection) or not is_untyped(obj):
        return False
    return all(value is REDACTED for value in (obj.host, obj.schema, obj.login, obj.password, obj.extra))


def number_of(objects: int) -> str:
    """A number of objects in words: `1 object`, `2 objects`."""
    return "1 object" if objects == 1 else f"{objects} objects"


def hidden_fields(obj: AirflowObject) -> tuple[str, ...]:
    """The names of what is hidden in `obj`: `password`, `extra.token`, `value`."""
    values = field_values(obj)
    for value in values:  # a loop, since any() takes twice as long
        if value is REDACTED or (type(value) is Text and value.hidden):
            break
    else:
        return ()
    names: list[str] = []
    for name, value in zip(value_fields(obj.kind), values, strict=True):
        if value is REDACTED:
            names.append(name)
        elif isinstance(value, Text):
            names += [leaf_name(name, path) for path in value.hidden]
    return tuple(names)


def _safe_repr(obj: AirflowObject, *shown: str) -> str:
    """A repr for logs and tracebacks: the id, the fields named in `shown`, and which of the others are set."""
    values = [f"{name}={getattr(obj, name)!r}" for name in shown]
    others = [name for name in value_fields(obj.kind) if name not in shown and getattr(obj, name) is not None]
    return f"<{type(obj).__name__} {obj.id!r} {' '.join([*values, 'sets: ' + ', '.join(others)])}>"
