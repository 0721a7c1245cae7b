"""Mutation testing, by hand: which changes of the code do the tests of a room notice?

    pip install mutmut==3.8.1
    python -m tests.mutation model plan            # all mutants; goes on where an earlier run stopped
    python -m tests.mutation formats --sample 400  # the same 400 at random each time
    python -m tests.mutation model --survivors     # how each survivor differs
    python -m tests.mutation model --again         # tries survivors again, with tests that are new or changed

mutmut makes the mutants (`[tool.mutmut]` in pyproject.toml). This module runs them: the tests are collected once, and
each mutant gets a fork of that process, in which the tests that reach its function run until one fails. mutmut's own
runner collects anew for each mutant, which takes seconds with 10,000 tests, and forks from a process of full caches.
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import inspect
import json
import os
import random
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from math import sqrt
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
WORK = ROOT / "mutants"
SEED = 18
ROOMS: dict[str, tuple[str, ...]] = {
    "model": ("tests/model", "tests/plan", "tests/test_override.py", "tests/test_diff.py"),
    "plan": ("tests/plan", "tests/test_diff.py"),
    "override": ("tests/test_override.py",),
    "transfer": ("tests/transfer", "tests/test_override.py"),
    "formats": ("tests/formats",),
}
"""The tests that a room's mutants meet: first its own, then those of rooms that are built on it."""
BUDGET = 20.0
"""Seconds of other rooms' tests for a mutant, the quickest first. Its own room's tests are all run."""


class Room:
    """A copy of the project in which one room is mutated, and the results for it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.copy = WORK / name
        self.results = WORK / f"{name}.jsonl"
        self.diffs = WORK / f"{name}-diffs.jsonl"

    def mutate(self) -> dict[str, str]:
        """Writes the copy. Returns the names of the mutants, each with the key of its result."""
        from mutmut.utils.format_utils import get_mutant_name, mangled_name_from_mutant_name

        shutil.rmtree(self.copy, ignore_errors=True)
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        )
        for path in filter(None, listed.stdout.decode().split("\0")):
            if (ROOT / path).is_file():
                (self.copy / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / path, self.copy / path)
        mutants = {}
        for source in sorted((self.copy / "airconn" / self.name).rglob("*.py")):
            path = source.relative_to(self.copy)
            code, names, digests = _mutated(str(path), source.read_text())
            if names:
                source.write_text(code)
            for name in names:
                digest = digests[mangled_name_from_mutant_name(name)]
                mutants[get_mutant_name(path, name)] = f"{get_mutant_name(path, name)}@{digest}"
        return mutants

    def known(self) -> dict[str, str]:
        """The last result of each key."""
        return {key: result for key, (result, _) in self.tried().items()}

    def tried(self) -> dict[str, tuple[str, float]]:
        """The last result of each key, and when it was found."""
        if not self.results.exists():
            return {}
        lines = map(json.loads, self.results.read_text().splitlines())
        return {key: (result, when) for key, result, when in lines}

    def difference(self, mutant: str) -> str:
        from mutmut.mutation.diff_apply import get_diff_for_mutant

        module = mutant.rpartition(".")[0].replace(".", "/")
        path = self.copy / f"{module}.py"
        path = path if path.exists() else self.copy / module / "__init__.py"
        diff = get_diff_for_mutant(mutant, source=path.read_text(), path=str(path.relative_to(self.copy)))
        return "\n".join(line for line in diff.splitlines()[2:] if not line.startswith("@@"))


def _mutated(path: str, source: str) -> tuple[str, list[str], dict[str, str]]:
    """The code with its mutants, their names, and a hash for each function. Kept, since mutmut takes long for it."""
    from mutmut.mutation.file_mutation import mutate_file_contents

    kept = WORK / "made" / f"{hashlib.sha256(f'{path} {source}'.encode()).hexdigest()}.json"
    if not kept.exists():
        made = mutate_file_contents(path, source)
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(json.dumps([made.code, list(made.mutant_names), dict(made.hash_by_function_name)]))
    code, names, digests = json.loads(kept.read_text())
    return code, names, digests


class Forks:
    """A plugin of pytest that runs mutants instead of tests."""

    def __init__(self, room: Room, mutants: dict[str, str], until: float) -> None:
        self.room = room
        self.mutants = mutants
        self.until = until
        self.temporary = Path(tempfile.mkdtemp(prefix="airconn-mutants-"))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = session.items
        for item in self.items:
            _fewer_examples(item)
        reached, seconds, since = self.reach()
        tried = self.room.tried()
        gc.collect()
        gc.freeze()
        killers: dict[str, list[int]] = {}
        for number, (mutant, key) in enumerate(self.mutants.items()):
            if time.time() > self.until:
                print(f"stopped: {len(self.mutants) - number} are left", flush=True)
                break
            function = mutant.partition("__mutmut_")[0]
            last, when = tried.get(key, ("no test", -1.0))
            new = [test for test in reached.get(function, []) if since[test] > when]
            tests = self.order(new, seconds, killers.setdefault(function, []))
            result = self.meet(mutant, tests, sum(seconds[test] for test in tests)) if tests else last
            if result.startswith("killed "):
                killer = int(result.split()[1])
                killers[function] = [killer, *(other for other in killers[function] if other != killer)][:5]
                result = f"killed by {self.items[killer].nodeid}"
            with self.room.results.open("a") as file:
                file.write(json.dumps([key, result, time.time()]) + "\n")
        shutil.rmtree(self.temporary, ignore_errors=True)
        return True

    def order(self, tests: list[int], seconds: dict[int, float], killers: list[int]) -> list[int]:
        """Those that killed a neighbour first, then by time; of other rooms' tests what fits into the budget."""
        own = ROOMS[self.room.name][0]
        chosen, spent = [], 0.0
        for test in sorted(tests, key=lambda test: (test not in killers, seconds[test])):
            if not self.items[test].nodeid.startswith(own):
                spent += seconds[test]
                if spent > BUDGET:
                    continue
            chosen.append(test)
        return chosen

    def reach(self) -> tuple[dict[str, list[int]], dict[int, float], dict[int, float]]:
        """Which tests reach each function, how long they take, and since when they are known as they are.

        From a run without a mutant of those that are new, or changed since the last one.
        """
        found = WORK / f"{self.room.name}-reached.jsonl"
        known = _reached(found)
        missing = [test for test, item in enumerate(self.items) if _name(item) not in known]
        if missing and not self.fork(lambda: self.watch(missing, found), seconds=3600).startswith("ended"):
            raise SystemExit("the tests could not be run without a mutant")
        known = _reached(found)
        reached: dict[str, list[int]] = {}
        seconds: dict[int, float] = {}
        since: dict[int, float] = {}
        for test, item in enumerate(self.items):
            passed, took, functions, when = known.get(_name(item), (False, 0.0, (), 0.0))
            if not passed:
                print(f"fails without a mutant: {item.nodeid}", flush=True)
                continue
            seconds[test], since[test] = took, when
            for function in functions:
                reached.setdefault(function, []).append(test)
        print(f"{self.room.name}: {len(seconds)} tests, {sum(seconds.values()):.0f} s", flush=True)
        return reached, seconds, since

    def watch(self, tests: list[int], found: Path) -> int:
        from mutmut.mutation.trampoline import set_mutant_under_test
        from mutmut.state import state

        set_mutant_under_test("stats")
        with found.open("a") as file:
            for test in tests:
                _empty_caches()
                state()._stats.clear()
                start = time.process_time()
                passed = _passes(self.items[test])
                took = time.process_time() - start
                known = [_name(self.items[test]), passed, took, sorted(state()._stats), time.time()]
                file.write(json.dumps(known) + "\n")
                file.flush()
        return 0

    def meet(self, mutant: str, tests: list[int], seconds: float) -> str:
        """`killed` with the index of a test, `survived`, or `timed out`."""
        killer = self.temporary / "killer"
        killer.unlink(missing_ok=True)

        def run() -> int:
            from mutmut.mutation.trampoline import set_mutant_under_test

            set_mutant_under_test(mutant)
            _empty_caches()
            for test in tests:
                killer.write_text(str(test))
                if not _passes(self.items[test]):
                    return 1
            return 0

        ended = self.fork(run, seconds=5 + 5 * seconds)
        if ended == "ended 0":
            return "survived"
        return "timed out" if ended == "timed out" else f"killed {killer.read_text()}"

    def fork(self, run: Any, seconds: float) -> str:
        """Runs it in a fork with its own directory. Seconds are those of the processor: a busy machine kills none."""
        sys.stdout.flush()
        directory = Path(tempfile.mkdtemp(dir=self.temporary))
        pid = os.fork()
        if pid == 0:
            code = 70
            try:
                os.setpgid(0, 0)
                resource.setrlimit(resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 2))
                resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
                factory = self.items[0].config._tmp_path_factory
                factory._basetemp = directory
                os.environ["AIRCONN_STATE_DIR"] = str(directory / "state")
                gc.disable()
                warnings.simplefilter("error")
                code = run()
            finally:
                os._exit(code)
        poll = select.poll()
        descriptor = os.pidfd_open(pid)
        poll.register(descriptor, select.POLLIN)
        in_time = poll.poll((seconds * 8 + 60) * 1000)
        os.close(descriptor)
        if not in_time:
            os.kill(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        shutil.rmtree(directory, ignore_errors=True)
        code = os.waitstatus_to_exitcode(status)
        return "timed out" if not in_time or code in (-signal.SIGXCPU, -signal.SIGKILL) else f"ended {code}"


def _name(item: pytest.Item) -> str:
    """The id of a test, which is another one when the test is changed."""
    return f"{item.nodeid}@{_digest(getattr(item, 'function', None))}"


@cache
def _digest(function: object) -> str:
    try:
        source = inspect.getsource(function)
    except (OSError, TypeError):
        source = ""
    return hashlib.sha256(source.encode()).hexdigest()[:12]


def _reached(found: Path) -> dict[str, tuple[bool, float, list[str], float]]:
    """What each test reached in an earlier run."""
    if not found.exists():
        return {}
    lines = map(json.loads, found.read_text().splitlines())
    return {name: (passed, took, functions, when) for name, passed, took, functions, when in lines}


def _passes(item: pytest.Item) -> bool:
    """Whether a test passes, without the report of pytest, which takes longer than most tests."""
    passed, ended = True, False
    item._initrequest()
    for when, options in (("setup", {}), ("call", {}), ("teardown", {"nextitem": None})):
        if ended and when == "call":
            continue
        try:
            getattr(item.ihook, f"pytest_runtest_{when}")(item=item, **options)
        except pytest.skip.Exception:
            ended = True
        except BaseException:  # noqa: BLE001 - an interrupt that a mutant lets through, say
            passed, ended = False, True
    item._request = False
    item.funcargs = None
    return passed


def _empty_caches() -> None:
    """What a function answered before is no answer of its mutant."""
    for name, module in list(sys.modules.items()):
        if name.startswith("airconn"):
            for value in list(vars(module).values()):
                if hasattr(value, "cache_clear"):
                    value.cache_clear()


def _fewer_examples(item: pytest.Item) -> None:
    """Hypothesis tries the same few examples each time."""
    from hypothesis import settings

    function = getattr(item, "obj", None)
    own = getattr(function, "_hypothesis_internal_use_settings", None)
    if own is not None:
        target = getattr(function, "__func__", function)
        target._hypothesis_internal_use_settings = settings(
            own, max_examples=min(own.max_examples, 50), derandomize=True, database=None
        )


def chosen(room: Room, names: Sequence[str], sample: int) -> list[str]:
    if not sample or sample >= len(names):
        return list(names)
    return random.Random(SEED).sample(sorted(names), sample)


def run(room: Room, sample: int, again: bool, minutes: float) -> None:
    keys = room.mutate()
    known = room.known()
    names = chosen(room, list(keys), sample)
    open_ = {
        name: keys[name]
        for name in sorted(names)
        if keys[name] not in known or (again and not known[keys[name]].startswith("killed"))
    }
    (WORK / f"{room.name}.json").write_text(json.dumps({"keys": keys, "chosen": names, "open": open_}))
    print(f"{room.name}: {len(keys)} mutants, {len(names)} chosen, {len(open_)} to run", flush=True)
    if open_:
        command = [sys.executable, "-m", "tests.mutation", room.name, "--in-copy", "--minutes", str(minutes)]
        environment = {**os.environ, "PYTHONPATH": str(room.copy), "MUTANT_UNDER_TEST": ""}
        subprocess.run(command, cwd=room.copy, env=environment, check=True)
    print(figures(room))


def run_in_copy(name: str, minutes: float) -> int:
    from mutmut.mutation.trampoline import set_mutant_under_test

    global WORK
    WORK = Path.cwd().parent
    room = Room(name)
    mutants = json.loads((WORK / f"{name}.json").read_text())["open"]
    set_mutant_under_test("")
    sys.setrecursionlimit(5000)  # each call of a mutated function is three
    tests = [path for path in ROOMS[name] if Path(path).exists()]
    options = ["-q", "-p", "no:xdist", "-p", "no:cacheprovider", "-m", "not integration", "--rootdir=."]
    return int(pytest.main([*options, *tests], plugins=[Forks(room, mutants, time.time() + minutes * 60)]))


def results(room: Room) -> Iterator[tuple[str, str]]:
    """The mutants that were chosen, each with its result."""
    state = json.loads((WORK / f"{room.name}.json").read_text())
    known = room.known()
    for name in sorted(state["chosen"]):
        yield name, known.get(state["keys"][name], "not run")


def figures(room: Room) -> str:
    state = json.loads((WORK / f"{room.name}.json").read_text())
    counts = Counter("killed" if result.startswith("killed") else result for _, result in results(room))
    tried = sum(counts.values()) - counts["not run"]
    share = (counts["killed"] + counts["timed out"]) / tried if tried else 0.0
    line = f"{room.name}: {len(state['keys'])} mutants, {dict(counts)}: {share:.1%} killed"
    if len(state["chosen"]) < len(state["keys"]):
        line += f" ± {1.96 * sqrt(share * (1 - share) / max(tried, 1)):.1%}"
    return line


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutation")
    parser.add_argument("rooms", nargs="+", choices=ROOMS)
    parser.add_argument("--sample", type=int, default=0, help="how many mutants of a room, at random; all by default")
    parser.add_argument(
        "--again", action="store_true", help="also those that no test killed before, with tests that are new since"
    )
    parser.add_argument("--minutes", type=float, default=600, help="stops after that long for a room")
    parser.add_argument("--survivors", action="store_true", help="shows those that no test killed, and runs none")
    parser.add_argument("--in-copy", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.in_copy:
        return run_in_copy(options.rooms[0], options.minutes)
    WORK.mkdir(exist_ok=True)
    for room in map(Room, options.rooms):
        if not options.survivors:
            run(room, options.sample, options.again, options.minutes)
            continue
        for name, result in results(room):
            if not result.startswith(("killed", "not run")):
                print(f"{name}: {result}\n{room.difference(name)}\n")
        print(figures(room))
    return 0


if __name__ == "__main__":
    sys.exit(main())
