"""Checks the configuration: which files there are, where each setting and the credentials come from."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from airconn import config_files
from airconn.addresses import is_file
from airconn.config import PROJECT_FILE, Address, Config
from airconn.errors import AirconnError
from airconn.quoting import shown_address
from airconn.stores.health import Health, HealthCheck, failed
from airconn.trust import uses_credentials

AREA = "Configuration"
_NAMED_ELSEWHERE = frozenset({"AIRCONN_URL", "AIRCONN_CONFIG", "AIRCONN_STATE_DIR", "AIRCONN_CACHE_DIR"})


def of_files(config: Config | AirconnError, directory: Path) -> Iterator[HealthCheck]:
    """The checks of the files and of the variables. `config` is the error if they can't be read."""
    if isinstance(config, AirconnError):
        fault = failed(AREA, "files", config)
        yield HealthCheck(AREA, "files", fault.health, str(config), fault.hint, fault.exit_code)
        return
    yield _file(PROJECT_FILE, directory / PROJECT_FILE, config.project)
    yield _file("config.toml", config_files.user_file(config.environ), config.user)
    if names := _variables(config):
        yield HealthCheck(AREA, "variables", Health.FINE, f"set: {', '.join(names)}")
    else:
        yield HealthCheck(AREA, "variables", Health.UNUSED, "no AIRCONN_* is set")


def _file(name: str, path: Path, values: object) -> HealthCheck:
    shown = _below_home(path.absolute())
    if not path.exists():
        return HealthCheck(AREA, name, Health.UNUSED, f"not there: {shown}")
    keys = ", ".join(values) if isinstance(values, dict) and values else "no settings"
    return HealthCheck(AREA, name, Health.FINE, f"{shown}: {keys}")


def _below_home(path: Path) -> str:
    """A path without the name of the user that is in most of them."""
    home = os.path.expanduser("~")  # noqa: PTH111 - pathlib's raises without a home
    return f"~{str(path)[len(home) :]}" if home != "/" and str(path).startswith(f"{home}/") else str(path)


def _variables(config: Config) -> list[str]:
    """The names of the variables that are set for airconn, or for credentials of configured addresses."""
    named = config.credential_names()
    return sorted(
        name for name, value in config.environ.items() if value and (name.startswith("AIRCONN_") or name in named)
    )


def of_address(address: Address, written: str) -> Iterator[HealthCheck]:
    """The checks of the address that is examined, and of its credentials. `written` is as the user wrote it."""
    settings = address.settings
    named = f"{shown_address(written)} is " if written.startswith("@") else ""
    is_default = settings.named_by.startswith("no setting")
    by = "the default, since no setting names one" if is_default else f"from {settings.named_by}"
    yield HealthCheck(AREA, "address", Health.FINE, f"{named}{_shown(address.text)}, {by}")
    if not uses_credentials(address.text):
        return
    known = settings.credentials
    if known.sources:
        kind = "a login" if known.username or known.client_id else "a command" if known.token_command else "a token"
        kind = "headers alone" if not known.source else kind
        yield HealthCheck(AREA, "credentials", Health.FINE, f"{kind}, from {known.sources}")
    else:
        looked = ", ".join(known.looked_at)
        text = f"none; looked at {looked}" if looked else "none"
        yield HealthCheck(AREA, "credentials", Health.UNKNOWN, text, "airconn help login has all ways to log in")


def _shown(address: str) -> str:
    """An address without all that could be secret, such as the command of `airflow-cli:`."""
    if address.lower().startswith("airflow-cli:"):
        return "airflow-cli:" + ("…" if len(address) > len("airflow-cli:") else "")
    return address if is_file(address) else shown_address(address)
