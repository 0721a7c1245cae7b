"""Logs in to a real Airflow 2 as a browser does, however many logins came before."""

from __future__ import annotations

import time

from airconn.config import Settings
from airconn.sandbox import Sandbox
from airconn.stores.airflow_api.login.web_session import WebSession, log_in
from airconn.stores.http.transport import Transport

_PATIENCE = 120.0
"""The seconds after which a login is taken for refused: FAB takes 5 logins in 40 s (`AUTH_RATE_LIMIT`)."""


def patient_log_in(box: Sandbox) -> WebSession:
    """A new session. Waits while the Airflow takes no more logins."""
    transport = Transport(box.url, Settings())
    ends = time.monotonic() + _PATIENCE
    try:
        while (session := log_in(transport, box.username, box.password, 30)) is None:
            assert time.monotonic() < ends, "the Airflow refuses the login"
            time.sleep(2)
    finally:
        transport.close()
    return session
