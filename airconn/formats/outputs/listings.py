"""Refuses lists of secrets' names, which have no values, with the command that prints values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from airconn.errors import InputError
from airconn.formats import tree
from airconn.formats.outputs.output_reader import OutputReader, is_mapping
from airconn.formats.outputs.shape import Shape, is_list_of
from airconn.model import Origin


def _are_secrets(document: Any) -> bool:
    listed = document.get("SecretList") if isinstance(document, tree.Mapping) else None
    return is_list_of(listed, lambda entry: is_mapping(entry, "ARN", "Name"))


def _are_parameters(document: Any) -> bool:
    listed = document.get("Parameters") if isinstance(document, tree.Mapping) else None
    return is_list_of(listed, lambda entry: is_mapping(entry, "Name", "Type", "Version") and "Value" not in entry)


def _are_in_key_vault(document: Any) -> bool:
    return is_list_of(
        document,
        lambda entry: (
            is_mapping(entry, "id", "attributes", "name")
            and "value" not in entry
            and isinstance(entry["id"], str)
            and "/secrets/" in entry["id"]
        ),
    )


def _are_at_google(document: Any) -> bool:
    return is_list_of(
        document,
        lambda entry: (
            is_mapping(entry, "name", "replication")
            and isinstance(entry["name"], str)
            and "/secrets/" in entry["name"]
        ),
    )


def _listing(command: str, is_one: Callable[[Any], bool], way_out: str) -> Shape:
    def refuse(document: Any, origin: Origin, reader: OutputReader) -> None:
        raise InputError(
            f"this output of {command} has no values, only names",
            where=str(origin),
            hint=f"print them with: {way_out}",
        )

    return Shape(command, is_one, refuse)


SHAPES = (
    _listing(
        "aws secretsmanager list-secrets",
        _are_secrets,
        "aws secretsmanager batch-get-secret-value --filters Key=name,Values=airflow/",
    ),
    _listing(
        "aws ssm describe-parameters",
        _are_parameters,
        "aws ssm get-parameters-by-path --with-decryption --recursive --path /airflow",
    ),
    _listing("az keyvault secret list", _are_in_key_vault, "az keyvault secret show --id ID, for each of them"),
    _listing(
        "gcloud secrets list",
        _are_at_google,
        "gcloud secrets versions access latest --secret NAME --format json, for each of them",
    ),
)
