"""Follows references to entries of Secrets and ConfigMaps (`valueFrom`) that are in the same text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from airconn.errors import InputError
from airconn.formats.environment.entries import FoundVariable, KeyRef
from airconn.formats.k8s.reading import Secret

_KINDS = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap"}


def of_source(source: Any) -> KeyRef | None:
    """The reference in the `valueFrom` of a variable. None for another source."""
    for name, kind in _KINDS.items():
        ref = source.get(name) if isinstance(source, dict) else None
        if isinstance(ref, dict) and isinstance(ref.get("name"), str) and isinstance(ref.get("key"), str):
            return KeyRef(kind, ref["name"], ref["key"])
    return None


def resolved(
    entries: Iterable[FoundVariable], secrets: Iterable[Secret], config_maps: Iterable[dict[str, Any]]
) -> list[FoundVariable]:
    """The variables with the values of their references, where the text has exactly one object of that name."""
    held: dict[tuple[str, str], list[Any]] = {}
    for secret in secrets:
        held.setdefault(("Secret", str(secret.metadata.get("name"))), []).append(secret)
    for config_map in config_maps:
        metadata = config_map.get("metadata")
        name = metadata.get("name") if isinstance(metadata, dict) else None
        held.setdefault(("ConfigMap", str(name)), []).append(config_map.get("data"))
    return [_resolved(entry, held) if entry.key_ref else entry for entry in entries]


def _resolved(entry: FoundVariable, held: dict[tuple[str, str], list[Any]]) -> FoundVariable:
    ref = entry.key_ref
    found = held.get((ref.kind, ref.name), []) if ref else []
    if ref is None or len(found) != 1:
        return entry
    (holder,) = found
    value = None
    if isinstance(holder, Secret):
        try:
            value = holder.text(ref.key) if holder.has(ref.key) else None
        except InputError:
            value = None
    elif isinstance(holder, dict):
        value = holder.get(ref.key)
    return replace(entry, value=value, hidden="") if isinstance(value, str) else entry
