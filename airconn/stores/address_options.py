"""Reads the options of a place from its address.

Those of a secrets backend have the names and defaults of Airflow's own backend. They are the fields of a dataclass,
and come from the query of an address or from Airflow's `backend_kwargs`; a secret comes from the latter or the
environment only, because an address shows in the list of processes.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from dataclasses import Field, field, fields
from difflib import get_close_matches
from types import NoneType, UnionType
from typing import Any, TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from airconn.errors import UsageError

T = TypeVar("T")

NULL = "null"
"""The text for None in the query of an address. Airflow doesn't look for a kind whose prefix is None."""

_FEW = 8
"""The most options that a message lists."""


def secret(default: Any = None) -> Any:
    """A field for a credential, which an address can't have."""
    return field(default=default, repr=False, metadata={"secret": True})


class Parts(typing.NamedTuple):
    """The parts of an address."""

    host: str
    path: str
    """The path without the slashes around it."""
    query: dict[str, str]


def split(address: str, *, example: str, has_path: bool = True) -> Parts:
    """The parts of `scheme://HOST/PATH?QUERY`. Raises `UsageError`, which quotes none of them."""
    try:
        parts = urlsplit(address)
        pairs = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise UsageError(f"not a valid {address.partition(':')[0]}:// address", hint=f"like {example}") from None
    if "@" in parts.netloc:
        raise UsageError(
            "the address has a user name or a password in it, which the list of processes shows",
            hint="leave it out, and set credentials in the environment",
        )
    if parts.fragment or "#" in address:
        raise UsageError("the address has a '#' in it", hint=f"write it as %23; an address is like {example}")
    query = dict(pairs)
    if len(query) < len(pairs):
        raise UsageError("the address has the same option twice", hint="keep one of the two")
    path = unquote(parts.path).strip("/")
    if path and not has_path:
        raise UsageError(
            "the address has a path, which this kind of address doesn't have", hint=f"write it like {example}"
        )
    return Parts(unquote(parts.netloc), path, query)


def from_query(cls: type[T], query: Mapping[str, str], **given: Any) -> T:
    """The options in the query of an address, and those `given` by the rest of it.

    `cls` may have a `TOPIC`, which is the page of the guide with its options.
    Raises `UsageError` for unknown ones, for secrets and for values of the wrong type.
    """
    known = {option.name: option for option in fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = dict(given)
    for name, text in query.items():
        option = known.get(name)
        if option is None or option.metadata.get("internal") or name in given:
            raise _unknown(name, [other for other in known if other not in given and _is_public(known[other])], cls)
        if option.metadata.get("secret"):
            raise UsageError(
                f"{name} is a credential, and the list of processes shows addresses",
                hint="set it in the environment instead",
                topic=getattr(cls, "TOPIC", None),
            )
        values[name] = _converted(text, cls, name)
    return cls(**values)


def from_kwargs(cls: type[T], kwargs: Mapping[str, Any], where: str) -> T:
    """The options in Airflow's `backend_kwargs`. `where` is the place of these, for messages.

    Raises `UsageError` for unknown ones and for values of the wrong type, and quotes no value.
    """
    known = {option.name: option for option in fields(cls)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in kwargs.items():
        if name not in known:
            error = _unknown(name, list(known), cls)
            raise UsageError(error.message, where=where, hint=error.hint)
        wanted = _types(cls, name)
        # An option in a variable of its own (AIRFLOW__SECRETS__BACKEND_KWARG__X) is always a text.
        if isinstance(value, str) and str not in wanted:
            value = _converted(value, cls, name)
        if isinstance(value, list) and tuple in wanted:
            value = tuple(value)
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
            raise UsageError(f"{name} has a value of the wrong type", where=where)
        values[name] = value
    return cls(**values)


def check_connection_format(chosen: str) -> None:
    """Raises `UsageError` for an unknown form of connections."""
    if chosen not in ("json", "uri"):
        raise UsageError("connection_format is json or uri")


def _is_public(option: Field[Any]) -> bool:
    return not option.metadata.get("secret") and not option.metadata.get("internal")


def _unknown(name: str, known: list[str], cls: type[Any]) -> UsageError:
    near = get_close_matches(name, known, n=1)
    shown = repr(name) if re.fullmatch(r"\w{1,60}", name) else "a name in the query"
    topic: str | None = getattr(cls, "TOPIC", None)
    listed = f"the options are {', '.join(known)}"
    if topic is not None and len(known) > _FEW:
        listed = f"airconn help {topic} lists the options"
    hint = f"did you mean {near[0]!r}?" if near else listed
    return UsageError(f"{shown} is not an option of this address", hint=hint, topic=topic)


def _types(cls: type[Any], name: str) -> tuple[type, ...]:
    hint = typing.get_type_hints(cls)[name]
    members = typing.get_args(hint) if typing.get_origin(hint) in (typing.Union, UnionType) else (hint,)
    found = tuple(typing.get_origin(member) or member for member in members)
    return tuple(NoneType if member is None else member for member in found)


def _converted(text: str, cls: type[Any], name: str) -> Any:
    wanted = _types(cls, name)
    if text == NULL and NoneType in wanted:
        return None
    if bool in wanted and text.lower() in ("true", "false", "1", "0", "yes", "no"):
        return text.lower() in ("true", "1", "yes")
    if int in wanted and re.fullmatch(r"-?[0-9]{1,9}", text):
        return int(text)
    if tuple in wanted:
        return tuple(part for part in text.split(",") if part)
    if str in wanted:
        return text
    kind = "true or false" if bool in wanted else "a whole number"
    raise UsageError(f"{name} is not {kind}")
