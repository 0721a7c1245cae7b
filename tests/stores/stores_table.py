"""The tables that say what each place is and can do, made of what the places say of themselves.

python -m tests.stores.stores_table
"""

from __future__ import annotations

from airconn.addresses import REGISTRY
from airconn.config import Settings
from airconn.model import Kind
from airconn.stores import open_store
from airconn.stores.base import Capabilities

ROWS: list[tuple[str, str, str, str]] = [
    ("file", "x.json", "a path, `-`", "a file in any of the formats below"),
    (
        "directory",
        ".",
        "`DIR`, `'DIR/**/*.yaml'`",
        "all files of [a directory](airconn/help/git.md), or those that a glob matches",
    ),
    ("airflow", "http://localhost", "`https://HOST`", "an Airflow, through its REST API"),
    ("airflow-cli", "airflow-cli:", "`airflow-cli:PREFIX`", "an Airflow, through its own `airflow` command"),
    ("metadb", "metadb:", "`metadb:`, `metadb+postgresql://HOST/DB`", "the metadata database, with its Fernet keys"),
    ("environment", "env:", "`env:`", "the environment that airconn runs in"),
    ("vault", "vault://localhost/secret", "`vault://HOST/MOUNT`", "HashiCorp Vault or OpenBao, KV 1 and 2"),
    ("aws-secretsmanager", "aws-secretsmanager://eu-west-1", "`aws-secretsmanager://REGION`", "AWS Secrets Manager"),
    ("aws-ssm", "aws-ssm://eu-west-1", "`aws-ssm://REGION`", "AWS Systems Manager Parameter Store"),
    ("gcp-secretmanager", "gcp-secretmanager://p", "`gcp-secretmanager://PROJECT`", "Google Cloud Secret Manager"),
    ("azure-keyvault", "azure-keyvault://v", "`azure-keyvault://VAULT`", "Azure Key Vault"),
    ("k8s", "k8s://c/n", "`k8s://CONTEXT/NAMESPACE`", "Secrets in a Kubernetes cluster"),
    (
        "astro-env",
        "astro-env://w",
        "`astro-env://WORKSPACE[/DEPLOYMENT]`",
        "the Environment Manager of [Astro](airconn/help/astro.md)",
    ),
    (
        "astro-airflow",
        "astro-airflow://w/d",
        "`astro-airflow://WORKSPACE/DEPLOYMENT`",
        "the Airflow of a Deployment of [Astro](airconn/help/astro.md)",
    ),
    (
        "astro-vars",
        "astro-vars://w/d",
        "`astro-vars://WORKSPACE/DEPLOYMENT`",
        "the environment variables of a Deployment of [Astro](airconn/help/astro.md)",
    ),
    (
        "mwaa",
        "mwaa://eu-west-1/e",
        "`mwaa://REGION/ENVIRONMENT`",
        "the Airflow of [Amazon MWAA](airconn/help/mwaa.md)",
    ),
    (
        "composer",
        "composer://p/europe-west1/e",
        "`composer://PROJECT/LOCATION/ENVIRONMENT`",
        "the Airflow of [Google Cloud Composer](airconn/help/composer.md), 2 and 3",
    ),
    (
        "local",
        "local:a.json,b.json",
        "`local:CONNECTIONS,VARIABLES`",
        "the files of Airflow's local filesystem backend",
    ),
    ("airflow-config", "", "`airflow-config:`", "the secrets backend that Airflow's own configuration names"),
]
"""The name in the registry, an address to ask what it can do, and how both are called."""

PAGES = {
    "vault": "vault",
    "aws-secretsmanager": "aws",
    "aws-ssm": "aws",
    "gcp-secretmanager": "gcp",
    "azure-keyvault": "azure",
    "k8s": "kubernetes",
}
"""The pages of the guide on places whose words have no link to one."""


def places() -> str:
    """The table of the guide that says what each address is."""
    assert sorted(row[0] for row in ROWS) == sorted(REGISTRY)
    lines = ["| address | what it is | extra |", "| --- | --- | --- |"]
    for name, _, shown, words in ROWS:
        words = words.replace("(airconn/help/", "(").replace("formats below", "[formats](formats.md)")
        words = f"[{words}]({PAGES[name]}.md)" if name in PAGES else words
        lines.append(f"| {shown} | {words} | {_extra_alone(name)} |".replace("|  |", "| |"))
    return "".join(f"{line}\n" for line in lines)


def short() -> str:
    """The table of README.md."""
    lines = ["| address | what it is | holds | needs |", "| --- | --- | --- | --- |"]
    for name, address, shown, words in ROWS:
        words = words.replace("any of the formats below", "one of the [formats](airconn/help/formats.md)")
        words = f"[{words}](airconn/help/{PAGES[name]}.md)" if name in PAGES else words
        holds = _kinds(open_store(address, Settings()).capabilities) if address else "as that one"
        lines.append(f"| {shown} | {words} | {holds} | {_extra(name)} |".replace("|  |", "| |"))
    return "".join(f"{line}\n" for line in lines)


def _extra_alone(name: str) -> str:
    return f"`{REGISTRY[name].extra}`" if REGISTRY[name].extra else ""


def abilities() -> str:
    """The table of the guide that says how each place is written."""
    lines = ["| place | holds | can be written |", "| --- | --- | --- |"]
    for name, address, *_ in ROWS:
        if address:
            can = open_store(address, Settings()).capabilities
            lines.append(f"| {_scheme(name)} | {_kinds_in_words(can)} | {_written_in_words(can)} |")
    return "".join(f"{line}\n" for line in lines)


def limits() -> str:
    """The table of the guide that says which ids and values a place takes, where it doesn't take all."""
    lines = ["| place | ids | largest value |", "| --- | --- | --- |"]
    for name, address, *_ in ROWS:
        if address:
            can = open_store(address, Settings()).capabilities
            if _ids(can) != "any" or _size(can):
                lines.append(f"| {_scheme(name)} | {_ids(can)} | {_size(can)} |")
    return "".join(f"{line}\n" for line in lines)


def _kinds_in_words(can: Capabilities) -> str:
    lacking = [kind.value for kind in Kind if kind not in can.kinds]
    return f"all but {' and '.join(lacking)}" if lacking else "everything"


def _written_in_words(can: Capabilities) -> str:
    if not can.writable:
        return "no"
    words = ["all objects at once"] if can.at_once else []
    words += ["not over a change by another writer"] if can.conditional else []
    words += ["makes a new version"] if can.versions else []
    words += ["hidden values are kept"] if can.hides else []
    words += [can.restarts] if can.restarts else []
    return f"yes: {', '.join(words)}" if words else "yes"


def _scheme(name: str) -> str:
    shown = {"file": "a file", "directory": "a directory", "airflow": "`https://`", "metadb": "`metadb:`"}
    prefixes = (*REGISTRY[name].prefixes, *REGISTRY[name].names)
    return shown.get(name) or f"`{prefixes[0]}`"


def _kinds(can: Capabilities) -> str:
    return "everything" if len(can.kinds) == len(Kind) else " and ".join(k.value for k in Kind if k in can.kinds)


def _ids(can: Capabilities) -> str:
    return can.ids.words if can.keeps_ids else f"{can.ids.words}; a tag has the true one"


def _size(can: Capabilities) -> str:
    return "" if can.largest is None else f"{can.largest:,} bytes"


def _extra(name: str) -> str:
    return f"`airconn[{REGISTRY[name].extra}]`" if REGISTRY[name].extra else ""


if __name__ == "__main__":
    print(places(), end="")
