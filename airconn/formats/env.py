"""The `.env` format: `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` among whatever else a .env file holds.

The grammar is python-dotenv's, without interpolation: a `$` is a `$`; a file in another dialect says so in its first
line. Names are those that Airflow looks for (`secrets/environment_variables.py`): the prefix, and the id in capitals.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

from airconn.errors import InputError, InputErrors
from airconn.formats import connection_fields, connection_uri
from airconn.formats.base import (
    Faults,
    Loss,
    Note,
    Parsed,
    ReadOptions,
    Rendered,
    WriteOptions,
    dropped,
    holdable,
    holdable_part,
    parsed,
    quoted,
)
from airconn.formats.dotenv import (
    PORTABLE,
    SHELL_NAME,
    dialect_of,
    get_dialect,
    is_like_a_mark,
    named_by_mark,
    quoting,
)
from airconn.formats.dotenv.dialect import Dialect
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.references import expanded_by
from airconn.model import (
    REDACTED,
    UNDESCRIBED,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Origin,
    Rules,
    Text,
    Variable,
    hidden_fields,
)

PREFIXES = {"AIRFLOW_CONN_": Kind.CONNECTIONS, "AIRFLOW_VAR_": Kind.VARIABLES}
KINDS = frozenset(PREFIXES.values())
_PREFIX_OF = {kind: prefix for prefix, kind in PREFIXES.items()}

_ID_COMMENT = re.compile(r"#[ \t]*airconn:[ \t]*(conn_id|key)[ \t]+(\".*\")")
# A shell that reads the file takes a line with another name for a command, so that nothing that means something to
# it may be in one: the id `x;reboot` would run, and to bash `x+=` adds to another variable.
_NAME = re.compile(r"[\w.:/@%,!-]+")
_NO_NAME = re.compile(r"""[\s"'`{}$\\]""")
_ASTRO_MASK = re.compile(r"# secret\b")


def env_name(kind: Kind, id_: str) -> str:
    """The name of the environment variable in which Airflow looks for an id."""
    return _PREFIX_OF[kind] + id_.upper()


def named_by(name: str) -> tuple[Kind, str] | None:
    """What an environment variable of this name holds: the kind and the id, in lower case as is the custom."""
    for prefix, kind in PREFIXES.items():
        if name.startswith(prefix) and name != prefix:
            return kind, name[len(prefix) :].lower()
    return None


def read_value(
    kind: Kind, id_: str, value: str, rules: Rules, origin: Origin, *, column: int | None = None
) -> Connection | Variable:
    """What Airflow makes of the value of one environment variable: a connection is JSON or a URI.

    `column` is where the value starts in its line, if it is there as it is. Raises `InputError`.
    """
    if kind is Kind.VARIABLES:
        return Variable(key=id_, value=Text.of(value), unsaid=UNDESCRIBED, origin=origin)
    stripped = value.strip()  # as Airflow does with connections, and not with variables
    if stripped.startswith("{"):
        return connection_fields.from_json(id_, stripped, rules, origin)
    return connection_fields.from_uri(id_, stripped, rules, origin, column=column and column + value.find(stripped))


def sniff(text: str) -> bool:
    """Whether a text of unknown name looks like a .env file with objects, or says that it is one."""
    first_line = text[:200].removeprefix("\ufeff").partition("\n")[0].strip()
    return (
        is_like_a_mark(first_line)
        or re.search(r"^[ \t]*(export[ \t]+)?AIRFLOW_(CONN|VAR)_\S*?=", text, re.MULTILINE) is not None
    )


def parse(text: str, source: str, options: ReadOptions) -> Parsed:
    """The objects of a .env file. Lines of other names are left alone and counted; a faulty line is an error."""
    dialect = dialect_of(text, options.env_dialect, source)
    reader = _Reader(source, options, dialect, is_marked=named_by_mark(text) is not None)
    for entry in dialect.entries(text):
        reader.take(entry)
    reader.stray_marks.check()  # all else may be wrong only because the file was taken for one in another dialect
    found = parsed(reader.objects(), reader.faults, reader.all_notes(), reader.ignored)
    return replace(found, kinds=KINDS)


class _Reader:
    def __init__(self, source: str, options: ReadOptions, dialect: Dialect, *, is_marked: bool) -> None:
        self.source = source
        self.options = options
        self.dialect = dialect
        self.is_marked = is_marked
        self.faults = Faults()
        self.stray_marks = Faults()
        self.notes: list[Note] = []
        self.found: dict[str, AirflowObject] = {}  # by name
        self.ignored = 0
        self.true_id = ""

    def take(self, entry: Entry) -> None:
        origin = Origin(self.source, entry.line)
        if entry.is_fault:
            self.faults.add(
                entry.reason or "this line is not NAME=VALUE",
                origin,
                entry.hint or self.dialect.way_out,
            )
        if entry.name is None:
            if is_like_a_mark(entry.comment) and not (self.is_marked and entry.line == 1):
                self.stray_marks.add(
                    "this line is to name the env dialect of the file, and doesn't: it must be the first line, "
                    "exactly # airconn: env-dialect NAME",
                    origin,
                    "move it there, mend it, or take it out; --from-env-dialect says the same for one run",
                )
            self.true_id = _true_id(entry.comment) or self.true_id
            return
        true_id, self.true_id = self.true_id, ""
        named = named_by(entry.name)
        if named is None:
            self.ignored += 1
            return
        kind, id_ = named
        id_ = true_id if env_name(kind, true_id) == entry.name else id_
        try:
            self.entry(entry, kind, id_, origin)
        except InputErrors as error:
            self.faults.errors += error.errors
        except InputError as error:
            self.faults.errors.append(error)

    def entry(self, entry: Entry, kind: Kind, id_: str, origin: Origin) -> None:
        name = entry.name or ""
        # A value whose '=' is missing or mistyped is taken for a part of the name, and is not to be shown.
        if entry.value is None:
            raise InputError("this line has no '='", where=str(origin), hint="write NAME=VALUE")
        is_bare = entry.value_span[1] - entry.value_span[0] == len(entry.value)
        if "://" in name or _NO_NAME.search(name) or (is_bare and _is_like_padding(name, entry.value)):
            raise InputError(
                "what stands before the '=' can't be the name of an object",
                where=str(origin),
                hint="write NAME=VALUE",
            )
        is_masked = not entry.value and _ASTRO_MASK.match(entry.comment)
        if kind is Kind.CONNECTIONS and is_masked:
            raise InputError(
                f"{name} is hidden: Astro wrote '# secret' in its place", where=str(origin), hint="fill in the value"
            )
        if kind is Kind.CONNECTIONS and not entry.value.strip():
            self.notes.append(
                Note(str(origin), f"{name} is empty, which is no connection to Airflow: left out", left_out=True)
            )
            return
        if name != name.upper():
            self.notes.append(Note(str(origin), f"Airflow never finds {name}: it looks for {name.upper()}"))
        if name in self.found:
            other = self.found[name].origin
            self.notes.append(Note(str(origin), f"{name} is set again; the value of {other} is not used"))
        if is_masked:
            self.found[name] = Variable(key=id_, value=REDACTED, unsaid=UNDESCRIBED, origin=origin)
        else:
            rules, column = self.options.rules, entry.value_column
            obj = read_value(kind, id_, entry.value, rules, origin, column=column)
            readers = expanded_by(entry.written, self.dialect.name)
            self.found[name] = replace(obj, expanded_by=readers) if readers else obj

    def all_notes(self) -> list[Note]:
        """The notes, with one for all values that other readers expand."""
        expanded = [obj for obj in self.objects() if getattr(obj, "expanded_by", ())]
        if not expanded:
            return self.notes
        others = f" and {len(expanded) - 1} more" if len(expanded) > 1 else ""
        readers = ", ".join(dict.fromkeys(reader for obj in expanded for reader in getattr(obj, "expanded_by", ())))
        message = f"other readers ({readers}) expand a reference in this value{others}; it is read as it is"
        return [*self.notes, Note(str(expanded[0].origin), message)]

    def objects(self) -> list[AirflowObject]:
        """What counts: a name that Airflow never finds gives way to the one that it does find."""
        return [obj for name, obj in self.found.items() if name == name.upper() or name.upper() not in self.found]


def _true_id(comment: str) -> str:
    match = _ID_COMMENT.fullmatch(comment)
    if not match:
        return ""
    try:
        id_ = json.loads(match[2])
    except ValueError:
        return ""
    return id_ if isinstance(id_, str) else ""


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """A .env file of the bundle's connections and variables.

    Raises `InputErrors` where two ids fall on the same name.
    """
    dialect = get_dialect(options.env_dialect or PORTABLE)
    body = render_lines(bundle, options, dialect)
    return Rendered(dialect.mark + body.text, body.losses, body.notes)


def render_lines(bundle: Bundle, options: WriteOptions, dialect: Dialect) -> Rendered:
    """The lines of the objects alone."""
    bundle, losses = holdable(bundle, options)
    losses += dropped(bundle, [Kind.POOLS], "env")
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
        if _is_like_padding(name, value):
            quoted_value = quoting.Quoted(f"'{value}'")
        own_lines = [*_comments(obj), f"{name}={quoted_value.text}"]
        if dialect.longest is not None and any(_size(line) > dialect.longest for line in own_lines):
            losses.append(Loss(obj.kind, obj.id, "", f"its line would be longer than {dialect.reader} takes"))
            continue
        lines += own_lines
        losses += [Loss(obj.kind, obj.id, field, message) for field, message in lost.items()]
        broken = list(quoted_value.broken)
        if dialect.name == PORTABLE and not SHELL_NAME.fullmatch(name):
            broken.append("sh (it takes no such name)")
        if broken:
            notes.append(
                Note(f"{obj.kind.value}/{obj.id}", f"not read alike by every .env reader: {', '.join(broken)}")
            )
    return Rendered("".join(f"{line}\n" for line in lines), tuple(losses), tuple(notes))


def _comments(obj: AirflowObject) -> list[str]:
    """The lines above the one of an object that say what it can't."""
    lines: list[str] = []
    if hidden := hidden_fields(obj):
        lines.append(f"# airconn: hidden by the source: {quoted(', '.join(hidden))}")
    if obj.id.upper().lower() != obj.id:
        lines.append(f"# airconn: {obj.kind.id_field} {json.dumps(obj.id, ensure_ascii=False)}")
    return lines


def _size(line: str) -> int:
    return len(line.encode("utf-8", "replace"))


def _is_like_padding(name: str, value: str) -> bool:
    """A ':' typed for the '=' before a value in base64 makes a name of it, and a value of its padding."""
    return ":" in name and not value.strip("=")


def nameable(bundle: Bundle) -> list[Connection | Variable]:
    """The objects of the kinds that Airflow looks for in its environment."""
    return [obj for obj in bundle if isinstance(obj, Connection | Variable)]


def _unwritable(obj: AirflowObject, options: WriteOptions, dialect: Dialect) -> str:
    """Why an object can't stand in a .env file, if it can't."""
    name = env_name(obj.kind, obj.id)
    if not obj.id or not _NAME.fullmatch(name) or "://" in name or (":" in name and not dialect.has_quotes):
        return "the id can't be part of a name in a .env file"
    if not dialect.names.fullmatch(name):
        return f"{dialect.reader} takes no name with this id in it"
    return no_value(obj, options)


def collisions(bundle: Bundle) -> list[tuple[AirflowObject, AirflowObject]]:
    """The pairs of objects that Airflow looks for under one name. Which of the two is found is not up to it."""
    names: dict[str, AirflowObject] = {}
    pairs = ((obj, names.setdefault(env_name(obj.kind, obj.id), obj)) for obj in nameable(bundle))
    return [(obj, other) for obj, other in pairs if other is not obj]


def refuse_collisions(bundle: Bundle) -> None:
    """Raises `InputErrors` where two ids fall on the same name."""
    faults = Faults()
    for obj, other in collisions(bundle):
        faults.add(
            f"{obj.kind.value}/{obj.id} and {other.id} are both {env_name(obj.kind, obj.id)} in a .env file",
            obj.origin,
            "leave one out with --exclude, or use json or yaml",
        )
    faults.check()


def no_value(obj: AirflowObject, options: WriteOptions) -> str:
    """Why an object has no value for an environment variable, if it has none."""
    if isinstance(obj, Connection) and options.connection_format == "uri" and not connection_uri.is_writable(obj):
        return "the conn_type can't be written in a URI"
    return ""


def options_like(value: str, obj: AirflowObject, options: WriteOptions) -> WriteOptions:
    """`options` with the form in which a connection stands there, where the new one can be written in it."""
    if not isinstance(obj, Connection) or not connection_uri.is_writable(obj):
        return options
    if value.lstrip().startswith("{"):
        return options.with_connection_format("json")
    as_it_was = {"host", "schema", "login"}  # no URI tells an empty one of these from none
    lost = connection_uri.losses(obj, connection_uri.build(obj), options.rules).keys() - as_it_was
    return options.with_connection_format("json" if lost else "uri")


def value_of(obj: Connection | Variable, options: WriteOptions) -> tuple[str, dict[str, str]]:
    """The value of the environment variable of an object, and what of the object that doesn't hold: field -> why."""
    if isinstance(obj, Variable):
        return str(connection_fields.shown(obj.value)), _variable_losses(obj)
    if options.connection_format == "json":
        return connection_fields.to_json(obj), connection_fields.json_losses(obj)
    uri = connection_uri.build(obj)
    return uri, connection_uri.losses(obj, uri, options.rules)


def stored(obj: AirflowObject, options: WriteOptions) -> AirflowObject | None:
    """What is read back of an object whose value was written: quotes take nothing from it."""
    if not isinstance(obj, Connection | Variable) or no_value(obj, options):
        return None
    value, _ = value_of(holdable_part(obj, options), options)
    return read_value(obj.kind, obj.id, value, options.rules, obj.origin)


def _value(obj: Connection | Variable, options: WriteOptions) -> tuple[str, dict[str, str]]:
    """The same in the form that is the easiest to quote."""
    value, lost = value_of(obj, options)
    if isinstance(obj, Connection) and options.connection_format == "json":
        value = quoting.json_without_quotes(value)
    return value, lost


def _variable_losses(variable: Variable) -> dict[str, str]:
    return {
        name: "has no place in an environment variable"
        for name in ("description", "team_name")
        if getattr(variable, name) is not None
    }
