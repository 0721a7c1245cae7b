"""The secrets of one project of Google Secret Manager, under the names of Airflow's backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from airconn.model import Kind
from airconn.stores.secrets.codec import Payload
from airconn.stores.secrets.gcp.client import GcpClient
from airconn.stores.secrets.gcp.crc32c import crc32c
from airconn.stores.secrets.service import Declined, Foreign, Held, SecretRefused, Service, Taken, Unavailable

_PAGE = 5000
"""The secrets in one page of a list. The service gives up to 25,000."""


class GcpSecretManager(Service):
    """The secrets of one project under the names of Airflow's backend.

    A deletion is final: Secret Manager can't restore a secret.
    """

    parallel: ClassVar[int] = 16

    def __init__(
        self, prefixes: Mapping[Kind, str], reserved: Sequence[str], replication: Sequence[str], client: GcpClient
    ) -> None:
        """`prefixes` are the beginnings of the names of each kind, and `reserved` all such beginnings.

        `replication` are the regions of new secrets. Google chooses them if none are given.
        """
        self.kinds = frozenset(prefixes)
        self._prefixes = prefixes
        self._reserved = reserved
        self._replication = _replication(replication)
        self._client = client

    def describe(self) -> str:
        project = self._client.known_project
        return f"Google Secret Manager, {f'project {project}' if project else 'the project of the credentials'}"

    def name(self, kind: Kind, id_: str) -> str:
        return f"{self._prefixes[kind]}{id_}"

    def ids(self, kind: Kind) -> Iterable[str]:
        prefix = self._prefixes[kind]
        # A longer prefix that begins with this one is another kind's, and so are the names below it.
        others = tuple(other for other in self._reserved if len(other) > len(prefix) and other.startswith(prefix))
        for secret in self._listed(prefix, _PAGE):
            name = secret.name.rpartition("/")[2]
            if name.startswith(prefix) and name != prefix and not (others and name.startswith(others)):
                yield name.removeprefix(prefix)

    def knock(self, kind: Kind) -> None:
        next(iter(self._listed(self._prefixes[kind], 1)), None)

    def _listed(self, prefix: str, page: int) -> Iterable[Any]:
        request = {"parent": f"projects/{self._client.project}", "page_size": page}
        if prefix[:1].isalnum():
            # It matches the text anywhere in a name, but makes the answer shorter.
            request["filter"] = f"name:{prefix}"
        while True:
            try:
                answer = self._client.call("list_secrets", request, where=f"the project {self._client.project}")
            except Declined as error:
                raise self._of_all(error, error.hint) from None
            yield from answer.secrets
            if not answer.next_page_token:
                return
            request["page_token"] = answer.next_page_token

    def get(self, kind: Kind, id_: str) -> Held | None:
        latest = f"{self._path(kind, id_)}/versions/latest"
        try:
            answer = self._client.call("access_secret_version", {"name": latest}, where=self.name(kind, id_))
        except Declined as error:
            if error.code in ("NOT_FOUND", "INVALID_ARGUMENT"):
                return None
            if error.code == "FAILED_PRECONDITION":
                self._look_why(latest, id_)
                return None
            if error.code == "PERMISSION_DENIED":
                # A part must not be given as if it were the whole.
                raise self._of_all(error, f"{error.hint}; or exclude it with --exclude") from None
            raise
        payload = answer.payload
        if "data_crc32c" in payload and crc32c(payload.data) != payload.data_crc32c:
            raise Unavailable("the answer was damaged", where=self._where, hint="try again")
        try:
            text = payload.data.decode("utf-8")
        except UnicodeDecodeError:
            raise Foreign("the secret is not UTF-8 text", id_) from None
        return Held(id_, text, answer.name.rpartition("/")[2])

    def _of_all(self, error: Declined, hint: str | None) -> Unavailable:
        return Unavailable(error.message, where=self._where, hint=hint, topic="gcp" if hint else None)

    def _look_why(self, latest: str, id_: str) -> None:
        """Raises `Foreign` for a newest version that can't be read, unless it was destroyed."""
        try:
            version = self._client.call("get_secret_version", {"name": latest}, where=id_)
        except Declined:
            raise Foreign("its newest version is disabled or destroyed", id_) from None
        if version.state.name == "DESTROYED":
            return
        if version.state.name == "DISABLED":
            raise Foreign("its newest version is disabled", id_)
        raise Foreign("its newest version can't be read, maybe because its encryption key is missing", id_)

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        name = self.name(kind, id_)
        request = {
            "parent": f"projects/{self._client.project}",
            "secret_id": name,
            "secret": {"replication": self._replication},
        }
        try:
            self._client.call("create_secret", request, where=name)
        except Declined as error:
            if error.code == "FAILED_PRECONDITION":
                raise SecretRefused(
                    f"a policy of the organization forbids it, maybe for "
                    f"the region of secrets (see the option replication) ({error.code})"
                ) from None
            if error.code != "ALREADY_EXISTS":
                raise
            # One without a version is left from an interrupted creation, or was created to be filled.
            if self.get(kind, id_) is not None:
                raise Taken("a secret with its name exists already") from None
        try:
            self._add(kind, id_, payload)
        except SecretRefused as error:
            raise SecretRefused(f"the secret exists, but has no value yet: {error.message}") from None

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        self._add(kind, id_, payload)

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        try:
            self._client.call("delete_secret", {"name": self._path(kind, id_)}, where=self.name(kind, id_))
        except Declined as error:
            if error.code != "NOT_FOUND":
                raise

    def close(self) -> None:
        self._client.close()

    def _add(self, kind: Kind, id_: str, payload: Payload) -> None:
        data = str(payload).encode("utf-8")
        request = {"parent": self._path(kind, id_), "payload": {"data": data, "data_crc32c": crc32c(data)}}
        self._client.call("add_secret_version", request, where=self.name(kind, id_))

    def _path(self, kind: Kind, id_: str) -> str:
        return f"projects/{self._client.project}/secrets/{self.name(kind, id_)}"

    @property
    def _where(self) -> str:
        return f"gcp-secretmanager://{self._client.known_project or ''}"


def _replication(places: Sequence[str]) -> dict[str, Any]:
    if not places:
        return {"automatic": {}}
    return {"user_managed": {"replicas": [{"location": place} for place in places]}}
