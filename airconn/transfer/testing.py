"""Carries out `test`: asks an Airflow to test connections with the values of places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from airconn.errors import BlockedError, ExitCode, InputError, InputErrors, UsageError
from airconn.model import Bundle, Connection, Kind, Selection, hidden_fields
from airconn.model.reading import Note
from airconn.plan.unresolved import unresolved
from airconn.stores.base import Context, Store
from airconn.stores.connection_tests import ConnectionTest, TriesConnections, Verdict
from airconn.transfer import reported_reads
from airconn.transfer.loading import Change, load_for
from airconn.transfer.overriding import make_change
from airconn.transfer.places import Places
from airconn.transfer.results import ChangeRequest, Result
from airconn.transfer.showing import find, parse_name

_CONNECTIONS = frozenset({Kind.CONNECTIONS})


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTestRequest(ChangeRequest):
    """Which connections to test, with the values of which places. Nothing is stored."""

    names: tuple[str, ...]
    """The connections, each an id or `connections/ID`."""
    airflow_address: str | None = None
    """The address of the Airflow that tests, if it isn't the one of the configuration."""
    sources: tuple[str, ...] = ()
    """The addresses of places with the values. Without any, it is that Airflow itself."""


@dataclass(frozen=True, slots=True)
class OpenedTests:
    """The places of tests, which are open."""

    target: Store
    """The Airflow that tests."""
    sources: Sequence[Store] = ()
    """The places with the values. Without any, it is that Airflow."""
    fills: Sequence[Store] = ()
    change: Change | None = None


@dataclass(frozen=True, slots=True)
class TestedConnection:
    """A connection and the result of its test."""

    conn_id: str
    conn_type: str
    test: ConnectionTest


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionTests(Result):
    """The results for all connections, in the order in which they were named."""

    airflow: str
    """The Airflow that tested, in words."""
    tested: tuple[TestedConnection, ...]

    @property
    def exit_code(self) -> ExitCode:
        """1 if a connection fails, else 4 if one couldn't be tested."""
        verdicts = {each.test.verdict for each in self.tested}
        if Verdict.FAILS in verdicts:
            return ExitCode.SOME_FAILED
        if verdicts - {Verdict.WORKS}:
            return ExitCode.BLOCKED
        return super(ConnectionTests, self).exit_code  # a class with slots has no plain super()


def run_tests(request: ConnectionTestRequest, places: Places) -> ConnectionTests:
    """The tests of all connections, one after the other, until one finds that tests are switched off.

    Raises `UsageError` for a place that isn't an Airflow, `BlockedError` for values that are hidden or placeholders,
    before any is tested, and as `showing.find` does for unknown ids.
    """
    refuse_other_kinds(request.names)
    target = places.open_target(request.airflow_address)
    refuse_other_places(target)
    sources = [places.open(source, request.source_format) for source in request.sources]
    fills = places.open_fills(request.fills, request.source_format)
    change = make_change(request.changes, selection_of(request), places)
    return run_opened(request, OpenedTests(target, sources, fills, change), places.context())


def run_opened(request: ConnectionTestRequest, opened: OpenedTests, context: Context) -> ConnectionTests:
    """The tests in places that are open. Raises as `run_tests`."""
    target = opened.target
    if not isinstance(target, TriesConnections):
        raise _no_airflow(target)
    found, notes = _find(request, opened, context)
    described = reported_reads.describe(target, context)
    _refuse_untyped(found)
    _refuse_unknown_values(found, has_sources=bool(request.sources))
    tested = []
    for number, connection in enumerate(found):
        context.watch(f"testing {connection.conn_id}", number, len(found))
        with reported_reads.ended(context):
            test = target.try_connection(connection, context)
        tested.append(TestedConnection(connection.conn_id, connection.conn_type, test))
        if test.verdict is Verdict.SWITCHED_OFF:
            break
    return ConnectionTests(airflow=described.text, tested=tuple(tested), notes=notes)


def refuse_other_places(target: Store) -> None:
    """Raises `UsageError` for a place that isn't an Airflow."""
    if not isinstance(target, TriesConnections):
        raise _no_airflow(target)


def _no_airflow(target: Store) -> UsageError:
    return UsageError(
        "only an Airflow can test connections, through its REST API",
        where=target.address,
        hint="--to https://… for the Airflow, --source for the file or backend with the values",
    )


def refuse_other_kinds(names: tuple[str, ...]) -> None:
    """Raises `UsageError` for a name of an object that isn't a connection."""
    for name in names:
        kinds, id_ = parse_name(name, _CONNECTIONS)
        if kinds != (Kind.CONNECTIONS,):
            raise UsageError(f"{kinds[0].value}/{id_} is not a connection, and can't be tested")


def selection_of(request: ConnectionTestRequest) -> Selection:
    """The connections that the request names."""
    return Selection(kinds=_CONNECTIONS, ids=frozenset((Kind.CONNECTIONS, id_) for id_ in _ids(request)))


def _ids(request: ConnectionTestRequest) -> list[str]:
    return list(dict.fromkeys(parse_name(name, _CONNECTIONS)[1] for name in request.names))


def _find(
    request: ConnectionTestRequest, opened: OpenedTests, context: Context
) -> tuple[list[Connection], tuple[Note, ...]]:
    """The connections that are named, with filled and changed values, and the notes on the read."""
    ids = _ids(request)
    sources = opened.sources or [opened.target]

    def check(bundle: Bundle, context: Context) -> None:
        for id_ in ids:
            if bundle.get(Kind.CONNECTIONS, id_) is None:
                find(sources[0], [f"connections/{id_}"], _CONNECTIONS, context)  # says what is like it

    loaded, _ = load_for(
        sources,
        selection_of(request),
        opened.target,
        request.airflow,
        context,
        fills=opened.fills,
        change=opened.change,
        is_planned=True,
        on_loaded=lambda loaded, context: check(loaded.bundle, context),
    )
    return [loaded.bundle.connections[id_] for id_ in ids if id_ in loaded.bundle.connections], loaded.notes


def _refuse_untyped(connections: list[Connection]) -> None:
    faults = [
        InputError(
            f"connections/{connection.conn_id} has no conn_type",
            where=str(connection.origin),
            hint="add the conn_type, such as postgres, or give it with --set connections/ID.conn_type=TYPE",
        )
        for connection in connections
        if not connection.conn_type
    ]
    if faults:
        raise InputErrors(tuple(faults))


def _refuse_unknown_values(connections: list[Connection], *, has_sources: bool) -> None:
    """Raises `BlockedError` for values that are hidden, or placeholders of secrets: a test of them says nothing."""
    reasons = []
    for connection in connections:
        if hidden := hidden_fields(connection):
            verb = "is" if len(hidden) == 1 else "are"
            reasons.append(f"connections/{connection.conn_id}: {', '.join(hidden)} {verb} hidden (***)")
        reasons += [f"connections/{connection.conn_id}: {why}" for why in unresolved(connection, None, frozenset())]
    if reasons:
        where = "the source hides" if has_sources else "an Airflow hides"
        hint = f"{where} its secrets: " + (
            "--fill ADDRESS gets them from another source"
            if has_sources
            else "add --source .env or --fill .env; prompt: asks for one (--set connections/ID.password=prompt:)"
        )
        raise BlockedError("; ".join(reasons), hint=hint)
