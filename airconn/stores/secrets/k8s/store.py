"""Kubernetes Secrets, as Airflow's `KubernetesSecretsBackend` (cncf-kubernetes 10.25.0) finds them.

It asks for the Secrets with a label whose value is the id, and with none that says whose team they are, takes the
first one, and reads one entry of it. What a Secret is called doesn't matter.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.formats.base import Note
from airconn.formats.k8s.names import (
    DATA_KEY,
    ENTRY,
    LABEL_KEY,
    LABEL_VALUE,
    LABEL_VALUE_IN_WORDS,
    LABELS,
    LARGEST,
    NAMESPACE,
    TEAM_LABEL,
    secret_name,
)
from airconn.model import Action, AirflowObject, Kind, Origin, Selection, Step
from airconn.stores.base import Capabilities, Ids
from airconn.stores.secrets import options as opts
from airconn.stores.secrets.codec import Payload, TextCodec
from airconn.stores.secrets.k8s.client import Client
from airconn.stores.secrets.service import Foreign, Held, Refused, Service, Taken
from airconn.stores.secrets.store import SECRET_KINDS, SecretStore

EXAMPLE = "k8s://my-cluster/airflow"
_FEW = 16
"""Up to so many Secrets are asked for one by one, and more are looked for in the list of all."""


@dataclass(frozen=True, slots=True)
class Options:
    """What Airflow's backend takes, and at the end what is airconn's own."""

    namespace: str | None = None
    connections_label: str | None = LABELS[Kind.CONNECTIONS]
    variables_label: str | None = LABELS[Kind.VARIABLES]
    config_label: str | None = "airflow.apache.org/config-key"
    team_label: str | None = TEAM_LABEL
    connections_data_key: str = DATA_KEY
    variables_data_key: str = DATA_KEY
    config_data_key: str = DATA_KEY
    connection_format: str = "json"
    context: str = field(default="", metadata={"internal": True})
    """The context of the kubeconfig. Airflow itself knows only the cluster that it runs in."""

    @property
    def labels(self) -> dict[Kind, str]:
        """The labels that have ids as their values, of the kinds that have one."""
        found = {Kind.CONNECTIONS: self.connections_label, Kind.VARIABLES: self.variables_label}
        return {kind: label for kind, label in found.items() if label is not None}

    @property
    def data_keys(self) -> dict[Kind, str]:
        return {Kind.CONNECTIONS: self.connections_data_key, Kind.VARIABLES: self.variables_data_key}


def open_store(address: str, settings: Settings) -> KubernetesStore:
    """The store of `k8s://CONTEXT/NAMESPACE?OPTION=VALUE`, in which both may be empty."""
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise UsageError("the name of the context has an '@' in it", hint="write it as %40")
    parts = opts.split(address, example=EXAMPLE)
    given = {"namespace": parts.path} if parts.path else {}
    return _open(opts.from_query(Options, parts.query, context=parts.host, **given), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> KubernetesStore:
    """The store of what Airflow's backend is made with."""
    if "context" in kwargs:
        raise UsageError("'context' is no option of this place", where=where)
    return _open(opts.from_kwargs(Options, kwargs, where), settings)


def _open(options: Options, settings: Settings) -> KubernetesStore:
    _check(options)
    codec = TextCodec("uri" if options.connection_format == "uri" else "json")
    client = Client(options.context, options.namespace or None, settings)
    return KubernetesStore(options, KubernetesSecrets(options, client), codec)


def _check(options: Options) -> None:
    if options.namespace and not NAMESPACE.fullmatch(options.namespace):
        raise UsageError(
            "the namespace has a name that none can have in Kubernetes",
            hint=f"an address is like {EXAMPLE}; a '/' in the name of a context is written %2F",
        )
    named = {
        **{f"{kind.value}_label": label for kind, label in options.labels.items()},
        "team_label": options.team_label,
    }
    for name, label in named.items():
        if label is not None and not LABEL_KEY.fullmatch(label):
            raise UsageError(f"{name} is no name that a label can have", hint=f"like {LABELS[Kind.CONNECTIONS]}")
    if len(set(options.labels.values())) < len(options.labels):
        raise UsageError("connections_label and variables_label are the same", hint="give them different names")
    for kind, entry in options.data_keys.items():
        if not ENTRY.fullmatch(entry):
            raise UsageError(f"{kind.value}_data_key is no name that an entry of a Secret can have")
    opts.check_connection_format(options.connection_format)


@dataclass(frozen=True, slots=True)
class Version:
    """What a write has to know of a Secret that was read."""

    name: str
    version: str
    unchangeable: str = ""
    """Why it can't be changed."""
    undeletable: str = ""
    """Why it can't be deleted."""
    twins: tuple[str, ...] = ()
    """The names of all Secrets with the same label, where there are several."""


class KubernetesStore(SecretStore):
    """The Secrets of one namespace that have the labels of Airflow's backend."""

    capabilities: ClassVar = Capabilities(
        kinds=SECRET_KINDS,
        ids=Ids(LABEL_VALUE_IN_WORDS, LABEL_VALUE),
        largest=LARGEST,
        conditional=True,
    )

    def __init__(self, options: Options, service: KubernetesSecrets, codec: TextCodec) -> None:
        context = quote(options.context, safe="")
        super().__init__(
            f"k8s://{context}" + (f"/{options.namespace}" if options.namespace else ""),
            service,
            codec,
            frozenset(options.labels),
        )
        self._secrets_of = service
        self._context = context

    def origin(self, kind: Kind, id_: str) -> Origin:
        return Origin(f"k8s://{self._context}/{self._secrets_of.namespace}/{self._secrets_of.name(kind, id_)}")

    def _secrets(self, kind: Kind, selection: Selection) -> Iterator[Held | Foreign]:
        self._secrets_of.namespace  # noqa: B018 - finds out who we are, once and not in each thread
        wanted = sum(its_kind is kind for its_kind, _ in selection.ids or ())
        if selection.ids is not None and wanted > _FEW:
            return iter(self._service.fetch(kind, partial(selection.wants, kind)))
        return super()._secrets(kind, selection)

    def _decoded(self, kind: Kind, secret: Held) -> AirflowObject | None:
        obj = super()._decoded(kind, secret)
        if obj is not None and secret.version.twins:
            name, *others = secret.version.twins
            message = (
                f"{', '.join(others)} {'has' if len(others) == 1 else 'have'} the same label as {name}, and which "
            )
            message += "of them Airflow takes is up to the cluster"
            self.notes.append(Note(str(obj.origin), message))
        return obj

    def _version(self, step: Step) -> Version | None:
        held = self._held.get((step.kind, step.id))
        return held.version if held is not None else None

    def update_refusal(self, step: Step) -> str:
        version = self._version(step)
        return version.unchangeable if version is not None else ""

    def replace_refusal(self, step: Step) -> str:
        version = self._version(step)
        if version is None:
            return ""
        return (
            version.undeletable
            if step.action is Action.DELETE
            else version.undeletable or "delete it, and import it again"
        )


class KubernetesSecrets(Service):
    """The Secrets with one of the labels of Airflow's backend, and without one of a team."""

    def __init__(self, options: Options, client: Client) -> None:
        self._labels = options.labels
        self._data_keys = options.data_keys
        self._without_team = f",!{options.team_label}" if options.team_label else ""
        self._client = client
        self._names: dict[tuple[Kind, str], str] = {}
        """What the Secrets that were found are called."""

    @property
    def namespace(self) -> str:
        return self._client.namespace

    def describe(self) -> str:
        return f"Kubernetes at {self._client.server}, namespace {self._client.namespace}"

    def name(self, kind: Kind, id_: str) -> str:
        return self._names.get((kind, id_)) or secret_name(kind, id_)

    def beginnings(self, kind: Kind) -> tuple[str, ...]:
        return (self._labels[kind],)  # which is what sets apart the Secrets of a kind

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
            return None  # no label has it, and it could be taken for a part of the selector
        found = self._found(kind, self._client.find(f"{self._labels[kind]}={id_}{self._without_team}"))
        return self._held(kind, id_, found[id_]) if id_ in found else None

    def _found(self, kind: Kind, secrets: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
        """Secrets by the values of their labels, those with the same in the order of their names."""
        found: dict[str, list[dict[str, Any]]] = {}
        for secret in sorted(secrets, key=lambda secret: str(secret["metadata"]["name"])):
            id_ = (secret["metadata"].get("labels") or {}).get(self._labels[kind])
            if id_:
                found.setdefault(id_, []).append(secret)
        for id_, (first, *_) in found.items():
            self._names[kind, id_] = first["metadata"]["name"]
        return found

    def _held(self, kind: Kind, id_: str, secrets: list[dict[str, Any]]) -> Held:
        first = secrets[0]
        name = first["metadata"]["name"]
        key = self._data_keys[kind]
        data = first.get("data") or {}
        if key not in data:
            raise Foreign(f"the Secret {name} has no entry {key!r}, so that Airflow doesn't find it", where=id_)
        try:
            payload = base64.b64decode(data[key] or "").decode()
        except ValueError:
            raise Foreign(f"the Secret {name} holds no UTF-8 text", where=id_) from None
        return Held(id_, payload, self._version(kind, secrets))

    def _version(self, kind: Kind, secrets: list[dict[str, Any]]) -> Version:
        first = secrets[0]
        metadata = first["metadata"]
        twins = tuple(secret["metadata"]["name"] for secret in secrets) if len(secrets) > 1 else ()
        shared = f"several Secrets have its label ({', '.join(twins)}): take away all but one" if twins else ""
        owned = _owner(metadata)
        frozen = "its Secret is immutable" if first.get("immutable") else ""
        labels = metadata.get("labels") or {}
        others = [key for key in first.get("data") or {} if key != self._data_keys[kind]]
        others += [label for other, label in self._labels.items() if other is not kind and label in labels]
        more = f"its Secret holds something else as well ({', '.join(sorted(others))})" if others else ""
        return Version(
            metadata["name"], metadata["resourceVersion"], shared or owned or frozen, shared or owned or more, twins
        )

    def create(self, kind: Kind, id_: str, payload: Payload) -> None:
        # Another Secret may have the label under another name, and with two of them Airflow would take any.
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
        version: Version = held.version
        if version.unchangeable:
            raise Refused(version.unchangeable)
        try:
            self._client.patch(version.name, version.version, {self._data_keys[kind]: _base64(payload)})
        except Taken:
            # An answer may have been lost, and the driver have tried again: then the change is ours.
            now = self.get(kind, id_)
            if now is None or now.payload != payload:
                raise

    def delete(self, kind: Kind, id_: str, held: Held) -> None:
        version: Version = held.version
        if version.undeletable:
            raise Refused(version.undeletable)
        self._client.delete(version.name, version.version)

    def close(self) -> None:
        self._client.close()


def _owner(metadata: Mapping[str, Any]) -> str:
    """Who would undo a change of a Secret, such as an ExternalSecret or a SealedSecret."""
    for owner in metadata.get("ownerReferences") or ():
        if owner.get("controller"):
            return f"its Secret is made by the {owner.get('kind')} {owner.get('name')}, which would undo the change"
    return ""


def _base64(payload: Payload) -> str:
    return base64.b64encode(str(payload).encode()).decode()
