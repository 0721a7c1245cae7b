"""Real Airflows judge what airconn reads and writes: their parsers, their command line, their file backend."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from airconn.errors import InputError
from airconn.formats import connection_fields, connection_uri, get_format
from airconn.formats.base import ReadOptions, WriteOptions
from airconn.formats.dotenv.lines import entries
from airconn.model import (
    MASK,
    NOWHERE,
    REDACTED,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Rules,
    Text,
    Variable,
    hidden_fields,
    rules_for,
)
from airconn.sandbox import Sandbox
from airconn.sandbox.surroundings import DATABASE_NAME, Secrets, airflow_environ, write_config
from airconn.sandbox.versions import resolve
from tests.formats import strategies as some
from tests.formats.options import writing
from tests.integration.format_judge import FIELDS

JUDGE = Path(__file__).parent / "format_judge.py"
HOW_MANY = max(3_000, int(os.environ.get("AIRCONN_FUZZ", "0")))
AT_LEAST = 2_000
Fields = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Parser:
    """One of the three readers of connections that there are."""

    airflow: str
    name: str

    @property
    def rules(self) -> Rules:
        rules = rules_for(AirflowVersion.parse(self.airflow))
        # The Task SDK neither types the values of a query nor looks into an extra.
        return rules if self.name == "core" else replace(rules, typed_query_values=False, extra_is_object=False)


PARSERS = [Parser("2.11.2", "core"), Parser("3.3.2", "core"), Parser("3.3.2", "sdk")]
on_one_worker = pytest.mark.xdist_group("format-parsers")  # where the examples are made once
of_each_parser = pytest.mark.parametrize("parser", PARSERS, ids=lambda parser: f"{parser.airflow}-{parser.name}")


def generated(strategy: st.SearchStrategy[T], number: int) -> list[T]:
    """So many examples, other ones in each run."""
    found: list[T] = []

    @settings(
        max_examples=number,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def take(example: T) -> None:
        found.append(example)

    take()
    return found


@contextmanager
def airflow(version: str, directory: Path, *verb: str) -> Iterator[subprocess.Popen[str]]:
    """A judge in the environment of `version`, with a database of its own. No server is started."""
    environment = Sandbox(version).prepare()
    write_config(directory, resolve(version), Secrets(), "http://127.0.0.1:1")
    shutil.copyfile(environment.database, directory / DATABASE_NAME)
    environ = airflow_environ(os.environ, home=directory) | {"PYTHONUTF8": "1"}
    with (
        (directory / "log").open("w") as log,
        subprocess.Popen(
            [environment.python, JUDGE, *verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=environ,
            text=True,
        ) as process,
    ):
        yield process


def answers(process: subprocess.Popen[str], questions: Iterable[Any]) -> list[Any]:
    out, _ = process.communicate("".join(json.dumps(question) + "\n" for question in questions))
    return [json.loads(line) for line in out.splitlines()]


Ask = Callable[[Parser, str, list[str]], list[Fields | None]]


@pytest.fixture(scope="module")
def ask(tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """What a parser makes of texts: fields, or None where it refuses one."""

    def call(parser: Parser, form: str, texts: list[str]) -> list[Fields | None]:
        with airflow(parser.airflow, tmp_path_factory.mktemp("judge"), "parse") as process:
            found = answers(process, ([parser.name, form, text] for text in texts))
        assert len(found) == len(texts)
        return [None if "error" in fields else fields for fields in found]

    return call


def tell(wrong: dict[str, Any]) -> None:
    """Fails with some of what is wrong, so that a case can be made of it."""
    if wrong:
        some_of_it = [f"{text!r:.1500}\n    {what!r:.3000}" for text, what in list(wrong.items())[:4]]
        pytest.fail("\n".join([f"{len(wrong)} differ", *some_of_it]))


def shown(connection: Connection) -> Fields:
    """The fields of ours as Airflow has them."""
    fields = {name: connection_fields.shown(getattr(connection, name)) for name in FIELDS}
    return fields | {"conn_type": connection.conn_type or None}


def of_airflow(fields: Fields | None) -> Fields | None:
    # No type is '' to airconn, and an empty password is none, which the core of Airflow can't hold either.
    return fields and fields | {"conn_type": fields["conn_type"] or None, "password": fields["password"] or None}


# Reading: texts that are nearly URIs.
schemes = st.sampled_from(
    ["http", "postgresql", "HTTP", "a-b", "a_b", "1a", "", "s3", "a.b+c", "google-cloud-platform"]
)
part = st.one_of(
    st.just(""),
    st.sampled_from(
        ["user", "HOST", "%48", "%2Fsock", "[::1]", "[::1%25e]", "host.example", "pa%zzss", "p:w", "a@b", MASK]
    ),
    st.lists(st.sampled_from([piece for piece in some.PIECES if piece != "\0"]), max_size=4).map("".join),
)
query = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "A", "__extra__", "", "a%20b"]),
        st.one_of(
            part,
            st.sampled_from(
                ["1", "1.50", "true", "null", "NaN", "01", "1e400", "%7B%7D", "%5B1%5D", "%22q%22", "9" * 5000]
            ),
        ),
    ).map("=".join),
    max_size=3,
).map("&".join)
uris = st.tuples(
    schemes,
    st.sampled_from(["://", "://", "://", "://https://", ":/", ":", "//"]),
    part,
    st.sampled_from(["", "@", ":pass@", ":@"]),
    part,
    st.sampled_from(["", "", ":80", ":0", ":", ":65536", ":x", ":-1", ":8_0", ":٨"]),
    st.one_of(st.just(""), part.map("/{}".format)),
    st.one_of(st.just(""), query.map("?{}".format)),
    st.sampled_from(["", "", "", "#f"]),
).map("".join)


# Reading: objects of fields. Numbers as texts, keys that stand twice and teams are read otherwise on purpose.
def without(strategies: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: strategy for key, strategy in strategies.items() if key != name}


text_or_none = st.one_of(st.none(), some.texts)
# A number, a list or a truth value in a field of text: what can't be used then is refused.
text_or_other = st.one_of(text_or_none, text_or_none, text_or_none, st.sampled_from([5, 1.5, True, ["x"], {"x": 1}]))
field_values: dict[str, st.SearchStrategy[Any]] = {
    "conn_type": st.one_of(some.conn_types, st.none(), st.sampled_from([5, True, ["x"]])),
    "description": text_or_none,
    "host": text_or_other,
    "login": text_or_other,
    "password": text_or_other,
    "schema": text_or_other,
    "port": st.sampled_from(
        [
            None,
            0,
            80,
            "80",
            " 80 ",
            "8_0",
            "0",
            "",
            "80.0",
            "x",
            80.9,
            -0.0,
            True,
            False,
            -1,
            2**53 + 1,
            10**30,
            [],
            {},
        ]
    ),
    "extra": st.one_of(
        st.sampled_from([None, "", "{}", {}, [], 0, 1, False, True, "notjson", "[1]", [1], "null", '{"a":1,"a":2}']),
        st.dictionaries(
            some.texts, st.one_of(some.texts, st.integers(), st.none(), st.just({"b": [1.5, "x"]})), max_size=3
        ),
        some.texts,
        some.json_texts(root="object").filter(lambda text: "[" * 150 not in text),
    ),
    "uri": st.one_of(st.just(""), uris),
    "extra_dejson": st.just({}),
    "bogus": st.just(1),
}
jsons = st.one_of(
    st.fixed_dictionaries({}, optional={name: field_values[name] for name in field_values if name in FIELDS}),
    st.fixed_dictionaries({"uri": field_values["uri"]}, optional=without(field_values, "uri")),
    st.fixed_dictionaries({"conn_type": some.conn_types}, optional=without(field_values, "conn_type")),
).map(json.dumps)


connections = some.connections.filter(lambda found: found.extra is not REDACTED)


@lru_cache
def examples_of(what: str) -> tuple[Any, ...]:
    """Generated once for all parsers: `uris`, `jsons` or `connections`."""
    strategy: st.SearchStrategy[Any] = {"uris": uris, "jsons": jsons, "connections": connections}[what]
    found = generated(strategy, HOW_MANY)
    return tuple(found if what == "connections" else {text for text in found if text})


def read(parser: Parser, form: str, text: str) -> Fields | None:
    reader = connection_fields.from_uri if form == "uri" else connection_fields.from_json
    try:
        return shown(reader("c", text, parser.rules, NOWHERE))
    except InputError:
        return None


@on_one_worker
@of_each_parser
def test_uris_are_read_as_airflow_reads_them(parser: Parser, ask: Ask) -> None:
    texts = list(examples_of("uris"))
    assert len(texts) >= AT_LEAST
    found = ask(parser, "uri", texts)
    assert AT_LEAST / 10 < found.count(None) < len(texts) - AT_LEAST / 10
    wrong = {
        text: (ours, theirs)
        for text, theirs in zip(texts, map(of_airflow, found), strict=True)
        if (ours := read(parser, "uri", text)) != theirs and not is_deliberate(parser, "uri", text)
    }
    tell(wrong)


@on_one_worker
@of_each_parser
def test_json_is_read_as_airflow_reads_it(parser: Parser, ask: Ask) -> None:
    texts = list(examples_of("jsons"))
    assert len(texts) >= AT_LEAST
    found = ask(parser, "json", texts)
    assert AT_LEAST / 10 < found.count(None) < len(texts) - AT_LEAST / 10
    wrong = {
        text: (ours, theirs)
        for text, theirs in zip(texts, map(of_airflow, found), strict=True)
        if (ours := read(parser, "json", text)) != theirs and not is_deliberate(parser, "json", text)
    }
    tell(wrong)


def is_deliberate(parser: Parser, form: str, text: str) -> bool:
    """Whether airconn and the parser differ on purpose: over a mask, and where the Task SDK is of its own mind."""
    loose = replace(parser.rules, extra_is_object=False)
    try:
        found = (connection_fields.from_uri if form == "uri" else connection_fields.from_json)(
            "c", text, loose, NOWHERE
        )
    except InputError as error:
        # The Task SDK never looks into an extra; the core of every Airflow does, and fails.
        return parser.name == "sdk" and "for Airflow" in error.message
    # The mask stands for an extra, and isn't one. The Task SDK wants a `uri` to stand alone, even an empty one.
    return found.extra is REDACTED or (parser.name == "sdk" and form == "json" and "uri" in json.loads(text))


# Writing.
@pytest.mark.parametrize("form", ["uri", "json"])
@on_one_worker
@of_each_parser
def test_what_is_written_is_read_by_airflow_or_reported_as_lost(parser: Parser, form: str, ask: Ask) -> None:
    written: list[tuple[Connection, str, set[str]]] = []
    options = writing(airflow=AirflowVersion.parse(parser.airflow), connection_format=form)  # type: ignore[arg-type]
    for connection in examples_of("connections"):
        bundle = Bundle.of([replace(connection, conn_id="c", team_name=None)])
        rendered = get_format("env").render(bundle, options)
        for entry in entries(rendered.text):
            if entry.name and entry.value is not None:
                written.append((connection, entry.value, {loss.field for loss in rendered.losses}))
    assert len(written) >= (AT_LEAST if form == "json" else AT_LEAST / 3)
    wrong = {}
    found = ask(parser, form, [text for _, text, _ in written])
    for (connection, text, lost), theirs in zip(written, map(of_airflow, found), strict=True):
        ours = shown(connection)
        changed = {name for name in FIELDS if ours[name] != theirs[name]} if theirs else {"everything"}
        if changed != lost - {"team_name"}:
            wrong[text] = (changed, lost, ours, theirs)
    tell(wrong)


# Files: Airflow's command line and its file backend.
valid_ids = st.from_regex(r"[A-Za-z0-9_]([.-]?[A-Za-z0-9_]){0,12}", fullmatch=True)


def storable(obj: AirflowObject) -> bool:
    """Whether every Airflow can hold and export an object: nothing hidden, a key that is allowed, not too deep."""
    text = getattr(obj, "extra" if isinstance(obj, Connection) else "value", None)
    is_deep = isinstance(text, Text) and "[" * 150 in text.text
    return not hidden_fields(obj) and not is_deep and 0 < len(obj.id) <= 200 and bool(obj.id.strip())


def objects(number: int) -> Bundle:
    """Objects of all kinds, as nasty as Airflow's database bears."""
    strategies: list[st.SearchStrategy[Any]] = [
        st.builds(lambda found, id_: replace(found, conn_id=id_, team_name=None), some.connections, valid_ids),
        some.variables.map(lambda found: replace(found, team_name=None)),
        some.pools.map(lambda found: replace(found, team_name=None)),
    ]
    made = [obj for strategy in strategies for obj in generated(strategy.filter(storable), number)]
    return Bundle.of(some.with_id(obj, f"{obj.id}{index}") for index, obj in enumerate(made))


def is_tame(connection: Connection) -> bool:
    """Whether Airflow reads the URI that it makes of a connection. At half a character in an extra, it makes none."""
    host = connection_fields.shown(connection.host) or ""
    if "://" in host or "\\ud" in (connection_fields.shown(connection.extra) or ""):
        return False
    return connection_uri.is_writable(connection) and (connection.port or 0) in range(65536)


def as_dumped(obj: AirflowObject) -> Fields:
    if isinstance(obj, Connection):
        return {name: connection_fields.shown(getattr(obj, name)) for name in FIELDS}
    if isinstance(obj, Variable):
        return {"value": connection_fields.shown(obj.value), "description": obj.description}
    return {"slots": obj.slots, "description": obj.description, "include_deferred": bool(obj.include_deferred)}


def changes(wanted: Bundle, kind: Kind, found: dict[str, Fields]) -> set[tuple[Kind, str, str]]:
    """What isn't there as it was wanted: kind, id and field, the field empty for a whole object."""
    ours = {id_: as_dumped(obj) for id_, obj in wanted.of_kind(kind).items()}
    whole = {(kind, id_, "") for id_ in ours.keys() ^ found.keys()}
    both = ours.keys() & found.keys()
    return whole | {(kind, id_, name) for id_ in both for name in ours[id_] if ours[id_][name] != found[id_][name]}


@dataclass(frozen=True)
class Written:
    """A file that airconn has written for `airflow KIND import`, and what it reported as lost."""

    path: Path
    kind: Kind
    lost: set[tuple[Kind, str, str]]


def write_all(bundle: Bundle, version: AirflowVersion, directory: Path) -> dict[str, Written]:
    shapes = {f"{kind.value}.{name}": (name, kind) for kind in Kind for name in ("json", "yaml")}
    written = {}
    for file, (name, kind) in {**shapes, "connections.env": ("uri", Kind.CONNECTIONS)}.items():
        chosen = Bundle.of(bundle.of_kind(kind).values())
        rendered = get_format(name).render(chosen, WriteOptions(airflow=version, kinds=frozenset([kind])))
        (directory / file).write_text(rendered.text, encoding="utf-8")
        written[file] = Written(directory / file, kind, some.reported(rendered.losses))
    return written


@pytest.mark.parametrize("text", ["2.7.3", "2.11.2", "3.0.6", "3.3.2"])
def test_files_pass_between_airconn_and_airflow(text: str, tmp_path: Path) -> None:
    version = AirflowVersion.parse(text)
    bundle = objects(60)
    assert all(len(bundle.of_kind(kind)) > 25 for kind in Kind)
    written = write_all(bundle, version, tmp_path)
    # The command line reads YAML since 3.1, and of pools JSON alone.
    imported = [
        "connections.json",
        "connections.yaml",
        "connections.env",
        *(["variables.yaml"] if version >= AirflowVersion(3, 1) else []),
        "variables.json",
        "pools.json",
    ]
    steps: list[tuple[str, list[str]]] = []
    for file in imported:
        steps += [("", ["wipe"]), ("", ["cli", written[file].kind.value, "import", str(written[file].path)])]
        steps += [(f"import {file}", ["dump"])]
    for file in ("connections.json", "connections.yaml", "connections.env"):
        variables = written["variables.yaml" if "yaml" in file else "variables.json"].path
        steps += [(f"backend {file}", ["backend", str(written[file].path), str(variables)])]
    steps += [("", ["wipe"])]
    steps += [("", ["cli", kind.value, "import", str(written[f"{kind.value}.json"].path)]) for kind in Kind]
    exports = {
        "connections.out.json": [],
        "connections.out.yaml": [],
        "connections.json.out.env": ["--file-format", "env", "--serialization-format", "json"],
        "variables.out.json": [],
        "pools.out.json": [],
    }
    for file, more in exports.items():
        steps += [("", ["cli", file.split(".", 1)[0], "export", str(tmp_path / file), *more])]
    steps += [("whole", ["dump"])]
    # What Airflow makes of its own exports is the judge of what airconn does. It can't read each URI that it writes.
    tame = [found for found in bundle.connections.values() if is_tame(found)]
    rendered = get_format("json").render(
        Bundle.of(tame), WriteOptions(airflow=version, kinds=frozenset([Kind.CONNECTIONS]))
    )
    (tmp_path / "connections.tame.json").write_text(rendered.text)
    steps += [("", ["wipe"]), ("", ["cli", "connections", "import", str(tmp_path / "connections.tame.json")])]
    steps += [("", ["cli", "connections", "export", str(tmp_path / "connections.out.env"), "--file-format", "env"])]
    for file in ("connections.out.env", "variables.out.json"):
        steps += [("", ["wipe"]), ("", ["cli", file.split(".", 1)[0], "import", str(tmp_path / file)])]
        steps += [(f"again {file}", ["dump"])]

    (tmp_path / "home").mkdir()
    with airflow(text, tmp_path / "home", "run") as process:
        found = answers(process, [step for _, step in steps])
    assert len(found) == len(steps), (tmp_path / "home" / "log").read_text()[-2000:]
    said = [(step, answer) for (_, step), answer in zip(steps, found, strict=True) if step[0] == "cli"]
    assert [(step, answer["said"]) for step, answer in said if answer["code"]] == []
    seen = {label: answer for (label, _), answer in zip(steps, found, strict=True) if label}

    for file in imported:
        kind = written[file].kind
        assert (file, changes(bundle, kind, seen[f"import {file}"][kind.value])) == (file, written[file].lost)
    for file in ("connections.json", "connections.yaml", "connections.env"):
        of_backend = seen[f"backend {file}"]
        assert (file, changes(bundle, Kind.CONNECTIONS, of_backend["connections"])) == (file, written[file].lost)
        plain = {id_: obj for id_, obj in bundle.variables.items() if obj.description is None}
        assert {id_: of_backend["variables"][id_] for id_ in plain} == {
            id_: connection_fields.shown(obj.value) for id_, obj in plain.items()
        }

    def again(name: str, file: str, kind: Kind) -> Bundle:
        options = ReadOptions(airflow=version, kind=kind)
        return get_format(name).parse((tmp_path / file).read_text(encoding="utf-8"), file, options).bundle

    whole = seen["whole"]
    for name, file in (
        ("json", "connections.out.json"),
        ("yaml", "connections.out.yaml"),
        ("uri", "connections.json.out.env"),
    ):
        assert changes(again(name, file, Kind.CONNECTIONS), Kind.CONNECTIONS, whole["connections"]) == set()
    assert changes(again("json", "pools.out.json", Kind.POOLS), Kind.POOLS, whole["pools"]) == default_pool
    assert len(tame) > 5
    by_uri = seen["again connections.out.env"]["connections"]
    assert changes(again("uri", "connections.out.env", Kind.CONNECTIONS), Kind.CONNECTIONS, by_uri) == set()
    variables_again = seen["again variables.out.json"]["variables"]
    assert changes(again("json", "variables.out.json", Kind.VARIABLES), Kind.VARIABLES, variables_again) == set()


default_pool = {(Kind.POOLS, "default_pool", "")}
