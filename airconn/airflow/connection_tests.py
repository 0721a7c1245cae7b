"""How an Airflow tests a connection, and what its answers mean.

Read in the sources of 2.7.3, 2.11.2, 3.0.6, 3.1.8, 3.2.2 and 3.3.2: `models/connection.py` `Connection.get_hook` and
`test_connection`, `providers_manager.py` `_init_airflow_core_hooks`, v1 `endpoints/connection_endpoint.py` and v2
`routes/public/connections.py` `test_connection`.
"""

from __future__ import annotations

import re

from airconn.airflow.versions import AirflowVersion

SETTING = "test_connection"
"""The option of the section `core` in airflow.cfg that allows tests. It is `Disabled` by default since 2.7."""
ENABLED = "Enabled"

_SWITCHED_OFF = "Testing connections is disabled"
_UNTESTABLE = re.compile(r"Hook \w+ doesn't implement or inherit test_connection method")
_NO_HOOK = re.compile(r'Unknown hook type "')
_NO_MODULE = re.compile(r"No module named ")
_WITHOUT_HOOK = frozenset({"generic", "email"})
"""The types that Airflow itself has without a hook, on which a test ends in an error of Python."""


def is_switched_off(status: int, text: str) -> bool:
    """Whether an answer says that this Airflow tests no connections.

    v1 answers with a text and v2 with JSON, both with status 403.
    """
    return status == 403 and _SWITCHED_OFF in text


def how_to_switch_on(version: AirflowVersion) -> str:
    """What makes an Airflow of this version test connections, in words."""
    server = "webserver" if version.is_airflow_2 else "API server"
    return f"set AIRFLOW__CORE__TEST_CONNECTION={ENABLED} for its {server}, and restart it"


def is_untestable(conn_type: str, message: str) -> bool:
    """Whether a failure means that connections of this type can't be tested."""
    return conn_type in _WITHOUT_HOOK or _UNTESTABLE.search(message) is not None


def is_not_installed(message: str) -> bool:
    """Whether a failure means that the provider of the type, or what it needs, isn't installed there."""
    return _NO_HOOK.search(message) is not None or _NO_MODULE.match(message) is not None
