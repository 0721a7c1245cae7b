"""A server as messages name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RestServer:
    """What is asked: `base` is its address, `name` is like 'the Airflow'."""

    base: str
    name: str = "the server"
    named_by: str = "the command line"
    """Where the address comes from."""
    way_in: str = ""
    """What a user can set to be let through by what is in front of it, such as single sign-on."""
