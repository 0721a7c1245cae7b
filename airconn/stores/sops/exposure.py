"""Finds the secrets that a file has in clear although SOPS has encrypted it, as its rules leave some values out."""

from __future__ import annotations

import re

from airconn import formats
from airconn.formats.base import ReadOptions
from airconn.formats.sops.clear import without_metadata
from airconn.formats.sops.sealed import CIPHERTEXT, SopsType, type_of
from airconn.model.reading import Key
from airconn.model.secrecy import secret_leaves

_CIPHERTEXT = re.compile(rf"""(["']?){CIPHERTEXT.pattern}\1""")
"""An encrypted value, in quotes or not."""


def exposed(sealed: str, address: str, format_name: str, options: ReadOptions) -> frozenset[Key]:
    """The objects of an encrypted text of which a secret is in clear."""
    type_ = type_of(sealed)
    if type_ is None or type_ is SopsType.BINARY:
        return frozenset()
    empty = "" if type_ is SopsType.DOTENV else '""'
    text = _CIPHERTEXT.sub(empty, without_metadata(sealed, type_))
    reading = formats.get_format(format_name).read(text, address, options)
    return frozenset((obj.kind, obj.id) for obj in reading.found if any(secret_leaves(obj)))
