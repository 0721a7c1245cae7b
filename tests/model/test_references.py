"""Which leaves are references to values elsewhere."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airconn.model import Connection, Pool, Text, Variable
from airconn.model.reference_forms import ReferenceKind, meant_kind, reference_kind
from airconn.model.references import FoundReference, almost_references, references

CONN = Connection(conn_id="c", conn_type="http")


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("env:NAME", ReferenceKind.ENV),
        ("file:/run/secrets/x", ReferenceKind.FILE),
        ("file:///data", None),
        ("ref:vault:secret#connections/x", ReferenceKind.REF),
        ("ref:#connections/x", None),
        ("op://vault/item/field", ReferenceKind.OP),
        ("OP://vault/item/field", ReferenceKind.OP),
        ("env:1", None),
        ("x env:NAME", None),
        ("env:" + "N" * 4092, ReferenceKind.ENV),
        ("env:" + "N" * 4093, None),
    ],
)
def test_a_text_is_a_reference_as_a_whole(text: str, kind: ReferenceKind | None) -> None:
    assert reference_kind(text) is kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("env:", ReferenceKind.ENV),
        ("ENV:1", ReferenceKind.ENV),
        ("ref:", ReferenceKind.REF),
        ("op://x", ReferenceKind.OP),
        ("op:x", None),
        ("file:", None),
        ("env:NAME", None),
        ("env:1\n", None),
        ("env:" + "-" * 4092, ReferenceKind.ENV),
        ("env:" + "-" * 4093, None),
    ],
)
def test_a_text_may_begin_like_a_reference_that_it_is_not(text: str, kind: ReferenceKind | None) -> None:
    assert meant_kind(text) is kind


def test_references_are_found_in_the_fields_that_may_have_one() -> None:
    obj = replace(
        CONN,
        description="env:A",
        host="env:HOST",
        login="l",
        password="op://v/i/f",
        extra=Text('{"a": {"b": ["file:/x", "y"]}, "n": 1}'),
    )
    assert list(references(obj)) == [
        FoundReference("host", (), ReferenceKind.ENV, "env:HOST"),
        FoundReference("password", (), ReferenceKind.OP, "op://v/i/f"),
        FoundReference("extra", ("a", "b", 0), ReferenceKind.FILE, "file:/x"),
    ]
    assert [found.name for found in references(obj)] == ["host", "password", "extra.a.b[0]"]
    assert not any(found.is_whole for found in references(obj))
    genuine = replace(obj, genuine=frozenset({("host", ()), ("extra", ("a", "b", 0))}))
    assert [found.name for found in references(genuine)] == ["password"]
    assert list(references(Pool(name="p", slots=1, description="env:A"))) == []


def test_a_variable_or_an_extra_may_be_one_as_a_whole() -> None:
    variable = Variable(key="v", value=Text("env:NAME"))
    assert list(references(variable)) == [FoundReference("value", (), ReferenceKind.ENV, "env:NAME")]
    extra = replace(CONN, extra=Text("file:/x"))
    assert [(found.name, found.kind) for found in references(extra)] == [("extra", ReferenceKind.FILE)]


def test_a_connection_may_be_one_as_a_whole() -> None:
    whole = replace(CONN, stands_for="env:CONN", password="env:X")
    (found,) = references(whole)
    assert (found.field, found.path, found.kind, found.text) == ("conn_type", (), ReferenceKind.ENV, "env:CONN")
    assert found.is_whole
    assert list(references(replace(whole, genuine=frozenset({("conn_type", ())})))) == []
    assert list(references(replace(whole, stands_for="nothing"))) == []


def test_leaves_that_only_begin_like_a_reference_are_told() -> None:
    obj = replace(CONN, host="env:", password="env:X", extra=Text('{"a": "ref:", "b": "op://x"}'))
    found = [("host", ReferenceKind.ENV), ("extra.a", ReferenceKind.REF), ("extra.b", ReferenceKind.OP)]
    assert list(almost_references(obj)) == found
    genuine = replace(obj, genuine=frozenset({("host", ()), ("extra", ("b",))}))
    assert list(almost_references(genuine)) == found[1:2]
