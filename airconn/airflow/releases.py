"""The releases of Airflow from the oldest to the newest: the day each one came out, and the Pythons it runs on."""

from __future__ import annotations

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
    "2.7": (8, 11),
    "2.8": (8, 11),
    "2.9": (8, 12),
    "2.10": (8, 12),
    "2.11": (10, 12),
    "3.0": (9, 12),
    "3.1": (10, 13),
    "3.2": (10, 14),
    "3.3": (10, 14),
}


def oldest_release() -> str:
    """The oldest Airflow that airconn supports."""
    return next(iter(RELEASE_DAYS))


def newest_release() -> str:
    """The newest Airflow that airconn knows."""
    return next(reversed(RELEASE_DAYS))
