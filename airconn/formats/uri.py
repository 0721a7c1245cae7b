"""The `uri` format: `conn_id=URI` lines, as `airflow connections export --file-format env` writes them."""

from __future__ import annotations

import re

from airconn.formats.declaration import Format

_ENTRY = r"[\w.-]+=(([a-zA-Z][a-zA-Z0-9+.-]*:)?//|\{\")"


def sniff(text: str) -> bool:
    """Whether every line of a text is `conn_id=URI`."""
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return bool(lines) and all(re.match(_ENTRY, line) for line in lines)


_CODE = "airconn.formats.uri_lines"
FORMAT = Format(
    "uri",
    ("*.uri",),
    sniff,
    reader=_CODE,
    writer=_CODE,
    kind_names=("connections",),
    always=(("connection_format", "uri"),),
)
