"""The options of the `output` format, which only files that are read have."""

from __future__ import annotations

from airconn.formats.format_option import FormatOption

CONNECTIONS_PREFIX = FormatOption(
    "connections_prefix",
    "",
    help_of_sources="What the names of connections begin with in the output of a secrets service "
    "[as in Airflow's backend for it].",
)
VARIABLES_PREFIX = FormatOption(
    "variables_prefix",
    "",
    help_of_sources="What the names of variables begin with in the output of a secrets service "
    "[as in Airflow's backend for it].",
)
SECRET_NAME = FormatOption(
    "secret_name",
    "",
    help_of_sources="The name of the secret in the output of vault kv get, such as connections/crm.",
)
