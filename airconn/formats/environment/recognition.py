"""Recognizes documents that hold environment variables of Airflow, and not its objects themselves."""

from __future__ import annotations

from typing import Any

from airconn.errors import InputError
from airconn.formats import shared_tree
from airconn.formats.environment import shapes
from airconn.formats.environment.walk import Walk
from airconn.formats.kind_detection import kind_of_name
from airconn.formats.settings.meant_fields import is_meant
from airconn.model import Kind

_SECTIONS = {kind.value for kind in Kind}


def holds_variables(path: str, text: str) -> bool:
    """Whether a text in a file of this name is one that the `environment` format reads.

    Secrets of Kubernetes alone are left to the `k8s` format, which can also change them. A file of objects may have
    such names inside of a value, so that there the document must have the shape of a tool, or the name at its top.
    """
    documents = shared_tree.try_load(text)
    if documents is None or not any(isinstance(document, dict | list) for document, _ in documents):
        return False  # most texts are a scalar to YAML
    walk = Walk(text, path, skips_secrets=True)
    try:
        walk.documents(documents)
    except InputError:
        return True  # a Secret beside others that has a fault, which the reader tells
    if walk.sections:
        airflows = [document.get("airflow") for document, _ in documents if isinstance(document, dict)]
        return not any(isinstance(airflow, dict) and is_meant(airflow, path) for airflow in airflows)
    if not walk.entries or (len(documents) == 1 and _has_sections(documents[0][0])):
        return False
    if any(entry.is_evident for entry in walk.entries):
        return True
    if not any(entry.is_likely for entry in walk.entries):
        return False
    holders = {entry.holder for entry in walk.entries}
    is_named = kind_of_name(path) is not None
    return not is_named and all(shapes.may_be_configuration(document, holders) for document, _ in documents)


def _has_sections(document: Any) -> bool:
    """Whether a document has the shape of airconn's own files."""
    return (
        isinstance(document, dict)
        and document.keys() <= _SECTIONS
        and all(isinstance(value, dict | list | None) for value in document.values())
    )
