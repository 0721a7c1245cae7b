"""Changes a manifest in place: values of objects, new objects behind the others, and nothing else.

The text is edited at the places that the YAML parser gives, and read again afterwards: an edit that would change
anything else is refused.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TypeVar

import yaml
from yaml.events import DocumentStartEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from airconn.errors import InputError
from airconn.formats import env, yaml_tree
from airconn.formats.base import (
    IsUnchanged,
    Loss,
    ReadOptions,
    Rendered,
    StoredForm,
    WriteOptions,
    not_in_place,
    verify_edit,
)
from airconn.formats.k8s import reading, writing
from airconn.formats.k8s.declaration import LAYOUT, NAME, NAMESPACE
from airconn.formats.k8s.names import DATA_KEY, IDS_ANNOTATION, LABELS, TEAM_LABEL
from airconn.formats.yaml_edit import YamlEdits
from airconn.model import AirflowObject, Bundle, Connection, Variable
from airconn.model.reading import Key

T = TypeVar("T")
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def update(
    text: str, changes: Mapping[Key, AirflowObject | None], options: WriteOptions, is_unchanged: IsUnchanged
) -> Rendered:
    """`text` with the objects of `changes`, where None removes an object.

    Unless `options` name a layout, new objects get that of the file. Raises `InputError` for a file that doesn't
    parse and for two ids with the same name, and `BlockedError` if the file can't be changed in place.
    """
    writing.check(options)
    as_before = ReadOptions(airflow=options.airflow)
    before = reading.read(text, "", as_before).checked().bundle
    mark = "\ufeff" if text.startswith("\ufeff") else ""
    editor = _ManifestEditor(text.removeprefix(mark), options)
    losses: list[Loss] = []
    expected: dict[Key, AirflowObject] = {}
    for key, obj in changes.items():
        if obj is None:
            editor.remove(key)
            continue
        how = editor.options_for(obj)
        rendered = writing.render(Bundle.of([obj]), how)
        losses += rendered.losses
        wanted, held = reading.read(rendered.text, "", as_before).checked().bundle.get(*key), before.get(*key)
        if not isinstance(wanted, Connection | Variable) or (held is not None and is_unchanged(held, wanted)):
            continue
        expected[key] = wanted
        editor.put(wanted, how)
    after = mark + editor.result()
    verify_edit(lambda: reading.read(after, "", as_before).checked().bundle, before, changes, expected)
    for secret in _secrets(after.removeprefix(mark)) if expected else ():
        writing.refuse_too_large(len(place.content()) for place in secret.entries())
    return Rendered(after, tuple(losses))


def stored_in(text: str, options: WriteOptions) -> StoredForm:
    """Gives the object that is read back from `text`, a connection in the form that it has there."""
    editor = cache(lambda: _ManifestEditor(text.removeprefix("\ufeff"), options))  # slow for a large text
    return lambda obj: env.stored(obj, editor().options_for(obj) if isinstance(obj, Connection) else options)


class _SecretInText:
    """A Secret in the text."""

    def __init__(self, node: Node, span: tuple[int, int] | None) -> None:
        self.node = node
        self.span = span
        """The start and end of its document. None for an item of a list."""
        self.name = self.text("metadata", "name")
        self.namespace = self.text("metadata", "namespace")
        labels = _pairs(self.get("metadata", "labels"))
        self.labels = {str(key.value): str(value.value) for key, value in labels}
        self.ids = reading.true_ids(self.text("metadata", "annotations", IDS_ANNOTATION))
        """The ids that the names of entries don't tell."""

    def get(self, *names: str) -> Node | None:
        node: Node | None = self.node
        for name in names:
            node = _value(node, name)
        return node

    def text(self, *names: str) -> str | None:
        node = self.get(*names)
        return str(node.value) if isinstance(node, ScalarNode) else None

    def entries(self) -> Iterator[_EntryInText]:
        for name in ("data", "stringData"):
            section = self.get(name)
            for key, value in _pairs(section):
                if isinstance(section, MappingNode) and isinstance(value, ScalarNode):
                    yield _EntryInText(self, section, key, value, name == "stringData")


@dataclass(frozen=True)
class _EntryInText:
    """An entry of a Secret in the text."""

    secret: _SecretInText
    section: MappingNode
    key: Node
    value: ScalarNode
    is_plain: bool
    """Whether it is in `stringData`."""

    @property
    def name(self) -> str:
        return str(self.key.value)

    @property
    def is_variable(self) -> bool:
        """Whether it is an environment variable of Airflow."""
        return env.named_by(self.name) is not None

    def content(self) -> bytes:
        """What it holds. An entry that Airflow doesn't read, or that another one counts for, may be no base64."""
        with contextlib.suppress(ValueError):
            if not self.is_plain:
                return base64.b64decode(self.value.value)
        return str(self.value.value).encode()

    def objects(self) -> Iterator[Key]:
        """The kind and id of each object that Airflow finds here."""
        if named := reading.named_by(self.name, self.secret.ids):
            yield named
        if self.name == DATA_KEY and TEAM_LABEL not in self.secret.labels:
            yield from (
                (kind, self.secret.labels[label]) for kind, label in LABELS.items() if label in self.secret.labels
            )


class _ManifestEditor(YamlEdits):
    def __init__(self, text: str, options: WriteOptions) -> None:
        super().__init__(text)
        self.places: dict[Key, list[_EntryInText]] = {}
        for secret in _secrets(text):
            for place in secret.entries():
                for key in place.objects():
                    self.places.setdefault(key, []).append(place)
        everywhere = [place for places in self.places.values() for place in places]
        self.variables = [place for place in everywhere if place.is_variable]
        self.labelled = [place for place in everywhere if not place.is_variable]
        layout = options.value(LAYOUT) or ("env" if self.variables and not self.labelled else "backend")
        self.options = options.with_value(LAYOUT, layout)
        self.added: list[Connection | Variable] = []
        self.removed: set[tuple[int, int]] = set()

    def options_for(self, obj: AirflowObject) -> WriteOptions:
        """How to write an object: as it is in the file, or as new ones are."""
        for place in self.places.get((obj.kind, obj.id), ()):
            layout = self.options.with_value(LAYOUT, "env" if place.is_variable else "backend")
            return env.options_like(place.content().decode(errors="replace"), obj, layout)
        return self.options

    def put(self, obj: Connection | Variable, options: WriteOptions) -> None:
        places = self.places.get((obj.kind, obj.id), [])
        self.added += [] if places else [obj]
        value, _ = env.value_of(obj, options)
        for place in places:
            self.write(place.value, value if place.is_plain else _base64(value))

    def write(self, node: ScalarNode, value: str) -> None:
        """Replaces a text by another, in the same style of quotes if possible."""
        start, end = node.start_mark.index, self.end(node)
        new = _scalar(value) if node.style is None else _quoted(value)
        if node.style == "'" and value.isprintable():
            new = "'" + value.replace("'", "''") + "'"
        self.replace(start, end, f" {new}" if start == end else new)

    def remove(self, key: Key) -> None:
        for place in self.places.get(key, ()):
            if place.is_variable:
                self.remove_entry(place)
            else:
                self.remove_secret(place.secret)

    def remove_entry(self, place: _EntryInText) -> None:
        if place.section.flow_style:
            raise not_in_place()
        end = self.next_line(max(self.end(place.value), place.key.end_mark.index))
        self.replace(self.line_start(place.key.start_mark.index), end, "")

    def remove_secret(self, secret: _SecretInText) -> None:
        """Removes the document of a Secret. Raises `BlockedError` for one in a list or with other entries."""
        if secret.span is None or any(place.name != DATA_KEY for place in secret.entries()):
            raise not_in_place()
        if secret.span not in self.removed:
            self.removed.add(secret.span)
            self.replace(*secret.span, "")

    def insert(self, section: Node | None, line: str) -> None:
        """Adds a line behind the others of a mapping."""
        if not isinstance(section, MappingNode) or section.flow_style or not section.value:
            raise not_in_place()
        new = " " * section.value[0][0].start_mark.column + line
        place = self.next_line(self.end(section))
        self.replace(place, place, f"{new}\n" if self.text[place - 1] == "\n" else f"\n{new}")

    def result(self) -> str:
        new = ""
        if self.added and self.options.value(LAYOUT) == "env":
            new = self.add_variables()
        elif self.added:
            new = writing.render_secrets(Bundle.of(self.added), self.in_namespace()).text
        text = self.edited()
        if new and reading.is_json(text):
            raise not_in_place()
        if new:
            text += "" if not text or text.endswith("\n") else self.newline
            text += (f"---\n{new}" if text.strip() else new).replace("\n", self.newline)
        return text if text.strip() else writing.EMPTY.replace("\n", self.newline)

    def in_namespace(self) -> WriteOptions:
        """The options with the namespace that all other objects of the file have."""
        first, *others = {place.secret.namespace for place in self.labelled} or {None}
        if self.options.value(NAMESPACE) or others or not first:
            return self.options
        return self.options.with_value(NAMESPACE, first)

    def add_variables(self) -> str:
        """Adds the new objects to the Secret that holds the others, or returns the text of a new one."""
        place = next((p for p in self.variables if self.options.value(NAME) in (None, p.secret.name)), None)
        if place is None:
            return writing.render_variables(Bundle.of(self.added), self.options).text
        taken = {place.name for place in self.variables}
        for obj in env.nameable(Bundle.of(self.added)):
            name = env.env_name(obj.kind, obj.id)
            if name in taken:
                raise InputError(
                    f"{obj.kind.value}/{obj.id} and another one in the file are both {name} in the environment",
                    where=str(obj.origin),
                    hint="exclude one with --exclude, or write a new file with --replace",
                )
            value, _ = env.value_of(obj, self.options)
            self.insert(place.section, f"{name}: {_quoted(value) if place.is_plain else _scalar(_base64(value))}")
        self.add_ids(place.secret)
        return ""

    def add_ids(self, secret: _SecretInText) -> None:
        """Adds the ids to an annotation that the names of new entries don't tell."""
        ids = writing.true_ids(self.added)
        if not ids:
            return
        value = json.dumps({**secret.ids, **ids})
        annotations = secret.get("metadata", "annotations")
        held = secret.get("metadata", "annotations", IDS_ANNOTATION)
        if isinstance(held, ScalarNode):
            self.write(held, value)
        elif annotations is not None:
            self.insert(annotations, f"{IDS_ANNOTATION}: {_scalar(value)}")
        else:
            metadata = secret.get("metadata")
            column = metadata.value[0][0].start_mark.column if isinstance(metadata, MappingNode) else 0
            self.insert(metadata, f"annotations:\n{' ' * (column + 2)}{IDS_ANNOTATION}: {_scalar(value)}")


def _secrets(text: str) -> Iterator[_SecretInText]:
    """The Secrets of a text with their places. The text has been read already."""
    nodes = _whole(yaml.compose_all(text, Loader=_Loader))
    events = _whole(yaml.parse(text, Loader=_Loader))
    starts = [mark.index for event in events if isinstance(event, DocumentStartEvent) and (mark := event.start_mark)]
    for node, start, end in zip(nodes, starts, [*starts[1:], len(text)], strict=True):
        if _is(node, "Secret"):
            yield _SecretInText(node, (start, end))
        elif _is(node, "List", "SecretList"):
            items = _value(node, "items")
            for item in items.value if isinstance(items, SequenceNode) else ():
                if _is(item, "Secret") or (_is(node, "SecretList") and _value(item, "kind") is None):
                    yield _SecretInText(item, None)


def _whole(pieces: Iterator[T]) -> Iterator[T]:
    """All that a parser finds. Raises `BlockedError` for JSON that isn't YAML."""
    try:
        yield from pieces
    except yaml.YAMLError:
        raise not_in_place() from None


def _is(node: Node | None, *kinds: str) -> bool:
    version, kind = _value(node, "apiVersion"), _value(node, "kind")
    return getattr(version, "value", None) == "v1" and getattr(kind, "value", None) in kinds


def _pairs(node: Node | None) -> list[tuple[Node, Node]]:
    return node.value if isinstance(node, MappingNode) else []


def _value(node: Node | None, name: str) -> Node | None:
    return next((value for key, value in _pairs(node) if key.value == name), None)


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _scalar(value: str) -> str:
    """A text as YAML, in the style of new texts."""
    return yaml_tree.dump({"k": value}).removeprefix("k: ").rstrip("\n") if value.isprintable() else _quoted(value)


def _quoted(value: str) -> str:
    """A text as YAML in double quotes."""
    if value.isascii() and value.isprintable():
        return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
    dumped = yaml.dump(value, Dumper=yaml.SafeDumper, default_style='"', allow_unicode=True, width=2**30)
    return str(dumped).rstrip("\n")
