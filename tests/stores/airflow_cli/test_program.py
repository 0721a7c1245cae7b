"""What is said of a step that the program didn't carry out. What it writes is tested on real Airflows."""

from __future__ import annotations

import pytest

from airconn.stores.airflow_cli.program import _error


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"n": 0}, None),
        ({"n": 0, "refused": "changed"}, "another program has changed it; run again"),
        ({"n": 0, "failed": "DataError"}, "the database refuses it (DataError)"),
        (
            {"n": 0, "failed": "OperationalError", "all": True},
            "its transaction failed (OperationalError): all objects of it are written, or none",
        ),
    ],
    ids=["done", "changed", "refused", "a lost commit"],
)
def test_a_lost_commit_is_not_told_as_a_refusal(answer: dict[str, object], error: str | None) -> None:
    assert _error(answer) == error
