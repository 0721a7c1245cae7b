"""What hypothesis makes bundles of: every text that has ever broken a format, and others at random."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from airconn.formats.base import Loss
from airconn.model import (
    MASK,
    REDACTED,
    AirflowObject,
    AirflowVersion,
    Bundle,
    Connection,
    Kind,
    Pool,
    Text,
    Variable,
    value_fields,
)

VERSIONS = [AirflowVersion.parse(text) for text in ("2.7.3", "2.11.2", "3.0.6", "3.1.5", "3.1.8", "3.2.2", "3.3.2")]

# fmt: off
PIECES = [
    *"'\"\\$`#=%@:/?&+,;!~*|<>(){}[]^- \t\n\r\0\x0b\x0c\x1b\x1c\x7f\x85\xa0\xad\u2028\u2029\ufeff\ufffe\uffff",
    *"\U0001f511éßŉİaZ0",
    "${X}", "${X:-d}", "$X", "$$", "$(x)", "\r\n", "\\n", "\\'", '\\"', "\\\\", " #", "# ", ": ", "- ", "---", "://",
    "%zz", "%2F", "export ", "A=", "<<", "&a", "*a", "!!str", "{{", "}}", "ab.c", "é\u0301", "℀",
]
WORDS = [
    "", " ", "true", "True", "yes", "No", "on", "y", "null", "~", "NULL", "nan", ".inf", "0", "007", "0x1F", "0o7",
    "1e5", "1.50", "-0", "12:30", "2024-01-01", "1_000", "=", "<<", "***", "****", '"q"', "[1]", "{}", "{", "LONG",
    "line\nline\n", "line\n\n", "\nline", " lead", "trail ", "tab\t", "postgresql", "s3://s3://b", "#c", "# secret",
    "-----BEGIN KEY-----\nabc\n-----END KEY-----\n", "it's $5 \\", "a\\\\b", "C:\\new", "\\", "'", '"', "a'b$c",
    "***x", "echo 'a' `id`", "$(id)\\\\",
]
# fmt: on

texts = st.one_of(
    st.sampled_from(WORDS).map(lambda word: "x" * 5000 if word == "LONG" else word),
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
strs = st.one_of(st.none(), st.just(REDACTED), texts.filter(lambda text: text != MASK))
ids = st.one_of(
    st.from_regex(r"[a-zA-Z][a-zA-Z0-9_.:/-]{0,8}", fullmatch=True),
    st.sampled_from(["a", "A", "my_db", "My-Db", "a.b", "a/b", "ß", "connections", "variables", "conn_type", "***"]),
    texts,
)
conn_types = st.one_of(
    st.sampled_from(
        ["postgres", "http", "google_cloud_platform", "", "HTTP", "a-b", "postgresql", "a.b+c", "é", "1x"]
    ),
    texts.filter(lambda text: text != MASK),
)
ports = st.one_of(st.none(), st.sampled_from([0, 1, 80, 65535, 65536, -1]), st.integers(-(10**17), 10**17))

numbers = st.sampled_from(["1.50", "1e5", "-0", "0.0", "1e400", "1" * 30, "LONG", "NaN", "-Infinity", "1E+2"]).map(
    lambda number: "9" * 5000 if number == "LONG" else number
)


@st.composite
def json_texts(draw: st.DrawFn, root: str = "any") -> str:
    """JSON written in odd ways: numbers, spacing, keys that stand twice, hidden leaves, deep nesting."""
    leaf = st.one_of(
        texts.map(lambda text: json.dumps(text, ensure_ascii=len(text) % 2 == 0)),
        numbers,
        st.sampled_from(
            ["true", "false", "null", '"***"', '"a***b"', "{}", "[]", '"\\ud800"', '"\\/"', '"\\u002a**"']
        ),
    )
    blank = st.sampled_from(["", " ", "\n", "\t ", "\r\n"])

    def containers(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        item = st.tuples(blank, inner, blank).map("".join)
        key = st.one_of(texts, st.sampled_from(["a", "password", "extra__x", "***", "__extra__"])).map(json.dumps)
        pair = st.tuples(blank, key, blank, st.just(":"), item).map("".join)
        return st.one_of(
            st.lists(item, max_size=3).map(lambda items: f"[{','.join(items)}]"),
            st.lists(pair, max_size=3).map(lambda pairs: f"{{{','.join(pairs)}}}"),
        )

    value = draw(st.recursive(leaf, containers, max_leaves=6))
    if root == "object" and not value.startswith("{"):
        value = f'{{"a": {value}}}'
    if draw(st.integers(0, 40)) == 0:
        depth = draw(st.sampled_from([199, 201, 900]))
        value = '{"d":' + "[" * depth + value + "]" * depth + "}"
    return value


opaque = st.one_of(texts, json_texts()).map(Text.of)
extras = st.one_of(
    st.none(),
    st.sampled_from([Text(""), Text("{}"), Text("notjson"), Text("[1]"), Text("null"), REDACTED, Text.of(MASK)]),
    json_texts(root="object").map(Text.of),
    json_texts(root="object").map(lambda text: Text.of(text, masked=True)),
    opaque,
)
teams = st.one_of(st.none(), st.none(), texts.filter(lambda text: text != MASK))

connections = st.builds(
    Connection,
    conn_id=ids,
    conn_type=conn_types,
    description=strs,
    host=strs,
    schema=strs,
    login=strs,
    password=strs,
    port=ports,
    extra=extras,
    team_name=teams,
)
variables = st.builds(Variable, key=ids, value=opaque, description=strs, team_name=teams)
pools = st.builds(
    Pool,
    name=ids,
    slots=st.integers(-1, 10**9),
    description=strs,
    include_deferred=st.sampled_from([None, False, True]),
    team_name=teams,
)


def bundles(*kinds: st.SearchStrategy[Any], max_size: int = 4) -> st.SearchStrategy[Bundle]:
    """Bundles with a few objects of these kinds, no id twice."""
    return st.lists(st.one_of(*kinds), max_size=max_size, unique_by=lambda obj: (obj.kind, obj.id)).map(Bundle.of)


everything = bundles(connections, variables, pools)


def with_id(obj: AirflowObject, id_: str) -> AirflowObject:
    return replace(obj, **{"name" if isinstance(obj, Pool) else obj.kind.id_field: id_})  # type: ignore[arg-type]


def differences(before: Bundle, after: Bundle) -> set[tuple[Kind, str, str]]:
    """What isn't the same: kind, id and field, the field empty for a whole object."""
    found: set[tuple[Kind, str, str]] = set()
    for kind in Kind:
        ours, theirs = before.of_kind(kind), after.of_kind(kind)
        found |= {(kind, id_, "") for id_ in ours.keys() ^ theirs.keys()}
        for id_ in ours.keys() & theirs.keys():
            found |= {(kind, id_, name) for name in different_fields(ours[id_], theirs[id_])}
    return found


def different_fields(before: AirflowObject, after: AirflowObject) -> list[str]:
    return [name for name in value_fields(before.kind) if getattr(before, name) != getattr(after, name)]


def with_secret(connection: Connection, secret: str) -> Connection:
    """`connection` with a secret wherever one can be."""
    fields = ("description", "host", "schema", "login", "password")
    return replace(connection, **dict.fromkeys(fields, secret), extra=Text(json.dumps({"a": secret})))  # type: ignore[arg-type]


def reported(losses: tuple[Loss, ...]) -> set[tuple[Kind, str, str]]:
    """What is said to be lost, as :func:`differences` has it."""
    whole = {(loss.kind, loss.id) for loss in losses if not loss.field}
    return {(loss.kind, loss.id, "" if (loss.kind, loss.id) in whole else loss.field) for loss in losses}
