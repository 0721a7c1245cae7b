"""An import from a place into the same place: an error that says what may be missing, before anything is asked."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Airconn = Callable[..., Any]
NOBODY = "http://127.0.0.1:9"
HINT = "hint:  --to ADDRESS sets another target; --set, --rename and --overlay change objects in place"
PROJECT = f"""\
url = "{NOBODY}/"
[addresses]
dev = "{NOBODY}/api/v2"
tls = "https://airflow.example.com"
"""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "airconn.toml").write_text(PROJECT)
    (tmp_path / "c.json").write_text(json.dumps({"c": {"conn_type": "http", "host": "h"}}))
    (tmp_path / "v.json").write_text(json.dumps({"v": "x"}))
    (tmp_path / "link.json").symlink_to("c.json")
    monkeypatch.chdir(tmp_path)
    return tmp_path


VAULT = {"VAULT_ADDR": "http://vault.example.com:8200", "VAULT_TOKEN": "t"}


@pytest.mark.parametrize(
    ("args", "env"),
    [
        (["@dev"], {}),
        (["@dev", "--merge", "--include", "a*"], {}),
        (["@dev", "c.json"], {}),
        (["c.json", "@dev", "--to", "@dev", "--prune", "--yes"], {}),
        ([NOBODY], {"AIRCONN_URL": "HTTP://127.0.0.1:9/home"}),
        (["@dev", "--to", NOBODY, "--dry-run"], {}),
        (["@tls", "--to", "https://AIRFLOW.example.com:443/"], {}),
        (["http://airflow.example.com:80", "--to", "http://airflow.example.com"], {}),
        (["c.json", "--to", "./link.json"], {}),
        (["c.json", "--to", "local:link.json"], {}),
        (["local:c.json,v.json", "--to", "local:./link.json,./v.json"], {}),
        (["local:c.json,v.json", "--connections", "--to", "local:link.json"], {}),
        (["aws-ssm://", "--to", "aws-ssm://eu-west-1"], {"AWS_REGION": "eu-west-1"}),
        (["aws-secretsmanager://eu-west-1", "--to", "aws-secretsmanager://eu-west-1?sep=/"], {}),
        (["vault:///secret", "--to", "vault://VAULT.example.com:8200/secret/?connections_path=/connections"], VAULT),
        (["vault://h/secret", "--to", "vault://H:443/secret?connection_format=uri"], {}),
        (["azure-keyvault://v", "--to", "azure-keyvault://v.vault.azure.net"], {}),
        (["azure-keyvault://keys.example.com", "--to", "azure-keyvault://Keys.example.com:443"], {}),
        (["gcp-secretmanager://my-project", "--to", "gcp-secretmanager://my-project"], {}),
        (["k8s://c/airflow", "--to", "k8s://c/airflow"], {}),
        (["airflow-cli:docker exec x", "--to", "airflow-cli:docker exec x"], {}),
    ],
    ids=lambda value: " ".join(value),
)
def test_a_place_is_not_imported_into_itself(
    airconn: Airconn, directory: Path, args: list[str], env: dict[str, str]
) -> None:
    before = {path.name: path.read_bytes() for path in directory.iterdir()}
    result = airconn("import", *args, env=env)
    assert result.code == 2, result.err
    assert " is both the source and the target\n" in result.err
    assert HINT in result.err
    assert {path.name: path.read_bytes() for path in directory.iterdir()} == before


@pytest.mark.parametrize(
    ("args", "env", "code"),
    [
        (["@dev", "--set", "connections/c.host=new"], {}, 5),
        (["@dev", "--rename", "connections/c=d"], {}, 5),
        (["@dev", "--fill", "c.json"], {}, 5),
        (["@dev", "--to", "http://127.0.0.1:10"], {}, 5),
        (["@dev", "--to", "http://127.0.0.1:9/other"], {}, 5),
        (["c.json", "--to", "link.json", "--set", "connections/c.host=new"], {}, 0),
        (["local:c.json,v.json", "--to", "local:link.json,other.json"], {}, 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_changes_on_the_way_or_goes_elsewhere_is_imported(
    airconn: Airconn, args: list[str], env: dict[str, str], code: int
) -> None:
    result = airconn("import", *args, "--retries", "0", "--timeout", "2", env=env)
    assert result.code == code, result.err
    assert "both the source" not in result.err


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("aws-ssm://eu-west-1?profile_name=a", "aws-ssm://eu-west-1?profile_name=b"),
        ("aws-ssm://eu-west-1", "aws-ssm://eu-west-1?endpoint_url=http://127.0.0.1:9"),
        ("aws-ssm://eu-west-1", "aws-ssm://eu-west-1?variables_prefix=/x&connections_prefix=/y"),
        ("vault://h/secret", "vault://h/secret?namespace=team"),
        ("vault://h/secret", "vault://h/other"),
        ("vault://h/secret", "vault://h/secret?variables_path=v"),
        ("k8s://c/a", "k8s://c/b"),
        ("gcp-secretmanager://my-project", "gcp-secretmanager://my-project?sep=_"),
    ],
)
def test_two_accounts_namespaces_or_prefixes_are_two_places(one: str, other: str) -> None:
    from airconn.config import Settings
    from airconn.model import Kind
    from airconn.stores import open_store

    stores = [open_store(address, Settings(environ={"VAULT_TOKEN": "t"})) for address in (one, other)]
    assert stores[0].location(Kind.VARIABLES) != stores[1].location(Kind.VARIABLES)
    assert stores[0].location(Kind.VARIABLES) == open_store(one, Settings()).location(Kind.VARIABLES)
