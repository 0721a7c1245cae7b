"""An Airflow as a place, through its own `airflow` command."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, TypeVar

from airconn.airflow.command import dialect_of
from airconn.config import Settings
from airconn.model import NEWEST, WRITES, AirflowObject, AirflowVersion, Bundle, Outcome, Selection, Step
from airconn.stores.airflow_cli import refusals
from airconn.stores.airflow_cli.forms import stored_form
from airconn.stores.airflow_cli.prefix import Prefix
from airconn.stores.airflow_cli.session import Session
from airconn.stores.airflow_cli.writing import Writer
from airconn.stores.base import Capabilities, Store

T = TypeVar("T", bound=AirflowObject)


class AirflowCliStore(Store):
    """An Airflow that is read by exports and written to by imports, whole files at a time.

    Nothing of it is hidden. It is asked for its version at the first call that needs an answer, and no earlier.
    """

    capabilities: ClassVar[Capabilities] = Capabilities(at_once=True)

    def __init__(self, address: str, prefix: Prefix, settings: Settings) -> None:
        super().__init__(address)
        self._session = Session(prefix, settings.environ, settings.timeout)

    def describe(self) -> str:
        words = self._session.prefix.by_hand()
        return f"airflow {self._session.text()} through {words or 'its command on this machine'}"

    def airflow(self) -> AirflowVersion:
        return self._session.version()

    def read(self, selection: Selection) -> Bundle:
        self.notes = []
        return self._session.read(selection, self.notes)

    def stored_form(self, obj: T) -> T:
        exact = self._session.exact
        return stored_form(obj, self._known(), exact=dialect_of(self._known()).exact if exact is None else exact)

    def problems(self, obj: AirflowObject) -> Sequence[str]:
        return tuple(refusals.problems(obj, self._known()))

    def update_refusal(self, step: Step) -> str:
        return refusals.update_refusal(step, teams=self._session.teams)

    def replace_refusal(self, step: Step) -> str:
        return refusals.replace_refusal(step, teams=self._session.teams)

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        self.notes = []
        writer = Writer(self._session, self, self.notes)
        yield from writer.apply([step for step in steps if step.action in WRITES])

    def _known(self) -> AirflowVersion:
        """The version as far as it was asked for. A store that nobody asks anything stays unasked."""
        return self._session.known or NEWEST
