"""The Secrets of one namespace as a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.formats.base import Note
from airconn.formats.k8s.names import (
    LABEL_VALUE,
    LABEL_VALUE_IN_WORDS,
    LARGEST,
)
from airconn.model import Action, AirflowObject, Kind, Origin, Selection, Step
from airconn.stores.base import Capabilities, Ids
from airconn.stores.secrets import options as opts
from airconn.stores.secrets.codec import TextCodec
from airconn.stores.secrets.k8s.client import KubernetesClient
from airconn.stores.secrets.k8s.options import EXAMPLE, KubernetesOptions, check
from airconn.stores.secrets.k8s.service import KubernetesSecrets, KubernetesVersion
from airconn.stores.secrets.service import Foreign, Held
from airconn.stores.secrets.store import SECRET_KINDS, SecretStore

_FEW = 16
"""Up to so many Secrets are asked for one by one, and more are looked for in the list of all."""


def open_store(address: str, settings: Settings) -> KubernetesStore:
    """The store of `k8s://CONTEXT/NAMESPACE?OPTION=VALUE`, in which both may be empty."""
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise UsageError("the name of the context has an '@' in it", hint="write it as %40")
    parts = opts.split(address, example=EXAMPLE)
    given = {"namespace": parts.path} if parts.path else {}
    return _open(opts.from_query(KubernetesOptions, parts.query, context=parts.host, **given), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> KubernetesStore:
    """The store of what Airflow's backend is made with."""
    if "context" in kwargs:
        raise UsageError("'context' is no option of this place", where=where)
    return _open(opts.from_kwargs(KubernetesOptions, kwargs, where), settings)


def _open(options: KubernetesOptions, settings: Settings) -> KubernetesStore:
    check(options)
    codec = TextCodec("uri" if options.connection_format == "uri" else "json")
    client = KubernetesClient(options.context, options.namespace or None, settings)
    return KubernetesStore(options, KubernetesSecrets(options, client), codec)


class KubernetesStore(SecretStore):
    """The Secrets of one namespace that have the labels of Airflow's backend."""

    capabilities: ClassVar = Capabilities(
        kinds=SECRET_KINDS,
        ids=Ids(LABEL_VALUE_IN_WORDS, LABEL_VALUE),
        largest=LARGEST,
        conditional=True,
    )

    def __init__(self, options: KubernetesOptions, service: KubernetesSecrets, codec: TextCodec) -> None:
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

    def _version(self, step: Step) -> KubernetesVersion | None:
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
