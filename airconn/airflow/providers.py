"""What the providers for Airflow 3 need, and what they don't read any more.

Read in the sources of the provider releases that each table names, and in the metadata of apache-airflow 2.11.2
and of apache-airflow-core 3.3.2.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from airconn.airflow.conn_fields import fields_of
from airconn.patterns import pattern

NO_LONGER_BUNDLED = frozenset(f"apache-airflow-providers-{name}" for name in ("ftp", "http", "imap", "sqlite"))
"""The providers that `apache-airflow` 2.7.3 and 2.11.2 require, and `apache-airflow-core` 3.3.2 doesn't."""
BUNDLED = frozenset(f"apache-airflow-providers-{name}" for name in ("smtp", "standard"))
"""The providers with connections that `apache-airflow-core` 3.3.2 requires."""

GIVEN_UP_TYPES: Mapping[str, str] = {
    "azure_synapse_pipeline": "microsoft-azure 15.2.1 has only azure_synapse, which its pipelines use too",
    "hdfs": "apache-hdfs 4.14.2 has only webhdfs",
    "mesos_framework-id": "Airflow 3 has nothing for Mesos",
    "qubole": "the last release of the qubole provider is of November 2023",
    "sqoop": "the last release of the apache-sqoop provider is of December 2023",
    "tabular": "the last release of the tabular provider is of August 2024",
}
"""The conn_types that no provider has any more which is still released, and why (`get_provider_info` of all of them,
November 2026)."""

_AWS = {
    "aws_account_id": "role_arn",
    "aws_iam_role": "role_arn",
    "external_id": "ExternalId in assume_role_kwargs",
    "host": "endpoint_url",
    "profile": "profile_name",
    "s3_config_file": "login and password",
    "s3_config_format": "login and password",
    "test_endpoint_url": "endpoint_url in service_config.sts",
}
"""amazon 9.39.0 utils/connection_wrapper.py reads none of the keys; `host` and `test_endpoint_url` went with
9.0.0, by its changelog."""
_JDBC = {
    "extra__jdbc__drv_clsname": "driver_class, and allow_driver_class_in_extra in airflow.cfg",
    "extra__jdbc__drv_path": "driver_path, and allow_driver_path_in_extra in airflow.cfg",
}
"""jdbc 5.6.1 hooks/jdbc.py reads `driver_path` and `driver_class` alone, each only if [providers.jdbc] allows it."""
UNREAD_KEYS: Mapping[str, Mapping[str, str]] = {"aws": _AWS, "jdbc": _JDBC}
"""By conn_type: the keys of extra that its hook once read and now ignores, and what it reads instead."""

_PREFIXED = pattern(r"extra__([a-z0-9_]+?)__(.+)", re.DOTALL)
_PREFIXES = frozenset(
    """
    adls asana azure_batch azure_container_registry azure_container_volume azure_cosmos azure_data_explorer
    azure_data_factory azure_service_bus azure_synapse dataprep google_cloud_platform grpc kubernetes
    salesforce slack slackwebhook snowflake wasb yandexcloud
    """.split()  # noqa: SIM905 - a list of so many strings helps no reader
)
"""The prefixes `extra__NAME__` that hooks still read besides the bare key: `get_field` of google 22.8.0,
microsoft-azure 15.2.1, cncf-kubernetes 10.25.0, asana 2.12.1, grpc 3.10.1, salesforce 5.15.1, slack 9.11.1, snowflake
6.20.0 and yandex 4.6.1."""


def package_of(conn_type: str) -> str:
    """The package whose hook a conn_type needs. Empty if Airflow 3 has it itself, or none is known."""
    return fields_of(conn_type).package


def bare_key(key: str) -> str:
    """The key that a hook reads before `extra__NAME__KEY`, the form of Airflow 2.0 to 2.2. Empty for other keys."""
    match = _PREFIXED.fullmatch(key)
    return match[2] if match and match[1] in _PREFIXES else ""
