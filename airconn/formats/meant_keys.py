"""The fields of a connection that people mean by other names: those of other tools, and near misses."""

from __future__ import annotations

from collections.abc import Collection

_OTHER_NAMES = {
    "conn_type": ("type", "connection_type"),
    "extra": ("extras", "extra_dejson", "extra_json"),
    "host": ("hostname", "server", "endpoint"),
    "login": ("user", "username", "user_name"),
    "password": ("pass", "passwd", "pwd"),
    "schema": ("database", "dbname", "db"),
    "uri": ("url", "connection_uri", "connection_url"),
}
_BY_NAME = {name: field for field, names in _OTHER_NAMES.items() for name in names}


def meant_key(key: str, keys: Collection[str]) -> str:
    """The one of `keys` that was probably meant by another. Empty if that can't be told."""
    plain = key[:80].lower()
    for name in (plain, plain.removeprefix("conn_").removesuffix("_")):
        if (meant := _BY_NAME.get(name, name)) in keys:
            return meant
    from difflib import get_close_matches

    return next(iter(get_close_matches(plain, list(keys), n=1, cutoff=0.6)), "")
