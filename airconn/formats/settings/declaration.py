"""The declaration of the `settings` format."""

from __future__ import annotations

import re

from airconn.formats.declaration import Format


def sniff(text: str) -> bool:
    """Whether a text has the top-level key `airflow`."""
    return re.search(r"^airflow:(\s|$)", text, re.MULTILINE) is not None


FORMAT = Format(
    "settings",
    ("airflow_settings*.yaml", "airflow_settings*.yml"),
    sniff,
    reader="airconn.formats.settings.reading",
    writer="airconn.formats.settings.writing",
    updater="airconn.formats.settings.update",
    refines=("yaml",),
)
