"""A hundred objects of the nastiest: what has broken a format or a service, one after the other, always the same.

Each id has a part that no other has (`c07`, `v12`, `p03`), by which a message about it is found. No two secrets are
equal, as Airflow 3 masks what it knows as a secret wherever it is shown.
"""

from __future__ import annotations

import json
import re
from typing import Any

from airconn.model import AirflowObject, Bundle, Connection, Pool, Text, Variable
from tests.formats.well_formed_objects import PEM, SERVICE_ACCOUNT, SQL

_TEXTS = (
    "",
    " ",
    " lead and trail ",
    "line\nline\n",
    "a\r\nb\rc",
    "tab\tand\x0bmore\x1b[0m",
    'it\'s "quoted" `here`',
    "$HOME ${X:-d} $$ $(id)",
    "back\\slash\\n \\' \\\\",
    "# not a comment #",
    "a=b&c=d?e#f%2F%zz/@:",
    "é e\u0301 漢字 🔑 \u2028\u00a0",
    "true",
    "null",
    "1.50",
    "0123",
    "{'a': 1}",
    "{{ ds }}",
    "- a: b",
    "x" * 400,
    PEM,
)
"""What fields and values are. A secret gets the token of its object in front, so that it is a text of its own."""

_EXTRAS = (
    "",
    "{}",
    '{"a":  1.50}',
    '{"big": 123456789012345678901234567890, "small": 1e-400, "e": 1E+2}',
    '{"b": 1, "a": [1, {"x": null}, [], true], "é": "\\u00e9"}',
    '{"nested": "{\\"a\\": \\"b\\"}", "empty": "", "lines": "a\\nb"}',
    '{"a": 1, "a": 2}',
    '{"__extra__": "x"}',
    '{"extra__http__timeout": 5, "with blank ": " x "}',
    json.dumps({"keyfile_dict": SERVICE_ACCOUNT}),
    '{"quote": "it\'s \\"$5\\" `x` \\\\", "hash": "a # b"}',
    '{"deep": ' + '{"d": ' * 20 + "1" + "}" * 21,
)

_VALUES = (
    *_TEXTS,
    SQL,
    '{"b":1.50, "a":["é", null]}',
    '"q"',
    "[1, 2.50]",
    '{"value": "x", "description": "d"}',
    "y" * 9000,
    "{not json",
)


def _connections() -> list[Connection]:
    made: list[dict[str, Any]] = []
    whole = {"host": "db.example.com", "schema": "sales", "login": "etl", "port": 5432}
    secret = "pa/%+:@#?'\"\\é"
    # Each text in each field, turn by turn.
    fields = ("password", "login", "host", "schema", "description")
    for number, text in enumerate(_TEXTS):
        made.append({**whole, fields[number % 5]: text})
    # Nothing, or the empty text.
    for name in ("host", "schema", "login", "password", "description"):
        made.append({name: ""})
    made += [{}, dict.fromkeys(fields, ""), {"password": " %TOKEN% "}]
    # The extra.
    made += [{**whole, "extra": text} for text in _EXTRAS]
    # What else there is.
    made += [{"port": 0}, {"port": 70000}, {"port": -1}]
    made += [{**whole, "conn_type": kind} for kind in ("My type", "a.b+c", "HTTP", "é", "google-cloud-platform")]
    made += [
        {**whole, "host": "HTTPS://Host.example/path?x=1"},
        {"host": "[::1]", "login": "a:b", "password": secret},
        {**whole, "team_name": "team-a"},
        {**whole, "description": "Owned by é: 'them' #1", "password": secret, "extra": '{"token": "t-%TOKEN%"}'},
    ]
    names = ("My-Db.{}", "größe {}", "{}/a", "{} ", "{}*x", "a:b@{}", "{}" + "n" * 190)
    made += [{**whole, "conn_id": name} for name in names]
    found = []
    for number, given in enumerate(made):
        token = f"c{number:02}"
        parts = {"conn_type": "postgres", "conn_id": "conn_{}", **given}
        if "password" in parts and "%TOKEN%" in parts["password"]:
            parts["password"] = parts["password"].replace("%TOKEN%", token)
        elif parts.get("password"):
            parts["password"] += token
        if parts.get("extra") is not None:
            parts["extra"] = Text.of(parts["extra"].replace("%TOKEN%", token))
        found.append(Connection(**{**parts, "conn_id": parts["conn_id"].format(token)}))
    return found


def _variables() -> list[Variable]:
    found = [Variable(key=f"var_v{number:02}", value=Text.of(text)) for number, text in enumerate(_VALUES)]
    first = len(found)
    found += [
        Variable(key=f"Var.v{first}/a b", value=Text.of("x")),
        Variable(key=f"api_key_v{first + 1}", value=Text.of(f"s3cret-v{first + 1}")),
        Variable(key=f"var_v{first + 2}", value=Text.of("x"), description='it\'s "d" # é\nsecond'),
        Variable(key=f"var_v{first + 3}", value=Text.of("x"), description=""),
        Variable(key=f"größe_v{first + 4}", value=Text.of("x")),
        Variable(key=f"var_v{first + 5}", value=Text.of("x"), team_name="team-a"),
    ]
    return found


def _pools() -> list[Pool]:
    return [
        Pool(name="pool_p00", slots=3),
        Pool(name="pool_p01", slots=-1, include_deferred=True),
        Pool(name="pool_p02", slots=0, description="", include_deferred=False),
        Pool(name="pool p03 é", slots=5, description="it's # a\npool", include_deferred=True),
        Pool(name="Pool.p04/x", slots=2**31 - 1, description=" ", include_deferred=False),
        Pool(name="pool_p05", slots=1, description="d", include_deferred=True, team_name="team-a"),
    ]


def hundred() -> Bundle:
    """The objects."""
    found: list[AirflowObject] = [*_connections(), *_variables(), *_pools()]
    assert len({token(obj.id) for obj in found}) == len(found)
    return Bundle.of(found)


_TOKEN = re.compile(r"(?<![0-9a-zA-Z])[cvpCVP]\d\d(?!\d)")


def tokens(text: str) -> set[str]:
    """The parts of ids that are in a text."""
    return {found.lower() for found in _TOKEN.findall(text)}


def token(id_: str) -> str:
    """The part of an id that no other has."""
    (found,) = tokens(id_.replace("_", " "))
    return found
