"""An Airflow as a place, through its own `airflow` command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeVar

from airconn.airflow.command import dialect_of
from airconn.config import Settings
from airconn.model import WRITES, Action, AirflowObject, AirflowVersion, Outcome, Selection, Step
from airconn.model.reading import Note, Reading
from airconn.stores.airflow_cli import refusals
from airconn.stores.airflow_cli.prefix import Prefix
from airconn.stores.airflow_cli.session import CommandSession
from airconn.stores.airflow_cli.stored_forms import stored_form
from airconn.stores.airflow_cli.writing import Writer
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store

T = TypeVar("T", bound=AirflowObject)


class AirflowCliStore(Store):
    """An Airflow that is read by exports and written to by imports, a whole file at a time.

    It hides nothing. Its version is asked for at the first call that depends on it.
    """

    def __init__(self, address: str, prefix: Prefix, settings: Settings) -> None:
        super().__init__(address, Capabilities(at_once=True, is_airflow=True))
        self._session = CommandSession(prefix, settings.environ, settings.timeout)

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        words = self._session.prefix.by_hand()
        text = f"airflow {self._session.text()} through {words or 'its command on this machine'}"
        return Description(text, self._session.version())

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        return self._session.read(selection)

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        version = self._version(context)
        told = context.before.versions.get((obj.kind, obj.id)) if context.before else None
        return stored_form(obj, version, exact=dialect_of(version).exact if told is None else bool(told))

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        return tuple(refusals.problems(obj, self._version(context)))

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        if step.action is Action.UPDATE:
            return refusals.update_refusal(step, teams=self._session.teams)
        if step.action in (Action.REPLACE, Action.DELETE):
            return refusals.replace_refusal(step, teams=self._session.teams)
        return ""

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        return Writer(self._session, self, context).losses([step for step in steps if step.action in WRITES])

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        yield from Writer(self._session, self, context).apply([step for step in steps if step.action in WRITES])

    def _version(self, context: Context) -> AirflowVersion:
        """The version of the place, if `describe` has asked for it. Otherwise that of the context."""
        return self._session.known or context.airflow


def open_store(address: str, settings: Settings) -> AirflowCliStore:
    """The Airflow to whose command `airflow-cli:COMMAND PREFIX` leads. Raises `UsageError` for no such prefix."""
    return AirflowCliStore(address, Prefix.of(address), settings)
