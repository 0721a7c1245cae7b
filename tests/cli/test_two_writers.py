"""An import while somebody else writes to the same Airflow: what comes of it that nobody wanted is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

CHANGED = "another program has changed it; run again"
PASSWORD = "a-password-of-ours"


class Shared:
    """An Airflow 3 with one connection, which another writer changes after ours or between our read and write."""

    def __init__(self, *, before: dict[str, Any] | None = None, after: dict[str, Any] | None = None) -> None:
        none = dict.fromkeys(("description", "login", "schema", "port"))
        self.held = {
            "connection_id": "c",
            "conn_type": "http",
            "host": "ours",
            "password": "***",
            "extra": "{}",
            **none,
        }
        self.before, self.after = before or {}, after or {}
        self.patches = 0

    def __call__(self, received: Received) -> Answer | None:
        if "/connections" not in received.path:
            return None
        if received.method == "PATCH":
            self.patches += 1
            self.held |= {key: value for key, value in received.body.items() if key != "password"} | self.after
            return Answer(body=self.held)
        answer = Answer(body=dict(self.held))
        self.held |= self.before
        return answer


@pytest.mark.parametrize("options", [(), ("--verify",)])
@pytest.mark.parametrize(("after", "code"), [({"host": "theirs"}, 1), ({}, 0)])
def test_a_connection_with_our_password_and_the_host_of_another_is_reported(
    options: tuple[str, ...], after: dict[str, Any], code: int, airconn: Callable[..., Any], tmp_path: Path
) -> None:
    source = tmp_path / "c.yaml"
    source.write_text(f"connections:\n  c: {{conn_type: http, host: ours, password: {PASSWORD}}}\n")
    with Site(airflow("3.3.2", Shared(after=after))) as site:
        result = airconn("import", source, "--to", site.url, *options, env={"AIRCONN_TOKEN": "a-token"})
    assert result.code == code
    said = result.out + result.err
    assert (CHANGED in said) is (code == 1 and not options)
    assert ("not as it was written: host" in said) is (code == 1 and bool(options))
    assert PASSWORD not in said


def test_a_key_that_comes_before_a_merge_stays_and_one_that_comes_after_it_is_noticed(
    airconn: Callable[..., Any], tmp_path: Path
) -> None:
    source = tmp_path / "c.yaml"
    source.write_text("connections:\n  c: {conn_type: http, extra: {ours: 1}}\n")
    theirs = {"extra": json.dumps({"token": "***"})}
    for shared, patches, message in (
        (Shared(before=theirs), 0, CHANGED),
        (Shared(after={"extra": json.dumps({"ours": 1, "theirs": 2})}), 1, "not as it was written: extra"),
    ):
        with Site(airflow("3.3.2", shared)) as site:
            where = ("--to", site.url, "--merge", "--verify")
            result = airconn("import", source, *where, env={"AIRCONN_TOKEN": "a-token"})
        assert (result.code, shared.patches) == (1, patches)
        assert message in result.out + result.err
