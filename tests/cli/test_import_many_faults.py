"""Faults in an import into several targets: at a canary, in the middle of a write, and by signals."""

from __future__ import annotations

import json
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.errors import TargetError, UsageError
from airconn.model import Selection, Step
from airconn.model.reading import Reading
from airconn.stores.base import Context
from tests.cli.test_import_many import ALL, Place, World, _interrupt, world
from tests.report.test_json_schema import check

Airconn = Callable[..., Any]
__all__ = ["world"]
CANARY = (*ALL, "--canary", "@us")


def untouched(world: World) -> bool:
    return world["eu"].calls == world["ap"].calls == []


def test_a_canary_that_has_all_already_lets_the_others_be_written(airconn: Airconn, world: World) -> None:
    world.holds("us", a="1", b="2")
    result = airconn("import", world.directory / "in.json", *CANARY)
    assert (result.code, world["us"].calls, world.values("ap")) == (0, [], {"a": "1", "b": "2"})


def test_a_canary_that_can_not_be_read_back_leaves_the_others_untouched(
    airconn: Airconn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = Place.read

    def fails(self: Place, selection: Selection, context: Context) -> Reading:
        if self is world["us"] and self.calls:
            raise TargetError("it doesn't answer", where=self.address)
        return read(self, selection, context)

    monkeypatch.setattr(Place, "read", fails)
    result = airconn("import", world.directory / "in.json", *CANARY)
    assert (result.code != 0, untouched(world)) == (True, True)
    assert "@us: what was written can't be read back: http://us.test: it doesn't answer" in result.err
    assert "@eu, http://eu.test: nothing was written, because the canary @us is not whole\n" in result.out


def test_a_canary_whose_plan_is_blocked_leaves_the_others_untouched(airconn: Airconn, world: World) -> None:
    world.holds("us", a="old")
    result = airconn("import", world.directory / "in.json", *CANARY, "--on-existing", "fail")
    assert (result.code, untouched(world), world.values("us")) == (4, True, {"a": "old"})


def test_a_canary_that_needs_a_yes_and_gets_none_leaves_the_others_untouched(airconn: Airconn, world: World) -> None:
    world.holds("us", old="x")
    result = airconn("import", world.directory / "in.json", *CANARY, "--prune")
    assert (result.code, untouched(world), world["us"].calls) == (4, True, [])
    assert airconn("import", world.directory / "in.json", *CANARY, "--prune", "--yes").code == 0
    assert [world.values(name) for name in world] == [{"a": "1", "b": "2"}] * 3


def test_one_of_a_group_of_canaries_that_fails_leaves_the_others_untouched(airconn: Airconn, world: World) -> None:
    config = world.directory.parent / f"{world.directory.name}-user.toml"
    config.write_text(config.read_text() + '[groups]\nfirst = ["@us", "@ap"]\n')
    world["us"].failing = {"b"}
    args = ("import", world.directory / "in.json", *ALL, "--canary", "@first")
    result = airconn(*args)
    assert (result.code, world["eu"].calls) == (1, [])
    assert world.values("ap") == {"a": "1", "b": "2"}
    assert "@eu, http://eu.test: nothing was written, because the canary @us is not whole\n" in result.out
    world["us"].failing = set()
    assert airconn(*args).code == 0
    assert world.values("eu") == {"a": "1", "b": "2"}


def test_ctrl_c_while_a_canary_is_written_begins_no_other_target(airconn: Airconn, world: World) -> None:
    world["us"].before_write = lambda step: _interrupt()
    result = airconn("import", world.directory / "in.json", *CANARY)
    assert (result.code, untouched(world), world["us"].calls) == (130, True, [["a"]])
    assert "@us, http://us.test: 1 created, 0 updated, 0 unchanged, 1 not done" in result.out


def test_a_deadline_that_passes_at_the_canary_begins_no_other_target(
    airconn: Airconn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)
    world["us"].before_write = lambda step: monkeypatch.setattr("time.monotonic", lambda: now + 61)
    result = airconn("import", world.directory / "in.json", *CANARY, "--deadline", "60")
    assert (result.code != 0, untouched(world)) == (True, True)
    assert "error: @us: the deadline has passed, and 1 object is not done\n" in result.err


@pytest.mark.parametrize(
    ("fault", "options", "said"),
    [
        ("down", (), "done, not reached, done"),
        ("down", ("--canary", "@us"), "not begun, not reached, not begun"),
        ("down", ("--fail-fast", "--parallel", "1"), "not begun, not reached, not begun"),
        ("down", ("--dry-run",), "planned, not reached, planned"),
        ("not trusted", (), "done, refused, done"),
        ("other values", ("--on-existing", "fail"), "done, blocked, done"),
        ("failing", (), "done, failed, done"),
        ("deaf", (), "done, failed, done"),
        ("interrupted", ("--parallel", "1"), "done, interrupted, not begun"),
    ],
)
def test_the_json_has_the_words_of_the_text(
    airconn: Airconn, world: World, monkeypatch: pytest.MonkeyPatch, fault: str, options: tuple[str, ...], said: str
) -> None:
    us, read = world["us"], Place.read
    us.fault = "nothing listens there" if fault == "down" else ""
    us.failing = {"b"} if fault == "failing" else set()
    us.deaf = {"b"} if fault == "deaf" else set()
    if fault == "interrupted":
        us.before_write = lambda step: _interrupt()

    def refuses(self: Place, selection: Selection, context: Context) -> Reading:
        if self is us and fault == "not trusted":
            raise UsageError("it isn't trusted", where=self.address)
        return read(self, selection, context)

    monkeypatch.setattr(Place, "read", refuses)
    results = []
    for output in ("json", "text"):
        for name in world:
            world.holds(name, **({"a": "old"} if name == "us" and fault == "other values" else {}))
        results.append(airconn("import", world.directory / "in.json", *ALL, *options, "--output", output))
    targets = check("import", results[0].out)["targets"]
    assert [one["status"] for one in targets] == said.split(", ")
    assert [one["name"] for one in targets if "held_back" in one] == [
        one["name"] for one in targets if one["status"] == "not begun"
    ]
    counted = Counter(said.replace("planned", "would change").split(", "))
    words = ", ".join(f"{number} {word}" for word, number in counted.items())
    assert results[1].out.splitlines()[-1] == f"3 targets: {words}"


def test_a_target_that_stops_answering_in_the_middle_says_what_is_not_done(airconn: Airconn, world: World) -> None:
    world["us"].deaf = {"b"}
    result = airconn("import", world.directory / "in.json", *ALL)
    assert (result.code != 0, world.values("us"), world.values("ap")) == (True, {"a": "1"}, {"a": "1", "b": "2"})
    assert re.search(
        r"^@us, http://us\.test: 1 created, 0 updated, 0 unchanged, 1 (failed|not done)", result.out, re.M
    )
    world["us"].deaf = set()
    assert airconn("import", world.directory / "in.json", *ALL).code == 0
    assert world.values("us") == {"a": "1", "b": "2"}


def test_a_fault_of_the_program_at_one_target_does_not_stop_the_others(airconn: Airconn, world: World) -> None:
    def breaks(step: Step) -> None:
        raise ZeroDivisionError("s3cret")

    world["us"].before_write = breaks
    result = airconn("import", world.directory / "in.json", *ALL)
    assert (result.code != 0, world.values("ap")) == (True, {"a": "1", "b": "2"})
    assert "@us" in result.err
    assert "Traceback" not in result.err
    assert "s3cret" not in result.out + result.err


def test_a_stop_at_once_while_an_object_is_replaced_names_the_way_back(airconn: Airconn, world: World) -> None:
    for name in world:
        world.holds(name, a="old")
    released = threading.Event()

    def wait(step: Step) -> None:
        if step.id == "a":
            _interrupt()
            _interrupt()
            released.wait(10)

    world["us"].replaces, world["us"].before_write = True, wait
    try:
        result = airconn("import", world.directory / "in.json", *CANARY)
    finally:
        released.set()
    assert (result.code, untouched(world)) == (130, True)
    (path,) = re.findall(r"airconn import (\S+) --exact --to @us\n", result.err)
    assert json.loads(Path(path).read_text())["variables"]["a"] == "1"


def test_targets_with_the_same_objects_share_the_ids_of_them(airconn: Airconn, world: World) -> None:
    assert airconn("import", world.directory / "in.json", *ALL).code == 0
    assert len({id(place.contexts[0].wanted) for place in dict.values(world)}) == 1
