"""More than two bundles compared: which have an object, and which agree in a field."""

from __future__ import annotations

import random
from itertools import combinations
from typing import Any

import pytest

from airconn.diff import Status, compare
from airconn.diff_many import DiffOfMany, ManyStatus, Side, compare_many
from airconn.model import ALL_KINDS, OWN_POOL, REDACTED, Bundle, Connection, Kind, Pool, Selection, Text, Variable


def side(*objects: Any, kinds: frozenset[Kind] = ALL_KINDS, limit: Selection | None = None) -> Side:
    return Side(Bundle.of(objects), lambda obj: obj, "as it is", kinds, limit or Selection())


def db(**fields: Any) -> Connection:
    return Connection(conn_id="db", conn_type="postgres", **fields)


def one(diff: DiffOfMany) -> Any:
    (obj,) = diff.objects
    return obj


def test_places_that_agree_are_a_group_and_the_largest_comes_first() -> None:
    obj = one(compare_many([side(db(host=host)) for host in ("a", "b", "b", "c", "b")]))
    assert obj.status is ManyStatus.DIFFERENT
    assert [(field.name, field.groups) for field in obj.fields] == [("host", ((1, 2, 4), (0,), (3,)))]
    assert obj.deviating == {0, 3}


def test_without_a_largest_group_each_place_differs() -> None:
    obj = one(compare_many([side(db(host=host)) for host in ("a", "a", "b", "b")]))
    assert (obj.fields[0].groups, obj.deviating) == (((0, 1), (2, 3)), {0, 1, 2, 3})


def test_what_is_hidden_is_neither_equal_nor_different() -> None:
    hidden = one(compare_many([side(db(password=REDACTED))] * 3))
    assert (hidden.status, hidden.fields[0].unknown) == (ManyStatus.UNKNOWN, (0, 1, 2))
    between = one(compare_many([side(db(password=word)) for word in ("1", REDACTED, "2")]))
    assert (between.fields[0].groups, between.fields[0].unknown) == (((0,), (2,)), (1,))
    agreeing = one(compare_many([side(db(password=word)) for word in ("1", REDACTED, "1")]))
    assert (agreeing.status, agreeing.fields[0].groups, agreeing.fields[0].unknown) == (
        ManyStatus.UNKNOWN,
        ((0, 2),),
        (1,),
    )
    assert not compare_many([side(db(password=word)) for word in ("1", REDACTED, "1")]).is_different


def test_who_lacks_an_object_is_named_also_where_the_others_differ() -> None:
    obj = one(compare_many([side(db(host="a")), side(), side(db(host="b"))]))
    assert (obj.status, obj.holders, obj.missing) == (ManyStatus.DIFFERENT, (0, 2), (1,))


def test_what_a_place_can_not_hold_or_is_not_limited_to_is_not_missing_there() -> None:
    pool = Pool(name="small", slots=1)
    only = frozenset({Kind.CONNECTIONS})
    assert one(compare_many([side(pool), side(pool), side(kinds=only)])).status is ManyStatus.EQUAL
    assert compare_many([side(pool), side(kinds=only), side(kinds=only)]).objects == ()
    without = side(limit=Selection(exclude=("small",)))
    assert one(compare_many([side(pool), side(pool), without])).status is ManyStatus.EQUAL


def test_the_default_pool_of_each_airflow_is_not_missing_in_a_file() -> None:
    assert one(compare_many([side(OWN_POOL), side(OWN_POOL), side()])).status is ManyStatus.EQUAL
    assert compare_many([side(OWN_POOL), side(), side()]).objects == ()
    changed = Pool(name="default_pool", slots=5, description=OWN_POOL.description)
    assert one(compare_many([side(changed), side(OWN_POOL), side()])).missing == (2,)


def test_variables_differ_as_texts() -> None:
    objects = [side(Variable(key="v", value=Text(text))) for text in ('{"a": 1}', '{"a":1}', '{"a": 2}')]
    obj = one(compare_many(objects))
    assert obj.status is ManyStatus.DIFFERENT
    assert {field.name for field in obj.fields} == {"value", "value.a"}


@pytest.mark.parametrize("seed", range(30))
def test_each_pair_of_places_gets_the_verdict_of_a_comparison_of_the_two(seed: int) -> None:
    """The groups say of any two places what `airconn diff` of these two says."""
    rand = random.Random(seed)
    words = [None, "a", "b", REDACTED]
    sides = []
    for _ in range(rand.randint(3, 7)):
        objects = [
            Connection(
                conn_id=id_,
                conn_type="http",
                host=rand.choice(["a", "b"]),
                password=rand.choice(words),
                extra=rand.choice([None, Text('{"k": 1}'), Text('{"k": 2, "l": 1}')]),
            )
            for id_ in ("x", "y")
            if rand.random() < 0.8
        ]
        sides.append(side(*objects))
    found = {obj.id: obj for obj in compare_many(sides).objects}
    for a, b in combinations(range(len(sides)), 2):
        pair = compare(sides[a].bundle, sides[b].bundle, lambda obj: obj, lambda obj: obj)
        for diff in pair.objects:
            obj = found[diff.id]
            assert (diff.status in (Status.ONLY_IN_A, Status.ONLY_IN_B)) == ((a in obj.missing) != (b in obj.missing))
            if a in obj.missing or b in obj.missing:
                continue
            fields = {field.name: field for field in obj.fields}
            for field in diff.fields:
                known = fields[field.name]
                apart = not any(a in group and b in group for group in known.groups)
                if field.status is Status.DIFFERENT:
                    assert apart
                    assert a not in known.unknown
                    assert b not in known.unknown
                else:
                    assert a in known.unknown or b in known.unknown
            for name in fields.keys() - {field.name for field in diff.fields}:
                assert any(a in group and b in group for group in fields[name].groups)
