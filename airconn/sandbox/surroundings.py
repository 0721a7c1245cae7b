"""The airflow.cfg and the environment variables of a sandboxed Airflow."""

from __future__ import annotations

import base64
import configparser
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from airconn.sandbox.versions import Release

USERNAME = "admin"
CONFIG_NAME = "airflow.cfg"
DATABASE_NAME = "airflow.db"

Settings = Mapping[str, Mapping[str, str]]
"""Section -> option -> value, as in airflow.cfg."""

_PYTHON_KEPT = ("PYTHONIOENCODING", "PYTHONUNBUFFERED", "PYTHONUTF8")


@dataclass(frozen=True, slots=True)
class Secrets:
    """The random secrets of one sandbox."""

    password: str = field(default_factory=lambda: secrets.token_urlsafe(24), repr=False)
    fernet_key: str = field(
        default_factory=lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(), repr=False
    )
    secret_key: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)
    jwt_secret: str = field(default_factory=lambda: secrets.token_urlsafe(96), repr=False)

    def values(self) -> tuple[str, ...]:
        return (self.password, self.fernet_key, self.secret_key, self.jwt_secret)


def write_config(home: Path, release: Release, secret: Secrets, url: str, extra: Settings | None = None) -> None:
    """Writes the files in `home` that configure its Airflow.

    With files instead of environment variables, AIRFLOW_HOME alone leads `airflow` in any terminal to this database
    and Fernet key.
    """
    # Airflow substitutes %(…)s and %%.
    config = configparser.ConfigParser(interpolation=None)
    for part in (_settings(home, release, secret, url), extra or {}):
        for section, options in part.items():
            if not config.has_section(section):
                config.add_section(section)
            for option, value in options.items():
                config.set(section, option, value.replace("%", "%%"))
    with _private(home / CONFIG_NAME) as file:
        config.write(file)
    if not release.version.is_airflow_2:
        with _private(home / "passwords.json") as file:
            json.dump({USERNAME: secret.password}, file)


def _settings(home: Path, release: Release, secret: Secrets, url: str) -> Settings:
    port = url.rpartition(":")[2]
    common = {
        "core": {"fernet_key": secret.fernet_key, "load_examples": "False"},
        "database": {
            "sql_alchemy_conn": f"sqlite:///{home / DATABASE_NAME}",
            "load_default_connections": "False",
        },
        # Some versions log to stdout how they load providers, in the middle of `airflow connections export -`.
        "logging": {"logging_level": "WARNING", "fab_logging_level": "WARNING"},
        "usage_data_collection": {"enabled": "False"},
    }
    if release.version.is_airflow_2:
        backends = ("basic_auth", "session")
        return common | {
            "api": {"auth_backends": ",".join(f"airflow.api.auth.backend.{name}" for name in backends)},
            "webserver": {
                "base_url": url,
                "web_server_host": "127.0.0.1",
                "web_server_port": port,
                "workers": "2",
                "secret_key": secret.secret_key,
                "update_fab_perms": "False",  # the database comes with the roles in it
            },
            "fab": {"update_fab_perms": "False"},  # its name since 2.9
        }
    return common | {
        "core": common["core"]
        | {
            "auth_manager": "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager",
            "simple_auth_manager_users": f"{USERNAME}:admin",
            "simple_auth_manager_passwords_file": str(home / "passwords.json"),
        },
        "api": {"base_url": url, "host": "127.0.0.1", "port": port, "secret_key": secret.secret_key},
        "api_auth": {"jwt_secret": secret.jwt_secret},
    }


def _private(path: Path) -> TextIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8")


def airflow_environ(environ: Mapping[str, str], *, home: Path) -> dict[str, str]:
    """`environ` for a process that uses the Airflow in `home`.

    Variables for another Airflow or another Python are removed, and 127.0.0.1 is reached without a proxy.
    """
    kept = {name: value for name, value in without_python(environ).items() if not name.startswith("AIRFLOW_")}
    if any(name.lower() in ("http_proxy", "https_proxy", "all_proxy") for name in kept):
        direct = ",".join(filter(None, (kept.get("no_proxy") or kept.get("NO_PROXY"), "127.0.0.1")))
        kept |= {"no_proxy": direct, "NO_PROXY": direct}
    return kept | {"AIRFLOW_HOME": str(home), "SCARF_ANALYTICS": "false"}


def without_python(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without the variables that lead a Python to other modules, or change how it runs."""
    return {
        name: value
        for name, value in environ.items()
        if name in _PYTHON_KEPT
        or not (name.startswith("PYTHON") or name in ("VIRTUAL_ENV", "CONDA_PREFIX", "__PYVENV_LAUNCHER__"))
    }
