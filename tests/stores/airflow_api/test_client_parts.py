"""The client's packages are loaded only as far as they are used, and are whole for whoever wants them."""

from __future__ import annotations

import subprocess
import sys

import pytest

_SCRIPT = """
import sys
from airconn.stores.airflow_api import client_parts

client_parts.prepare()
from airflow_client.client.configuration import Configuration
from airflow_client.client.rest import RESTClientObject

def loaded():
    return sum(name.startswith("airflow_client.") for name in sys.modules)

few = loaded()
assert few < 5, few
client_parts.prepare()
import airflow_client.client
from airflow_client.client.models import *

client = airflow_client.client.ConnectionApi().api_client
assert client.__class__ is airflow_client.client.ApiClient
assert client.rest_client.__class__ is RESTClientObject
assert client.configuration.__class__ is Configuration
assert VariableBody is airflow_client.client.models.VariableBody
assert loaded() > 150
client_parts.prepare()
assert airflow_client.client.ConnectionApi().api_client is client
"""


_REQUESTS = """
import sys, threading
from airconn.config import Settings
from airconn.stores.http.faults import NoAnswer
from airconn.stores.airflow_api.client import airflow_transport
from airconn.stores.http.messages import Request

ends = []

def ask():
    try:
        airflow_transport("http://127.0.0.1:1", Settings()).send(Request("GET", "/"), {})
    except NoAnswer as error:
        ends.append(error.message)

assert not [name for name in sys.modules if name.startswith(("airflow_client", "urllib3", "pydantic"))]
threads = [threading.Thread(target=ask) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert ends == ["nothing listens there"] * 8, ends
assert sum(name.startswith("airflow_client.") for name in sys.modules) < 5
assert "pydantic" not in sys.modules
"""
_LOADED_BEFORE = """
import sys
import airflow_client.client
from airconn.stores.airflow_api import client_parts

before = dict(sys.modules)
for name in ("airflow_client.client", "airflow_client.no_such_package", "airflow_client.client.api_client"):
    client_parts.prepare(name)
assert {name: module for name, module in sys.modules.items() if name.startswith("airflow_client")} == {
    name: module for name, module in before.items() if name.startswith("airflow_client")
}
assert "__getattr__" not in vars(airflow_client.client)
"""


@pytest.mark.parametrize("script", [_SCRIPT, _REQUESTS, _LOADED_BEFORE], ids=["parts", "requests", "loaded before"])
def test_few_modules_are_loaded_and_the_others_are_there_when_asked_for(script: str) -> None:
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
