"""The `.env` format: `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` among whatever else a .env file holds.

The grammar is python-dotenv's, without interpolation: a `$` is a `$`. Names are those that Airflow looks for
(`secrets/environment_variables.py`): the prefix, and the id in capitals.
"""

from __future__ import annotations

import io
import json
import re

from dotenv.parser import Binding, parse_stream

from airconn.errors import InputError, InputErrors
from airconn.formats import connection_fields, connection_uri, dotenv_quoting
from airconn.formats.base import Faults, Loss, Note, Parsed, ReadOptions, Rendered, WriteOptions, dropped
from airconn.model import (
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Origin,
    Text,
    Variable,
    hidden_fields,
    jsontext,
)

PREFIXES = {"AIRFLOW_CONN_": Kind.CONNECTIONS, "AIRFLOW_VAR_": Kind.VARIABLES}

_ID_COMMENT = re.compile(r"#[ \t]*airconn:[ \t]*(conn_id|key)[ \t]+(\".*\")[ \t]*")
_NAME = re.compile(r"[^\s=#'\"$`\\\x00-\x1f]+")
_SHELL_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def env_name(kind: Kind, id_: str) -> str:
    """The name of the environment variable in which Airflow looks for an id."""
    prefix = next(prefix for prefix, its_kind in PREFIXES.items() if its_kind is kind)
    return prefix + id_.upper()


def sniff(text: str) -> bool:
    """Whether a text of unknown name looks like a .env file with objects."""
    return re.search(r"^[ \t]*(export[ \t]+)?AIRFLOW_(CONN|VAR)_\S*?=", text, re.MULTILINE) is not None


def parse(text: str, source: str, options: ReadOptions) -> Parsed:
    """The objects of a .env file. Lines of other names are left alone and counted; a faulty line is an error."""
    faults, notes = Faults(), []
    found: dict[str, AirflowObject] = {}  # by name
    ignored = 0
    true_id = ""
    for binding in parse_stream(io.StringIO(text, newline="")):
        origin = Origin(source, binding.original.line + _leading_lines(binding.original.string))
        if binding.error:
            faults.add(
                "this line is not NAME=VALUE",
                origin,
                "close the quotes, or put the whole value in quotes; comments start with #",
            )
        name = binding.key
        kind = next((kind for prefix, kind in PREFIXES.items() if name and name.startswith(prefix)), None)
        if name is None:
            true_id = _true_id(binding.original.string) or true_id
            continue
        if kind is None or name in PREFIXES:
            ignored += 1
            true_id = ""
            continue
        id_ = true_id if env_name(kind, true_id) == name else name[len(env_name(kind, "")) :].lower()
        true_id = ""
        if binding.value is None:
            faults.add(f"{name} has no '='", origin, f"write {name}=VALUE")
            continue
        if kind is Kind.CONNECTIONS and not binding.value.strip():
            notes.append(Note(str(origin), f"{name} is empty, which is no connection to Airflow: left out"))
            continue
        if name != name.upper():
            notes.append(Note(str(origin), f"Airflow never finds {name}: it looks for {name.upper()}"))
        if name in found:
            notes.append(Note(str(origin), f"{name} is set again; the value of {found[name].origin} is not used"))
        try:
            found[name] = _object(kind, id_, binding, origin, options)
        except InputErrors as error:
            faults.errors += error.errors
        except InputError as error:
            faults.errors.append(error)
    faults.check()
    return Parsed(Bundle.of(found.values()), tuple(notes), ignored)


def _leading_lines(original: str) -> int:
    blank = original[: len(original) - len(original.lstrip())]
    return len(re.findall(r"\r\n|\n|\r", blank))


def _true_id(comment: str) -> str:
    match = _ID_COMMENT.fullmatch(comment.strip())
    if not match:
        return ""
    try:
        id_ = json.loads(match[2])
    except ValueError:
        return ""
    return id_ if isinstance(id_, str) else ""


def _object(kind: Kind, id_: str, binding: Binding, origin: Origin, options: ReadOptions) -> AirflowObject:
    value = binding.value or ""
    if kind is Kind.VARIABLES:
        return Variable(key=id_, value=Text.of(value), origin=origin)
    value = value.strip()  # as Airflow does with connections, and not with variables
    if value.startswith("{"):
        return connection_fields.from_json(id_, value, options.rules, origin)
    return connection_fields.from_uri(id_, value, options.rules, origin, column=_column(binding, value))


def _column(binding: Binding, value: str) -> int | None:
    """The column (from 1) in which a value starts, if it stands in one line just as it is."""
    line = binding.original.string.lstrip().rstrip("\r\n")
    place = line.find(value, line.find("=") + 1)
    return None if place < 0 or "\n" in line else place + 1


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """A .env file of the bundle's connections and variables.

    Raises `InputErrors` where two ids fall on the same name.
    """
    losses = dropped(bundle, [Kind.POOLS], "env")
    notes: list[Note] = []
    lines: list[str] = []
    _refuse_collisions(bundle)
    for obj in _writable(bundle):
        name = env_name(obj.kind, obj.id)
        if not _NAME.fullmatch(name):
            losses.append(Loss(obj.kind, obj.id, "", "the id can't be part of a name in a .env file"))
            continue
        value, lost = _value(obj, options)
        losses += [Loss(obj.kind, obj.id, field, message) for field, message in lost.items()]
        if value is None:
            continue
        quoted = dotenv_quoting.quote(value)
        if hidden := hidden_fields(obj):
            lines.append(f"# airconn: hidden by the source: {json.dumps(', '.join(hidden))[1:-1]}")
        if obj.id.upper().lower() != obj.id:
            lines.append(f"# airconn: {obj.kind.id_field} {json.dumps(obj.id, ensure_ascii=False)}")
        lines.append(f"{name}={quoted.text}")
        broken = [*quoted.broken, *([] if _SHELL_NAME.fullmatch(name) else ["sh (it takes no such name)"])]
        if broken:
            notes.append(
                Note(f"{obj.kind.value}/{obj.id}", f"not read alike by every .env reader: {', '.join(broken)}")
            )
    return Rendered("".join(f"{line}\n" for line in lines), tuple(losses), tuple(notes))


def _writable(bundle: Bundle) -> list[AirflowObject]:
    return [obj for obj in bundle if obj.kind in PREFIXES.values()]


def _refuse_collisions(bundle: Bundle) -> None:
    names: dict[str, AirflowObject] = {}
    faults = Faults()
    for obj in _writable(bundle):
        other = names.setdefault(env_name(obj.kind, obj.id), obj)
        if other is not obj:
            faults.add(
                f"{obj.kind.value}/{obj.id} and {other.id} are both {env_name(obj.kind, obj.id)} in a .env file",
                obj.origin,
                "leave one out with --exclude, or use json or yaml",
            )
    faults.check()


def _value(obj: AirflowObject, options: WriteOptions) -> tuple[str | None, dict[str, str]]:
    """The value of one entry (None where there can be none), and what of the object it doesn't hold."""
    if isinstance(obj, Variable):
        return connection_fields.shown(obj.value), _variable_losses(obj)
    assert isinstance(obj, Connection)  # noqa: S101 - pools never come here
    if options.connection_format == "json":
        fields = connection_fields.to_json_fields(obj)
        return dotenv_quoting.json_without_quotes(jsontext.dumps(fields)), connection_fields.json_losses(obj)
    uri = connection_uri.build(obj)
    lost = connection_uri.losses(obj, uri, options.rules)
    return (None if lost.get("conn_type") == "" else uri), lost


def _variable_losses(variable: Variable) -> dict[str, str]:
    return {
        name: "has no place in a .env file"
        for name in ("description", "team_name")
        if getattr(variable, name) is not None
    }
