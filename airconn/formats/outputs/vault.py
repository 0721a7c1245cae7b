"""Reads what `vault kv get -format=json` prints, and the answers of Vault's API. They don't name the secret."""

from __future__ import annotations

from typing import Any

from airconn.errors import InputError
from airconn.formats import backend_names, secret_values
from airconn.formats.outputs.output_reader import OutputReader, is_mapping
from airconn.formats.outputs.source_options import CONNECTIONS_PREFIX, SECRET_NAME, VARIABLES_PREFIX
from airconn.model import Kind, Origin

_PREFIXES = {Kind.CONNECTIONS: CONNECTIONS_PREFIX, Kind.VARIABLES: VARIABLES_PREFIX}


def is_secret(document: Any) -> bool:
    """Whether a document is the answer about one secret, of version 1 or 2 of the engine."""
    return is_mapping(document, "data", "lease_id", "lease_duration") and (
        is_mapping(document["data"]) or document["data"] is None
    )


def read_secret(document: Any, origin: Origin, reader: OutputReader) -> None:
    """Gives the object of the secret that `--from-secret-name` names. Raises `InputError` without it."""
    name = reader.options.value(SECRET_NAME)
    if name is None:
        raise InputError(
            "the output of vault kv get doesn't have the name of the secret",
            where=str(origin),
            hint="add --from-secret-name connections/CONN_ID or --from-secret-name variables/KEY",
        )
    kind, id_ = _named(name, origin, reader)
    data = document["data"]
    if is_mapping(data, "data", "metadata"):
        data = data["data"]
    if data is None:
        raise InputError(f"{kind.value}/{id_}: this version of the secret is deleted", where=str(origin))
    if any((obj.kind, obj.id) == (kind, id_) for obj in reader.found):
        raise InputError(
            "this file has several secrets, and --from-secret-name names one",
            where=str(origin),
            hint="write each one into its own file",
        )
    reader.kinds.add(kind)
    reader.add(secret_values.read_vault(kind, id_, data, reader.options.rules, origin, reader.uris))


def _named(name: str, origin: Origin, reader: OutputReader) -> tuple[Kind, str]:
    """The kind and the id of a secret by its path, which may have the mount point in front."""
    path = f"/{name.strip('/')}"
    for kind, option in _PREFIXES.items():
        given = reader.options.value(option)
        prefix = "/".join(part for part in (given or backend_names.VAULT[kind]).split("/") if part)
        _, found, id_ = path.partition(f"/{prefix}/")
        if found and id_:
            return kind, id_
    raise InputError(
        "the name in --from-secret-name has neither the path of connections nor that of variables in it",
        where=str(origin),
        hint="it is like connections/CONN_ID or variables/KEY; "
        "--from-connections-prefix and --from-variables-prefix set other paths",
    )
