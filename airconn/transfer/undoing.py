"""Prepares an undo: the plan that gives a place back what an earlier run wrote over or deleted there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from airconn.errors import BlockedError, InputError
from airconn.model import (
    MASK,
    Action,
    AirflowObject,
    Bundle,
    Kind,
    Origin,
    Pool,
    Selection,
    Step,
    Text,
    Variable,
    fill,
    hidden_fields,
    is_hidden_whole,
    is_unsaid,
    jsontext,
    matches,
    number_of,
    value_fields,
)
from airconn.model.compare import Likeness, compare
from airconn.model.leaves import leaf_name, leaves_of
from airconn.model.placeholders import all_placeholders
from airconn.model.reading import Note, Reading
from airconn.model.redacted import REDACTED
from airconn.model.text import hides
from airconn.plan import Plan, Policy, TargetRules, make_plan
from airconn.plan.fields import field_changes
from airconn.quoting import some
from airconn.stores.base import Context, Store
from airconn.stores.file import FileStore
from airconn.transfer import reported_reads
from airconn.transfer.backup_file import MAYBE, NOT, Backup, BackupEntry
from airconn.transfer.backup_values import changed_fields, marker, marks_of
from airconn.transfer.backups import text_digest
from airconn.transfer.importing import Import, effects_of, refuse_read_only, target_rules
from airconn.transfer.loading import Loaded
from airconn.transfer.restored_file import RestoredFile

_EXACT = Policy(lacking="exact")
_SHOWN = 8
_ORIGIN = Origin("backup")
_FILL = "--fill ADDRESS takes hidden values from elsewhere"


@dataclass(frozen=True, slots=True)
class UndoRequest:
    """What of a run to undo, and how."""

    to: str | None = None
    """The address of the run's target, if it isn't the one that the run had."""
    fills: tuple[str, ...] = ()
    """The addresses that show what the target hid from the run."""
    selection: Selection = field(default_factory=Selection)
    force: bool = False
    """Whether objects that have changed since the run are undone as well."""


@dataclass(frozen=True, slots=True)
class Undo:
    """An undo that is ready to be carried out."""

    prepared: Import
    target: Store
    changed: tuple[str, ...] = ()
    """The objects that have changed since the run, and would be undone only with `force`."""
    missing: tuple[str, ...] = ()
    """The objects that can't be created again, because their values were hidden."""


def refuse_changed(undo: Undo) -> None:
    """Raises `BlockedError` if objects have changed since the run."""
    if undo.changed:
        raise BlockedError(
            f"{number_of(len(undo.changed))} changed after that run, and would lose the change",
            hint="--exclude GLOB leaves objects out; --force undoes these, too",
        )


def prepare_undo(
    backup: Backup, request: UndoRequest, target: Store, fills: Sequence[Store], context: Context
) -> Undo:
    """Compares what the run wrote with what the target has now, and makes the plan back. Writes nothing.

    Raises `InputError` for a glob that matches nothing of the run.
    """
    refuse_read_only(target)
    for glob in request.selection.include:
        if not any(matches(glob, *each.key) for each in backup.entries):
            hint = "airconn undo --dry-run shows what it has written"
            raise InputError(f"--include {glob!r} matches nothing of that run", hint=hint)
    entries = [each for each in backup.entries if each.state != NOT and request.selection.wants(*each.key)]
    target = _with_earlier_text(backup, request, target)
    keys = frozenset(each.key for each in entries)
    kinds = frozenset(kind for kind, _ in keys)
    context = replace(context, airflow=reported_reads.airflow_of(target, context), writes=kinds, whole=True)
    described = reported_reads.describe(target, context)
    context = replace(context, wanted=frozenset(each.key for each in entries if each.before is not None))
    reading = reported_reads.read(target, Selection(kinds=kinds, ids=keys), context) if keys else Reading()
    context = replace(context, before=reading)
    rules = target_rules(target, context, described)
    before = _filled(entries, fills, context)
    ways = _Ways(backup, reading, rules, before, is_forced=request.force)
    for entry in entries:
        ways.add(entry)
    plan = ways.plan()
    restarts = target.capabilities.restarts if plan.writes else ""
    prepared = Import(
        described,
        plan,
        context,
        Loaded(Bundle.of(ways.wanted.values()), ways.notes(target.address)),
        _EXACT,
        unread=tuple(note for note in reading.notes if note.failed),
        restarts=restarts,
        effects=effects_of(plan, target, context),
    )
    return Undo(prepared, target, tuple(ways.changed), tuple(ways.missing))


def _with_earlier_text(backup: Backup, request: UndoRequest, target: Store) -> Store:
    """A file as one that gets its earlier text, if it has still the text that the run wrote, and all is undone."""
    said = backup.header.file
    if said is None or not isinstance(target, FileStore) or target.path is None or request.selection != Selection():
        return target
    text = target.text() if target.path.exists() else ""
    if text_digest(text) != said["after"]:
        return target
    return RestoredFile(target.path, target.settings, said["text"])


def _filled(entries: Sequence[BackupEntry], fills: Sequence[Store], context: Context) -> Bundle:
    """The objects of the backup, with the hidden values that other places show."""
    bundle = Bundle.of(replace(each.before, origin=_ORIGIN) for each in entries if each.before is not None)
    for store in fills:
        lacking = frozenset((obj.kind, obj.id) for obj in bundle if hidden_fields(obj))
        if lacking:
            selection = Selection(kinds=frozenset(kind for kind, _ in lacking), ids=lacking)
            other = reported_reads.read(store, selection, replace(context, writes=None, before=None))
            bundle = bundle.map(lambda obj, other=other: fill(obj, other.bundle.get(obj.kind, obj.id)))  # type: ignore[misc]
    return bundle


class _Ways:
    """The way back of each object, collected one by one."""

    def __init__(
        self, backup: Backup, reading: Reading, rules: TargetRules, before: Bundle, *, is_forced: bool
    ) -> None:
        self._reading = reading
        self._rules = rules
        self._before = before
        self._mark = marker(backup.header.salt)
        self._is_forced = is_forced
        self._others: list[Step] = []
        """The steps that aren't made by comparing two objects."""
        self.wanted: dict[tuple[Kind, str], AirflowObject] = {}
        self.changed: list[str] = []
        self.missing: list[str] = []
        self._kept: list[str] = []
        """What stays as the run wrote it, because it was hidden."""
        self._gone: list[str] = []
        """What objects that are created again lack, because it was hidden."""

    def add(self, entry: BackupEntry) -> None:
        kind, id_ = entry.key
        now, before = self._reading.bundle.get(kind, id_), self._before.get(kind, id_)
        if why := self._reading.unreadable.get(entry.key):
            self._block(entry, now, f"it can't be read: {why}")
        elif now is None and before is None:
            return  # it is gone already
        elif self._is_as_before(entry, now, before):
            self._others.append(Step(kind, id_, Action.UNCHANGED, before, now))
        elif (reason := self._change(entry, now)) and not self._is_forced:
            self.changed.append(f"{kind.value}/{id_}")
            self._block(entry, now, reason)
        elif before is None:
            self._others.append(Step(kind, id_, Action.DELETE, target=now))
        elif now is None:
            self._create(before)
        else:
            self._update(entry, before, now)

    def _block(self, entry: BackupEntry, now: AirflowObject | None, reason: str) -> None:
        self._others.append(Step(*entry.key, Action.BLOCKED, target=now, reasons=(reason,)))

    def _change(self, entry: BackupEntry, now: AirflowObject | None) -> str:
        """How an object differs from what the run wrote. Empty if it doesn't, as far as both can be compared."""
        if entry.action is Action.DELETE:
            return "created again since that run" if now is not None else ""
        if now is None:
            # A replacement that failed may have deleted it.
            cut_off = entry.action is Action.REPLACE and entry.state == MAYBE
            return "" if cut_off else "deleted since that run"
        hides_no_password = self._rules.hides_no_password
        names = changed_fields(
            entry.after, marks_of(now, self._mark, entry.after), hides_no_password=hides_no_password
        )
        return f"changed since that run: {', '.join(names)}" if names else ""

    def _is_as_before(self, entry: BackupEntry, now: AirflowObject | None, before: AirflowObject | None) -> bool:
        """Whether an object isn't as the run wrote it, but surely as it was before."""
        if now is None or before is None or not self._change(entry, now):
            return False
        names = tuple(entry.fields) if entry.action is Action.UPDATE else None
        return all(field.likeness is not Likeness.DIFFERENT for field in compare(before, now, names))

    def _create(self, before: AirflowObject) -> None:
        """Takes up an object that is created again, without what was hidden of it."""
        name = f"{before.kind.value}/{before.id}"
        if is_hidden_whole(before) or (isinstance(before, Variable) and before.value is REDACTED):
            self.missing.append(name)
            reason = "its value was hidden from that run"
            self._others.append(Step(before.kind, before.id, Action.SKIPPED, before, reasons=(reason,)))
            return
        self._gone += [f"{name}.{field}" for field in hidden_fields(before)]
        shown: dict[str, Any] = {
            field: value.without_hidden() if isinstance(value, Text) else None
            for field in value_fields(before.kind)
            if hides(value := getattr(before, field))
        }
        self._want(replace(before, **shown))

    def _update(self, entry: BackupEntry, before: AirflowObject, now: AirflowObject) -> None:
        """Takes up an object that gets back the fields that the run wrote."""
        if is_hidden_whole(before) or is_hidden_whole(now):
            self._want(before) if not hidden_fields(before) else self._keep(before, hidden_fields(before))
            return
        names = entry.fields if entry.action is Action.UPDATE else value_fields(before.kind)
        changes: dict[str, Any] = {}
        for name in value_fields(before.kind):
            value = getattr(before, name)
            if name not in names or (value is None and is_unsaid(before, name)):
                continue
            if hides(value):
                value = self._shown_part(name, before, now)
            changes[name] = value
        self._want(replace(now, **changes))

    def _keep(self, obj: AirflowObject, names: Sequence[str]) -> None:
        self._kept += [f"{obj.kind.value}/{obj.id}.{name}" for name in names]

    def _shown_part(self, name: str, before: AirflowObject, now: AirflowObject) -> Any:
        """A field that was hidden, or a part of it: with what can be given back, or as it is now."""
        value, present = getattr(before, name), getattr(now, name)
        if not isinstance(value, Text) or not isinstance(present, Text):
            self._keep(before, [name])
            return present
        there = leaves_of(present)
        lacking = frozenset(path for path in value.hidden if path not in there)
        if lacking:
            tree = jsontext.replace_leaves(
                jsontext.loads(value.text), lambda path, leaf: jsontext.DROP if path in lacking else leaf
            )
            value = Text(jsontext.dumps(tree), tuple(path for path in value.hidden if path not in lacking))
        _, reason = field_changes(name, value, present, _EXACT, is_literal=True)
        self._keep(before, [name] if reason else [leaf_name(name, path) for path in value.hidden])
        return present if reason else value

    def _want(self, obj: AirflowObject) -> None:
        """Takes up an object as it is to be. What looks like a placeholder in it was there, and is the value."""
        if not isinstance(obj, Pool):
            genuine = frozenset((found.field, found.path) for found in all_placeholders(obj))
            texts = {name: value for name in value_fields(obj.kind) if (value := getattr(obj, name)) is not None}
            literal = frozenset(name for name, value in texts.items() if _has_mask(value))
            obj = replace(obj, genuine=genuine, literal=literal)
        self.wanted[obj.kind, obj.id] = replace(obj, ambiguities=(), origin=_ORIGIN)

    def plan(self) -> Plan:
        made = make_plan(Bundle.of(self.wanted.values()), self._reading.bundle, self._rules, _EXACT)
        order = list(Kind)
        steps = sorted((*made.steps, *self._others), key=lambda step: (order.index(step.kind), step.id))
        return Plan(tuple(steps))

    def notes(self, where: str) -> tuple[Note, ...]:
        """What the undo can't bring back."""
        found = []
        if self._kept:
            found.append(f"{_counted(self._kept, 'hidden value')} can't be brought back, and will stay as now: ")
            found[-1] += some(self._kept, _SHOWN)
        if self._gone:
            found.append(f"{_counted(self._gone, 'hidden value')} can't be brought back, and will be missing: ")
            found[-1] += some(self._gone, _SHOWN)
        if self.missing:
            found.append(f"{_counted(self.missing, 'object')} can't be created again, since the value was hidden: ")
            found[-1] += some(self.missing, _SHOWN)
        found[-1:] = [f"{text} ({_FILL})" for text in found[-1:]]
        return tuple(Note(where, text) for text in found)


def _counted(names: Sequence[str], word: str) -> str:
    return f"{len(names)} {word}{'s' * (len(names) != 1)}"


def _has_mask(value: Any) -> bool:
    if isinstance(value, Text):
        return MASK in value.text and not value.hidden
    return isinstance(value, str) and MASK in value
