"""Objects of all sorts come into the Environment Manager and back, field by field, by the state of the fake."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airconn.model import Connection, Kind, Text, Variable
from tests.integration.managed_rounds import EXAMPLES, generated, with_examples
from tests.stores.astro.environment.places import Truth, as_go
from tests.stores.astro.fake_astro import FakeAstro, Switches, running

Airconn = Callable[..., Any]
OBJECTS = 150
"""Of each kind."""


def expected(kind: Kind, id_: str, fields: dict[str, Any]) -> Connection | Variable:
    """What the Environment Manager has to hold of an object that was imported. It has no empty texts."""
    if kind is Kind.VARIABLES:
        return Variable(key=id_, value=Text(fields["value"]), description=fields["description"] or None)
    known = {name: value or None for name, value in fields.items() if name not in ("extra", "conn_type", "port")}
    extra = fields["extra"]
    held = None if not extra else Text(json.dumps(as_go(extra)))
    return Connection(conn_id=id_, conn_type=fields["conn_type"], port=fields["port"], extra=held, **known)


def held(truth: Truth, kind: Kind, id_: str) -> Any:
    found = truth.get(kind, id_)
    assert found is not None, id_
    return replace(found, origin=Connection(conn_id="x", conn_type="x").origin)


def wanted() -> dict[Kind, dict[str, dict[str, Any]]]:
    state = with_examples({**generated(OBJECTS, 15), "pools": {}})
    return {kind: state[kind.value] for kind in (Kind.CONNECTIONS, Kind.VARIABLES)}


@pytest.mark.parametrize(("scope", "shown"), [("workspace", "granted"), ("deployment", "refused")])
def test_objects_of_all_sorts_come_in_and_back(airconn: Airconn, tmp_path: Path, scope: str, shown: str) -> None:
    source, out = tmp_path / "generated.json", tmp_path / "out.json"
    source.write_text(json.dumps({**generated(OBJECTS, 15), "pools": {}}))
    with running(Switches(show_secrets=shown)) as astro:
        deployment = astro.deployment if scope == "deployment" else ""
        address = f"astro-env://{astro.workspace}" + (f"/{deployment}" if deployment else "")
        environ = astro.environ()
        kinds = ("--connections", "--variables")
        ran = airconn("import", EXAMPLES, source, *kinds, "--to", address, "-q", env=environ)
        assert ran.code == 0, ran.err
        check(astro, deployment)

        ran = airconn("export", "--from", address, "-o", out, "--format", "json", *kinds, env=environ)
        assert ran.code == 0, ran.err
        before = astro.state()
        if shown == "granted":
            again = airconn("import", EXAMPLES, source, *kinds, "--to", address, env=environ)
        else:
            hidden = ("--assume-unchanged", "hidden")
            again = airconn("import", EXAMPLES, source, *kinds, "--to", address, *hidden, env=environ)
        assert (again.code, "0 created, 0 updated" in again.out) == (0, True), again.err
        assert astro.state() == before
        back = airconn("import", out, *kinds, "--to", address, env=environ)
        assert back.code == 0, back.err
        check(astro, deployment)


def check(astro: FakeAstro, deployment: str) -> None:
    """Compares all objects of the fake with what was imported."""
    truth = Truth(astro, deployment=deployment)
    state = wanted()
    assert len(astro.objects) == sum(map(len, state.values())) >= 2 * OBJECTS
    for kind, objects in state.items():
        for id_, fields in objects.items():
            found, meant = held(truth, kind, id_), expected(kind, id_, fields)
            assert found == replace(meant, origin=found.origin), id_
