"""Reads the files of `--env-file`: the settings of airconn and of the services that it speaks with."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from airconn.errors import UsageError
from airconn.formats.dotenv import python_dotenv
from airconn.formats.dotenv.differences import differences
from airconn.formats.dotenv.lines import Entry, without_bom
from airconn.formats.dotenv.readers.reader import COMPOSE
from airconn.secret_files import read_bytes

VARIABLES = {
    "airconn": "AIRCONN_*",
    "HashiCorp Vault": "VAULT_*",
    "AWS": "AWS_*",
    "Google Cloud": "GOOGLE_*, GCLOUD_*, CLOUDSDK_*",
    "Azure": "AZURE_*",
    "Kubernetes": "KUBECONFIG",
    "Astro": "ASTRO_*",
    "databases": "PGHOST, PGPORT, PGUSER, PGPASSWORD, PGPASSFILE, PGSSLMODE, PGSSLROOTCERT, PGSSLCERT, PGSSLKEY",
    "Airflow's own configuration": "AIRFLOW_HOME, AIRFLOW_CONFIG, AIRFLOW__*",
}
"""The variables that airconn and the libraries of the services read, by whom they are for."""

_LARGEST = 1024 * 1024
_NAME = re.compile("|".join(name.replace("*", ".*") for names in VARIABLES.values() for name in names.split(", ")))


def is_taken(name: str) -> bool:
    """Whether a variable is a setting, so that it is taken from a file."""
    return _NAME.fullmatch(name) is not None


def read(file: str, warn: Callable[[str], None]) -> dict[str, str]:
    """The settings in a file of the grammar of python-dotenv. References are not expanded.

    `warn` is called where others than its owner can read a file with settings. Raises `UsageError` for a file that
    can't be read, a line that doesn't parse, and a value that Docker Compose reads differently. No value is quoted.
    """
    if not file:
        raise UsageError("--env-file is empty", hint="maybe a variable of your shell isn't set")
    path = Path(os.path.expanduser(file))  # noqa: PTH111 - pathlib's raises without a home
    text, mode = _text(path)
    entries = list(python_dotenv.entries(without_bom(text)))
    if fault := next((entry for entry in entries if entry.is_fault), None):
        raise UsageError(
            "this line is not NAME=VALUE", where=f"{path}:{fault.line}", hint="put the value between single quotes"
        )
    found = {entry.name: entry for entry in entries if entry.name and is_taken(entry.name)}
    _refuse_ambiguous(text, entries, found, path)
    values = {name: entry.value for name, entry in found.items() if entry.value is not None}
    if nul := next((name for name, value in values.items() if "\0" in value), None):
        raise UsageError(f"{nul} has a NUL character in it", where=f"{path}:{found[nul].line}")
    if values and os.name == "posix" and stat.S_ISREG(mode) and mode & 0o077:
        warn(f"{path}: others can read this file of credentials (mode {mode & 0o777:04o}): chmod 600 {path}")
    return values


def _text(path: Path) -> tuple[str, int]:
    content, mode = read_bytes(path, "--env-file", _LARGEST)
    try:
        return content.decode("utf-8"), mode
    except UnicodeDecodeError:
        raise UsageError("--env-file: the file is not UTF-8", where=str(path)) from None


def _refuse_ambiguous(text: str, entries: list[Entry], found: Collection[str], path: Path) -> None:
    """Raises `UsageError` for a value that Docker Compose doesn't read as python-dotenv does."""
    lines = dict(_ambiguous(text, entries, found))
    if not lines:
        return
    name = min(lines, key=lambda name: lines[name])
    raise UsageError(
        f"python-dotenv and Docker Compose read the value of {name} differently",
        where=f"{path}:{lines[name]}",
        hint="put the value between single quotes, in one line; references such as ${NAME} aren't expanded",
    )


def _ambiguous(text: str, entries: list[Entry], found: Collection[str]) -> Iterator[tuple[str, int]]:
    for name, differing in differences(text, entries, found, (COMPOSE,), with_minor=False).items():
        if differing:
            yield name, differing[0].line
