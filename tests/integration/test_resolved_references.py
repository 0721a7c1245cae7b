"""References into a real Airflow, its database and an OpenBao."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from airconn.sandbox import Sandbox
from tests.integration import in_airflow, openbao

VERSION = "3.3.2"
PASSWORD = "Sesame-canary-41"
FIELDS = dict.fromkeys(["description", "login", "host", "port", "schema", "password", "extra"])
HELD: dict[str, Any] = {
    "connections": {
        "db": {**FIELDS, "conn_type": "postgres", "host": "db.example.com", "password": PASSWORD},
    },
    "variables": {"region": {"value": "eu", "description": None}},
    "pools": {},
}


@pytest.mark.xdist_group(f"airflow-{VERSION}")
def test_each_real_place_gives_what_it_shows_and_no_more(
    shared_sandbox: Callable[[str], Sandbox], airconn: Callable[..., Any], tmp_path: Path
) -> None:
    box = shared_sandbox(VERSION)
    in_airflow.seed(box.home, HELD)
    source = tmp_path / "objects.yaml"

    def converted(password: str, host: str, **env: str) -> Any:
        source.write_text(
            f"connections:\n  mine: {{conn_type: http, host: '{host}', password: '{password}'}}\n"
            f"  whole: {password.partition('#')[0]}/connections/db\n"
            f"variables:\n  here: '{host.partition('#')[0]}#variables/region'\n"
        )
        return airconn("convert", source, "--format", "json", "--resolve", "ref", env=env)

    with openbao.running(tmp_path) as bao:
        env = {**bao.environ(), "AIRFLOW_HOME": str(box.home), **box.credentials()}
        assert airconn("import", "metadb:", "--to", "vault:///secret", env=env).code == 0
        for place in ("metadb:", "vault:///secret"):
            host = f"ref:{box.url}#connections/db.host"
            result = converted(f"ref:{place}#connections/db.password", host, **env)
            assert (result.code, result.err) == (0, "")
            found = json.loads(result.out)
            assert found["connections"]["mine"]["password"] == PASSWORD
            assert found["connections"]["mine"]["host"] == "db.example.com"
            assert found["connections"]["whole"]["password"] == PASSWORD
            assert found["variables"]["here"] == "eu"
        # The API hides the password, a URL that the user hasn't named gets no credentials, and a token may be wrong.
        url = f"ref:{box.url}#connections/db.password"
        hidden = converted(url, "h", **env)
        unnamed = converted("ref:metadb:#connections/db.password", url, **{**env, "AIRCONN_URL": ""})
        refused = converted("ref:vault:///secret#connections/db.password", "h", **{**env, "VAULT_TOKEN": "wrong"})
        missing = converted("ref:vault:///secret#connections/bd.password", "h", **env)
    assert [each.code for each in (hidden, unnamed, refused, missing)] == [4, 4, 5, 3]
    assert "hides the value of connections/db.password" in hidden.err
    assert "you haven't agreed to that host" in unnamed.err
    for result in (hidden, unnamed, refused, missing):
        assert f"{source}:2" in result.err
        assert PASSWORD not in result.out + result.err
        assert not any(value in result.err for name, value in env.items() if name.endswith(("PASSWORD", "TOKEN")))
    in_airflow.wipe(box.home)
