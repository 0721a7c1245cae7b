"""The names whose values Airflow hides."""

from __future__ import annotations

from airconn.patterns import pattern

# airflow 3.3.2 `_shared/secrets_masker/secrets_masker.py` DEFAULT_SENSITIVE_FIELDS, which has all older ones.
_SENSITIVE = pattern(
    "access_key|access_token|api_key|apikey|auth_header|authorization|bearer|connection_string|dsn|passphrase|passwd|"
    "password|private_key|proxy|proxies|secret|service_account|service_key|token|keyfile_dict|webhook_url"
)
_OTHERS = pattern(r"\W+")


def is_sensitive(name: str) -> bool:
    """Whether Airflow hides the value of a name (`should_hide_value_for_key`)."""
    lowered = name.lower()
    return _SENSITIVE.search(lowered if lowered.isidentifier() else _OTHERS.sub("_", lowered.strip())) is not None
