"""Makes objects of the rows of Airflow's tables, wherever they were read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from airconn.model import (
    REDACTED,
    UNDESCRIBED,
    AirflowObject,
    Connection,
    Kind,
    Origin,
    Pool,
    Redacted,
    Str,
    Text,
    Variable,
    hidden_or,
)

Row: TypeAlias = Mapping[Any, Any]


class Undecryptable(Exception):
    """A text that is flagged as encrypted can't be decrypted. The message is the reason."""


class OtherKey(Undecryptable):
    """The text has the form of a token, so that it is for another key, or was changed."""


class Unreadable(Exception):
    """A row can't be read as an object. The message is the reason."""


class Absent(Unreadable):
    """A row that Airflow doesn't find either."""


class RowReader:
    """Makes objects of rows. `decrypt` gives the text of a token or raises `Undecryptable`."""

    def __init__(self, decrypt: Callable[[str], str], teams: Mapping[Any, str]) -> None:
        self._decrypt = decrypt
        self._teams = teams
        self.undecryptable: dict[str, Undecryptable] = {}
        """The fields of the last row that can't be decrypted."""

    def read(self, kind: Kind, id_: str, row: Row, origin: Origin) -> AirflowObject:
        """The object of a row. A field that can't be decrypted is hidden. Raises `Unreadable`."""
        self.undecryptable = {}
        if kind is Kind.CONNECTIONS:
            return self._connection(id_, row, origin)
        if kind is Kind.VARIABLES:
            return self._variable(id_, row, origin)
        return self._pool(id_, row, origin)

    def _connection(self, id_: str, row: Row, origin: Origin) -> Connection:
        password = self._clear("password", row, "password", "is_encrypted")
        extra = self._clear("extra", row, "extra", "is_extra_encrypted")
        return Connection(
            conn_id=id_,
            conn_type=text_of(row["conn_type"]) or "",
            description=_described(row),
            host=hidden_or(text_of(row["host"])),
            schema=hidden_or(text_of(row["schema"])),
            login=hidden_or(text_of(row["login"])),
            # Airflow stores an empty password as NULL (`set_password`).
            password=password if isinstance(password, Redacted) else hidden_or(password or None),
            port=_whole(row["port"], "port"),
            extra=extra if isinstance(extra, Redacted | None) else Text.of(extra),
            team_name=self._team(row),
            unsaid=_unsaid(row),
            origin=origin,
        )

    def _variable(self, id_: str, row: Row, origin: Origin) -> Variable:
        value = self._clear("value", row, "val", "is_encrypted")
        if value is None:
            raise Absent("it has no value (NULL), so Airflow doesn't find it")
        return Variable(
            key=id_,
            value=value if isinstance(value, Redacted) else Text.of(value),
            description=_described(row),
            team_name=self._team(row),
            unsaid=_unsaid(row),
            origin=origin,
        )

    def _pool(self, id_: str, row: Row, origin: Origin) -> Pool:
        slots = _whole(row["slots"], "number of slots")
        if slots is None:
            raise Unreadable("it has no number of slots (NULL)")
        deferred = row.get("include_deferred")
        return Pool(
            name=id_,
            slots=slots,
            description=_described(row),
            include_deferred=None if deferred is None else bool(deferred),
            team_name=self._team(row),
            unsaid=_unsaid(row),
            origin=origin,
        )

    def _clear(self, field: str, row: Row, column: str, flag: str) -> str | Redacted | None:
        """The text of a field. Airflow ignores the flag of an empty one of a connection, not that of a variable."""
        text = text_of(row[column])
        if text is None or not row[flag] or (text == "" and field != "value"):
            return text
        try:
            return self._decrypt(text)
        except Undecryptable as reason:
            self.undecryptable[field] = reason
            return REDACTED

    def _team(self, row: Row) -> str | None:
        if row.get("team_id") is None:
            return text_of(row.get("team_name"))
        if row["team_id"] not in self._teams:
            raise Unreadable("it belongs to a team that doesn't exist")
        return self._teams[row["team_id"]]


def text_of(value: Any) -> str | None:
    """The text of a column. Raises `Unreadable` for bytes that aren't UTF-8."""
    if isinstance(value, bytes | bytearray | memoryview):
        value = bytes(value).decode("utf-8", "surrogateescape")
    if value is None:
        return None
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unreadable("it has bytes in it that are not UTF-8 text") from None
    return text


def _described(row: Row) -> Str:
    return hidden_or(text_of(row.get("description")))


def _unsaid(row: Row) -> frozenset[str]:
    return frozenset() if "description" in row else UNDESCRIBED


def _whole(value: Any, what: str) -> int | None:
    """The number in a column, in which SQLite may hold anything."""
    if value is None or isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
        return int(value)
    raise Unreadable(f"its {what} is not a whole number")
