"""The way back that a run tells of, where an object was deleted and not created again: it works as printed."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.stores.airflow_api.conftest import airflow
from tests.stores.site import Answer, Received, Site

FIELDS = ("conn_type", "description", "host", "login", "schema", "port", "extra", "password")


class OneConnection:
    """An Airflow 3 with one connection, in which nothing can be created until `may_create` says so."""

    def __init__(self, **fields: Any) -> None:
        self.held: dict[str, Any] | None = {"connection_id": "c.1", **dict.fromkeys(FIELDS), **fields}
        self.may_create = False

    def __call__(self, received: Received) -> Answer | None:
        if "/connections" not in received.path:
            return None
        if received.method == "DELETE":
            self.held = None
            return Answer(204, "")
        if received.method == "POST" and self.may_create:
            self.held = {**dict.fromkeys(FIELDS), **received.body}
            return Answer(201, {})
        if received.method != "GET":
            return Answer(403, {"detail": "Forbidden"})
        if received.path.endswith("/connections"):
            shown = [self.shown()] if self.held else []
            return Answer(body={"connections": shown, "total_entries": len(shown)})
        if self.held is None:
            return Answer(404, {"detail": "The Connection with connection_id: `c.1` was not found"})
        return Answer(body=self.shown())

    def shown(self) -> dict[str, Any]:
        assert self.held is not None
        return {**self.held, "password": self.held["password"] and "***"}


@pytest.mark.parametrize(
    ("fields", "places", "sent"),
    [
        ({"password": "***"}, ["password"], {"password": "***"}),
        ({"password": "a***b"}, ["password"], {"password": "a***b"}),
        (
            {"password": "p", "extra": {"a": {"to.ken": "***"}, "list": ["***"], "n": 1}},
            ['extra.a["to.ken"]', "extra.list[0]"],
            {"password": "p", "extra": '{"a": {"to.ken": "***"}, "list": ["***"], "n": 1}'},
        ),
    ],
)
def test_the_way_back_takes_a_mask_for_the_value_that_it_is(
    airconn, tmp_path: Path, fields: dict[str, Any], places: list[str], sent: dict[str, Any], monkeypatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "s.json").write_text(json.dumps({"connections": {"c.1": {"conn_type": "t", **fields}}}))
    place = OneConnection(conn_type="t", password="old")
    masks = [word for name in places for word in ("--literal-mask", f"connections/c.1.{name}")]
    with Site(airflow("3.3.2", place)) as site:
        env = {"AIRCONN_URL": site.url, "AIRCONN_TOKEN": "t", "AIRCONN_STATE_DIR": str(tmp_path / "state")}
        ran = airconn("import", tmp_path / "s.json", *masks, env=env)
        assert (ran.code, place.held) == (1, None)
        (line,) = [line for line in ran.err.splitlines() if line.startswith("  airconn import ")]
        place.may_create = True
        again = airconn(*shlex.split(line)[1:], env=env)
    assert again.code == 0, again.err
    assert place.held is not None
    assert {name: place.held[name] for name in sent} == sent
