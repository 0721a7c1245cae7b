"""The calls of each version, and what comes before them."""

from __future__ import annotations

import pytest

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.model import (
    REDACTED,
    Action,
    AirflowVersion,
    Connection,
    FieldAction,
    FieldChange,
    Kind,
    Pool,
    Step,
    Text,
    Variable,
)
from airconn.stores import open_store
from airconn.stores.airflow_cli import calls
from airconn.stores.airflow_cli.refusals import deletion_refusal, problems, replace_refusal, update_refusal

OLD, SINCE, NEW = AirflowVersion(2, 7, 3), AirflowVersion(2, 8), AirflowVersion(3, 3, 2)
CONNECTION = Connection(conn_id="c", conn_type="t", password="old")


@pytest.mark.parametrize(
    ("kind", "version", "overwrite", "words"),
    [
        (Kind.CONNECTIONS, OLD, False, "airflow connections import FILE"),
        (Kind.CONNECTIONS, NEW, True, "airflow connections import --overwrite FILE"),
        (Kind.VARIABLES, OLD, False, "airflow variables import FILE"),
        (Kind.VARIABLES, NEW, False, "airflow variables import --action-on-existing-key skip FILE"),
        (
            Kind.VARIABLES,
            AirflowVersion(2, 8),
            True,
            "airflow variables import --action-on-existing-key overwrite FILE",
        ),
        (Kind.POOLS, NEW, True, "airflow pools import FILE"),
    ],
)
def test_an_import_overwrites_what_it_is_to_overwrite(
    kind: Kind, version: AirflowVersion, overwrite: bool, words: str
) -> None:
    call = calls.import_(kind, "name", "{}", version, overwrite=overwrite)
    assert " ".join(call.words()) == words
    assert call.file.endswith(".json")


def test_what_exists_is_looked_for_where_an_import_cannot_leave_it_alone() -> None:
    assert [calls.leaves_existing(kind, OLD) for kind in Kind] == [True, False, False]
    assert [calls.leaves_existing(kind, NEW) for kind in Kind] == [True, True, False]


def test_an_id_is_never_an_option() -> None:
    assert calls.delete(Kind.VARIABLES, "n", "--help").words() == ("airflow", "variables", "delete", "--", "--help")


def changing(after: Connection | Pool, *names: str) -> Step:
    before = CONNECTION if isinstance(after, Connection) else after
    return Step(
        after.kind, after.id, Action.UPDATE, after, before, tuple(FieldChange(n, FieldAction.CHANGED) for n in names)
    )


@pytest.mark.parametrize(("password", "refused"), [(None, True), ("", True), ("new", False), (REDACTED, False)])
def test_a_password_is_not_taken_away_by_an_import(password: str | None, refused: bool) -> None:
    step = changing(Connection(conn_id="c", conn_type="t", password=password), "password")
    assert bool(update_refusal(step, teams=False)) is refused


def test_a_connection_of_unknown_team_is_left_alone() -> None:
    step = changing(Connection(conn_id="c", conn_type="t", host="h"), "host")
    assert not update_refusal(step, teams=False)
    assert "from its team" in update_refusal(step, teams=True)
    assert "from its team" in replace_refusal(step, teams=True)
    named = changing(Connection(conn_id="c", conn_type="t", host="h", team_name="t"), "host")
    assert not update_refusal(named, teams=True)


def test_the_default_pool_is_changed_and_not_replaced() -> None:
    step = changing(Pool(name="default_pool", slots=1), "slots")
    assert not update_refusal(step, teams=True)
    assert "default_pool" in deletion_refusal(step)


def test_an_object_without_faults_has_no_problems() -> None:
    for obj in (CONNECTION, Variable(key="", value=Text("9" * 5000)), Pool(name="p", slots=-1)):
        for version in (OLD, NEW):
            assert list(problems(obj, version)) == []


def test_an_address_is_opened_and_nothing_is_asked() -> None:
    store = open_store("airflow-cli:no-such-docker exec -i sched", Settings())
    assert store.problems(CONNECTION) == ()
    assert store.stored_form(CONNECTION) == CONNECTION
    assert list(store.apply([])) == []
    store.close()
    with pytest.raises(UsageError):
        open_store("airflow-cli:docker exec 'x", Settings())
