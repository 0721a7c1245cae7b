"""The tables `[targets.NAME]` and `[groups]` of one configuration file: which settings they have, of which types."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from airconn.addresses import is_file
from airconn.errors import UsageError
from airconn.target_tables import own_address, texts
from airconn.toml_lines import line_of
from airconn.trust import has_credentials

_TEXT = "a text in quotes"
_TEXTS = 'a list of texts, such as ["a", "b"], or one text'
_SETTINGS: Mapping[str, str] = {
    "address": _TEXT,
    "url": _TEXT,
    "airflow": 'a version in quotes, such as "3.3"',
    "overlay": _TEXTS,
    "rename": 'a table of ids, such as { "connections/old" = "new" }',
    "include": _TEXTS,
    "exclude": _TEXTS,
    "timeout": "a number of seconds, without quotes",
    "confirm": "true or false, without quotes",
}
"""What a target has besides the credentials of an address, with what the value has to be."""
_KINDS = ("connections", "variables", "pools")
_NAME = re.compile(r"[\w.-]+")
_A_DAY = 86400


def check(values: Mapping[str, Any], text: str, shown: str, of_address: Mapping[str, type]) -> None:
    """Raises `UsageError` for a target or a group of one file that can't be used, with its line in `text`.

    `of_address` are the settings of `[addresses.NAME]`. Their values are checked with those of the addresses.
    """
    for name, entry in values.get("targets", {}).items():
        if fault := _fault_of_target(name, entry, of_address):
            key, message, hint = fault
            path = ("targets", name, key) if key else ("targets", name)
            raise UsageError(f"target {name!r} {message}", where=_at(text, shown, path), hint=hint, topic="targets")
    groups = values.get("groups", {})
    for name, members in groups.items():
        where = _at(text, shown, ("groups", name))
        if fault_of_group := _fault_of_group(name, members, values):
            message, hint = fault_of_group
            raise UsageError(f"group {name!r} {message}", where=where, hint=hint, topic="targets")


def _at(text: str, shown: str, path: tuple[str, ...]) -> str:
    line = line_of(text, path)
    return f"{shown}:{line}" if line else shown


_Fault = tuple[str, str, "str | None"]
"""The key, what is wrong with it, and a hint."""


def _fault_of_target(name: str, entry: Any, of_address: Mapping[str, type]) -> _Fault | None:
    """The first fault of a target. No value is quoted."""
    if not _NAME.fullmatch(name):
        return "", "has a name that can't be used as @NAME", "use letters, digits, '-', '_' and '.'"
    if not isinstance(entry, dict):
        return "", "is not a table", f'write [targets.{name}] with address = "https://…"'
    known = {**_SETTINGS, **dict.fromkeys(of_address, "")}
    for key, value in entry.items():
        if key not in known:
            near = get_close_matches(key, known, n=1)
            listed = f"a target has {', '.join(_SETTINGS)}, and the credentials of an address"
            return key, f"has an unknown setting {key!r}", f"did you mean {near[0]!r}?" if near else listed
        if message := _fault_of_value(key, value):
            return key, message, None
        if key == "airflow" and (wrong := _fault_of_version(value)):
            return key, *wrong
    if "address" in entry and "url" in entry:
        return "url", "has both 'address' and 'url', which mean the same", "keep 'address'"
    return _fault_of_address(name, entry) or _fault_of_rename(entry)


def _fault_of_value(key: str, value: Any) -> str:
    """What is wrong with the type of a setting that only targets have. Empty if nothing is."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    right = {
        "airflow": isinstance(value, str),
        "overlay": _are_texts(value),
        "include": _are_texts(value),
        "exclude": _are_texts(value),
        "rename": isinstance(value, dict) and all(isinstance(new, str) and new for new in value.values()),
        "timeout": is_number and 0 < value < _A_DAY,
        "address": isinstance(value, str),
        "url": isinstance(value, str),
        "confirm": isinstance(value, bool),
    }.get(key, True)
    return "" if right else f"has {key!r}, which has to be {_SETTINGS[key]}"


def _fault_of_version(version: str) -> tuple[str, str | None] | None:
    from airconn.airflow.versions import OLDEST, AirflowVersion

    try:
        found = AirflowVersion.parse(version)
    except UsageError as error:
        return f"has 'airflow', and {error.message}", error.hint
    if found < OLDEST:
        return f"is for Airflow {found}, and {OLDEST.series} is the oldest that airconn knows", None
    return None


def _are_texts(value: Any) -> bool:
    found = [value] if isinstance(value, str) else value
    return isinstance(found, list) and all(isinstance(one, str) and one for one in found)


def _fault_of_address(name: str, entry: Mapping[str, Any]) -> _Fault | None:
    key = "url" if "url" in entry else "address"
    address = own_address(entry)
    if not address:
        if key in entry:
            return key, f"has an empty {key!r}", None
        if has_credentials(entry):
            message = "has credentials and no address, so that another file would say where they are sent"
            return "", message, f"add the address: address = {_example(name)}"
        return None
    if address == "-":
        return key, "can't be standard input", None
    if address.startswith("@") and has_credentials(entry):
        message = f"has credentials, and its address is the name {address}"
        return key, message, f"write the credentials into [addresses.{address[1:]}], or the URL in place of the name"
    return None


def _example(name: str) -> str:
    return f'"https://airflow-{name.lower()}.example.com"'


def _fault_of_rename(entry: Mapping[str, Any]) -> _Fault | None:
    for place, new in entry.get("rename", {}).items():
        kind, slash, old = place.partition("/")
        if kind not in _KINDS or not slash or not old:
            near = get_close_matches(kind, _KINDS, n=1) if slash else []
            hint = f"did you mean {near[0]}/{old}?" if near else 'such as { "connections/old" = "new" }'
            return "rename", f"renames {place!r}, which is not KIND/ID", hint
        if "=" in place:
            return "rename", f"renames {place!r}, and '=' can't be in a rename", "use --rename for this object"
        if new.startswith(f"{kind}/"):
            return "rename", f"renames {place!r} to an id with a kind", f"the new id alone: {new.partition('/')[2]!r}"
    for path in texts(entry.get("overlay", ())):
        if not is_file(path) or path.startswith("@") or path == "-":
            return "overlay", f"has the overlay {path!r}, which is not a file", "an overlay is the path of a file"
    return None


def _fault_of_group(name: str, members: Any, values: Mapping[str, Any]) -> tuple[str, str | None] | None:
    if not _NAME.fullmatch(name):
        return "has a name that can't be used as @NAME", "use letters, digits, '-', '_' and '.'"
    if not _are_texts(members) or not isinstance(members, list) or not members:
        return "has to be a list of names", f'such as {name} = ["@eu", "@us"]'
    if wrong := next((member for member in members if not member.startswith("@")), None):
        return f"has the member {wrong!r}, which is not a name", f'such as {name} = ["@eu", "@us"]'
    for table, what in (("targets", "a target"), ("addresses", "an address")):
        if name in values.get(table, {}):
            return f"has the name of {what}", "choose another name for one of them"
    return None
