"""The secrets of one KV engine of Vault."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airconn.model import Kind
from airconn.stores import drivers
from airconn.stores.secrets.codec import Payload
from airconn.stores.secrets.service import Held, Refused, Service, Taken, Unavailable
from airconn.stores.secrets.vault_server import Conflict, Denied, Server


class VaultService(Service):
    """A KV engine, version 1 or 2. What an update finds beside a variable's value stays."""

    def __init__(
        self, server: Server, paths: Mapping[Kind, tuple[str, ...]], mount: str | None, version: int
    ) -> None:
        self._server = server
        self._paths = paths
        self._mount = mount
        self._version = version

    def describe(self) -> str:
        mount = f", mount {self._mount}" if self._mount else ""
        return f"vault at {self._server.url}{mount}"

    def name(self, kind: Kind, id_: str) -> str:
        return self._names(kind, id_)[0][1]

    def _names(self, kind: Kind, id_: str) -> list[tuple[str, str]]:
        """Each mount and path where Airflow looks for an object, in its order.

        Without a mount, the id has one in front (`VaultBackend._parse_path`).
        """
        mount, key = self._mount or "", id_
        if not self._mount:
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
        kv = self._kv
        try:
            answer = self._listing(lambda client: kv(client).list_secrets(path=full, mount_point=self._mount), full)
        except drivers.load("hvac.exceptions", "vault").InvalidPath:
            return
        for key in answer["data"]["keys"]:
            if key.endswith("/"):
                yield from self._below(path, f"{prefix}{key}")
            else:
                yield f"{prefix}{key}"

    def _listing(self, function: Any, path: str) -> Any:
        """A call whose failure is one of the whole place: it never gives a part as if it were everything."""
        try:
            return self._server.call(function, path)
        except (Denied, Refused) as error:
            raise Unavailable(error.message, where=self._server.address, hint=error.hint) from None

    def get(self, kind: Kind, id_: str) -> Held | None:
        for mount, path in self._names(kind, id_):
            data, version = self._read(mount, path)
            if data is not None:
                return Held(id_, data, (mount, path, version, _others(data)))
        return None

    def _read(self, mount: str, path: str) -> tuple[dict[str, Any] | None, int]:
        """What is there, and the version that it is; None and the version of what was deleted; None and 0."""
        invalid_path = drivers.load("hvac.exceptions", "vault").InvalidPath
        try:
            if self._version == 1:
                answer = self._listing(lambda c: c.secrets.kv.v1.read_secret(path, mount_point=mount), path)
                return answer["data"], 0
            answer = self._listing(
                lambda c: c.secrets.kv.v2.read_secret_version(
                    path, mount_point=mount, raise_on_deleted_version=False
                ),
                path,
            )
        except invalid_path:
            return None, 0
        return answer["data"]["data"], int(answer["data"]["metadata"]["version"])

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        if self.get(kind, id_) is not None:
            raise Taken("there is a secret of this name already")
        mount, path = self._names(kind, id_)[0]
        _, version = self._read(mount, path)
        try:
            self._write(mount, path, payload, version)
        except Conflict:
            raise Taken("there is a secret of this name already") from None

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        mount, path, version, others = held.version
        if kind is Kind.VARIABLES:
            payload = {**others, **payload}
        try:
            self._write(mount, path, payload, version)
        except Conflict as error:
            raise Taken(error.message) from None

    def _write(self, mount: str, path: str, payload: Payload, version: int) -> None:
        if self._version == 1:
            self._called(lambda c: c.secrets.kv.v1.create_or_update_secret(path, payload, mount_point=mount), path)
        else:
            self._called(
                lambda c: c.secrets.kv.v2.create_or_update_secret(path, payload, cas=version, mount_point=mount), path
            )

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        mount, path = held.version[:2]
        if self._version == 1:
            self._called(lambda c: c.secrets.kv.v1.delete_secret(path, mount_point=mount), path)
        else:
            self._called(lambda c: c.secrets.kv.v2.delete_latest_version_of_secret(path, mount_point=mount), path)

    def _called(self, function: Any, path: str) -> None:
        try:
            self._server.call(function, path)
        except drivers.load("hvac.exceptions", "vault").InvalidPath:
            raise Refused(
                f"there is no such path as {path}: is the mount there, and of this kv_engine_version?"
            ) from None

    def knock(self, kind: Kind) -> None:
        if self._mount:
            super().knock(kind)

    def close(self) -> None:
        self._server.close()

    def _kv(self, client: Any) -> Any:
        return client.secrets.kv.v1 if self._version == 1 else client.secrets.kv.v2


def _others(data: Mapping[str, Any]) -> dict[str, Any]:
    """What is beside the value of a variable, which Airflow doesn't look at and its owner may."""
    return {key: item for key, item in data.items() if key != "value"}
