"""The secrets backend that an MWAA environment is configured with, from its Airflow configuration options."""

from __future__ import annotations

import re
from collections.abc import Mapping
from configparser import ConfigParser
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from airconn.addresses import REGISTRY
from airconn.airflow.config_file import AirflowConfig, Backend, secrets_backend
from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores.managed.mwaa.address import MwaaAddress, split
from airconn.stores.managed.mwaa.calls import MwaaCalls

_SECTIONS: tuple[tuple[Literal["secrets", "workers"], str], ...] = (
    ("secrets", "backend"),
    ("workers", "secrets_backend"),
)
"""The options that name a backend: for all of Airflow, and for the workers of Airflow 3 alone."""


def configured_backend(address: str, settings: Settings) -> Backend:
    """The backend of the environment at `mwaa://REGION/ENVIRONMENT`, which AWS is asked for (`GetEnvironment`).

    Raises `UsageError` where no backend is configured, or with options that can't be read, and `TargetError`.
    """
    parts = split(address)
    if parts.through_api:
        raise UsageError(
            "through has no effect here", where=str(parts), hint="the configuration comes from AWS itself"
        )
    calls = MwaaCalls(parts, settings)
    try:
        options = calls.environment().options
    finally:
        calls.close()
    section, key = next((pair for pair in _SECTIONS if options.get(".".join(pair))), ("secrets", ""))
    if not key:
        raise UsageError(
            "this environment has no secrets backend configured",
            where=str(parts),
            hint="its Airflow configuration options have no secrets.backend; without "
            f"one, Airflow uses its own database: --from {parts}",
        )
    found = _read(options, section, key, parts)
    if found.class_path in REGISTRY["local"].backends:
        raise UsageError("its backend is a file of that environment, which isn't on this machine", where=found.where)
    return replace(found, kwargs=_as_there(found, parts))


def _read(
    options: Mapping[str, str], section: Literal["secrets", "workers"], key: str, parts: MwaaAddress
) -> Backend:
    """The backend that options name. Airflow at MWAA gets each as a variable: `AIRFLOW__SECRETS__BACKEND`."""
    name = f"{section}.{key}"
    where = f"{parts} {name}_kwargs"
    for ending in ("cmd", "secret"):  # a command of that environment isn't run on this machine
        if f"{name}_kwargs_{ending}" in options and f"{name}_kwargs" not in options:
            raise UsageError(
                f"{name}_kwargs_{ending} refers to the options of the backend, which only that Airflow can read",
                where=str(parts),
                hint="open the backend by its own address, such as aws-secretsmanager://REGION?connections_prefix=…",
            )
    ours = re.compile(rf"{re.escape(name)}(_kwargs|_kwarg__\w+)?", re.IGNORECASE)
    environ = {
        f"AIRFLOW__{option.replace('.', '__', 1).upper()}": text
        for option, text in options.items()
        if ours.fullmatch(option)
    }
    config = AirflowConfig(environ, "", Path("airflow.cfg"), ConfigParser())
    try:
        found = secrets_backend(config, section)
    except UsageError as error:
        raise UsageError(error.message, where=where, hint=error.hint) from None
    if found is None:
        raise UsageError("the options of the secrets backend can't be read", where=where)
    return replace(found, where=f"{parts} {name}", kwargs_where=where)


def _as_there(found: Backend, parts: MwaaAddress) -> dict[str, Any]:
    """The options of a backend as they are in that environment: a backend at AWS is in its region."""
    if found.class_path not in [
        name for entry in REGISTRY.values() if entry.extra == "aws" for name in entry.backends
    ]:
        return found.kwargs
    here = {"region_name": parts.region, "profile_name": parts.profile_name, "role_arn": parts.role_arn}
    return {**{name: value for name, value in here.items() if value is not None}, **found.kwargs}
