"""Reads `AIRFLOW_CONN_*` and `AIRFLOW_VAR_*` from .env files.

The grammar is python-dotenv's without interpolation: a `$` is a `$`, unless expansion is asked for. A file in another
dialect says so in its first line.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from airconn.errors import InputError, UsageError
from airconn.formats.base import Faults, ReadOptions, reading
from airconn.formats.deceptive_texts import fault_of_name
from airconn.formats.dotenv import astro_detection, lines, plain_names, slips
from airconn.formats.dotenv.ambiguities import with_ambiguities
from airconn.formats.dotenv.declaration import DIALECT, EXPAND
from airconn.formats.dotenv.dialect import Dialect
from airconn.formats.dotenv.dialects import dialect_of, expanded
from airconn.formats.dotenv.lines import Entry
from airconn.formats.dotenv.marks import PORTABLE, is_like_a_mark, named_by_mark
from airconn.formats.env import KINDS, env_name, named_by, read_value
from airconn.model import REDACTED, UNDESCRIBED, AirflowObject, Kind, Origin, Variable
from airconn.model.reading import FoundUri, Note, Reading
from airconn.patterns import pattern

_ID_COMMENT = pattern(r"#[ \t]*airconn:[ \t]*(conn_id|key)[ \t]+(\".*\")")
_NO_NAME = pattern(r"""[\s"'`{}$\\]""")
_ASTRO_MASK = pattern(r"# secret\b")


def read(text: str, source: str, options: ReadOptions) -> Reading:
    """The objects of a .env file. Lines of other names are counted as ignored, and a faulty line is a fault."""
    dialect = dialect_of(text, options.value(DIALECT), source)
    where = options.value(EXPAND)
    if where == "environment" and dialect.expanded is None and dialect.name == options.value(DIALECT):
        raise UsageError(
            f"--expand is not for the env dialect {dialect.name}: {dialect.reader} expands nothing",
            hint="leave --expand out",
        )
    reader = _LinesReader(source, text, options, dialect, is_marked=named_by_mark(text) is not None)
    if where == "environment" and dialect.expanded is None:
        reader.notes.append(Note(source, f"nothing is expanded: {dialect.reader} doesn't", is_detail=True))
    entries = list(expanded(text, dialect, where, options.environ) if where else dialect.entries(text))
    for entry in entries:
        reader.take(entry)
    reader.compare(text, entries)
    if dialect.name != PORTABLE and named_by_mark(text) is None and not options.value(DIALECT):
        reader.found = astro_detection.with_one_doubt(reader.found, text, dialect.name, entries)
    return reader.result()


class _LinesReader:
    def __init__(self, source: str, text: str, options: ReadOptions, dialect: Dialect, *, is_marked: bool) -> None:
        self.source = source
        self.text = lines.unix_lines(text)
        self.options = options
        self.dialect = dialect
        self.is_marked = is_marked
        self.faults = Faults()
        self.stray_marks = Faults()
        self.notes: list[Note] = []
        self.found: dict[str, AirflowObject] = {}  # by name
        self.uris: list[FoundUri] | None = [] if options.keeps_uris else None
        self.ignored = 0
        self.others: list[Entry] = []
        """The entries of other names."""
        self.true_id = ""
        self.from_environment: set[str] = set()

    def take(self, entry: Entry) -> None:
        origin = Origin(self.source, entry.line)
        if entry.is_fault:
            self.faults.add(
                entry.reason or "this line is not NAME=VALUE",
                origin,
                entry.hint or slips.hint_of(self.text[slice(*entry.span)]) or self.dialect.way_out,
            )
        if entry.name is None:
            if is_like_a_mark(entry.comment) and not (self.is_marked and entry.line == 1):
                self.stray_marks.add(
                    "this line should name the env dialect of the file; it must be the "
                    "first line, exactly # airconn: env-dialect NAME",
                    origin,
                    "move, correct or delete it; --from-env-dialect does the same for one run",
                )
            self.true_id = _true_id(entry.comment) or self.true_id
            return
        true_id, self.true_id = self.true_id, ""
        named = named_by(entry.name)
        if named is None:
            if fault := fault_of_name(entry.name, origin):
                self.faults.take(fault)
            elif slips.is_assignment_of_airflow(entry.name):
                hint = slips.hint_of(entry.name) or "write NAME=VALUE"
                self.faults.add("the text before the '=' can't be the name of an object", origin, hint)
            self.ignored += 1
            self.others.append(entry)
            return
        kind, id_ = named
        id_ = true_id if env_name(kind, true_id) == entry.name else id_
        try:
            self.entry(entry, kind, id_, origin)
        except InputError as error:
            self.faults.take(_with_comment(error, entry, self.text) or _with_ways_of_env(error))

    def entry(self, entry: Entry, kind: Kind, id_: str, origin: Origin) -> None:
        name = entry.name or ""
        # Without a '=', or with a mistyped one, the name has the value in it, and must not be shown.
        if entry.value is None:
            raise InputError("this line has no '='", where=str(origin), hint="write NAME=VALUE")
        is_bare = entry.value_span[1] - entry.value_span[0] == len(entry.value)
        if "://" in name or _NO_NAME.search(name) or (is_bare and is_like_padding(name, entry.value)):
            raise InputError(
                "the text before the '=' can't be the name of an object",
                where=str(origin),
                hint="write NAME=VALUE",
            )
        is_exact = self.dialect.name.startswith("astro-")  # in which only a mask has a comment
        is_masked = is_astro_mask(entry, self.dialect, is_bare=is_bare) and not (is_exact and entry.value)
        if kind is Kind.CONNECTIONS and is_masked:
            told = f"{name} is hidden: Astro wrote '# secret' in its place: left out"
            self.notes.append(Note(str(origin), told, left_out=True))
            return
        if kind is Kind.CONNECTIONS and not entry.value.strip():
            self.notes.append(
                Note(str(origin), f"{name} is empty, which is not a connection to Airflow: left out", left_out=True)
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
            obj = read_value(kind, id_, entry.value, rules, origin, self.uris, column=column)
            known = entry.ambiguities
            self.found[name] = replace(obj, ambiguities=(*obj.ambiguities, *known)) if known else obj
            self.from_environment.update(entry.from_environment)

    def near_misses(self) -> None:
        """Notes the names that look meant for Airflow, which doesn't look for them. They may be other settings."""
        for entry in self.others:
            if entry.value is not None and (message := slips.near_miss(entry.name or "")):
                self.notes.append(Note(str(Origin(self.source, entry.line)), message, is_remark=True))

    def result(self) -> Reading:
        if self.stray_marks.errors:  # other faults may only come from reading the file in a wrong dialect
            return reading((), self.stray_marks, kinds=KINDS, uris=self.uris)
        if self.from_environment:
            names = ", ".join(sorted(self.from_environment))
            self.notes.append(Note(self.source, f"taken from the environment: {names}", is_detail=True))
        if self.options.kind is Kind.VARIABLES and self.others and not (self.found or self.notes):
            found = plain_names.variables(self.others, self.source, self.faults)
            return reading(found, self.faults, kinds=KINDS, uris=self.uris)
        self.near_misses()
        return reading(self.objects(), self.faults, self.notes, ignored=self.ignored, kinds=KINDS, uris=self.uris)

    def compare(self, text: str, entries: Sequence[Entry]) -> None:
        """Attaches what other programs read differently, if the dialect leaves that open."""
        if not self.dialect.compared_with or self.stray_marks.errors:
            return
        # How a reference that was expanded is expanded by others was found out with it.
        expanded_names = {entry.name for entry in entries if entry.is_expanded}
        known = {
            name: obj
            for name, obj in self.found.items()
            if getattr(obj, "value", None) is not REDACTED and name not in expanded_names
        }
        scanned = None if self.dialect.name == PORTABLE else list(lines.entries(text))
        self.found.update(with_ambiguities(known, text, entries, self.options, self.dialect.compared_with, scanned))

    def objects(self) -> list[AirflowObject]:
        """The objects that count: a name in lower case only counts if the one in capitals isn't there."""
        return [obj for name, obj in self.found.items() if name == name.upper() or name.upper() not in self.found]


def is_astro_mask(entry: Entry, dialect: Dialect, *, is_bare: bool) -> bool:
    """Whether Astro wrote ` # secret` in the place of a value, which is a comment to some dialects."""
    value = entry.value or ""
    if not value:
        return _ASTRO_MASK.match(entry.comment) is not None
    if not is_bare or not (dialect.has_quotes or value[:1].isspace()):
        return False
    return "#" in value and _ASTRO_MASK.match(value.strip()) is not None


def _with_comment(error: InputError, entry: Entry, text: str) -> InputError | None:
    """The error of a value that a comment ends, which may be the reason. None for other values."""
    if not entry.value or "#" not in text[entry.value_span[1] : entry.span[1]]:
        return None
    if entry.value_span[1] - entry.value_span[0] != len(entry.value):
        return None
    hint = "the value ends at the ' #', where a comment starts: if it goes on there, put all of it in quotes"
    return InputError(error.message, where=error.where, hint=hint)


def _with_ways_of_env(error: InputError) -> InputError:
    """The error, with a hint at what .env files have of their own: values over several lines, and dialects.

    Another program may take away the backslash at which JSON breaks.
    """
    if error.hint is not None and "ends too early" in error.hint:
        hint = "a value over several lines needs single quotes around all of it"
        return InputError(error.message, where=error.where, hint=hint)
    if error.hint is None or "at a backslash" not in error.hint:
        return error
    hint = f"{error.hint}; or name the program that wrote the file with --from-env-dialect NAME"
    return InputError(error.message, where=error.where, hint=hint)


def is_like_padding(name: str, value: str) -> bool:
    """Whether a value may be the padding of base64 in the name, where a ':' was typed instead of the '='."""
    return ":" in name and not value.strip("=")


def _true_id(comment: str) -> str:
    match = _ID_COMMENT.fullmatch(comment)
    if not match:
        return ""
    try:
        id_ = json.loads(match[2])
    except ValueError:
        return ""
    return id_ if isinstance(id_, str) else ""
