"""An Airflow as a place, through its own `airflow` command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar

from airconn.airflow.command import dialect_of
from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import WRITES, Action, AirflowObject, AirflowVersion, Outcome, Selection, Step
from airconn.model.reading import Note, Reading
from airconn.stores.airflow_cli import refusals
from airconn.stores.airflow_cli.conversation import Conversation, Unsuited
from airconn.stores.airflow_cli.prefix import Prefix
from airconn.stores.airflow_cli.program import AirflowProgram
from airconn.stores.airflow_cli.script import CutOff
from airconn.stores.airflow_cli.session import PATIENCE, CommandSession
from airconn.stores.airflow_cli.stored_forms import stored_form, without_empty_password
from airconn.stores.airflow_cli.writing import Writer
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store

T = TypeVar("T", bound=AirflowObject)


class AirflowCliStore(Store):
    """An Airflow that is read and written by one program in its own Python, or else by its `airflow` command.

    It hides nothing. Its version is asked for at the first call that depends on it. The command is used where the
    program can't run; what it can't tell or keep is in `stored_forms` and `refusals`.
    """

    def __init__(self, address: str, prefix: Prefix, settings: Settings) -> None:
        super().__init__(address, Capabilities(at_once=True, is_airflow=True))
        self._prefix = prefix
        self._environ = settings.environ
        self._patience = PATIENCE * settings.timeout
        self._command = CommandSession(prefix, settings.environ, self._patience)
        self._program: AirflowProgram | None = None
        self._unsuited = ""
        """Why the program can't run. Empty if it can, or wasn't tried."""

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        words = self._prefix.by_hand()
        program = self._found()
        text, version = (program or self._command).text, (program or self._command).version
        where = words or "its command on this machine"
        return Description(f"airflow {text} through {where}", version)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        if (program := self._found()) is not None:
            return program.read(selection, context)
        reading = self._command.read(selection)
        why = f"read by the airflow command, since {self._unsuited}"
        return replace(reading, notes=(*reading.notes, Note(self.address, why, is_detail=True)))

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        if self._program is not None:
            return without_empty_password(obj)
        version = self._version(context)
        told = context.before.versions.get((obj.kind, obj.id)) if context.before else None
        return stored_form(obj, version, exact=dialect_of(version).exact if told is None else bool(told))

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        return tuple(refusals.problems(obj, self._version(context), by_program=self._program is not None))

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        if step.action in (Action.REPLACE, Action.DELETE) and (refusal := refusals.deletion_refusal(step)):
            return refusal
        if self._program is not None:
            return ""
        if step.action is Action.UPDATE:
            return refusals.update_refusal(step, teams=self._command.teams)
        if step.action is Action.REPLACE:
            return refusals.replace_refusal(step, teams=self._command.teams)
        return ""

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        if self._found() is not None:
            return ()
        return Writer(self._command, self, context).losses([step for step in steps if step.action in WRITES])

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        writes = [step for step in steps if step.action in WRITES]
        if not writes:
            return
        if (program := self._found()) is not None:
            yield from program.apply(writes, self, context)
        else:
            yield from Writer(self._command, self, context).apply(writes)

    def close(self) -> None:
        if self._program is not None:
            self._program.close()
        self._program = None

    def _found(self) -> AirflowProgram | None:
        """The program, which is started at the first call. None where it can't run. Raises `TargetError`."""
        if self._program is None and not self._unsuited:
            try:
                conversation = Conversation(self._prefix, self._environ, self._patience)
                self._program = AirflowProgram(conversation, self.address, self._prefix.by_hand)
            except Unsuited as reason:
                self._unsuited = str(reason)
            except CutOff as error:  # nothing was asked yet
                raise TargetError(error.message, where=error.where, hint=error.hint) from None
        return self._program

    def _version(self, context: Context) -> AirflowVersion:
        """The version of the place, if `describe` has asked for it. Otherwise that of the context."""
        if self._program is not None:
            return self._program.version
        return self._command.known or context.airflow


def open_store(address: str, settings: Settings) -> AirflowCliStore:
    """The Airflow to whose command `airflow-cli:COMMAND PREFIX` leads. Raises `UsageError` for no such prefix."""
    return AirflowCliStore(address, Prefix.of(address), settings)
