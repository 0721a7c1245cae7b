"""The options of the `output` format, which only files that are read have."""

from __future__ import annotations

from airconn.formats.format_option import FormatOption

CONNECTIONS_PREFIX = FormatOption(
    "connections_prefix",
    "",
    help_of_sources="Prefix of connections in the output of a secrets service [the default of Airflow's backend].",
)
VARIABLES_PREFIX = FormatOption(
    "variables_prefix",
    "",
    help_of_sources="Prefix of variables in the output of a secrets service [the default of Airflow's backend].",
)
SECRET_NAME = FormatOption(
    "secret_name",
    "",
    help_of_sources="The name of the secret in the output of vault kv get, such as connections/crm.",
)
