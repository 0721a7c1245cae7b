"""Reads and writes documents of objects as YAML."""

from __future__ import annotations

from airconn.errors import InputError
from airconn.formats import documents, foreign_texts, yaml_scalars, yaml_tree
from airconn.formats.base import ReadOptions, Rendered, WriteOptions, hidden_comments, holdable
from airconn.model import Bundle
from airconn.model.reading import Reading

stored = documents.stored


def read(text: str, source: str, options: ReadOptions) -> Reading:
    """The objects of a YAML document, whose scalars are what they are to Airflow (YAML 1.1).

    Raises `InputError` with line and column if it isn't YAML.
    """
    try:
        document = yaml_tree.load(text, source, yaml_scalars.AIRFLOW)
    except InputError:
        foreign_texts.refuse_manifests(text, source)
        raise
    if document is None:
        raise InputError("this file holds nothing", where=source, hint="an empty mapping is written {}")
    if isinstance(document, str):  # to YAML, any text is one
        foreign_texts.refuse(text, source, is_told=False)
    return documents.read(document, source, options)


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """The bundle as YAML."""
    bundle, lost = holdable(bundle, options)
    tree, losses = documents.write(bundle, options)
    return Rendered(hidden_comments(bundle) + yaml_tree.dump(tree), (*lost, *losses))
