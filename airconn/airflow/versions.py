"""Version numbers of Airflow, and the versions that airconn reads and writes for."""

from __future__ import annotations

import re
from dataclasses import dataclass

from airconn.airflow.releases import RELEASE_DAYS, newest_release, oldest_release
from airconn.errors import UsageError


@dataclass(frozen=True, slots=True, order=True)
class AirflowVersion:
    """A released Airflow. Compares by number."""

    major: int
    minor: int
    patch: int = 0

    @classmethod
    def parse(cls, text: str) -> AirflowVersion:
        """The version that `text` names: `3.3.2`, `3.3`, `2.11.2+astro.1`, `3.1.0rc1`.

        Raises `UsageError` for any other text.
        """
        match = re.match(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?=$|[^0-9])", text.strip())
        if not match:
            hint = f"write it like {newest_release()} or 2.11"
            raise UsageError(f"{text!r} is not a version of Airflow", hint=hint)
        return cls(int(match[1]), int(match[2]), int(match[3] or 0))

    @property
    def series(self) -> str:
        """Its minor version: `2.11` of 2.11.2."""
        return f"{self.major}.{self.minor}"

    @property
    def is_airflow_2(self) -> bool:
        return self.major <= 2

    def __str__(self) -> str:
        return f"{self.series}.{self.patch}"


def is_of_astro(text: str) -> bool:
    """Whether a version is that of Astro Runtime, such as `3.1.2+astro.1`."""
    return "+astro." in text


KNOWN = tuple(map(AirflowVersion.parse, RELEASE_DAYS))
"""All known releases, the oldest first."""
OLDEST = AirflowVersion.parse(oldest_release())
NEWEST = AirflowVersion.parse(newest_release())
NEWEST_AIRFLOW_2 = max(version for version in KNOWN if version.is_airflow_2)
"""Represents Airflow 2 where the two majors are compared."""
LIKE_TASK_SDK = NEWEST_AIRFLOW_2
"""Reads connections as the Task SDK of every 3.x does: query values are texts, and an extra may be any text."""
SUPPORTED = f"Airflow {OLDEST.series} to {NEWEST_AIRFLOW_2.series} and 3"
"""The supported versions in words."""


def unknown(version: AirflowVersion) -> str:
    """Says of a minor version that isn't known which release it is taken for. Empty for a known one."""
    if any(known.series == version.series for known in KNOWN):
        return ""
    nearest = max(known for known in KNOWN if known < version)
    return f"unknown to this airconn, which goes by Airflow {nearest}"
