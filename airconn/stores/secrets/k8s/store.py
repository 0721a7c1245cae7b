"""The Secrets of one namespace as a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from airconn.config import Settings
from airconn.errors import UsageError
from airconn.formats.k8s.names import (
    LABEL_VALUE,
    LABEL_VALUE_IN_WORDS,
    LARGEST,
)
from airconn.model import Action, Kind, Origin, Selection, Step
from airconn.model.reading import Note
from airconn.stores import address_options as opts
from airconn.stores.base import DEFAULT_CONTEXT, Capabilities, Context, Ids
from airconn.stores.secrets.codec import TextCodec
from airconn.stores.secrets.k8s.client import KubernetesClient
from airconn.stores.secrets.k8s.options import EXAMPLE, KubernetesOptions, check
from airconn.stores.secrets.k8s.service import KubernetesSecrets, KubernetesVersion
from airconn.stores.secrets.service import Foreign, Held
from airconn.stores.secrets.store import Finds, SecretStore
from airconn.stores.secrets.writing import found_before

_FEW = 16
"""The most Secrets that are read one by one. More are looked for in the list of all."""


def open_store(address: str, settings: Settings) -> KubernetesStore:
    """The store of `k8s://CONTEXT/NAMESPACE?OPTION=VALUE`, in which both may be empty."""
    if "@" in address.partition("://")[2].partition("/")[0]:
        raise UsageError("the name of the context has an '@' in it", hint="write it as %40")
    parts = opts.split(address, example=EXAMPLE)
    given = {"namespace": parts.path} if parts.path else {}
    return _open(opts.from_query(KubernetesOptions, parts.query, context=parts.host, **given), settings)


def open_backend(kwargs: Mapping[str, Any], where: str, settings: Settings) -> KubernetesStore:
    """The store of Airflow's `backend_kwargs`."""
    if "context" in kwargs:
        raise UsageError("'context' is not an option of this address", where=where)
    return _open(opts.from_kwargs(KubernetesOptions, kwargs, where), settings)


def _open(options: KubernetesOptions, settings: Settings) -> KubernetesStore:
    check(options)
    codec = TextCodec(options.connection_format)
    client = KubernetesClient(options.context, options.namespace or None, settings)
    return KubernetesStore(options, KubernetesSecrets(options, client), codec)


class KubernetesStore(SecretStore):
    """The Secrets of one namespace that have the labels of Airflow's backend."""

    def __init__(self, options: KubernetesOptions, service: KubernetesSecrets, codec: TextCodec) -> None:
        context = quote(options.context, safe="")
        can = Capabilities(
            kinds=frozenset(options.labels),
            ids=Ids(LABEL_VALUE_IN_WORDS, LABEL_VALUE),
            largest=LARGEST,
            conditional=True,
        )
        address = f"k8s://{context}" + (f"/{options.namespace}" if options.namespace else "")
        super().__init__(address, service, codec, can)
        self._secrets_of = service
        self._context = context

    def _origin(self, kind: Kind, id_: str, name: str = "") -> Origin:
        name = name or self._secrets_of.name(kind, id_)
        return Origin(f"k8s://{self._context}/{self._secrets_of.namespace}/{name}")

    def _secrets(self, kind: Kind, selection: Selection) -> Iterator[Held | Foreign]:
        self._secrets_of.namespace  # noqa: B018 - finds out who we are, once and not in each thread
        wanted = sum(its_kind is kind for its_kind, _ in selection.ids or ())
        if selection.ids is not None and wanted > _FEW:
            return iter(self._service.fetch(kind, partial(selection.wants, kind)))
        return super()._secrets(kind, selection)

    def _take_in(self, kind: Kind, secret: Held | Foreign, context: Context, finds: Finds) -> None:
        super()._take_in(kind, secret, context, finds)
        if isinstance(secret, Held) and secret.version.twins and isinstance(finds.versions[kind, secret.id], Held):
            name, *others = secret.version.twins
            message = (
                f"{', '.join(others)} {'has' if len(others) == 1 else 'have'} the same label as {name}, and it "
                "isn't defined which one Airflow uses"
            )
            finds.notes.append(Note(str(self._origin(kind, secret.id, secret.name)), message))

    def refusal(self, step: Step, context: Context = DEFAULT_CONTEXT) -> str:
        held = found_before((step.kind, step.id), context)
        if step.action is Action.CREATE or not isinstance(held, Held):
            return super().refusal(step, context)
        version: KubernetesVersion = held.version
        if step.action is Action.UPDATE:
            return version.unchangeable
        return version.undeletable or ("delete it and import it again" if step.action is Action.REPLACE else "")
