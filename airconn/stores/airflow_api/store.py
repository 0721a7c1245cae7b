"""An Airflow as a place, through its REST API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from airconn.airflow.rest_api import RestDialect, dialect_for
from airconn.airflow.versions import is_of_astro
from airconn.config import Settings
from airconn.model import (
    DEFAULT_POOL,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    Kind,
    Origin,
    Outcome,
    Selection,
    Step,
)
from airconn.model.reading import Key, Note, Reading
from airconn.stores.airflow_api.access import Access, access
from airconn.stores.airflow_api.address import base_url
from airconn.stores.airflow_api.api import Api
from airconn.stores.airflow_api.introduction import introduce
from airconn.stores.airflow_api.pages import Lister
from airconn.stores.airflow_api.probe import AnsweringAirflow, probe
from airconn.stores.airflow_api.reading import ApiReader
from airconn.stores.airflow_api.session import Session
from airconn.stores.airflow_api.stored_forms import notes_of_changes, stored_form
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Description, Store
from airconn.stores.connection_tests import ConnectionTest
from airconn.stores.health import HealthCheck, HealthQuestions
from airconn.stores.http.messages import Request
from airconn.stores.http.tls import check_tls_files
from airconn.urls import endpoint

T = TypeVar("T", bound=AirflowObject)

_REAL_VALUES = "--from metadb: or --from 'airflow-cli:docker exec -i scheduler'"
_QUICK = 500
"""The entries of a list that are read in a moment. Many more may take a server minutes (airconn help performance)."""

_SETTLING_PAGE = 25


class AirflowApiStore(Store):
    """An Airflow. It is asked for its version at the first call whose answer depends on it, and no earlier.

    The version of the server decides what it holds and refuses, even if the objects are for another Airflow.
    """

    def __init__(self, address: str, find: Callable[[], Access], real_values: str = "") -> None:
        """`find` is called once, before the first request. It may ask a vendor where the Airflow `address` is.

        It raises `UsageError` and `TargetError`.
        """
        super().__init__(address, Capabilities(hides=True, is_airflow=True, real_values=real_values))
        self._find = find
        self._found: Access | None = None
        self._server: AnsweringAirflow | None = None
        self._connected: Session | None = None

    def describe(self, context: Context = DEFAULT_CONTEXT) -> Description:
        server = self._probed(context)
        text = f"airflow {server.text} at {self._access().base}"
        return Description(
            text,
            server.version,
            hides_no_password=not dialect_for(server.version).tells_passwords,
            is_at_astro=is_of_astro(server.text),
        )

    def location(self, kind: Kind) -> object:
        return endpoint(self.address)

    def read(self, selection: Selection, context: Context = DEFAULT_CONTEXT) -> Reading:
        reader = ApiReader(self._session(context), self._api(context), context.watch)
        bundle = Bundle.of(obj for kind in Kind if selection.reaches(kind) for obj in reader.read(kind, selection))
        return Reading(bundle, tuple(reader.notes), unreadable=reader.unreadable)

    def quick_ids(self, kinds: frozenset[Kind], context: Context) -> frozenset[Key]:
        listers = {kind: Lister(self._session(context), self._api(context), kind, context.watch) for kind in kinds}
        quick = {kind: lister for kind, lister in listers.items() if lister.count() <= _QUICK}
        return frozenset((kind, id_) for kind, lister in quick.items() for id_ in lister.read().items)

    def stored_form(self, obj: T, context: Context = DEFAULT_CONTEXT) -> T:
        return cast("T", stored_form(obj, self._dialect(context)))

    def problems(self, obj: AirflowObject, context: Context = DEFAULT_CONTEXT) -> Sequence[str]:
        from airconn.stores.airflow_api.refusals import problems

        return tuple(problems(obj, self._dialect(context)))

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        if step.action is Action.CREATE:
            why = context.before.unreadable.get((step.kind, step.id)) if context.before else None
            return f"it is there, and {why}" if why else ""
        if step.action is Action.UPDATE:
            from airconn.stores.airflow_api.refusals import update_refusal

            return update_refusal(step, self._dialect(context))
        deletes = step.action in (Action.REPLACE, Action.DELETE)
        is_own = deletes and step.kind is Kind.POOLS and step.id == DEFAULT_POOL
        return f"Airflow doesn't allow to delete {DEFAULT_POOL}" if is_own else ""

    def losses(self, steps: Sequence[Step], context: Context) -> Sequence[Note]:
        return [note for step in steps for note in notes_of_changes(step, self._dialect(context))]

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        from airconn.stores.airflow_api.batches import carry_out

        for outcome in carry_out(self._session(context), self._api(context), steps, whole=context.whole):
            changed = () if outcome.error else notes_of_changes(outcome.step, self._dialect(context))
            yield replace(outcome, notes=(*outcome.notes, *changed)) if changed else outcome

    def try_connection(self, connection: Connection, context: Context) -> ConnectionTest:
        from airconn.stores.airflow_api.connection_testing import try_connection

        return try_connection(self._session(context), self._api(context), connection)

    def health(self, questions: HealthQuestions, context: Context) -> Iterator[HealthCheck]:
        from airconn.stores.airflow_api.health import AirflowUnderCheck, airflow_health

        steps = AirflowUnderCheck(
            address=self.address,
            access=self._access,
            probe=lambda: self._probed(context),
            session=lambda: self._session(context),
            api=lambda: self._api(context),
        )
        yield from airflow_health(steps, questions)

    def mixed(self, done: Sequence[Step], context: Context) -> tuple[frozenset[Key], tuple[Note, ...]]:
        from airconn.stores.airflow_api.mixed_writes import mixed

        return mixed(self._session(context), self._api(context), done)

    def settle(self, context: Context) -> None:
        # Small pages: with 10,000 passwords, one more of them takes the server half a second.
        def watch(what: str, done: int, total: int | None) -> None:
            context.watch("waiting for Airflow to learn passwords", done, total)

        Lister(self._session(context), self._api(context), Kind.CONNECTIONS, watch, page=_SETTLING_PAGE).read()

    def check_login(self, context: Context = DEFAULT_CONTEXT) -> str:
        """The Airflow in words, once it accepts the credentials.

        Raises `TargetError` where it doesn't, and where they may not read connections.
        """
        Lister(self._session(context), self._api(context), Kind.CONNECTIONS, context.watch).count()
        return self.describe(context).text

    def rest(self) -> None:
        if self._found is not None:
            self._found.transport.rest()

    def close(self) -> None:
        if self._found is not None:
            self._found.close()

    def _access(self) -> Access:
        if self._found is None:
            self._found = self._find()
        return self._found

    def _probed(self, context: Context) -> AnsweringAirflow:
        if self._server is None:
            self._server = probe(self._access(), context.watch)
        return self._server

    def _session(self, context: Context) -> Session:
        if self._connected is None:
            session = Session(self._access(), self._dialect(context))
            introduce(session, Request("GET", self._api(context).path(Kind.CONNECTIONS), (("limit", "1"),)))
            self._connected = session
        return self._connected

    def _dialect(self, context: Context) -> RestDialect:
        return dialect_for(self._probed(context).version)

    def _api(self, context: Context) -> Api:
        dialect = self._dialect(context)
        from airconn.stores.airflow_api.v1 import ApiV1
        from airconn.stores.airflow_api.v2 import ApiV2

        return (ApiV2 if dialect.v2 else ApiV1)(dialect, Origin(self.address))


def open_store(address: str, settings: Settings) -> AirflowApiStore:
    """The Airflow at this address. It is not asked anything yet.

    Raises `UsageError` for an address that can't be one of an Airflow, or that has credentials in it.
    """
    base = base_url(address)
    check_tls_files(settings)
    return AirflowApiStore(base, lambda: access(base, settings), _REAL_VALUES)
