"""The surroundings of the pages on secrets backends: servers or fakes, and an identity with the rights of the page.

What a page says to be enough (a Vault policy, an IAM policy, a Role of Kubernetes) is read out of it, and is all that
its commands may do.
"""

from __future__ import annotations

import contextlib
import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.help_pages import HELP, ROOT, World, blocks, write_files

if TYPE_CHECKING:
    from airconn.sandbox import Sandbox

Get = Callable[[str], "Sandbox"]


def _block(page: str, language: str, beginning: str) -> str:
    """The one block of a page in this language that has a text in it."""
    (found,) = (
        block.text
        for block in blocks((HELP / page).read_text())
        if block.language == language and beginning in block.text
    )
    return found


@contextlib.contextmanager
def vault(directory: Path, get: Get) -> Iterator[World]:
    """An OpenBao, which the page calls vault.example.com, with a token for the page's policy."""
    from tests.integration import openbao

    shutil.copy(ROOT / "examples/.env", directory)
    write_files((ROOT / "airconn/help/vault.md").read_text(), directory)
    policy = _block("vault.md", "text", "capabilities")
    with openbao.running(directory) as bao:
        bao.client.sys.create_or_update_policy("airflow", policy)
        token = bao.client.auth.token.create(policies=["airflow"])["auth"]["client_token"]
        bao.client.sys.enable_auth_method("approle")
        bao.client.auth.approle.create_or_update_approle("airflow", token_policies=["airflow"])
        role = bao.client.auth.approle.read_role_id("airflow")["data"]["role_id"]
        secret = bao.client.auth.approle.generate_secret_id("airflow")["data"]["secret_id"]
        environ = {"VAULT_ADDR": bao.url, "VAULT_TOKEN": token, "VAULT_SECRET_ID": secret}
        names = {
            "https://vault.example.com:8200": bao.url,
            "vault.example.com:8200": bao.host,
            "59d6d1ca-47bb-4e7e-a40b-8be3bc5a0ba8": role,
        }
        yield World(directory, environ, names)


@contextlib.contextmanager
def aws(directory: Path, get: Get) -> Iterator[World]:
    """An empty account of AWS, and the keys of a user with the page's policy."""
    import boto3
    import urllib3
    from moto.core.authorization import enable_iam_authentication
    from moto.server import ThreadedMotoServer

    shutil.copy(ROOT / "examples/.env", directory)
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        urllib3.request("POST", f"{url}/moto-api/reset")
        iam = boto3.client(
            "iam", endpoint_url=url, region_name="eu-west-1", aws_access_key_id="AKIA", aws_secret_access_key="x"
        )
        iam.create_user(UserName="mover")
        policy = json.loads(_block("aws.md", "json", "Statement"))
        for statement in policy["Statement"]:
            statement["Resource"] = "*"  # moto looks at actions only
        iam.put_user_policy(UserName="mover", PolicyName="airflow", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName="mover")["AccessKey"]
        environ = {
            "AWS_ACCESS_KEY_ID": key["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": key["SecretAccessKey"],
            "AWS_ENDPOINT_URL": url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        with enable_iam_authentication():
            yield World(directory, environ)
    finally:
        server.stop()


@contextlib.contextmanager
def gcp(directory: Path, get: Get) -> Iterator[World]:
    """The project airflow-prod, and the default credentials for it."""
    from tests.stores.secrets import fake_secret_manager

    shutil.copy(ROOT / "examples/.env", directory)
    with fake_secret_manager.running(directory) as fake:
        # Google's client has no variable for the endpoint.
        site = directory / "site"
        site.mkdir()
        (site / "sitecustomize.py").write_text(
            f"import airconn.stores.secrets.gcp.client as client\nclient.HOST = {fake.endpoint!r}\n"
        )
        environ = {
            "GOOGLE_APPLICATION_CREDENTIALS": str(fake.key_file),
            "AIRCONN_CA_BUNDLE": str(fake.bundle),
            "NO_GCE_CHECK": "true",
            "PYTHONPATH": str(site),
        }
        yield World(directory, environ)


@contextlib.contextmanager
def azure(directory: Path, get: Get) -> Iterator[World]:
    """The vault my-vault, with a secret that was made by hand, and a service principal."""
    from tests.stores.secrets import fake_key_vault

    shutil.copy(ROOT / "examples/.env", directory)
    with fake_key_vault.running(directory) as fake:
        fake.vault.put("airflow-connections-data-lake", '{"conn_type": "wasb", "login": "lake"}')
        yield World(directory, dict(fake.environ), {"my-vault": fake.address.partition("://")[2]})


@contextlib.contextmanager
def kubernetes(directory: Path, get: Get) -> Iterator[World]:
    """The namespace airflow of the cluster of the context prod, with a kubectl that can apply manifests.

    The user may do what the page's Role allows.
    """
    from tests.stores.secrets.fake_kubernetes import FakeKubernetes

    methods = {"list": "GET", "create": "POST", "patch": "PATCH", "delete": "DELETE"}
    shutil.copy(ROOT / "examples/.env", directory)
    (rule,) = yaml.safe_load(_block("kubernetes.md", "yaml", "kind: Role"))["rules"]
    assert rule["resources"] == ["secrets"]
    with FakeKubernetes() as cluster:
        cluster.forbidden = {method for verb, method in methods.items() if verb not in rule["verbs"]}
        config = cluster.kubeconfig(directory / "kubeconfig")
        config.write_text(re.sub(r"\btest\b", "prod", config.read_text()))
        names = {"https://k8s.example.com:6443": cluster.url}
        environ = {"KUBECONFIG": str(config), **_kubectl(cluster, directory)}
        yield World(directory, environ, names)


def _kubectl(cluster: Any, directory: Path) -> dict[str, str]:
    """A function of bash, which is kept from one command to the next and creates the Secrets of a manifest."""
    script = directory / "kubectl.py"
    script.write_text(
        "import json, sys, urllib3, yaml\n"
        "assert sys.argv[1:] == ['apply', '-f', '-'], sys.argv\n"
        "for document in yaml.safe_load_all(sys.stdin):\n"
        "    namespace = document['metadata']['namespace']\n"
        f"    url = f'{cluster.url}/api/v1/namespaces/{{namespace}}/secrets'\n"
        f"    headers = {{'Authorization': 'Bearer {_token()}'}}\n"
        "    answer = urllib3.request('POST', url, body=json.dumps(document), headers=headers)\n"
        "    assert answer.status == 201, answer.data\n"
        "    print(f\"secret/{document['metadata']['name']} created\")\n"
    )
    return {"BASH_FUNC_kubectl%%": f'() {{ {sys.executable} {script} "$@"; }}'}


def _token() -> str:
    from tests.stores.secrets.fake_kubernetes import TOKEN

    return TOKEN


WORLDS: Mapping[str, Callable[[Path, Get], contextlib.AbstractContextManager[World]]] = {
    "aws.md": aws,
    "azure.md": azure,
    "gcp.md": gcp,
    "kubernetes.md": kubernetes,
    "vault.md": vault,
}
