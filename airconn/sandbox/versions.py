"""Finds the release of Airflow that a text names, with what is needed to install it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from airconn.airflow.releases import PYTHONS, RELEASE_DAYS
from airconn.airflow.versions import KNOWN, NEWEST, OLDEST, AirflowVersion
from airconn.errors import UsageError


@dataclass(frozen=True, slots=True)
class Release:
    """One Airflow, and what is needed to install it with the dependencies of its release day."""

    version: AirflowVersion
    cutoff: str | None
    """The time (RFC 3339) from which uploaded packages aren't installed. None if the release day isn't known."""
    pythons: tuple[int, ...]
    """The minor versions of Python 3 that it runs on, newest first."""

    def __str__(self) -> str:
        return str(self.version)

    def describe_pythons(self) -> str:
        """Its Pythons in words: `3.8 to 3.11`."""
        return f"3.{self.pythons[-1]} to 3.{self.pythons[0]}"


def resolve(text: str | None = None) -> Release:
    """The release that `text` names: `2.7.3`; or by a prefix, the newest known patch of `2.7`; None is the newest.

    A patch or a minor version newer than the table is accepted. Raises `UsageError` for anything else.
    """
    if text is None:
        return _release(NEWEST)
    if not re.fullmatch(r"\d{1,4}(\.\d{1,4}){0,2}", text):
        raise UsageError(f"{text!r} is not a version of Airflow", where="--airflow", hint=_what_there_is())
    numbers = tuple(int(part) for part in text.split("."))
    if matching := [v for v in KNOWN if (v.major, v.minor, v.patch)[: len(numbers)] == numbers]:
        return _release(max(matching))
    if len(numbers) == 3:
        version = AirflowVersion(*numbers)
        siblings = [v for v in KNOWN if v.series == version.series]
        if version > max(siblings, default=NEWEST):
            return _release(version)
    if numbers < (OLDEST.major, OLDEST.minor):
        problem = f"Airflow {text} is too old: the oldest for a sandbox is {OLDEST}"
    elif numbers > (NEWEST.major, NEWEST.minor, NEWEST.patch):
        full = ".".join(str(number) for number in (*numbers, 0, 0)[:3])
        problem = f"Airflow {text} is newer than this airconn: write the full version, such as {full}"
    else:
        problem = f"unknown Airflow {text}"
    raise UsageError(problem, where="--airflow", hint=_what_there_is())


def _release(version: AirflowVersion) -> Release:
    day = RELEASE_DAYS.get(str(version))
    first, last = PYTHONS.get(version.series, PYTHONS[NEWEST.series])
    return Release(
        version=version,
        cutoff=f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00Z" if day else None,
        pythons=tuple(range(last, first - 1, -1)),
    )


def _what_there_is() -> str:
    """All known releases, a range for each minor version: `2.7.0 to 2.7.3, 2.8.0 to 2.8.4, …`."""
    patches: dict[str, list[AirflowVersion]] = {}
    for version in KNOWN:
        patches.setdefault(version.series, []).append(version)
    return "there is " + ", ".join(f"{min(group)} to {max(group)}" for group in patches.values())
