"""Write, then read: the same bundle comes back, or exactly what was reported as lost is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airconn.errors import InputError
from airconn.formats import get_format
from airconn.formats.base import ReadOptions
from airconn.formats.dotenv import marks
from airconn.formats.dotenv.declaration import CONNECTION_FORMAT
from airconn.model import ALL_KINDS, REDACTED, AirflowObject, Bundle, Connection, Kind, Pool, Text, Variable
from tests.formats import strategies as some
from tests.formats.options import writing

SHAPES: list[tuple[str, dict[str, Any]]] = [
    ("env", {"connection_format": "json"}),
    ("env", {"connection_format": "uri"}),
    *(("env", {"connection_format": form, "env_dialect": name}) for name in marks.NAMES for form in ("json", "uri")),
    ("uri", {}),
    *((name, {"kinds": frozenset([kind])}) for name in ("json", "yaml") for kind in Kind),
    ("json", {}),
    ("yaml", {}),
    ("settings", {}),
    *(
        ("k8s", {"connection_format": form, "k8s_layout": name})
        for name in ("backend", "env")
        for form in ("json", "uri")
    ),
]
OF_KIND = {Kind.CONNECTIONS: some.connections, Kind.VARIABLES: some.variables, Kind.POOLS: some.pools}


def name_of(shape: Any) -> str:
    return "-".join(
        [shape[0], *(v if isinstance(v, str) else "".join(k.value for k in v) for v in shape[1].values())]
    )


def readable(name: str, bundle: Bundle) -> Bundle:
    """The bundle but for differences that the format makes on purpose."""
    if name != "settings":
        return bundle

    # That deferred tasks don't count is what the settings file means when it says nothing.
    def unsaid(obj: AirflowObject) -> AirflowObject:
        return replace(obj, include_deferred=None) if isinstance(obj, Pool) and not obj.include_deferred else obj

    return bundle.map(unsaid)


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
@given(data=st.data(), airflow=st.sampled_from(some.VERSIONS))
def test_what_is_written_is_read_again_or_reported_as_lost(shape: Any, data: st.DataObject, airflow: Any) -> None:
    name, how = shape
    kinds: frozenset[Kind] = how.get("kinds", ALL_KINDS)
    bundle = data.draw(some.bundles(*(OF_KIND[kind] for kind in Kind if kind in kinds)))
    module = get_format(name)
    try:
        rendered = module.render(bundle, writing(airflow=airflow, **how))
    except InputError:
        assume("env" in (name, how.get("k8s_layout")))  # two ids fall on the same name
        names = [obj.id.upper() for obj in bundle.connections.values()]
        others = [obj.id.upper() for obj in bundle.variables.values()]
        assert len(set(names)) < len(names) or len(set(others)) < len(others)
        return
    kind = next(iter(kinds)) if len(kinds) == 1 else None
    again = module.parse(rendered.text, "source", ReadOptions(airflow=airflow, kind=kind)).bundle
    assert some.differences(readable(name, bundle), again) == some.reported(rendered.losses)
    assert all(loss.message for loss in rendered.losses)


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
@given(obj=st.one_of(*OF_KIND.values()), airflow=st.sampled_from(some.VERSIONS))
def test_what_a_format_says_of_an_object_is_what_is_read_again(shape: Any, obj: AirflowObject, airflow: Any) -> None:
    name, how = shape
    options, module = writing(airflow=airflow, **how), get_format(name)
    if obj.kind not in module.kinds & options.kinds:
        assert module.load_writer().stored(obj, options) is None
        return
    reading = ReadOptions(airflow=airflow, kind=obj.kind if len(options.kinds) == 1 else None)
    text = module.render(Bundle.of([obj]), options).text
    again = module.parse(text, "source", reading).bundle.get(obj.kind, obj.id)
    if again is None:
        return
    assert module.load_writer().stored(obj, options) == again
    if updater := module.load_updater():  # as it stands there, which may be another form than that of new ones
        plain = options.with_value(CONNECTION_FORMAT, "json")
        updated = updater.update(text, {(obj.kind, obj.id): obj}, plain, lambda held, wanted: held == wanted)
        again = module.parse(updated.text, "source", reading).bundle.get(obj.kind, obj.id)
        assert updater.stored_in(text, plain)(obj) == again


@given(some.everything)
def test_the_same_objects_are_the_same_bytes_whatever_order_they_came_in(bundle: Bundle) -> None:
    again = Bundle.of(reversed(list(bundle)))
    for name, how in SHAPES:
        options = writing(**how)
        try:
            first = get_format(name).render(bundle, options)
        except InputError:
            continue
        assert get_format(name).render(again, options) == first


@pytest.mark.parametrize("shape", SHAPES, ids=name_of)
@pytest.mark.parametrize(
    "obj",
    [
        Connection(conn_id="a\ud800", conn_type="http"),
        Connection(conn_id="a", conn_type="http", password="\udfff"),
        Connection(conn_id="a", conn_type="http\ud800"),
        Connection(conn_id="a", conn_type="http", extra=Text('{"\ud800": 1}')),
        Variable(key="a", value=Text("\ud800")),
        Variable(key="a", value=REDACTED, description="\ud800"),
        Pool(name="\ud800", slots=1),
    ],
    ids=lambda obj: f"{obj.kind.singular}-{obj.id!a}",
)
def test_half_a_character_is_refused(shape: Any, obj: AirflowObject) -> None:
    with pytest.raises(InputError, match="half a character"):
        get_format(shape[0]).render(Bundle.of([obj]), writing(**shape[1]))
