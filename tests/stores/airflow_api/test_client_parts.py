"""The client's packages are loaded only as far as they are used, and are whole for whoever wants them."""

from __future__ import annotations

import subprocess
import sys

_SCRIPT = """
import sys
from airconn.stores.airflow_api import client_parts

client_parts.prepare()
from airflow_client.client.api_client import ApiClient
from airflow_client.client.models.connection_body import ConnectionBody

def loaded():
    return sum(name.startswith("airflow_client.") for name in sys.modules)

few = loaded()
assert few < 30, few
client_parts.prepare()
import airflow_client.client
from airflow_client.client.models import *

assert airflow_client.client.ConnectionApi().api_client.__class__ is ApiClient
assert VariableBody is airflow_client.client.models.VariableBody
assert airflow_client.client.models.ConnectionBody is ConnectionBody
assert loaded() > 150
client_parts.prepare()
assert airflow_client.client.ApiClient is ApiClient
"""


def test_few_modules_are_loaded_and_the_others_are_there_when_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
