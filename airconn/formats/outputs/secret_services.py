"""Reads what the tools of secrets services print, named as Airflow's backends name secrets.

AWS CLI: `secretsmanager get-secret-value`, `batch-get-secret-value`, `ssm get-parameter`, `get-parameters` and
`get-parameters-by-path`. Google: `gcloud secrets versions access --format=json`. Azure: `az keyvault secret show`.
"""

from __future__ import annotations

import base64
import re
from typing import Any
from urllib.parse import urlsplit

from airconn.errors import InputError
from airconn.formats import backend_names, secret_values, tree
from airconn.formats.key_vault_names import Names
from airconn.formats.outputs import vault
from airconn.formats.outputs.output_reader import OutputReader, in_words, is_mapping
from airconn.formats.outputs.shape import Shape
from airconn.formats.outputs.source_options import CONNECTIONS_PREFIX, VARIABLES_PREFIX
from airconn.model import Kind, Origin

_GOOGLE_NAME = re.compile(
    r"projects/[^/]+(?:/locations/[^/]+)?/secrets/(?P<name>[A-Za-z0-9_-]{1,255})/versions/[^/]+"
)
_CIPHERTEXT = re.compile(r"AQ[IE]CA[A-Za-z0-9+/]{60,}={0,2}")
"""What KMS encrypts: the bytes 01 02 02 00 or 01 01 02 00 in base64, at least the size of a data key."""
_OPTIONS = {Kind.CONNECTIONS: CONNECTIONS_PREFIX, Kind.VARIABLES: VARIABLES_PREFIX}


def prefix_of(kind: Kind, defaults: dict[Kind, str], reader: OutputReader) -> str:
    """The prefix of a kind: that of the option, or the default of Airflow's backend."""
    given = reader.options.value(_OPTIONS[kind])
    return defaults[kind] if given is None else given


def _own(name: str, beginnings: dict[Kind, str]) -> tuple[Kind, str] | None:
    """The kind and the id of a secret by its name. None if it begins with no prefix."""
    for kind, beginning in sorted(beginnings.items(), key=lambda item: -len(item[1])):
        if name.startswith(beginning) and len(name) > len(beginning):
            return kind, name[len(beginning) :]
    return None


def _named(name: str, beginnings: dict[Kind, str], origin: Origin, reader: OutputReader) -> tuple[Kind, str] | None:
    """The same. A secret with another name is told as left out."""
    own = _own(name, beginnings)
    if own is None:
        wanted = " nor ".join(repr(beginning) for beginning in beginnings.values())
        reader.tell(
            name,
            f"the name of the secret begins with neither {wanted} (--from-connections-prefix and "
            "--from-variables-prefix set other prefixes): left out",
            origin,
            left_out=True,
        )
    return own


def _secrets_manager(entry: Any, origin: Origin, reader: OutputReader) -> None:
    beginnings = {
        kind: backend_names.secrets_manager_beginning(prefix_of(kind, backend_names.SECRETS_MANAGER, reader))
        for kind in _OPTIONS
    }
    own = _named(_text(entry, "Name", origin), beginnings, origin, reader)
    if own is None:
        return
    kind, id_ = own
    if entry.get("SecretString") is None:
        reader.leave_out(origin, f"{kind.value}/{id_} is binary (SecretBinary), which Airflow can't read")
        return
    stages = entry.get("VersionStages")
    if isinstance(stages, list) and "AWSCURRENT" not in stages:
        reader.note(origin, f"{kind.value}/{id_} isn't the current version of the secret, which Airflow reads")
    value, rules = _text(entry, "SecretString", origin), reader.options.rules
    if kind is Kind.CONNECTIONS and value.strip().startswith("{"):
        reader.add(secret_values.read_aws_json(id_, value.strip(), rules, origin, reader.uris))
    else:
        reader.add(secret_values.read_text(kind, id_, value, rules, origin, reader.uris))


def _is_secret(document: Any) -> bool:
    return is_mapping(document, "ARN", "Name") and ("SecretString" in document or "SecretBinary" in document)


def _is_batch(document: Any) -> bool:
    listed = document.get("SecretValues") if isinstance(document, tree.Mapping) else None
    return isinstance(listed, tree.Sequence) and all(is_mapping(entry, "ARN", "Name") for entry in listed)


def _read_secret(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds |= _OPTIONS.keys()
    _secrets_manager(document, origin, reader)


def _read_batch(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds |= _OPTIONS.keys()
    listed = document["SecretValues"]
    for index, entry in enumerate(listed):
        with reader.collecting():
            _secrets_manager(entry, listed.origin(index), reader)
    errors = document.get("Errors")
    if isinstance(errors, list) and errors:
        names = [name for error in errors if is_mapping(error) and isinstance(name := error.get("SecretId"), str)]
        reader.tell(
            in_words(names) or "secrets", "AWS couldn't return the value (Errors): left out", origin, left_out=True
        )
    _tell_of_more(document, origin, reader)


def _tell_of_more(document: Any, origin: Origin, reader: OutputReader) -> None:
    if document.get("NextToken"):
        reader.tell(
            "NextToken",
            "the output is cut, and the rest is missing (without --max-items and --no-paginate "
            "the AWS CLI prints all)",
            origin,
            left_out=True,
        )


def _is_parameter(entry: Any) -> bool:
    return is_mapping(entry, "Name", "Type", "Value")


def _is_one_parameter(document: Any) -> bool:
    return is_mapping(document, "Parameter") and _is_parameter(document["Parameter"])


def _are_parameters(document: Any) -> bool:
    listed = document.get("Parameters") if isinstance(document, tree.Mapping) else None
    others = {"Parameters", "InvalidParameters", "NextToken"}
    return isinstance(listed, tree.Sequence) and document.keys() <= others and all(map(_is_parameter, listed))


def _read_parameter(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds |= _OPTIONS.keys()
    _parameter(document["Parameter"], origin, reader)


def _read_parameters(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds |= _OPTIONS.keys()
    listed = document["Parameters"]
    for index, entry in enumerate(listed):
        with reader.collecting():
            _parameter(entry, listed.origin(index), reader)
    if isinstance(missing := document.get("InvalidParameters"), list) and missing:
        names = [name for name in missing if isinstance(name, str)]
        reader.tell(in_words(names), "the Parameter Store has no parameter of this name (InvalidParameters)", origin)
    _tell_of_more(document, origin, reader)


def _parameter(entry: Any, origin: Origin, reader: OutputReader) -> None:
    beginnings = {
        kind: backend_names.parameter_store_beginning(prefix_of(kind, backend_names.PARAMETER_STORE, reader))
        for kind in _OPTIONS
    }
    own = _named(_text(entry, "Name", origin), beginnings, origin, reader)
    if own is None:
        return
    kind, id_ = own
    value = _text(entry, "Value", origin)
    if entry["Type"] == "SecureString" and _CIPHERTEXT.fullmatch(value):
        raise InputError(
            f"{kind.value}/{id_}: the value is encrypted (SecureString), not the value itself",
            where=str(origin),
            hint="get it with: aws ssm get-parameters-by-path --with-decryption --recursive --path PREFIX",
        )
    reader.add(secret_values.read_text(kind, id_, value, reader.options.rules, origin, reader.uris))


def _is_google(document: Any) -> bool:
    return (
        is_mapping(document, "name", "payload")
        and isinstance(document["name"], str)
        and _GOOGLE_NAME.fullmatch(document["name"]) is not None
        and is_mapping(document["payload"], "data")
    )


def _read_google(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds |= _OPTIONS.keys()
    found = _GOOGLE_NAME.fullmatch(document["name"])
    beginnings = {kind: f"{prefix_of(kind, backend_names.DASHED, reader)}-" for kind in _OPTIONS}
    own = _named(found["name"], beginnings, origin, reader) if found else None
    if own is None:
        return
    kind, id_ = own
    data = _text(document["payload"], "data", origin)
    try:
        # gcloud writes the alphabet of URLs, the API the other one.
        value = base64.b64decode(data.replace("-", "+").replace("_", "/"), validate=True).decode()
    except ValueError:
        raise InputError(
            f"{kind.value}/{id_}: the payload isn't text in base64", where=str(document["payload"].origin("data"))
        ) from None
    reader.add(secret_values.read_text(kind, id_, value, reader.options.rules, origin, reader.uris))


def _key_vault_name(document: Any) -> str | None:
    """The name of a secret by the last part of its `id` before the version. None without one."""
    id_ = document.get("id")
    if not isinstance(id_, str) or not id_.startswith("https://"):
        return None
    try:
        path = urlsplit(id_).path.split("/")
    except ValueError:
        return None
    return path[2] if len(path) in (3, 4) and path[1] == "secrets" and path[2] else None


def _is_azure(document: Any) -> bool:
    return is_mapping(document, "id", "value", "attributes") and _key_vault_name(document) is not None


def _read_azure(document: Any, origin: Origin, reader: OutputReader) -> None:
    reader.kinds |= _OPTIONS.keys()
    prefixes: dict[Kind, str | None] = {kind: prefix_of(kind, backend_names.DASHED, reader) for kind in _OPTIONS}
    names = Names(prefixes, "airflow-config", "-")
    name = _key_vault_name(document) or ""
    tags = document.get("tags")
    known = {key: tag for key, tag in tags.items() if isinstance(tag, str)} if isinstance(tags, dict) else {}
    own = names.owner(name, known) or next(
        ((kind, id_) for kind in _OPTIONS if (id_ := names.guess(kind, name)) is not None), None
    )
    if own is None:
        _named(name, {kind: names.beginning(kind) for kind in _OPTIONS}, origin, reader)
        return
    kind, id_ = own
    if names.owner(name, known) is None and names.is_guessed(id_):
        reader.tell(f"{kind.value}/{id_}", "Key Vault writes '-' for '_', so the id is a guess", origin)
    value = _text(document, "value", origin)
    reader.add(secret_values.read_text(kind, id_, value, reader.options.rules, origin, reader.uris))


def _text(entry: Any, name: str, origin: Origin) -> str:
    value = entry.get(name)
    if not isinstance(value, str):
        raise InputError(f"{name!r} is not a text", where=str(origin))
    return value


SHAPES = (
    Shape("aws secretsmanager get-secret-value", _is_secret, _read_secret),
    Shape("aws secretsmanager batch-get-secret-value", _is_batch, _read_batch),
    Shape("aws ssm get-parameter", _is_one_parameter, _read_parameter),
    Shape("aws ssm get-parameters-by-path", _are_parameters, _read_parameters),
    Shape("gcloud secrets versions access", _is_google, _read_google),
    Shape("az keyvault secret show", _is_azure, _read_azure),
    Shape("vault kv get", vault.is_secret, vault.read_secret),
)
