"""Tells which comments an encrypted file doesn't get."""

from __future__ import annotations

from dataclasses import replace

from airconn.formats.base import Rendered
from airconn.formats.sops.changes import lost_comments
from airconn.formats.sops.sealed import type_of
from airconn.model.reading import Note


def with_note(rendered: Rendered, old: str, sealed: str, address: str) -> Rendered:
    """The new text of an encrypted file, whose clear text is `old`, with a note if SOPS can't add comments of it."""
    type_ = type_of(sealed)
    if type_ is None or not lost_comments(old, rendered.text, type_):
        return rendered
    note = Note(address, "new comments are left out: sops can't add them to an encrypted YAML file")
    return replace(rendered, notes=(*rendered.notes, note))
