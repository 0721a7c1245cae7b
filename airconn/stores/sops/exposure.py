"""Finds the secrets that a file has in clear although SOPS has encrypted it, as its rules leave some values out."""

from __future__ import annotations

from collections.abc import Iterable

from airconn import formats
from airconn.formats.base import ReadOptions
from airconn.formats.sops.sealed import CIPHERTEXT, SopsType, type_of
from airconn.model import AirflowObject
from airconn.model.reading import Key
from airconn.model.secrecy import secret_leaves
from airconn.patterns import pattern
from airconn.stores.file import FileStore

_CIPHERTEXT = pattern(rf"""(["']?){CIPHERTEXT.pattern}\1""")
"""An encrypted value, in quotes or not."""


def in_clear(store: FileStore, objects: Iterable[AirflowObject]) -> list[AirflowObject]:
    """Those of the objects of a file of which it has a secret in clear. All of them, if it isn't encrypted."""
    sealed = store.sealed_text()
    if sealed is None:
        return list(objects)
    found = _exposed(sealed, store)
    return [obj for obj in objects if (obj.kind, obj.id) in found]


def _exposed(sealed: str, store: FileStore) -> frozenset[Key]:
    type_ = type_of(sealed)
    if type_ is None or type_ is SopsType.BINARY:
        return frozenset()
    from airconn.formats.sops.clear import without_metadata

    empty = "" if type_ is SopsType.DOTENV else '""'
    text = _CIPHERTEXT.sub(empty, without_metadata(sealed, type_))
    options = ReadOptions(values=store.format_values())
    reading = formats.get_format(store.format_name()).read(text, store.address, options)
    return frozenset((obj.kind, obj.id) for obj in reading.found if any(secret_leaves(obj)))
