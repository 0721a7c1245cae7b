"""Random sequences of imports, prunes, deletes and edits by others, under random readings of the Astro API.

Whatever an update does with what it isn't sent: nothing is lost that the plan doesn't name, unless an error tells it.
The fake's state is the judge, which has all secrets. `AIRCONN_FUZZ=1000` tries more sequences.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from airconn.stores.astro.environment import pacing, writing
from airconn.stores.http.retries import Backoff
from airconn.stores.http.transport import Transport
from tests.stores.astro.environment_objects import Held, Link
from tests.stores.astro.fake_astro import FakeAstro, running
from tests.stores.astro.switches import Switches, any_switches

MARK = "s3cret"
"""A part of every secret: no message has it."""
TYPES = {"db": "postgres", "lake": "aws", "api": "http"}
VARIABLES = ("region", "api_key", "note")
EXTRA_KEYS = ("sslmode", "aws_secret", "region_name", "token", "nested")
KINDS = {"CONNECTION": "connections", "AIRFLOW_VARIABLE": "variables"}
QUICK = settings(
    max_examples=max(10, settings.default.max_examples // 2),  # type: ignore[union-attr]
    suppress_health_check=[*HealthCheck],
)

plain = st.sampled_from(("one", "two", "drei ü", " padded "))
secret = st.sampled_from([f"{MARK}-{letter}" for letter in "abc"])
extra = st.fixed_dictionaries(
    {},
    optional={
        "sslmode": plain,
        "region_name": plain,
        "aws_secret": secret,
        "token": secret,
        "nested": st.fixed_dictionaries({"a": st.integers(0, 3)}),
    },
)
fields = st.fixed_dictionaries(
    {}, optional={"host": plain, "login": plain, "schema": plain, "port": st.integers(1, 9), "password": secret}
)
few_fields = st.sampled_from(("host", "login", "password")).flatmap(
    lambda name: st.fixed_dictionaries({name: secret if name == "password" else plain})
)
descriptions = st.sampled_from(("", "", "owned by billing", "owned by sales"))


def most(names: Sequence[str]) -> st.SearchStrategy[list[str]]:
    """Any of the names: each is in it three times of four."""
    chosen = st.lists(st.integers(0, 3), min_size=len(names), max_size=len(names))
    return chosen.map(lambda numbers: [name for name, number in zip(names, numbers, strict=True) if number])


# What others put there, and do


@dataclass(frozen=True)
class Linking:
    """Links, exclusions and the automatic link of an object, for two Deployments."""

    links: dict[int, dict[str, Any]]
    exclude_links: tuple[int, ...]
    auto_link: bool


def linkings(overrides: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Linking]:
    return st.builds(
        Linking,
        st.sampled_from(((), (0,), (1,), (0, 1))).flatmap(
            lambda of: st.fixed_dictionaries(dict.fromkeys(of, overrides))
        ),
        st.lists(st.integers(0, 1), max_size=2, unique=True).map(tuple),
        st.booleans(),
    )


override = st.one_of(
    st.just({}),
    fields.filter(bool),
    st.builds(lambda some, more: {**some, "extra": more}, fields, extra.filter(bool)),
)


@st.composite
def contents(draw: st.DrawFn, key: str) -> dict[str, Any]:
    """What the server holds of a connection."""
    content = {"type": TYPES[key], **draw(fields)}
    more = draw(extra)
    if more:
        content["extra"] = more
    if key == "lake" and draw(st.booleans()):
        content["authTypeId"] = "aws-access-key"
    return content


@dataclass
class World:
    """A fake with two Deployments, and the scope that airconn writes to: the Workspace, or the first of them."""

    astro: FakeAstro
    of_deployment: bool

    def __post_init__(self) -> None:
        self.deployments = [self.astro.deployment, self.astro.add_deployment("staging")]
        self.scope = self.astro.deployment if self.of_deployment else self.astro.workspace
        self.address = f"astro-env://{self.astro.workspace}" + f"/{self.astro.deployment}" * self.of_deployment

    def ours(self) -> list[Held]:
        """The objects that airconn may change."""
        return [
            held
            for held in self.astro.objects.values()
            if held.object_type in KINDS and held.scope_entity_id == self.scope
        ]

    def put(self, kind: str, key: str, content: dict[str, Any], linking: Linking, description: str = "") -> None:
        if self.of_deployment:
            self.astro.put(kind, key, content, description=description, deployment=self.scope)
            return
        self.astro.put(
            kind,
            key,
            content,
            description=description,
            auto_link=linking.auto_link,
            links={self.deployments[number]: one for number, one in linking.links.items()},
            exclude_links=tuple(self.deployments[number] for number in linking.exclude_links),
        )

    def edit(self, held: Held, what: str) -> None:
        """Changes an object as another user would."""
        first, second = self.deployments
        if what == "description":
            held.description = "by another user"
        elif what == "value" and held.object_type == "CONNECTION":
            held.content["host"] = "by another user"
        elif what == "delete":
            self.astro.objects.pop(held.id, None)
        elif self.of_deployment:
            return
        elif what == "link":
            held.links = [link for link in held.links if link.scope_entity_id != second] + [Link(second, {})]
        elif what == "override" and held.object_type == "CONNECTION":
            held.links = [Link(first, {"login": "others", "password": f"{MARK}-o"})]
        elif what == "exclude":
            held.exclude_links = [first]
        elif what == "auto":
            held.auto_link = not held.auto_link


@st.composite
def worlds(draw: st.DrawFn, astro: FakeAstro) -> World:
    """A fake with some objects."""
    world = World(astro, draw(st.integers(0, 3)) == 0)
    values = st.fixed_dictionaries({"value": st.one_of(plain, secret)})
    for key in draw(most(sorted(TYPES))):
        world.put("CONNECTION", key, draw(contents(key)), draw(linkings(override)), draw(descriptions))
    for key in draw(most(VARIABLES)):
        hidden = draw(st.booleans())
        content = {"value": draw(secret if hidden else plain), "isSecret": hidden}
        world.put("AIRFLOW_VARIABLE", key, content, draw(linkings(values | st.just({}))), draw(descriptions))
    # These are none of ours.
    metrics = {"endpoint": "https://m", "exporterType": "PROMETHEUS", "password": f"{MARK}-m"}
    world.put("METRICS_EXPORT", "metrics", metrics, Linking({0: {"password": f"{MARK}-n"}}, (), False))
    variable = {"value": "x", "isSecret": False}
    world.put("ENVIRONMENT_VARIABLE", "AIRFLOW_CONN_DB", variable, Linking({1: {"value": "y"}}, (0,), True))
    key = "db" if astro.switches.same_key_in_both_scopes == "allowed" else "another"
    elsewhere = "" if world.of_deployment else astro.deployment
    astro.put("CONNECTION", key, {"type": "postgres", "password": f"{MARK}-d"}, deployment=elsewhere)
    return world


EDITS = ("link", "override", "exclude", "auto", "description", "value", "delete")


# What airconn is told to do


@st.composite
def sources(draw: st.DrawFn, world: World) -> dict[str, Any]:
    """A file of connections and variables: new ones, and those that are held with a field or two changed."""
    found: dict[str, Any] = {"connections": {}, "variables": {}}
    held = {held.object_key: held for held in world.ours()}
    for key in draw(most(sorted(TYPES))):
        one: dict[str, Any] = {"type": TYPES[key]}
        if key in held and draw(st.integers(0, 3)):
            one = {**copy.deepcopy(held[key].content), "description": held[key].description}
            one.pop("authTypeId", None)
            one |= draw(st.one_of(st.just({}), few_fields))
        else:
            one |= draw(fields)
        if (more := draw(extra)) and not draw(st.integers(0, 2)):
            one["extra"] = one.get("extra", {}) | more
        if (description := draw(descriptions)) and not draw(st.integers(0, 2)):
            one["description"] = description
        if "extra" in one:
            one["extra"] = json.dumps(one["extra"])
        kind = one.pop("type")
        one["conn_type"] = kind if draw(st.integers(0, 19)) else "mysql"
        found["connections"][key] = {name: value for name, value in one.items() if value}
    for key in draw(most(VARIABLES)):
        same = key in held and draw(st.booleans())
        value = held[key].content["value"] if same else draw(st.one_of(plain, secret, st.just("")))
        found["variables"][key] = {"value": value}
        if key in held and held[key].description and draw(st.booleans()):
            found["variables"][key]["description"] = held[key].description
    return found


@dataclass(frozen=True)
class Import:
    source: dict[str, Any]
    options: tuple[str, ...]
    meanwhile: str
    """The edit by another user of each object, just before it is looked at again and written."""


@dataclass(frozen=True)
class Delete:
    kind: str
    id: str


@dataclass(frozen=True)
class Edit:
    """An edit by another user between two runs. `number` chooses the object."""

    number: int
    what: str


OPTIONS = st.sampled_from(
    ((), (), ("--prune",), ("--merge",), ("--exact",), ("--variables",), ("--on-existing", "skip"))
)


@st.composite
def steps(draw: st.DrawFn, world: World) -> Import | Delete | Edit:
    """What comes next. Half of the imports meet another user."""
    what = draw(st.sampled_from(("import", "import", "import", "delete", "edit")))
    if what == "import":
        meanwhile = draw(st.sampled_from(("",) * len(EDITS) + EDITS))
        return Import(draw(sources(world)), draw(OPTIONS), meanwhile)
    if what == "edit":
        return Edit(draw(st.integers(0, 5)), draw(st.sampled_from(EDITS)))
    return Delete(*draw(st.sampled_from([("connections", key) for key in TYPES] + [("variables", "region")])))


# The judge


@dataclass
class Told:
    """What a run said of each object."""

    code: int
    objects: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    text: str = ""

    @classmethod
    def of(cls, result: Any) -> Told:
        assert MARK not in result.out + result.err
        found = json.loads(result.out)["objects"] if result.out.startswith("{") else []
        assert result.code in (0, 1, 3, 4), result.err
        return cls(result.code, {(one["kind"], one["id"]): one for one in found}, result.out + result.err)


State = dict[tuple[str, str, str], dict[str, Any]]
WORDS = {"links": ("link", "override"), "exclude_links": ("exclude",), "auto_link": ("link",)}
WRITTEN = ("create", "update", "replace", "delete")


def judge(before: State, after: State, told: Told, scope: str) -> None:
    """Every change between two states is one that the plan names, or that an error tells."""
    for key in before.keys() | after.keys():
        entity, object_type, id_ = key
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        assert entity == scope, f"{key} is of another scope"
        assert object_type in KINDS, f"{key} is not for us"
        entry = told.objects.get((KINDS[object_type], id_), {})
        error = str(entry.get("error") or "")
        assert entry.get("action") in WRITTEN, f"{key} has changed, and the plan says {entry}"
        if new is None:
            assert entry["action"] == "delete" or "deleted" in error, f"{key} is gone: {entry}"
        elif old is None:
            assert entry["action"] in ("create", "replace"), f"{key} was made: {entry}"
        else:
            judge_change(old, new, entry, error)


ALARM = "Astro's result isn't what was sent: "


def judge_change(old: dict[str, Any], new: dict[str, Any], entry: dict[str, Any], error: str) -> None:
    assert ALARM not in error or is_true_alarm(old, new, entry), f"{error}: {old} {new}"
    named = {one["name"] for one in entry["fields"]}
    for aspect, words in WORDS.items():
        assert old[aspect] == new[aspect] or any(word in error for word in words), f"{aspect}: {old} {new} {entry}"
    if old["description"] != new["description"]:
        assert "description" in named or "description" in error, f"description: {old} {new} {entry}"
    for name in old["content"].keys() | new["content"].keys():
        if old["content"].get(name) == new["content"].get(name):
            continue
        said = {"type": "conn_type", "authTypeId": "authentication"}.get(name, name)
        told = said in named or said in error
        assert told or (name == "authTypeId" and "conn_type" in named), f"{name}: {old} {new} {entry}"


def is_true_alarm(old: dict[str, Any], new: dict[str, Any], entry: dict[str, Any]) -> bool:
    """Whether more changed than the plan named."""
    named = {one["name"] for one in entry["fields"]}
    changed = {name for name in (*WORDS, "description") if old[name] != new[name]}
    contents = old["content"], new["content"]
    changed |= {
        name for name in contents[0].keys() | contents[1].keys() if contents[0].get(name) != contents[1].get(name)
    }
    return bool(changed - named)


def judge_success(source: dict[str, Any], after: State, told: Told, scope: str) -> None:
    """What was written is what the source has."""
    types = {kind: object_type for object_type, kind in KINDS.items()}
    for (kind, id_), entry in told.objects.items():
        if entry["action"] not in ("create", "update", "replace", "unchanged") or entry.get("error"):
            continue
        held = after[scope, types[kind], id_]
        if kind == "variables":
            assert held["content"]["value"] == source["variables"][id_]["value"]
            continue
        for name, value in source["connections"][id_].items():
            if name == "description":
                assert held["description"] == value
            elif name == "extra":
                found = held["content"].get("extra", {})
                assert {key: found.get(key) for key in json.loads(value)} == json.loads(value)
            else:
                assert held["content"][{"conn_type": "type"}.get(name, name)] == value


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Transport, "backoff", Backoff(first=0))
    monkeypatch.setattr(pacing, "WINDOW", 0.0)
    monkeypatch.setattr(writing, "_AGAIN", (0.0,))


SWITCHES = any_switches(
    throttled="never",
    rate_limits=False,
    # A store refuses most of what it would do because of it.
    future_fields=st.sampled_from((False,) * 9 + (True,)),
)


@QUICK
@given(switches=SWITCHES, data=st.data())
def test_nothing_is_lost_in_the_environment_manager(
    airconn: Callable[..., Any], tmp_path: Path, switches: Switches, data: st.DataObject
) -> None:
    with running(switches) as astro:
        world = data.draw(worlds(astro))
        for _ in range(data.draw(st.integers(1, 4))):
            step = data.draw(steps(world))
            if isinstance(step, Edit):
                if ours := world.ours():
                    world.edit(ours[step.number % len(ours)], step.what)
                continue
            arguments = command(step, world, tmp_path)
            with OtherUser(world, step.meanwhile if isinstance(step, Import) else "") as before:
                told = Told.of(airconn(*arguments, env=astro.environ()))
            if isinstance(step, Delete) and told.code == 0:
                told.objects[step.kind, step.id] = {"action": "delete"}
            judge(before, astro.state(), told, world.scope)
            if isinstance(step, Import) and told.code == 0:
                once = astro.state()
                if not step.meanwhile:
                    judge_success(step.source, once, told, world.scope)
                    again = Told.of(airconn(*arguments, env=astro.environ()))
                    assert (again.code, astro.state()) == (0, once), again.text


def command(step: Import | Delete, world: World, tmp_path: Path) -> list[str]:
    if isinstance(step, Delete):
        return ["delete", f"{step.kind}/{step.id}", "--from", world.address, "--yes"]
    file = tmp_path / "source.json"
    file.write_text(json.dumps(step.source))
    return ["import", str(file), "--to", world.address, "--yes", "--output", "json", *step.options]


class OtherUser:
    """Lets another user edit each object once, just before it is read again to be written.

    Entering gives the state before the run, in which those edits appear as they are made.
    """

    def __init__(self, world: World, what: str) -> None:
        self._world, self._what = world, what
        self._state = world.astro.state()
        self._done: set[str] = set()

    def __enter__(self) -> State:
        if self._what:
            self._world.astro.before = self._before
        return self._state

    def __exit__(self, *_: object) -> None:
        self._world.astro.before = lambda call, received: None

    def _before(self, call: Any, received: Any) -> None:
        key = call.query.get("objectKey") if call.operation == "ListEnvironmentObjects" else None
        if key is None or key in self._done:
            return
        self._done.add(key)
        for held in self._world.ours():
            if held.object_key == key:
                self._world.edit(held, self._what)
                name = (held.scope_entity_id, held.object_type, held.object_key)
                if held.id in self._world.astro.objects:
                    self._state[name] = held.state()
                else:
                    self._state.pop(name, None)
