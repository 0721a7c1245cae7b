"""Walks through a document, and finds the environment variables of Airflow that it holds at any depth."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from airconn.errors import InputError
from airconn.formats import tree
from airconn.formats.env import named_by
from airconn.formats.environment import key_refs, values
from airconn.formats.environment.blocks import MAX_BLOCKS, documents_in, scope_in
from airconn.formats.environment.entries import MENTION, FoundVariable, Program, Scope
from airconn.formats.environment.shapes import (
    EVIDENT_KEYS,
    LIKELY_KEYS,
    chart_sections,
    manifest_name,
    scope_of_root,
)
from airconn.formats.k8s.names import IDS_ANNOTATION
from airconn.formats.k8s.reading import Secret, is_secret, true_ids
from airconn.formats.k8s.reading import named_by as named_in_secret
from airconn.model import Origin
from airconn.model.jsontext import Number

_NAME_KEYS = ("name", "Name", "key", "Key", "envName", "secretKey", "OptionName", "variable")
_VALUE_KEYS = ("value", "Value", "secureValue", "val")
_HIDING = {
    "valueFrom": "is taken from elsewhere (valueFrom)",
    "ValueFrom": "is taken from elsewhere (ValueFrom)",
    "secretRef": "is taken from a secret (secretRef)",
    "secretName": "is taken from a Secret (secretName)",
    "remoteRef": "is taken from an external store (remoteRef)",
    "sourceRef": "is taken from an external store (sourceRef)",
}
"""Keys beside the name of a variable that say where its value is."""
_OF_OTHERS = frozenset(
    """
    secretKeyRef configMapKeyRef remoteRef valueFrom ValueFrom enableBuiltInSecretEnvVars managedFields
    kubectl.kubernetes.io/last-applied-configuration
    """.split()  # noqa: SIM905 - a list of so many strings helps no reader
)
"""Keys below which such a name is that of an entry elsewhere, a switch of Airflow's Helm chart, or an older state."""
_ASSIGNMENT = re.compile(r"(AIRFLOW_(?:CONN|VAR)_[^\s='\"]+)=(.*)", re.DOTALL)
_BARE = re.compile(r"AIRFLOW_(?:CONN|VAR)_\w+")


class Walk:
    """The environment variables of documents, and the parts that are the sections of a Helm chart."""

    def __init__(self, text: str, source: str, *, skips_secrets: bool = False) -> None:
        self.lines = text.splitlines()
        self.source = source
        self.skips_secrets = skips_secrets
        """Whether Secrets at the top are left to the `k8s` format."""
        self.entries: list[FoundVariable] = []
        self.sections: list[tuple[tree.Mapping, Scope]] = []
        self.secrets: list[Secret] = []
        self.blocks: dict[str, list[Any] | None] = {}
        """The documents of texts that hold some."""
        self.config_maps: list[dict[str, Any]] = []
        self.owners = 0

    def documents(self, documents: Iterable[tuple[Any, Origin]]) -> None:
        """Walks through all documents of a text."""
        for document, origin in documents:
            self.document(document, scope_of_root(document, (origin.line, origin.column)))

    def document(self, document: Any, scope: Scope) -> None:
        waiting: list[tuple[Any, Scope]] = [(document, scope)]
        while waiting:
            node, at = waiting.pop()
            waiting += reversed(list(self._visit(node, at)))

    def _visit(self, node: Any, scope: Scope) -> Iterator[tuple[Any, Scope]]:
        if isinstance(node, dict):
            yield from self._mapping(node, scope)
        elif isinstance(node, list):
            yield from self._sequence(node, scope)
        elif isinstance(node, str):
            yield from self._text(node, scope)

    def _mapping(self, node: dict[str, Any], scope: Scope) -> Iterator[tuple[Any, Scope]]:
        if name := manifest_name(node):
            path = (*scope.path[:-1], name)
            scope = replace(scope, program=Program.KUBERNETES, path=path, has_secrets=name == "SecretList")
            if node["kind"] == "ConfigMap":
                self.config_maps.append(node)
        if isinstance(node, tree.Mapping) and (node.get("kind") == "Secret" or _is_listed_secret(node, scope)):
            self._secret(node, scope)
            return
        if named := _name_in(node):
            self._pair(node, named, scope)
            return
        sections = chart_sections(node, scope)
        if sections and isinstance(node, tree.Mapping):
            self.sections.append((node, scope))
        self.owners += 1
        owner = self.owners
        for key, value in node.items():
            if key in _OF_OTHERS or key in sections:
                continue
            inner = self._below(node, key, scope)
            if named_by(key):
                self._entry(key, value, inner, scope, owner, _written(node, key))
            else:
                yield value, inner

    def _below(self, node: dict[str, Any], key: str, scope: Scope) -> Scope:
        inner = scope.below(key, _place(node, key, scope))
        if key in ("extraSecrets", "extraConfigMaps", "extraEnv", "extraEnvFrom"):
            inner = replace(inner, is_rendered=True, is_known=True)
        elif key == "binaryData" or (key == "data" and "extraSecrets" in scope.path[-2:-1]):
            inner = replace(inner, is_encoded=True)
        elif key.startswith("x-") and scope.program is Program.COMPOSE and not scope.path:
            inner = replace(inner, is_template=True)
        elif key == "variables" and scope.program is Program.PLAIN and scope.is_known:
            inner = replace(inner, program=Program.GITLAB)
        return inner

    def _sequence(self, node: list[Any], scope: Scope) -> Iterator[tuple[Any, Scope]]:
        self.owners += 1
        owner = self.owners
        is_kubernetes = scope.program is Program.KUBERNETES or scope.key in ("env", "extraEnv", "extraEnvVars")
        known: dict[str, values.HeldValue] = {}
        for index, item in enumerate(node):
            inner = scope.item(_label(item, index), _place(node, index, scope))
            name = _name_in(item, any_name=True) if isinstance(item, dict) else ""
            if name:
                of_list = known if is_kubernetes else None
                self._pair(item, name, replace(inner, path=scope.path), owner, of_list)
                if named_by(name):
                    continue
            if isinstance(item, str) and self._assignment(item, inner, scope, owner):
                continue
            yield item, inner

    def _assignment(self, item: str, inner: Scope, scope: Scope, owner: int) -> bool:
        """Adds the variable of a text `NAME=VALUE` in a list. False for other texts."""
        match = _ASSIGNMENT.fullmatch(item)
        if match is None:
            if not _BARE.fullmatch(item) or not named_by(item):
                return False
            self._add(item, values.read(None, None, scope.program), inner, scope, owner)
            return True
        if not named_by(match[1]):
            return False
        found = values.of_kustomize(match[2]) if scope.key == "literals" else values.text(match[2], scope.program)
        self._add(match[1], found, inner, scope, owner)
        return True

    def _pair(
        self,
        node: dict[str, Any],
        name: str,
        scope: Scope,
        owner: int = 0,
        known: dict[str, values.HeldValue] | None = None,
    ) -> None:
        """Adds the variable of a mapping of name and value. `known` are those above it in a list of Kubernetes."""
        found = _value_of_pair(node, scope, known)
        if known is not None:
            known[name] = found
        if named_by(name):
            self._add(name, found, scope, scope, owner)

    def _entry(self, name: str, value: Any, inner: Scope, scope: Scope, owner: int, written: str | None) -> None:
        """Adds the variable of a key and its value."""
        if isinstance(value, dict) and (wrapped := _value_key(value)) and scope.key == "variables":
            value, written = value[wrapped], _written(value, wrapped)  # as GitLab has it, with a description
        if scope.key == "encryptedData":
            found = values.HeldValue(hidden="is encrypted (SealedSecret)")
        elif isinstance(value, dict) and (hiding := next((key for key in _HIDING if key in value), "")):
            found = values.HeldValue(hidden=_HIDING[hiding])
        else:
            program = Program.HELM if scope.is_rendered else scope.program
            found = values.read(value, written, program, is_encoded=scope.is_encoded)
        self._add(name, found, inner, scope, owner)

    def _add(self, name: str, found: values.HeldValue, inner: Scope, scope: Scope, owner: int) -> None:
        line, column = inner.block.place(*inner.place) if inner.block else inner.place
        is_evident = scope.is_known or (scope.block is None and (not scope.path or scope.key in EVIDENT_KEYS))
        is_item = inner.path != scope.path and inner.path[-1:] != (name,)  # a text in a list, which may be a value
        is_likely_place = not is_item or scope.key in LIKELY_KEYS or scope.program is Program.KUBERNETES
        self.entries.append(
            FoundVariable(
                name,
                line,
                column,
                scope.holder,
                found.text,
                found.hidden,
                found.unread,
                found.expanded_by,
                is_template=scope.is_template,
                is_evident=is_evident,
                is_likely=is_evident or (scope.block is None and is_likely_place),
                owner=owner,
                key_ref=found.key_ref,
            )
        )

    def _secret(self, node: tree.Mapping, scope: Scope) -> None:
        """Keeps a Secret for the reader of Secrets, and adds its variables."""
        if self.skips_secrets and _is_of_manifest(node, scope):
            return
        line, column = scope.place
        secret = Secret(node, Origin(self.source, line, column))
        if scope.block is not None:  # a tree of its own, whose places are those in the block
            in_file = scope.block.place
            for key, at in secret.labels.places.items():
                in_block = in_file(*at)
                secret.labels.places[key] = (in_block[0] or 1, in_block[1] or 1)
        self.secrets.append(secret)
        self.owners += 1
        ids = true_ids(secret.annotations.get(IDS_ANNOTATION))
        for name in dict.fromkeys((*secret.data, *secret.string_data)):
            if (named := named_in_secret(name, ids)) is None:
                continue
            place = secret.origin(name)
            inner = replace(scope, place=(place.line, place.column))
            try:
                found = values.HeldValue(secret.text(name))
            except InputError as error:
                found = values.HeldValue(unread=error.message.removeprefix(f"the entry {name} "))
            if found.text is not None:
                found = values.text(found.text, Program.PLAIN)
            self._add(name, found, inner, scope, self.owners)
            self.entries[-1] = replace(self.entries[-1], true_id=named[1])

    def _text(self, node: str, scope: Scope) -> Iterator[tuple[Any, Scope]]:
        """A text that holds a document itself, or else the names in it that can't be read."""
        if "AIRFLOW_CONN_" not in node and "AIRFLOW_VAR_" not in node:
            return
        if scope.block is None or scope.block.depth < MAX_BLOCKS:
            if node not in self.blocks:  # an alias may repeat a long text many times
                self.blocks[node] = documents_in(node, self.source)
            if (found := self.blocks[node]) is not None:
                inner = scope_in(node, scope, self.lines)
                yield from ((document, inner) for document in found)
                return
        what = "is in a template" if "{{" in node else "is in a text"
        for name in dict.fromkeys(match[0] for match in MENTION.finditer(node)):
            if named_by(name):
                found_value = values.HeldValue(unread=f"{what}, and can't be read")
                self._add(name, found_value, scope, replace(scope, is_known=scope.is_rendered), 0)


def _place(node: Any, key: Any, scope: Scope) -> tuple[int | None, int | None]:
    """The place of an entry. What is deeper than the places are known is at that of what it is in."""
    return node.places[key] if isinstance(node, tree.Mapping | tree.Sequence) else scope.place


def _written(node: dict[str, Any], key: str) -> str | None:
    scalar = node.written.get(key) if isinstance(node, tree.Mapping) else None
    return scalar.text if scalar else None


def _is_of_manifest(node: tree.Mapping, scope: Scope) -> bool:
    """Whether a Secret is a document, or in a list of Kubernetes, as the `k8s` format reads it."""
    is_at_top = len(scope.path) == 1 or scope.path[:1] in (("List",), ("SecretList",))
    return scope.block is None and is_at_top and (is_secret(node) or scope.has_secrets)


def _is_listed_secret(node: dict[str, Any], scope: Scope) -> bool:
    """Whether a mapping is an item of a list of Secrets, for which the API leaves out `kind`."""
    return scope.has_secrets and scope.key == "items" and "metadata" in node


def _label(item: Any, index: int) -> str:
    """An item in words: its name, if it has one, else its position."""
    name = item.get("name") if isinstance(item, dict) else None
    is_name = isinstance(name, str) and re.fullmatch(r"[a-z0-9][a-z0-9-]{0,62}", name)
    return str(name) if is_name else f"[{index}]"


def _name_in(node: dict[str, Any], *, any_name: bool = False) -> str:
    """The name of the environment variable that a mapping is about. Empty for other mappings."""
    for key in _NAME_KEYS:
        name = node.get(key)
        if isinstance(name, str) and (named_by(name) or (any_name and key == "name" and name)):
            beside = {"key": "name", "Key": "Name", "secretKey": "envName"}.get(key, "path")
            is_reference = "path" in node or beside in node  # it names an entry of a Secret
            return "" if is_reference and not _value_key(node) else name
    return ""


def _value_key(node: dict[str, Any]) -> str:
    return next((key for key in _VALUE_KEYS if node.get(key) is not None), "")


def _value_of_pair(node: dict[str, Any], scope: Scope, known: dict[str, values.HeldValue] | None) -> values.HeldValue:
    """The value in a mapping of name and value."""
    key = _value_key(node)
    if not key:
        hiding = next((key for key in _HIDING if key in node), "")
        if hiding:
            return values.HeldValue(hidden=_HIDING[hiding], key_ref=key_refs.of_source(node[hiding]))
        # The API of Kubernetes leaves out an empty value.
        return values.HeldValue(unread="has no value") if known is None else values.HeldValue("")
    value = node[key]
    if scope.is_rendered and isinstance(value, str) and "{{" in value:
        return values.HeldValue(unread=values.TEMPLATE)
    if known is not None and isinstance(value, str) and not _written(node, key):
        return values.of_kubernetes(value, known)
    if isinstance(value, str | bool | Number):
        return values.read(value, _written(node, key), scope.program)
    return values.HeldValue(unread="has a value that isn't a text")
