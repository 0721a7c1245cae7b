"""Decrypts secrets with Fernet, as Airflow encrypts them, and explains why a text can't be decrypted."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import Any

from airconn.airflow.config_file import AirflowConfig, ConfigValue
from airconn.errors import UsageError
from airconn.stores import drivers
from airconn.stores.airflow_rows import OtherKey, Undecryptable
from airconn.stores.metadb.address import EXTRA

# A token is a version, a time, an IV, whole blocks of 16 bytes and a signature.
_VERSION = 0x80
_AROUND_THE_BLOCKS = 1 + 8 + 16 + 32
_BLOCK = 16


class Keys:
    """The keys of `[core] fernet_key`, each of which may decrypt (airflow models/crypto.py `get_fernet`)."""

    def __init__(self, value: ConfigValue) -> None:
        """Raises `UsageError` for an invalid key, which it names by its position in the list."""
        fernet = drivers.load("cryptography.fernet", EXTRA)
        parts = value.text.split(",")
        self.where = value.where
        keys: list[Any] = []
        try:
            for part in parts:
                keys.append(fernet.Fernet(part.strip().encode()))  # noqa: PERF401 - how many there are tells the bad one
        except ValueError:
            which = f"key {len(keys) + 1} of {len(parts)}" if len(parts) > 1 else "this"
            raise UsageError(
                f"{which} is not a Fernet key, so Airflow itself can't decrypt anything",
                where=value.where,
                hint="a key is 32 bytes in 44 characters of URL-safe base64; several are separated by commas",
            ) from None
        self._fernet = fernet.MultiFernet(keys)
        self._refused = fernet.InvalidToken

    def decrypt(self, token: str) -> str:
        """The text of a token. Raises `Undecryptable`."""
        try:
            return str(self._fernet.decrypt(token.encode()), "utf-8")
        except self._refused:
            if _is_token(token):
                raise OtherKey("is encrypted with another key than fernet_key has, or was damaged") from None
            raise Undecryptable(
                "is flagged as encrypted and empty" if not token else "is flagged as encrypted, but damaged"
            ) from None
        except UnicodeError:
            raise Undecryptable("is encrypted, but is not text") from None


def keys_of(config: AirflowConfig) -> Keys:
    """The keys of an Airflow. Raises `UsageError` if it has none."""
    value = config.get("core", "fernet_key")
    if value is not None and value.text.strip():
        return Keys(value)
    places = config.places("core", "fernet_key")
    if value is None:
        raise UsageError(
            "passwords and values are encrypted in this database, and no Fernet key is set to read them",
            where=places,
            hint="set AIRFLOW__CORE__FERNET_KEY, or AIRFLOW_HOME to where the airflow.cfg with the key is",
            topic="addresses",
        )
    raise UsageError(
        "passwords and values are encrypted in this database, and the Fernet key is empty",
        where=value.where,
        hint="set it to the key that this Airflow had before; without it Airflow can't read them either",
        topic="addresses",
    )


def _is_token(text: str) -> bool:
    """Whether a text has the form of a Fernet token."""
    try:
        data = urlsafe_b64decode(text.encode())
    except (ValueError, UnicodeError):
        return False
    blocks = len(data) - _AROUND_THE_BLOCKS
    return blocks >= _BLOCK and blocks % _BLOCK == 0 and data[0] == _VERSION
