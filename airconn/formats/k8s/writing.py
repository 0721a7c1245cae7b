"""Writes manifests of Secrets."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from airconn.errors import UsageError
from airconn.formats import env, yaml_tree
from airconn.formats.base import Faults, Loss, Rendered, WriteOptions, hidden_comments, holdable, losses_of_kinds
from airconn.formats.env import stored
from airconn.formats.k8s import declaration
from airconn.formats.k8s.declaration import LAYOUT, NAME
from airconn.formats.k8s.names import (
    DATA_KEY,
    ENTRY,
    IDS_ANNOTATION,
    LABEL_VALUE,
    LABEL_VALUE_IN_WORDS,
    LABELS,
    LARGEST,
    LONGEST_VARIABLE,
    NAMESPACE,
    SECRET_NAME,
    secret_name,
)
from airconn.model import NOWHERE, Bundle, Connection, Kind, Variable

__all__ = ["check", "refuse_too_large", "render", "render_secrets", "render_variables", "stored", "true_ids"]

DEFAULT_NAME = "airflow-environment"
EMPTY = "apiVersion: v1\nkind: List\nitems: []\n"
"""A manifest without objects."""


def render(bundle: Bundle, options: WriteOptions) -> Rendered:
    """A manifest of the bundle's connections and variables, as YAML documents.

    Raises `InputErrors` if they don't fit into one Secret or two have the same name, and `UsageError` for names in
    `options` that Kubernetes doesn't take.
    """
    check(options)
    written = render_variables(bundle, options) if options.value(LAYOUT) == "env" else render_secrets(bundle, options)
    return Rendered(written.text or EMPTY, written.losses, written.notes)


def check(options: WriteOptions) -> None:
    """Raises `UsageError` for names that Kubernetes doesn't take."""
    for value, pattern, what in (
        (options.value(declaration.NAMESPACE), NAMESPACE, "a namespace"),
        (options.value(NAME), SECRET_NAME, "a Secret"),
    ):
        if value is not None and not pattern.fullmatch(value):
            raise UsageError(
                f"{value!r} is not a valid name: {what} can have in Kubernetes",
                hint="letters a to z, digits and '-', with a letter or digit at both ends",
            )


def render_secrets(bundle: Bundle, options: WriteOptions) -> Rendered:
    """A manifest with one Secret for each object, as Airflow's backend finds it."""
    held, losses = holdable(bundle, options)
    losses += losses_of_kinds(held, [Kind.POOLS], "k8s")
    documents: list[dict[str, Any]] = []
    written = []
    for obj in env.nameable(held):
        lost: dict[str, str] = {}
        if not LABEL_VALUE.fullmatch(obj.id):
            reason = f"the id is not a valid value of a label ({LABEL_VALUE_IN_WORDS})"
        elif not (reason := env.no_value(obj, options)):
            value, lost = _secret_value(obj, options)
            if len(value) > LARGEST:
                reason = f"it is larger than the {LARGEST} bytes that a Secret can have"
        if reason:
            losses.append(Loss(obj.kind, obj.id, "", reason))
            continue
        losses += [Loss(obj.kind, obj.id, name, why) for name, why in lost.items()]
        written.append(obj)
        documents.append(
            _secret(secret_name(obj.kind, obj.id), options, {LABELS[obj.kind]: obj.id}, {}, {DATA_KEY: value})
        )
    return Rendered(_text(written, documents), tuple(losses))


def _secret_value(obj: Connection | Variable, options: WriteOptions) -> tuple[bytes, dict[str, str]]:
    """The value of an object for Airflow's backend, and the fields that it doesn't hold, with the reasons."""
    text, lost = env.value_of(obj, options)
    nowhere = "has no field in a Secret"
    return text.encode(), {
        name: nowhere if name in ("description", "team_name") else why for name, why in lost.items()
    }


def render_variables(bundle: Bundle, options: WriteOptions) -> Rendered:
    """A manifest with one Secret whose entries are environment variables."""
    held, losses = holdable(bundle, options)
    losses += losses_of_kinds(held, [Kind.POOLS], "k8s")
    way_out = ", or write one Secret for each object with --k8s-layout backend"
    env.refuse_collisions(held, "the environment", way_out)
    entries: dict[str, bytes] = {}
    written = []
    for obj in env.nameable(held):
        value, lost = "", dict[str, str]()
        if not (reason := _unnameable(obj, options)):
            value, lost = env.value_of(obj, options)
            reason = _no_variable(env.env_name(obj.kind, obj.id), value)
        if reason:
            losses.append(Loss(obj.kind, obj.id, "", reason))
            continue
        losses += [Loss(obj.kind, obj.id, name, why) for name, why in lost.items()]
        written.append(obj)
        entries[env.env_name(obj.kind, obj.id)] = value.encode()
    if not entries:
        return Rendered("", tuple(losses))
    refuse_too_large(len(value) for value in entries.values())
    ids = true_ids(written)
    annotations = {IDS_ANNOTATION: json.dumps(ids)} if ids else {}
    document = _secret(options.value(NAME) or DEFAULT_NAME, options, {}, annotations, entries)
    return Rendered(_text(written, [document]), tuple(losses))


def _unnameable(obj: Connection | Variable, options: WriteOptions) -> str:
    """Why an object can't be an environment variable of a container. Empty if it can."""
    if not obj.id or not ENTRY.fullmatch(env.env_name(obj.kind, obj.id)):
        return "the id can't be part of the name of an entry in a Secret"
    return env.no_value(obj, options)


def _no_variable(name: str, value: str) -> str:
    if "\0" in value:
        return "it has a NUL character in it, which environment variables can't hold"
    if len(f"{name}={value}".encode()) > LONGEST_VARIABLE:
        return f"it is longer than the {LONGEST_VARIABLE} bytes that Linux allows for one environment variable"
    return ""


def true_ids(objects: Iterable[Connection | Variable]) -> dict[str, str]:
    """The ids that the names of environment variables don't tell."""
    return {env.env_name(obj.kind, obj.id): obj.id for obj in objects if obj.id.upper().lower() != obj.id}


def refuse_too_large(sizes: Iterable[int]) -> None:
    """Raises `InputErrors` if the entries of one Secret are larger than Kubernetes takes."""
    faults = Faults()
    if (size := sum(sizes)) > LARGEST:
        faults.add(
            f"together these objects have {size} bytes, and one Secret can hold {LARGEST}",
            NOWHERE,
            "exclude some with --exclude, or write one Secret for each object with --k8s-layout backend",
        )
    faults.check()


def _secret(
    name: str,
    options: WriteOptions,
    labels: dict[str, str],
    annotations: dict[str, str],
    entries: dict[str, bytes],
) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name}
    if (namespace := options.value(declaration.NAMESPACE)) is not None:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    data = {key: base64.b64encode(value).decode() for key, value in entries.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "type": "Opaque", "data": data}


def _text(objects: Iterable[Connection | Variable], documents: Iterable[dict[str, Any]]) -> str:
    return hidden_comments(Bundle.of(objects)) + "---\n".join(yaml_tree.dump(document) for document in documents)
