"""What holds a secret, going by Airflow's own list of names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from airconn.model import AirflowObject, Connection, Text, Variable, jsontext

# airflow 3.3.2 `_shared/secrets_masker/secrets_masker.py` DEFAULT_SENSITIVE_FIELDS, which has all older ones.
_SENSITIVE = re.compile(
    "access_key|access_token|api_key|apikey|auth_header|authorization|bearer|connection_string|dsn|passphrase|passwd|"
    "password|private_key|proxy|proxies|secret|service_account|service_key|token|keyfile_dict|webhook_url"
)


def is_sensitive(name: str) -> bool:
    """Whether Airflow hides what stands under a name (`should_hide_value_for_key`)."""
    return _SENSITIVE.search(re.sub(r"\W+", "_", name.strip().lower())) is not None


def secrets(obj: AirflowObject) -> Iterator[tuple[str, str]]:
    """The texts of an object that are secrets, with the names of their fields. Hidden and empty ones are left out."""
    if isinstance(obj, Connection):
        if isinstance(obj.password, str) and obj.password:
            yield "password", obj.password
        if isinstance(obj.extra, Text):
            yield from _sensitive_leaves("extra", obj.extra)
    elif isinstance(obj, Variable) and isinstance(obj.value, Text):
        if is_sensitive(obj.key) and obj.value.text and not obj.value.hidden:
            yield "value", obj.value.text
        else:
            yield from _sensitive_leaves("value", obj.value)


def _sensitive_leaves(field: str, text: Text) -> Iterator[tuple[str, str]]:
    for path, leaf in leaves(text):
        keys = [part for part in path if isinstance(part, str)]
        if path not in text.hidden and leaf and any(map(is_sensitive, keys)):
            yield f"{field}.{jsontext.show_path(path)}", leaf


def leaves(text: Text) -> Iterator[tuple[jsontext.JsonPath, str]]:
    """The texts in a JSON object or list, with their paths. None where it is no JSON."""
    if text.text.lstrip()[:1] not in ("{", "["):
        return
    try:
        value = jsontext.loads(text.text)
    except ValueError:
        return
    for path, leaf in jsontext.leaves(value):
        if isinstance(leaf, str):
            yield path, leaf
