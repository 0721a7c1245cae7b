"""Recognizes the output of commands: by a key that they have, then by the document itself."""

from __future__ import annotations

import re

from airconn.formats.outputs import tables

_HEAD = re.compile(
    r"Using an Astro API Token"  # the Astro CLI, where ASTRO_API_TOKEN is set
    r"|\d{4}-\d\d-\d\dT[\d:.]+\S* \[\w+ *\] .*"  # Airflow 3.2 logs to the standard output
    r"|\[\d{4}-\d\d-\d\d[T ][\d:.,]+\S*\] \{[^{}]+\} [A-Z]+ .*"  # plugins of Airflow 2 do
)
"""A line that a command prints above its output."""
_KEYS = (
    "conn_id|connection_id|key|pool|is_encrypted|total_entries|occupied_slots|objectKey|environment_variables"
    "|SecretString|SecretBinary|SecretValues|Parameters?|lease_id|payload|attributes"
)
_KEY = re.compile(rf'"(?:{_KEYS})"\s*:|(?m:^[ \t]*(?:- +)*["\']?(?:{_KEYS})["\']?:(?:\s|$))')
"""The keys of which each output has at least one. Without one, a text needn't be parsed."""


def without_head(text: str) -> str:
    """The text with empty lines in place of those above an output, so that the others keep their numbers."""
    start = end = int(text.startswith("\ufeff"))
    while (newline := text.find("\n", end)) > 0 and _HEAD.fullmatch(text[end:newline].rstrip("\r")):
        end = newline + 1
    return "\n" * text.count("\n", start, end) + text[end:] if end > start else text


def is_output(text: str) -> bool:
    """Whether the text is the output of a known command, or a table that such a command prints."""
    if tables.command_of(text):
        return True
    bare = without_head(text)
    if bare is not text and bare.strip() == "null":
        return True
    if not _KEY.search(bare):
        return False
    return _has_known_shape(bare)


def _has_known_shape(text: str) -> bool:
    from airconn.formats import shared_tree
    from airconn.formats.outputs.shapes import parts

    documents = shared_tree.try_load(text) or []
    return (
        bool(documents)
        and all(value is None or parts(value) for value, _ in documents)
        and any(value is not None for value, _ in documents)
    )
