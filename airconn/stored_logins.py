"""Reads the logins that `airconn login` stored: in the keyring of the system, or in a file of the user's.

`logins.json` in the state directory says which Airflows have one, so that the keyring is asked for these alone: it
may be slow, locked, or missing. A secret is in that file only after `airconn login --insecure-file`.
"""

from __future__ import annotations

import json
import os
import stat
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from airconn.errors import AirconnError, TargetError, UsageError
from airconn.installed import command_for

T = TypeVar("T")

FILE = "logins.json"
_TOKEN = "(token)"  # noqa: S105 - the name of an account
_LARGEST = 1024 * 1024
"""The bytes of a file with logins. More aren't read."""
_SECONDS = 10
"""How long the keyring may take where the user can't unlock it."""
_NO_PACKAGE = "the keyring package isn't installed"
WITHOUT_KEYRING = (
    "set AIRCONN_TOKEN, or AIRCONN_USERNAME and AIRCONN_PASSWORD; or airconn login --insecure-file keeps the login "
    "in a file of mode 0600 (airconn help login)"
)
"""The ways out without a keyring."""


@dataclass(frozen=True, slots=True)
class StoredLogin:
    """A login that is stored for one Airflow."""

    address: str
    """The scheme, host, port and path of the Airflow, in the one spelling that `canonical` gives."""
    username: str
    """Empty for a token."""
    secret: str | None = field(default=None, repr=False)
    """The password or the token, if it is in the file. None where the keyring has it."""

    @property
    def is_in_file(self) -> bool:
        return self.secret is not None

    @property
    def account(self) -> str:
        """The account under which the keyring has it."""
        return self.username or _TOKEN

    @property
    def service(self) -> str:
        """The service under which the keyring has it."""
        return f"airconn {self.address}"


def read(directory: Path, warn: Callable[[str], None] | None = None) -> dict[str, StoredLogin]:
    """The stored logins by their addresses. `directory` is the state directory.

    `warn` is called where the file can't be read, which then counts as empty, and where others than its owner may.
    """
    path = directory / FILE
    found, mode = _read(path)
    if found is None:
        if warn:
            warn(f"{path}: not a file of stored logins, so none is used; airconn login writes it again")
        return {}
    if warn and os.name == "posix" and mode & 0o077 and any(login.is_in_file for login in found.values()):
        warn(f"{path}: others can read this file, which holds a login (mode {mode & 0o777:04o}): chmod 600 {path}")
    return found


def read_all(directory: Path) -> dict[str, StoredLogin]:
    """The stored logins by their addresses. Raises `TargetError` where the file can't be read: it may have more."""
    path = directory / FILE
    found, _ = _read(path)
    if found is None:
        raise TargetError(
            "not a file of stored logins: which ones there are isn't known",
            where=str(path),
            hint="remove the file, which may hold a login; those in the keyring have names that begin with 'airconn'",
        )
    return found


def _read(path: Path) -> tuple[dict[str, StoredLogin] | None, int]:
    """The logins in a file, and its mode. None for what can't be read. A pipe isn't waited for."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as stream:
            mode = os.fstat(stream.fileno()).st_mode
            text = stream.read(_LARGEST + 1) if stat.S_ISREG(mode) else b""
        entries = json.loads(text if len(text) <= _LARGEST else b"")["logins"]
        return {address: _login(address, entry) for address, entry in entries.items()}, mode
    except FileNotFoundError:
        return {}, 0
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None, 0


def _login(address: str, entry: Mapping[str, Any]) -> StoredLogin:
    username, secret = entry.get("username", ""), entry.get("secret")
    if not isinstance(username, str) or not isinstance(secret, str | None):
        raise TypeError
    return StoredLogin(address, username, secret)


def secret_of(login: StoredLogin, *, may_wait: bool) -> str:
    """The password or the token of a stored login.

    `may_wait`: a user is there to unlock the keyring, which otherwise has 10 s. Raises `UsageError` without the
    keyring package, and `TargetError` where the keyring fails or doesn't have it any more.
    """
    if login.secret is not None:
        return login.secret
    found = from_keyring(lambda ring: ring.get_password(login.service, login.account), may_wait=may_wait)
    if not found:
        raise TargetError(
            "the keyring doesn't have the stored login any more",
            where=login.address,
            hint=f"airconn login {login.address} stores it again, airconn logout {login.address} forgets it",
        )
    return str(found)


def from_keyring(use: Callable[[Any], T], *, may_wait: bool = True) -> T:
    """What `use` returns for the module `keyring`.

    Raises `UsageError` without the keyring package, and `TargetError` where no keyring works. Their messages have
    nothing of what a backend says, which may quote a secret.
    """
    try:
        import keyring
    except ImportError:
        raise UsageError(_NO_PACKAGE, hint=f"{command_for('keyring', 'keyring')}; or {WITHOUT_KEYRING}") from None
    if may_wait:
        return _used(use, keyring)
    return _within(_SECONDS, lambda: _used(use, keyring))


def backend_name() -> str:
    """The name of the keyring in messages. Raises as `from_keyring`, and where it keeps plain text."""

    def name(ring: Any) -> str:
        from keyring.backends import fail, null

        backend = ring.get_keyring()
        if isinstance(backend, fail.Keyring | null.Keyring):
            raise _no_keyring()
        if "plaintext" in type(backend).__name__.lower():
            raise TargetError("the keyring of this system keeps secrets in a plain file", hint=WITHOUT_KEYRING)
        return str(backend.name)

    return from_keyring(name)


def _used(use: Callable[[Any], T], keyring: Any) -> T:
    from keyring.errors import KeyringLocked, NoKeyringError

    try:
        return use(keyring)
    except AirconnError:
        raise
    except NoKeyringError:
        raise _no_keyring() from None
    except KeyringLocked:
        raise TargetError("the keyring is locked", hint=f"unlock it, or {WITHOUT_KEYRING}") from None
    except Exception as error:  # noqa: BLE001 - a backend may raise anything, with the secret in its text
        raise TargetError(f"the keyring fails ({type(error).__name__})", hint=WITHOUT_KEYRING) from None


def _no_keyring() -> TargetError:
    return TargetError("no keyring works on this system", hint=WITHOUT_KEYRING)


def _within(seconds: float, use: Callable[[], T]) -> T:
    """What `use` returns. It is given up after some seconds: some keyrings wait for a user without end."""
    results: list[T] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            results.append(use())
        except Exception as error:  # noqa: BLE001 - raised again below
            errors.append(error)

    thread = threading.Thread(target=work, name="airconn-keyring", daemon=True)
    thread.start()
    thread.join(seconds)
    with suppress(IndexError):
        raise errors[0]
    if not results:
        raise TargetError(
            f"the keyring doesn't answer within {seconds:.0f} s",
            hint=f"it may be locked: unlock it, or {WITHOUT_KEYRING}",
        )
    return results[0]
