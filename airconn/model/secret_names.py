"""Which names stand for something that must not be shown, going by what people call their secrets.

This is for what a human gets to see, and far more careful than Airflow's list (`model/sensitive.py`), which says what
Airflow hides: a name masked in vain costs a `--reveal`, and a secret shown can't be taken back.
"""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
"""One word of `snake_case`, `kebab-case`, `camelCase`, `APIKey` and `key2`."""

_SECRET_WORDS = frozenset(
    """
    bearer cookie cookies cred creds credential credentials csrf dsn fernet hmac jks jwt jwts key keys mfa nonce otp
    pass passes pat pats pem pfx pin pkcs psk pwd pwds sas session sessions sig signature signatures totp salt
    salts webhook webhooks
    """.split()  # noqa: SIM905 - a list of so many strings is no help to anybody
)

_SECRET_AT_THE_END = frozenset({"auth", "private"})
"""What is a secret where nothing follows: `basic_auth` and `ssh_private`, but not `auth_type` or `private_subnet`."""

_JOINED = re.compile(
    r"passw|passphrase|passcode|pwd|secret|token|credential|webhook|signature|hmac|cookie|bearer|authorization|"
    r"conn(ection)?(str|uri|url)|key(file|tab|store|ring|pair|json)|(user|db|ssl|ssh|ftp|smtp|login)pass$"
)
"""What is found where words are joined, as in `PGPASSWORD`, `dbpass` and `keyfileJson`."""

_ENDS_IN_KEY = re.compile(r"(?<!^mon)(?<!^don)(?<!^tur)(?<!^hoc)(?<!^joc)(?<!^whis)keys?$")
"""`sslkey`, `apikey`, `authkeys`, and a `key` alone: in a connection or a variable it is rather the key of an API
than that of an object in S3."""

# `primary_key` isn't among them: it is a column to a database, and Azure's word for the first of an account's keys.
_NO_SECRET_KEYS = frozenset(
    """
    cluster clustering distribution foreign host join kms merge natural partition public sort surrogate unique
    """.split()  # noqa: SIM905 - the same
)
"""In front of `key`, these make it a column, an identifier, or what is public anyway."""

_ABOUT_IT = frozenset(
    """
    algorithm class column columns config count deserializer domain duration enabled encoding expiry format kwargs
    length limit location mechanism method mode name names options parameters params path policy prefix properties
    provider rotation serializer size timeout ttl type version
    """.split()  # noqa: SIM905 - the same
)
"""At the end of a name, these make it something about a secret (`key_path`, `session_timeout`, `jwt_algorithm`), or
hold leaves that have names of their own (`session_parameters`)."""

_IN_A_PATH = frozenset({"webhook", "webhooks", "sas", "sig"})
"""Where the secret is in a path or in parameters: `webhook_path` is not only about it."""


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether what stands under a name is not for everybody's eyes."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or (words[-1] in _ABOUT_IT and _IN_A_PATH.isdisjoint(words)):
        return False
    if words[-1] in _SECRET_AT_THE_END:
        return True
    before = [None, *words]
    left = [word for word, last in zip(words, before, strict=False) if not _is_plain_key(word, last)]
    if any(word in _SECRET_WORDS or _ENDS_IN_KEY.search(word) for word in left):
        return True
    return _JOINED.search("".join(left)) is not None


def _is_plain_key(word: str, before: str | None) -> bool:
    return word in ("key", "keys") and before in _NO_SECRET_KEYS
