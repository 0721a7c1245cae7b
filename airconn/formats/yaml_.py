"""The `yaml` format: documents of objects, written as YAML."""

from __future__ import annotations

import re

from airconn.formats.declaration import Format
from airconn.formats.variables_shape import VARIABLES_SHAPE


def sniff(text: str) -> bool:
    """Whether a text looks like a YAML mapping."""
    return re.search(r"^[\w'\"./-]+:(\s|$)", text, re.MULTILINE) is not None


_CODE = "airconn.formats.yaml_documents"
FORMAT = Format("yaml", ("*.yaml", "*.yml"), sniff, reader=_CODE, writer=_CODE, options=(VARIABLES_SHAPE,))
