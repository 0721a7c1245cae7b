"""An import into several targets: one table of plans, one question, and each target by itself."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from airconn.config import Settings
from airconn.errors import TargetError
from airconn.model import AirflowObject, Outcome, Selection, Step, Text, Variable
from airconn.model.reading import Reading
from airconn.stores import open_store
from airconn.stores.base import DEFAULT_CONTEXT, Context, Store
from tests.cli.test_printing import run_at_terminal
from tests.memory import Memory

Airconn = Callable[..., Any]


class Place(Memory):
    """A place in memory with an address of its own, which may be down or forget what was written."""

    def __init__(self, address: str, *objects: AirflowObject) -> None:
        super().__init__(*objects)
        self._address = address
        self.fault = ""
        self.forgetful: set[str] = set()
        self.reads = 0

    def read(self, selection: Selection, context: Context) -> Reading:  # type: ignore[override]
        self.reads += 1
        if self.fault:
            raise TargetError(self.fault, where=self.address)
        return super().read(selection, context)

    def apply(self, steps: Iterable[Step], context: Context = DEFAULT_CONTEXT) -> Iterator[Outcome]:
        for outcome in super().apply(steps, context):
            yield replace(outcome, notes=())

    def _write(self, step: Step) -> None:
        if step.id not in self.forgetful:
            super()._write(step)


class World(dict[str, Place]):
    """Places by their names in the configuration."""

    directory: Path

    def add(self, *names: str) -> None:
        for name in names:
            self[name] = Place(f"http://{name}.test")
        entries = "".join(f'{name} = "http://{name}.test"\n' for name in self)
        (self.directory.parent / f"{self.directory.name}-user.toml").write_text(f"[addresses]\n{entries}")
        (self.directory / "user.toml").write_text(f"[addresses]\n{entries}")

    def values(self, name: str) -> dict[str, str]:  # type: ignore[override]
        return {obj.id: obj.value.text for obj in self[name].held.values()}  # type: ignore[union-attr]

    def holds(self, name: str, **values: str) -> None:
        objects = [Variable(key=key, value=Text(value)) for key, value in values.items()]
        self[name].held = {(obj.kind, obj.id): obj for obj in objects}


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    world.directory = tmp_path
    world.add("eu", "us", "ap")

    def opened(address: str, settings: Settings) -> Store:
        known = {place.address: place for place in dict.values(world)}
        return known[address] if address in known else open_store(address, settings)

    monkeypatch.setattr("airconn.transfer.places.open_store", opened)
    (tmp_path / "in.json").write_text(json.dumps({"variables": {"a": "1", "b": "2"}}))
    return world


def to(*names: str) -> list[str]:
    return [word for name in names for word in ("--to", f"@{name}")]


ALL = to("eu", "us", "ap")


def test_what_differs_between_targets_is_told_apart_from_what_is_the_same(airconn: Airconn, world: World) -> None:
    world.holds("ap", b="3", c="4")
    result = airconn("import", world.directory / "in.json", *ALL, "--dry-run", "--exit-code")
    source = world.directory / "in.json"
    assert (result.code, result.err) == (6, "")
    assert result.out.splitlines() == [
        "in all 3 targets:",
        f"  + variables/a  {source}:1:16",
        "different:",
        "                 @eu, @us  @ap",
        "    variables/b  +         ~    value",
        "@eu, http://eu.test: would be 2 created, 0 updated, 0 unchanged",
        "@us, http://us.test: would be 2 created, 0 updated, 0 unchanged",
        "@ap, http://ap.test: would be 1 created, 1 updated, 0 unchanged",
        "3 targets: 3 would change",
    ]
    assert [place.calls for place in dict.values(world)] == [[], [], []]


def test_all_targets_get_the_objects_and_a_second_run_has_nothing_to_do(airconn: Airconn, world: World) -> None:
    first = airconn("import", world.directory / "in.json", *ALL)
    assert (first.code, first.err) == (0, "")
    assert [world.values(name) for name in world] == [{"a": "1", "b": "2"}] * 3
    assert first.out.splitlines()[-4:] == [
        "@eu, http://eu.test: 2 created, 0 updated, 0 unchanged",
        "@us, http://us.test: 2 created, 0 updated, 0 unchanged",
        "@ap, http://ap.test: 2 created, 0 updated, 0 unchanged",
        "3 targets: 3 done",
    ]
    again = airconn("import", world.directory / "in.json", *ALL)
    assert (again.code, again.out.splitlines()[0]) == (0, "@eu, http://eu.test: 0 created, 0 updated, 2 unchanged")
    assert airconn("import", world.directory / "in.json", *ALL, "-n", "--exit-code").code == 0


def test_standard_input_is_read_once_for_all_targets(airconn: Airconn, world: World) -> None:
    result = airconn("import", "-", "--from-format", "json", *ALL, stdin='{"variables": {"a": "1"}}')
    assert (result.code, [world.values(name) for name in world]) == (0, [{"a": "1"}] * 3)


def test_a_target_that_is_down_does_not_stop_the_others_and_a_second_run_finishes(
    airconn: Airconn, world: World
) -> None:
    world["us"].fault = "nothing listens there"
    result = airconn("import", world.directory / "in.json", *ALL)
    assert (result.code, world.values("us"), world.values("ap")) == (5, {}, {"a": "1", "b": "2"})
    assert result.err == "error: @us, http://us.test: nothing listens there\n"
    assert result.out.splitlines()[-3:] == [
        "@us: not reached, nothing was written",
        "@ap, http://ap.test: 2 created, 0 updated, 0 unchanged",
        "3 targets: 2 done, 1 not reached",
    ]
    world["us"].fault = ""
    again = airconn("import", world.directory / "in.json", *ALL)
    assert (again.code, world.values("us")) == (0, {"a": "1", "b": "2"})


def test_the_same_fault_of_several_targets_is_told_once(airconn: Airconn, world: World) -> None:
    world.holds("eu", b="3")
    for name in world:
        world.holds(name, a="old")
    result = airconn("import", world.directory / "in.json", *ALL, "--on-existing", "fail")
    assert result.code == 4
    assert result.err.count("error:") == 1
    assert result.err.startswith("error: @eu, @us, @ap: 1 object is blocked, and so is the run\n")
    assert result.err.endswith("nothing was written\n")
    assert "  ! variables/a" in result.out


def test_with_fail_fast_nothing_is_written_anywhere_after_a_plan_that_fails(airconn: Airconn, world: World) -> None:
    world["us"].fault = "nothing listens there"
    result = airconn("import", world.directory / "in.json", *ALL, "--fail-fast")
    assert (result.code, [place.calls for place in dict.values(world)]) == (5, [[], [], []])
    assert "@eu, http://eu.test: nothing was written, because @us has failed (--fail-fast)\n" in result.out
    assert result.err.endswith("nothing was written\n")


def test_a_target_that_fails_in_the_middle_says_what_failed_there(airconn: Airconn, world: World) -> None:
    world["us"].failing = {"b"}
    result = airconn("import", world.directory / "in.json", *ALL)
    assert (result.code, world.values("us"), world.values("ap")) == (1, {"a": "1"}, {"a": "1", "b": "2"})
    lines = result.out.splitlines()
    place = lines.index("@us, http://us.test: 1 created, 0 updated, 0 unchanged, 1 failed")
    assert lines[place + 1].startswith("  x variables/b")
    assert lines[place + 1].endswith("refused")
    assert lines[-1] == "3 targets: 2 done, 1 failed"


def test_a_fault_of_the_sources_stops_all_before_the_first_request(airconn: Airconn, world: World) -> None:
    (world.directory / "in.json").write_text("{")
    result = airconn("import", world.directory / "in.json", *ALL)
    assert (result.code, result.err.count("error:")) == (3, 1)
    assert result.err.endswith("nothing was written\n")
    assert [place.calls for place in dict.values(world)] == [[], [], []]


def test_a_fault_of_the_overlay_of_one_target_is_of_that_target(airconn: Airconn, world: World) -> None:
    (world.directory / "us.yaml").write_text("variables:\n  a: {unknown: x}\n")
    (world.directory.parent / f"{world.directory.name}-user.toml").write_text(
        '[targets.eu]\naddress = "http://eu.test"\n'
        f'[targets.us]\naddress = "http://us.test"\noverlay = {json.dumps(str(world.directory / "us.yaml"))}\n'
        '[groups]\nprod = ["@eu", "@us"]\n'
    )
    result = airconn("import", world.directory / "in.json", "--to", "@prod")
    assert (result.code, world.values("eu"), world.values("us")) == (2, {"a": "1", "b": "2"}, {})
    assert "unknown" in result.err
    (world.directory / "us.yaml").write_text("variables:\n  a: {value: american}\n")
    assert airconn("import", world.directory / "in.json", "--to", "@prod").code == 0
    assert world.values("us") == {"a": "american", "b": "2"}


def test_deletions_need_a_yes_only_where_there_are_some(airconn: Airconn, world: World) -> None:
    world.holds("us", old="x")
    args = ("import", world.directory / "in.json", *ALL, "--prune")
    result = airconn(*args)
    assert (result.code, world.values("us"), world.values("eu")) == (4, {"old": "x"}, {"a": "1", "b": "2"})
    assert result.err.endswith("error: @us: 1 object would be deleted, and it isn't confirmed\nhint:  add --yes\n")
    assert result.err.count("the sources hold no connections: none is deleted") == 1
    assert airconn(*args, "--yes").code == 0
    assert world.values("us") == {"a": "1", "b": "2"}


def test_more_deletions_than_allowed_block_the_target_that_has_them(airconn: Airconn, world: World) -> None:
    world.holds("us", **{f"old{number}": "x" for number in range(3)})
    args = ("import", world.directory / "in.json", *ALL, "--prune", "--yes", "--max-delete", "2")
    result = airconn(*args)
    assert (result.code, len(world.values("us")), world.values("eu")) == (4, 3, {"a": "1", "b": "2"})
    assert "@us: 3 objects would be deleted, and --max-delete allows 2" in result.err


@pytest.mark.parametrize(("answer", "code"), [("n\n", 4), ("", 4), ("y\n", 0)])
def test_a_terminal_is_asked_one_question_after_the_table(world: World, answer: str, code: int) -> None:
    world.holds("us", a="old", gone="x")
    args = ("import", str(world.directory / "in.json"), *ALL, "--prune")
    found, out, err = run_at_terminal(world.directory, *args, answer=answer)
    question = "write 6 objects to 3 targets (@eu, @us, @ap) and delete 1 object of @us? [y/N] "
    assert (found, err.count("[y/N]"), question in err) == (code, 1, True)
    assert "- variables/gone" not in out.splitlines()
    assert (world.values("eu") == {}) is bool(code)
    assert err.endswith("the writes weren't confirmed\nnothing was written\n") is bool(code)


def test_a_canary_is_written_first_and_read_back(airconn: Airconn, world: World) -> None:
    order: list[str] = []
    for name in world:
        world[name].before_write = lambda step, name=name: order.append(name)  # type: ignore[misc]
    result = airconn("import", world.directory / "in.json", *ALL, "--canary", "@us")
    assert (result.code, order[:2], len(order)) == (0, ["us", "us"], 6)
    assert "@us, http://us.test: 2 created, 0 updated, 0 unchanged, verified\n" in result.out


@pytest.mark.parametrize("fault", ["fails", "forgets", "is down"])
def test_a_canary_that_is_not_whole_leaves_the_others_untouched(airconn: Airconn, world: World, fault: str) -> None:
    if fault == "fails":
        world["us"].failing = {"b"}
    elif fault == "forgets":
        world["us"].forgetful = {"b"}
    else:
        world["us"].fault = "nothing listens there"
    result = airconn("import", world.directory / "in.json", *ALL, "--canary", "@us")
    assert (result.code, world["eu"].calls, world["ap"].calls) == (5 if fault == "is down" else 1, [], [])
    assert "@eu, http://eu.test: nothing was written, because the canary @us is not whole\n" in result.out
    assert result.out.splitlines()[-1].startswith("3 targets: ")
    assert "2 not begun" in result.out.splitlines()[-1]


def test_the_canary_of_a_plan_for_one_target_counts_as_in_an_import(airconn: Airconn, world: World) -> None:
    plan = world.directory / "plan.json"
    made = airconn("import", world.directory / "in.json", *to("eu"), "--canary", "@eu", "--plan-out", plan)
    assert made.err.endswith(f"carry it out with: airconn apply {plan} --canary @eu\n")
    wrong = airconn("apply", plan, "--canary", "@us")
    assert (wrong.code, "--canary @us is not one of the targets" in wrong.err, world["eu"].calls) == (2, True, [])
    assert airconn("apply", plan, "--canary", "@eu").out.endswith("2 created, 0 updated, 0 unchanged, verified\n")


def test_a_canary_has_to_be_one_of_the_targets(airconn: Airconn, world: World) -> None:
    result = airconn("import", world.directory / "in.json", *to("eu", "us"), "--canary", "@ap")
    assert (result.code, "--canary @ap is not one of the targets" in result.err) == (2, True)
    bare = airconn("import", world.directory / "in.json", *to("eu", "us"), "--canary", "us")
    assert (bare.code, "hint:  did you mean @us?\n" in bare.err) == (2, True)
    alone = airconn("import", world.directory / "in.json", *to("eu"), "--canary", "@us")
    assert (alone.code, "--canary @us is not one of the targets" in alone.err) == (2, True)
    deleted = airconn("delete", "variables/a", "--from", "@eu", "--canary", "@us", "--yes")
    assert (deleted.code, "--canary @us is not one of the targets" in deleted.err) == (2, True)


def test_the_first_ctrl_c_finishes_what_is_being_written_and_begins_no_other_target(
    airconn: Airconn, world: World
) -> None:
    world["eu"].before_write = lambda step: _interrupt()
    result = airconn("import", world.directory / "in.json", *ALL, "--parallel", "1")
    assert (result.code, world["eu"].calls, world["us"].calls) == (130, [["a"]], [])
    assert "finishing what is being written; Ctrl-C again stops at once\n" in result.err
    assert "@eu, http://eu.test: 1 created, 0 updated, 0 unchanged, 1 not done\n" in result.out
    assert "@us, http://us.test: nothing was written, because interrupted" in result.out
    assert result.err.endswith("interrupted\nhint:  the same command finishes the job\n")


def _interrupt() -> None:
    """A Ctrl-C, which the main thread has got when this returns."""
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    time.sleep(0.2)


def test_the_second_ctrl_c_stops_at_once_and_says_what_was_being_written(airconn: Airconn, world: World) -> None:
    released = threading.Event()

    def wait(step: Step) -> None:
        _interrupt()
        _interrupt()
        released.wait(10)

    world["eu"].before_write = wait
    try:
        result = airconn("import", world.directory / "in.json", *ALL, "--parallel", "1")
    finally:
        released.set()
    assert (result.code, world["us"].calls) == (130, [])
    assert "interrupted while it was written: it is written, in part or not at all" in result.out


def test_nothing_is_begun_after_the_deadline(airconn: Airconn, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    now = time.monotonic()
    monkeypatch.setattr("time.monotonic", lambda: now)

    def late(step: Step) -> None:
        monkeypatch.setattr("time.monotonic", lambda: now + 61)

    world["eu"].before_write = late
    args = ("--deadline", "60", "--parallel", "1")
    result = airconn("import", world.directory / "in.json", *ALL, *args)
    assert (result.code, world["eu"].calls, world.values("us")) == (5, [["a"]], {})
    assert "error: @eu: the deadline has passed, and 1 object is not done\n" in result.err
    assert "error: @us: the deadline has passed, and 2 objects are not done\n" in result.err


def test_the_json_has_a_section_for_each_target(airconn: Airconn, world: World) -> None:
    world["us"].fault = "nothing listens there"
    world["ap"].failing = {"b"}
    result = airconn("import", world.directory / "in.json", *ALL, "--output", "json")
    found = json.loads(result.out)
    assert (result.code, found["schema_version"], found["dry_run"]) == (5, 1, False)
    eu, us, ap = found["targets"]
    assert (eu["name"], eu["target"], eu["status"], eu["exit_code"]) == ("@eu", "http://eu.test", "done", 0)
    assert [(one["id"], one["status"]) for one in eu["objects"]] == [("a", "done"), ("b", "done")]
    assert (us["status"], us["exit_code"], us["target"], us["objects"]) == ("not reached", 5, None, [])
    assert us["error"] == "http://us.test: nothing listens there"
    assert (ap["status"], ap["exit_code"], ap["objects"][1]["error"]) == ("failed", 1, "refused")
    assert (found["summary"]["created"], found["summary"]["failed"]) == (3, 1)


def test_a_plan_for_several_targets_is_carried_out_with_the_same_checks(airconn: Airconn, world: World) -> None:
    plan = world.directory / "plan.json"
    made = airconn("import", world.directory / "in.json", *ALL, "--plan-out", plan)
    assert (made.code, [place.calls for place in dict.values(world)]) == (0, [[], [], []])
    assert made.err == f"{plan}: the plan; carry it out with: airconn apply {plan}\n"
    world.holds("us", a="changed since")
    applied = airconn("apply", plan)
    assert (applied.code, world.values("us"), world.values("eu")) == (4, {"a": "changed since"}, {"a": "1", "b": "2"})
    assert f"@us, {plan}: what the target holds has changed since the plan was made" in applied.err


def test_a_target_without_a_plan_is_not_in_the_file(airconn: Airconn, world: World) -> None:
    world["us"].fault = "nothing listens there"
    plan = world.directory / "plan.json"
    made = airconn("import", world.directory / "in.json", *ALL, "--plan-out", plan)
    assert (made.code, f"{plan}: the plan for 2 of 3 targets; carry it out with" in made.err) == (5, True)
    world["us"].fault = ""
    assert airconn("apply", plan).code == 0
    assert (world.values("us"), world.values("ap")) == ({}, {"a": "1", "b": "2"})


def test_undo_takes_back_what_was_written_to_all_targets(airconn: Airconn, world: World) -> None:
    world.holds("us", a="old")
    assert airconn("import", world.directory / "in.json", *ALL).code == 0
    listed = airconn("undo", "--list").out
    assert listed.count("import ") == 3
    result = airconn("undo", "--yes")
    assert (result.code, [world.values(name) for name in world]) == (0, [{}, {"a": "old"}, {}])
    assert airconn("undo", "--yes").code == 2


def test_a_broken_pipe_does_not_stop_the_writes(world: World, tmp_path: Path, airconn: Airconn) -> None:
    import io

    from airconn.cli import run
    from airconn.cli.app import App

    class Broken(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    environ = {"AIRCONN_CONFIG": str(tmp_path / "user.toml"), "AIRCONN_STATE_DIR": str(tmp_path / "state")}
    world["us"].failing = {"b"}
    app = App(io.BytesIO(), Broken(), io.StringIO(), environ, tmp_path, clock=lambda: 0.0)
    assert run(["import", str(tmp_path / "in.json"), *ALL], app) == 1
    assert (world.values("eu"), world.values("ap")) == ({"a": "1", "b": "2"}, {"a": "1", "b": "2"})
    assert "variables/b" in app.stderr.getvalue()  # type: ignore[attr-defined]


def test_objects_of_several_targets_are_deleted(airconn: Airconn, world: World) -> None:
    world.holds("eu", a="1", keep="1")
    world.holds("us", a="1")
    args = ("delete", "variables/a", "--from", "@eu", "--from", "@us")
    assert airconn(*args).code == 4
    result = airconn(*args, "--yes")
    assert (result.code, world.values("eu"), world.values("us")) == (0, {"keep": "1"}, {})


def test_never_two_at_one_server_and_others_at_the_same_time(airconn: Airconn, world: World) -> None:
    world.add("twin")
    world["twin"]._address = "http://eu.test/twin"
    config = world.directory.parent / f"{world.directory.name}-user.toml"
    config.write_text(config.read_text().replace("http://twin.test", "http://eu.test/twin"))
    at_work: list[str] = []
    together: set[frozenset[str]] = set()

    def work(name: str) -> Callable[[Step], None]:
        def write(step: Step) -> None:
            at_work.append(name)
            together.add(frozenset(at_work))
            time.sleep(0.02)
            together.add(frozenset(at_work))
            at_work.remove(name)

        return write

    for name in world:
        world[name].before_write = work(name)
    assert airconn("import", world.directory / "in.json", *ALL, *to("twin")).code == 0
    assert not any({"eu", "twin"} <= some for some in together)
    assert any(len(some) > 1 for some in together)


@pytest.mark.parametrize("number", [12, 60])
def test_many_targets_with_the_same_plan_share_a_column_and_fit_80_columns(
    airconn: Airconn, world: World, number: int
) -> None:
    world.add(*(f"t{count:02}" for count in range(number)))
    world.holds("eu", a="other")
    every = to(*(name for name in world if name not in ("us", "ap")))
    result = airconn("import", world.directory / "in.json", *every, "--dry-run")
    lines = result.out.splitlines()
    assert f"  B  @t00, @t01 and {number - 2} more" in lines
    assert max(map(len, lines)) <= 80 + len(str(world.directory))
    assert lines[-1] == f"{number + 1} targets: {number + 1} would change"


def test_ctrl_c_while_plans_are_made_ends_the_run_at_once(
    airconn: Airconn, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    released = threading.Event()

    def read(self: Place, selection: Selection, context: Context) -> Reading:
        _interrupt()
        released.wait(10)
        return Reading()

    monkeypatch.setattr(Place, "read", read)
    began = time.monotonic()
    result = airconn("import", world.directory / "in.json", *ALL, "--parallel", "1")
    assert time.monotonic() - began < 5
    released.set()
    assert (result.code, result.out) == (130, "")
    assert result.err == "interrupted\nnothing was written\n"


def test_each_target_may_have_another_plan_and_the_table_still_fits_a_terminal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"target-number-{count:03}" for count in range(100)]
    world.add(*names)
    objects = {f"v{count:02}": "x" for count in range(8)}
    (world.directory / "in.json").write_text(json.dumps({"variables": objects}))
    for count, name in enumerate(names):
        world.holds(name, **{key: "x" for place, key in enumerate(objects) if count >> place & 1})
    monkeypatch.chdir(world.directory)  # since an origin is as long as the path of its file
    code, out, _ = run_at_terminal(world.directory, "import", "in.json", *to(*names), "--dry-run")
    lines = out.splitlines()
    assert code == 0
    assert len(lines) < 120
    assert "  … 80 more targets with 80 other plans (-v lists them)" in lines
    assert "  … 80 more targets of which nothing is wrong (-v lists them)" in lines
    assert max(map(len, lines)) <= 100


def test_verbose_and_quiet_show_all_and_nothing(airconn: Airconn, world: World) -> None:
    world.holds("eu", a="1")
    shown = airconn("import", world.directory / "in.json", *ALL, "--dry-run", "-v").out
    assert "    variables/a  =    +" in shown
    assert airconn("import", world.directory / "in.json", *ALL, "-q").out == ""
    world["us"].failing = {"c"}
    (world.directory / "in.json").write_text('{"variables": {"c": "1"}}')
    wrong = airconn("import", world.directory / "in.json", *ALL, "-q").out
    assert wrong.splitlines()[0] == "@us, http://us.test: 0 created, 0 updated, 0 unchanged, 1 failed"


def test_with_fail_fast_no_target_is_begun_after_one_that_fails(airconn: Airconn, world: World) -> None:
    world["us"].failing = {"a"}
    args = ("--fail-fast", "--parallel", "1")
    result = airconn("import", world.directory / "in.json", *ALL, *args)
    assert (result.code, world.values("eu"), world.values("us")) == (1, {"a": "1", "b": "2"}, {})
    assert world["ap"].calls == []
    assert "@ap, http://ap.test: nothing was written, because @us has failed (--fail-fast)\n" in result.out
    assert result.out.endswith("3 targets: 1 done, 1 failed, 1 not begun\n")


def test_what_may_be_lost_at_a_target_is_saved_with_the_way_back_there(airconn: Airconn, world: World) -> None:
    for name in world:
        world.holds(name, a="old")
    world["us"].replaces, world["us"].failing = True, {"a"}
    result = airconn("import", world.directory / "in.json", *ALL)
    assert (result.code, world.values("eu")["a"], world.values("ap")["a"]) == (1, "1", "1")
    assert "@us: objects that may be deleted and not created again are saved in " in result.err
    (line,) = [line for line in result.err.splitlines() if line.startswith("  airconn import ")]
    assert line.endswith(".json --exact --to @us")


def test_a_group_of_one_is_as_the_target_itself(airconn: Airconn, world: World) -> None:
    user = world.directory.parent / f"{world.directory.name}-user.toml"
    user.write_text('[targets.eu]\naddress = "http://eu.test"\n[groups]\nprod = ["@eu"]\n')
    result = airconn("import", world.directory / "in.json", "--to", "@prod")
    assert (result.code, result.out.splitlines()[-1]) == (
        0,
        "@eu, http://eu.test: 2 created, 0 updated, 0 unchanged",
    )


def test_the_runs_of_a_run_into_many_targets_are_kept_together(airconn: Airconn, world: World) -> None:
    world.add(*(f"t{count:02}" for count in range(30)))
    every = to(*world)
    assert airconn("import", world.directory / "in.json", *every).code == 0
    assert len(airconn("undo", "--list").out.splitlines()) == 33
    assert airconn("undo", "--yes").code == 0
    assert all(world.values(name) == {} for name in world)
