"""The secrets backend of an Airflow's configuration: what is wrong with it is told by the setting that is wrong."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.stores import open_store

VAULT = "airflow.providers.hashicorp.secrets.vault.VaultBackend"
GIVEN = {"url": "http://127.0.0.1:8200", "token": "t"}


@pytest.mark.parametrize(
    ("address", "prefix"),
    [("airflow-config:", "AIRFLOW__SECRETS__"), ("airflow-config:workers", "AIRFLOW__WORKERS__SECRETS_")],
)
@pytest.mark.parametrize(
    ("backend", "kwargs", "setting", "message"),
    [
        ("my.Backend", GIVEN, "BACKEND", "unknown secrets backend my.Backend"),
        (VAULT, {**GIVEN, "auth_type": "magic"}, "BACKEND_KWARGS", "unknown auth_type"),
        (VAULT, {**GIVEN, "auth_type": "aws_iam"}, "BACKEND_KWARGS", "airconn can't log in to Vault with auth_type"),
        (VAULT, {**GIVEN, "kv_engine_version": 7}, "BACKEND_KWARGS", ""),
        (VAULT, {**GIVEN, "nonsense": 7}, "BACKEND_KWARGS", ""),
    ],
)
def test_the_setting_that_is_wrong_is_named(
    backend: str, kwargs: dict[str, Any], setting: str, message: str, address: str, prefix: str, tmp_path: Any
) -> None:
    environ = {
        "AIRFLOW_HOME": str(tmp_path),
        f"{prefix}BACKEND": backend,
        f"{prefix}BACKEND_KWARGS": json.dumps(kwargs),
    }
    with pytest.raises(UsageError) as caught:
        open_store(address, Settings(environ=environ))
    assert caught.value.where == f"{prefix}{setting}"
    assert message in caught.value.message


@pytest.mark.parametrize(
    ("backend", "kwargs", "hint"),
    [
        ("airflow.contrib.secrets.hashicorp_vault.VaultBackend", GIVEN, f"did you mean {VAULT}?"),
        (f"{VAULT}s", GIVEN, f"did you mean {VAULT}?"),
        ("my.Backend", GIVEN, f"airconn knows {VAULT}, "),
        (VAULT, {**GIVEN, "auth_type": "approl"}, "did you mean 'approle'? airconn knows token, "),
        (VAULT, {**GIVEN, "auth_type": "magic"}, "airconn knows token, "),
    ],
)
def test_what_is_meant_is_named_where_it_can_be_told(
    backend: str, kwargs: dict[str, Any], hint: str, tmp_path: Any
) -> None:
    environ = {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__SECRETS__BACKEND": backend,
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps(kwargs),
    }
    with pytest.raises(UsageError) as caught:
        open_store("airflow-config:", Settings(environ=environ))
    assert (caught.value.hint or "").startswith(hint)
