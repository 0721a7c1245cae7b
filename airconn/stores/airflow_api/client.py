"""Carries requests to an Airflow by apache-airflow-client, over a pool of connections of `stores.http`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from airconn.config import Settings
from airconn.stores.airflow_api import client_parts
from airconn.stores.http.messages import Request
from airconn.stores.http.transport import Carrier, Transport

if TYPE_CHECKING:
    from urllib3 import PoolManager
    from urllib3.response import BaseHTTPResponse


def airflow_transport(
    base: str,
    settings: Settings,
    headers: Mapping[str, str] | None = None,
    *,
    unreached: str = "",
    make: Callable[..., Transport] = Transport,
) -> Transport:
    """The transport to the Airflow at `base`. Nothing is imported or opened before the first request.

    `headers` are sent with each request, for what is in front of the Airflow. `unreached` is the hint where no
    connection comes about, if there is a likely reason. `make` is a subclass of `Transport`, for a gateway in front
    of the Airflow.
    """
    way_in = "set AIRCONN_TOKEN to a token, or AIRCONN_HEADER_<NAME> to a header, that it accepts"
    return make(
        base,
        settings,
        name="the Airflow",
        way_in=way_in,
        unreached=unreached,
        carrier=_by_client,
        headers=headers,
    )


def _by_client(pool: PoolManager) -> Carrier:
    client_parts.prepare()
    from airflow_client.client.configuration import Configuration
    from airflow_client.client.exceptions import ApiException
    from airflow_client.client.rest import RESTClientObject
    from urllib3.exceptions import SSLError

    configuration = Configuration()
    configuration.proxy = None  # the pool already uses that of the environment
    client = RESTClientObject(configuration)
    client.pool_manager = pool

    def carry(request: Request, url: str, headers: Mapping[str, str], seconds: float) -> BaseHTTPResponse:
        form = None if request.form is None else list(request.form.items())
        try:
            return client.request(  # type: ignore[no-any-return, no-untyped-call]
                request.method, url, headers=headers, body=request.body, post_params=form, _request_timeout=seconds
            ).response
        except ApiException as error:
            # The client turns a TLS failure into this, with the reason as its text.
            raise SSLError(str(error.reason)) from None

    return carry
