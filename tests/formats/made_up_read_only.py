"""The `told` format, which only exists in the tests: a JSON or YAML document of `told` keys and values. Only read."""

from __future__ import annotations

from airconn.formats import shared_tree
from airconn.formats.base import Faults, ReadOptions, reading
from airconn.formats.declaration import Format
from airconn.model import Text, Variable
from airconn.model.reading import Reading


def sniff(text: str) -> bool:
    documents = shared_tree.try_load(text) if "told" in text else None
    return bool(documents) and isinstance(documents[0][0], dict) and "told" in documents[0][0]


def read(text: str, source: str, options: ReadOptions) -> Reading:
    ((document, _),) = shared_tree.load(text, source)
    told = document["told"]
    found = [Variable(key=key, value=Text.of(value), origin=told.origin(key)) for key, value in told.items()]
    return reading(found, Faults(), kinds=FORMAT.kinds)


FORMAT = Format("told", ("*.told",), sniff, reader=__name__, kind_names=("variables",), refines=("json", "yaml"))
