"""Reads the configuration files: which settings they may have, and of which types."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airconn.errors import UsageError
from airconn.trust import CREDENTIALS, SOURCES

_LARGEST = 1024 * 1024
"""The bytes of a file with settings. More aren't read, as of a link to /dev/zero."""
_KEYS: dict[str, type] = {
    "url": str,
    "addresses": dict,
    "targets": dict,
    "groups": dict,
    "timeout": float,
    "retries": int,
    "deadline": float,
    "ca_bundle": str,
    "client_cert": str,
    "client_key": str,
    "token_command": list,
    "allow_redirect": list,
    "astro_api": str,
    "env_dialect": str,
    "expand": bool,
    "strict": bool,
    "backup": bool,
    "resolve": list,
    "sops": str,
}
_WANTED = {
    str: "a text in quotes",
    dict: "a table, as in [addresses]",
    bool: "true or false, without quotes",
    float: "a number, without quotes",
    int: "a whole number, without quotes",
    list: 'a list of words, such as ["vault", "read", "-field=token", "secret/airflow"]',
}
_QUOTES = 'texts are in quotes there: url = "https://airflow.example.com"'
_TWICE = 'this name is written twice: an address is either NAME = "URL" in [addresses], or a table [addresses.NAME]'
_SOURCE_TYPES: dict[str, type] = {"env": str, "file": str, "command": list}
_ADDRESS_KEYS: dict[str, type] = {
    "url": str,
    **{f"{what}_{source}": _SOURCE_TYPES[source] for what in CREDENTIALS for source in SOURCES},
    # The names of who logs in. Secrets aren't written into a file.
    "username": str,
    "client_id": str,
    "headers": dict,
    "env_dialect": str,
    "expand": bool,
    "confirm": bool,
}
_ADDRESS_HINT = (
    "an address has url, confirm, env_dialect, expand, username, client_id, headers, and where each credential is: "
    "such as token_env (a variable), token_file (a path) or token_command (a list of words); see airconn help login"
)
_HEADER_HINT = 'write Name = { env = "VARIABLE" }, { file = "PATH" } or { command = ["PROGRAM", "ARGUMENT"] }'


def user_file(environ: Mapping[str, str]) -> Path:
    """The path of the user's own `config.toml`."""
    if environ.get("AIRCONN_CONFIG"):
        return Path(environ["AIRCONN_CONFIG"])
    if sys.platform == "linux":
        return _linux_directory(environ, "XDG_CONFIG_HOME", "~/.config") / "config.toml"
    from platformdirs import user_config_path

    return user_config_path("airconn") / "config.toml"


def state_directory(environ: Mapping[str, str]) -> Path:
    """The directory for files that outlive a run: `AIRCONN_STATE_DIR`, or the system's place for such files."""
    if environ.get("AIRCONN_STATE_DIR"):
        return Path(environ["AIRCONN_STATE_DIR"])
    if sys.platform == "linux":
        return _linux_directory(environ, "XDG_STATE_HOME", "~/.local/state")
    from platformdirs import user_state_path

    return user_state_path("airconn")


def _linux_directory(environ: Mapping[str, str], variable: str, otherwise: str) -> Path:
    """The same as platformdirs gives, whose import takes longer than most commands."""
    home = Path(environ.get(variable, ""))
    if not home.is_absolute():
        home = Path(os.path.expanduser(otherwise))  # noqa: PTH111 - pathlib's raises without a home
    return home / "airconn"


def read(path: Path, shown: str) -> Mapping[str, Any]:
    """The settings in a file, or none if there isn't one. `shown` is its name in messages.

    Raises `UsageError` for a file that doesn't parse, an unknown key or a value of the wrong type.
    """
    try:
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
        text = content.decode("utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't be read: {_reason(error)}", where=shown) from None
    if len(content) > _LARGEST:
        raise UsageError(f"can't be read: it is larger than {_LARGEST // 1024} KiB", where=shown)
    return _parsed(text, shown)


def accepts(text: str, shown: str) -> bool:
    """Whether a text can be read as a file with settings."""
    try:
        _parsed(text, shown)
    except UsageError:
        return False
    return True


def _parsed(text: str, shown: str) -> Mapping[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)$", str(error))
        raise UsageError(
            "this is not TOML",
            where=f"{shown}:{place[1]}:{place[2]}" if place else shown,
            hint=_TWICE if re.match("Cannot (declare|overwrite|mutate)", str(error)) else _QUOTES,
        ) from None
    _check(values, text, shown)
    return values


def _reason(error: Exception) -> str:
    return (error.strerror or "unreadable") if isinstance(error, OSError) else "it is not UTF-8"


def _check(values: Mapping[str, Any], text: str, shown: str) -> None:
    for key, value in values.items():
        if key not in _KEYS:
            from difflib import get_close_matches

            near = get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the settings are {', '.join(_KEYS)}"
            raise UsageError(f"unknown setting {key!r}", where=shown, hint=hint, topic="addresses")
        wanted = _KEYS[key]
        is_truth = isinstance(value, bool) and wanted is not bool  # which Python takes for a number
        if is_truth or not isinstance(value, (int, float) if wanted is float else wanted):
            raise UsageError(f"{key!r} has to be {_WANTED[wanted]}", where=shown)
        if isinstance(value, list) and not all(isinstance(word, str) for word in value):
            raise UsageError(f"{key!r} has to be {_WANTED[list]}, and all of them in quotes", where=shown)
    _check_dialect(values, shown)
    _check_addresses(values, shown)
    if "targets" in values or "groups" in values:
        from airconn import target_settings

        target_settings.check(values, text, shown, _ADDRESS_KEYS)
    for name, entry in values.get("targets", {}).items():
        _check_entry(f"target {name!r}", {key: value for key, value in entry.items() if key in _ADDRESS_KEYS}, shown)


def _check_addresses(values: Mapping[str, Any], shown: str) -> None:
    for name, entry in values.get("addresses", {}).items():
        if isinstance(entry, str):
            continue
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            raise UsageError(f"address {name!r} is neither a text nor a table with 'url'", where=shown)
        _check_entry(f"address {name!r}", entry, shown)


def _check_entry(what: str, entry: Mapping[str, Any], shown: str) -> None:
    """Raises `UsageError` for the table of a place, called like `address 'prod'`, that can't be used."""
    for key, value in entry.items():
        if key not in _ADDRESS_KEYS or not _is_a(value, _ADDRESS_KEYS[key]):
            raise UsageError(f"{what} can't have {key!r} like this", where=shown, hint=_ADDRESS_HINT)
    _check_sources(what, entry, shown)
    _check_dialect(entry, shown)


def _is_a(value: Any, wanted: type) -> bool:
    if wanted is list:  # of words, the first of which is a program
        is_command = isinstance(value, list) and all(isinstance(word, str) for word in value)
        return is_command and bool(value) and bool(value[0])
    return isinstance(value, wanted)


def _check_sources(what: str, entry: Mapping[str, Any], shown: str) -> None:
    """Raises `UsageError` unless each credential and header of a place has one source. No value is quoted.

    `what` is like `address 'prod'`.
    """
    for one in CREDENTIALS:
        given = [key for key in (one, *(f"{one}_{source}" for source in SOURCES)) if key in entry]
        if len(given) > 1:
            message = f"{what} has both {given[0]!r} and {given[1]!r}"
            raise UsageError(message, where=shown, hint="keep one of them")
    for header, source in entry.get("headers", {}).items():
        is_known = isinstance(source, dict) and len(source) == 1 and set(source) <= set(SOURCES)
        if not is_known or not all(_is_a(value, _SOURCE_TYPES[key]) for key, value in source.items()):
            message = f"header {header!r} of {what} needs a value from somewhere"
            raise UsageError(message, where=shown, hint=_HEADER_HINT)


def _check_dialect(values: Mapping[str, Any], shown: str) -> None:
    if "env_dialect" not in values:
        return
    from airconn.formats.dotenv.marks import NAMES

    if values["env_dialect"] not in NAMES:
        raise UsageError("'env_dialect' is not an env dialect", where=shown, hint=f"one of {', '.join(NAMES)}")
