"""From an address to a store. The module of a place is imported when the first address asks for it."""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from airconn.addresses import REGISTRY, is_directory
from airconn.airflow.web_pages import split_page
from airconn.errors import UsageError
from airconn.patterns import pattern
from airconn.quoting import shown_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airconn.config import Settings
    from airconn.stores.base import Store


_NO_FILE = pattern(
    r"localhost$|[\w.-]+:\d+([/?#]|$)|https?[:/\\]|[\w.-]*//+[^/]*@|[^/@]*:[^@]*@", re.IGNORECASE | re.DOTALL
)
"""Addresses that are meant as URLs, and not as names of files. With ./ before it, it is a file."""
_NO_SCHEME = pattern(
    r"[\w-]+(\.[\w-]+)*\.(astronomer\.(run|io)|composer(-byoid)?\.googleusercontent\.com|amazonaws\.com|on\.aws)([/?#]|$)"
    r"|[\w-]+(\.[\w-]+)*\.[a-z]{2,}(?P<path>/[^?#]*)",
    re.IGNORECASE | re.ASCII,
)
"""Names of hosts of vendors, and of any host with a path behind it."""


def open_store(address: str, settings: Settings) -> Store:
    """The store that `address` names. It is not asked anything yet.

    Raises `UsageError` for an address that no store takes.
    """
    scheme, mark, _ = address.partition("://")
    entry = next((entry for entry in REGISTRY.values() if entry.takes(address)), None)
    if mark and entry is None:
        raise UsageError(
            f"{scheme}:// is an unknown kind of address", hint=_schemes_meant(f"{scheme}://"), topic="addresses"
        )
    if entry is None and _is_meant_as_url(address) and not Path(address).exists():
        raise UsageError(
            f"{shown_address(address)} has no http:// or https:// in front, and is not a file",
            hint=f"write an Airflow like {_example(address)}",
            topic="addresses",
        )
    if entry is None and (meant := _scheme_without_slashes(address)) and not Path(address).exists():
        raise UsageError(
            f"{shown_address(address)} has no {meant} in front, and is not a file",
            hint=f"the two slashes are a part of the address: {meant}…",
        )
    if entry is None and (near := _scheme_like(address)) and not Path(address).exists():
        raise UsageError(f"{shown_address(address)} is not a file", hint=f"did you mean {near}?", topic="addresses")
    entry = entry or REGISTRY["directory" if is_directory(address) else "file"]
    left = settings.seconds_left()
    if left is not None and not entry.keeps_deadline:
        # A shorter timeout keeps such a place from waiting long beyond the deadline.
        settings = replace(settings, timeout=min(settings.timeout, max(left, 0.1)))
    return cast("Store", import_module(entry.module).open_store(address, settings))


def _is_meant_as_url(address: str) -> bool:
    """Whether an address without a scheme is surely not the name of a file."""
    if _NO_FILE.match(address):
        return True
    known = _NO_SCHEME.match(address)
    if known is None or known["path"] is None:
        return known is not None
    # A folder may have a dot in its name.
    return bool(split_page(known["path"]).page) and not Path(address).parent.is_dir()


def _example(address: str) -> str:
    """A URL like the one that is meant. It repeats no more of it than the host."""
    host = re.match(r"[\w-]+(\.[\w-]+)+(?=[/?#]|$)", address, re.ASCII)
    return f"https://{host[0]}/…" if host and host[0][0].isalpha() else "http://localhost:8080"


def _schemes_meant(scheme: str) -> str:
    """The hint for an unknown scheme, such as `astro://`, whose word several have, or `valt://`."""
    from difflib import get_close_matches

    known = [prefix for e in REGISTRY.values() for prefix in (*e.prefixes, *e.names)]
    of_word = [prefix for prefix in known if prefix.startswith(f"{scheme.partition(':')[0].lower()}-")]
    near = of_word or get_close_matches(scheme, known, n=1)
    return f"did you mean {' or '.join(near)}?" if near else f"a path, - or one of: {', '.join(known)}"


def _scheme_like(address: str) -> str:
    """The scheme without slashes that an address begins nearly with, such as `metadb:` for `metdb:`. Or empty."""
    word, colon, _ = address.partition(":")
    if not (colon and re.fullmatch("[a-z-]+", word)):
        return ""
    from difflib import get_close_matches

    known = [name for entry in REGISTRY.values() for name in (*entry.prefixes, *entry.names) if name[-1:] == ":"]
    found = get_close_matches(f"{word}:", known, n=1, cutoff=0.8)
    return found[0] if found and f"{word}:" not in known else ""


def _scheme_without_slashes(address: str) -> str:
    """The scheme of an address that lacks one or both slashes behind it. Empty for other texts."""
    scheme = f"{address.partition(':')[0].lower()}://"
    known = (prefix for entry in REGISTRY.values() for prefix in entry.prefixes)
    return scheme if ":" in address and scheme in known else ""


def open_backend(
    class_path: str, kwargs: Mapping[str, Any], where: str, settings: Settings, *, named: str | None = None
) -> Store:
    """The store of a secrets backend that an Airflow is configured with, with the options that it has there.

    `named` is where the class is named, and `where` is where the options are. Raises `UsageError`, which says which
    of the two is wrong, for a backend that airconn doesn't know and for options that it can't have.
    """
    entry = next((entry for entry in REGISTRY.values() if class_path in entry.backends), None)
    if entry is None:
        from difflib import get_close_matches

        known = [name for e in REGISTRY.values() for name in e.backends]
        by_class = [name for name in known if name.rpartition(".")[2] == class_path.rpartition(".")[2]]
        near = by_class or get_close_matches(class_path[:200], known, n=1, cutoff=0.8)
        hint = f"did you mean {near[0]}?" if near else f"airconn knows {', '.join(known)}"
        raise UsageError(f"unknown secrets backend {class_path}", where=named or where, hint=hint)
    try:
        return cast("Store", import_module(entry.module).open_backend(kwargs, where, settings))
    except UsageError as error:
        if error.where is None:
            raise UsageError(error.message, where=where, hint=error.hint) from None
        raise
