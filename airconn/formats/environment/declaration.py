"""The declaration of the `environment` format."""

from __future__ import annotations

import re

from airconn.formats.declaration import Format
from airconn.patterns import pattern

_NAME = pattern(r"AIRFLOW_(?:CONN|VAR)_[A-Za-z0-9]")
_CHART = pattern(r"(?<!\w)airflow[\"']?[ \t]*:")
_CHART_ENTRY = pattern(r"(?<!\w)(?:id|key|slots)[\"']?[ \t]*:")
_DOCUMENT = pattern(r"\s*[\[{]|^[ \t]*- |^[\w'\"./-]+:(\s|$)", re.MULTILINE)


def sniff(text: str) -> bool:
    """Whether a text is the file of another tool with environment variables of Airflow in it."""
    return recognizes("", text)


def recognizes(path: str, text: str) -> bool:
    """The same for a file, whose name may say that it holds objects instead.

    Only a text with such names, or with the keys of a chart, is parsed.
    """
    has_names = _NAME.search(text) is not None
    if not has_names and not (_CHART.search(text) and _CHART_ENTRY.search(text)):
        return False
    from airconn.formats.environment import recognition, systemd

    if has_names and systemd.sniff(text):
        return True
    return _DOCUMENT.search(text) is not None and recognition.holds_variables(path, text)


FORMAT = Format(
    "environment",
    (),
    sniff,
    reader="airconn.formats.environment.reading",
    refines=("json", "yaml", "settings", "k8s"),
    recognizes=recognizes,
    yields_to_kind=True,
)
