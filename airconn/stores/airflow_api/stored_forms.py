"""The form in which Airflow's API gives back a text: JSON is written anew, and hidden parts are `***`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from airconn.airflow.rest_api import RestDialect
from airconn.formats.base import detail_notes
from airconn.model import MASK, REDACTED, Action, AirflowObject, Connection, Redacted, Step, Str, Text, Variable
from airconn.model.compare import Likeness, compare
from airconn.model.reading import Note
from airconn.model.text import hides


def unmasked(text: str | None) -> Str:
    """The value of a text field that Airflow's API may mask.

    Secrets are masked anywhere in a text, so that a mask anywhere in it hides something
    (`_secrets_masker`, `redact`).
    """
    return REDACTED if text is not None and MASK in text else text


def rewritten(text: str) -> str:
    """A text as the API gives it back: JSON as `json.dumps` writes it, anything else as it is.

    All versions do exactly this (v1 schemas/connection_schema.py `serialize_extra`; v2 datamodels/connections.py
    `redact_extra` and datamodels/variables.py `redact_val`), so numbers lose their form, and of a key that comes
    twice the last one stays.
    """
    try:
        return json.dumps(json.loads(text))
    except (ValueError, RecursionError):
        return text


def shown(text: Text) -> Text:
    """The text as the API gives it back. Its hidden leaves stay where they are."""
    return Text(rewritten(text.text), text.hidden)


def stored_form(obj: AirflowObject, dialect: RestDialect) -> AirflowObject:
    """The object that the API gives back after `obj` was written, if it hid nothing."""
    if isinstance(obj, Connection):
        extra: Text | Redacted | None = obj.extra
        if isinstance(extra, Text):
            extra = Text("{}") if not extra.text and dialect.empty_extra_is_object else shown(extra)
        # `set_password` of models/connection.py does nothing for ''.
        return replace(obj, extra=extra, password=None if obj.password == "" else obj.password)
    if isinstance(obj, Variable) and isinstance(obj.value, Text) and dialect.normalises_variables:
        return replace(obj, value=shown(obj.value))
    return obj


def notes_of_changes(step: Step, dialect: RestDialect) -> tuple[Note, ...]:
    """The notes on what Airflow stores in another form that means the same: an empty extra as an empty object."""
    if not dialect.empty_extra_is_object or not isinstance(step.source, Connection) or step.action is Action.DELETE:
        return ()
    obj = step.result()
    extra = obj.extra if isinstance(obj, Connection) else None
    is_sent = step.action is not Action.UPDATE or "extra" in step.written
    is_empty = isinstance(extra, Text) and not extra.text and is_sent
    return detail_notes(obj, {"extra": "is an empty text, and comes back as {}"}) if is_empty else ()


def is_shown(wanted: AirflowObject, held: AirflowObject, names: Sequence[str]) -> bool:
    """Whether these fields of the object that the API shows have the values of `wanted`, as far as they are shown."""
    fields = compare(wanted, held, names)
    return not any(
        field.likeness is Likeness.DIFFERENT or (field.a is None and isinstance(field.b, Text)) for field in fields
    )


def hides_more(wanted: AirflowObject, held: AirflowObject, names: Sequence[str], *, tells_passwords: bool) -> bool:
    """Whether the API hides something in one of these fields for which `wanted` has no value."""
    fields = compare(wanted, held, names)
    return any(field.hidden_only_in_b and (tells_passwords or field.name != "password") for field in fields)


def fields_set(obj: AirflowObject, names: Sequence[str]) -> dict[str, Any]:
    """The values of these fields that are not None, texts as plain strings."""
    values = {name: plain(getattr(obj, name)) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def plain(value: Any) -> Any:
    """A value as it goes into a body. Raises `ValueError` for one that is hidden."""
    if hides(value):
        raise ValueError("a hidden value has no text")
    return value.text if isinstance(value, Text) else value
