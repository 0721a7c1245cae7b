"""Recognizes the output of commands: by a key that they have, then by the document itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airconn.formats.outputs import tables
from airconn.patterns import pattern

if TYPE_CHECKING:
    from airconn.model import Origin

_HEAD = pattern(
    r"Using an Astro API Token"  # the Astro CLI, where ASTRO_API_TOKEN is set
    r"|\d{4}-\d\d-\d\dT[\d:.]+\S* \[\w+ *\] .*"  # Airflow 3.2 logs to the standard output
    r"|\[\d{4}-\d\d-\d\d[T ][\d:.,]+\S*\] \{[^{}]+\} [A-Z]+ .*"  # plugins of Airflow 2 do
    r"|/\S+\.py:\d+:? \w*Warning: .*"  # `docker exec -t` makes one output of both
)
"""A line that a command prints above its output."""
_COLOUR = pattern(r"\x1b\[[0-9;]*m")
"""What makes colours on a terminal. JSON and YAML have no such character: they escape it."""
_KEYS = (
    "conn_id|connection_id|key|pool|is_encrypted|total_entries|occupied_slots|objectKey|environment_variables"
    "|SecretString|SecretBinary|SecretValues|SecretList|Parameters?|lease_id|payload|attributes|replication"
)
_KEY_OF_LINE = rf'[ \t]*(?:- +)*["\']?(?:{_KEYS})["\']?:(?:\s|$)'
_FIRST_KEY = pattern(f"(?m:{_KEY_OF_LINE})")
_ANY_KEY = (pattern(rf'"(?:{_KEYS})"\s*:'), pattern(rf"(?m:\n{_KEY_OF_LINE})"))
"""The keys of which each output has at least one. Without one, a text needn't be parsed.

Each pattern begins with a character, since only then `re` passes quickly over what can't match.
"""

_DOCUMENT = pattern(r"[ \t\r\n]*([\[{])")


def bare(text: str) -> str:
    """The output alone: without colours, and with empty lines for those above it, which keeps line numbers."""
    if "\x1b[" in text:
        text = _COLOUR.sub("", text)
    start = end = int(text.startswith("\ufeff"))
    while (newline := text.find("\n", end)) > 0 and _HEAD.fullmatch(text[end:newline].rstrip("\r")):
        end = newline + 1
    return "\n" * text.count("\n", start, end) + text[end:] if end > start else text


def is_output(text: str) -> bool:
    """Whether the text is the output of a known command, or a table that such a command prints."""
    output = bare(text)
    if tables.command_of(output):
        return True
    if output is not text and output.strip() == "null":
        return True
    has_key = _FIRST_KEY.match(output) or any(key.search(output) for key in _ANY_KEY)
    return bool(has_key) and _has_known_shape(output)


def load(text: str, source: str) -> list[tuple[Any, Origin]]:
    """The documents of an output with their places. JSON may have several, as a loop of a shell prints them.

    Raises `InputError` for a text that is neither JSON nor YAML.
    """
    from airconn.formats import shared_tree

    if shared_tree.try_load(text) is not None:
        return shared_tree.load(text, source)
    listed = _as_list(text)
    if listed is None:
        return shared_tree.load(text, source)
    ((documents, _),) = shared_tree.load(listed, source)
    return [(document, documents.origin(index)) for index, document in enumerate(documents)]


def _as_list(text: str) -> str | None:
    """Several JSON documents as a list of them. None for any other text."""
    import json

    text = text.removeprefix("\ufeff")
    decoder, start, found = json.JSONDecoder(), 0, []
    try:
        while match := _DOCUMENT.match(text, start):
            _, end = decoder.raw_decode(text, match.start(1))
            found.append(text[start:end])
            start = end
    except (ValueError, RecursionError):
        return None
    return f"[{','.join(found)}{text[start:]}]" if len(found) > 1 and not text[start:].strip() else None


def _has_known_shape(text: str) -> bool:
    from airconn.errors import InputError
    from airconn.formats.outputs.shapes import parts

    try:
        documents = [value for value, _ in load(text, "")]
    except InputError:
        return False
    return any(value is not None for value in documents) and all(value is None or parts(value) for value in documents)
