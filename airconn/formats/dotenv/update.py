"""Changes a .env file in place: values of objects, new objects at its end, and no other line."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from airconn.errors import InputError
from airconn.formats import env
from airconn.formats.base import IsUnchanged, ReadOptions, Rendered, StoredForm, WriteOptions, verify_edit
from airconn.formats.dotenv.declaration import DIALECT
from airconn.formats.dotenv.dialect import Dialect
from airconn.formats.dotenv.dialects import dialect_of
from airconn.formats.dotenv.lines import Entry, without_bom
from airconn.formats.dotenv.marks import is_like_a_mark, named_by_mark
from airconn.formats.dotenv.reading import read
from airconn.formats.dotenv.writing import refuse_collisions, render_lines
from airconn.formats.text_edits import TextEdits
from airconn.model import AirflowObject, Bundle, Kind, hidden_fields
from airconn.model.reading import Key, Note

_HIDDEN_COMMENT = re.compile(r"#[ \t]*airconn:[ \t]*hidden by the source:")


def update(
    text: str, changes: Mapping[Key, AirflowObject | None], options: WriteOptions, is_unchanged: IsUnchanged
) -> Rendered:
    """`text` with the objects of `changes`, where None removes an object.

    A line with the same value isn't changed, and a new value keeps the style of quotes and the form of a connection
    if it can be written so. Raises `InputError` for a file that doesn't parse, and for two ids with the same name.
    """
    dialect = dialect_of(text, options.value(DIALECT), "")
    as_before = ReadOptions(airflow=options.airflow, values={DIALECT.name: dialect.name})
    before = read(text, "", as_before).checked().bundle
    _refuse_other_ids(before, changes)
    editor = _DotenvEditor(text, options, is_unchanged, before, dialect)
    for (kind, id_), obj in changes.items():
        editor.change(kind, id_, obj)
    rendered = editor.result()
    verify_edit(lambda: read(rendered.text, "", as_before).checked().bundle, before, changes, editor.expected)
    return rendered


def stored_in(text: str, options: WriteOptions) -> StoredForm:
    """Gives the object that is read back from `text`, a connection in the form that it has there."""
    dialect = dialect_of(text, options.value(DIALECT), "")
    values = {entry.name: entry.value for entry in dialect.entries(text) if entry.name}

    def stored(obj: AirflowObject) -> AirflowObject | None:
        value = values.get(env.env_name(obj.kind, obj.id)) if obj.kind in env.KINDS else None
        return env.stored(obj, options if value is None else env.options_like(value, obj, options))

    return stored


def _line_end(text: str, ends: Sequence[str]) -> str:
    """The line end for new lines: the most common one of those that the dialect has."""
    found = [end for end in re.findall(r"\r\n|\n|\r", text) if end in ends]
    return Counter(found).most_common(1)[0][0] if found else "\n"


def _origins(text: str, dialect: Dialect) -> Callable[[int], int]:
    """Gives the offset in `text` for an offset in the text of a dialect's entries.

    That lacks the byte order mark, and may have a carriage return and a line feed as one character.
    """
    lead = len(text) - len(without_bom(text))
    pairs = [match.start() for match in re.finditer("\r\n", text)] if "\r" in dialect.line_ends else []
    ends = [start - lead - number for number, start in enumerate(pairs)]
    return lambda offset: offset + lead + bisect_left(ends, offset)


def _refuse_other_ids(before: Bundle, changes: Mapping[Key, AirflowObject | None]) -> None:
    refuse_collisions(Bundle.of(obj for obj in changes.values() if obj is not None))
    names = {env.env_name(obj.kind, obj.id): obj for obj in before if (obj.kind, obj.id) not in changes}
    for (kind, id_), obj in changes.items():
        other = names.get(env.env_name(kind, id_)) if kind in env.KINDS else None
        if other is not None:
            raise InputError(
                f"{kind.value}/{id_} and {other.id} in line {other.origin.line} are both {env.env_name(kind, id_)} "
                "in a .env file",
                where=str(obj.origin) if obj is not None else None,
                hint="leave it out with --exclude, or give it another id with --rename",
            )


class _DotenvEditor:
    """Edits a text. All that isn't edited stays as it is, to the byte."""

    def __init__(
        self, text: str, options: WriteOptions, is_unchanged: IsUnchanged, before: Bundle, dialect: Dialect
    ) -> None:
        self.text = text
        self.options = options
        self.is_unchanged = is_unchanged
        self.before = before
        self.newline = _line_end(text, dialect.line_ends)
        self.dialect = dialect.with_line_end(self.newline)
        self.origin = _origins(text, dialect)
        self.entries = list(dialect.entries(text))
        self.places: dict[str, list[int]] = {}
        """The entries of each object, by the name that Airflow looks for. The last one in capitals counts."""
        for index, entry in enumerate(self.entries):
            if entry.name and env.named_by(entry.name):
                self.places.setdefault(entry.name.upper(), []).append(index)
        self.edits = TextEdits(text)
        self.added: list[AirflowObject] = []
        self.notes: list[Note] = []
        self.rendered: list[Rendered] = []
        self.expected: dict[Key, AirflowObject] = {}

    def change(self, kind: Kind, id_: str, obj: AirflowObject | None) -> None:
        if kind not in env.PREFIXES.values():
            self.added += [obj] if obj else []  # rendering it reports the loss
            return
        name = env.env_name(kind, id_)
        places = self.places.get(name, [])
        index = next((index for index in reversed(places) if self.entries[index].name == name), None)
        if obj is None:
            for place in places:
                self.remove(place)
        elif index is None:
            self.added.append(obj)
        else:
            self.replace(index, obj)

    def replace(self, index: int, obj: AirflowObject) -> None:
        entry, held = self.entries[index], self.before.get(obj.kind, obj.id)
        rendered, line = self.render(obj, entry)
        self.rendered.append(rendered)
        if line is None or line.value is None:
            return
        wanted = self.parsed(rendered).get(obj.kind, obj.id)
        if held is not None and wanted is not None and self.is_unchanged(held, wanted):
            return
        if wanted is not None:
            self.expected[obj.kind, obj.id] = wanted
        start, end = self.origin(entry.value_span[0]), self.origin(entry.value_span[1])
        self.edits.replace(start, end, self.dialect.quote_like(line.value, self.text[start:end]).text)
        self.mark_hidden(index, rendered, hidden=bool(hidden_fields(obj)))
        self.remove_shadowed(obj, index)

    def render(self, obj: AirflowObject, entry: Entry) -> tuple[Rendered, Entry | None]:
        """The object as new lines, a connection in the form that it has in the file, and the entry of it."""
        options = env.options_like(entry.value or "", obj, self.options)
        rendered = render_lines(Bundle.of([obj]), options, self.dialect)
        return rendered, next((line for line in self.dialect.entries(rendered.text) if line.name), None)

    def parsed(self, rendered: Rendered) -> Bundle:
        """Rendered lines, read back."""
        as_before = ReadOptions(airflow=self.options.airflow, values={DIALECT.name: self.dialect.name})
        return read(rendered.text, "", as_before).checked().bundle

    def mark_hidden(self, index: int, rendered: Rendered, *, hidden: bool) -> None:
        """Updates the comment above a line that names its hidden fields."""
        above = self.entries[index - 1] if index else None
        comment = rendered.text.partition("\n")[0] + self.newline if hidden else ""
        if above is not None and above.name is None and _HIDDEN_COMMENT.match(above.comment):
            self.put(above.span, comment)
        elif hidden:
            start = self.entries[index].span[0]
            self.put((start, start), comment)

    def remove_shadowed(self, obj: AirflowObject, counting: int) -> None:
        """Removes the other lines of an object whose line is changed: they would keep an old password.

        A line whose name differs in capitals stays: Airflow never finds it, and another program may.
        """
        name = env.env_name(obj.kind, obj.id)
        places = [
            place for place in self.places.get(name, []) if place != counting and self.entries[place].name == name
        ]
        for place in places:
            self.remove(place)
        if places:
            lines = ", ".join(str(self.entries[place].line) for place in places)
            which = f"line {lines} is" if len(places) == 1 else f"lines {lines} are"
            self.notes.append(
                Note(
                    f"{obj.kind.value}/{obj.id}",
                    f"{which} removed: the name is set several times, and one line is kept",
                )
            )

    def remove(self, index: int) -> None:
        """Removes a line, and airconn's comments above it."""
        self.put(self.entries[index].span, "")
        while index and _is_of_an_object(self.entries[index - 1]):
            index -= 1
            self.put(self.entries[index].span, "")

    def put(self, span: tuple[int, int], new: str) -> None:
        """Replaces a span of the entries by `new`."""
        self.edits.replace(self.origin(span[0]), self.origin(span[1]), new)

    def result(self) -> Rendered:
        added = ""
        if self.added:
            self.rendered.append(render_lines(Bundle.of(self.added), self.options, self.dialect))
            for obj in self.parsed(self.rendered[-1]):
                self.expected[obj.kind, obj.id] = obj
            added = self.rendered[-1].text.replace("\n", self.newline)
        losses = tuple(loss for rendered in self.rendered for loss in rendered.losses)
        notes = [note for rendered in self.rendered for note in rendered.notes] + self.notes
        return Rendered(self.edited(added) if self.edits or added else self.text, losses, tuple(notes))

    def edited(self, added: str) -> str:
        """The text with all edits, new lines at its end, and the mark of its dialect if it has none."""
        text, start = self.edits.edited(), self.origin(0)
        if named_by_mark(self.text) is None:
            text = text[:start] + self.dialect.mark.replace("\n", self.newline) + text[start:]
        if added and text.strip("\ufeff") and not text.endswith(self.dialect.line_ends):
            text += self.newline
        return text + added


def _is_of_an_object(entry: Entry) -> bool:
    """Whether this is a comment of airconn on the object below it, and not the mark of the file's dialect."""
    return not entry.name and entry.comment.startswith("# airconn:") and not is_like_a_mark(entry.comment)
