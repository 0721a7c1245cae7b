"""An Airflow as a place, through its REST API."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, TypeVar, cast

from airconn.config import Settings
from airconn.model import (
    DEFAULT_POOL,
    NEWEST,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Kind,
    Origin,
    Outcome,
    Selection,
    Step,
)
from airconn.stores.airflow_api.address import base_url
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.batches import carry_out
from airconn.stores.airflow_api.dialect import Dialect, dialect_for
from airconn.stores.airflow_api.mixed_writes import mixed
from airconn.stores.airflow_api.pages import Lister
from airconn.stores.airflow_api.probe import Server, probe
from airconn.stores.airflow_api.reading import Reader
from airconn.stores.airflow_api.refusals import problems, update_refusal
from airconn.stores.airflow_api.session import Session
from airconn.stores.airflow_api.stored_forms import stored_form
from airconn.stores.base import Capabilities, Store, normal_url

T = TypeVar("T", bound=AirflowObject)

_QUICK = 500
"""So many entries of a list are read in a moment. Many more may take a server minutes (README, "Many objects")."""


class AirflowApiStore(Store):
    """An Airflow. It is asked for its version at the first call that needs an answer, and no earlier."""

    capabilities: ClassVar[Capabilities] = Capabilities(hides=True)

    def __init__(self, address: str, settings: Settings) -> None:
        super().__init__(base_url(address))
        self._session = Session(self.address, settings)
        self._server: Server | None = None
        self._unreadable: frozenset[tuple[Kind, str]] = frozenset()

    def describe(self) -> str:
        return f"airflow {self._probed().text} at {self.address}"

    def location(self, kind: Kind) -> object:
        return normal_url(self.address)

    def airflow(self) -> AirflowVersion:
        return self._probed().version

    def read(self, selection: Selection) -> Bundle:
        reader = Reader(self._session, self._api(), self.watch)
        bundle = Bundle.of(obj for kind in Kind if selection.reaches(kind) for obj in reader.read(kind, selection))
        self.notes, self._unreadable = reader.notes, reader.unreadable
        return bundle

    def at_hand(self, kinds: frozenset[Kind]) -> frozenset[tuple[Kind, str]]:
        listers = {kind: Lister(self._session, self._api(), kind, self.watch) for kind in kinds}
        quick = {kind: lister for kind, lister in listers.items() if lister.count() <= _QUICK}
        return frozenset((kind, id_) for kind, lister in quick.items() for id_ in lister.read().items)

    def create_refusal(self, obj: AirflowObject) -> str:
        why = self.withheld(obj.kind, obj.id)
        return f"it is there, and {why}" if why else ""

    def withheld(self, kind: Kind, id_: str) -> str:
        return "the server fails on it (500)" if (kind, id_) in self._unreadable else ""

    def stored_form(self, obj: T) -> T:
        return cast("T", stored_form(obj, self._dialect()))

    @property
    def hides_no_password(self) -> bool:
        return not self._dialect().v2

    def problems(self, obj: AirflowObject) -> Sequence[str]:
        return tuple(problems(obj, self._dialect()))

    def update_refusal(self, step: Step) -> str:
        return update_refusal(step, self._dialect())

    def replace_refusal(self, step: Step) -> str:
        own = step.kind is Kind.POOLS and step.id == DEFAULT_POOL
        return f"Airflow lets nobody delete {DEFAULT_POOL}" if own else ""

    def apply(self, steps: Iterable[Step]) -> Iterator[Outcome]:
        self.notes = []
        yield from carry_out(self._session, self._api(), steps, self.notes, whole=self.whole)

    def mixed(self, done: Sequence[Step]) -> frozenset[tuple[Kind, str]]:
        found, note = mixed(self._session, self._api(), done)
        self.notes = [note] if note else []
        return found

    def close(self) -> None:
        self._session.close()

    def _probed(self) -> Server:
        if self._server is None:
            self._server = probe(self._session, self.watch)
            self._session.v2, self._session.version = self._server.v2, self._server.version
        return self._server

    def _dialect(self) -> Dialect:
        """The dialect of the server, or of the newest one as long as it wasn't asked."""
        return dialect_for(self._server.version if self._server else NEWEST)

    def _api(self) -> Api:
        server = self._probed()
        from airconn.stores.airflow_api.v1 import ApiV1
        from airconn.stores.airflow_api.v2 import ApiV2

        return (ApiV2 if server.v2 else ApiV1)(dialect_for(server.version), Origin(self.address))
