"""The ways to log in to an Airflow. A new one is a module here, and a line below."""

from __future__ import annotations

from airconn.stores.airflow_api.login.anonymous_token import AnonymousToken
from airconn.stores.airflow_api.login.google import SourcedToken
from airconn.stores.airflow_api.login.login_way import LoginWay
from airconn.stores.airflow_api.login.mwaa import MwaaWebLogin
from airconn.stores.airflow_api.login.password_session import PasswordSession
from airconn.stores.airflow_api.login.password_token import PasswordToken
from airconn.stores.airflow_api.login.token import GivenToken
from airconn.stores.airflow_api.login.token_command import TokenCommand

WAYS: tuple[type[LoginWay], ...] = (
    SourcedToken,
    GivenToken,
    TokenCommand,
    PasswordSession,
    PasswordToken,
    MwaaWebLogin,
    AnonymousToken,
)
"""The first one that fits the credentials is taken."""
