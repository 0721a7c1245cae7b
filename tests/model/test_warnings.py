"""Warnings about many objects: one line each, with the first few names."""

from __future__ import annotations

from dataclasses import replace

from airconn.model import Connection, Text, Variable
from airconn.model.ambiguity import Ambiguity
from airconn.model.ambiguity_warnings import ambiguities_of, listed
from airconn.model.ambiguity_warnings import warnings as ambiguity_warnings
from airconn.model.objects import Origin
from airconn.model.placeholder_warnings import summary
from airconn.model.placeholder_warnings import warnings as placeholder_warnings

FOUND = Ambiguity("AC901", "one reads it differently", "quote it")


def conn(id_: str, *found: Ambiguity, line: int | None = None, **fields: object) -> Connection:
    origin = Origin(".env", line)
    return Connection(conn_id=id_, conn_type="http", ambiguities=found, origin=origin, **fields)


def test_names_are_listed_with_how_many_others_there_are() -> None:
    assert listed(["a"], 1) == "a"
    assert listed(["a", "b"], 2) == "a and b"
    assert listed(["a", "b", "c"], 3) == "a, b and c"
    assert listed(["a", "b"], 5) == "a, b and 3 more"


def test_one_object_is_named_at_its_place() -> None:
    assert ambiguity_warnings([conn("a", FOUND, line=3), conn("b")]) == [
        (".env:3", "one reads it differently: connections/a (quote it)")
    ]
    assert ambiguity_warnings([conn("a", FOUND)]) == [(".env", "one reads it differently: connections/a (quote it)")]
    inside = replace(FOUND, line=7, way_out="", detail="U+200B in host", column=9)
    assert ambiguity_warnings([conn("a", inside, line=3)]) == [
        (".env:7", "one reads it differently: connections/a (U+200B in host, column 9)")
    ]
    assert ambiguity_warnings([conn("a", replace(inside, detail="", way_out=""), line=3)]) == [
        (".env:7", "one reads it differently: connections/a")
    ]


def test_several_objects_are_named_in_the_order_of_their_lines_each_rule_once() -> None:
    other = Ambiguity("AC900", "another")
    objects = [conn("c", FOUND, line=9), conn("b", FOUND, other, line=2), conn("a", replace(FOUND, line=5), line=1)]
    names = "connections/b (line 2), connections/a (line 5) and connections/c (line 9)"
    assert ambiguity_warnings(objects) == [
        (".env:2", "another: connections/b"),
        (
            ".env:2",
            f"one reads it differently: {names} (quote it)",
        ),
    ]
    many = [conn(f"c{number}", FOUND) for number in range(7)]
    ((_, text),) = ambiguity_warnings(many)
    names = ", ".join(f"connections/c{number}" for number in range(5))
    assert text == f"one reads it differently: {names} and 2 more (quote it)"


def test_the_fields_of_an_object_are_named() -> None:
    fields = [
        replace(FOUND, field=name) for name in ("host", "login", "host", "schema", "extra.a", "extra.b", "extra.c")
    ]
    assert ambiguity_warnings([conn("a", *fields[:3])]) == [
        (".env", "one reads it differently: connections/a (host, login) (quote it)")
    ]
    (_, text), _ = ambiguity_warnings([conn("a", *fields, replace(FOUND, rule="AC999", field="x"))])
    assert "connections/a (host, login, schema, extra.a, extra.b, 1 more)" in text


def test_what_only_check_reports_or_a_release_settles_is_left_out() -> None:
    minor = replace(FOUND, is_minor=True)
    of_release = replace(FOUND, rule="AC902", of_release=True)
    assert ambiguities_of(conn("a", minor, of_release)) == (of_release,)
    assert ambiguities_of(conn("a")) == ()
    assert ambiguity_warnings([conn("a", minor)]) == []
    assert ambiguity_warnings([conn("a", of_release, FOUND)], knows_release=True) == ambiguity_warnings(
        [conn("a", FOUND)]
    )
    assert ambiguity_warnings([conn("a", of_release)]) == [
        (".env", "one reads it differently: connections/a (quote it, or choose one with --airflow VERSION)")
    ]
    no_way = replace(of_release, way_out="")
    assert ambiguity_warnings([conn("a", no_way)])[0][1].endswith("(or choose one with --airflow VERSION)")


def test_the_readers_of_all_objects_are_named() -> None:
    first = replace(FOUND, message="x, y read it differently, x, y too", readers=("x", "y"), line=1)
    second = replace(first, message="y, z read it differently", readers=("y", "z"), line=2)
    ((_, text),) = ambiguity_warnings([conn("b", second), conn("a", first)])
    assert text.startswith("x, y, z read it differently, x, y too: connections/a (line 1) and connections/b (line 2)")


def test_an_ambiguity_is_settled_when_all_its_leaves_have_other_values() -> None:
    found = replace(FOUND, places=frozenset({("host", ()), ("extra", ("a", "b"))}))
    assert FOUND.without("host") is FOUND
    assert found.without("login") is found
    assert found.without("extra", ("a", "c")) is found
    left = found.without("host")
    assert left == replace(found, places=frozenset({("extra", ("a", "b"))}))
    assert left is not None
    assert left.without("extra") is None
    assert left.without("extra", ("a",)) is None
    assert left.without("extra", ("b",)) is left


def test_placeholders_are_told_by_their_type() -> None:
    one = conn("a", password="<hidden>", line=2)
    assert placeholder_warnings([one], is_planned=True) == []
    told = "a mask of another tool is in the place of a value: connections/a.password; fill in the value"
    assert placeholder_warnings([one], is_planned=False) == [(".env:2", told)]
    assert told_of(conn("a", stands_for="op://a/b/c")) == (
        "a reference to 1Password is in the place of a value: connections/a; use --resolve op"
    )
    assert told_of(conn("a", password="ENC[AES256_GCM,data:x]")) == (
        "a text that is encrypted by sops is in the place of a value: connections/a.password; "
        "decrypt the file first, as 'sops decrypt' does"
    )


def told_of(*objects: Connection) -> str:
    ((_, text),) = placeholder_warnings(objects, is_planned=False)
    return text


def told_of_passwords(first: str, second: str) -> str:
    names = "connections/a.password (line 2) and connections/b.password (line 4)"
    text = told_of(conn("a", password=first, line=2), conn("b", password=second, line=4))
    assert text.count(names) == 1
    return text.replace(names, "…")


def test_several_placeholders_of_a_type_are_one_warning() -> None:
    assert told_of_passwords("<hidden>", "********") == (
        "a mask of another tool is in the place of 2 values: …; fill in the value"
    )
    assert told_of_passwords("op://a/b/c", "env:X") == (
        "references to secrets are in the place of 2 values: …; use --resolve op,env"
    )
    assert told_of_passwords("op://a/b/c", "op://a/b/d") == (
        "a reference to 1Password is in the place of 2 values: …; use --resolve op"
    )
    assert told_of_passwords("ENC[AES256_GCM,data:x]", "ENC[AES256_GCM,data:x]") == (
        "encrypted texts are in the place of 2 values: …; decrypt the file first, as 'sops decrypt' does"
    )
    assert told_of_passwords("${X}", "{{ x }}") == (
        "templates are in the place of 2 values: …; render the file first"
    )
    name = "projects/p/secrets/s"
    assert told_of_passwords(name, name) == (
        "the name of a secret in Google Secret Manager is in the place of 2 values: …; "
        "resolve them first, as 'vals eval' does"
    )
    assert told_of_passwords("changeme", "changeme") == (
        "2 values look like a note to fill in a value: …; fill in the value"
    )
    many = [conn(f"c{number}", password="<hidden>") for number in range(7)]
    names = ", ".join(f"connections/c{number}.password" for number in range(5))
    assert f"the place of 7 values: {names} and 2 more; " in told_of(*many)


def test_what_a_plan_says_itself_is_told_only_where_none_follows() -> None:
    sample = conn("a", password="changeme", line=2)
    told = "a value looks like a note to fill in a value: connections/a.password; fill in the value"
    for is_planned in (True, False):
        assert placeholder_warnings([sample], is_planned=is_planned) == [(".env:2", told)]
    mask, template = conn("a", password="<hidden>"), conn("b", password="${X}")
    assert len(placeholder_warnings([mask, template], is_planned=False)) == 2
    assert placeholder_warnings([mask, template], is_planned=True) == []


def test_a_template_that_the_warning_of_a_reference_tells_is_not_told_twice() -> None:
    told = Ambiguity("AC407", "m", blocks=True)
    assert placeholder_warnings([conn("a", told, password="${X}")], is_planned=False) == []
    for other in (replace(told, blocks=False), replace(told, rule="AC408")):
        assert len(placeholder_warnings([conn("a", other, password="${X}")], is_planned=False)) == 1
    mask = conn("a", told, password="<hidden>")
    assert len(placeholder_warnings([conn("b", told, password="${X}"), mask], is_planned=False)) == 1


def test_placeholders_of_a_type_are_counted() -> None:
    objects = [
        conn("a", password="<hidden>"),
        conn("b", password="{{ x }}"),
        conn("c", password="${X}"),
        conn("d", password="ENC[AES256_GCM,data:x]"),
        conn("e", password="ENC[AES256_GCM,data:y]"),
        Variable(key="v", value=Text("x")),
    ]
    assert summary(objects) == "1 mask, 2 encrypted texts, 2 templates"
    assert summary(objects[:2]) == "1 mask, 1 template"
    assert summary([]) == ""
