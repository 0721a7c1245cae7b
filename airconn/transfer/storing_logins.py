"""Stores logins for `airconn login`, and forgets them for `airconn logout`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from airconn import stored_logins
from airconn.errors import TargetError
from airconn.stored_logins import FILE, StoredLogin, from_keyring
from airconn.stores.saving import alone_with, write_atomically


def store(directory: Path, login: StoredLogin, secret: str, *, in_file: bool) -> None:
    """Stores a login in the keyring, or with its secret in `logins.json` of the state directory, in place of the one
    before.

    Raises `TargetError` where the keyring or the file doesn't take it, and `UsageError` without the keyring package.
    """
    with _changing(directory, stored_logins.read) as logins:
        before = logins.get(login.address)
        if not in_file:
            from_keyring(lambda ring: ring.set_password(login.service, login.account, secret))
            if from_keyring(lambda ring: ring.get_password(login.service, login.account)) != secret:
                raise TargetError(
                    "the keyring doesn't give back what it was given", hint=stored_logins.WITHOUT_KEYRING
                )
        if before and not before.is_in_file and (in_file or before.account != login.account):
            _remove(before)
        logins[login.address] = replace(login, secret=secret if in_file else None)


def forget(directory: Path, addresses: Iterable[str] | None) -> list[StoredLogin]:
    """Removes the stored logins of these addresses, or all, from the keyring and from the file, and returns them.

    Raises `TargetError` where the keyring doesn't let go of one. Those before it are gone then. Also for a file that
    can't be read, which may hold a login.
    """
    gone: list[StoredLogin] = []
    with _changing(directory, stored_logins.read_all) as logins:
        for address in sorted(logins if addresses is None else set(addresses) & logins.keys()):
            login = logins[address]
            if not login.is_in_file:
                _remove(login)
            gone.append(logins.pop(address))
    return gone


def _remove(login: StoredLogin) -> None:
    """Takes a login out of the keyring, if it is there."""
    if from_keyring(lambda ring: ring.get_password(login.service, login.account)) is not None:
        from_keyring(lambda ring: ring.delete_password(login.service, login.account))


@contextmanager
def _changing(directory: Path, read: Callable[[Path], dict[str, StoredLogin]]) -> Iterator[dict[str, StoredLogin]]:
    """The stored logins, which are written back at the end of the block, also where it ends with an error."""
    path = directory / FILE
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise TargetError(f"can't be written: {error.strerror or 'the system refuses'}", where=str(path)) from None
    with alone_with(path):
        before = read(directory)
        logins = dict(before)
        try:
            yield logins
        finally:
            if logins != before:
                write_atomically(path, _text(logins))


def _text(logins: Mapping[str, StoredLogin]) -> str:
    def entry(login: StoredLogin) -> dict[str, str]:
        in_file = {} if login.secret is None else {"secret": login.secret}
        return {"username": login.username, **in_file}

    return json.dumps({"logins": {a: entry(login) for a, login in sorted(logins.items())}}, indent=2) + "\n"
