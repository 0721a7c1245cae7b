"""Writes .env files."""

from __future__ import annotations

import json
import re

from airconn.formats import env
from airconn.formats.base import Loss, Rendered, WriteOptions, holdable, losses_of_kinds, quoted
from airconn.formats.dotenv import quoting
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT, DIALECT
from airconn.formats.dotenv.dialect import Dialect
from airconn.formats.dotenv.dialects import get_dialect
from airconn.formats.dotenv.marks import PORTABLE, SHELL_NAME
from airconn.formats.dotenv.quoting import Quoted
from airconn.formats.dotenv.readers import astro
from airconn.formats.dotenv.readers.reader import ASTRO
from airconn.formats.dotenv.reading import is_like_padding
from airconn.formats.env import env_name, nameable, no_value, stored, value_of
from airconn.model import AirflowObject, Bundle, Connection, Kind, Variable, hidden_fields
from airconn.model.reading import Note

__all__ = ["refuse_collisions", "render", "render_lines", "stored"]

# A shell reads a line with another name as a command, so a name must not have characters that mean something to a
# shell: the id `x;reboot` would run, and to bash `x+=` adds to another variable.
_NAME = re.compile(r"[\w.:/@%,!-]+")


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """A .env file of the bundle's connections and variables.

    Raises `InputErrors` for two ids with the same name.
    """
    dialect = get_dialect(options.value(DIALECT) or PORTABLE)
    body = render_lines(bundle, options, dialect)
    return Rendered(dialect.mark + body.text, body.losses, body.notes)


def render_lines(bundle: Bundle, options: WriteOptions, dialect: Dialect) -> Rendered:
    """The lines of the objects, without the mark of the dialect."""
    bundle, losses = holdable(bundle, options)
    losses += losses_of_kinds(bundle, [Kind.POOLS], "env")
    notes: list[Note] = []
    lines: list[str] = []
    refuse_collisions(bundle)
    for obj in nameable(bundle):
        reason = _unwritable(obj, options, dialect)
        value, lost = ("", {}) if reason else _value(obj, options)
        if reason := reason or dialect.refusal(value):
            losses.append(Loss(obj.kind, obj.id, "", reason))
            continue
        name = env_name(obj.kind, obj.id)
        quoted_value = dialect.quote(value)
        if is_like_padding(name, value):
            quoted_value = quoting.Quoted(f"'{value}'")
        own_lines = [*_comments(obj), f"{name}={quoted_value.text}"]
        if dialect.longest is not None and any(_size(line) > dialect.longest for line in own_lines):
            losses.append(Loss(obj.kind, obj.id, "", f"its line would be too long for {dialect.reader}"))
            continue
        lines += own_lines
        losses += [Loss(obj.kind, obj.id, field, message) for field, message in lost.items()]
        misread_by = list(quoted_value.misread_by)
        if dialect.name == PORTABLE and not _is_read_by_astro(quoted_value, value):
            misread_by.append(ASTRO)
        if dialect.name == PORTABLE and not SHELL_NAME.fullmatch(name):
            misread_by.append("sh (it doesn't accept this name)")
        if misread_by:
            notes.append(
                Note(f"{obj.kind.value}/{obj.id}", f"not read the same by all .env readers: {', '.join(misread_by)}")
            )
    return Rendered("".join(f"{line}\n" for line in lines), tuple(losses), tuple(notes))


def _is_read_by_astro(written: Quoted, value: str) -> bool:
    """Whether the Astro CLI reads a value that is written for all readers."""
    if written.text == value or astro.reads_in_single_quotes(value, written.text):
        return True
    return astro.read(f"V={written.text}\n", {}).by_name.get("V") == value


def _comments(obj: AirflowObject) -> list[str]:
    """The comments above the line of an object: its hidden fields, and the id if the name doesn't tell it."""
    lines: list[str] = []
    if hidden := hidden_fields(obj):
        lines.append(f"# airconn: hidden by the source: {quoted(', '.join(hidden))}")
    if obj.id.upper().lower() != obj.id:
        lines.append(f"# airconn: {obj.kind.id_field} {json.dumps(obj.id, ensure_ascii=False)}")
    return lines


def _size(line: str) -> int:
    return len(line.encode("utf-8", "replace"))


def _unwritable(obj: AirflowObject, options: WriteOptions, dialect: Dialect) -> str:
    """Why an object can't be written in a .env file. Empty if it can."""
    name = env_name(obj.kind, obj.id)
    if not obj.id or not _NAME.fullmatch(name) or "://" in name or (":" in name and not dialect.has_quotes):
        return "the id can't be part of a name in a .env file"
    if not dialect.names.fullmatch(name):
        return f"{dialect.reader} doesn't accept a name with this id in it"
    return no_value(obj, options)


def refuse_collisions(bundle: Bundle) -> None:
    """Raises `InputErrors` for two ids with the same name."""
    env.refuse_collisions(bundle, "a .env file", ", or use json or yaml")


def _value(obj: Connection | Variable, options: WriteOptions) -> tuple[str, dict[str, str]]:
    """The value of `env.value_of`, with JSON in the form that is easiest to quote, and the losses."""
    value, lost = value_of(obj, options)
    if isinstance(obj, Connection) and options.value(CONNECTION_FORMAT) == "json":
        value = quoting.json_without_quotes(value)
    return value, lost
