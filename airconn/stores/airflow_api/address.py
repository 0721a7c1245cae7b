"""Makes the base URL of an API of the address that a user gives."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from airconn.airflow.web_pages import split_page
from airconn.browser_urls import is_of_browser
from airconn.errors import UsageError
from airconn.stores.airflow_api.console_pages import is_console, meant_by

_EXAMPLE = "an address is like http://localhost:8080 or https://example.org/deployment"


def base_url(address: str) -> str:
    """The address without a trailing `/`, and without a page of the web interface such as `/home?orgId=…`.

    Raises `UsageError`, which never quotes an address that has credentials or a query in it.
    """
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise UsageError("the address of the Airflow is not a valid URL", hint=_EXAMPLE) from None
    if "@" in parts.netloc:
        raise UsageError(
            "the address of the Airflow has a user name or a password in it",
            hint="leave them out, and set AIRCONN_USERNAME and AIRCONN_PASSWORD, or AIRCONN_TOKEN",
        )
    if not parts.hostname or any(char.isspace() or not char.isprintable() for char in address):
        raise UsageError("the address of the Airflow names no host", hint=_EXAMPLE)
    if is_console(address):
        meant = meant_by(address)
        raise UsageError(
            f"the address is a page of the console of {parts.hostname}, not an Airflow",
            hint=f"did you mean {meant}?" if meant else "see airconn help astro, mwaa or composer",
        )
    path = split_page(parts.path)
    if not is_of_browser(parts.query, parts.fragment, path.page):
        raise UsageError(
            "the address of the Airflow has a query or a fragment in it",
            hint=f"leave out everything from the first '?' or '#'; {_EXAMPLE}",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme.lower()}://{host}{f':{port}' if port is not None else ''}{path.base}"


def path_of(*segments: str) -> str:
    """The path of these segments, each percent-encoded in full.

    A segment of dots is encoded as well: clients and proxies resolve `.` and `..`, which are both valid ids.
    """
    return "/" + "/".join(
        quote(segment, safe="") if segment.strip(".") else segment.replace(".", "%2E") for segment in segments
    )
