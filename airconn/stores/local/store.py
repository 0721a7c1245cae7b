"""The files of Airflow's LocalFilesystemBackend as a place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import ClassVar, TypeVar, cast

from airconn.errors import AirconnError, InputError, TargetError
from airconn.formats.base import Note, ReadOptions, not_in_place, verified
from airconn.model import (
    ALL_KINDS,
    WRITES,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Outcome,
    Selection,
    Step,
    Variable,
    value_fields,
)
from airconn.stores.base import Capabilities, Store
from airconn.stores.local import grammar
from airconn.stores.local.edit import edited
from airconn.stores.local.grammar import Content
from airconn.stores.masks import holds_mask
from airconn.stores.meanwhile import CHANGED
from airconn.stores.saving import write_atomically

T = TypeVar("T", bound=AirflowObject)
Key = tuple[Kind, str]


class LocalStore(Store):
    """A file of connections, one of variables, or both.

    Each is read and written as a whole; where both are written, connections come first.
    """

    reads_as_core: ClassVar[bool] = True
    capabilities: ClassVar[Capabilities] = Capabilities(
        kinds=ALL_KINDS - {Kind.POOLS}, at_once=True, conditional=True
    )

    def __init__(self, paths: Mapping[Kind, str]) -> None:
        """`paths` are those of the files that there are."""
        first, second = paths.get(Kind.CONNECTIONS, ""), paths.get(Kind.VARIABLES)
        super().__init__(f"local:{first}" + (f",{second}" if second else ""))
        self.kinds = frozenset(paths)
        self._paths = paths
        self._read: dict[Key, AirflowObject] = {}
        """What the last read found, which a write must find as well."""
        self._entries: dict[Kind, frozenset[str]] = {}
        """The ids of all entries that it found, also of those of which Airflow makes nothing."""

    def describe(self) -> str:
        return f"the files of Airflow's LocalFilesystemBackend: {', '.join(self._paths.values())}"

    def location(self, kind: Kind) -> object:
        return os.path.realpath(self._paths[kind])

    def read(self, selection: Selection) -> Bundle:
        return self._selected(selection, may_be_missing=False)

    def present(self, selection: Selection) -> Bundle:
        """What is there of the selection before a write. A file that isn't there yet holds nothing."""
        return self._selected(selection, may_be_missing=True)

    def _selected(self, selection: Selection, *, may_be_missing: bool) -> Bundle:
        self.notes = []
        found: list[AirflowObject] = []
        for kind, path in self._paths.items():
            if kind not in selection.kinds or (may_be_missing and not Path(path).exists()):
                continue
            text = _text_of(path)
            if text or not may_be_missing:
                content = self._content(kind, text)
                self.notes += content.notes
                self._entries[kind] = content.ids
                found += content.bundle
        self._read.update({(obj.kind, obj.id): obj for obj in found})
        return selection.of(Bundle.of(found))

    def _options(self, kind: Kind) -> ReadOptions:
        return ReadOptions(airflow=self.reads_for, kind=kind)

    def _type(self, kind: Kind) -> str:
        return grammar.type_of(self._paths[kind], self._options(kind).rules)

    def _content(self, kind: Kind, text: str) -> Content:
        return grammar.read(text, kind, self._paths[kind], self._options(kind))

    def stored_form(self, obj: T) -> T:
        if self.problems(obj):
            return obj
        return cast(
            "T", grammar.stored(cast("Connection | Variable", obj), self._type(obj.kind), self._options(obj.kind))
        )

    def problems(self, obj: AirflowObject) -> Sequence[str]:
        if not isinstance(obj, Connection | Variable) or obj.kind not in self.kinds:
            return (_no_place(obj.kind),)
        found = [] if obj.id else ["it has no id"]
        if half := _half_a_character(obj):
            return (*found, f"its {half} has half a character (a lone surrogate) in it, which no file holds")
        options, what = self._options(obj.kind), self._type(obj.kind)
        if reason := grammar.refusal(obj, what, options.rules):
            return (*found, reason)
        try:
            grammar.stored(obj, what, options)
        except InputError:
            found.append("it has no form that Airflow would read from a file")
        return tuple(found)

    def create_refusal(self, obj: AirflowObject) -> str:
        """Why an object that isn't there can't be created: there may be an entry that Airflow makes nothing of."""
        if obj.id not in self._entries.get(obj.kind, ()):
            return ""
        return f"{self._paths[obj.kind]} has an entry of its id of which Airflow makes nothing"

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        """Carries out all steps in one write for each file.

        Where the second file can't be written, the first has been, and the outcomes say which steps were done.
        """
        steps = [step for step in steps if step.action in WRITES]
        self.notes = []
        errors: dict[Key, str] = {}
        done = False
        for kind in (kind for kind in Kind if any(step.kind is kind for step in steps)):
            ours = [step for step in steps if step.kind is kind]
            if kind not in self.kinds:
                errors |= {(kind, step.id): _no_place(kind) for step in ours}
                continue
            try:
                refused = self._write(kind, ours)
            except AirconnError as error:
                if not done:
                    raise
                refused = {(kind, step.id): str(error) for step in ours}
            done = done or len(refused) < len(ours)
            errors |= refused
        for step in steps:
            yield Outcome(step, errors.get((step.kind, step.id)))

    def _write(self, kind: Kind, steps: Sequence[Step]) -> dict[Key, str]:
        """Writes the file of a kind, and gives the reasons why steps of it weren't done."""
        path = self._paths[kind]
        _look(path)
        text = _text_of(path) if Path(path).exists() else ""
        before = self._content(kind, text) if text else Content()
        errors: dict[Key, str] = {}
        changes: dict[str, Connection | Variable | None] = {}
        for step in steps:
            if reason := self._refusal(step, before):
                errors[kind, step.id] = reason
            else:
                wanted = None if step.action is Action.DELETE else step.result()
                changes[step.id] = cast("Connection | Variable | None", wanted)
        if changes:
            self._save(kind, text, before, changes)
        return errors

    def _refusal(self, step: Step, before: Content) -> str:
        """Why a step isn't done, going by what is in the file now."""
        key = (step.kind, step.id)
        held = before.bundle.get(*key)
        if step.action is Action.CREATE:
            if step.id in before.ids:
                return "it is there already"
        elif key in self._read and held != self._read[key]:
            is_gone = held is None and step.action is Action.DELETE
            return "" if is_gone else CHANGED
        elif held is None and step.id in before.ids:
            return "Airflow makes nothing of its entry, which is left alone"
        if step.action is Action.DELETE:
            return ""
        obj = step.result()
        if masked := holds_mask(obj, value_fields(step.kind)):
            return f"{', '.join(masked)} {'is' if len(masked) == 1 else 'are'} hidden (***) and wasn't written"
        return next(iter(self.problems(obj)), "")

    def _save(
        self, kind: Kind, text: str, before: Content, changes: Mapping[str, Connection | Variable | None]
    ) -> None:
        path, options, what = self._paths[kind], self._options(kind), self._type(kind)
        after = edited(text, what, changes)
        # What is called genuine is a mask again to whoever reads the file.
        expected = {
            (kind, id_): grammar.stored(replace(obj, literal=frozenset()), what, options)
            for id_, obj in changes.items()
            if obj is not None
        }
        try:
            content = grammar.read(after, kind, path, options)
        except InputError:
            raise not_in_place() from None
        gone = {id_ for id_, obj in changes.items() if obj is None}
        if content.ids != (before.ids - gone) | {id_ for _, id_ in expected}:
            raise not_in_place()
        keys = {(kind, id_): obj for id_, obj in changes.items()}
        verified(lambda: content.bundle, before.bundle, keys, expected)
        write_atomically(Path(path), after, keep_mode=True)
        for obj in changes.values():
            if obj is not None:
                self._tell_losses(obj)
        for id_ in changes:
            self._read.pop((kind, id_), None)

    def _tell_losses(self, obj: Connection | Variable) -> None:
        lost = grammar.losses(obj, self._type(obj.kind), self._options(obj.kind))
        self.notes += [Note(f"{obj.kind.value}/{obj.id}", f"{name} {why}") for name, why in lost.items()]


def _no_place(kind: Kind) -> str:
    if kind is Kind.POOLS:
        return "a pool has no place in a secrets backend"
    return f"no file for {kind.value} is named"


def _look(path: str) -> None:
    """Raises `TargetError` where there can't be a file."""
    directory = Path(path).absolute().parent
    if not directory.is_dir():
        raise TargetError(
            "there is no such directory", where=str(Path(path).parent), hint="make it, or look at the path again"
        )


def _text_of(path: str) -> str:
    """What a file holds. Raises `TargetError` where it can't be read, and `InputError` where it is no text."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason, hint = {
            FileNotFoundError: ("there is no such file", "Airflow looks for it from where it was started"),
            IsADirectoryError: ("this is a directory", "name the file itself"),
            PermissionError: ("the system refuses to let us read it", "it may be another user's"),
        }.get(type(error), ("this file can't be read", "look at what it is"))
        raise TargetError(reason, where=path, hint=hint) from None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("this is not UTF-8 text", where=f"{path}:{line}", hint="save the file as UTF-8") from None


def _half_a_character(obj: AirflowObject) -> str:
    """The name of a field that has half a character in it."""
    for name in ("id", *value_fields(obj.kind)):
        value = getattr(obj, name)
        text = getattr(value, "text", value)
        if isinstance(text, str) and any("\ud800" <= character <= "\udfff" for character in text):
            return name
    return ""
