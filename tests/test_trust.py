"""What a file from somebody else may name, and what it may not."""

from __future__ import annotations

import pytest

from airconn import trust
from airconn.addresses import REGISTRY, PlaceEntry

TAKEN = [
    *("conns.env", "./a.json", "/tmp/x.yaml", "-", "@prod", "C:\\x.json", "dir/a:b.env", "team:prod.env"),
    *("http://localhost:8080", "HTTPS://airflow.example.com/x"),
    *("env:", "metadb:", "metadb+sqlite:////tmp/airflow.db", "airflow-config:", "airflow-config:workers"),
    *("airflow-cli:", "local:connections.json,variables.json", "local:?connections_file_path=a%2Cb.json"),
    *(
        "vault://",
        "vault:///my%20mount",
        "vault:///secret",
        "vault:///secret?connections_path=team/c&variables_path=null",
        "aws-ssm://",
    ),
    *("aws-ssm://eu-west-1?connections_prefix=/a", "aws-secretsmanager://eu-west-1?sep=-&connection_format=uri"),
    *("astro-airflow://my workspace/prod", "astro-airflow:///cm0000000000000000000dep01"),
    *("astro-vars://ws/prod", "Astro-Vars:///cm0000000000000000000dep01?secret=all&organization=cm0org"),
    *("astro-env://", "astro-env://ws/prod?linked=true", "astro-env:///cm0000000000000000000dep01?as=env&secret=all"),
    *("astro-env://ws?organization=org1", "mwaa://eu-west-1/prod", "MWAA:///my_Env-1"),
    *("gcp-secretmanager://my-project", "gcp-secretmanager://?connections_prefix=x", "azure-keyvault://my-vault"),
    *("k8s://", "k8s://minikube/airflow", "k8s:///airflow?connections_label=x"),
]
REFUSED = [
    *("vault://attacker.example.com/secret", "VAULT://127.0.0.1:8200/secret", "vault:///secret?url=http://attacker"),
    *("vault:///secret?connections_path=x&url=http://attacker", "vault:///secret?u%72l=http://attacker"),
    *("vault:///s?verify=false", "vault:///s?jwt_token_path=/etc/passwd", "vault:/\t/attacker/secret"),
    *("metadb+postgresql://attacker/db", "metadb+mysql://u@attacker/db", "Metadb+Postgresql+psycopg://attacker/db"),
    *("aws-ssm://eu-west-1?endpoint_url=http://attacker", "aws-secretsmanager://?role_arn=arn:aws:iam::1:role/x"),
    *("aws-ssm://attacker.example.com", "aws-ssm://x/y", "aws-ssm://?profile_name=prod"),
    *("gcp-secretmanager://p?api_endpoint=attacker.example.com", "gcp-secretmanager://p?gcp_key_path=/k.json"),
    *("azure-keyvault://attacker.example.com", "azure-keyvault://?vault_url=https://attacker", "azure-keyvault://"),
    "astro-vars://ws/prod?api=https://attacker",
    *("astro-airflow://u:p@h/prod", "astro-airflow://ws/prod?api_url=http://attacker", "astro-airflow://ws/prod#x"),
    *("astro-vars://u@ws/prod", "astro-vars://ws/prod?domain=attacker", "astro-vars://ws/prod?organization=x&api=y"),
    *("astro-vars://ws/prod?secret=all&organization=x&api_url=http://attacker", "astro-vars://ws/prod#x"),
    *(
        "astro-env://ws?secret=none",
        "astro-env://ws?auto_link=true",
        "astro-env://ws?api=https://attacker",
        "astro-env://u:p@ws",
        "astro-env://ws#x",
    ),
    *("astro-vars://ws/prod?secret=none", "mwaa://eu-west-1/prod?role_arn=arn:aws:iam::1:role/x", "mwaa://a.b/prod"),
    *("mwaa://eu-west-1/prod?endpoint_url=http://attacker", "mwaa://eu-west-1/prod?through=api", "mwaa://x@eu/prod"),
    *(
        "mwaa://eu-west-1/prod?profile_name=prod",
        "mwaa://eu-west-1/prod/x",
        "mwaa://eu-west-1/a.b",
        "mwaa://a:1/prod",
    ),
    *("composer://p/europe-west1/main", "composer://p/europe-west1/main?gcp_key_path=/k.json"),
    *("azure-keyvault://v?verify_challenge_resource=false", "some-new-place://host", "ftp://host", "://x"),
]
COMMANDS = ["airflow-cli:touch x", "Airflow-CLI: touch x", "airflow-cli:\xa0", "airflow-cli:\ntouch x"]


@pytest.mark.parametrize("address", TAKEN)
def test_what_sends_no_credentials_where_the_file_says_is_taken(address: str) -> None:
    assert trust.refusal(address) == ""


@pytest.mark.parametrize("address", REFUSED)
def test_what_says_where_credentials_are_sent_is_refused(address: str) -> None:
    assert trust.refusal(address) == "decides where your credentials are sent"


@pytest.mark.parametrize("address", COMMANDS)
def test_what_runs_a_command_is_refused(address: str) -> None:
    assert trust.refusal(address) == "runs a command"


def test_every_place_has_been_thought_of() -> None:
    places = {prefix for entry in REGISTRY.values() for prefix in (*entry.prefixes, *entry.names)}
    known = {prefix for prefix in places for address in TAKEN + REFUSED if address.lower().startswith(prefix)}
    assert places == known


def test_a_new_place_is_refused_until_its_entry_says_what_is_harmless(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(REGISTRY, "new", PlaceEntry("airconn.stores.new", ("new:",)))
    assert trust.refusal("new:x") == "decides where your credentials are sent"
    monkeypatch.setitem(REGISTRY, "new", PlaceEntry("airconn.stores.new", ("new:",), trusted="new:[a-z]*"))
    assert trust.refusal("new:x") == ""
    assert trust.refusal("new:x.example.com") == "decides where your credentials are sent"
