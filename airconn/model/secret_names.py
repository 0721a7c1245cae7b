"""Which names are those of secrets, by what people call their secrets.

This decides what airconn shows, and masks far more names than Airflow (`airflow/masked_names.py`): a value masked
needlessly costs a `--reveal`, and a secret that was shown can't be taken back.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from airconn.airflow.masked_names import is_sensitive
from airconn.patterns import pattern

_WORD = pattern(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_A-Za-z]+")
"""One word of `snake_case`, `kebab-case`, `camelCase`, `APIKey` and `key2`, in letters without accents."""

_SECRET_WORDS = frozenset(
    """
    bearer clave cookie cookies cred creds credential credentials csrf dsn fernet hmac jks jwt jwts key keys mfa nonce
    otp pass passe passes pat pats pem pfx pin pkcs psk pwd pwds sas session sig signature signatures totp salt salts
    webhook webhooks
    """.split()  # noqa: SIM905 - a list of so many strings helps no reader
)
"""`sessions` isn't among them: it is a table, or how many there may be. Nor is `seed`, which is that of random
numbers or of test data: `_JOINED` has the seed of a wallet, and `model/secret_values.py` the words of one."""

_SECRET_AT_THE_END = frozenset({"assertion", "auth", "private", "ticket"})
"""Words of secrets at the end of a name: `basic_auth` and `ssh_private`, but not `auth_type` or `private_subnet`."""

_JOINED = pattern(
    r"passw|passphrase|passcode|pwd|secret|token|credential|webhook|signature|hmac|cookie|bearer|authorization|"
    r"auth(userinfo|header|value|string)|codeverifier|"
    r"(access|auth|unlock|pin|verification|recovery|backup|activation|security)code|"
    r"mnemonic|(seed|recovery)(phrase|words?)|(wallet|master|hd)seed|"
    r"senha|kennwort|contrasen|motdepasse|wachtwoord|пароль|密码|"
    r"conn(ection)?(str|uri|url)|key(file|tab|store|ring|pair|json)|(user|db|ssl|ssh|ftp|smtp|login)pass$"
)
"""Parts of names whose words are joined, as in `PGPASSWORD`, `dbpass` and `keyfileJson`."""

_ENDS_IN_PW = pattern(r"p(w|sw|swd|wrd|swrd)$")
"""`pw`, `dbpw` and `psw`: no word of any language ends so."""

_P12 = pattern(r"(?<![A-Za-z])[pP]12(?!\d)")
"""A PKCS #12 file."""

_ENDS_IN_KEY = pattern(r"(?<!^mon)(?<!^don)(?<!^tur)(?<!^hoc)(?<!^joc)(?<!^whis)keys?$")
"""`sslkey`, `apikey`, `authkeys`, and a `key` alone: in a connection or a variable it is rather the key of an API
than that of an object in S3."""

# `primary_key` isn't among them: it is a column to a database, and Azure's word for the first of an account's keys.
_NO_SECRET_KEYS = frozenset(
    """
    cluster clustering distribution foreign host join kms merge natural partition public sort surrogate unique
    """.split()  # noqa: SIM905 - the same
)
"""In front of `key`, these make it a column, an identifier, or something public."""

_S3_KEY = pattern(r"(?<![A-Za-z])(?:[sS]3(?:[_.-]k|[_.-]?K)eys?|S3_KEYS?)(?![A-Za-z])")
"""Where an object is in a bucket, as Airflow's operators call it. It isn't the key of S3 itself: beside an
`S3_SECRET`, that is the id of one, and begins with `AKIA`."""

_COUNTING = frozenset({"max", "min", "num", "total"})
"""With these, `tokens` are how long a text may be."""

_ENDPOINT = frozenset({"endpoint", "uri", "url"})
"""Behind `token`, these make it an address of OAuth, where tokens come from: a user or a token in it is told by the
value. Behind `secret`, `webhook` or `sas`, they may be an address that is secret itself."""

_WHERE_IT_IS = frozenset(
    """
    arn arns count length limit name names path paths size timeout ttl type
    """.split()  # noqa: SIM905 - the same
)
"""At the end of a name, these say where a secret is or how long: the value opens nothing, though Airflow may hide it.

`id` isn't among them: `secret_id` is the password of an AppRole in Vault, `token_id` is often the token itself, and
`access_key_id` is one half of a credential, which Airflow hides."""

_ABOUT_IT = _WHERE_IT_IS | frozenset(
    """
    algorithm class column columns config deserializer domain duration enabled encoding expiry format kwargs location
    mechanism method mode options parameters params policy prefix properties provider rotation serializer version
    """.split()  # noqa: SIM905 - the same
)
"""At the end of a name, these say something about a secret (`key_path`, `session_timeout`, `jwt_algorithm`), or
hold leaves with names of their own (`session_parameters`)."""

_IN_A_PATH = frozenset({"webhook", "webhooks", "sas", "sig"})
"""Words of secrets that are a path or parameters themselves, such as `webhook_path`."""


@lru_cache(maxsize=4096)
def is_secret_name(name: str) -> bool:
    """Whether a name is that of a secret."""
    words = _words(name)
    if not words or (words[-1] in _ABOUT_IT and _IN_A_PATH.isdisjoint(words)):
        return False
    if words[-1] in _SECRET_AT_THE_END or _P12.search(name):
        return True
    left = _telling(words)
    if any(word in _SECRET_WORDS or _ENDS_IN_KEY.search(word) or _ENDS_IN_PW.search(word) for word in left):
        return True
    return _JOINED.search("".join(left)) is not None


@lru_cache(maxsize=4096)
def is_hidden_name(name: str) -> bool:
    """Whether the value of a name is masked: the name is that of a secret, or Airflow takes it for one.

    Airflow's list has no exceptions, and so hides `max_tokens` and `secret_name`. airconn shows these.
    """
    return is_secret_name(name) or (is_sensitive(name) and not _is_plain(name))


def _is_plain(name: str) -> bool:
    """Whether Airflow hides a name only for words that airconn knows to be harmless there."""
    words = _words(name)
    left = _telling(words)
    return (words != [] and words[-1] in _WHERE_IT_IS) or (left != words and not is_sensitive("_".join(left)))


def _words(name: str) -> list[str]:
    if not name.isascii():
        name = "".join(char for char in unicodedata.normalize("NFKD", name) if not unicodedata.combining(char))
    return [word.lower() for word in _WORD.findall(_S3_KEY.sub("", name))]


def _telling(words: Sequence[str]) -> list[str]:
    """The words without those that the words beside them make harmless, such as the `key` of `partition_key`."""
    places = zip(words, [None, *words], [*words[1:], None], strict=False)
    return [word for word, before, after in places if not _is_plain_word(word, before, after, words)]


def _is_plain_word(word: str, before: str | None, after: str | None, words: Sequence[str]) -> bool:
    if word in ("key", "keys"):
        return before in _NO_SECRET_KEYS
    if word == "token":
        return after in _ENDPOINT and words[-1] == after
    return word.startswith("tokeniz") or (word == "tokens" and not _COUNTING.isdisjoint(words))
