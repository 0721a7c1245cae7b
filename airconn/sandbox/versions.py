"""Which Airflow can be had: the day each release came out, and the Pythons it runs on."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from airconn.errors import UsageError
from airconn.model.airflow import NEWEST, OLDEST, AirflowVersion

# As the package index has them; the withdrawn 3.0.5 and 3.1.4 are left out. 2.11.1 came out on 2026-02-16, but it
# could be installed only once there was a provider that it needs.
RELEASE_DAYS = {
    "2.7.0": "2023-08-18",
    "2.7.1": "2023-09-07",
    "2.7.2": "2023-10-12",
    "2.7.3": "2023-11-06",
    "2.8.0": "2023-12-18",
    "2.8.1": "2024-01-19",
    "2.8.2": "2024-02-26",
    "2.8.3": "2024-03-11",
    "2.8.4": "2024-03-25",
    "2.9.0": "2024-04-08",
    "2.9.1": "2024-05-06",
    "2.9.2": "2024-06-10",
    "2.9.3": "2024-07-16",
    "2.10.0": "2024-08-15",
    "2.10.1": "2024-09-06",
    "2.10.2": "2024-09-20",
    "2.10.3": "2024-11-05",
    "2.10.4": "2024-12-16",
    "2.10.5": "2025-02-10",
    "2.11.0": "2025-05-20",
    "2.11.1": "2026-02-21",
    "2.11.2": "2026-03-14",
    "3.0.0": "2025-04-22",
    "3.0.1": "2025-05-12",
    "3.0.2": "2025-06-10",
    "3.0.3": "2025-07-14",
    "3.0.4": "2025-08-08",
    "3.0.6": "2025-08-29",
    "3.1.0": "2025-09-25",
    "3.1.1": "2025-10-27",
    "3.1.2": "2025-11-05",
    "3.1.3": "2025-11-14",
    "3.1.5": "2025-12-12",
    "3.1.6": "2026-01-13",
    "3.1.7": "2026-02-04",
    "3.1.8": "2026-03-11",
    "3.2.0": "2026-04-07",
    "3.2.1": "2026-04-22",
    "3.2.2": "2026-05-29",
    "3.3.0": "2026-07-06",
    "3.3.1": "2026-08-12",
    "3.3.2": "2026-09-17",
}

# The first and the last Python 3.N that all releases of a minor version declare and their dependencies install on.
PYTHONS = {
    (2, 7): (8, 11),
    (2, 8): (8, 11),
    (2, 9): (8, 12),
    (2, 10): (8, 12),
    (2, 11): (10, 12),
    (3, 0): (9, 12),
    (3, 1): (10, 13),
    (3, 2): (10, 14),
    (3, 3): (10, 14),
}


@dataclass(frozen=True, slots=True)
class Release:
    """One Airflow, and what it takes to install it as it was when it came out."""

    version: AirflowVersion
    cutoff: str | None
    """Nothing uploaded from this moment on (RFC 3339) is installed. None where the release day isn't known."""
    pythons: tuple[int, ...]
    """The minor versions of Python 3 that it runs on, the newest first."""

    @property
    def is_airflow_2(self) -> bool:
        return self.version.major == 2

    def __str__(self) -> str:
        return str(self.version)

    def describe_pythons(self) -> str:
        """Its Pythons in words: `3.8 to 3.11`."""
        return f"3.{self.pythons[-1]} to 3.{self.pythons[0]}"


def resolve(text: str | None = None) -> Release:
    """The release that `text` names: `2.7.3`; or by a prefix, the newest known patch of `2.7`; None is the newest.

    A patch or a minor version newer than the table is taken at its word. Raises `UsageError` for anything else.
    """
    if text is None:
        return _release(NEWEST)
    if not re.fullmatch(r"\d{1,4}(\.\d{1,4}){0,2}", text):
        raise UsageError(f"{text!r} is not a version of Airflow", where="--airflow", hint=_what_there_is())
    numbers = tuple(int(part) for part in text.split("."))
    known = [AirflowVersion.parse(version) for version in RELEASE_DAYS]
    if matching := [v for v in known if (v.major, v.minor, v.patch)[: len(numbers)] == numbers]:
        return _release(max(matching))
    if len(numbers) == 3:
        version = AirflowVersion(*numbers)
        siblings = [v for v in known if (v.major, v.minor) == (version.major, version.minor)]
        if version > max(siblings, default=NEWEST):
            return _release(version)
    if numbers < (OLDEST.major, OLDEST.minor):
        problem = f"Airflow {text} is too old: the oldest that the sandbox runs is {OLDEST}"
    elif numbers > (NEWEST.major, NEWEST.minor, NEWEST.patch):
        full = ".".join(str(number) for number in (*numbers, 0, 0)[:3])
        problem = f"Airflow {text} is newer than any that this airconn knows: name it in full, such as {full}"
    else:
        problem = f"there is no Airflow {text}"
    raise UsageError(problem, where="--airflow", hint=_what_there_is())


def _release(version: AirflowVersion) -> Release:
    day = RELEASE_DAYS.get(str(version))
    first, last = PYTHONS.get((version.major, version.minor), PYTHONS[NEWEST.major, NEWEST.minor])
    return Release(
        version=version,
        cutoff=f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00Z" if day else None,
        pythons=tuple(range(last, first - 1, -1)),
    )


def _what_there_is() -> str:
    """All known releases, one range a minor version: `2.7.0 to 2.7.3, 2.8.0 to 2.8.4, …`."""
    patches: dict[tuple[int, int], list[AirflowVersion]] = {}
    for version in map(AirflowVersion.parse, RELEASE_DAYS):
        patches.setdefault((version.major, version.minor), []).append(version)
    return "there is " + ", ".join(f"{min(group)} to {max(group)}" for group in patches.values())
