"""The packages that a sandbox has beside Airflow."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from airconn.errors import UsageError

_REQUIREMENT = re.compile(
    r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
    r"(?:\[[A-Za-z0-9._,-]+\])?"
    r"(?:(?:===|==|~=|!=|<=|>=|<|>)[A-Za-z0-9.*+!_-]+(?:,(?:==|~=|!=|<=|>=|<|>)[A-Za-z0-9.*+!_-]+)*)?"
)


def extra_packages(names: Iterable[str]) -> tuple[str, ...]:
    """The names, each once, sorted. Raises `UsageError` for what isn't the name of a package, such as an option."""
    found = sorted(set(names))
    for name in found:
        if not _REQUIREMENT.fullmatch(name):
            raise UsageError(
                "not the name of a package",
                where="--install",
                hint="such as apache-airflow-providers-postgres, or apache-airflow-providers-postgres==6.2.0",
            )
    return tuple(found)


def suffix(packages: Sequence[str]) -> str:
    """The end of the name of an environment with these packages, which is another one for other packages."""
    return f"-{hashlib.sha256(' '.join(packages).encode()).hexdigest()[:12]}" if packages else ""
