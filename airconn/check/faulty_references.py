"""Finds what is wrong with a reference, without a network."""

from __future__ import annotations

from airconn import trust
from airconn.errors import InputError
from airconn.override.references import parse


def fault_of(text: str) -> str:
    """What is wrong with a reference, as far as that can be told offline. Empty if nothing is."""
    try:
        reference = parse(text)
    except InputError as error:
        return error.message
    why = trust.refusal(reference.address)
    return f"the address {why}, and a reference may not do that" if why else ""
