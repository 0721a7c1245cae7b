"""What has to be seen of an Airflow that is reached by its name at a vendor, with a real Airflow as the judge.

The examples and 300 generated objects, or 120 for Airflow 2, are imported, read in the metadata database and by
Airflow's own command line field by field, exported again, and imported a second time.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.integration.prediction import State, normal
from tests.integration.target import Target

EXAMPLES = Path(__file__).parents[2] / "examples/objects.json"
_SYMBOLS = "abcXYZ019 _-./:;,?!%#&=+@$'\"`\\(){}[]<>|~*^\n\té中🔑"
_SECRETS = ("password", "token", "api_key", "private_key", "keyfile_dict")
"""The keys of secrets in what is imported here. No other field comes back hidden."""


def generated(number: int, seed: int) -> State:
    """Objects of each kind with texts of all sorts. No two texts are equal, as Airflow 3 masks secrets everywhere."""
    chance = random.Random(seed)

    def text(least: int = 8, most: int = 40) -> str:
        return "".join(chance.choices(_SYMBOLS, k=chance.randint(least, most))).strip() + str(chance.random())

    def maybe(value: Any) -> Any:
        return value if chance.random() < 0.7 else None

    state: State = {"connections": {}, "variables": {}, "pools": {}}
    for index in range(number):
        extra = {
            "region": text(),
            "number": chance.choice([0, -1, 1.5, 2**40, True, None]),
            "token": text(),
            "deep": {"list": [1, text(), {"api_key": text()}], text(): text()},
        }
        state["connections"][f"gen_{index:03}.a-B"] = {
            "conn_type": chance.choice(["http", "postgres", "aws"]),
            "description": maybe(text()),
            "login": maybe(text()),
            "password": maybe(text()),
            "host": maybe(text()),
            "port": maybe(chance.randint(0, 65535)),
            "schema": maybe(text()),
            "extra": maybe({name: value for name, value in extra.items() if chance.random() < 0.7}) or None,
        }
        value = chance.choice([text(), text(200, 400), json.dumps({"n": 1.5, "list": [text()]}, ensure_ascii=False)])
        key = f"gen/{index:03} é" if index % 3 else f"gen_api_key_{index:03}"
        state["variables"][key] = {"value": value, "description": maybe(text())}
        state["pools"][f"gen {index:03}"] = {
            "slots": chance.randint(0, 500),
            "description": maybe(text()),
            "include_deferred": chance.random() < 0.5,
        }
    return state


def with_examples(state: State) -> State:
    """The objects together with those of examples/objects.json."""
    found = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    for fields in found["connections"].values():
        fields["extra"] = json.loads(fields["extra"]) if fields["extra"] else None
    variables = {
        key: value if isinstance(value, dict) else {"value": value, "description": None}
        for key, value in found["variables"].items()
    }
    return {
        "connections": {**found["connections"], **state["connections"]},
        "variables": {**variables, **state["variables"]},
        "pools": {**found["pools"], **state["pools"]},
    }


def check_rounds(target: Target, airconn: Callable[..., Any], address: str) -> State:
    """Imports, reads, exports and imports again, through `address`. Gives what was imported.

    `airconn` runs a command line with the credentials for the address; `target` looks into the same Airflow.
    """
    made = generated(40 if target.box.version.startswith("2.") else 100, 15)  # Airflow 2 gets one at a time
    wanted = with_examples(made)
    source = target.directory / "generated.json"
    source.write_text(json.dumps(made))
    target.wipe()

    ran = airconn("import", EXAMPLES, source, "--to", address, "-q")
    assert (ran.code, ran.err) == (0, "")
    held = normal(target.database())
    assert differing(held, wanted) == [], differing(held, wanted)
    assert_read_by_airflow(target.exported(), wanted)

    out = target.directory / "out.json"
    ran = airconn("export", "--from", address, "-o", out, "--format", "json")
    assert ran.code == 0, ran.err
    found = json.loads(out.read_text(encoding="utf-8"))
    found["pools"].pop("default_pool")
    for kind, objects in wanted.items():
        assert found[kind].keys() == objects.keys()
    lost = list(losses(shape(found), wanted))
    assert lost == [], lost

    ran = airconn("import", EXAMPLES, source, "--to", address, "--assume-unchanged", "hidden")
    assert ran.code == 0, ran.err
    assert "0 created, 0 updated" in ran.out
    ran = airconn("import", out, "--to", address, "-q")
    assert ran.code == 0, ran.err
    assert differing(normal(target.database()), wanted) == []
    return wanted


def differing(held: State, wanted: State) -> list[object]:
    """The objects that differ, with what is held and what was imported."""
    kinds = wanted.keys() | held.keys()
    ids = {(kind, id_) for kind in kinds for id_ in {*held[kind], *wanted[kind]}}
    pairs = [(kind, id_, held[kind].get(id_), wanted[kind].get(id_)) for kind, id_ in sorted(ids)]
    return [pair for pair in pairs if pair[2] != pair[3]]


def assert_read_by_airflow(exported: dict[str, Any], wanted: State) -> None:
    """Compares what Airflow's own `connections export` and so on write, field by field."""
    assert exported["connections"].keys() == wanted["connections"].keys()
    for id_, fields in wanted["connections"].items():
        read = dict(exported["connections"][id_])
        extra = read.pop("extra")
        for name, value in fields.items():
            if name != "extra":
                assert (read[name] or None) == (value or None) or read[name] == value, (id_, name)
        assert (json.loads(extra) if extra else None) == fields["extra"] or not (extra or fields["extra"]), id_
    assert exported["variables"].keys() == wanted["variables"].keys()
    for key, fields in wanted["variables"].items():
        read = exported["variables"][key]
        value = read["value"] if isinstance(read, dict) and read.keys() <= {"value", "description"} else read
        try:
            expected = json.loads(fields["value"])
        except ValueError:
            expected = fields["value"]
        assert value in (expected, fields["value"]), key
    for name, fields in wanted["pools"].items():
        read = exported["pools"][name]
        assert {part: read[part] or None for part in fields} == {part: fields[part] or None for part in fields}


def shape(found: dict[str, Any]) -> State:
    """An export of airconn in the shape of what was imported."""
    state: State = {"connections": {}, "variables": {}, "pools": found["pools"]}
    for id_, fields in found["connections"].items():
        extra = fields.get("extra")
        state["connections"][id_] = {**fields, "extra": json.loads(extra) if isinstance(extra, str) else extra}
    for key, value in found["variables"].items():
        state["variables"][key] = value if isinstance(value, dict) else {"value": value, "description": None}
    return state


def losses(found: Any, wanted: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The places where an export differs from what was imported, except for secrets that it shows as `***`."""
    if found == "***" and any(secret in name.lower() for name in path for secret in _SECRETS):
        return
    if isinstance(found, dict) and isinstance(wanted, dict):
        for name in {*found, *wanted}:
            yield from losses(found.get(name), wanted.get(name), (*path, name))
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        for index, (one, other) in enumerate(zip(found, wanted, strict=True)):
            yield from losses(one, other, (*path, str(index)))
    elif found != wanted and (found or wanted):
        # Airflow 3 writes a JSON value anew when it looks for secrets in it.
        if isinstance(found, str) and isinstance(wanted, str) and wanted.startswith('{"'):
            yield from losses(json.loads(found), json.loads(wanted), path)
        else:
            yield path
