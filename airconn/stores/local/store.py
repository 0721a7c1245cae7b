"""The files of Airflow's LocalFilesystemBackend as a place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, cast

from airconn.errors import AirconnError, InputError, TargetError
from airconn.formats.base import ReadOptions, loss_notes, not_in_place, verify_edit
from airconn.model import (
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
from airconn.model.reading import Key, Note, Reading
from airconn.stores import limits
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.concurrent_changes import CHANGED
from airconn.stores.hidden_values import hidden_refusal
from airconn.stores.local import grammar
from airconn.stores.local.edit import edited
from airconn.stores.saving import write_atomically

T = TypeVar("T", bound=AirflowObject)


class LocalStore(Store):
    """A file of connections, one of variables, or both.

    Each is read and written as a whole. Connections are written first.
    """

    def __init__(self, paths: Mapping[Kind, str]) -> None:
        """`paths` has the file of each kind."""
        first, second = paths.get(Kind.CONNECTIONS, ""), paths.get(Kind.VARIABLES)
        super().__init__(
            f"local:{first}" + (f",{second}" if second else ""),
            Capabilities(kinds=frozenset(paths), at_once=True, conditional=True, reads_as_core=True),
        )
        self._paths = paths

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        text = f"the files of Airflow's LocalFilesystemBackend: {', '.join(self._paths.values())}"
        return Description(text, kinds=self.capabilities.kinds)

    def location(self, kind: Kind) -> object:
        return os.path.realpath(self._paths[kind])

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        found: list[AirflowObject] = []
        notes: list[Note] = []
        useless: dict[Key, object] = {}
        for kind, path in self._paths.items():
            if kind not in selection.kinds or (context.writes is not None and not Path(path).exists()):
                continue
            text = _text_of(path)
            if text or context.writes is None:
                content = self._content(kind, text, context)
                notes += content.notes
                found += content.bundle
                useless |= content.versions
        bundle = selection.of(Bundle.of(found))
        return Reading(bundle, tuple(notes), kinds=self.capabilities.kinds, versions=useless)

    def _type(self, kind: Kind, context: Context) -> str:
        return grammar.type_of(self._paths[kind], _options(kind, context).rules)

    def _content(self, kind: Kind, text: str, context: Context) -> Reading:
        return grammar.read(text, kind, self._paths[kind], _options(kind, context))

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        if self.problems(obj, context):
            return obj
        file_type = self._type(obj.kind, context)
        return cast("T", grammar.stored(cast("Connection | Variable", obj), file_type, _options(obj.kind, context)))

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        if not isinstance(obj, Connection | Variable) or obj.kind not in self.capabilities.kinds:
            return (_no_place(obj.kind),)
        found = [] if obj.id else ["it has no id"]
        if half := _half_a_character(obj):
            return (*found, f"its {half} has half a character (a lone surrogate) in it, which files can't hold")
        options, file_type = _options(obj.kind, context), self._type(obj.kind, context)
        if reason := grammar.refusal(obj, file_type, options.rules):
            return (*found, reason)
        try:
            grammar.stored(obj, file_type, options)
        except InputError:
            found.append("Airflow couldn't read it from a file")
        return tuple(found)

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        """Why a step can't be carried out, such as a create over an entry that Airflow ignores."""
        is_there = context.before is not None and (step.kind, step.id) in context.before.versions
        if step.action is not Action.CREATE or not is_there:
            return ""
        return f"{self._paths[step.kind]} has an entry with its id that Airflow can't read"

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        ours = (step for step in steps if step.action in WRITES and step.kind in self.capabilities.kinds)
        return [note for step in ours for note in self._losses(step, context)]

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        """Carries out all steps in one write for each file.

        If the second file can't be written, the first one has been, and the outcomes say which steps were done.
        """
        steps = [step for step in steps if step.action in WRITES]
        errors: dict[Key, str] = {}
        done = False
        for kind in (kind for kind in Kind if any(step.kind is kind for step in steps)):
            ours = [step for step in steps if step.kind is kind]
            if kind not in self.capabilities.kinds:
                errors |= {(kind, step.id): _no_place(kind) for step in ours}
                continue
            try:
                refused = self._write(kind, ours, context)
            except AirconnError as error:
                if not done:
                    raise
                refused = {(kind, step.id): str(error) for step in ours}
            done = done or len(refused) < len(ours)
            errors |= refused
        for step in steps:
            why = errors.get((step.kind, step.id))
            yield Outcome(step, why, notes=() if why is not None else self._losses(step, context))

    def _write(self, kind: Kind, steps: Sequence[Step], context: Context) -> dict[Key, str]:
        """Writes the file of a kind, and gives the reasons for the steps that weren't carried out."""
        path = self._paths[kind]
        _look(path)
        text = _text_of(path) if Path(path).exists() else ""
        now = self._content(kind, text, context) if text else Reading()
        errors: dict[Key, str] = {}
        changes: dict[str, Connection | Variable | None] = {}
        for step in steps:
            if reason := self._write_refusal(step, now, context):
                errors[kind, step.id] = reason
            else:
                wanted = None if step.action is Action.DELETE else step.result()
                changes[step.id] = cast("Connection | Variable | None", wanted)
        if changes:
            self._save(kind, text, now, changes, context)
        return errors

    def _write_refusal(self, step: Step, now: Reading, context: Context) -> str:
        """Why a step isn't carried out, by the present content of the file."""
        key = (step.kind, step.id)
        held = now.bundle.get(*key)
        read = context.before.bundle.get(*key) if context.before else None
        if step.action is Action.CREATE:
            if held is not None or key in now.versions:
                return "it exists already"
        elif read is not None and held != read:
            is_gone = held is None and step.action is Action.DELETE
            return "" if is_gone else CHANGED
        elif held is None and key in now.versions:
            return "Airflow can't read its entry, which is not changed"
        if step.action is Action.DELETE:
            return ""
        obj = step.result()
        return hidden_refusal(obj, value_fields(step.kind)) or next(iter(self.problems(obj, context)), "")

    def _save(
        self,
        kind: Kind,
        text: str,
        now: Reading,
        changes: Mapping[str, Connection | Variable | None],
        context: Context,
    ) -> None:
        path, options, file_type = self._paths[kind], _options(kind, context), self._type(kind, context)
        after = edited(text, file_type, changes)
        # A *** that the user calls genuine is a mask again to every reader of the file.
        expected = {
            (kind, id_): grammar.stored(replace(obj, literal=frozenset()), file_type, options)
            for id_, obj in changes.items()
            if obj is not None
        }
        try:
            content = grammar.read(after, kind, path, options)
        except InputError:
            raise not_in_place() from None
        gone = {id_ for id_, obj in changes.items() if obj is None}
        if grammar.ids(content, kind) != (grammar.ids(now, kind) - gone) | {id_ for _, id_ in expected}:
            raise not_in_place()
        keys = {(kind, id_): obj for id_, obj in changes.items()}
        verify_edit(lambda: content.bundle, now.bundle, keys, expected)
        write_atomically(Path(path), after, keep_mode=True)

    def _losses(self, step: Step, context: Context) -> tuple[Note, ...]:
        """The parts of a written object that the file can't hold."""
        if step.action is Action.DELETE:
            return ()
        obj = cast("Connection | Variable", step.result())
        return loss_notes(obj, grammar.losses(obj, self._type(obj.kind, context), _options(obj.kind, context)))


def _options(kind: Kind, context: Context) -> ReadOptions:
    return ReadOptions(airflow=context.airflow, kind=kind)


def _no_place(kind: Kind) -> str:
    if kind is Kind.POOLS:
        return "a secrets backend can't hold pools"
    return f"no file for {kind.value} is named"


def _look(path: str) -> None:
    """Raises `TargetError` for a path where there can't be a file."""
    directory = Path(path).absolute().parent
    if not directory.is_dir():
        raise TargetError("no such directory", where=str(Path(path).parent), hint="create it, or check the path")


def _text_of(path: str) -> str:
    """The text of a file. Raises `TargetError` if it can't be read, and `InputError` if it isn't UTF-8."""
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        reason, hint = {
            FileNotFoundError: ("no such file", "Airflow looks for it in the directory where it was started"),
            IsADirectoryError: ("this is a directory", "name the file itself"),
            PermissionError: ("the system refuses access", "it may belong to another user"),
        }.get(type(error), ("this file can't be read", "check what it is"))
        raise TargetError(reason, where=path, hint=hint) from None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise InputError("this is not UTF-8 text", where=f"{path}:{line}", hint="save the file as UTF-8") from None


def _half_a_character(obj: AirflowObject) -> str:
    """The name of a field with half a character. Empty without one."""
    for name in ("id", *value_fields(obj.kind)):
        value = getattr(obj, name)
        text = getattr(value, "text", value)
        if isinstance(text, str) and limits.is_broken(text):
            return name
    return ""
