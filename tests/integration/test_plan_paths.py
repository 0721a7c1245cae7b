"""Every path of a plan on every Airflow: the database holds just what was asked for, and every secret beside it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.integration.prediction import FIELDS, BlockedError, State, normal, predict, raw
from tests.integration.target import Target

PLAIN = [name for name in FIELDS if name != "conn_type"] + ["password"]
PAIRS = [(None, None), (None, "new"), ("old", None), ("old", "old"), ("old", "new"), ("old", "")]
EXTRAS_HELD = [None, {"region": "eu"}, {"token": "tk-held-1"}, {"region": "eu", "deep": {"api_key": "ak-held-1"}}]
EXTRAS_WANTED = [
    None,
    {"region": "eu"},
    {"region": "us"},
    {"token": "tk-held-1"},
    {"region": "eu", "token": "tk-new-12"},
    {"region": "us", "deep": {"api_key": "ak-new-12", "n": 1}},
]
MODES = [("clear", False), ("clear", True), ("keep", False), ("exact", False)]
OPTIONS = {"clear": [], "keep": ["--merge"], "exact": ["--exact"]}


@pytest.fixture
def target(every_sandbox: Any, airconn: Callable[..., Any], tmp_path: Path) -> Target:
    return Target(every_sandbox, airconn, tmp_path)


def value(name: str, side: str | None, number: int) -> Any:
    if side in (None, ""):
        return None if name == "port" else side
    return 1000 + number + (side == "new") if name == "port" else f"{side}-{name}-{number}"


def cases() -> tuple[State, State]:
    """Objects before, and as they are wanted: each pair for each field, in combinations that differ from one to the
    next, and each extra with each other."""
    held: State = {"connections": {}, "variables": {}, "pools": {}}
    wanted: State = {"connections": {}, "variables": {}, "pools": {}}

    def put(id_: str, before: dict[str, Any], after: dict[str, Any]) -> None:
        for state, fields in ((held, before), (wanted, after)):
            state["connections"][id_] = {**dict.fromkeys([*PLAIN, "extra"]), "conn_type": "http", **fields}

    for number in range(12):
        pairs = {name: PAIRS[(number + place) % 6 if number < 6 else number - 6] for place, name in enumerate(PLAIN)}
        put(
            f"plain-{number}",
            {name: value(name, before, number) for name, (before, _) in pairs.items()},
            {name: value(name, after, number) for name, (_, after) in pairs.items()},
        )
    for number, before in enumerate(EXTRAS_HELD):
        for other, after in enumerate(EXTRAS_WANTED):
            put(f"extra-{number}-{other}", {"extra": before, "password": "pw-extra"}, {"extra": after})
    wanted["connections"]["created"] = {**wanted["connections"]["plain-1"], "extra": {"token": "tk-created"}}
    for name, (before, after) in {"set": (None, "d"), "cleared": ("d", None), "same": ("d", "d")}.items():
        for key in (f"{name}_text", f"{name}_api_key"):
            held["variables"][key] = {"value": f"old-{key}", "description": before}
            wanted["variables"][key] = {"value": f"new-{key}", "description": after}
        held["pools"][name] = {"slots": 1, "description": before, "include_deferred": True}
        wanted["pools"][name] = {"slots": 2, "description": after, "include_deferred": False}
    wanted["variables"]["created"] = {"value": "", "description": None}
    wanted["pools"]["created"] = {"slots": 3, "description": None, "include_deferred": True}
    # What the sources don't name stays, secrets and all.
    held["connections"]["other"] = {**held["connections"]["plain-3"], "extra": {"token": "tk-other"}}
    held["variables"]["other_token"] = {"value": "secret-other", "description": None}
    return held, wanted


def write(path: Path, state: State) -> Path:
    path.write_text(json.dumps(state))
    return path


@pytest.mark.parametrize(("lacking", "trust"), MODES)
def test_the_database_holds_what_was_asked_for(target: Target, lacking: str, trust: bool) -> None:
    held, wanted = cases()
    how = {"lacking": lacking, "trust": trust, "v1": target.box.version.startswith("2.")}
    blocked: State = {"connections": {}, "variables": {}, "pools": {}}
    for id_, fields in list(wanted["connections"].items()):
        try:
            predict(held, {"connections": {id_: fields}, "variables": {}, "pools": {}}, **how)
        except BlockedError:
            blocked["connections"][id_] = wanted["connections"].pop(id_)
    target.seed(raw(held))
    options = [*OPTIONS[lacking], *(["--assume-unchanged", "hidden"] if trust else [])]

    if blocked["connections"]:
        refused = target.airconn("import", write(target.directory / "blocked.json", blocked), *options)
        assert (refused.code, refused.out.count("\n  ! ") + refused.out.startswith("  ! ")) == (
            4,
            len(blocked["connections"]),
        )
        assert normal(target.database()) == held

    source = write(target.directory / "wanted.json", wanted)
    done = target.airconn("import", source, *options, "--verify")
    assert (done.code, done.err) == (0, ""), done.out + done.err
    assert normal(target.database()) == predict(held, wanted, **how)
    # And again: nothing that can be seen is written a second time.
    again = json.loads(target.airconn("import", source, *options, "--output", "json").out)
    unseen = {"hidden, written again", "hidden, kept", "hidden, assumed to be equal"}
    cleared = (
        {"cleared"} if lacking == "exact" and how["v1"] else set()
    )  # Airflow 2 says of no password that it is none
    for entry in again["objects"]:
        assert {field["how"] for field in entry["fields"]} <= unseen | cleared, entry
    assert normal(target.database()) == predict(held, wanted, **how)


def test_what_the_sources_lack_is_deleted_and_nothing_else(target: Target) -> None:
    held, wanted = cases()
    for kind, ids in {"connections": ["plain-1", "created"], "variables": ["same_text", "created"]}.items():
        wanted[kind] = {id_: wanted[kind][id_] for id_ in ids}
    wanted["pools"] = {}
    target.seed(raw(held))
    source = write(target.directory / "wanted.json", wanted)
    number = len(held["connections"]) + len(held["variables"]) - 2
    most = target.airconn("import", source, "--prune", "--yes")
    assert (most.code, normal(target.database())) == (4, held)
    assert f"{number} objects would be deleted, and --max-delete allows 10" in most.err
    asked = target.airconn("import", source, "--prune", "--max-delete", "100")
    assert (asked.code, normal(target.database())) == (4, held)
    some = target.airconn("import", source, "--prune", "--yes", "--include", "connections/extra-0-*")
    assert (some.code, normal(target.database())) == (4, held)  # it has none of those
    done = target.airconn("import", source, "--prune", "--yes", "--max-delete", number, "--verify")
    assert done.code == 0
    assert done.err.startswith("warning: the sources hold no pools: none is deleted\n")
    assert "hidden values are deleted, and airconn undo can't bring them back: " in done.err
    assert normal(target.database()) == predict(held, wanted, lacking="clear", prune=True)


def test_a_plan_in_a_file_is_carried_out_as_long_as_nothing_has_changed(target: Target) -> None:
    held, wanted = cases()
    wanted["connections"] = {id_: wanted["connections"][id_] for id_ in ("plain-1", "plain-3", "created")}
    target.seed(raw(held))
    source, plan = write(target.directory / "wanted.json", wanted), target.directory / "plan.json"
    planned = target.airconn("import", source, "--exact", "--plan-out", plan)
    assert (planned.code, normal(target.database())) == (0, held)
    text = plan.read_text()
    assert not any(secret in text for secret in ("tk-", "ak-", "pw-", "old-", "new-"))

    held["variables"]["set_text"]["value"] = "changed meanwhile"
    target.seed(raw(held))
    refused = target.airconn("apply", plan)
    assert (refused.code, normal(target.database())) == (4, held)
    assert "what the target holds has changed since the plan was made" in refused.err
    held, _ = cases()
    target.seed(raw(held))
    source.write_text(json.dumps(wanted).replace("new-", "other-"))
    assert target.airconn("apply", plan).code == 4
    write(source, wanted)
    applied = target.airconn("apply", plan)
    assert (applied.code, applied.err) == (0, "")
    assert normal(target.database()) == predict(held, wanted, lacking="exact")
