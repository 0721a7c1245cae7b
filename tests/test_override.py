"""Overrides: what is named is changed, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airconn.airflow.masked_names import is_sensitive
from airconn.errors import AirconnError, BlockedError, InputError, UsageError
from airconn.model import (
    MASK,
    REDACTED,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Origin,
    Pool,
    Selection,
    Text,
    Variable,
    hidden_fields,
    jsontext,
    value_fields,
)
from airconn.model.sensitive import has_secrets
from airconn.override import Overrides, Surroundings, read_overlay
from tests.formats import strategies as some

HERE = Origin("dev.env", 3)
EXTRA = '{"sslmode": "require", "n": 1.50, "on": true, "list": [1, {"a": "x"}], "o": {}, "token": "***", "a.b": "d"}'


def connection(conn_id: str = "db", **fields: Any) -> Connection:
    known: dict[str, Any] = {"conn_type": "postgres", "host": "dev", "port": 5432, "extra": Text.of(EXTRA)}
    return Connection(conn_id=conn_id, origin=HERE, **{**known, **fields})


BUNDLE = Bundle.of(
    [
        connection(),
        connection("a.b/c", host=None, extra=None),
        connection("hidden", password=REDACTED, extra=REDACTED),
        Variable(key="region", value=Text("eu"), unsaid=frozenset({"description"}), origin=HERE),
        Variable(key="config", value=Text('{\n  "batch": 500,\n  "ratio": 1.50\n}'), origin=HERE),
        Variable(key="api_key", value=Text("k"), origin=HERE),
        Variable(key="db", value=Text("x"), origin=HERE),
        Pool(name="etl", slots=4, origin=HERE),
    ]
)


def around(env: dict[str, str] | None = None, files: dict[str, str] | None = None) -> Surroundings:
    return Surroundings((env or {}).get, lambda path: (files or {})[path], lambda place: f"asked {place}")


def change(
    bundle: Bundle = BUNDLE,
    *,
    overlay: str | None = None,
    env: dict[str, str] | None = None,
    files: dict[str, str] | None = None,
    selection: Selection | None = None,
    source: str = "prod.yaml",
    **options: tuple[str, ...],
) -> Bundle:
    overlays = (read_overlay(overlay, source),) if overlay is not None else ()
    chosen = selection or Selection()
    return Overrides(around(env, files), overlays=overlays, selection=chosen, **options).apply(bundle)  # type: ignore[arg-type]


def db(bundle: Bundle) -> Connection:
    return bundle.connections["db"]


def extra(obj: Connection) -> Any:
    assert isinstance(obj.extra, Text)
    return obj.extra.value()


# --set


def test_nothing_named_changes_nothing() -> None:
    assert change() == BUNDLE


@pytest.mark.parametrize(
    ("text", "field", "value"),
    [
        ("connections/db.host=prod", "host", "prod"),
        ("connections/db.host=", "host", ""),
        ("connections/db.host=a=b", "host", "a=b"),
        ("connections/db.host=text:env:X", "host", "env:X"),
        ("connections/db.host=env:HOST", "host", "from env"),
        ("connections/db.password=file:pw", "password", "s3cret"),
        ("connections/db.login=prompt:", "login", "asked connections/db.login"),
        ("connections/db.port=6432", "port", 6432),
        ("connections/db.conn_type=mysql", "conn_type", "mysql"),
        ("connections/db.password=***", "password", REDACTED),
        ("connections/db.extra={ }", "extra", Text("{ }")),
        ("variables/region.value=[x", "value", Text("[x")),
        ("connections/a.b/c.host=prod", "host", "prod"),
        ("variables/region.value=us", "value", Text("us")),
        ("variables/region.value=1.50", "value", Text("1.50")),
        ("pools/etl.slots=-1", "slots", -1),
        ("pools/etl.include_deferred=True", "include_deferred", True),
    ],
)
def test_a_field_is_set(text: str, field: str, value: object) -> None:
    changed = change(sets=(text,), env={"HOST": "from env"}, files={"pw": "s3cret\r\n"})
    (obj,) = [obj for obj in changed if obj != BUNDLE.get(obj.kind, obj.id)]
    assert getattr(obj, field) == value
    assert replace(obj, **{field: getattr(BUNDLE.get(obj.kind, obj.id), field)}) == BUNDLE.get(obj.kind, obj.id)
    assert obj.origin == HERE


@pytest.mark.parametrize(
    ("path", "value", "leaf"),
    [
        (".sslmode", "x", "x"),
        (".sslmode", "1", "1"),
        (".new", "1", "1"),
        (".new.er", "x", {"er": "x"}),
        (".fresh[0]", "x", ["x"]),
        (".n", "2.0", jsontext.Number("2.0")),
        (".n", "text:2.0", "2.0"),
        (".on", "false", False),
        (".list[0]", "7", [jsontext.Number("7"), {"a": "x"}]),
        (".list[2]", "7", [jsontext.Number("1"), {"a": "x"}, "7"]),
        (".list[1].a", "y", [jsontext.Number("1"), {"a": "y"}]),
        (".list", "[1]", [jsontext.Number("1")]),
        (".o", '{"p": "***"}', {"p": REDACTED}),
        (".token", "env:T", "t"),
        (".a.b", "e", "e"),
        ('["a.b"]', "e", "e"),
        ('["x=y]"]', "e", "e"),
    ],
)
def test_a_leaf_of_extra_is_set_and_the_others_stay(path: str, value: str, leaf: Any) -> None:
    changed = change(sets=(f"connections/db.extra{path}={value}",), env={"T": "t"})
    found, before = extra(db(changed)), extra(db(BUNDLE))
    key = {".new.er": "new", ".a.b": "a.b", '["a.b"]': "a.b", '["x=y]"]': "x=y]"}.get(path)
    key = key or path[1:].split("[")[0]
    assert found.pop(key) == leaf
    before.pop(key, None)
    assert found == before
    assert ("extra.token" in hidden_fields(db(changed))) is (path != ".token")
    assert '"n": ' + ("2.0" if (path, value) == (".n", "2.0") else '"2.0"' if path == ".n" else "1.50") in str(
        db(changed).extra.text  # type: ignore[union-attr]
    )


def test_a_leaf_of_a_variable_keeps_the_indent_of_the_others() -> None:
    changed = change(sets=("variables/config.value.batch=7",))
    assert changed.variables["config"].value == Text('{\n  "batch": 7,\n  "ratio": 1.50\n}')


def test_a_leaf_that_is_as_it_was_leaves_the_text_alone() -> None:
    odd = Bundle.of([connection(extra=Text('{ "a":1 , "b":"\u00e9"}'))])
    assert change(odd, sets=("connections/db.extra.a=1",)) == odd
    assert change(odd, overlay="connections: {db: {extra: {b: \u00e9}}}") == odd


def test_what_was_unsaid_is_said_once_it_is_set() -> None:
    assert change(sets=("variables/region.description=x",)).variables["region"].unsaid == frozenset()
    cleared = change(overlay="variables: {region: {description: null}}").variables["region"]
    assert (cleared.description, cleared.unsaid) == (None, frozenset())


def test_the_last_one_counts() -> None:
    assert db(change(sets=("connections/db.host=a", "connections/db.host=b"))).host == "b"


def test_a_file_is_a_value_to_the_last_character() -> None:
    changed = change(set_files=("connections/db.extra.key=id_rsa",), files={"id_rsa": "BEGIN\nEND\n"})
    assert extra(db(changed))["key"] == "BEGIN\nEND\n"
    single = change(set_files=("connections/db.password=pw",), files={"pw": "x\n"})
    assert db(single).password == "x\n"


def test_a_file_of_several_lines_keeps_its_end_and_a_single_line_does_not() -> None:
    for text, value in [("x\n", "x"), ("x\r\n", "x"), ("x\n\n", "x\n\n"), ("a\nb\n", "a\nb\n"), ("", "")]:
        assert db(change(sets=("connections/db.host=file:f",), files={"f": text})).host == value


# Which object is meant.


def test_dots_in_ids_are_told_from_those_of_paths() -> None:
    bundle = Bundle.of([connection("a"), connection("a.host"), connection("a.b=c")])
    assert change(bundle, sets=("connections/a.host.host=x",)).connections["a.host"].host == "x"
    assert change(bundle, sets=("connections/a.host=x",)).connections["a"].host == "x"
    assert change(bundle, sets=("connections/a.b=c.host=x=y",)).connections["a.b=c"].host == "x=y"


def test_a_place_of_two_objects_is_refused() -> None:
    bundle = Bundle.of([connection("a"), connection("a.extra")])
    with pytest.raises(UsageError, match=r"this is ambiguous: a and a\.extra"):
        change(bundle, sets=("connections/a.extra.host=x",))


@pytest.mark.parametrize(
    ("option", "text", "message", "hint"),
    [
        ("sets", "connections/bd.host=SECRET", "no connections/bd", "connections/db"),
        ("sets", "connections/a.b/d.host=SECRET", "no connections/a.b/d", "connections/a.b/c"),
        ("sets", "connections/etl.host=SECRET", "no connections/etl", "there is pools/etl"),
        ("sets", "connection/db.host=SECRET", "kind", "connections"),
        ("sets", "SECRET", "'=' is missing", "KIND/ID.FIELD"),
        ("sets", "db.host=SECRET", "kind", "connections, variables, pools"),
        ("sets", "connections/db.hots=SECRET", "'hots' is not a field", "'host'"),
        ("sets", "connections/db.user=SECRET", "'user' is not a field", "login"),
        ("sets", "connections/db.conn_id=SECRET", "'conn_id' is not a field", "--rename"),
        ("sets", "connections/db=SECRET", "missing", "conn_type"),
        ("sets", "connections/db.host.x=SECRET", "'host' has no leaves", None),
        ("sets", "connections/db.extra.=SECRET", "not a path", "extra.a.b"),
        ("sets", "pools/etl.slots.x=SECRET", "'slots' has no leaves", None),
        ("sets", "connections/db.port=SECRET", "port must be a whole number", None),
        ("sets", "connections/db.port=1.5", "port must be a whole number", None),
        ("sets", "pools/etl.slots=", "slots must be a whole number", None),
        ("sets", "pools/etl.include_deferred=SECRET", "true or false", None),
        ("sets", "connections/db.conn_type=***", "never hidden", None),
        ("sets", "connections/db.extra.n=SECRET", "the old value is a number, and the new one is not", "text:"),
        ("sets", "connections/db.extra.on=SECRET", "the old value is true or false, and the new one is not", "text:"),
        ("sets", "connections/db.extra.o=[]", "the old value is an object, and the new one is not", "text:"),
        ("sets", "connections/db.extra.list[9]=SECRET", "2 entries", "[2]"),
        ("sets", "connections/db.extra.sslmode.x=SECRET", "sslmode is not an object", None),
        ("sets", "connections/db.extra.o[0]=SECRET", "o is not a list", None),
        ("sets", "connections/db.extra" + ".x" * 201 + "=SECRET", "too long", None),
        ("sets", "variables/region.value.x=SECRET", "not a JSON object", None),
        ("sets", "connections/db.host=env:NOPE", "NOPE is not set", "env:NAME"),
        ("sets", "connections/db.host=env:SECRET!", "it is not set", "env:NAME"),
        ("sets", "connections/db.host=prompt:x", "'prompt:' takes no text", None),
        ("sets", "connections/db.host=\udce9", "not UTF-8", None),
        ("renames", "bd=x", "the id bd", "connections/db"),
        ("renames", "connections/bd=x", "no connections/bd", "connections/db"),
        ("renames", "db=x", "connections/db and variables/db", "KIND/OLD=NEW"),
        ("renames", "etl=", "missing", "pools/etl=NEW"),
        ("renames", "pools/etl=pools/etl2", "has no kind", "NEW"),
        ("renames", "etl", "'=' is missing", "KIND/OLD=NEW"),
        ("renames", "connections/db=hidden", "two connections/hidden", "--exclude"),
        ("literal_masks", "connections/db.host", "nothing is hidden", None),
        ("literal_masks", "connections/db.extra.sslmode", "nothing is hidden", None),
        ("literal_masks", "connections/db.extra.token=x", "not a path", None),
    ],
)
def test_a_wrong_option_is_told_with_the_right_one(option: str, text: str, message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        change(**{option: (text,)})
    assert message in caught.value.message
    assert (hint or "") in (caught.value.hint or "")
    assert "SECRET" not in f"{caught.value} {caught.value.hint}"


def test_an_empty_variable_is_no_json() -> None:
    empty = Bundle.of([Variable(key="e", value=Text(" "))])
    with pytest.raises(UsageError, match="not a JSON object or list"):
        change(empty, sets=("variables/e.value.x=1",))


# Secrets.


@pytest.mark.parametrize(
    "place",
    [
        "connections/db.password",
        "connections/db.extra.token",
        "connections/db.extra.a.private_key.b",
        "connections/db.extra.list[1].Secret",
        "variables/api_key.value",
        "variables/config.value.db_password",
    ],
)
@pytest.mark.parametrize("value", ["SECRET", "text:SECRET", "", "text:"])
def test_a_secret_in_the_list_of_arguments_is_refused(place: str, value: str) -> None:
    with pytest.raises(UsageError, match="may be a secret") as caught:
        change(sets=(f"{place}={value}",))
    assert "env:" in str(caught.value.hint)
    assert "SECRET" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("text", ['{"token": "x"}', 'text:{"a": [{"password": 1}]}', '{"password": "x"'])
@pytest.mark.parametrize("place", ["connections/db.extra", "connections/db.extra.o", "variables/region.value"])
def test_json_with_a_secret_in_it_is_refused_too(place: str, text: str) -> None:
    with pytest.raises(UsageError, match="may be a secret"):
        change(sets=(f"{place}={text}",))


def test_json_without_a_secret_is_no_secret() -> None:
    assert not has_secrets('{"token": "", "secret": "***", "use_proxy": true, "password": null, "a": "x"}')
    assert not has_secrets("reset your password")
    assert is_sensitive("Api-Key")


@pytest.mark.parametrize("value", ["env:E", "file:f"])
def test_a_secret_that_comes_out_empty_is_refused(value: str) -> None:
    for place in ("connections/db.password", "connections/db.extra.token", "variables/api_key.value"):
        with pytest.raises(UsageError, match="empty"):
            change(sets=(f"{place}={value}",), env={"E": ""}, files={"f": "\n"})
        with pytest.raises(UsageError, match="empty"):
            change(set_files=(f"{place}=f",), files={"f": ""})
    with pytest.raises(UsageError, match="empty"):
        change(overlay=f"connections: {{db: {{password: '{value}'}}}}", env={"E": ""}, files={"f": "\n"})
    assert db(change(sets=(f"connections/db.host={value}",), env={"E": ""}, files={"f": "\n"})).host == ""


# Overlays.


OVERLAY = """
connections:
  db:
    host: prod
    port: 6432
    login: 0123
    schema: yes
    description: True
    password: env:PW
    extra:
      sslmode: null
      n: 2.50
      list: [env:PW, 1.0, {a: text:file:x}]
      o: {deep: {er: text:env:PW}}
      on: env:FLAG
variables:
  region: us
  config: {value: {batch: 7, more: {a: null}}}
pools:
  etl: {slots: 32, include_deferred: true}
"""


def test_an_overlay_changes_what_it_names() -> None:
    changed = change(overlay=OVERLAY, env={"PW": "s3cret", "FLAG": "false"})
    found = db(changed)
    assert (found.host, found.port, found.login, found.schema) == ("prod", 6432, "0123", "yes")
    assert (found.description, found.password, found.conn_type) == ("True", "s3cret", "postgres")
    assert extra(found) == {
        "n": jsontext.Number("2.50"),
        "on": False,
        "list": ["s3cret", jsontext.Number("1.0"), {"a": "file:x"}],
        "o": {"deep": {"er": "env:PW"}},
        "token": REDACTED,
        "a.b": "d",
    }
    assert changed.variables["region"].value == Text("us")
    assert changed.variables["config"].value == Text('{\n  "batch": 7,\n  "ratio": 1.50,\n  "more": {}\n}')
    assert (changed.pools["etl"].slots, changed.pools["etl"].include_deferred) == (32, True)
    assert changed.connections["a.b/c"] == BUNDLE.connections["a.b/c"]
    assert found.origin == HERE


def test_null_clears_a_field_and_the_mask_hides_one() -> None:
    text = '{"connections": {"db": {"host": null, "port": null, "extra": null, "password": "***"}}}'
    found = db(change(overlay=text, source="prod.json"))
    assert (found.host, found.port, found.extra, found.password) == (None, None, None, REDACTED)
    assert db(change(overlay="connections: {db: {password: ''}}")).password is None
    token = db(change(overlay="connections: {db: {extra: {sslmode: '***', list: ['***']}}}"))
    assert {"extra.sslmode", "extra.token", "extra.list[0]"} == set(hidden_fields(token))


def test_a_text_as_extra_is_all_of_it() -> None:
    changed = change(overlay="connections: {db: {extra: '{ \"a\":1}'}, a.b/c: {extra: {a: 1.0}}}")
    assert db(changed).extra == Text('{ "a":1}')
    assert changed.connections["a.b/c"].extra == Text('{"a": 1.0}')
    assert change(overlay="connections: {a.b/c: {extra: {}}}") == BUNDLE


def test_a_later_overlay_and_an_option_have_the_last_word() -> None:
    overlays = (read_overlay("connections: {db: {host: a, login: a, schema: a}}", "a.yaml"),)
    overlays += (read_overlay("connections: {db: {host: b, login: b}}", "b.yaml"),)
    found = db(Overrides(around(), overlays=overlays, sets=("connections/db.host=c",)).apply(BUNDLE))
    assert (found.host, found.login, found.schema) == ("c", "b", "a")


def test_an_entry_that_is_not_selected_is_passed_over() -> None:
    text = "connections: {other: {host: x}}\npools: {nope: {slots: 1}}"
    selection = Selection(kinds=frozenset({Kind.CONNECTIONS}), exclude=("other",))
    assert change(overlay=text, selection=selection) == BUNDLE


@pytest.mark.parametrize(
    ("text", "error", "where", "message", "hint"),
    [
        ("connections:\n  bd: {host: SECRET}", UsageError, ":2:3", "no connections/bd", "connections/db"),
        ("connections:\n  db:\n    hots: SECRET", UsageError, ":3:5", "'hots'", "'host'"),
        ("connections:\n  db:\n    port: SECRET", UsageError, ":3:5", "whole number", ""),
        ("connections:\n  db: {host: [SECRET]}", UsageError, ":2:8", "host is a text", ""),
        ("connections:\n  db: {conn_type: null}", UsageError, ":2:8", "can't be cleared", ""),
        ("variables:\n  region: {value: null}", UsageError, ":2:12", "can't be cleared", ""),
        ("variables:\n  region: {a: SECRET}", UsageError, ":2:12", "'a' is not a field", "value"),
        ("pools:\n  etl: {slots: null}", UsageError, ":2:9", "can't be cleared", ""),
        ("connections:\n  hidden: {extra: {a: SECRET}}", BlockedError, ":2:12", "hidden", "--fill"),
        ("variables:\n  region: {value: {a: SECRET}}", UsageError, ":2:12", "not a JSON object", ""),
        ("connection: {}", InputError, ":1:1", "not a section", "'connections'"),
        ("connections:\n  db: SECRET", InputError, ":2:3", "object of the fields", "null"),
        ("connections: [SECRET]", InputError, ":1:1", "object here", ""),
        ("SECRET", InputError, "", "object of connections", ""),
        ("", InputError, "", "object of connections", ""),
        ("a: [", InputError, "", "not YAML", ""),
    ],
)
def test_a_faulty_overlay_is_told_with_its_place(
    text: str, error: type[AirconnError], where: str, message: str, hint: str
) -> None:
    with pytest.raises(error) as caught:
        change(overlay=text)
    assert caught.value.where is not None
    assert (f"prod.yaml{where}" in caught.value.where, message in caught.value.message) == (True, True)
    assert hint in (caught.value.hint or "")
    assert "SECRET" not in f"{caught.value} {caught.value.hint}"


def test_json_is_read_as_json() -> None:
    text = '{"connections": {"db": {"host": "\\ud83d\\ude00", "extra": {"n": 1.0}}}}'
    for source in ("prod.json", "/dev/fd/63"):
        found = db(change(overlay=text, source=source))
        assert (found.host, extra(found)["n"]) == ("\U0001f600", jsontext.Number("1.0"))


# --rename and --literal-mask


def test_ids_are_renamed_all_at_once() -> None:
    changed = change(renames=("connections/db=hidden", "hidden=db", "etl=etl.prod"))
    assert changed.connections["hidden"] == replace(db(BUNDLE), conn_id="hidden")
    assert changed.connections["db"].password is REDACTED
    assert changed.connections["db"].origin == HERE
    assert changed.pools["etl.prod"].slots == 4
    assert len(changed) == len(BUNDLE)


def test_one_object_gets_one_id() -> None:
    with pytest.raises(UsageError, match="renamed twice"):
        change(renames=("etl=a", "pools/etl=b"))


def test_a_mask_that_is_the_value_becomes_one() -> None:
    changed = change(literal_masks=("connections/hidden.password", "connections/db.extra.token"))
    assert changed.connections["hidden"].password == MASK
    assert db(changed).extra == Text(EXTRA)
    assert change(literal_masks=("connections/hidden.extra",)).connections["hidden"].extra == Text(MASK)
    # It stays one when its neighbours change.
    both = change(literal_masks=("connections/db.extra.token",), sets=("connections/db.extra.sslmode=x",))
    assert hidden_fields(db(both)) == ()
    assert json.loads(db(both).extra.text)["token"] == MASK  # type: ignore[union-attr]


def test_all_masks_of_a_field_become_values_together() -> None:
    bundle = Bundle.of([connection(extra=Text.of('{"a": {"b.c": "***", "d": "***"}, "e": "***"}'))])
    assert hidden_fields(db(change(bundle, literal_masks=("connections/db.extra",)))) == ()
    assert hidden_fields(db(change(bundle, literal_masks=("connections/db.extra.a",)))) == ("extra.e",)
    one = change(bundle, literal_masks=("connections/db.extra.a.b.c",))
    assert hidden_fields(db(one)) == ("extra.a.d", "extra.e")


def test_masks_come_first_and_names_last() -> None:
    options = {
        "literal_masks": ("connections/hidden.password",),
        "sets": ("connections/hidden.password=env:PW",),
        "set_files": ("connections/hidden.login=f",),
        "renames": ("connections/hidden=shown",),
    }
    found = change(env={"PW": "x"}, files={"f": "y"}, **options).connections["shown"]
    assert (found.password, found.login) == ("x", "y")


# Any object.


values = some.texts.filter(lambda text: text != MASK and not text.startswith(("env:", "file:", "prompt:", "text:")))


@given(some.ids, st.sampled_from(["host", "login", "schema", "description"]), values)
def test_what_is_set_is_read_back_and_all_else_stays(id_: str, field: str, value: str) -> None:
    bundle = Bundle.of([*BUNDLE, connection(id_)] if id_ not in BUNDLE.connections else BUNDLE)
    try:
        changed = change(bundle, sets=(f"connections/{id_}.{field}={value}",))
    except UsageError as error:
        assert "can mean" in error.message or "UTF-8" in error.message  # noqa: PT017
        return
    assert getattr(changed.connections[id_], field) == value
    for obj in bundle:
        skip = {field} if (obj.kind, obj.id) == (Kind.CONNECTIONS, id_) else set()
        now = changed.get(obj.kind, obj.id)
        assert all(getattr(now, name) == getattr(obj, name) for name in value_fields(obj.kind) if name not in skip)


@given(some.json_texts("object"), some.texts, values)
def test_a_new_leaf_of_any_extra_leaves_all_others_and_what_is_hidden(text: str, key: str, value: str) -> None:
    obj = connection(extra=Text.of(text))
    key = f"new {key}"
    try:
        known = obj.extra.value()  # type: ignore[union-attr]
        changed = change(
            Bundle.of([obj]), set_files=(f"connections/db.extra[{json.dumps(key)}]=f",), files={"f": value}
        )
    except (ValueError, AttributeError, AirconnError):
        return
    found = dict(jsontext.leaves(extra(db(changed))))
    assert found.pop((key,)) == value
    assert found == {path: leaf for path, leaf in jsontext.leaves(known) if path}


# An extra that the Airflow in question doesn't take


@pytest.mark.parametrize("given", ["foo", "[1]", "1"])
def test_an_extra_that_is_no_object_is_an_error_of_the_option_for_airflow_3_alone(given: str) -> None:
    options = {"sets": (f"connections/db.extra={given}",)}
    overrides = Overrides(around(), **options)  # type: ignore[arg-type]
    with pytest.raises(UsageError) as caught:
        overrides.apply(BUNDLE)
    assert caught.value.where == "--set connections/db.extra"
    assert caught.value.message == "this extra is not a JSON object, and Airflow 3.3.2 accepts nothing else"
    assert db(overrides.apply(BUNDLE, AirflowVersion(2, 11, 2))).extra == Text(given)


def test_so_it_is_in_a_file_and_in_an_overlay_at_its_place() -> None:
    with pytest.raises(UsageError) as caught:
        change(set_files=("connections/db.extra=x",), files={"x": "foo"})
    assert caught.value.where == "--set-file connections/db.extra"
    with pytest.raises(UsageError) as caught:
        change(overlay="connections:\n  db:\n    extra: foo\n")
    assert caught.value.where == "prod.yaml:3:5"
