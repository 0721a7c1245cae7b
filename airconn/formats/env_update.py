"""Changes a .env file in place: the values of objects it knows, new objects at its end, and no other line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from airconn.errors import InputError
from airconn.formats import connection_uri, env
from airconn.formats.base import Change, ReadOptions, Rendered, Same, WriteOptions, verified
from airconn.formats.dotenv import Dialect, dialect_of
from airconn.formats.dotenv.lines import Entry, unix_lines
from airconn.model import AirflowObject, Bundle, Connection, Kind, hidden_fields

_HIDDEN_COMMENT = re.compile(r"#[ \t]*airconn:[ \t]*hidden by the source:")


def update(text: str, changes: Mapping[Change, AirflowObject | None], options: WriteOptions, same: Same) -> Rendered:
    """`text` with the objects of `changes` as they are wanted; None takes one out.

    A line whose value is the same already is left alone, and a value that changes keeps its style of quotes and its
    way of writing a connection, where the new one can be written so. Raises `InputError` where the file doesn't parse
    or where two ids fall on one name.
    """
    dialect = dialect_of(text, options.env_dialect, "")
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    newline = "\r\n" if dialect.normal is unix_lines and "\r\n" in text else "\n"
    text = dialect.normal(text)
    if not text.startswith(dialect.mark):
        text = dialect.mark + text
    reading = ReadOptions(airflow=options.airflow, env_dialect=dialect.name)
    before = env.parse(text, "", reading).bundle
    _refuse_other_ids(before, changes)
    editor = _Editor(text, options, same, before, dialect)
    for (kind, id_), obj in changes.items():
        editor.change(kind, id_, obj)
    rendered = editor.result()
    verified(lambda: env.parse(rendered.text, "", reading).bundle, before, changes, editor.expected)
    return Rendered(mark + rendered.text.replace("\n", newline), rendered.losses, rendered.notes)


def _refuse_other_ids(before: Bundle, changes: Mapping[Change, AirflowObject | None]) -> None:
    names = {env.env_name(obj.kind, obj.id): obj for obj in before if (obj.kind, obj.id) not in changes}
    for kind, id_ in changes:
        other = names.get(env.env_name(kind, id_)) if kind in env.PREFIXES.values() else None
        if other is not None:
            raise InputError(
                f"{kind.value}/{id_} and {other.id} are both {env.env_name(kind, id_)} in a .env file",
                where=str(other.origin),
                hint="leave one out with --exclude, or start the file afresh with --replace",
            )


class _Editor:
    """Collects edits to a text and carries them out at the end."""

    def __init__(self, text: str, options: WriteOptions, same: Same, before: Bundle, dialect: Dialect) -> None:
        self.text = text
        self.options = options
        self.same = same
        self.before = before
        self.dialect = dialect
        self.entries = list(dialect.entries(text))
        # The last line of a name is the one that counts.
        self.places = {entry.name: index for index, entry in enumerate(self.entries) if entry.name}
        self.edits: list[tuple[int, int, str]] = []
        self.added: list[AirflowObject] = []
        self.rendered: list[Rendered] = []
        self.expected: dict[Change, AirflowObject] = {}

    def change(self, kind: Kind, id_: str, obj: AirflowObject | None) -> None:
        if kind not in env.PREFIXES.values():
            self.added += [obj] if obj else []  # which says that it can't be held
            return
        index = self.places.get(env.env_name(kind, id_))
        if index is None:
            self.added += [obj] if obj else []
        elif obj is None:
            self.remove(index)
        else:
            self.replace(index, obj)

    def replace(self, index: int, obj: AirflowObject) -> None:
        entry, held = self.entries[index], self.before.get(obj.kind, obj.id)
        rendered, line = self.render(obj, entry)
        self.rendered.append(rendered)
        if line is None or line.value is None:
            return
        wanted = self.parsed(rendered).get(obj.kind, obj.id)
        if held is not None and wanted is not None and self.same(held, wanted):
            return
        if wanted is not None:
            self.expected[obj.kind, obj.id] = wanted
        raw = self.text[slice(*entry.value_span)]
        self.edits.append((*entry.value_span, self.dialect.quote_like(line.value, raw).text))
        self.mark_hidden(index, rendered, hidden=bool(hidden_fields(obj)))

    def render(self, obj: AirflowObject, entry: Entry) -> tuple[Rendered, Entry | None]:
        """The object as lines of their own, a connection written as the one that stands there."""
        options = self.options
        if isinstance(obj, Connection) and connection_uri.is_writable(obj):
            is_json = (entry.value or "").lstrip().startswith("{")
            lossless = not is_json and not connection_uri.losses(
                obj, connection_uri.build(obj), options.rules
            ).keys() - {
                "host",
                "schema",
                "login",
            }
            options = options.with_connection_format("uri" if lossless else "json")
        rendered = env.render_lines(Bundle.of([obj]), options, self.dialect)
        return rendered, next((line for line in self.dialect.entries(rendered.text) if line.name), None)

    def parsed(self, rendered: Rendered) -> Bundle:
        """Lines of our own, read back."""
        reading = ReadOptions(airflow=self.options.airflow, env_dialect=self.dialect.name)
        return env.parse(rendered.text, "", reading).bundle

    def mark_hidden(self, index: int, rendered: Rendered, *, hidden: bool) -> None:
        """Keeps the comment above a line that says what is hidden in it true."""
        above = self.entries[index - 1] if index else None
        comment = f"{rendered.text.splitlines()[0]}\n" if hidden else ""
        if above is not None and above.name is None and _HIDDEN_COMMENT.match(above.comment):
            self.edits.append((*above.span, comment))
        elif hidden:
            start = self.entries[index].span[0]
            self.edits.append((start, start, comment))

    def remove(self, index: int) -> None:
        """Takes a line out, and the comments of ours above it."""
        self.edits.append((*self.entries[index].span, ""))
        while index and self.entries[index - 1].comment.startswith("# airconn:") and not self.entries[index - 1].name:
            index -= 1
            self.edits.append((*self.entries[index].span, ""))

    def result(self) -> Rendered:
        text = self.text
        for start, end, new in sorted(self.edits, reverse=True):
            text = text[:start] + new + text[end:]
        if self.added:
            self.rendered.append(env.render_lines(Bundle.of(self.added), self.options, self.dialect))
            for obj in self.parsed(self.rendered[-1]):
                self.expected[obj.kind, obj.id] = obj
            text += ("" if not text or text.endswith("\n") else "\n") + self.rendered[-1].text
        losses = tuple(loss for rendered in self.rendered for loss in rendered.losses)
        return Rendered(text, losses, tuple(note for rendered in self.rendered for note in rendered.notes))
