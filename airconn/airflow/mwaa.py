"""How an Airflow at Amazon MWAA takes the web login token of AWS, which differs between Airflow 2 and 3.

MWAA's plugin for it is not public. Read in apache-airflow-providers-amazon 9.39.0, hooks/mwaa.py
`_get_session_conn`.
"""

from __future__ import annotations

from dataclasses import dataclass

from airconn.airflow.versions import AirflowVersion


@dataclass(frozen=True, slots=True)
class MwaaLogin:
    """The page that takes a web login token, as a form, and the cookie that it sets."""

    path: str
    cookie: str
    is_bearer: bool
    """Whether requests send the value of the cookie as a bearer token. Otherwise they send the cookie."""


_AIRFLOW_2 = MwaaLogin("/aws_mwaa/login", "session", is_bearer=False)
_AIRFLOW_3 = MwaaLogin("/pluginsv2/aws_mwaa/login", "_token", is_bearer=True)


def mwaa_logins(version: AirflowVersion | None) -> tuple[MwaaLogin, ...]:
    """The logins to try, the one of this version first. Without a version, Airflow 3 comes first."""
    return (_AIRFLOW_2, _AIRFLOW_3) if version is not None and version.is_airflow_2 else (_AIRFLOW_3, _AIRFLOW_2)
