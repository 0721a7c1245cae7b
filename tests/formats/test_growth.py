"""Ten times as much takes ten times the work, and a large value a few times its own size.

Work is counted in calls and not in seconds, so that nothing here depends on the machine.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import clear_cache

import pytest

from airconn.diff import compare
from airconn.formats import get_format, writable_names
from airconn.formats.base import ReadOptions
from airconn.model import AirflowObject, Bundle, Connection, Kind, Text, Variable, fill
from airconn.model.reading import Key
from airconn.plan import TargetRules, make_plan
from tests.formats.options import writing

ROOT = Path(__file__).parents[2]
FEW, MANY = 20, 80


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, those in C among them."""
    number = 0

    def count(frame: Any, event: str, arg: Any) -> None:
        nonlocal number
        number += event in ("call", "c_call")

    clear_cache()  # that of `urlsplit` has room for fewer than there are here
    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return number


def is_linear(work: Callable[[int], Callable[[], object]]) -> bool:
    """Whether four times as much takes about four times the calls. `work` makes ready what is to be done."""
    work(2)()  # imports, and what is kept from one time to the next
    return calls(work(MANY)) < 1.2 * MANY / FEW * calls(work(FEW))


def objects(number: int, word: str = "") -> Bundle:
    """Connections and variables that need quotes, escapes and the rest, and of which `word` is a part."""
    extra = {"token": f"t{word}", "list": [1, 1.5, {"password": "x"}], "text": 'it\'s "$x"\n'}
    connections = [
        Connection(
            conn_id=f"c{n}", conn_type="http", host=f"H{word}", login="é", port=n, extra=Text(json.dumps(extra))
        )
        for n in range(number)
    ]
    return Bundle.of([*connections, *(Variable(key=f"v{n}", value=Text(f"a\n{word}'b' {n}")) for n in range(number))])


SHAPES: list[tuple[str, dict[str, Any]]] = [
    *((name, {}) for name in writable_names()),
    ("env", {"connection_format": "uri"}),
    ("env", {"env_dialect": "sh"}),
    ("env", {"env_dialect": "compose"}),
    ("env", {"env_dialect": "docker"}),
    ("env", {"env_dialect": "python-dotenv"}),
    ("env", {"env_dialect": "astro-env"}),
    ("env", {"env_dialect": "astro-save"}),
    ("k8s", {"k8s_layout": "env"}),
]
IDS = [" ".join([name, *map(str, how.values())]) for name, how in SHAPES]


@pytest.mark.parametrize(("name", "how"), SHAPES, ids=IDS)
def test_reading_and_writing_grow_with_the_number_of_objects(name: str, how: dict[str, Any]) -> None:
    options, module = writing(**how), get_format(name)

    def written(number: int) -> str:
        return module.render(objects(number), options).text

    assert is_linear(lambda number: partial(module.render, objects(number), options))
    assert is_linear(lambda number: partial(module.parse, written(number), "file", ReadOptions()))


def plain(number: int) -> Bundle:
    """Connections as most are: with texts that need no escapes, and a small extra."""
    return Bundle.of(
        Connection(
            conn_id=f"connection_{n}",
            conn_type="postgres",
            description=f"Number {n}",
            host=f"db{n}.example.com",
            login=f"user{n}",
            password=f"{n:016x}",
            schema="sales",
            port=5432,
            extra=Text(json.dumps({f"key{place}": f"value {place} of {n}" for place in range(5)})),
        )
        for n in range(number)
    )


def test_a_plain_connection_is_written_to_a_dotenv_file_in_one_pass() -> None:
    def work(number: int) -> Callable[[], object]:
        return partial(get_format("env").render, plain(number), writing())

    work(2)()
    assert is_linear(work)
    few, many = (calls(work(number)) for number in (FEW, MANY))
    # It takes no trial by a reader, and no JSON that is read and written again to compare it.
    assert (many - few) / (MANY - FEW) < 130


@pytest.mark.parametrize("change", ["nothing", "all", "added", "removed"])
@pytest.mark.parametrize(
    ("name", "how"),
    [
        pytest.param(*shape, id=id_)
        for shape, id_ in zip(SHAPES, IDS, strict=True)
        if get_format(shape[0]).load_updater()
    ],
)
def test_a_change_in_place_grows_with_the_number_of_objects(name: str, how: dict[str, Any], change: str) -> None:
    options, updater = writing(**how), get_format(name).load_updater()
    assert updater is not None

    def work(number: int) -> Callable[[], object]:
        text = get_format(name).render(objects(number), options).text
        keys = [(obj.kind, obj.id) for obj in objects(number)]
        wanted: Mapping[Key, AirflowObject | None] = {
            "nothing": {(obj.kind, obj.id): obj for obj in objects(number)},
            "all": {(obj.kind, obj.id): obj for obj in objects(number, "other")},
            "added": {(obj.kind, f"new_{obj.id}"): _renamed(obj) for obj in objects(number)},
            "removed": dict.fromkeys(keys[1:]),
        }[change]
        return lambda: updater.update(text, wanted, options, lambda held, other: held == other)

    assert is_linear(work)


def _renamed(obj: AirflowObject) -> AirflowObject:
    name = {Kind.CONNECTIONS: "conn_id", Kind.VARIABLES: "key", Kind.POOLS: "name"}[obj.kind]
    changes: dict[str, Any] = {name: f"new_{obj.id}"}
    return replace(obj, **changes)


def test_a_plan_and_a_comparison_grow_with_the_number_of_objects() -> None:
    def planned(number: int) -> Callable[[], object]:
        ours, theirs = objects(number), objects(number, "other")
        return lambda: make_plan(ours, theirs, TargetRules())

    def compared(number: int) -> Callable[[], object]:
        ours, theirs = objects(number), objects(number, "other")
        return lambda: compare(ours, theirs, lambda obj: obj, lambda obj: obj)

    assert is_linear(planned)
    assert is_linear(compared)


def _hosts(number: int, password: str) -> Connection:
    hosts = [{"host": f"h{n}", "password": password} for n in range(number)]
    return Connection(conn_id="c", conn_type="http", extra=Text.of(json.dumps({"hosts": hosts})))


def test_what_is_done_about_hidden_leaves_grows_with_their_number() -> None:
    def planned(number: int) -> Callable[[], object]:
        ours, theirs = Bundle.of([_hosts(number, "p")]), Bundle.of([_hosts(number, "***")])
        return lambda: make_plan(ours, theirs, TargetRules())

    assert is_linear(lambda number: lambda: fill(_hosts(number, "***"), _hosts(number, "p")))
    assert is_linear(planned)


def large(size: int) -> list[Connection | Variable]:
    """Values of so many characters, some of which have to be escaped."""
    text = (("x" * 60 + "'\"é $ %\\\n") * (size // 60))[:size]
    return [
        Connection(conn_id="c", conn_type="http", host="h", schema="s", extra=Text(json.dumps({"a": text}))),
        Variable(key="v", value=Text(text)),
    ]


def there_and_back(name: str, how: dict[str, Any], made: list[Connection | Variable]) -> str:
    """Writes and reads, and gives why what isn't there is left out."""
    rendered = get_format(name).render(Bundle.of(made), writing(**how))
    found = get_format(name).parse(rendered.text, "file", ReadOptions()).bundle
    lost = {(loss.kind, loss.id): loss.message for loss in rendered.losses if not loss.field}
    assert [found.get(obj.kind, obj.id) for obj in made] == [
        None if (obj.kind, obj.id) in lost else obj for obj in made
    ]
    return "; ".join(lost.values())


LEFT_OUT = {
    "k8s": "larger than",
    "k8s env": "longer than",
    "uri": "the uri format holds no",
    "env docker": "too long for",
}


@pytest.mark.parametrize(("name", "how"), SHAPES, ids=IDS)
def test_a_large_value_takes_a_few_times_its_size(
    name: str, how: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    size = 1_000_000
    made = large(size)
    tracemalloc.start()
    try:
        left_out = there_and_back(name, how, made)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert LEFT_OUT.get(request.node.callspec.id, "") in left_out
    # It is there twice, and as JSON, and in a URI it is three times as long.
    assert peak < 24 * size


@pytest.mark.parametrize("name", writable_names())
def test_a_value_of_ten_megabytes_is_read_and_written_or_left_out_with_a_reason(name: str) -> None:
    script = "import sys\nfrom tests.formats.test_growth import large, there_and_back\n"
    script += "print(there_and_back(sys.argv[1], {}, large(10_000_000)))"

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (2**30, 2**30))
        resource.setrlimit(resource.RLIMIT_CPU, (60, 60))

    done = subprocess.run(
        [sys.executable, "-c", script, name], capture_output=True, text=True, preexec_fn=limited, cwd=ROOT
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert LEFT_OUT.get(name, "") in done.stdout
