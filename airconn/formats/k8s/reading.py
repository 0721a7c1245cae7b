"""Reads manifests of Secrets."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

from airconn.errors import InputError
from airconn.formats import env, json_tree, tree, yaml_tree
from airconn.formats.base import ReadOptions
from airconn.formats.dotenv import slips
from airconn.formats.k8s.names import DATA_KEY, ENTRY, IDS_ANNOTATION, LABEL_VALUE, LABELS, TEAM_LABEL
from airconn.formats.object_reader import ObjectReader
from airconn.model import Kind, Origin
from airconn.model.reading import Note, Reading

_LEVELS = 5
"""The depth of an entry in JSON: in the data of a Secret in the items of a list."""


def read(text: str, source: str, options: ReadOptions) -> Reading:
    """The objects of all Secrets of a manifest."""
    reader = ManifestReader(options)
    for document, origin in load(text, source):
        reader.take(document, origin)
    return reader.reading(frozenset(LABELS))


def load(text: str, source: str) -> list[tuple[Any, Origin]]:
    """The documents of a manifest, each with the place where it starts."""
    if not is_json(text):
        return yaml_tree.load_all(text, source)
    try:
        return [(json_tree.load(text, source, _LEVELS), Origin(source, 1))]
    except InputError:
        with suppress(InputError):
            return yaml_tree.load_all(text, source)  # YAML in braces, or several documents
        raise


def is_json(text: str) -> bool:
    return text.removeprefix("\ufeff").lstrip().startswith("{")


def is_secret(document: tree.Mapping) -> bool:
    """Whether a document is a Secret of Kubernetes."""
    return (document.get("apiVersion"), document.get("kind")) == ("v1", "Secret")


def true_ids(annotation: Any) -> dict[str, Any]:
    """The ids in the annotation of a Secret, by the names of its entries."""
    try:
        ids = json.loads(annotation or "{}")
    except (TypeError, ValueError, RecursionError):
        return {}
    return ids if isinstance(ids, dict) else {}


def named_by(name: str, ids: dict[str, Any]) -> tuple[Kind, str] | None:
    """The kind and id of an entry that is an environment variable. `ids` has the true ids that names don't tell."""
    named = env.named_by(name)
    true = ids.get(name)
    if named is not None and isinstance(true, str) and env.env_name(named[0], true) == name:
        return named[0], true
    return named


class ManifestReader(ObjectReader):
    """Reads the Secrets of manifests."""

    def take(self, document: Any, origin: Origin) -> None:
        if document is None:
            return
        with self.collecting():
            if not isinstance(document, tree.Mapping):
                raise InputError("not an object of Kubernetes (a mapping)", where=str(origin))
            if is_secret(document):
                self.secret(Secret(document, origin))
            elif document.get("apiVersion") == "v1" and document.get("kind") in ("List", "SecretList"):
                self.items(document, origin)
            else:
                self.ignored += 1

    def items(self, document: tree.Mapping, origin: Origin) -> None:
        items = document.get("items")
        if items is None:
            return
        if not isinstance(items, tree.Sequence):
            raise InputError("the items of this list are not a list", where=str(origin))
        for index, item in enumerate(items):
            if document["kind"] == "SecretList" and isinstance(item, tree.Mapping) and "kind" not in item:
                item.update(apiVersion="v1", kind="Secret")  # the API leaves both out
            self.take(item, items.origin(index))

    def secret(self, secret: Secret) -> None:
        variables = secret.variables()
        if not variables and secret.labels.keys().isdisjoint(LABELS.values()):
            self.ignored += 1
        self.labelled_objects(secret)
        for name in dict.fromkeys((*secret.data, *secret.string_data)):
            if message := slips.near_miss(name):
                self.notes.append(Note(str(secret.origin(name)), message, is_remark=True))
        for name, kind, id_ in variables:
            with self.collecting():
                self.variable(name, kind, id_, secret)

    def labelled_objects(self, secret: Secret) -> None:
        """Reads the objects of all labels of a Secret."""
        for kind in LABELS:
            if LABELS[kind] in secret.labels:
                with self.collecting():
                    self.labelled(kind, secret)

    def labelled(self, kind: Kind, secret: Secret) -> None:
        """Reads the object that Airflow's backend finds by a label."""
        label = LABELS[kind]
        id_, origin = secret.labels[label], secret.labels.origin(label)
        if not isinstance(id_, str) or not LABEL_VALUE.fullmatch(id_):
            raise InputError("not a valid value of a label, so it can't be an id", where=str(origin))
        if TEAM_LABEL in secret.labels:
            self.leave_out(origin, f"{id_} belongs to a team, and Secrets have no field for teams")
        elif not secret.has(DATA_KEY):
            self.leave_out(origin, f"{id_} has no entry {DATA_KEY!r}, so Airflow doesn't find it")
        else:
            self.object(kind, id_, secret.text(DATA_KEY), origin)

    def variable(self, name: str, kind: Kind, id_: str, secret: Secret) -> None:
        """Reads the object that Airflow finds in the environment of a container with this Secret."""
        origin = secret.origin(name)
        if not ENTRY.fullmatch(name):
            raise InputError("an entry of a Secret can't have this name", where=str(origin))
        if name != name.upper():
            self.note(origin, f"Airflow never finds {name}: it looks for {name.upper()}")
        self.object(kind, id_, secret.text(name), origin)

    def object(self, kind: Kind, id_: str, value: str, origin: Origin) -> None:
        if kind is Kind.CONNECTIONS and not value.strip():
            self.leave_out(origin, f"{id_} is empty, which is not a connection to Airflow")
        else:
            self.found.append(env.read_value(kind, id_, value, self.options.rules, origin, self.uris))


class Secret:
    """A Secret of a manifest. Raises `InputError` if Kubernetes would refuse its form."""

    def __init__(self, document: tree.Mapping, origin: Origin) -> None:
        self.metadata = _mapping(document, "metadata", origin)
        self.labels = _mapping(self.metadata, "labels", origin)
        self.annotations = _mapping(self.metadata, "annotations", origin)
        self.data = _mapping(document, "data", origin)
        self.string_data = _mapping(document, "stringData", origin)

    def variables(self) -> list[tuple[str, Kind, str]]:
        """The entries that are environment variables of Airflow: name, kind and id."""
        ids = true_ids(self.annotations.get(IDS_ANNOTATION))
        names = dict.fromkeys((*self.data, *self.string_data))
        return [(name, *named) for name in names if (named := named_by(name, ids))]

    def has(self, name: str) -> bool:
        return name in self.data or name in self.string_data

    def origin(self, name: str) -> Origin:
        """The origin of the entry that counts."""
        return (self.string_data if name in self.string_data else self.data).origin(name)

    def text(self, name: str) -> str:
        """The text of an entry. Kubernetes lays `stringData` over `data`."""
        is_plain = name in self.string_data
        value = (self.string_data if is_plain else self.data)[name]
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self._fault(name, "is not a text", "put it in quotes")
        if is_plain:
            return value
        try:
            # Go's decoder ignores line breaks, and nothing else.
            return base64.b64decode(value.replace("\r", "").replace("\n", ""), validate=True).decode()
        except UnicodeDecodeError:
            raise self._fault(name, "is not UTF-8 text in base64") from None
        except ValueError:
            raise self._fault(name, "is not base64", "write plain text under stringData") from None

    def _fault(self, name: str, message: str, hint: str | None = None) -> InputError:
        return InputError(f"the entry {name} {message}", where=str(self.origin(name)), hint=hint)


def _mapping(parent: tree.Mapping, name: str, where: Origin) -> tree.Mapping:
    """The mapping under a key, empty if the key is missing."""
    value = parent.get(name)
    if value is None:
        return tree.Mapping(where.source)
    if not isinstance(value, tree.Mapping):
        raise InputError(f"{name!r} of this Secret is not a mapping", where=str(parent.origin(name)))
    return value
