"""Reads the configuration files: which settings they may have, and of which types."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from airconn.errors import UsageError

_KEYS: dict[str, type] = {
    "url": str,
    "addresses": dict,
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
}
_WANTED = {
    str: "a text in quotes",
    dict: "a table, as in [addresses]",
    bool: "true or false, without quotes",
    float: "a number, without quotes",
    int: "a whole number, without quotes",
    list: 'a list of words, such as ["vault", "read", "-field=token", "secret/airflow"]',
}
_ADDRESS_KEYS = {
    "url": str,
    "token_env": str,
    "username_env": str,
    "password_env": str,
    "env_dialect": str,
    "expand": bool,
}


def user_file(environ: Mapping[str, str]) -> Path:
    """The path of the user's own `config.toml`."""
    if environ.get("AIRCONN_CONFIG"):
        return Path(environ["AIRCONN_CONFIG"])
    if sys.platform == "linux":
        # The same as platformdirs gives, whose import takes longer than most commands.
        home = Path(environ.get("XDG_CONFIG_HOME", ""))
        if not home.is_absolute():
            home = Path(os.path.expanduser("~/.config"))  # noqa: PTH111 - pathlib's raises without a home
        return home / "airconn" / "config.toml"
    from platformdirs import user_config_path

    return user_config_path("airconn") / "config.toml"


def read(path: Path, shown: str) -> Mapping[str, Any]:
    """The settings in a file, or none if there isn't one. `shown` is its name in messages.

    Raises `UsageError` for a file that doesn't parse, an unknown key or a value of the wrong type.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"can't be read: {_reason(error)}", where=shown) from None
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
            hint='texts are in quotes there: url = "https://airflow.example.com"',
        ) from None
    _check(values, shown)
    return values


def _reason(error: Exception) -> str:
    return (error.strerror or "unreadable") if isinstance(error, OSError) else "it is not UTF-8"


def _check(values: Mapping[str, Any], shown: str) -> None:
    for key, value in values.items():
        if key not in _KEYS:
            from difflib import get_close_matches

            near = get_close_matches(key, _KEYS, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"the settings are {', '.join(_KEYS)}"
            raise UsageError(f"unknown setting {key!r}", where=shown, hint=hint)
        wanted = _KEYS[key]
        is_truth = isinstance(value, bool) and wanted is not bool  # which Python takes for a number
        if is_truth or not isinstance(value, (int, float) if wanted is float else wanted):
            raise UsageError(f"{key!r} has to be {_WANTED[wanted]}", where=shown)
        if isinstance(value, list) and not all(isinstance(word, str) for word in value):
            raise UsageError(f"{key!r} has to be {_WANTED[list]}, and all of them in quotes", where=shown)
    _check_dialect(values, shown)
    for name, entry in values.get("addresses", {}).items():
        if isinstance(entry, str):
            continue
        if not isinstance(entry, dict) or not isinstance(entry.get("url"), str):
            raise UsageError(f"address {name!r} is neither a text nor a table with 'url'", where=shown)
        for key, value in entry.items():
            if key not in _ADDRESS_KEYS or not isinstance(value, _ADDRESS_KEYS[key]):
                hint = f"an address has {', '.join(_ADDRESS_KEYS)}; a credential is named by its environment variable"
                raise UsageError(f"address {name!r} can't have {key!r} like this", where=shown, hint=hint)
        _check_dialect(entry, shown)


def _check_dialect(values: Mapping[str, Any], shown: str) -> None:
    if "env_dialect" not in values:
        return
    from airconn.formats.dotenv.marks import NAMES

    if values["env_dialect"] not in NAMES:
        raise UsageError("'env_dialect' is not an env dialect", where=shown, hint=f"one of {', '.join(NAMES)}")
