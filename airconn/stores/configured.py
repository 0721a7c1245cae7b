"""The secrets backend that an Airflow's own configuration names, as a place."""

from __future__ import annotations

from typing import Literal

from airconn.airflow.config_file import AirflowConfig, secrets_backend
from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores.base import Store

ADDRESS = "airflow-config:"
_MWAA = "mwaa://"
_SECTIONS: dict[str, Literal["secrets", "workers"]] = {"": "secrets", "workers": "workers", "secrets": "secrets"}


def open_store(address: str, settings: Settings) -> Store:
    """The place of `airflow-config:`, or of `airflow-config:workers` as a worker of Airflow 3 has it.

    `airflow-config:mwaa://REGION/ENVIRONMENT` is that of an environment at Amazon MWAA, which is asked for it now.

    Raises `UsageError` where no backend is configured, or one that airconn doesn't know, and `TargetError`.
    """
    name = address.partition(":")[2]
    if name.startswith(_MWAA):
        return _of_mwaa(name, settings)
    if name not in _SECTIONS:
        raise UsageError(
            f"{ADDRESS} can only be followed by workers, or by the address of an MWAA environment",
            hint=f"{ADDRESS} or {ADDRESS}workers or {ADDRESS}mwaa://REGION/ENVIRONMENT",
            topic="addresses",
        )
    config = AirflowConfig.load(settings.environ)
    store = open_configured(config, _SECTIONS[name], settings)
    if store is None:
        looked_at = config.places("secrets", "backend")
        if name == "workers":
            looked_at = f"{config.places('workers', 'secrets_backend')}, {looked_at}"
        raise UsageError(
            "this Airflow has no secrets backend configured",
            hint=f"looked at {looked_at}; set AIRFLOW_HOME for another airflow.cfg",
            topic="addresses",
        )
    return store


def open_configured(
    config: AirflowConfig, section: Literal["secrets", "workers"], settings: Settings
) -> Store | None:
    """The place of the backend that is configured for a section. None without one."""
    from airconn.stores.registry import open_backend

    backend = secrets_backend(config, section)
    if backend is None:
        return None
    return open_backend(backend.class_path, backend.kwargs, backend.kwargs_where, settings, named=backend.where)


def _of_mwaa(address: str, settings: Settings) -> Store:
    from airconn.stores.managed.mwaa.configuration import configured_backend
    from airconn.stores.registry import open_backend

    backend = configured_backend(address, settings)
    return open_backend(backend.class_path, backend.kwargs, backend.kwargs_where, settings, named=backend.where)
