"""What every store has to do: the one that is only read (`ReadContract`), and the one that is written to, too.

A store's test class brings fixtures, and inherits. The judge of what was written is never the store itself but
`Truth`, which looks into the place by other means. What a place can't hold it says by its capabilities, its
`problems` and its `stored_form`; all else has to be held.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

import pytest

from airconn.errors import TargetError, UsageError
from airconn.model import (
    ALL_KINDS,
    REDACTED,
    Action,
    AirflowObject,
    Bundle,
    Connection,
    FieldAction,
    FieldChange,
    Kind,
    Outcome,
    Pool,
    Selection,
    Step,
    Text,
    Variable,
    value_fields,
)
from airconn.model.reading import Key, Reading
from airconn.plan import Plan, TargetRules, make_plan
from airconn.stores.base import DEFAULT_CONTEXT, Context, ListsIds, Store, SuggestsIds, TellsLosses
from airconn.transfer.backing_up import begin_backup
from airconn.transfer.backups import Backups
from airconn.transfer.importing import Import, target_rules
from airconn.transfer.undoing import UndoRequest, prepare_undo

T = TypeVar("T", bound=AirflowObject)

SECRET = "pa ss/%+:@#?[]\"'\\é🔑\n"
FULL = Connection(
    conn_id="full_1.a-b",
    conn_type="google_cloud_platform",
    description="of é, \n and '",
    host="https://H.example/x?y#z",
    schema="a/b c",
    login="",
    password=SECRET,
    port=0,
    extra=Text(
        '{"n": 1.50,  "api_key": "tk-1234567", "list": [1, {"a": null}], "\\u00e9": "é", "n2": 12345678901234567890}'
    ),
)
CONNECTIONS = (
    FULL,
    Connection(conn_id="bare", conn_type="x"),
    Connection(
        conn_id="empty", conn_type="", description="", host="", schema="", login="", password="", extra=Text("{}")
    ),
    Connection(conn_id="Upper.lower-1", conn_type="HTTP", port=-5),
    Connection(conn_id="..", conn_type="http", host="dots"),
)
VARIABLES = (
    Variable(key="plain", value=Text("text"), description="what it is"),
    Variable(key="empty", value=Text(""), description=""),
    Variable(key="api_key", value=Text("s3cr3t-s3cr3t")),
    Variable(key="json", value=Text('{"b":1.50,\n "a":["é", 1e5, null], "password": "deep-secret"}')),
    Variable(key="number", value=Text("1.50")),
    Variable(key="quoted", value=Text('"q"')),
    Variable(key="nan", value=Text("NaN")),
    Variable(key="spaces", value=Text("  5 \n")),
    Variable(key="k/ é?#%2F&=+;..", value=Text("odd \t\x7f\u2028 🔑")),
    Variable(key="..", value=Text("dots")),
    Variable(key="x" * 250, value=Text("y" * 5000)),
)
POOLS = (
    Pool(name="plain", slots=3),
    Pool(name="full", slots=2147483647, description="é 'x'", include_deferred=True),
    Pool(name="none at é? #%2F", slots=0, description="", include_deferred=False),
)
OBJECTS: tuple[AirflowObject, ...] = (*CONNECTIONS, *VARIABLES, *POOLS)


TARGET = Context(writes=ALL_KINDS)
"""What a call is for where objects of all kinds are going to be written."""


def expected(store: Store, obj: AirflowObject) -> AirflowObject:
    """What a place has to hold of `obj`, by its own word and by what every Airflow makes of it.

    An Airflow that hides also shows in another form than it holds, and holds all to the character.
    """
    can = store.capabilities
    return as_held(obj if can.hides and can.is_airflow else store.stored_form(obj, TARGET))


class Truth(Protocol):
    """Looks into a place without the store."""

    def get(self, kind: Kind, id_: str) -> AirflowObject | None:
        """The object that is there, with all its secrets, texts as they are stored."""

    def clear(self) -> None:
        """Removes all objects but `default_pool`."""

    def put_variables(self, values: dict[str, str]) -> None:
        """Puts variables there, faster than the store would."""


def step(action: Action, source: AirflowObject | None, target: AirflowObject | None = None, *names: str) -> Step:
    """A step as a plan makes it; an update writes the fields `names`."""
    obj = source or target
    assert obj is not None
    changes = tuple(FieldChange(name, FieldAction.CHANGED) for name in names)
    return Step(obj.kind, obj.id, action, source, target, changes)


def do(store: Store, *steps: Step, before: Reading | None = None) -> list[str | None]:
    """The errors of these steps. Without `before`, the store has to ask the place itself for what a write needs."""
    return [outcome.error for outcome in store.apply(steps, replace(TARGET, before=before))]


def create(store: Store, *objects: AirflowObject) -> None:
    assert do(store, *(step(Action.CREATE, obj) for obj in objects)) == [None] * len(objects)


def update(store: Store, source: AirflowObject, *names: str) -> list[str | None]:
    """The errors of an update of these fields, by what is read right before it.

    One that the store refuses is carried out as a replacement, as a plan does it.
    """
    found = look(store, source)
    wanted = step(Action.UPDATE, source, found.bundle.get(source.kind, source.id), *names)
    if store.refusal(wanted, replace(TARGET, before=found)):
        wanted = replace(wanted, action=Action.REPLACE, source=wanted.result())
    return do(store, wanted, before=found)


def look(store: Store, *objects: AirflowObject) -> Reading:
    """What the place holds under the ids of these objects, as the target of a write."""
    return store.read(Selection(ids=frozenset((obj.kind, obj.id) for obj in objects)), TARGET)


def read_one(store: Store, obj: AirflowObject) -> AirflowObject | None:
    return look(store, obj).bundle.get(obj.kind, obj.id)


def suggested(store: Store, kinds: frozenset[Kind]) -> frozenset[Key]:
    """The ids of these kinds that are quickly told: of a place that lists none, those of what is read."""
    if isinstance(store, SuggestsIds):
        return store.quick_ids(kinds, DEFAULT_CONTEXT)
    if isinstance(store, ListsIds):
        return store.ids(kinds, DEFAULT_CONTEXT)
    return frozenset((obj.kind, obj.id) for obj in store.read(Selection(kinds=kinds)).bundle)


def planned(objects: Sequence[AirflowObject], found: Reading, store: Store) -> Plan:
    """The plan that makes a place hold `objects`, of which it holds what was found."""
    wanted = frozenset((obj.kind, obj.id) for obj in objects)
    context = replace(TARGET, before=found, wanted=wanted)
    return make_plan(Bundle.of(objects), found.bundle, rules_of(store, context))


def rules_of(store: Store, context: Context) -> TargetRules:
    """A store with what its answers are for, as a plan wants it."""
    return target_rules(store, context, store.describe(context))


def as_held(obj: AirflowObject) -> AirflowObject:
    """`obj` with what every Airflow makes of it: '' is no password, and a pool counts deferred tasks or not."""
    if isinstance(obj, Connection):
        return replace(obj, password=obj.password or None)
    if isinstance(obj, Pool):
        return replace(obj, include_deferred=bool(obj.include_deferred))
    return obj


def loosely(obj: AirflowObject | None) -> Any:
    """`obj` with its extra as JSON: some places write the text anew when they change it."""
    if isinstance(obj, Connection) and isinstance(obj.extra, Text):
        return replace(obj, extra=None), json.loads(obj.extra.text)
    return obj, None


class AnyContract:
    """What every store has to do. Fixtures to bring: `store`, `unreachable`, and `filled`."""

    @pytest.fixture
    def store(self) -> Store:
        """A store that is let in, and knows which version it talks to."""
        raise NotImplementedError

    @pytest.fixture
    def filled(self) -> Bundle:
        """What the place holds. It may have Airflow's own pool besides."""
        raise NotImplementedError

    @pytest.fixture
    def unreachable(self) -> Callable[[], Store]:
        """A store of a place where no one answers."""
        raise NotImplementedError

    def test_nothing_of_it_is_set_from_outside(self, store: Store, filled: Bundle) -> None:
        store.read(Selection())
        assert [name for name in vars(store) if not name.startswith("_")] == []
        with pytest.raises(AttributeError):
            store.address = "elsewhere"  # type: ignore[misc]

    def test_no_answer_depends_on_an_earlier_call(self, store: Store, filled: Bundle) -> None:
        first = store.read(Selection())
        said = answers(store, filled, first)
        kinds = sorted({obj.kind for obj in filled}, key=list(Kind).index)
        one = next(iter(filled))
        others = (
            Selection(ids=frozenset({(one.kind, one.id), (one.kind, "absent")})),
            *(Selection(kinds=frozenset({kind})) for kind in kinds),
            Selection(include=("no such id",)),
        )
        readings = [store.read(selection) for selection in others]
        assert answers(store, filled, first) == said
        assert store.read(Selection()) == first
        assert [store.read(selection) for selection in others] == readings

    def test_the_ids_of_few_are_at_hand(self, store: Store, filled: Bundle) -> None:
        for kinds in (*(frozenset({kind}) for kind in Kind), ALL_KINDS):
            found = {(kind, id_) for kind, id_ in suggested(store, kinds) if id_ != "default_pool"}
            assert found == {(obj.kind, obj.id) for obj in filled if obj.kind in kinds}

    def test_it_says_what_it_is(self, store: Store, filled: Bundle) -> None:
        described = store.describe()
        assert described.text
        assert SECRET.strip() not in described.text
        assert described == store.describe()
        assert store.describe(TARGET).kinds <= described.kinds <= store.capabilities.kinds
        assert store.read(Selection(), TARGET).kinds == store.describe(TARGET).kinds


class ReadContract(AnyContract):
    """What a place that is only read has to do. Fixtures to bring: `store`, which holds `held`, and `unreachable`."""

    @pytest.fixture
    def held(self) -> Bundle:
        """What the place holds, put there by other means, as the store has to give it."""
        raise NotImplementedError

    @pytest.fixture
    def filled(self, held: Bundle) -> Bundle:
        return held

    def test_all_is_read_to_the_character(self, store: Store, held: Bundle) -> None:
        assert {(obj.kind, obj.id): obj for obj in store.read(Selection()).bundle} == {
            (obj.kind, obj.id): obj for obj in held
        }

    def test_what_is_selected_is_read_and_nothing_else(self, store: Store, held: Bundle) -> None:
        for obj in held:
            one = store.read(Selection(ids=frozenset({(obj.kind, obj.id), (obj.kind, "absent")})))
            assert list(one.bundle) == [obj]
        for kind in Kind:
            only = store.read(Selection(kinds=frozenset({kind})))
            assert list(only.bundle) == list(held.of_kind(kind).values())
        assert list(store.read(Selection(ids=frozenset())).bundle) == []

    def test_every_object_has_an_origin_of_its_own(self, store: Store, held: Bundle) -> None:
        origins = [str(obj.origin) for obj in store.read(Selection()).bundle]
        assert len(set(origins)) == len(origins) == len(held)

    def test_it_is_not_written_to_and_says_so(self, store: Store, held: Bundle) -> None:
        assert not store.capabilities.writable
        with pytest.raises(UsageError, match="can't be written to"):
            list(store.apply([]))

    def test_a_place_that_is_not_there(self, unreachable: Callable[[], Store]) -> None:
        store = unreachable()
        with pytest.raises(TargetError) as caught:
            store.read(Selection())
        assert caught.value.hint
        assert SECRET.strip() not in f"{caught.value} {caught.value.hint}"
        store.close()


def answers(store: Store, objects: Bundle, found: Reading) -> list[object]:
    """All that a store says of objects without being sent to its place, with and without a reading of it."""
    said: list[object] = [store.address, store.capabilities, *map(store.location, sorted(found.kinds))]
    for context in (TARGET, replace(TARGET, before=found)):
        for obj in objects:
            said += [store.stored_form(obj, context), tuple(store.problems(obj, context))]
            for action in (Action.CREATE, Action.UPDATE, Action.REPLACE, Action.DELETE):
                source = None if action is Action.DELETE else decoy(obj)
                target = None if action is Action.CREATE else obj
                said.append(store.refusal(step(action, source, target, *value_fields(obj.kind)), context))
    return said


class StoreContract(AnyContract):
    """What a place that is written to has to do.

    Fixtures to bring: `store`, `truth` of the same place, and makers of a store that can't be used.
    """

    full: ClassVar[Connection] = FULL
    """A connection with everything, under an id that the place has a name for."""
    many: ClassVar[int] = 301
    """How many objects it has to list."""
    impossible: ClassVar[int] = 2
    """How many of `OBJECTS` of its kinds the place may say that it can't hold."""

    @pytest.fixture
    def truth(self) -> Truth:
        raise NotImplementedError

    @pytest.fixture
    def locked_out(self) -> Callable[[], Store]:
        """A store with a wrong password, which is `SECRET`."""
        raise NotImplementedError

    @pytest.fixture
    def objects(self, store: Store) -> list[AirflowObject]:
        """All that the place can hold of `OBJECTS`."""
        ours = [obj for obj in (self.full, *OBJECTS[1:]) if obj.kind in store.capabilities.kinds]
        possible = [obj for obj in ours if not store.problems(obj, TARGET)]
        assert len(possible) >= len(ours) - self.impossible
        return possible

    @pytest.fixture
    def filled(self, store: Store, objects: list[AirflowObject]) -> Bundle:
        create(store, *objects)
        return Bundle.of(objects)

    def test_what_is_created_is_held_to_the_character(
        self, store: Store, truth: Truth, objects: list[AirflowObject]
    ) -> None:
        create(store, *objects)
        for obj in objects:
            assert truth.get(obj.kind, obj.id) == expected(store, obj)

    def test_losses_are_told_before_the_write_as_they_are_after_it(self, store: Store) -> None:
        fields = {"description": "of é", "extra": Text('{"b": 1, "a": 2}')}
        objects = [
            Connection(conn_id="lossy", conn_type="a_b", host="H", team_name=None, **fields),  # type: ignore[arg-type]
            Variable(key="lossy", value=Text("x"), description="of é"),
        ]
        steps = [step(Action.CREATE, obj) for obj in objects if not store.problems(obj)]
        steps = [one for one in steps if one.kind in store.capabilities.kinds]
        told = list(store.losses(steps, TARGET)) if isinstance(store, TellsLosses) else []
        assert told == [note for outcome in store.apply(steps, TARGET) for note in outcome.notes]

    def test_a_second_import_finds_everything_unchanged_but_what_is_hidden(
        self, store: Store, objects: list[AirflowObject]
    ) -> None:
        create(store, *objects)
        for selection in (Selection(), Selection(ids=frozenset((obj.kind, obj.id) for obj in objects))):
            plan = planned(objects, store.read(selection, TARGET), store)
            assert visible_changes(plan) == []
            if not store.capabilities.hides:
                assert plan.writes == ()

    def test_a_hidden_value_is_redacted_and_nothing_else_is(self, store: Store) -> None:
        variables = [obj for obj in VARIABLES[:4] if not store.problems(obj, TARGET)]
        create(store, self.full, *variables)
        held = read_one(store, self.full)
        assert isinstance(held, Connection)
        if store.capabilities.hides:
            assert held.password is REDACTED
            assert isinstance(held.extra, Text)
            assert held.extra.hidden == (("api_key",),)
            assert replace(held, password=SECRET, extra=None) == replace(self.full, extra=None)
            assert read_one(store, VARIABLES[0]) == VARIABLES[0]
        else:
            assert held == expected(store, self.full)
            for variable in variables:
                assert read_one(store, variable) == expected(store, variable)

    def test_what_is_read_has_its_origin(self, store: Store, objects: list[AirflowObject]) -> None:
        create(store, *objects)
        origins = [str(obj.origin) for obj in store.read(Selection()).bundle]
        assert origins
        assert all(origin.startswith(store.address) for origin in origins)

    def test_an_update_writes_the_fields_that_it_names_and_no_others(self, store: Store, truth: Truth) -> None:
        full = self.full
        pool = Pool(name="p", slots=5, description="d", include_deferred=True)
        variable = Variable(key="v", value=Text("1.50"), description="d")
        create(store, *(obj for obj in (full, variable, pool) if obj.kind in store.capabilities.kinds))
        new: list[tuple[AirflowObject, AirflowObject, str]] = [
            (full, replace(full, host="h2"), "host"),
            (full, replace(full, password="new"), "password"),
            (full, replace(full, port=1), "port"),
            (full, replace(full, conn_type="t"), "conn_type"),
            (full, replace(full, schema="s2"), "schema"),
            (full, replace(full, extra=Text('{"other": [2.0]}')), "extra"),
            (variable, replace(variable, value=Text(" 2.50")), "value"),
            (variable, replace(variable, description="d2"), "description"),
            (pool, replace(pool, slots=7), "slots"),
            (pool, replace(pool, description="d2"), "description"),
            (pool, replace(pool, include_deferred=False), "include_deferred"),
        ]
        for before, after, name in new:
            if before.kind not in store.capabilities.kinds:
                continue
            truth.clear()
            create(store, before)
            # Each other field differs in the source, so that one that is written without being named shows.
            source = replace(decoy(before), **{name: getattr(after, name)})
            assert update(store, source, name) == [None]
            assert loosely(truth.get(before.kind, before.id)) == loosely(expected(store, after)), name

    def test_an_update_clears_fields(self, store: Store, truth: Truth) -> None:
        for before, names in (
            (self.full, ("description", "host", "schema", "login", "port", "extra")),
            (VARIABLES[0], ("description",)),
            (POOLS[1], ("description",)),
        ):
            if before.kind not in store.capabilities.kinds:
                continue
            truth.clear()
            create(store, before)
            after = replace(before, **dict.fromkeys(names))  # type: ignore[arg-type]
            assert update(store, after, *names) == [None]
            assert truth.get(before.kind, before.id) == expected(store, after)

    def test_an_update_tells_empty_from_nothing(self, store: Store, truth: Truth) -> None:
        before = Connection(conn_id="c", conn_type="t")
        create(store, before)
        after = replace(before, conn_type="", host="", schema="", login="", description="")
        names = ("conn_type", "host", "schema", "login", "description")
        assert update(store, after, *names) == [None]
        assert truth.get(before.kind, before.id) == expected(store, after)

    def test_an_update_of_a_password_to_nothing_is_done_or_refused(self, store: Store, truth: Truth) -> None:
        create(store, self.full)
        for nothing in (None, ""):
            after = replace(self.full, password=nothing)
            found = look(store, self.full)
            wanted = step(Action.UPDATE, after, found.bundle.get(after.kind, after.id), "password")
            (error,) = do(store, wanted, before=found)
            if store.refusal(wanted, replace(TARGET, before=found)):
                assert error is not None
                assert "password" in error
                assert truth.get(self.full.kind, self.full.id) == expected(store, self.full)
            else:
                assert error is None
                assert truth.get(self.full.kind, self.full.id) == expected(store, replace(after, password=None))

    def test_replacing_leaves_nothing_of_the_old(self, store: Store, truth: Truth) -> None:
        pairs: list[tuple[AirflowObject, AirflowObject]] = [
            (self.full, Connection(conn_id=self.full.conn_id, conn_type="new")),
            (VARIABLES[0], Variable(key=VARIABLES[0].key, value=Text("new"))),
            (POOLS[1], Pool(name=POOLS[1].name, slots=1)),
        ]
        pairs = [(before, after) for before, after in pairs if before.kind in store.capabilities.kinds]
        create(store, *(before for before, _ in pairs))
        assert do(store, *(step(Action.REPLACE, after, before) for before, after in pairs)) == [None] * len(pairs)
        for _, after in pairs:
            assert truth.get(after.kind, after.id) == expected(store, after)

    def test_deleting(self, store: Store, truth: Truth, objects: list[AirflowObject]) -> None:
        create(store, *objects)
        found = store.read(Selection(), TARGET)
        steps = (step(Action.DELETE, None, found.bundle.get(obj.kind, obj.id)) for obj in objects)
        assert set(do(store, *steps, before=found)) == {None}
        assert [obj for obj in store.read(Selection()).bundle if obj.id != "default_pool"] == []
        assert [truth.get(obj.kind, obj.id) for obj in objects] == [None] * len(objects)

    def test_deleting_what_is_gone_is_done(self, store: Store, truth: Truth) -> None:
        gone = [obj for obj in (CONNECTIONS[1], VARIABLES[0], POOLS[0]) if obj.kind in store.capabilities.kinds]
        assert do(store, *(step(Action.DELETE, None, obj) for obj in gone)) == [None] * len(gone)

    def test_what_was_deleted_can_be_created_again(self, store: Store, truth: Truth) -> None:
        for _ in range(2):
            create(store, self.full, VARIABLES[0])
            assert truth.get(self.full.kind, self.full.id) == expected(store, self.full)
            assert do(store, *(step(Action.DELETE, None, obj) for obj in (self.full, VARIABLES[0]))) == [None] * 2

    def test_creating_what_exists_is_an_error_and_changes_nothing(self, store: Store, truth: Truth) -> None:
        objects = [obj for obj in (self.full, VARIABLES[0], POOLS[1]) if obj.kind in store.capabilities.kinds]
        create(store, *objects)
        errors = do(store, *(step(Action.CREATE, decoy(obj)) for obj in objects))
        assert all(errors)
        for obj in objects:
            assert truth.get(obj.kind, obj.id) == expected(store, obj)

    def test_a_failed_step_does_not_stop_the_others(self, store: Store, truth: Truth) -> None:
        create(store, VARIABLES[0])
        steps = [step(Action.CREATE, decoy(VARIABLES[0])), step(Action.CREATE, VARIABLES[2])]
        outcomes = list(store.apply(steps, TARGET))
        assert [bool(outcome.error) for outcome in outcomes] == [True, False]
        assert [outcome.step.id for outcome in outcomes] == [VARIABLES[0].id, VARIABLES[2].id]
        assert truth.get(Kind.VARIABLES, VARIABLES[2].id) == expected(store, VARIABLES[2])

    def test_steps_that_write_nothing_have_no_outcome(self, store: Store) -> None:
        idle = (Action.UNCHANGED, Action.SKIPPED, Action.BLOCKED)
        assert list(store.apply([step(action, self.full) for action in idle], TARGET)) == []

    def test_a_hidden_value_is_never_written(self, store: Store, truth: Truth) -> None:
        full = self.full
        create(store, full, VARIABLES[2], VARIABLES[3])
        leaf = Text('{"api_key": "***"}', (("api_key",),))
        sources: list[tuple[AirflowObject, str]] = [
            (replace(full, password=REDACTED), "password"),
            (replace(full, password="***"), "password"),
            (replace(full, extra=leaf), "extra"),
            (replace(full, extra=Text(leaf.text)), "extra"),
            (replace(full, extra=REDACTED), "extra"),
            (replace(full, host=REDACTED), "host"),
            (replace(VARIABLES[2], value=REDACTED), "value"),
            (replace(VARIABLES[2], value=Text("***")), "value"),
            (replace(VARIABLES[3], value=leaf), "value"),
        ]
        for source, name in sources:
            found = look(store, source)
            held = found.bundle.get(source.kind, source.id)
            for wanted in (
                step(Action.UPDATE, source, held, name),
                step(Action.REPLACE, source, held),
            ):
                (error,) = do(store, wanted, before=found)
                assert error is not None
                assert name in error
            fresh = rename(source)
            (error,) = do(store, step(Action.CREATE, fresh))
            assert error is not None
            assert truth.get(fresh.kind, fresh.id) is None
        for obj in (full, VARIABLES[2], VARIABLES[3]):
            assert truth.get(obj.kind, obj.id) == expected(store, obj)

    def test_a_field_can_change_while_a_hidden_one_stays(self, store: Store, truth: Truth) -> None:
        full = self.full
        secret = replace(VARIABLES[2], description="before")
        create(store, full, secret)
        changed = (
            (replace(full, password=REDACTED, extra=REDACTED, host="h2"), "host", replace(full, host="h2")),
            (replace(secret, value=REDACTED, description="now"), "description", replace(secret, description="now")),
        )
        for source, name, after in changed:
            assert update(store, source, name) == [None]
            assert truth.get(after.kind, after.id) == expected(store, after)

    def test_only_what_is_selected_is_read(self, store: Store) -> None:
        pools = POOLS[:1] if Kind.POOLS in store.capabilities.kinds else ()
        connections = [obj for obj in CONNECTIONS[1:3] if not store.problems(obj, TARGET)]
        create(store, self.full, *connections, VARIABLES[0], *VARIABLES[2:4], *pools)

        def ids(selection: Selection) -> set[str]:
            return {f"{obj.kind.value}/{obj.id}" for obj in store.read(selection).bundle} - {"pools/default_pool"}

        assert ids(Selection(kinds=frozenset({Kind.POOLS}))) == ({"pools/plain"} if pools else set())
        assert ids(Selection(include=("b*",))) == {"connections/bare"}
        assert ids(Selection(include=("variables/*",), exclude=("*_key",))) == {"variables/plain", "variables/json"}
        named = frozenset({(Kind.CONNECTIONS, "bare"), (Kind.VARIABLES, "absent"), (Kind.CONNECTIONS, "absent")})
        assert ids(Selection(ids=named)) == {"connections/bare"}
        assert ids(Selection(ids=frozenset())) == set()

    def test_the_default_pool_is_changed_and_never_deleted(self, store: Store, truth: Truth) -> None:
        if Kind.POOLS not in store.capabilities.kinds:
            assert store.problems(POOLS[0], TARGET)
            assert all(do(store, step(Action.CREATE, POOLS[0])))
            return
        held = store.read(Selection(kinds=frozenset({Kind.POOLS}))).bundle.pools["default_pool"]
        new = replace(held, slots=held.slots - 1, include_deferred=not held.include_deferred, description="no")
        try:
            assert do(store, step(Action.UPDATE, new, held, "slots")) == [None]
            assert do(store, step(Action.UPDATE, new, held, "slots", "include_deferred")) == [None]
            assert truth.get(Kind.POOLS, "default_pool") == replace(new, description=held.description)
            for action in (Action.DELETE, Action.REPLACE):
                (error,) = do(store, step(action, new, held))
                assert error is not None
            assert truth.get(Kind.POOLS, "default_pool") == replace(new, description=held.description)
        finally:
            assert do(store, step(Action.UPDATE, held, new, "slots", "include_deferred")) == [None]

    def test_more_objects_than_fit_on_a_page(self, store: Store, truth: Truth) -> None:
        values = {f"v{number}": str(number) for number in range(self.many)}
        truth.put_variables(values)
        found = store.read(Selection(kinds=frozenset({Kind.VARIABLES}))).bundle.variables
        assert {key: obj.value for key, obj in found.items()} == {key: Text(text) for key, text in values.items()}

    def test_a_stop_lets_what_has_begun_be_finished_and_tells_of_all_that_was_written(
        self, store: Store, truth: Truth
    ) -> None:
        objects = Bundle.of(Variable(key=f"v{number:02}", value=Text(f"value {number}")) for number in range(60))
        begun: list[Step] = []
        outcomes: list[Outcome] = []

        def due() -> Iterator[Step]:
            for obj in objects:
                if len(outcomes) >= 3:
                    return
                begun.append(step(Action.CREATE, obj))
                yield begun[-1]

        for outcome in store.apply(due(), replace(TARGET, before=Reading())):
            outcomes.append(outcome)
        assert [outcome.step for outcome in outcomes] == begun
        assert [outcome.error for outcome in outcomes] == [None] * len(begun)
        written = [obj.id for obj in objects if truth.get(Kind.VARIABLES, obj.id) is not None]
        assert written == [outcome.step.id for outcome in outcomes]
        assert store.capabilities.at_once or 3 <= len(written) < 60
        create(store, *(obj for obj in objects if obj.id not in written))

    def test_an_undo_gives_back_what_was_there_and_is_undone_itself(
        self, store: Store, truth: Truth, tmp_path: Path
    ) -> None:
        kinds = store.capabilities.kinds
        before = [obj for obj in (self.full, VARIABLES[0], VARIABLES[4], POOLS[0]) if obj.kind in kinds]
        create(store, *before)
        after: list[AirflowObject] = [replace(self.full, host="h2", password=self.full.password, description="new")]
        after += [
            Connection(conn_id="fresh", conn_type="http", host="h"),
            replace(VARIABLES[4], value=Text("{{ new }}")),
        ]
        after = [obj for obj in after if obj.kind in kinds and not store.problems(obj, TARGET)]
        gone = [obj for obj in (VARIABLES[0], POOLS[0]) if obj.kind in kinds]
        keys = [(obj.kind, obj.id) for obj in (*before, *after)]
        first = [truth.get(*key) for key in keys]
        found = look(store, *before, *after)
        held = {(obj.kind, obj.id): obj for obj in found.bundle}
        deletions = [step(Action.DELETE, None, held[obj.kind, obj.id]) for obj in gone]
        plan = Plan((*planned(after, found, store).steps, *deletions))
        context = replace(TARGET, before=found, wanted=frozenset(keys))
        run = self._written(store, Import(store.describe(TARGET), plan, context), tmp_path, "import")
        second = [truth.get(*key) for key in keys]
        assert first != second
        back = [self._given_back(store, obj, held.get(key), plan) for key, obj in zip(keys, first, strict=True)]
        undone = self._undone(store, run, tmp_path)
        assert list(map(loosely, map(truth.get, *zip(*keys, strict=True)))) == list(map(loosely, back))
        self._undone(store, undone, tmp_path)
        assert list(map(loosely, map(truth.get, *zip(*keys, strict=True)))) == list(map(loosely, second))
        assert self._undone(store, run, tmp_path) != ""
        assert self._undone(store, run, tmp_path) == "", "it is as it was before the run"

    @staticmethod
    def _given_back(
        store: Store, obj: AirflowObject | None, shown: AirflowObject | None, plan: Plan
    ) -> AirflowObject | None:
        """An object as an undo of the plan gives it back.

        Of a variable that the plan writes, a place that shows values in another form than it holds them, as Airflow 3
        shows 1.50 as 1.5, gets back the form that it showed.
        """
        if not isinstance(obj, Variable) or (obj.kind, obj.id) not in {(one.kind, one.id) for one in plan.writes}:
            return obj
        assert isinstance(shown, Variable)
        assert shown.value == store.stored_form(obj, TARGET).value
        return replace(obj, value=shown.value)

    def _undone(self, store: Store, run: str, directory: Path) -> str:
        """Undoes a run, and gives the name of the undo. Empty if there is nothing to undo."""
        undo = prepare_undo(Backups(directory).find(run), UndoRequest(), store, (), DEFAULT_CONTEXT)
        assert (undo.changed, undo.missing, undo.prepared.plan.blocked) == ((), (), ())
        return self._written(undo.target, undo.prepared, directory, "undo") if undo.prepared.plan.writes else ""

    @staticmethod
    def _written(store: Store, prepared: Import, directory: Path, command: str) -> str:
        """Carries out a plan with a backup, and gives the name of the run."""
        backup = begin_backup(prepared, store, directory, command, lasting=(store.address, ""))
        assert backup is not None
        for outcome in store.apply(prepared.plan.writes, prepared.context):
            assert outcome.error is None, outcome
            backup.record(outcome)
        assert backup.end()
        return backup.run

    def test_a_write_that_another_one_preceded_is_refused(self, store: Store, truth: Truth) -> None:
        if not store.capabilities.conditional:
            return
        create(store, self.full, VARIABLES[0])
        for obj, name in ((self.full, "host"), (VARIABLES[0], "value")):
            found = look(store, obj)
            held = found.bundle.get(obj.kind, obj.id)
            first, second = (replace(obj, **{name: to_text(name, text)}) for text in ("first", "second"))
            assert do(store, step(Action.UPDATE, first, held, name), before=found) == [None]
            for late in (step(Action.UPDATE, second, held, name), step(Action.REPLACE, second, held)):
                assert all(do(store, late, before=found))
            assert all(do(store, step(Action.DELETE, None, held), before=found))
            assert truth.get(obj.kind, obj.id) == expected(store, first)

    def test_an_update_that_comes_without_a_reading_is_done(self, store: Store, truth: Truth) -> None:
        create(store, self.full)
        after = replace(self.full, host="h2")
        assert do(store, step(Action.UPDATE, after, read_one(store, self.full), "host")) == [None]
        assert loosely(truth.get(after.kind, after.id)) == loosely(expected(store, after))

    def test_a_place_where_nobody_is(self, unreachable: Callable[[], Store]) -> None:
        for call in (
            lambda store: store.read(Selection()),
            lambda store: do(store, step(Action.CREATE, self.full)),
        ):
            store = unreachable()
            with pytest.raises(TargetError) as caught:
                call(store)
            assert caught.value.hint
            assert SECRET.strip() not in f"{caught.value} {caught.value.hint}"
            store.close()

    def test_a_wrong_password(self, locked_out: Callable[[], Store], truth: Truth) -> None:
        store = locked_out()
        for call in (lambda: store.read(Selection()), lambda: do(store, step(Action.CREATE, VARIABLES[0]))):
            with pytest.raises(TargetError, match="refuses") as caught:
                call()
            assert SECRET.strip() not in f"{caught.value} {caught.value.hint}"
        store.close()
        assert truth.get(Kind.VARIABLES, VARIABLES[0].id) is None


def visible_changes(plan: Plan) -> list[tuple[str, str, str]]:
    """What a plan would change although nothing about it is hidden."""
    return [
        (entry.id, change.name, change.how.value)
        for entry in plan.steps
        for change in entry.changes
        if change.how not in (FieldAction.WRITTEN_AGAIN, FieldAction.KEPT)
    ] + [(entry.id, entry.action.value, reason) for entry in plan.steps for reason in entry.reasons]


def decoy(obj: AirflowObject) -> AirflowObject:
    """An object of the same id in which everything else differs."""
    if isinstance(obj, Connection):
        return Connection(
            conn_id=obj.conn_id, conn_type="decoy", description="decoy", host="decoy", schema="decoy", login="decoy",
            password="decoy", port=9, extra=Text('{"decoy": 1}'),
        )  # fmt: skip
    if isinstance(obj, Variable):
        return Variable(key=obj.key, value=Text("decoy"), description="decoy")
    return Pool(name=obj.name, slots=99, description="decoy", include_deferred=not obj.include_deferred)


def to_text(name: str, text: str) -> Any:
    return Text(text) if name == "value" else text


def rename(obj: AirflowObject) -> AirflowObject:
    if isinstance(obj, Connection):
        return replace(obj, conn_id="fresh")
    return replace(obj, key="fresh") if isinstance(obj, Variable) else replace(obj, name="fresh")


__all__ = ["FULL", "OBJECTS", "SECRET", "Outcome", "ReadContract", "StoreContract", "Truth"]
