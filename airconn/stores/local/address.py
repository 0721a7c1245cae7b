"""Opens the files of an address, or of the options of Airflow's LocalFilesystemBackend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any
from urllib.parse import parse_qsl

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.model import Kind
from airconn.stores import address_options as opts
from airconn.stores.local.store import LocalStore

PREFIX = "local:"
EXAMPLE = "local:connections.json,variables.json"


@dataclass(frozen=True, slots=True)
class Options:
    """The options of Airflow's backend (airflow 3.3.2 `secrets/local_filesystem.py`)."""

    variables_file_path: str | None = None
    connections_file_path: str | None = None
    configs_file_path: str | None = None


def open_store(address: str, settings: Settings) -> LocalStore:
    """The store of `local:CONNECTIONS,VARIABLES`, of which one may be missing, or of `local:?OPTION=PATH&...`."""
    rest = address[len(PREFIX) :]
    if rest.startswith("?"):
        try:
            pairs = parse_qsl(rest[1:], keep_blank_values=True, strict_parsing=True)
        except ValueError:
            raise UsageError("not a valid local: address", hint=f"like {EXAMPLE}") from None
        if len(dict(pairs)) < len(pairs):
            raise UsageError("the address has the same option twice", hint="keep one of the two")
        return _open(opts.from_query(Options, dict(pairs)))
    paths = rest.split(",")
    if len(paths) > 2:
        raise UsageError(
            "the address names more than two files",
            hint="the first is for connections, the second for variables; write a path with "
            "a comma as local:?connections_file_path=a%2Cb.json",
        )
    return _open(Options(connections_file_path=paths[0], variables_file_path=paths[1] if len(paths) > 1 else None))


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> LocalStore:
    """The store of the options of Airflow's backend."""
    return _open(opts.from_kwargs(Options, kwargs, where))


def _open(options: Options) -> LocalStore:
    named = {Kind.CONNECTIONS: options.connections_file_path, Kind.VARIABLES: options.variables_file_path}
    paths = {kind: path for kind, path in named.items() if path}
    if not paths:
        raise UsageError("no file is named", hint=f"an address is like {EXAMPLE}")
    for kind, path in paths.items():
        other = next(other for other in named if other is not kind)
        if _is_called_after(path, other) and not _is_called_after(path, kind):
            raise UsageError(
                f"{path} is given as the file of {kind.value}, but its name says {other.value}",
                hint="the file of connections comes first, then that of variables: local:,variables.json "
                "is without connections",
            )
    return LocalStore(paths)


def _is_called_after(path: str, kind: Kind) -> bool:
    return bool({kind.value, kind.singular} & set(re.split(r"[^a-z]+", PurePath(path).name.lower())))
