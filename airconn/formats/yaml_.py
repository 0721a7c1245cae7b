"""The `yaml` format: the shapes of :mod:`airconn.formats.shapes`, written as YAML."""

from __future__ import annotations

import re

from airconn.errors import InputError
from airconn.formats import shapes, yaml_tree
from airconn.formats.base import Parsed, ReadOptions, Rendered, WriteOptions, hidden_comments, holdable
from airconn.model import ALL_KINDS, Bundle

KINDS = ALL_KINDS
stored = shapes.stored


def sniff(text: str) -> bool:
    """Whether a text of unknown name looks like a YAML mapping."""
    return re.search(r"^[\w'\"./-]+:(\s|$)", text, re.MULTILINE) is not None


def parse(text: str, source: str, options: ReadOptions) -> Parsed:
    """The objects of a YAML document. Raises `InputError` with line and column where it isn't one."""
    document = yaml_tree.load(text, source)
    if document is None:
        raise InputError("this file holds nothing", where=source, hint="an empty mapping is written {}")
    return shapes.read(document, source, options)


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """The bundle as YAML."""
    bundle, lost = holdable(bundle, options)
    tree, losses = shapes.write(bundle, options)
    return Rendered(hidden_comments(bundle) + yaml_tree.dump(tree), (*lost, *losses))
