"""Reads and writes objects by one program that runs in the Python of an Airflow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airconn.errors import TargetError
from airconn.formats.base import quoted
from airconn.model import (
    Action,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Kind,
    Origin,
    Outcome,
    Selection,
    Step,
    Text,
    value_fields,
)
from airconn.model.reading import Key, Note, Reading
from airconn.stores.airflow_cli.conversation import Conversation
from airconn.stores.airflow_cli.script import CutOff
from airconn.stores.airflow_rows import Absent, OtherKey, RowReader, Unreadable, text_of
from airconn.stores.concurrent_changes import CHANGED, DELETED
from airconn.stores.hidden_values import hidden_refusal

if TYPE_CHECKING:
    from airconn.stores.base import Context, Store

_COLUMNS = {"value": "val"}
"""The columns that have other names than their fields."""
_REFUSED = {"exists": "there is one with this id already", "gone": DELETED, "changed": CHANGED}
_TAKEN = frozenset({"IntegrityError", "UniqueViolation"})


class AirflowProgram:
    """The objects of one Airflow, through a conversation with the program."""

    def __init__(self, conversation: Conversation, address: str, by_hand: Callable[..., str]) -> None:
        """`by_hand` writes a command as a user would type it. Raises `UsageError` for a version that isn't one."""
        self._conversation = conversation
        self._address = address
        self._by_hand = by_hand
        self.text = conversation.version
        """The version as that Airflow says it."""
        self.version = AirflowVersion.parse(conversation.version)

    def close(self) -> None:
        """Ends the program."""
        self._conversation.close()

    def read(self, selection: Selection, context: Context) -> Reading:
        """The selected objects, each with the digest of its row as its version. Raises `TargetError`."""
        kinds = {
            kind.value: None
            if selection.ids is None
            else sorted(id_ for its_kind, id_ in selection.ids if its_kind is kind)
            for kind in Kind
            if selection.reaches(kind)
        }
        rows = _Rows(self._address, selection)
        try:
            for done, answer in enumerate(self._conversation.ask({"do": "read", "kinds": kinds}), 1):
                if "failed" in answer:
                    raise self._failure(answer["failed"])
                rows.take(answer)
                context.progress("reading objects", done, self._address)
        except CutOff as error:
            raise TargetError(error.message, where=error.where, hint=error.hint) from None
        return rows.reading()

    def apply(self, steps: Sequence[Step], store: Store, context: Context) -> list[Outcome]:
        """The outcome of each step, in their order. `store` has the refusals of the place."""
        found: dict[int, Outcome] = {}
        todo: list[dict[str, Any]] = []
        for number, step in enumerate(steps):
            if refusal := _refusal(step, store, context):
                found[number] = Outcome(step, refusal, untried=True)
            else:
                todo.append(_as_sent(number, step, context))
        unknown = "it isn't known whether it was written"
        try:
            for answer in self._conversation.ask({"do": "write", "steps": todo}) if todo else ():
                if "n" in answer:
                    number = answer["n"]
                    found[number] = Outcome(steps[number], _error(answer))
        except CutOff as error:
            unknown = f"{unknown}: {error.message}"
        return [found.get(number) or Outcome(step, unknown) for number, step in enumerate(steps)]

    def _failure(self, reason: str) -> TargetError:
        command = self._by_hand("airflow", "connections", "list")
        return TargetError(
            f"Airflow failed there with {reason}",
            where=self._address,
            hint=f"its message may hold secrets, and isn't shown: try {command}",
        )


class _Rows:
    """Makes objects of the rows that the program tells."""

    def __init__(self, address: str, selection: Selection) -> None:
        self._address = address
        self._selection = selection
        self._teams: dict[str, str] = {}
        self._reader = RowReader(_undecryptable, self._teams)
        self._objects: list[AirflowObject] = []
        self._notes: list[Note] = []
        self._versions: dict[Key, object] = {}
        self._passed_over: dict[Key, str] = {}
        self._lost = 0
        self._clear = 0
        """The numbers of objects with fields that can't be decrypted, and of others with secrets."""

    def take(self, answer: Mapping[str, Any]) -> None:
        """Takes a row, or the name of a team."""
        if "team" in answer:
            self._teams[answer["team"]] = answer["name"]
            return
        kind, row = Kind(answer["kind"]), answer["row"]
        where = f"{self._address} {kind.value}"
        try:
            id_ = text_of(row["pool" if kind is Kind.POOLS else kind.id_field])
            if id_ is None:
                raise Unreadable("it has no id (NULL)")
            if not self._selection.wants(kind, id_):
                return
            where = f"{where}/{quoted(id_)}"
            obj = self._reader.read(kind, id_, row, Origin(where))
        except Unreadable as reason:
            self._notes.append(Note(where, f"{reason}: skipped", left_out=True))
            if isinstance(reason, Absent) and id_ is not None:
                self._passed_over[kind, id_] = f"{where}: {reason}"
            return
        lost = self._reader.undecryptable
        self._lost += bool(lost)
        self._clear += kind is not Kind.POOLS and not lost
        self._notes.extend(Note(where, f"{name} {why}: read as hidden") for name, why in lost.items())
        self._objects.append(obj)
        self._versions[kind, id_] = answer["digest"]

    def reading(self) -> Reading:
        """All that was taken. Raises `TargetError` where nothing could be decrypted."""
        if self._lost and not self._clear:
            raise TargetError(
                "Airflow can't decrypt its secrets there: it has no Fernet key, or another one",
                where=self._address,
                hint="AIRFLOW__CORE__FERNET_KEY, or [core] fernet_key, must be the same as the scheduler's",
            )
        return Reading(
            Bundle.of(self._objects),
            tuple(self._notes),
            passed_over=self._passed_over,
            versions=self._versions,
        )


def _undecryptable(token: str) -> str:
    raise OtherKey("can't be decrypted there, as it was written with another Fernet key")


def _refusal(step: Step, store: Store, context: Context) -> str:
    if step.action is Action.DELETE:
        return store.refusal(step, context)
    wanted = step.result()
    refusal = store.refusal(step, context) or hidden_refusal(wanted, _written(step))
    return refusal or next(iter(store.problems(wanted, context)), "")


def _written(step: Step) -> Sequence[str]:
    return sorted(step.written) if step.action is Action.UPDATE else value_fields(step.kind)


def _as_sent(number: int, step: Step, context: Context) -> dict[str, Any]:
    """A step as the program takes it: only the columns that it writes."""
    values: dict[str, Any] = {}
    if step.action is not Action.DELETE:
        wanted = step.result()
        values = {_COLUMNS.get(name, name): _plain(getattr(wanted, name)) for name in _written(step)}
    if "include_deferred" in values:
        values["include_deferred"] = bool(values["include_deferred"])
    versions = context.before.versions if context.before else {}
    return {
        "n": number,
        "kind": step.kind.value,
        "id": step.id,
        "action": step.action.value,
        "values": values,
        "digest": None if step.action is Action.CREATE else versions.get((step.kind, step.id)),
    }


def _plain(value: Any) -> Any:
    return value.text if isinstance(value, Text) else value


def _error(answer: Mapping[str, Any]) -> str | None:
    """The error of an outcome. None if the step is done."""
    if "refused" in answer:
        return _REFUSED.get(answer["refused"], "it was refused")
    if "failed" not in answer:
        return None
    if answer.get("all"):
        return f"its transaction failed ({answer['failed']}): all objects of it are written, or none"
    if answer["failed"] in _TAKEN:
        return "the database refuses it: an object with this id exists, or its team doesn't"
    return f"the database refuses it ({answer['failed']})"
