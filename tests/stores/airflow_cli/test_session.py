"""What is said where an export of the command fails."""

from __future__ import annotations

import pytest

from airconn.errors import TargetError
from airconn.model import Kind, Selection
from airconn.stores.airflow_cli import calls
from airconn.stores.airflow_cli.prefix import Prefix
from airconn.stores.airflow_cli.script import Answer
from airconn.stores.airflow_cli.session import CommandSession

EXPORT = calls.export(Kind.CONNECTIONS)


def failure(version: str) -> TargetError:
    """The error of an export of connections that fails, with a warning of an extra in its log."""
    session = CommandSession(Prefix.of("airflow-cli:"), {}, 1.0)
    session._learn(Answer({calls.VERSION.name: 0}, {calls.VERSION.name: version}))
    answer = Answer({EXPORT.name: 1}, {}, frozenset({(EXPORT.name, "extra:c")}))
    with pytest.raises(TargetError) as caught:
        session.parsed(answer, [Kind.CONNECTIONS], Selection())
    return caught.value


def test_deleting_a_connection_is_advised_where_it_is_the_cause_and_what_it_loses_is_said() -> None:
    error = failure("3.3.2")
    assert "the extra of c isn't a JSON object" in error.message
    assert "loses its password and all its fields" in (error.hint or "")
    assert "airflow connections delete c" in (error.hint or "")


def test_airflow_2_only_warns_of_such_an_extra_so_that_it_is_not_the_cause() -> None:
    error = failure("2.11.2")
    assert "extra" not in error.message
    assert "delete" not in (error.hint or "")
