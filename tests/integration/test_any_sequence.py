"""Any sequence of imports leaves the database as it was predicted, step after step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.integration.conftest import on_worker_of
from tests.integration.prediction import BlockedError, State, normal, predict
from tests.integration.target import Target

EMPTY: State = {"connections": {}, "variables": {}, "pools": {}}
texts = st.sampled_from([None, None, "", "one", "two"])
extras = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "region": st.sampled_from(["eu", "us"]),
            "token": st.sampled_from(["tk-0001", "tk-0002"]),
            "deep": st.fixed_dictionaries({}, optional={"api_key": st.just("ak-0001"), "n": st.integers(0, 1)}),
        },
    ),
)
connections = st.fixed_dictionaries(
    {
        "conn_type": st.sampled_from(["http", "postgres"]),
        "password": st.sampled_from([None, "pw-000001", "pw-000002"]),
        "port": st.sampled_from([None, 1, 2]),
        "extra": extras,
        **dict.fromkeys(["description", "login", "host", "schema"], texts),
    }
)
# A value that is a secret under one name is masked wherever else it stands, as soon as the server has seen it.
plain = st.fixed_dictionaries({"value": st.sampled_from(["", "v1", "value-2"]), "description": texts})
secret = st.fixed_dictionaries({"value": st.sampled_from(["", "secret-1", "secret-2"]), "description": texts})
pools = st.fixed_dictionaries({"slots": st.integers(1, 2), "description": texts, "include_deferred": st.booleans()})
states = st.fixed_dictionaries(
    {
        "connections": st.dictionaries(st.sampled_from(["a", "b", "c"]), connections, max_size=3),
        "variables": st.fixed_dictionaries({}, optional={"plain": plain, "my_token": secret}),
        "pools": st.dictionaries(st.sampled_from(["p", "q"]), pools, max_size=2),
    }
)


class Sequence(RuleBasedStateMachine):
    target: Target

    def __init__(self) -> None:
        super().__init__()
        self.target.seed(EMPTY)
        self.state = EMPTY

    @rule(
        source=states,
        lacking=st.sampled_from(["clear", "clear", "keep", "exact"]),
        trust=st.booleans(),
        prune=st.booleans(),
    )
    def import_(self, source: State, lacking: str, trust: bool, prune: bool) -> None:
        path = self.target.directory / "source.json"
        path.write_text(json.dumps(source))
        v1 = self.target.box.version.startswith("2.")
        try:
            expected = predict(self.state, source, lacking=lacking, trust=trust, prune=prune, v1=v1)
        except BlockedError:
            expected = None
        done = self.target.airconn(
            "import",
            path,
            "--allow-empty",
            *{"clear": [], "keep": ["--merge"], "exact": ["--exact"]}[lacking],
            *(["--assume-unchanged", "hidden"] if trust else []),
            *(["--prune", "--yes"] if prune else []),
        )
        assert done.code == (4 if expected is None else 0), done.out + done.err
        self.state = self.state if expected is None else expected
        assert normal(self.target.database()) == self.state


@pytest.mark.parametrize(
    "version", [pytest.param(version, marks=on_worker_of(version)) for version in ("3.3.2", "2.11.2")]
)
def test_any_sequence_of_imports_ends_as_predicted(
    version: str, shared_sandbox: Callable[[str], Any], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    class Here(Sequence):
        target = Target(shared_sandbox(version), airconn, tmp_path)

    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=12 if version.startswith("3.") else 4,
            stateful_step_count=6,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
