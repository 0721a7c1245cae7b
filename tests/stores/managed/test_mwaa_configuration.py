"""The secrets backend of an MWAA environment: which one is opened, and with which options."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from airconn import trust
from airconn.errors import TargetError, UsageError
from airconn.model import Kind, Selection
from airconn.stores import open_store
from airconn.stores.base import Store
from tests.stores.managed.mwaa_door import ADDRESS, KEYS, MwaaDoor, MwaaSwitches
from tests.stores.secrets.fake_aws import FakeAws
from tests.stores.site import Answer

SECRETS_MANAGER = "airflow.providers.amazon.aws.secrets.secrets_manager.SecretsManagerBackend"
VAULT = "airflow.providers.hashicorp.secrets.vault.VaultBackend"
SECRET = "c4n4ry-of-the-backend"
Opened = Callable[..., tuple[MwaaDoor, Store]]


@pytest.fixture(autouse=True)
def _alone(no_other_aws: None) -> None:
    """The AWS credentials of the machine have no part in these tests."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Opened]:
    """Opens the secrets backend of an environment with these options."""
    with ExitStack() as stack:

        def opened(query: str = "", environ: dict[str, str] | None = None, **options: str) -> tuple[MwaaDoor, Store]:
            named = {name.replace("__", ".", 1): text for name, text in options.items()}
            door = MwaaDoor(lambda _: Answer(500), lambda: "", MwaaSwitches(options=named))
            stack.enter_context(door)
            settings = door.settings(tmp_path, environ={**door.environ(), **(environ or {})}, retries=0)
            store = open_store(f"airflow-config:{ADDRESS}{query}", settings)
            stack.callback(store.close)
            return door, store

        yield opened


def refused(call: Callable[[], object]) -> str:
    with pytest.raises((UsageError, TargetError)) as caught:
        call()
    text = f"{caught.value} | {caught.value.hint}"
    assert SECRET not in text
    return text


def test_the_backend_is_read_with_the_prefixes_and_in_the_region_of_the_environment(opened: Opened) -> None:
    kwargs = {"connections_prefix": "mwaa/connections", "variables_prefix": "mwaa/variables"}
    with FakeAws({"ListSecrets": {"SecretList": []}}) as aws:
        elsewhere = {"AWS_ENDPOINT_URL_SECRETS_MANAGER": aws.url, "AWS_DEFAULT_REGION": "us-east-1"}
        door, store = opened(
            environ=elsewhere, secrets__backend=SECRETS_MANAGER, secrets__backend_kwargs=json.dumps(kwargs)
        )
        assert door.operations() == ["GetEnvironment"]
        store.read(Selection(kinds=frozenset({Kind.CONNECTIONS})))
        asked = aws.log
        assert asked
        assert all("/eu-west-1/secretsmanager/" in received.headers["Authorization"] for received in asked)
        assert all("mwaa/connections" in json.dumps(received.body) for received in asked)
        assert not any(KEYS["AWS_SECRET_ACCESS_KEY"] in repr(received.headers.items()) for received in asked)


def test_a_region_of_the_options_themselves_wins(opened: Opened) -> None:
    kwargs = {"connections_prefix": "c", "variables_prefix": None, "region_name": "us-west-2"}
    with FakeAws({"ListSecrets": {"SecretList": []}}) as aws:
        _, store = opened(
            environ={"AWS_ENDPOINT_URL_SECRETS_MANAGER": aws.url},
            secrets__backend=SECRETS_MANAGER,
            secrets__backend_kwargs=json.dumps(kwargs),
        )
        store.read(Selection(kinds=frozenset({Kind.CONNECTIONS})))
        assert all("/us-west-2/secretsmanager/" in received.headers["Authorization"] for received in aws.log)


def test_a_backend_that_workers_alone_have_is_opened(opened: Opened) -> None:
    _, store = opened(workers__secrets_backend=SECRETS_MANAGER)
    assert store.address.startswith("aws-secretsmanager://eu-west-1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "has no secrets backend configured"),
        ({"secrets__backend": ""}, "has no secrets backend configured"),
        ({"secrets__backend": "my.Backend"}, f"{ADDRESS} secrets.backend: unknown secrets backend my.Backend"),
        (
            {"secrets__backend": VAULT, "secrets__backend_kwargs": f'{{"token": "{SECRET}"'},
            f"{ADDRESS} secrets.backend_kwargs: the options of the secrets backend are not a JSON object",
        ),
        (
            {"secrets__backend": VAULT, "secrets__backend_kwargs": json.dumps({"token": SECRET, "nonsense": SECRET})},
            f"{ADDRESS} secrets.backend_kwargs: ",
        ),
        (
            {"secrets__backend": VAULT, "secrets__backend_kwargs_cmd": f"echo {SECRET}"},
            "secrets.backend_kwargs_cmd refers to the options",
        ),
        (
            {"secrets__backend": "airflow.secrets.local_filesystem.LocalFilesystemBackend"},
            "its backend is a file of that environment",
        ),
    ],
)
def test_options_that_name_no_backend_of_use_are_told_without_a_value(
    opened: Opened, options: dict[str, str], words: str
) -> None:
    assert words in refused(lambda: opened(**options))


def test_a_command_of_the_environment_is_not_run_here(opened: Opened, tmp_path: Path) -> None:
    made = tmp_path / "made"
    refused(lambda: opened(secrets__backend=VAULT, secrets__backend_kwargs_cmd=f"touch {made}"))
    assert not made.exists()


def test_an_environment_that_may_not_be_seen_names_the_action_and_the_resource(tmp_path: Path) -> None:
    with MwaaDoor(lambda _: Answer(500), lambda: "", MwaaSwitches(denied={"GetEnvironment"})) as door:
        text = refused(lambda: open_store(f"airflow-config:{ADDRESS}", door.settings(tmp_path)))
    assert "airflow:GetEnvironment" in text
    assert "arn:aws:airflow:eu-west-1:ACCOUNT:environment/prod" in text


def test_a_way_to_the_airflow_means_nothing_here(opened: Opened) -> None:
    assert "through has no effect here" in refused(lambda: opened("?through=api", secrets__backend=VAULT))


def test_a_projects_file_may_name_an_environment_and_not_its_identity_or_its_backend() -> None:
    assert trust.refusal(ADDRESS) == ""
    for address in (
        f"{ADDRESS}?role_arn=arn:aws:iam::1:role/x",
        f"{ADDRESS}?profile_name=prod",
        f"{ADDRESS}?through=api",
        f"airflow-config:{ADDRESS}",
        "mwaa://evil.example/prod",
    ):
        assert trust.refusal(address)
