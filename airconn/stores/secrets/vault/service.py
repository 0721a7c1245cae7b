"""The service of the secrets of one KV engine of Vault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from airconn.model import Kind
from airconn.stores import drivers
from airconn.stores.concurrent_changes import CHANGED
from airconn.stores.secrets.codec import Payload
from airconn.stores.secrets.service import Denied, Held, SecretRefused, Service, Taken, Unavailable
from airconn.stores.secrets.vault.server import Conflict, VaultServer
from airconn.urls import endpoint

_TAKEN = "a secret with this name exists already"


@dataclass(frozen=True, slots=True)
class VaultVersion:
    """The state of a secret that was read, for a later write."""

    mount: str
    path: str
    number: int
    """The version number. 0 with version 1 of the engine, which has no versions."""


class VaultService(Service):
    """A KV engine, version 1 or 2."""

    def __init__(self, server: VaultServer, paths: Mapping[Kind, tuple[str, ...]], mount: str, version: int) -> None:
        """Without a `mount`, each id begins with one."""
        self._server = server
        self._paths = paths
        self._mount = mount
        self._version = version
        self._deletes_newest = False
        """Whether the policies only allow to delete the newest version of a secret, and not one by its number."""

    def describe(self) -> str:
        mount = f", mount {self._mount}" if self._mount else ""
        return f"vault at {self._server.url}{mount}"

    def account(self) -> object:
        return endpoint(self._server.url), self._server.namespace, self._mount

    def name(self, kind: Kind, id_: str) -> str:
        mount, path = self._names(kind, id_)[0]
        return path if self._mount else f"{mount}/{path}"

    def beginnings(self, kind: Kind) -> tuple[str, ...]:
        return tuple(f"{path}/" if path else "" for path in self._paths[kind])

    def _names(self, kind: Kind, id_: str) -> list[tuple[str, str]]:
        """Each mount and path where Airflow looks for an object, in its order.

        Without a mount, the id begins with one (`VaultBackend._parse_path`).
        """
        mount, key = self._mount, id_
        if not mount:
            mount, _, key = id_.partition("/")
        return [(mount, f"{path}/{key}" if path else key) for path in self._paths[kind]]

    def ids(self, kind: Kind) -> Iterator[str]:
        if not self._mount:
            raise Unavailable(
                "without a mount_point nothing can be listed",
                where=self._server.address,
                hint="name objects by MOUNT/ID, or a mount in the address",
            )
        known: set[str] = set()
        for path in self._paths[kind]:
            for id_ in self._below(path, ""):
                if id_ not in known:
                    known.add(id_)
                    yield id_

    def _below(self, path: str, prefix: str) -> Iterator[str]:
        full = "/".join(part for part in (path, prefix.rstrip("/")) if part)
        answer = self._whole(lambda client: self._kv(client).list_secrets(path=full, mount_point=self._mount))
        for key in self._part(answer, "keys") if answer is not None else ():
            if key.endswith("/"):
                yield from self._below(path, f"{prefix}{key}")
            else:
                yield f"{prefix}{key}"

    def get(self, kind: Kind, id_: str) -> Held | None:
        if not self._is_name(id_):
            return None
        for mount, path in self._names(kind, id_):
            try:
                data, number = self._read(mount, path)
            except SecretRefused as error:
                raise self._of_the_place(error) from None
            if data is not None:
                return Held(id_, data, VaultVersion(mount, path, number))
        return None

    def _is_name(self, id_: str) -> bool:
        """Whether an id can be a path on the server."""
        return id_.isprintable() and (bool(self._mount) or all(id_.partition("/")))

    def _read(self, mount: str, path: str) -> tuple[dict[str, Any] | None, int]:
        """The secret and its version. For a deleted one None and its version, and without a secret None and 0."""
        if self._version == 1:
            answer = self._server.call(lambda c: c.secrets.kv.v1.read_secret(path, mount_point=mount))
            return (None, 0) if answer is None else (self._part(answer), 0)
        answer = self._server.call(lambda client: _newest(client, mount, path))
        if answer is None:
            return None, 0
        return self._part(answer, "data"), int(self._part(answer, "metadata", "version"))

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        first, *others = self._names(kind, id_)
        if any(self._read(*other)[0] is not None for other in others):
            raise Taken(_TAKEN)
        if self._version == 1 and self._read(*first)[0] is not None:
            raise Taken(_TAKEN)
        try:
            self._write(*first, payload, 0)
        except Conflict:
            # A deleted secret has a version as well, and is written over only as long as it stays deleted.
            data, number = self._read(*first)
            if data is not None:
                raise Taken(_TAKEN) from None
            self._write_again(first, payload, number)

    def _write_again(self, name: tuple[str, str], payload: Payload, number: int) -> None:
        try:
            self._write(*name, payload, number)
        except Conflict:
            raise Taken(_TAKEN) from None

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        version: VaultVersion = held.version
        try:
            self._write(version.mount, version.path, payload, version.number)
        except Conflict as error:
            # If an answer was lost and the driver tried again, the change is ours.
            if self._read(version.mount, version.path) != (payload, version.number + 1):
                raise Taken(error.message) from None

    def _write(self, mount: str, path: str, payload: Payload, number: int) -> None:
        if self._version == 1:
            self._called(lambda c: c.secrets.kv.v1.create_or_update_secret(path, payload, mount_point=mount), path)
        else:
            self._called(
                lambda c: c.secrets.kv.v2.create_or_update_secret(path, payload, cas=number, mount_point=mount), path
            )

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        version: VaultVersion = held.version
        mount, path = version.mount, version.path
        if self._version == 1:
            self._server.call(lambda c: c.secrets.kv.v1.delete_secret(path, mount_point=mount))
            return
        data, number = self._read(mount, path)
        if data is None:
            return
        if number != version.number:
            raise Taken(CHANGED)
        self._delete_version(mount, path, number)
        data, newest = self._read(mount, path)
        if data is not None:
            raise Taken(CHANGED)
        if newest != number:
            raise SecretRefused(
                f"version {newest} of another program was deleted as well; "
                f"`vault kv undelete -versions={newest}` restores it"
            )

    def _delete_version(self, mount: str, path: str, number: int) -> None:
        """Deletes only this version or, if the policies don't allow that, the newest one."""
        if not self._deletes_newest:
            try:
                self._server.call(lambda c: c.secrets.kv.v2.delete_secret_versions(path, [number], mount_point=mount))
            except Denied:
                self._deletes_newest = True
            else:
                return
        self._server.call(lambda c: c.secrets.kv.v2.delete_latest_version_of_secret(path, mount_point=mount))

    def _called(self, function: Callable[[Any], Any], path: str) -> None:
        if self._server.call(function) is None:
            raise SecretRefused(f"no such path: {path}: check kv_engine_version")

    def _whole(self, function: Callable[[Any], Any]) -> Any:
        """The result of a call whose failure concerns the whole place: a part is never given as if it were all."""
        try:
            return self._server.call(function)
        except SecretRefused as error:
            raise self._of_the_place(error) from None

    def _of_the_place(self, error: SecretRefused) -> Unavailable:
        return Unavailable(error.message, where=self._server.address, hint=error.hint)

    def _part(self, answer: Any, *names: str) -> Any:
        """The part of an answer under these names. Raises an error for an answer that such an engine doesn't give."""
        try:
            found = answer["data"]
            for name in names:
                found = found[name]
        except (KeyError, TypeError):
            raise Unavailable(
                f"its answer isn't that of a KV engine of version {self._version}",
                where=self._server.address,
                hint="kv_engine_version may be the other one",
            ) from None
        return found

    def knock(self, kind: Kind) -> None:
        if not self._mount:
            return
        path = self._paths[kind][0]
        with suppress(Denied):  # the credentials are good, and may be allowed to write without listing
            self._server.call(lambda client: self._kv(client).list_secrets(path=path, mount_point=self._mount))

    def close(self) -> None:
        self._server.close()

    def _kv(self, client: Any) -> Any:
        return client.secrets.kv.v1 if self._version == 1 else client.secrets.kv.v2


def _newest(client: Any, mount: str, path: str) -> Any:
    """The newest version. A deleted or destroyed one has the status of a missing secret, but a number."""
    errors = drivers.load("hvac.exceptions", "vault")
    try:
        return client.secrets.kv.v2.read_secret_version(path, mount_point=mount, raise_on_deleted_version=True)
    except errors.InvalidPath as error:
        data = error.json.get("data") if isinstance(error.json, Mapping) else None
        if isinstance(data, Mapping) and isinstance(data.get("metadata"), Mapping):
            return error.json
        raise
