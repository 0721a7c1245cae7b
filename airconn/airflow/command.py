"""What differs between versions of the `airflow` command."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from airconn.airflow.versions import AirflowVersion


@dataclass(frozen=True, slots=True)
class CommandDialect:
    """How one version of the command reads and writes."""

    chooses: bool
    """`variables import` is told what to do with what exists (2.8 cli/cli_config.py); before, it overwrites."""
    exact: bool
    """`variables list --show-values` prints texts unchanged (3.2 cli/cli_config.py)."""
    keeps_quoted: bool
    """`variables export` doesn't change a value that is a JSON text, and wraps one that looks wrapped (3.3)."""
    refuses_dots: bool
    """`connections import` takes no id with two dots in a row (3.3 utils/helpers.py `validate_key`)."""


@lru_cache(maxsize=64)
def dialect_of(version: AirflowVersion) -> CommandDialect:
    """The dialect of `version`; that of the nearest known version for a newer or older one."""
    return CommandDialect(
        chooses=version >= AirflowVersion(2, 8),
        exact=version >= AirflowVersion(3, 2),
        keeps_quoted=version >= AirflowVersion(3, 3),
        refuses_dots=version >= AirflowVersion(3, 3),
    )
