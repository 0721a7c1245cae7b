"""The ways to log in to an Airflow. A new one is a module here, and a line below."""

from __future__ import annotations

from airconn.stores.airflow_api.login.anonymous_token import AnonymousToken
from airconn.stores.airflow_api.login.client_credentials import ClientCredentials, ClientWithoutKeycloak
from airconn.stores.airflow_api.login.google import SourcedToken
from airconn.stores.airflow_api.login.login_way import LoginWay
from airconn.stores.airflow_api.login.mwaa import MwaaWebLogin
from airconn.stores.airflow_api.login.own_header import OwnHeader
from airconn.stores.airflow_api.login.password_session import PasswordSession
from airconn.stores.airflow_api.login.password_token import PasswordToken
from airconn.stores.airflow_api.login.token import GivenToken
from airconn.stores.airflow_api.login.token_command import TokenCommand

WAYS: tuple[type[LoginWay], ...] = (
    SourcedToken,
    OwnHeader,
    GivenToken,
    TokenCommand,
    PasswordSession,
    PasswordToken,
    MwaaWebLogin,
    ClientCredentials,
    ClientWithoutKeycloak,
    AnonymousToken,
)
"""The first one that fits the credentials is taken."""
