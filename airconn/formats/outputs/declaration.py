"""The declaration of the `output` format."""

from __future__ import annotations

from airconn.formats.declaration import Format
from airconn.formats.outputs.source_options import CONNECTIONS_PREFIX, SECRET_NAME, VARIABLES_PREFIX


def sniff(text: str) -> bool:
    """Whether a text is the output of a known command, by its shape."""
    from airconn.formats.outputs import detection

    return detection.is_output(text)


FORMAT = Format(
    "output",
    (),
    sniff,
    reader="airconn.formats.outputs.reading",
    options=(CONNECTIONS_PREFIX, VARIABLES_PREFIX, SECRET_NAME),
    refines=("json", "yaml"),
)
