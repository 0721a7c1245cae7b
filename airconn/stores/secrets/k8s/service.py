"""The service of the Secrets of one namespace that Airflow's backend finds.

It asks for the Secrets with a label whose value is the id, and with none that says whose team they are, takes the
first one, and reads one entry of it. What a Secret is called doesn't matter.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airconn.formats.k8s.names import LABEL_VALUE, secret_name
from airconn.model import Kind
from airconn.stores.secrets.codec import Payload
from airconn.stores.secrets.k8s.client import KubernetesClient
from airconn.stores.secrets.k8s.options import KubernetesOptions
from airconn.stores.secrets.service import Foreign, Held, SecretRefused, Service, Taken


@dataclass(frozen=True, slots=True)
class KubernetesVersion:
    """The state of a Secret that was read, for a later write."""

    name: str
    version: str
    unchangeable: str = ""
    """Why it can't be changed. Empty if it can."""
    undeletable: str = ""
    """Why it can't be deleted. Empty if it can."""
    twins: tuple[str, ...] = ()
    """The names of all Secrets with the same label, if there are several."""


class KubernetesSecrets(Service):
    """The Secrets with one of the labels of Airflow's backend, and without one of a team."""

    def __init__(self, options: KubernetesOptions, client: KubernetesClient) -> None:
        self._labels = options.labels
        self._data_keys = options.data_keys
        self._without_team = f",!{options.team_label}" if options.team_label else ""
        self._client = client

    @property
    def namespace(self) -> str:
        return self._client.namespace

    def describe(self) -> str:
        return f"Kubernetes at {self._client.server}, namespace {self._client.namespace}"

    def name(self, kind: Kind, id_: str) -> str:
        return secret_name(kind, id_)

    def beginnings(self, kind: Kind) -> tuple[str, ...]:
        return (self._labels[kind],)  # the label sets the Secrets of a kind apart

    def ids(self, kind: Kind) -> Iterable[str]:
        return self._found(kind, self._client.find(self._labels[kind] + self._without_team))

    def knock(self, kind: Kind) -> None:
        self._client.find(self._labels[kind] + self._without_team, at_most=1)

    def fetch(self, kind: Kind, wanted: Callable[[str], bool]) -> Iterator[Held | Foreign]:
        found = self._found(kind, self._client.find(self._labels[kind] + self._without_team))
        for id_, secrets in sorted(found.items()):
            if wanted(id_):
                try:
                    yield self._held(kind, id_, secrets)
                except Foreign as error:
                    yield error

    def get(self, kind: Kind, id_: str) -> Held | None:
        if not LABEL_VALUE.fullmatch(id_):
            return None  # no label can have it, and it could change the selector
        found = self._found(kind, self._client.find(f"{self._labels[kind]}={id_}{self._without_team}"))
        return self._held(kind, id_, found[id_]) if id_ in found else None

    def _found(self, kind: Kind, secrets: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """Secrets by the values of their labels, those with the same in the order of their names."""
        found: dict[str, list[dict[str, Any]]] = {}
        for secret in sorted(secrets, key=lambda secret: str(secret["metadata"]["name"])):
            id_ = (secret["metadata"].get("labels") or {}).get(self._labels[kind])
            if id_:
                found.setdefault(id_, []).append(secret)
        return found

    def _held(self, kind: Kind, id_: str, secrets: list[dict[str, Any]]) -> Held:
        first = secrets[0]
        name = first["metadata"]["name"]
        key = self._data_keys[kind]
        data = first.get("data") or {}
        if key not in data:
            raise Foreign(f"the Secret {name} has no entry {key!r}, so Airflow doesn't find it", id_, name)
        try:
            payload = base64.b64decode(data[key] or "").decode()
        except ValueError:
            raise Foreign(f"the Secret {name} holds no UTF-8 text", id_, name) from None
        return Held(id_, payload, self._version(kind, secrets), name)

    def _version(self, kind: Kind, secrets: list[dict[str, Any]]) -> KubernetesVersion:
        first = secrets[0]
        metadata = first["metadata"]
        twins = tuple(secret["metadata"]["name"] for secret in secrets) if len(secrets) > 1 else ()
        shared = f"several Secrets have its label ({', '.join(twins)}): delete all but one" if twins else ""
        owned = _owner(metadata)
        frozen = "its Secret is immutable" if first.get("immutable") else ""
        labels = metadata.get("labels") or {}
        others = [key for key in first.get("data") or {} if key != self._data_keys[kind]]
        others += [label for other, label in self._labels.items() if other is not kind and label in labels]
        more = f"its Secret holds something else as well ({', '.join(sorted(others))})" if others else ""
        return KubernetesVersion(
            metadata["name"], metadata["resourceVersion"], shared or owned or frozen, shared or owned or more, twins
        )

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        # Another Secret may have the same label, and of two such Secrets Airflow would take either.
        if (held := self.get(kind, id_)) is not None:
            raise Taken(f"the Secret {held.version.name} has its label already")
        name = secret_name(kind, id_)
        self._client.create(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "labels": {self._labels[kind]: id_}},
                "type": "Opaque",
                "data": {self._data_keys[kind]: _base64(payload)},
            }
        )

    def update(self, kind: Kind, id_: str, payload: Payload, held: Held) -> None:
        version: KubernetesVersion = held.version
        if version.unchangeable:
            raise SecretRefused(version.unchangeable)
        try:
            self._client.patch(version.name, version.version, {self._data_keys[kind]: _base64(payload)})
        except Taken:
            # If an answer was lost and the driver tried again, the change is ours.
            now = self.get(kind, id_)
            if now is None or now.payload != payload:
                raise

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        version: KubernetesVersion = held.version
        if version.undeletable:
            raise SecretRefused(version.undeletable)
        self._client.delete(version.name, version.version)

    def close(self) -> None:
        self._client.close()


def _owner(metadata: Mapping[str, Any]) -> str:
    """The owner that would undo a change of a Secret, such as an ExternalSecret or a SealedSecret."""
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            return f"its Secret is made by the {owner.get('kind')} {owner.get('name')}, which would undo the change"
    return ""


def _base64(payload: Payload) -> str:
    return base64.b64encode(str(payload).encode()).decode()
