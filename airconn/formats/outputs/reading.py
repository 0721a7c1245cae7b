"""Reads the outputs of commands: the documents of a file, each by its shape."""

from __future__ import annotations

from airconn.errors import InputError
from airconn.formats.base import ReadOptions
from airconn.formats.outputs import tables
from airconn.formats.outputs.detection import bare, load
from airconn.formats.outputs.output_reader import OutputReader
from airconn.formats.outputs.shapes import origin_of, parts
from airconn.model import ALL_KINDS, Origin
from airconn.model.reading import Note, Reading


def read(text: str, source: str, options: ReadOptions) -> Reading:
    """The objects in the outputs of commands.

    Raises `InputError` for a table, and for a document that isn't the output of a known command.
    """
    text = bare(text)
    tables.refuse(text, source)
    if text.strip() == "null":
        return Reading(notes=(Note(source, "the command found no objects (null)"),), kinds=ALL_KINDS)
    reader = OutputReader(options, source)
    for document, origin in load(text, source):
        if document is None:
            continue  # `---` at the end
        found = parts(document)
        if not found:
            raise _unknown(origin)
        for shape, value, index in found:
            with reader.collecting():
                shape.read(value, origin_of(document, index, origin), reader)
    return reader.finish()


def _unknown(origin: Origin) -> InputError:
    return InputError(
        "this isn't the output of a command that airconn knows",
        where=str(origin),
        hint="airconn help formats lists them; for a file of another format leave --from-format out",
    )
