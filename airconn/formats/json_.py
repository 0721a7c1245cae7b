"""The `json` format: documents of objects, written as JSON."""

from __future__ import annotations

import re

from airconn.formats.declaration import Format
from airconn.formats.variables_shape import VARIABLES_SHAPE


def sniff(text: str) -> bool:
    """Whether a text looks like a JSON object or list."""
    return re.match(r"\s*[\[{]", text) is not None


_CODE = "airconn.formats.json_documents"
FORMAT = Format("json", ("*.json",), sniff, reader=_CODE, writer=_CODE, options=(VARIABLES_SHAPE,))
