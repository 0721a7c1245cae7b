"""The one place where what differs between versions of Airflow is written down, for the model and the formats."""

from __future__ import annotations

import re
from dataclasses import dataclass

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

        Raises `UsageError` where it names none.
        """
        match = re.match(r"([0-9]{1,4})\.([0-9]{1,4})(?:\.([0-9]{1,4}))?(?=$|[^0-9])", text.strip())
        if not match:
            raise UsageError(f"{text!r} is not a version of Airflow", hint="write it like 3.3.2 or 2.11")
        return cls(int(match[1]), int(match[2]), int(match[3] or 0))

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"


OLDEST = AirflowVersion(2, 7, 0)
NEWEST = AirflowVersion(3, 3, 2)
LIKE_TASK_SDK = AirflowVersion(2, 11, 2)
"""Whose core reads connections as the Task SDK of every 3.x does: query values are texts, and any extra will do."""
