"""The server of requests, for messages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestServer:
    """A server. `base` is its address, and `name` is like 'the Airflow'."""

    base: str
    name: str = "the server"
    named_by: str = "the command line"
    """The place where its address is named."""
    way_in: str = ""
    """The setting that lets a user through a gateway in front of it, such as single sign-on."""
    unreached: str = ""
    """The hint where no connection comes about, if there is a likely reason."""
