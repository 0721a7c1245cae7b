"""The move from a real Airflow 2.11 to a real 3.3: what `airconn check` finds before, and 1,000 objects."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from airconn.sandbox import Sandbox
from tests.integration.conftest import on_worker_of
from tests.integration.help_worlds import NEWEST, bearer, fernet_key
from tests.integration.managed_rounds import generated

pytestmark = on_worker_of(NEWEST)
SCRIPT = Path(__file__).parent / "in_airflow.py"
State = dict[str, dict[str, dict[str, Any]]]

_DEEP = '{"a":' * 600 + "1" + "}" * 600
_HUGE = '{"a": 1' + "0" * 5000 + "}"
_IDS = [
    *("a/b", "a:b", "a#b", "a\\b", "a@b", "a,b", "a b", "é", "n\n", ".", "..", "a..b", "-", "test", "enqueue-test"),
    *("x" * 200, "x" * 201, "x" * 251),
]
_EXTRAS = {
    "none": None, "empty": "", "object": "{}", "spaced": ' {"a": 1.50} ', "twice": '{"a": 1, "a": 2}',
    "list": "[1]", "text": '"s"', "null": "null", "number": "5", "not json": "verbose", "python": "{'a': 1}",
    "infinite": '{"a": 1e400}', "nan": '{"a": NaN}', "half": '{"a": "\\ud800"}', "mask": '{"password": "***"}',
    "huge": _HUGE, "deep": _DEEP, "long": json.dumps({"a": "x" * 100_000}),
}  # fmt: skip
_FIELDS: Mapping[str, dict[str, Any]] = {
    "no type": {"conn_type": ""}, "capitals": {"conn_type": "HTTP"}, "blank type": {"conn_type": "Post gres"},
    "port 0": {"port": 0}, "negative port": {"port": -5}, "port 65536": {"port": 65536},
    "large port": {"port": 2**31}, "long host": {"host": "h" * 501},
    "long schema": {"schema": "s" * 501}, "long type": {"conn_type": "t" * 501},
    "long login": {"login": "l" * 6000}, "long password": {"password": "p" * 6000}, "url": {"host": "http://h/x?y#z"},
    "long description": {"description": "d" * 6000}, "nul": {"host": "a\0b"}, "empty": {"host": "", "login": ""},
    "mask": {"password": "***"}, "blanks": {"password": " p "}, "break": {"host": "h\n"},
}  # fmt: skip
_KEYS = ["", " ", "a/b", "/a", "é", "..", "?x=1#", "a\nb", "t\tb", "k" * 250, "k" * 251]
_VALUES = {
    "empty": "", "spaced": '{"a":1,  "a":2}', "decimal": "1.50", "nan": "NaN", "infinite": '{"a": 1e400}',
    "null": "null", "quoted": '"q"', "half": '"\\ud800"', "nul": "\0", "mask": "***",
    "wrapped": '{"value": 1, "description": "d"}',
    "huge": "1" + "0" * 5000, "deep": "[" * 900 + "]" * 900, "open": "[" * 3000, "long": "x" * 1_000_000,
}  # fmt: skip
_NAMES = ["", " ", "a/b", "é", "a\nb", "p" * 256, "p" * 257]
_SLOTS = [0, -1, -2, 2**31 - 1, 2**31]
NOT_BY_SQLITE = frozenset(
    [("connections", f"field_{name}") for name in ("large_port", "long_host", "long_schema", "long_type")]
    + [("connections", "x" * 251), ("pools", "slots 2147483648")]
)
"""What is too large for a column of PostgreSQL or MySQL. The SQLite of a sandbox stores it."""


def troubled() -> State:
    """What the database of an Airflow 2.11 may have."""
    plain = {"conn_type": "http", "host": "h"}
    connections: dict[str, dict[str, Any]] = {id_: dict(plain) for id_ in _IDS}
    connections |= {f"extra_{name.replace(' ', '_')}": {**plain, "extra": extra} for name, extra in _EXTRAS.items()}
    connections |= {f"field_{name.replace(' ', '_')}": {**plain, **fields} for name, fields in _FIELDS.items()}
    variables = {key: {"value": "v", "description": None} for key in _KEYS}
    variables |= {f"value {name}": {"value": value, "description": None} for name, value in _VALUES.items()}
    pool = {"description": None, "include_deferred": False}
    pools = {name: {"slots": 1, **pool} for name in _NAMES} | {
        f"slots {slots}": {"slots": slots, **pool} for slots in _SLOTS
    }
    return {"connections": connections, "variables": variables, "pools": pools}


def in_airflow(box: Sandbox, command: str, given: State | None = None) -> State:
    text = json.dumps(given) if given is not None else None
    done = box.run([box.python, SCRIPT, command], input=text, capture_output=True, text=True, check=True)
    return json.loads(done.stdout) if done.stdout else {}


class Api:
    """The API of an Airflow 3 without airconn."""

    def __init__(self, box: Sandbox) -> None:
        self._host = box.url.removeprefix("http://")
        self._headers = {"Authorization": f"Bearer {bearer(box)}"}

    def takes(self, kind: str, id_: str, fields: Mapping[str, Any]) -> bool:
        """Whether it creates an object, and can show it then."""
        names = {"connections": "connection_id", "variables": "key", "pools": "name"}
        body = {names[kind]: id_, **{name: value for name, value in fields.items() if value is not None}}
        made = self._asked("POST", f"/{kind}", body=json.dumps(body))
        if made >= 400:
            return False
        pages = [f"/{kind}?limit=1&order_by=-id"]
        if kind == "connections":
            pages.append(f"/{kind}/{quote(id_, safe='').replace('.', '%2E')}")
        return all(self._asked("GET", page) < 400 for page in pages)

    def _asked(self, method: str, path: str, body: str | None = None) -> int:
        client = http.client.HTTPConnection(self._host, timeout=60)  # which leaves the dots of a path alone
        try:
            client.request(method, f"/api/v2{path}", body, {**self._headers, "Content-Type": "application/json"})
            return client.getresponse().status
        except OSError:  # an Airflow that fails ends the connection
            return 500
        finally:
            client.close()


def same(fields: Mapping[str, Any] | None, others: Mapping[str, Any] | None) -> bool:
    """Whether an object is the same to each reader: an empty extra is that of an object without keys."""

    def plain(found: Mapping[str, Any]) -> dict[str, Any]:
        extra = found.get("extra")
        with contextlib.suppress(ValueError):
            extra = json.dumps(json.loads(extra) if extra else {})
        return {name: value for name, value in {**found, "extra": extra}.items() if value is not None}

    return fields is not None and others is not None and plain(fields) == plain(others)


@pytest.fixture
def old(shared_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    return shared_sandbox("2.11.2")


@pytest.fixture
def new(shared_sandbox: Callable[[str], Sandbox]) -> Sandbox:
    box = shared_sandbox(NEWEST)
    in_airflow(box, "wipe")
    return box


def environ_of(box: Sandbox) -> dict[str, str]:
    return {name: value for name, value in box.environ().items() if name.startswith("AIR")}


def test_what_airflow_3_refuses_or_changes_is_found_before_and_no_error_passes_unharmed(
    airconn: Callable[..., Any], old: Sandbox, new: Sandbox
) -> None:
    wanted = troubled()
    in_airflow(old, "seed", wanted)
    checked = airconn("check", "--airflow", "3.3", "--from", "metadb:", "--output", "json", env=environ_of(old))
    severities: dict[tuple[str, str], set[str]] = defaultdict(set)
    for finding in json.loads(checked.out)["findings"]:
        severities[finding["kind"], finding["id"] or ""].add(finding["severity"])

    through_api = json.loads(airconn("check", "--from", old.url, "--output", "json", env=environ_of(old)).out)
    assert [one["code"] for one in through_api["findings"]].count("AC514") == 1

    api = Api(new)
    taken = {(kind, id_): api.takes(kind, id_, obj) for kind, found in wanted.items() for id_, obj in found.items()}
    held = in_airflow(new, "dump")
    unharmed = {
        key for key, is_taken in taken.items() if is_taken and same(held[key[0]].get(key[1]), wanted[key[0]][key[1]])
    }
    silent = [key for key in taken.keys() - unharmed if not severities[key] & {"error", "warning"}]
    noisy = [key for key in unharmed if "error" in severities[key] and key not in NOT_BY_SQLITE]
    assert (sorted(silent), sorted(noisy)) == ([], [])
    assert len(taken) - len(unharmed) > 20


def test_a_thousand_objects_move_with_their_passwords(
    airconn: Callable[..., Any], old: Sandbox, new: Sandbox, tmp_path: Path
) -> None:
    made = generated(334, 17)
    for fields in made["connections"].values():
        fields["extra"] = json.dumps(fields["extra"], ensure_ascii=False) if fields["extra"] else None
    wanted: State = {kind: dict(found) for kind, found in made.items()}
    wanted["connections"] |= {
        "none": {"conn_type": "generic"},
        "empty": {"conn_type": "generic", "host": "", "login": "", "schema": "", "extra": "{}", "description": ""},
        "numbers": {"conn_type": "generic", "port": 0, "extra": '{"a": 1.50, "b": 1e5, "c": 12345678901234567890}'},
        "key": {"conn_type": "ssh", "extra": json.dumps({"private_key": "-----BEGIN\nx\n-----END\n"})},
        "long": {"conn_type": "generic", "password": "p🔑" * 3000, "extra": json.dumps({"token": "t" * 50_000})},
    }
    wanted["variables"] |= {
        "spaced": {"value": ' {"a":1,  "b": 1.50} ', "description": ""},
        "empty": {"value": "", "description": None},
        "long": {"value": "é" * 100_000, "description": None},
    }
    assert sum(map(len, wanted.values())) >= 1000
    in_airflow(old, "seed", wanted)
    before = in_airflow(old, "dump")

    config = tmp_path.parent / f"{tmp_path.name}-user.toml"
    config.write_text(
        f'[addresses.new]\nurl = "{new.url}"\nusername = "{new.username}"\npassword_env = "NEW_PASSWORD"\n'
    )
    environ = {**environ_of(old), "NEW_PASSWORD": new.password, "AIRFLOW__CORE__FERNET_KEY": fernet_key(old)}
    database = f"metadb+sqlite:///{old.home / 'airflow.db'}"
    checked = airconn("check", "--airflow", "3.3", "--from", database, "-q", env=environ)
    assert checked.code == 0, checked.out
    # Without --verify, which an Airflow 3 with so many secrets to mask takes long for: the databases are compared.
    ran = airconn("import", old.url, "--to", "@new", "--fill", database, "-q", env=environ)
    assert ran.code == 0, ran.err

    after = in_airflow(new, "dump")
    differing = [
        (kind, id_)
        for kind, found in before.items()
        for id_ in {*found, *after[kind]}
        if not same(after[kind].get(id_), found.get(id_))
    ]
    assert differing == []
    for kind in ("variables", "pools"):
        assert after[kind] == before[kind]
    passwords = {id_: fields["password"] for id_, fields in before["connections"].items()}
    assert {id_: fields["password"] for id_, fields in after["connections"].items()} == passwords
    assert sum(password is not None for password in passwords.values()) > 200
