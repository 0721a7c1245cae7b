"""Decides which new variables are secrets at Astro. A secret stays one, and Astro shows its value to few."""

from __future__ import annotations

from airconn.model import AirflowObject, Connection, Text, Variable
from airconn.model.secrecy import secret_leaves


def is_secret(obj: AirflowObject, chosen: str | None) -> bool:
    """Whether a new variable is a secret. `chosen` is the option `secret`: `all`, `none` or None.

    Without it, a variable is one by its name and its value, and the environment variable of a connection always. An
    empty value never is, because Astro shows the empty text for each secret.
    """
    if isinstance(obj, Variable):
        if not isinstance(obj.value, Text) or not obj.value.text:
            return False
        return chosen == "all" or (chosen is None and any(name == "value" for name, _ in secret_leaves(obj)))
    return isinstance(obj, Connection) and chosen != "none"
