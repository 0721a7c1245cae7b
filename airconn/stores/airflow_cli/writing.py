"""Carries out steps by importing files, and judges each by the objects that exist afterwards.

The command's exit codes say nothing, and one entry that it fails on makes the others of its file fail, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from airconn.errors import AirconnError, TargetError
from airconn.formats import get_format
from airconn.formats.base import WriteOptions
from airconn.model import (
    REDACTED,
    Action,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Outcome,
    Selection,
    Step,
    Text,
    Variable,
    rules_for,
    value_fields,
)
from airconn.model.reading import Note, Reading
from airconn.stores.airflow_cli import calls
from airconn.stores.airflow_cli.script import Call, CutOff
from airconn.stores.airflow_cli.stored_forms import differing
from airconn.stores.concurrent_changes import CHANGED, is_changed
from airconn.stores.hidden_values import hidden_refusal
from airconn.stores.silence import Silence

if TYPE_CHECKING:
    from airconn.stores.airflow_cli.session import CommandSession
    from airconn.stores.base import Context, Store

T = TypeVar("T", bound=AirflowObject)

_PATIENCE = 6
"""The number of failed files in a row after which no other is tried."""


@dataclass(slots=True)
class _Item:
    """A step, and its state so far."""

    step: Step
    wanted: AirflowObject | None
    """The object that the place holds in the end. None for a delete."""
    error: str | None = None
    final: bool = False
    """Whether its outcome is final, so that it isn't tried again."""
    untried: bool = False

    @property
    def overwrites(self) -> bool:
        return self.step.action is not Action.CREATE

    def may_overwrite(self, version: AirflowVersion) -> bool:
        """Whether its import would overwrite an object that mustn't exist."""
        return self.step.action is Action.CREATE and not calls.leaves_existing(self.step.kind, version)

    def is_looked_at(self, version: AirflowVersion) -> bool:
        """Whether the present object decides if the step is done: it would be overwritten or merged."""
        return self.may_overwrite(version) or self.step.merges

    @property
    def deletes(self) -> bool:
        return self.step.action in (Action.DELETE, Action.REPLACE)


class Writer:
    """Writes to one deployment."""

    def __init__(self, session: CommandSession, store: Store, context: Context) -> None:
        """`store` has the refusals and stored forms of the place."""
        self._session = session
        self._store = store
        self._context = context
        self._silence = Silence(_PATIENCE)

    def apply(self, steps: Sequence[Step]) -> list[Outcome]:
        """The outcome of each step, when all are done. Raises `TargetError` if none was begun."""
        if not steps:
            return []
        version = self._session.version
        items = [self._item(step) for step in steps]
        self._refuse_changed([item for item in items if item.error is None and item.is_looked_at(version)])
        todo = [item for item in items if item.error is None]
        if todo:
            # If a deleted object can't be created again, no other one must be deleted.
            replaced = [item for item in todo if item.step.action is Action.REPLACE]
            later = {(item.step.kind, item.step.id) for item in replaced[1:]}
            self._round([item for item in todo if (item.step.kind, item.step.id) not in later], deleting=True)
            self._all_apart([item for item in todo if (item.step.kind, item.step.id) not in later])
            if later:
                self._replace(replaced[0], replaced[1:])
        told = self._descriptions_lost([item for item in todo if item.error is None])
        last = len(items) - 1
        return [
            Outcome(item.step, item.error, item.untried, notes=self._losses(item) + (told if at == last else ()))
            for at, item in enumerate(items)
        ]

    def losses(self, steps: Sequence[Step]) -> list[Note]:
        """The notes on what Airflow would not keep of these steps. Writes nothing."""
        items = [item for item in map(self._item, steps) if item.error is None]
        return [*(note for item in items for note in self._losses(item)), *self._descriptions_lost(items)]

    def _replace(self, first: _Item, others: Sequence[_Item]) -> None:
        """Replaces the others, if the first one was replaced."""
        why = f"it would be deleted first, and {first.step.kind.value}/{first.step.id} could not be replaced"
        try:
            if not first.error and not self._silence.is_long:
                self._round(others, deleting=True)
                self._all_apart(others)
                return
        except TargetError as error:
            why = str(error)
        for item in others:
            item.error, item.untried = f"not tried: {why}", True

    def _all_apart(self, items: Sequence[_Item]) -> None:
        for kind in Kind:
            self._apart([item for item in items if item.step.kind is kind and item.wanted is not None])

    def _item(self, step: Step) -> _Item:
        if step.action is Action.DELETE:
            return _Item(step, None, self._store.refusal(step, self._context) or None)
        if step.source is None:
            return _Item(step, None, "there is nothing to write")
        wanted = self._wanted(step)
        names = [name for name in value_fields(step.kind) if not _stays(step, wanted, name)]
        refusal = self._store.refusal(step, self._context) or hidden_refusal(wanted, names)
        problems = () if refusal else self._store.problems(wanted, self._context)
        return _Item(step, wanted, refusal or next(iter(problems), None))

    def _wanted(self, step: Step) -> AirflowObject:
        """The object for an import, which writes all fields, even those that don't change."""
        wanted, source = step.result(), step.source
        if isinstance(wanted, Connection) and isinstance(source, Connection):
            # Exports don't have the team, so that only the source can say it.
            return replace(wanted, team_name=source.team_name)
        if (
            isinstance(wanted, Variable)
            and isinstance(source, Variable)
            and isinstance(source.value, Text)
            and not source.value.hidden
            and self._as_held(source, self._context.before).value == self._as_held(wanted, self._context.before).value
        ):
            # The JSON that was read may have another layout than the stored one, and the source may have that.
            return replace(wanted, value=source.value)
        return wanted

    def _as_held(self, obj: T, read: Reading | None) -> T:
        """The form in which the place gives back `obj`, with exact texts if the reading had them."""
        return self._store.stored_form(obj, replace(self._context, before=read))

    def _refuse_changed(self, items: Sequence[_Item]) -> None:
        """Fails steps whose object was created or changed since the plan was made, if an import would destroy it.

        Objects that an import doesn't overwrite aren't looked at here: the verdict finds them without another call.
        """
        kinds = frozenset(item.step.kind for item in items)
        if not kinds:
            return
        ids = frozenset((item.step.kind, item.step.id) for item in items)
        present = self._session.read(Selection(kinds=kinds, ids=ids))
        unreadable = {note.where for note in present.notes if note.left_out}
        for item in items:
            kind, id_ = item.step.kind, item.step.id
            held = present.bundle.get(kind, id_)
            if item.overwrites:
                changed = is_changed(item.step, held, lambda obj: self._as_held(obj, present))
                item.error = CHANGED if changed else None
            elif held is not None or f"{self._store.address} {kind.value}/{id_}" in unreadable:
                item.error = "there is one with this id already"

    def _round(self, items: Sequence[_Item], *, deleting: bool) -> None:
        """Deletes, imports, exports again and judges. Raises `TargetError` if nothing was begun."""
        kinds = [kind for kind in Kind if any(item.step.kind is kind for item in items)]
        todo = [
            calls.delete(item.step.kind, f"delete-{number}", item.step.id)
            for number, item in enumerate(items)
            if deleting and item.deletes
        ]
        imports = {
            (kind, overwrite): self._import(kind, group, overwrite=overwrite)
            for kind in kinds
            for overwrite in (False, True)
            if (group := _group(items, kind, overwrite=overwrite))
        }
        try:
            answer = self._session.work([*todo, *imports.values(), *self._session.exports(kinds)])
        except CutOff as error:
            for item in items:
                item.error = f"whether it was written isn't known: {error.message}"
            self._silence.give_up()
            return
        ids = frozenset((item.step.kind, item.step.id) for item in items)
        try:
            present = self._session.parsed(answer, kinds, Selection(kinds=frozenset(kinds), ids=ids))
        except AirconnError as error:
            for item in items:
                item.error = f"whether it was written isn't known: {error.message}"
            self._silence.give_up()
            return
        for item in items:
            call = imports.get((item.step.kind, item.overwrites))
            item.error = self._verdict(item, present, answer.codes.get(call.name, 0) if call else 0)
        if all(item.error for item in items):
            self._silence.unheard()
        else:
            self._silence.heard()

    def _import(self, kind: Kind, items: Sequence[_Item], *, overwrite: bool) -> Call:
        version = self._session.version
        bundle = Bundle.of(_without_hidden(item.wanted) for item in items if item.wanted)
        rendered = get_format("json").render(bundle, WriteOptions(airflow=version, kinds=frozenset({kind})))
        name = f"{kind.value}-{'changed' if overwrite else 'new'}"
        return calls.import_(kind, name, rendered.text, version, overwrite=overwrite)

    def _verdict(self, item: _Item, present: Reading, code: int) -> str | None:
        held = present.bundle.get(item.step.kind, item.step.id)
        if item.wanted is None:
            return None if held is None else "it is still there"
        ended = f" (exit code {code})" if code else ""
        failed = f"airflow {item.step.kind.value} import skipped it{ended}"
        if held is None:
            return f"it was deleted, and then {failed}" if item.step.action is Action.REPLACE else failed
        names = differing(held, self._as_held(item.wanted, present))
        if names and item.step.action is Action.CREATE:
            item.final = True
            return (
                f"one with other values exists ({', '.join(names)}): another program wrote it, or Airflow changed it"
            )
        return f"{failed}: {', '.join(names)} {'is' if len(names) == 1 else 'are'} not as written" if names else None

    def _apart(self, items: Sequence[_Item]) -> None:
        """Tries failed ones again in ever smaller files, so that an object that Airflow fails on fails alone."""
        groups = [list(items)]
        while groups:
            failed = [item for item in groups.pop(0) if item.error and not item.final]
            if len(items) == 1:
                continue
            middle = (len(failed) + 1) // 2
            for half in (failed[:middle], failed[middle:]):
                if half and not self._silence.is_long:
                    self._round_again(half)
                    groups += [half] if len(half) > 1 else []

    def _round_again(self, items: Sequence[_Item]) -> None:
        """Runs another round, without raising, since the outcomes of earlier rounds have to be reported."""
        try:
            self._round(items, deleting=False)
        except TargetError:
            self._silence.give_up()  # the errors of the first round are kept

    def _losses(self, item: _Item) -> tuple[Note, ...]:
        """The parts of a written object that its file can't hold."""
        if item.wanted is None or item.error is not None:
            return ()
        options = WriteOptions(airflow=self._session.version, kinds=frozenset({item.step.kind}))
        losses = get_format("json").render(Bundle.of([_without_hidden(item.wanted)]), options).losses
        return tuple(loss.note for loss in losses)

    def _descriptions_lost(self, written: Sequence[_Item]) -> tuple[Note, ...]:
        version = self._session.version
        rewritten = [i for i in written if i.step.kind is Kind.VARIABLES and i.step.action is Action.UPDATE]
        if not rewritten or rules_for(version).variable_descriptions:
            return ()
        message = (
            f"airflow variables import of {version} removes the descriptions of the variables that it "
            "overwrites, and doesn't show which had one"
        )
        return (Note(self._store.address, message),)


def _group(items: Sequence[_Item], kind: Kind, *, overwrite: bool) -> list[_Item]:
    return [i for i in items if i.step.kind is kind and i.wanted is not None and i.overwrites is overwrite]


def _stays(step: Step, wanted: AirflowObject, name: str) -> bool:
    """Whether an import keeps a field: a password that isn't written."""
    unwritten = step.action is Action.UPDATE and name not in step.written
    return unwritten and name == "password" and isinstance(wanted, Connection) and wanted.password is REDACTED


def _without_hidden(obj: AirflowObject | None) -> AirflowObject:
    assert obj is not None  # noqa: S101 - only what is wanted is written
    return replace(obj, password=None) if isinstance(obj, Connection) and obj.password is REDACTED else obj
