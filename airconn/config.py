"""Settings: where they are looked for, in order, and what was found.

An option beats an `AIRCONN_*` variable, which beats `airconn.toml` in the working directory, which beats the user's own
`config.toml`. Credentials come from the environment only, or from a command that prints a token.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from airconn.errors import UsageError

DEFAULT_URL = "http://localhost:8080"
PROJECT_FILE = "airconn.toml"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are for an Airflow. At most one way is set; its repr shows none of it."""

    token: str | None = field(default=None, repr=False)
    username: str | None = field(default=None, repr=False)
    password: str | None = field(default=None, repr=False)
    token_command: tuple[str, ...] | None = field(default=None, repr=False)
    looked_at: tuple[str, ...] = ()
    """The names of the variables and settings that were looked at, in order."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the options, the environment and the configuration files say together."""

    credentials: Credentials = field(default_factory=Credentials)
    timeout: float = 60.0
    """Seconds that one request may take."""
    retries: int = 4
    """How often a request that is safe to repeat is repeated."""
    ca_bundle: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
